# SPDX-License-Identifier: LGPL-2.1-or-later
"""I1 to I9 of SECURITY.md's table: the policy, as the installed helper reads it.  The parser alone is in tests/unit."""
from pathlib import Path

import pytest

from calls import ASKED, numbered, trace
from host import ALICE, BOB, POLICY

FIXTURES = sorted((Path(__file__).resolve().parents[1] / "data/policy").glob("reject-inih-*.conf"))
GOOD = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\n"


def codes(host):
    """What alice, bob and root are told, on a bridge and on none."""
    return {host.tapgrant("run", "--net", spec, "--", "true", user=user).code for spec in ("bridge=br0", "bridge=none")
            for user in (ALICE, BOB, None)}


@pytest.fixture
def ready(host):
    host.bridge("br0")
    host.policy(GOOD)
    assert codes(host) == {0}
    return host


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_what_inih_misreads_denies_everybody_everything(ready, fixture):
    assert len(FIXTURES) >= 9
    ready.root(POLICY).write_bytes(fixture.read_bytes())
    assert codes(ready) == {3}
    ready.root(POLICY).write_bytes(GOOD.encode() + b"; behind it:\n" + fixture.read_bytes())
    assert codes(ready) == {3}, "good rules before it"


def replaced(host, *commands):
    host.run("sh", "-ec", "; ".join(["rm -f $0", *commands]), POLICY)


@pytest.mark.parametrize("commands", [
    ["mkdir $0"], ["mkfifo $0"], ["ln -s /dev/zero $0"], ["mknod $0 c 1 5"], ["mknod $0 c 1 3"], ["ln -s /proc/self/mem $0"],
    ["truncate -s 1G $0"], ["ln -s missing $0"], ["true"]], ids=lambda commands: commands[0].split(" $0")[0])
def test_what_is_no_plain_file_is_no_empty_policy(ready, commands):
    """A read error is not the end of a file; nothing that blocks, ends never, or is too large is read."""
    replaced(ready, *commands)
    assert codes(ready) == {3}


@pytest.mark.parametrize("command", ["chmod 0664 $0", "chmod 0646 $0", f"chown {ALICE} $0", "chmod 0777 $(dirname $0)",
                                     f"chown {ALICE} $(dirname $0)"])
def test_what_others_could_write_is_void(ready, command):
    ready.run("sh", "-ec", command, POLICY)
    assert codes(ready) == {3}


@pytest.mark.parametrize("error", ["EIO", "EINTR", "ENOMEM", "EAGAIN"])
def test_an_error_at_any_read_denies(arena, error):
    one = arena(GOOD + "queues = 4\nmax = 9\n")
    points = [(name, when) for name, when, line in numbered(trace(one.host)) if name == "read" and "policy.conf" in line]
    assert points
    for name, when in points:
        result = one.do(request=ASKED.hex(), inject=[name, when, f"error={error}"])
        assert (result["answer"], result["wrong"]) == ("denied", []), result


@pytest.mark.parametrize("change", ["longer", "shorter"])
def test_a_policy_that_changes_while_it_is_read_denies(arena, change):
    one = arena(GOOD + "queues = 4\n; " + "x" * 100 + "\n")
    (name, when), = [(name, when) for name, when, line in numbered(trace(one.host)) if "newfstatat" in name and "policy.conf" in line][:1]
    result = one.do(request=ASKED.hex(), stop=[name, when], poke=[f"policy {change}", "continue"])
    assert (result["answer"], result["wrong"]) == ("denied", []), result
