# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a caller can leave in the process that becomes the helper does not matter; or the helper fails, and nothing is left."""
import os
import socket
import subprocess

import pytest

from ask_helper import REPLY, interface, receive_all, request
from calls import ASKED, POLICY, STRICT
from host import ALICE, HELPER, gid, uid
from inherit import LIMITS, SETUPS

PLAIN = request(interface()).hex()
FAILURES = {"failed", "unprivileged", "denied", None}


@pytest.fixture
def asked(arena):
    one = arena(POLICY)
    one.host.run("mkfifo", "-m", "0666", "/dev/shm/fifo")

    def ask(*setups, data=PLAIN):
        result = one.do(request=data, setup=list(setups))
        assert result["wrong"] == [], (setups, result)
        return result
    ask.host = one.host
    return ask


NOT_HARMLESS = {"0 closed", "0 to 2 closed", "no_new_privs", "only idle time"}
HARMLESS = [name for name in SETUPS if not name.startswith("RLIMIT") and name not in NOT_HARMLESS]


@pytest.mark.parametrize("setup", HARMLESS)
def test_it_does_not_matter(asked, setup):
    assert asked(setup)["answer"] == "granted"


def test_nor_all_of_it_at_once(asked):
    names = [name for name in HARMLESS if name != "umask 0777" and (not name.startswith("argv") or name == "argv of many")]
    assert asked(*names)["answer"] == "granted"


def test_in_idle_time_it_ends_in_time_or_at_its_deadline(arena):
    """Other programs may leave it no time at all: then it ends by SIGALRM (-14), and leaves nothing."""
    result = arena(POLICY).do(request=PLAIN, setup=["only idle time"])
    assert (result["answer"], result["status"]) in (("granted", 0), (None, -14)), result
    assert all("lived for" in wrong for wrong in result["wrong"]), result


@pytest.mark.parametrize("setup", ["0 closed", "0 to 2 closed"])
def test_without_descriptor_0_there_is_nobody_to_answer(asked, setup):
    result = asked(setup)
    assert (result["answer"], result["status"]) == (None, 1)


def test_where_nothing_new_may_be_gained_it_says_so(asked):
    assert asked("no_new_privs")["answer"] == "unprivileged"


@pytest.mark.parametrize("kind", LIMITS)
def test_no_limit_at_0_or_1_or_little_leaves_or_grants_anything(arenas, kind):
    """Every limit that there is; with a policy that grants, and with one that denies by the caller's group."""
    names = [name for name in SETUPS if name.startswith(f"RLIMIT_{kind} ")]
    assert len(names) == 3
    for policy, most in ((POLICY, "granted"), (STRICT, "denied")):
        (one,) = arenas(policy, 1)[-1:]
        for name in names:
            result = one.do(request=ASKED.hex(), setup=[name])
            assert result["wrong"] == [] and result["answer"] in FAILURES | {most}, (name, result)


SECUREBITS = ["+noroot,+noroot_locked", "+no_setuid_fixup,+no_setuid_fixup_locked", "+noroot,+no_setuid_fixup"]  # execve(2) clears keep_caps


@pytest.mark.parametrize("options", [*[["--securebits", bits] for bits in SECUREBITS],
                                     ["--inh-caps", "+net_raw,+net_admin,+sys_admin", "--ambient-caps", "+net_raw,+net_admin,+sys_admin"],
                                     ["--bounding-set", "-setpcap"], ["--bounding-set", "-net_admin"], ["--bounding-set", "-all"]])
