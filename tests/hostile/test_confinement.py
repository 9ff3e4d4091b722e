# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the helper is at each stage, seen from outside while it stands still and nobody traces it; and that its caller, whose
process it is in name, gets nowhere into it."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from calls import ASKED, POLICY, numbered, trace, without_repeats
from host import ALICE, HELPER, POLICY as POLICY_FILE, gid, uid
from outsider import as_user, attacks

LONG = os.environ.get("TAPGRANT_LONG") == "1"
NONE, NET_ADMIN = "0" * 16, f"{1 << 12:016x}"
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
# The system call behind which each stage is reached, as a pattern of its line: the first of its kind, or the last.
STAGES = {
    "loader": (r"openat.*libc\.so", 0), "start": (r"dup2\(1", 0), "cleaned": (r"newfstatat.*ns/user|stat.*ns/user", 0),
    "log": (r"connect.*/dev/log", 0), "netlink": (r"connect.*AF_NETLINK", 0), "request": (r"recvmsg\(", 0),
    "policy": (r"read\(.*policy\.conf", 0), "privilege": (r"prctl\(PR_SET_DUMPABLE", 0), "decide": (r"sendto.*RTM_GETLINK", 0),
    "device": (r"TUNSETIFF", 0), "owned": (r"TUNSETOWNER", 0), "quota": (r"RTM_NEWLINKPROP", 0), "link": (r"IFLA_MASTER", 0),
    "up": (r"RTM_SETLINK.*IFF_UP", -1), "reply": (r"TUNSETOWNER", -1), "left": (r"capset", -1), "sent": (r"sendmsg\(", -1)}
ORDER = list(STAGES)
ROOT, ADMIN, CALLER = ORDER[:ORDER.index("privilege")], ORDER[ORDER.index("privilege"):ORDER.index("left")], ["left", "sent"]


@pytest.fixture
def stopped(arena):
    """What is seen of the helper at a stage."""
    one = arena(POLICY)
    points = numbered(trace(one.host))

    def at(stage, *pokes):
        pattern, which = STAGES[stage]
        name, when, _ = [point for point in points if re.search(pattern, point[2])][which]
        result = one.do(request=ASKED.hex(), stop=[name, when], poke=[*pokes, "continue"])
        assert result["wrong"] == [] and result["answer"] == "granted", (stage, result)
        return result["seen"]
    at.host, at.points = one.host, points
    return at


@pytest.mark.parametrize("stage", STAGES)
def test_what_the_helper_is_at_each_stage(stopped, stage):
    seen = stopped(stage, "status")["status"]
    alice = str(uid(ALICE))
    assert seen["TracerPid"] == ["0"] and seen["proc owner"] == 0, "not dumpable: /proc/PID is root's"
    assert seen["personality"] == "00000000" and [seen[name] for name in ("CapInh", "CapAmb")] == [[NONE]] * 2
    if stage in ROOT:
        assert seen["Uid"] == [alice, "0", "0", "0"] and seen["Gid"] == [alice] * 4
    else:
        assert seen["Uid"] == seen["Gid"] == [alice] * 4 and seen["NoNewPrivs"] == ["1"]
        assert stage == "privilege" or seen["Seccomp"] == ["2"], "a filter"
        held = NET_ADMIN if stage in ADMIN else NONE
        assert [seen[name][0] for name in SETS] == [NONE, held, held, NONE, NONE]
    if stage in ORDER[ORDER.index("cleaned"):]:
        assert [seen[name] for name in ("SigBlk", "SigIgn", "SigCgt")] == [[NONE]] * 3
        assert (seen["Umask"], seen["cwd"], seen["core"]) == (["0077"], "/", ["0", "0"])


