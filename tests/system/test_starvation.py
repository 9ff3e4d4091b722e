# SPDX-License-Identifier: LGPL-2.1-or-later
"""A caller that takes away what the helper needs, or asks in every way there is, gets nothing that it would not get anyway."""
import os
import random
import socket
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ask_helper import DEVICE, REPLY, STATUS, interface, receive, request
from host import ALICE, HELPER, TAPGRANT

LONG = os.environ.get("TAPGRANT_LONG") == "1"
LAX = "[rule lax]\nuser = *\nbridge = br*\nisolate = no\nlock-mac = no\nqueues = 16\nmax = 256\n"
STRICT = "[rule strict]\nuser = {}\nbridge = br0\nisolate = no\nlock-mac = no\nmax = 256\n"
# What a request for two queues is told: the strict rule has one; the last line voids all.
POLICIES = {
    "granted": LAX,
    "strict by id": STRICT.format("0-4294967294") + LAX,
    "strict by a user's name": STRICT.format(ALICE) + LAX,
    "strict by a group's name": STRICT.format(f"%{ALICE}") + LAX,
    "void by its last line": LAX + "; comment\n" * 40 + "colour = red\n",
}
ASKED = request(interface(queues=2))  # bridge br0
FAILURES = {"denied", "failed", "unprivileged", None}  # None: the helper never came to answer
KIB = 1024


