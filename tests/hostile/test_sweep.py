# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed helper with a fault in each of its system calls; killed, and stopped, behind each of them.

After every run: no device is left, the bridge is what it was, no descriptor came with a failure, it took less than five
seconds, wrote nothing that a terminal would act on, and what was granted is complete (arena.py).
"""
import os
import random

import pytest

from ask_helper import interface, request
from calls import ASKED, POLICY, STRICT, numbered, trace, without_repeats
from host import ALICE, uid

LONG = os.environ.get("TAPGRANT_LONG") == "1"
ERRORS = ["ENOMEM", "EMFILE", "EINTR", "EIO", "EPERM", "ENOBUFS", "ENOSPC", "EAGAIN"]
NEVER_FAIL = {"getuid", "geteuid", "getgid", "getpid", "exit_group"}  # and the helper need not be ready for it
REFUSED = {"denied", "failed", "unprivileged", None}  # None: it did not come to answer


def sampled(jobs, at_most):
    """All of them by --long, else the same ones in every run."""
    return jobs if LONG or len(jobs) <= at_most else random.Random(9).sample(jobs, at_most)


def points_of(several, code=0):
    points = numbered(trace(several[0].host, code=code))
    return points if LONG else without_repeats(points)


def expect(done, answers):
    """Nothing is wrong with any of the runs, and each ended in one of the ANSWERS."""
    wrong = [(job | {"request": ""}, result["answer"], result["status"], result["wrong"]) for job, result in done
             if result["wrong"] or result["answer"] not in answers]
    assert not wrong, "\n".join(map(str, [f"{len(wrong)} of {len(done)}", *wrong[:20]]))


@pytest.mark.parametrize("policy", ["granted", "denied"])
def test_a_fault_in_any_call_grants_nothing_more_and_leaves_nothing(arenas, policy):
    """Also none that makes a grant of a denial."""
    several = arenas(POLICY if policy == "granted" else STRICT)
    points = points_of(several, code=0 if policy == "granted" else 1)
    jobs = [{"request": ASKED.hex(), "inject": [name, when, f"error={error}"]} for name, when, _ in points for error in ERRORS
            if name not in NEVER_FAIL]
    done = several.sweep(sampled(jobs, 100 if policy == "granted" else 50))
    expect(done, REFUSED | {policy})
    told = [result["answer"] for _, result in done]
    assert {policy, "failed" if policy == "granted" else "denied", None} <= set(told) and len(set(told)) > 2, told


def test_a_fault_in_any_call_makes_no_subordinate_id_one_of_many(arenas):
    """What grants everybody denies one whose id is in /etc/subuid; a fault around that file does not make it another one's."""
    several = arenas(POLICY)
    for one in several:
        one.host.root("/etc/subuid").write_text(f"someone:{uid(ALICE)}:1\n")
    around, others = [], []
    for name, when, line in points_of(several, code=1):
        jobs = [{"request": ASKED.hex(), "inject": [name, when, f"error={error}"]} for error in ERRORS]
        if name not in NEVER_FAIL:
            (around if "/etc" in line and "tapgrant" not in line else others).extend(jobs)
    calls = [job["inject"][0] for job in around[::len(ERRORS)]]
    assert calls[-7:] == ["openat", "newfstatat", "openat", "newfstatat", "read", "close", "close"], calls
    done = several.sweep(around + sampled(others, 25))
    expect(done, REFUSED)
    assert {"denied", None} <= {result["answer"] for _, result in done}


def test_a_helper_killed_at_any_call_leaves_nothing(arenas):
    several = arenas(POLICY)
    jobs = [{"request": ASKED.hex(), "inject": [name, when, "signal=KILL"]} for name, when, _ in points_of(several)]
    done = several.sweep(sampled(jobs, 30))
    expect(done, {None, "granted"})
    for job, result in done:
        assert result["status"] == -9, (job, result)
        assert (result["answer"] == "granted") == (job["inject"][0] == "exit_group"), ("it was sent last of all", job, result)