@pytest.mark.parametrize("stage", ORDER[ORDER.index("start"):])
def test_no_descriptor_is_open_that_is_not_of_the_stage(stopped, stage):
    """The request, /dev/null twice, log, netlink, the policy while it is read, the queues; nothing that was inherited."""
    number = ORDER.index(stage)
    expected = ["socket", "/dev/null", "/dev/null"] + ["socket"] * ((number >= ORDER.index("log")) + (number >= ORDER.index("netlink")))
    if stage == "policy":
        expected += [str(POLICY_FILE.parent), str(POLICY_FILE)]
    found = stopped(stage, "status")["status"]["descriptors"]
    queues = [name for name in found if name == "/dev/net/tun"]
    assert [name for name in found if name not in queues] == expected
    assert len(queues) == (0 if number < ORDER.index("device") else 1 if stage in ("device", "owned") else
                           3 if number > ORDER.index("link") else 2)


def hidden(seen):
    return {name: met for name, met in seen["attacks"].items() if met not in ("EPERM", "EACCES")}


@pytest.mark.parametrize("stage", STAGES)
def test_its_caller_cannot_look_into_it_or_take_from_it(stopped, stage):
    """ptrace, process_vm_readv, pidfd_getfd, kcmp, move_pages, and all of /proc/PID that is not everybody's."""
    seen = stopped(stage, "attacks")
    assert len(seen["attacks"]) > 30 and not hidden(seen), (stage, hidden(seen))


def test_the_same_attacks_work_on_a_process_that_is_the_callers(host):
    """Or those above would prove nothing."""
    process = subprocess.Popen(host.command(["sleep", "60"], ALICE), stdin=subprocess.DEVNULL)
    host.started.append(process)
    while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
        pass
    met = as_user(ALICE, attacks, process.pid)
    works = {name for name, said in met.items() if said not in ("EPERM", "EACCES")}  # EIO: nothing is mapped there
    assert works >= {"/proc/PID/maps", "/proc/PID/environ", "/proc/PID/fd", "/proc/PID/exe", "/proc/PID/fd/0", "get_robust_list", "kcmp"}
    restricted = Path("/proc/sys/kernel/yama/ptrace_scope")
    if not restricted.exists() or restricted.read_text() == "0\n":
        assert works >= {"ptrace attach", "pidfd_getfd 0", "/proc/PID/mem"}


def test_at_no_call_between_its_stages_is_it_more(stopped, arena):
    """Behind every single system call of the drop, and a sample of the others: root's and hidden, or the caller's and hidden."""
    points = without_repeats(stopped.points)
    first = next(n for n, (name, _, line) in enumerate(points) if name == "capget" or "PR_SET_KEEPCAPS" in line)
    last = next(n for n, (_, _, line) in enumerate(points) if "PR_SET_DUMPABLE" in line)
    chosen = points[first:last + 1] + points[::1 if LONG else 12]
    one = arena(POLICY)
    for name, when, line in chosen:
        if name == "exit_group":
            continue
        result = one.do(request=ASKED.hex(), stop=[name, when], poke=["status", "attacks", "continue"])
        assert not result["wrong"] and not hidden(result["seen"]), (line, result)
        status = result["seen"]["status"]
        if "0" not in status["Uid"]:
            assert status["CapPrm"][0] in (NONE, NET_ADMIN) or status["NoNewPrivs"] == ["0"], (line, status)


ASK = """
import socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
from ask_helper import interface, receive_all, request
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
ours.send(request(interface()))
subprocess.run([sys.argv[2]], stdin=theirs)
theirs.close()
print(receive_all(ours)[0])
"""


def bounded(host, *kept):
    """The answer to alice, where no program can have more than the capabilities KEPT."""
    sets = ",".join(["-all", *(f"+{name}" for name in kept)])
    return host.run("setpriv", "--reuid", uid(ALICE), "--regid", gid(ALICE), "--clear-groups", "--bounding-set", sets,
                    "--inh-caps=-all", "/usr/bin/python3", "-c", ASK, Path(__file__).resolve().parents[1] / "system", HELPER).out.strip()


def test_it_needs_four_capabilities_of_root_and_no_other(lab):
    """NET_ADMIN for its work; the others to give all up: libcap-ng asks for them by name."""
    four = ["net_admin", "setuid", "setgid", "setpcap"]
    assert bounded(lab, *four) == "granted"
    lab.wait_gone("tg0")
    told = {name: bounded(lab, *[other for other in four if other != name]) for name in four}
    assert told == dict.fromkeys(four, "unprivileged"), told
    assert lab.taps() == []