def sampled(values):
    return list(values) if LONG else list(values)[::max(1, len(values) // 6)]


# From nothing to more than is needed; the first few one by one.
LIMITS = {
    "nofile": sampled(range(26)),
    "as": sampled(range(0, 16384 * KIB, 4 * KIB)) + ([] if LONG else [2 ** n for n in range(20, 25)]),
    "data": sampled(range(0, 2048 * KIB, 4 * KIB)),
    "fsize": sampled(range(0, 4 * KIB)),
}


@pytest.fixture
def ready(host):
    host.bridge("br0")
    host.root("/etc/group").open("a").write("".join(f"filler{n}:x:{88000 + n}:\n" for n in range(2000)))
    return host


def wait_no_device(host):
    deadline = time.monotonic() + 5
    while host.taps() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert host.taps() == []


def verdict(ours):
    """The answer by its word, whose descriptors are closed; None: none came, or the request was not even read."""
    try:
        answer = receive(ours)
    except ConnectionResetError:
        return None
    for descriptor in answer[1] if answer else []:
        os.close(descriptor)
    return answer[0] if answer else None


def ask(host, *before):
    """The helper's own answer, by its word; it is started with the words BEFORE it, its request waiting."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(ASKED)
        subprocess.run(host.command([*before, HELPER], ALICE), stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=30, check=False)
        theirs.close()
        return verdict(ours)


def in_parallel(function, values):
    with ThreadPoolExecutor(16) as pool:
        return dict(zip(values, pool.map(function, values)))


def expect(told, full):
    """The verdict of the full run, or a failure: and so for a denial never a grant."""
    assert full == "granted" or "granted" not in told.values()
    assert set(told.values()) <= {full, *FAILURES}, told


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_starved_helper_grants_nothing_more(ready, policy, limit):
    """Limits are lowered for the helper itself, soft and hard, before it starts."""
    ready.policy(POLICIES[policy])
    full = ask(ready)
    assert full == ("granted" if policy == "granted" else "denied")
    told = in_parallel(lambda value: ask(ready, "prlimit", f"--{limit}={value}:{value}", "--"), LIMITS[limit])
    expect(told, full)
    assert full in told.values(), "the last values are enough"
    if limit in ("nofile", "as"):
        assert None in told.values() or "failed" in told.values(), "the first values are not"
    wait_no_device(ready)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("policy", ["granted", "strict by a group's name", "void by its last line"])
def test_a_starved_command_gets_nothing_more(ready, policy, limit):
    """The same from the command on, whose limits the helper inherits."""
    ready.policy(POLICIES[policy])

    def code(value):
        words = ["prlimit", f"--{limit}={value}:{value}", "--", TAPGRANT, "run", "--net", "bridge=br0,queues=2", "--", "true"]
        return ready.run(*words, user=ALICE, check=False).code
    codes = in_parallel(code, LIMITS[limit])
    if policy == "granted":
        assert set(codes.values()) - {0} <= {1, 3, 126, 127, -6, -9, -11, 134, 137, 139}, codes
    else:
        assert 0 not in codes.values() and 3 in codes.values(), codes
    wait_no_device(ready)


# Lowered from outside -----------------------------------------------------------------------------------------------------

STAGES = {  # the helper's system call in front of which it is held
    "start": "close_range:when=1", "log": "connect:when=1", "request": "recvmsg:when=1", "policy": "getgroups:when=1",
    "names": "getuid:when=1", "privilege": "capset:when=1", "decide": "sendto:when=1", "device": "ioctl:when=1",
    "quota": "sendto:when=3", "link": "sendto:when=4", "reply": "sendmsg:when=1",
}


def helper_of(tracer):
    """The process id of the helper that strace started, once it is one; None: it has ended."""
    while tracer.poll() is None:
        for child in Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split():
            try:
                if Path(f"/proc/{child}/comm").read_text() == "tapgrant-helper\n":
                    return int(child)
            except OSError:
                pass
        time.sleep(0.005)
    return None


def wait_held(pid):
    """Until it stands still, as it does while strace delays it."""
    last = None
    while True:
        try:
            now = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "ctxt_switches" in line]
        except OSError:
            return
        if now == last:
            return
        last = now
        time.sleep(0.05)


def lower(pid, limit, user):
    """As USER, who needs no privilege where the helper has no ids but his."""
    return subprocess.run(["prlimit", "--pid", str(pid), f"--{limit}=0:0"], user=user, group=user, extra_groups=[],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def ask_and_lower(host, stage, limit, user, is_reached):
    """(the helper's answer to USER, whether the limit was lowered); a busy machine may need longer to come to it."""
    for milliseconds in (400, 1200, 2500, 5000) if is_reached else (400,):
        answer, lowered = ask_and_lower_within(host, stage, limit, user, milliseconds)
        if lowered:
            break
    return answer, lowered


def ask_and_lower_within(host, stage, limit, user, milliseconds):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(ASKED)
        words = ["strace", "-u", user, "-o", "/dev/null", "-e", f"inject={STAGES[stage]}:delay_enter={milliseconds}000", HELPER]
        tracer = subprocess.Popen(host.command(words), stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs.close()
        pid = helper_of(tracer)
        if pid:
            wait_held(pid)
        lowered = bool(pid) and lower(pid, limit, user)
        tracer.wait(timeout=30)
        return verdict(ours), lowered


POINTS = [(stage, limit) for stage in STAGES for limit in LIMITS]
AS_ROOT = ["start", "log", "request", "policy", "names", "privilege"]  # here the helper is root: only root as caller can


@pytest.mark.parametrize("policy", POLICIES if LONG else ["granted", "strict by a group's name", "void by its last line"])
def test_limits_lowered_from_outside_at_each_stage_grant_nothing_more(ready, policy):
    """By the caller, who can once the helper is he; before that by root, who needs no capability to lower his own."""
    ready.policy(POLICIES[policy].replace(ALICE, f"{ALICE} %root" if "%" in POLICIES[policy] else f"{ALICE} root"))
    full = ask(ready)

    def is_reached(stage):
        return full == "granted" or stage in AS_ROOT
    done = in_parallel(lambda point: ask_and_lower(ready, *point, "root" if point[0] in AS_ROOT else ALICE, is_reached(point[0])),
                       POINTS)
    told = {point: answer for point, (answer, _) in done.items()}
    expect(told, full)
    assert all(lowered for (stage, _), (_, lowered) in done.items() if is_reached(stage)), done
    # on a busy machine it may have come behind the call
    again = (ask_and_lower(ready, "policy", "nofile", "root", True)[0] for _ in range(3))
    assert told["policy", "nofile"] == "denied" or "denied" in again, "the limit takes effect"
    wait_no_device(ready)


# Steering -----------------------------------------------------------------------------------------------------------------

STRICT_RULE = """\
[rule strict]
user = {uid}
bridge = br0 none
isolate = no
lock-mac = no
dev = u*
guest-mac = 52:54:00:*
mtu = 1600-2000
queues = 2
max = 2
"""
LAX_RULE = """\
[rule lax]
user = *
bridge = * none
isolate = no
lock-mac = no
dev = *
guest-mac = *
host-mac = *
mtu = 68-65521
queues = 253
max = 256
"""


def random_interface(rng, number):
    """(its bytes, is it decided by the strict rule, does that rule allow it)"""
    asked = {"bridge": rng.choice([b"br0", b"br0", b"uplink", b"br1", b""]), "queues": rng.choice([1, 1, 2, 2, 3, 8]),
             "mtu": rng.choice([0, 0, 0, 1600, 1601, 2000, 2001, 9000]),
             "dev": rng.choice([b"", b"", b"", b"u%d" % number, b"v%d" % number]),
             "guest_mac": rng.choice([bytes(6), bytes(6), b"\x52\x54\0\0\0" + bytes([number]), b"\x52\x55\0\0\0" + bytes([number])]),
             "host_mac": rng.choice([bytes(6)] * 7 + [b"\2\0\0\0\0" + bytes([number])]), "vnet_hdr": rng.randrange(2)}
    allowed = (asked["queues"] <= 2 and asked["mtu"] in (0, 1600, 1601, 2000) and asked["dev"][:1] in (b"", b"u") and
               asked["guest_mac"][:3] in (bytes(3), b"\x52\x54\0") and not any(asked["host_mac"]))
    return interface(**asked), asked["bridge"] != b"br1", allowed


def rules_told(host, data):
    """(verdict, the rule of each device granted)"""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(data)
        subprocess.run(host.command([HELPER], ALICE), stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30,
                       check=False)
        reply, descriptors, _, _ = socket.recv_fds(ours, 65536, 253)
        for descriptor in descriptors:
            os.close(descriptor)
    status, count = (struct.unpack_from("I", reply, offset)[0] for offset in (8, 28))
    rules = [reply[REPLY + DEVICE * n + 32:REPLY + DEVICE * n + 68].rstrip(b"\0").decode() for n in range(count)]
    return STATUS[status], rules


def test_nothing_asked_for_steers_to_a_laxer_rule(ready):
    """Random requests of one to six interfaces: what the first rule names it decides, by every name of its bridge."""
    ready.policy(STRICT_RULE.format(uid=ALICE) + LAX_RULE)
    ready.run("ip", "link", "set", "br0", "mtu", "1600")  # set by somebody: no port changes it
    ready.bridge("br1", mtu="1600")
    for bridge in ("br0", "br1"):  # a port that is no tap, so that more than the bridge's own may be asked for
        ready.run("ip", "link", "add", f"{bridge}p", "mtu", "1600", "master", bridge, "type", "veth", "peer", "name", f"{bridge}far")
    ready.run("ip", "link", "property", "add", "dev", "br0", "altname", "uplink")
    rng, seen = random.Random(4), set()
    for _ in range(600 if LONG else 12):
        drawn = [random_interface(rng, number) for number in range(60)]
        if rng.random() < 0.6:  # or nearly all were denied
            drawn = [one for one in drawn if one[2] or not one[1]]
        asked = drawn[:rng.choice([1, 1, 1, 2, 2, 3, 4, 6])]
        strict = [allowed for _, is_strict, allowed in asked if is_strict]
        expected = "denied" if not all(strict) else "over-quota" if len(strict) > 2 else "granted"
        told, rules = rules_told(ready, request(*[data for data, _, _ in asked]))
        assert told == expected, (asked, told, rules)
        if told == "granted":
            assert rules == ["strict" if is_strict else "lax" for _, is_strict, _ in asked]
        seen |= {told, *rules}
        wait_no_device(ready)
    assert seen == {"denied", "over-quota", "granted", "strict", "lax"}
