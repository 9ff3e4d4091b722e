# SPDX-License-Identifier: LGPL-2.1-or-later
"""A child of the service with a fault in each of its system calls; killed, and attacked by its caller, behind each of them.
And the parent and the template, with a fault in each of theirs.

After every run: no tap is left, the bridge is what it was, no descriptor came with a failure, what was granted is complete
(resident.py), and the next caller is granted.
"""
import os
import random
import re
import time

import pytest

from ask_helper import interface, request
from calls import ASKED, POLICY, STRICT, TEAM, numbered, without_repeats
from daemon import ONE, Resident, Service, open_files, until
from host import ALICE, BOB, POLICY as POLICY_FILE, gid, uid

LONG = os.environ.get("TAPGRANT_LONG") == "1"
ERRORS = ["ENOMEM", "EMFILE", "EINTR", "EIO", "EPERM", "ENOBUFS", "ENOSPC", "EAGAIN"]
NEVER_FAIL = {"exit_group"}
# None: the connection ended without an answer.  Other-netns: the kernel did not tell which one the caller is in.
ENDED = {"failed", "unprivileged", "denied", "other-netns", None}
AS_BOB = {"uid": uid(BOB), "gid": gid(BOB)}
# Where a child must have been stopped, whatever the sample is: a call, a word of its line, and which ids it has behind it.
STAGES = {
    "it has the connection": ("setitimer", "", "own"), "the policy is looked at": ("newfstatat", "policy.conf", "own"),
    "the caller is read": ("getsockopt", "SO_PEERGROUPS", "own"), "the groups are the caller's": ("setgroups", "", "own"),
    "the gid is the caller's": ("setresgid", "", "own"), "the uid is the caller's": ("setresuid", "", "effective"),
    "one capability is left": ("capset", "1<<CAP_NET_ADMIN", "effective"), "the request is received": ("recvmsg", "gpat", "effective"),
    "the bridge is read": ("sendto", "RTM_GETLINK", "effective"), "a tap is made": ("ioctl", "TUNSETIFF", "effective"),
    "it is root's": ("ioctl", "TUNSETOWNER", "effective"), "its slot is claimed": ("sendto", "RTM_NEWLINKPROP", "effective"),
    "it is a port": ("sendto", "IFLA_MASTER", "effective"), "it reports that it leaves": ("sendmsg", "\\1\\0\\0\\0", "effective"),
}


@pytest.fixture
def made(host):
    """A service and a resident, by that policy."""
    def make(policy):
        host.policy(policy)
        # a time in the future is never old enough, so each child reads the policy, and all make the same calls
        os.utime(host.root(POLICY_FILE), (time.time() + 3600, time.time() + 3600))
        host.steady_bridge()
        host.root("/etc/group").open("a").write(f"{TEAM}:x:{gid(ALICE)}:\n")
        host.listen_log()
        make.service = Service(host)
        return make.service, Resident(make.service)
    yield make
    make.service.stop()


def sampled(jobs, at_most):
    """All of them by --long, else the same ones in every run."""
    return jobs if LONG or len(jobs) <= at_most else random.Random(9).sample(jobs, at_most)


def points_of(resident, of="children", data=ASKED):
    """[(system call, how manieth of its name, its line)] from the one in which the process waits."""
    lines = resident.do(data, of=of, trace=True, whole=True)["seen"]
    assert len(lines) > 8, lines
    points = numbered(lines)
    return points if LONG else without_repeats(points)


def swept(service, resident, jobs, answers):
    """(job, what came of it) of each.  None of them crashed a child, or its user would be busy for a minute."""
    done = []
    for job in jobs:
        done.append((job, resident.do(ASKED, whole=True, **job)))
        service.host.log_lines()  # or it fills
    wrong = [(job, result["status"], result["wrong"]) for job, result in done if result["wrong"] or result["status"] not in answers]
    assert not wrong, "\n".join(map(str, [f"{len(wrong)} of {len(done)}", *wrong[:20]]))
    assert service.process.poll() is None
    return done