def test_capability_sets_and_securebits_that_stop_other_programs_from_dropping(lab, options):
    """CVE-2000-0506, CVE-2014-3215: it has dropped all but CAP_NET_ADMIN, or it ends; it never goes on with more."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # strace as root, or nothing would be setuid
    words = ["strace", "-f", "-o", lab.folder / "calls", "setpriv", "--reuid", uid(ALICE), "--regid", gid(ALICE), "--clear-groups",
             *options, "env", "-i", HELPER]
    with ours, theirs:
        ours.send(request(interface()))
        done = subprocess.run(lab.command(words), stdin=theirs, capture_output=True, timeout=30, check=False)
        theirs.close()
        answer, _, descriptors = receive_all(ours)
    for descriptor in descriptors:
        os.close(descriptor)
    assert answer in ("granted", "unprivileged"), (answer, done)
    lines = (lab.folder / "calls").read_text().splitlines()
    device = next((n for n, line in enumerate(lines) if "TUNSETIFF" in line), None)
    assert (device is not None) == (answer == "granted")
    if device:
        read_back = [line for line in lines[:device] if "capget(" in line][-1]
        assert "effective=1<<CAP_NET_ADMIN, permitted=1<<CAP_NET_ADMIN, inheritable=0}" in read_back
        assert any(f"getresuid([{uid(ALICE)}], [{uid(ALICE)}], [{uid(ALICE)}])" in line for line in lines[:device])


# Descriptor 0, and the ones that it writes to -----------------------------------------------------------------------------


def kinds(host):
    """Descriptors 0 that are no SOCK_SEQPACKET pair with a request on it."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(f"\0tapgrant-test-{host.holder.pid}")
    listening.listen()
    pairs = {word: socket.socketpair(socket.AF_UNIX, kind) for word, kind in
             (("stream", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM))}
    for one, _ in pairs.values():
        one.send(ASKED)
    return {"a file": open("/etc/passwd"), "the zero device": open("/dev/zero"), "netlink": socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
            "TCP": socket.socket(), "a listening socket": listening, "unconnected": socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET),
            "a stream": pairs["stream"][1], "a datagram socket": pairs["datagram"][1], "the tun device": open("/dev/net/tun", "rb", 0)}


def test_descriptor_0_of_any_other_kind_is_refused(lab):
    seen = kinds(lab)
    for name, zero in seen.items():
        before = zero.tell() if name == "a file" else 0
        done = subprocess.run(lab.command([HELPER], ALICE), stdin=zero, capture_output=True, timeout=10, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (1, b"", b""), name
        assert name != "a file" or zero.tell() == before
        assert lab.taps() == []


@pytest.mark.parametrize("sink", ["/dev/full", "a full pipe", "netlink", "closed pipe", "uid_map"])
def test_what_descriptors_1_and_2_are_is_never_seen(lab, sink):
    """They are closed before anything can be written to them; even a failing helper writes nothing."""
    read_end, write_end = os.pipe()
    files = {"/dev/full": lambda: open("/dev/full", "wb", 0), "uid_map": lambda: open("/proc/self/uid_map", "rb"),
             "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)}
    if sink == "a full pipe":
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 65536)
        except BlockingIOError:
            os.set_blocking(write_end, True)
    if sink == "closed pipe":
        os.close(read_end)
    target = files[sink]() if sink in files else write_end
    for data, answer in ((request(interface()), "granted"), (b"x", "malformed")):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            ours.send(data)
            with theirs:
                subprocess.run(lab.command([HELPER], ALICE), stdin=theirs, stdout=target, stderr=target, timeout=10, check=False)
            told, _, descriptors = receive_all(ours)
        for descriptor in descriptors:
            os.close(descriptor)
        assert told == answer
        lab.wait_gone("tg0")


DAEMON = """
import socket, struct, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listening.bind('\\0tapgrant-daemon')
listening.listen()
print('ready', flush=True)
peer, _ = listening.accept()
peer.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
peer.send(b'220 hello, I am a daemon of root')
data, control, flags, _ = peer.recvmsg(65536, 4096)
uids = [struct.unpack('3i', payload)[1:] for level, kind, payload in control if kind == socket.SCM_CREDENTIALS]
rights = [payload for level, kind, payload in control if kind == socket.SCM_RIGHTS]
print(len(data), uids, len(rights), flush=True)
"""


def test_a_daemon_of_roots_behind_descriptor_0_is_not_deceived(lab):
    """It hears one refusal, and that from the caller's own ids: no privilege speaks to it."""
    daemon = lab.start("/usr/bin/python3", "-c", DAEMON)
    assert daemon.stdout.readline() == "ready\n"
    code = ("import os, socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect('\\0tapgrant-daemon');"
            "s.recv(4096, socket.MSG_PEEK); os.dup2(s.fileno(), 0); os.execv(sys.argv[1], sys.argv[1:])")
    assert lab.run("/usr/bin/python3", "-c", code, HELPER, user=ALICE, check=False).code == 1
    ids = (uid(ALICE), gid(ALICE))
    assert daemon.stdout.readline() == f"{REPLY} [{ids}] 0\n"
    assert lab.taps() == []
