# SPDX-License-Identifier: LGPL-2.1-or-later
"""F1 to F6 of SECURITY.md's table: what is passed, and to whom."""
import array
import os
import socket
import subprocess
from pathlib import Path

import pytest

import ask_helper
from ask_helper import interface, receive_all, request
from host import ALICE, HELPER, PREFIX, uid
from test_library import DOUBLE


def ask(host, theirs):
    with theirs:
        return subprocess.run(host.command([HELPER], ALICE), stdin=theirs, capture_output=True, timeout=10, check=False)


def test_a_socket_that_is_full_does_not_hold_the_helper(lab):
    """Its caller lets answers wait and does not read them: then there is no answer, and no device."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        ours.send(request(interface()))
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                theirs.send(b"x" * 1000)
        theirs.setblocking(True)
        assert ask(lab, theirs).returncode == 1
        lab.wait_gone("tg0")


def test_a_caller_that_has_gone_gets_nothing(lab):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(request(interface()))
    ours.close()
    assert ask(lab, theirs).returncode == 1
    lab.wait_gone("tg0")


IN_FLIGHT = """
import array, os, resource, socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
import ask_helper
from ask_helper import interface, receive_all, request
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
null, keep = os.open('/dev/null', 0), []
try:
    while True:  # descriptors in flight count for their user, not for their process
        keep.append(socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        for _ in range(8):
            keep[-1][0].sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [null] * 30))])
except OSError as error:
    print(error.errno)
for pair in keep[5:]:
    pair[0].close(), pair[1].close()
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
ours.send(request(interface()))
print(subprocess.run([sys.argv[2]], stdin=theirs).returncode)
theirs.close()
print(*receive_all(ours)[::2])
"""


def test_too_many_descriptors_in_flight_are_a_failure_and_leave_nothing(lab):
    """ETOOMANYREFS where the answer would be sent."""
    done = lab.run("/usr/bin/python3", "-c", IN_FLIGHT, Path(ask_helper.__file__).parent, HELPER, user=ALICE)
    assert done.out == "109\n1\nNone []\n", done
    lab.wait_gone("tg0")


def test_two_requests_are_one(lab):
    """The second is never read."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        ours.send(request(interface()))
        ours.send(request(interface(), interface(bridge=b"")))
        assert ask(lab, theirs).returncode == 0
        answer, _, descriptors = receive_all(ours)
        assert (answer, len(descriptors)) == ("granted", 1) and len(lab.taps()) == 1
        for descriptor in descriptors:
            os.close(descriptor)


def test_a_descriptor_sent_along_is_not_taken(lab):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reader, writer = os.pipe()
    with ours:
        socket.send_fds(ours, [request(interface())], [writer])
        os.close(writer)
        assert ask(lab, theirs).returncode == 1
        assert receive_all(ours)[0] == "malformed"
    assert os.read(reader, 1) == b"", "nobody holds it"


def test_the_owner_is_who_asks_and_nothing_else_can_be_said(lab):
    """No field of the request is an identity; what SCM_CREDENTIALS says is not heard."""
    (name,) = lab.tapgrant("create", "--net", "bridge=br0", check=True).out.split()
    assert lab.root(f"/sys/class/net/{name}/owner").read_text().strip() == str(uid(ALICE))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        credentials = array.array("i", [os.getpid(), 0, 0])
        ours.sendmsg([request(interface())], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)])
        ask(lab, theirs)
        answer, _, descriptors = receive_all(ours)
        if answer == "granted":
            other = [tap for tap in lab.taps() if tap != name]
            assert lab.root(f"/sys/class/net/{other[0]}/owner").read_text().strip() == str(uid(ALICE))
        for descriptor in descriptors:
            os.close(descriptor)


LEAKS = """
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1])
device = ctypes.c_void_p()
counts = []
for _ in range(4):
    code = library.tapgrant_open(b'bridge=br0', ctypes.byref(device), None)
    counts.append(len(os.listdir('/proc/self/fd')))
    assert code and not device.value, (code, device)
print(len(set(counts)), code)
"""


@pytest.mark.parametrize("lie", [
    "send(reply())", "t = tap(b'mytap0'); send(reply(dev=b'mytap0'), t, t)", "t = tap(b'mytap0'); send(reply(dev=b'mytap0'), *[t] * 253)",
    "send(reply(), os.open('/etc/passwd', 0))", "send(reply(), os.pipe()[0])", "send(reply(dev=b'other'), tap(b'mytap0'))",
    "send(reply(4, 0), 0)", "send(reply(99, 0), 0, 1, 2)", "send(reply()[:-1], *[tap(b'mytap0')] * 100)", "send(b'', 0)", "sys.exit(3)"])
def test_a_lie_leaves_no_descriptor_in_the_program_that_was_lied_to(lab, lie):
    path = lab.folder / "helper"
    path.write_text(DOUBLE + lie + "\n")
    path.chmod(0o755)
    lab.bind(path, HELPER)
    lab.tap("mytap0")
    done = lab.run("/usr/bin/python3", "-c", LEAKS, next(PREFIX.rglob("libtapgrant.so")), user=ALICE)
    assert done.out.startswith("1 "), done