@pytest.mark.parametrize("policy", ["granted", "denied"])
def test_a_fault_in_any_call_of_a_child_grants_nothing_more_and_leaves_nothing(made, policy):
    """Also none that makes a grant of a denial."""
    service, resident = made(POLICY if policy == "granted" else STRICT)
    jobs = [{"inject": [name, when, f"error={error}"]} for name, when, _ in points_of(resident) for error in ERRORS
            if name not in NEVER_FAIL]
    template = service.template()
    done = swept(service, resident, sampled(jobs, 30 if policy == "granted" else 10), ENDED | {policy})
    assert {policy, None} <= {result["status"] for _, result in done}
    assert service.template() == template, "no fault is a crash"
    assert resident.do(ASKED, whole=True)["status"] == policy


def test_a_child_killed_at_any_call_leaves_nothing_and_is_no_crash(made):
    """As it is for want of memory: nobody has to wait for it, and the template stays."""
    service, resident = made(POLICY)
    points = [(name, when) for name, when, _ in points_of(resident)]
    reply = max(n for n, (name, _) in enumerate(points) if name == "sendmsg")
    behind = points[reply + 1:]
    template = service.template()
    done = swept(service, resident, [{"inject": [name, when, "signal=KILL"]} for name, when in sampled(points, 30)], {None, "granted"})
    for job, result in done:
        # those who wait for a connection were all killed, and another one served
        is_late = tuple(job["inject"][:2]) in {*behind, ("recvmsg", 1)}
        assert (result["status"] == "granted") == is_late, (job, result)
    assert service.template() == template
    assert not [line for line in service.host.log_lines() if "busy" in line]


def test_the_caller_can_neither_signal_nor_trace_nor_change_its_child(made):
    """Behind any call up to the report that all of its ids become the caller's; and it is served all the same."""
    service, resident = made(POLICY)
    points = points_of(resident)
    lines = {(name, when): line for name, when, line in points}
    last = max(when for name, when, _ in points if name == "sendmsg") - 1  # behind that report only the reply is sent
    end = points.index(("sendmsg", last, lines["sendmsg", last]))
    # in the first call it waits for a connection, and a stop there is behind that of all four
    points = [(name, when) for name, when, _ in points[:end + 1] if (name, when) != ("recvmsg", 1)]
    stages = {stage: next(point for point in points if point[0] == call and word in lines[point])
              for stage, (call, word, _ids) in STAGES.items()}
    chosen = sorted(set(sampled(points, 6)) | set(stages.values()), key=points.index)
    done = dict(zip(chosen, (result for _, result in swept(service, resident, [{"stop": point} for point in chosen], {"granted"}))))
    for point, result in done.items():
        tried = result["seen"]["attack"]
        assert len(tried) > 10 and set(tried.values()) <= {"EPERM", "EACCES"}, (lines[point], tried)
        assert result["seen"]["stopped"], lines[point]
        for owner, up, _on_bridge in result["seen"]["taps"]:
            assert owner in ("-1", "0", str(uid(ALICE))) and (owner != str(uid(ALICE)) or up), (lines[point], result)
    assert {stage: done[point]["seen"]["ids"] for stage, point in stages.items()} == {stage: ids for stage, (_, _, ids) in STAGES.items()}


# The others ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of, at_most", [("parent", 12), ("template", 6)])
def test_a_fault_in_any_call_of_parent_or_template_is_answered_and_the_service_goes_on(made, of, at_most):
    """No descriptors, no memory, no process: a grant, busy, or an end.  The next caller is granted."""
    service, resident = made(POLICY)
    points = points_of(resident, of)
    if of == "parent":
        assert {"accept4", "epoll_ctl", "getsockopt", "sendmsg", "recvmsg", "socketpair", "wait4"} <= {name for name, _, _ in points}
    else:
        assert "clone" in {name for name, _, _ in points}
    files = service.files_when_quiet()
    # a close(2) that is left out is a descriptor more, for good
    jobs = [{"of": of, "inject": [name, when, f"error={error}"]} for name, when, _ in points if name != "close"
            for error in ("ENOMEM", "EMFILE", "ENFILE", "EAGAIN")]
    for job in sampled(jobs, at_most):
        swept(service, resident, [job], {"granted", "busy", None})
        assert resident.do(ONE, whole=True, **AS_BOB)["status"] == "granted", job
    until(lambda: service.is_quiet() and open_files(service.process.pid) == files, 10)
    assert len(re.findall("a process that was to serve has ended", "".join(service.host.log_lines()))) <= 1
