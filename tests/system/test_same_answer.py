# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed programs against each other, at random: what the helper answers is what check says, and what lint passes it takes.

The policies and requests are those of the differential test.  The hosts differ: in accounts, in the name service, in the
subordinate ids, in who may read and write a file, and in whose links /sys shows.
"""
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from ask_helper import interface, request
from host import ALICE, BOB, HELPER, POLICY, TAPGRANT, uid

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "unit/differential"))
from cases import DEVS, GROUP, MACS, PASSWD, account_text, policy_text, subuid_text  # noqa: E402

BATCH = 8  # requests of one check: no rule's max is less, and the log's socket holds no more lines
LOG_LINE = re.compile(r"verdict=(\S+) rule=(\S*) .*stage=(\d)")
STAGE_POLICY = "2"
BRIDGES = [b"br0", b"br0", b"br0", b"br1", b"br1000", b"br-alice", b"uplink", b"nix0", b"br9", b""]


def local(text):
    """The ids of the cases are 1000 and 1001; here they are those of the users."""
    return re.sub(rb"100[01]", lambda found: b"%d" % uid(ALICE if found.group() == b"1000" else BOB), text)


class Asked:
    """A host of several bridges, and a process of ALICE's on it that asks."""

    def __init__(self, host):
        self.host = host
        host.bridge("br0")
        host.bridge("br1", address=None, ra=True)
        host.bridge(f"br{uid(ALICE)}", mtu=1400)
        host.bridge("br-alice", mtu=1000)
        host.run("ip", "link", "property", "add", "dev", "br0", "altname", "uplink")
        host.run("ip", "link", "add", "nix0", "type", "veth", "peer", "name", "far")
        host.run("ip", "link", "add", "p9000", "mtu", "9000", "type", "veth", "peer", "name", "q9000")
        host.run("ip", "link", "set", "p9000", "master", "br0")
        host.listen_log()
        self.process = host.start("/usr/bin/python3", HERE / "answers.py", HELPER, user=ALICE)

    def question(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def install(self, text, mode=0o644):
        path = self.host.root(POLICY)
        path.write_bytes(text)
        path.chmod(mode)

    def answers(self, requests):
        """(verdict, rule, stage) of each: the helper's log has all three."""
        statuses = self.question(ask=[data.hex() for data in requests])
        logged = [LOG_LINE.search(line).groups() for line in self.host.log_lines()]
        assert [verdict for verdict, _, _ in logged] == statuses, (logged, statuses)
        return logged


@pytest.fixture
def asked(host):
    return Asked(host)


# Hosts -------------------------------------------------------------------------------------------------------------------


def change_host(asked, rng):
    """Another host, as far as the helper and check see one: True if check may not know the answer there."""
    host = asked.host
    files = {"passwd": (account_text(rng, PASSWD), PASSWD), "group": (account_text(rng, GROUP), GROUP), "subuid": (subuid_text(rng), b"")}
    is_hidden = False
    for name, (text, usual) in files.items():
        path = host.root(f"/etc/{name}")
        path.chmod(0o644)
        path.write_bytes(local(usual if text is None else text))
        mode = 0o666 if text is None else rng.choice([0o644] * 12 + [0o600, 0o664])
        path.chmod(mode)
        is_hidden |= mode == 0o600
    services = rng.choice(["files", "files", "extrausers files", "files extrausers"])
    host.root("/dev/shm/nsswitch").write_text(f"passwd: {services}\ngroup: {services}\n")
    host.root("/var/lib/extrausers/passwd").write_text("alice:x:9001:9001::/:/bin/sh\nbob:x:9002:9002::/:/bin/sh\nonly:x:9003:9003::/:/bin/sh\n")
    host.root("/var/lib/extrausers/group").write_text("staff:x:9050:alice\nvm:x:9100:\n")
    host.root(POLICY.parent).chmod(rng.choice([0o755] * 20 + [0o777]))
    return is_hidden


def prepare(asked):
    host = asked.host
    host.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/var/lib/extrausers")
    host.root("/dev/shm/nsswitch").write_text("passwd: files\ngroup: files\n")
    host.bind("/dev/shm/nsswitch", "/etc/nsswitch.conf")


# Requests ----------------------------------------------------------------------------------------------------------------


def mac_text(mac):
    return ":".join(f"{byte:02x}" for byte in mac)


def request_of(rng):
    """(the helper's, the command's) of one interface."""
    def maybe(rate, pool, otherwise):
        return rng.choice(pool) if rng.random() < rate else otherwise
    bridge, dev = local(rng.choice(BRIDGES)), maybe(0.2, [local(dev) for dev in DEVS], b"")[:15]
    guest_mac, host_mac = (maybe(rate, MACS[:3], bytes(6)) for rate in (0.35, 0.15))
    host_mac = bytes(6) if host_mac == guest_mac else host_mac
    sizes = [1280, 1400, 1500, 1501, 9000, 9001] + [68] * bool(bridge)  # without a bridge the library refuses less
    mtu, queues = maybe(0.4, sizes, 0), maybe(0.2, [2, 4, 5], 1)
    keys = [f"bridge={bridge.decode() or 'none'}", f"queues={queues}"]
    keys += [f"dev={dev.decode()}"] * bool(dev) + [f"mtu={mtu}"] * bool(mtu)
    keys += [f"{key}={mac_text(mac)}" for key, mac in (("guest-mac", guest_mac), ("host-mac", host_mac)) if any(mac)]
    return request(interface(dev, bridge, guest_mac, host_mac, mtu, queues)), ",".join(keys)


def policy_of(rng):
    """No rule's max is so low that the requests of a batch count against each other."""
    return re.sub(rb"^max( *= *)[1-7]$", rb"max\g<1>8", local(policy_text(rng)), flags=re.M)


def verdict_of(answer):
    """What the helper must have answered where check says so."""
    failed = answer["rules"][-1]["failed"] if answer["rules"] else None
    if answer["verdict"] == "allow":
        return {"granted"}
    if answer["rule"] and failed in ("allow-unpinned-bridge", "allow-ra-bridge"):
        return {"unfit-bridge"}
    if answer["rule"] and failed == "mtu":
        return {"denied", "unfit-bridge", "failed"}
    return {"denied"}


def compare(asked, rng, seen):
    """One policy and its requests."""
    text, requests = policy_of(rng), [request_of(rng) for _ in range(BATCH)]
    asked.install(text, rng.choice([0o644] * 20 + [0o664, 0o640]))
    told = asked.answers([data for data, _ in requests])
    code, out, err = asked.question(run=[str(TAPGRANT), "check", "--json", *(word for _, spec in requests for word in ("--net", spec))])
    assert code in (0, 1, 3), (code, err)
    if code == 1:
        seen["unknown"] += BATCH
        assert re.search("you may not read it|/sys does not show", err), (text, err)
        return
    for (_, spec), (verdict, rule, stage), answer in zip(requests, told, json.loads(out), strict=True):
        seen[verdict] += 1
        seen["void"] += stage == STAGE_POLICY
        assert verdict in verdict_of(answer), (text, spec, verdict, rule, answer)
        assert (answer["rule"] or "") == rule or verdict == "failed", (text, spec, verdict, rule, answer)
        assert bool(answer["reason"]) == (stage == STAGE_POLICY), (text, spec, stage, answer)


def test_check_says_what_the_helper_answers(asked, pytestconfig):
    count = 100000 if pytestconfig.getoption("--cases") > 20000 else 640
    rng, seen, hidden = random.Random(20261128), Counter(), False
    prepare(asked)
    for number in range(count // BATCH):
        if number % 5 == 0:
            hidden = change_host(asked, rng)
        before = seen["unknown"]
        compare(asked, rng, seen)
        assert hidden or seen["unknown"] == before or asked.host.root(POLICY).stat().st_mode & 0o777 == 0o640
    assert all(seen[verdict] > count // 250 for verdict in ("granted", "denied", "unfit-bridge", "void")), seen
    assert seen["unknown"] < count // 3, seen


def test_check_does_not_know_where_sys_is_anothers(asked):
    """The helper, too, cannot tell there whether a bridge's address is fixed, and fails; what it denies is denied."""
    rng, seen = random.Random(1), Counter()
    asked.host.run("mount", "-t", "tmpfs", "tmpfs", "/sys")
    for _ in range(10):
        text, requests = policy_of(rng), [request_of(rng) for _ in range(BATCH)]
        asked.install(text)
        for (_, spec), (verdict, _, _) in zip(requests, asked.answers([data for data, _ in requests]), strict=True):
            code, out, _ = asked.question(run=[str(TAPGRANT), "check", "--json", "--net", spec])
            seen[verdict] += 1
            if verdict == "failed" and code == 3:
                assert json.loads(out)[0]["rules"][-1]["failed"] == "mtu", (text, spec, out)
            else:
                assert code == {"granted": 0, "denied": 3, "failed": 1}[verdict], (text, spec, verdict, out)
    assert seen["failed"] > 2 and seen["denied"] > 5, seen


# Files -------------------------------------------------------------------------------------------------------------------


def mutated(rng):
    """A policy in which a few things are not as they were."""
    text = policy_of(rng)
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        lines = text.split(b"\n")
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        change = rng.randrange(5)
        if change == 0:
            lines[at] = lines[other]
        elif change == 1:
            del lines[at]
        elif change == 2:
            lines.insert(at, lines[other])
        elif change == 3 and lines[at]:
            place = rng.randrange(len(lines[at]))
            lines[at] = lines[at][:place] + bytes([rng.randrange(256)]) + lines[at][place + rng.randrange(2):]
        elif change == 4:
            lines[at] = lines[at].replace(b" ", rng.choice([b"", b"  ", b"\t"]), 1)
        text = b"\n".join(lines)
    return text


def passed(asked, files):
    """Of which of the files lint says no fault."""
    _, out, err = asked.question(run=[str(TAPGRANT), "lint", "--json", *map(str, files)])
    assert not err, err
    faulty = {row["file"] for row in json.loads(out) if row["severity"] == "error"}
    return [str(file) not in faulty for file in files]


def test_what_lint_passes_the_helper_takes_and_nothing_else(asked, pytestconfig):
    count, batch = (20000 if pytestconfig.getoption("--cases") > 20000 else 300), 100
    rng, seen = random.Random(20261129), Counter()
    prepare(asked)
    for name, text in (("passwd", PASSWD), ("group", GROUP)):
        asked.host.root(f"/etc/{name}").write_bytes(local(text))
    files = [POLICY.with_name(f"{number}.conf") for number in range(batch)]  # beside the policy: lint takes each for one
    ask = [request_of(rng)[0]]
    for _ in range(count // batch):
        taken = []
        for file in files:
            text = mutated(rng)
            asked.host.root(file).write_bytes(text)
            asked.install(text)
            taken.append(asked.answers(ask)[0][2] != STAGE_POLICY)
        for file, is_taken, is_passed in zip(files, taken, passed(asked, files), strict=True):
            seen[is_taken] += 1
            if is_taken != is_passed:
                pytest.fail(f"taken: {is_taken}, passed: {is_passed}\n{asked.host.root(file).read_bytes()}")
    assert min(seen[True], seen[False]) > count // 10, seen