def test_a_helper_stopped_behind_any_call_holds_nothing_that_others_can_use_and_goes_on(arenas):
    """Stopped: its devices are root's and down, or complete and the caller's; ownerless only behind the call that made it."""
    several = arenas(POLICY)
    points = points_of(several)
    jobs = [{"request": ASKED.hex(), "stop": [name, when]} for name, when, _ in points if name != "exit_group"]
    done = several.sweep(sampled(jobs, 30))
    expect(done, {"granted"})
    lines = {(name, when): line for name, when, line in points}
    ups = [("IFF_UP" in line and "sendto" in line, name, when) for name, when, line in points]
    seen = {"none": 0, "root's": 0, "the caller's": 0}
    for job, result in done:
        line = lines[tuple(job["stop"])]
        for owner, up, _on_bridge in result["seen"]["taps"]:
            assert owner != "-1" or ("TUNSETIFF" in line and "/dev/net/tun" in line), (line, result)
            assert owner in ("-1", "0", str(uid(ALICE))), (line, result)
            assert owner != str(uid(ALICE)) or up, ("given away before it was complete", line, result)
            seen["root's" if owner == "0" else "the caller's"] += 1
        seen["none"] += not result["seen"]["taps"]
    assert all(seen.values()) and ups, seen


@pytest.mark.parametrize("mtu, ports, answer", [(9000, False, "unfit-bridge"), (9000, True, "granted"), (0, False, "granted")])
def test_a_helper_stopped_behind_any_call_has_not_moved_the_bridges_mtu(arenas, mtu, ports, answer):
    """A bridge whose MTU nobody set takes its lowest port's, and its first port's: its caller could keep it so for as long as
    it likes."""
    several = arenas(POLICY + "mtu = 1280-9000\n")
    for arena in several:
        arena.host.run("ip", "link", "set", "br0", "addrgenmode", "none")  # or its first carrier would give it an address
        if not ports:
            arena.host.run("ip", "link", "del", "uplink")
        arena.host.run("ip", "-6", "addr", "flush", "dev", "br0")
    asked = request(interface(mtu=mtu))
    points = without_repeats(numbered(trace(several[0].host, asked, code=int(answer != "granted"))))
    jobs = [{"request": asked.hex(), "stop": [name, when]} for name, when, _ in points
            if name in ("sendto", "recvfrom", "ioctl", "write", "close")]
    done = several.sweep(jobs)
    expect(done, {answer})
    assert {result["seen"]["mtu"] for _, result in done} == {"1500"}
    assert any(result["seen"]["taps"] for _, result in done) == (answer == "granted")


LIMITS = ["RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_STACK", "RLIMIT_NPROC", "RLIMIT_MEMLOCK"]


@pytest.mark.parametrize("policy", ["granted", "denied"])
def test_limits_that_the_caller_lowers_at_any_call_grant_nothing_more(arenas, policy):
    """He can from the moment on in which the helper has his ids; then it may fail, and leaves nothing."""
    several = arenas(POLICY if policy == "granted" else STRICT)
    points = points_of(several, code=0 if policy == "granted" else 1)
    jobs = [{"request": ASKED.hex(), "stop": [name, when], "poke": [limit, "continue"]}
            for name, when, _ in points for limit in LIMITS if name != "exit_group"]
    done = several.sweep(sampled(jobs, 25 if policy == "granted" else 12))
    expect(done, REFUSED | {policy})
    lowered = {result["seen"][job["poke"][0]] for job, result in done}
    assert lowered == {"EPERM", "done"}, "before the drop he may not, behind it he may"


def test_a_helper_that_was_stopped_for_too_long_ends(arena):
    """Its own deadline, not its caller's patience: 4 seconds after its start it is gone, wherever it was."""
    one = arena(POLICY)
    result = one.do(request=ASKED.hex(), stop=["sendto", 6], poke=["past the deadline", "continue"])
    assert (result["answer"], result["status"]) == (None, -14), result  # SIGALRM
    assert result["wrong"] == [] or all("lived for" in wrong for wrong in result["wrong"]), result
