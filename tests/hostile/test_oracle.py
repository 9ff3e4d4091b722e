# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a caller can find out about a policy that it cannot read, from calls that are denied."""
import json
import statistics
from pathlib import Path

import pytest

from ask_helper import interface, request
from host import ALICE, BOB, HELPER, POLICY, TAPGRANT, uid

HERE = Path(__file__).resolve().parent
DENIALS, WATCH = HERE / "denials.py", HERE / "watch.py"
BRIDGE = "/sys/class/net/br0/addr_assign_type"
ASKED = request(interface(dev=b"u-x"))
SIGSEGV = -11
KIB = 1024
STACK = 256 * KIB  # WIRE_STACK, helper/wire.h


def rule(name, user, bridge, more=""):
    return f"[rule {name}]\nuser = {user}\nbridge = {bridge}\nisolate = no\nlock-mac = no\n{more}"


# Policies that deny what is asked, each for another reason; None: there is none.
CAUSES = {
    "no rule names the caller": rule("lab", 5000, "br0"),
    "no rule for the bridge": rule("lab", uid(ALICE), "br1"),
    "the deciding rule refuses the name": rule("lab", uid(ALICE), "br0"),
    "it has patterns of addresses": rule("lab", uid(ALICE), "br1", "guest-mac = 52:54:00:*\nhost-mac = *\n"),
    "it has names": rule("lab", BOB, "br0"),
    "it is void": "colour = red\n",
    "it is missing": None,
}


@pytest.fixture
def secret(host):
    """A host whose policy its users cannot read; deny() asks and returns what came of it."""
    host.bridge("br0")
    # a first port, or the bridge would come up with a tap
    host.run("ip", "link", "add", "uplink", "master", "br0", "up", "type", "veth", "peer", "name", "far")

    def deny(text, rounds, *options):
        host.root(POLICY).unlink(missing_ok=True)
        if text is not None:
            host.policy(text, 0o640)
        assert host.run("cat", POLICY, user=ALICE, check=False).code == 1
        words = ["/usr/bin/python3", DENIALS, HELPER, ASKED.hex(), rounds, *options]
        return json.loads(host.run(*words, user=ALICE, timeout=300).out)
    deny.host = host
    return deny


def end(row):
    """How a call ended: everything but what it cost."""
    return row["status"], row["answer"], row["reply"]


# By the end of the helper -------------------------------------------------------------------------------------------------


def test_a_small_stack_is_refused_before_the_policy_is_read(secret):
    """Otherwise one policy would end the helper where another one lets it answer."""
    sizes = [4, 8, 12, 16, 20, 32, 64, 128, 255]
    for cause, text in CAUSES.items():
        rows = secret(text, 4, 0, "STACK", *[size * KIB for size in sizes])
        for number, row in enumerate(rows):
            # in the dynamic loader, where there is not even room for that
            killed = (row["status"], row["answer"]) == (SIGSEGV, None) and sizes[number // 4] < 20
            assert killed or (row["status"], row["answer"]) == (1, "failed"), (cause, sizes[number // 4], row)


@pytest.mark.parametrize("fill", [0, 120000])
def test_the_smallest_stack_that_is_taken_is_enough_for_every_policy(secret, fill):
    """Whatever the caller puts on it."""
    told = {end(row) for text in CAUSES.values() for row in secret(text, 4, fill, "STACK", STACK)}
    assert [one[:2] for one in told] == [(1, "denied")], told


@pytest.mark.parametrize("name, numbers", [("NOFILE", range(3, 12)), ("AS", range(2500 * KIB, 4000 * KIB, 60 * KIB)),
                                           ("DATA", range(400 * KIB, 800 * KIB, 20 * KIB))])
def test_no_limit_makes_one_denial_end_otherwise_than_another(secret, name, numbers):
    """From where the helper cannot start up to where it denies."""
    told = [[end(row) for row in secret(text, 1, 0, name, *numbers)] for text in CAUSES.values()]
    assert all(one == told[0] for one in told), told
    assert len(set(told[0])) > 1 and told[0][-1][:2] == (1, "denied"), told[0]


@pytest.mark.parametrize("kibibytes, hint", [("128:unlimited", "ulimit -Ss 8192"), ("128:300", "ulimit -Ss 300"),
                                             ("128:128", "raise the hard limit")])
def test_a_small_stack_is_told_with_what_to_do(lab, kibibytes, hint):
    soft, hard = (word if word == "unlimited" else int(word) * KIB for word in kibibytes.split(":"))
    words = ["prlimit", f"--stack={soft}:{hard}", TAPGRANT, "run", "--net", "bridge=br0", "--", "true"]
    done = lab.run(*words, user=ALICE, check=False)
    assert done.code == 1 and f"tapgrant: {HELPER}: needs a stack of 256 KiB, and the limit is 128 KiB\nhint: {hint}" in done.err
    if hint.startswith("ulimit"):
        shell = ["sh", "-c", f"{hint} && exec {TAPGRANT} run --net bridge=br0 -- true"]
        lab.run("prlimit", f"--stack={soft}:{hard}", *shell, user=ALICE)


# By what it costs -------------------------------------------------------------------------------------------------------

MANY = "".join(rule(f"r{number}", 5000, "br1") for number in range(1000))
ROUNDS = 200


def faults(secret, text):
    """Page faults of a denied call, on average: where the kernel loads the program, and so their number, is random."""
    return statistics.mean(row["faults"] for row in secret(text, ROUNDS))


def test_page_faults_of_a_denial_tell_how_large_the_policy_is_and_whether_it_is_void(secret):
    """That it is so: SECURITY.md says it."""
    one = faults(secret, rule("lab", 5000, "br1"))
    assert faults(secret, MANY) > one + 30
    assert faults(secret, CAUSES["it is void"]) < one - 0.8
    assert faults(secret, CAUSES["it is missing"]) < one - 0.8
    assert faults(secret, rule("lab", 5000, "br1", "guest-mac = 52:54:00:*\n")) > one + 1


def test_page_faults_of_a_denial_do_not_tell_what_it_says_of_others(secret):
    """Whom it names, in which order, and with which bridge: as much text, and as many faults."""
    tens = [rule(f"r{number}", user, bridge) for number, (user, bridge) in
            enumerate([(5000, "br0"), (6000, "br0"), (7000, "br7"), (BOB, "br0"), ("%5000", "br*"), (BOB, "none")])]
    counts = [faults(secret, "".join(rules)) for rules in (tens, tens[::-1])]
    for user, bridge in ((5000, "br0"), (6000, "br0"), (5000, "br1"), (7000, "no0")):
        counts.append(faults(secret, rule("lab", user, bridge)))
    assert abs(counts[0] - counts[1]) < 0.6 and max(counts[2:]) - min(counts[2:]) < 0.6, counts


def test_the_kernels_counters_stop_where_the_helper_begins(secret):
    """perf_event_open(2) on a process that executes the helper: the kernel takes the counter away."""
    secret(rule("lab", 5000, "br1"), 1)
    counted = {}
    for program in ("/bin/true", HELPER):
        done = secret.host.run("/usr/bin/python3", WATCH, "count", program, ASKED.hex(), user=ALICE)
        counted[program] = json.loads(done.out)
    assert counted["/bin/true"] > 20 and counted[HELPER] == 0, counted


def test_what_it_opens_tells_whether_the_policy_has_names_and_whether_it_is_void(secret):
    """That it is so: SECURITY.md says it."""
    opened = {}
    for cause in ("no rule names the caller", "it has names", "it is void", "it is missing"):
        secret(CAUSES[cause], 1)
        done = secret.host.run("/usr/bin/python3", WATCH, "opened", HELPER, ASKED.hex(), "/etc/passwd", "/etc/group", BRIDGE, user=ALICE)
        opened[cause] = json.loads(done.out)
    assert opened == {"no rule names the caller": [BRIDGE], "it has names": ["/etc/passwd", "/etc/group", BRIDGE],
                      "it is void": [], "it is missing": []}
