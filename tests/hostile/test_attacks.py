# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks on this design in particular."""
import re
import socket
import subprocess
import time

import pytest

from ask_helper import interface, receive_all, request
from calls import POLICY
from host import ALICE, BOB, HELPER, TAPGRANT, uid

# Attaches to a new multi-queue device before it has an owner, leaves behind what a holder can, and goes.
LEAVE_BEHIND = """
import ctypes, fcntl, os, struct, sys
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tg0', 0x1102))  # TUNSETIFF
drop = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0))  # BPF: return 0
fcntl.ioctl(fd, 0x401054d5, struct.pack('HxxxxxxQ', 1, ctypes.addressof(drop)))  # TUNATTACHFILTER
fcntl.ioctl(fd, 0x400454d1, struct.pack('HH6s', 0, 1, bytes(6)))                 # TUNSETTXFILTER
fcntl.ioctl(fd, 0x400454d8, struct.pack('i', 64))                                # TUNSETVNETHDRSZ
fcntl.ioctl(fd, 0x400454d4, struct.pack('i', 1))                                 # TUNSETSNDBUF
fcntl.ioctl(fd, 0x400454d0, 0x1f)                                                # TUNSETOFFLOAD
fcntl.ioctl(fd, 0x400454dc, struct.pack('i', 1))                                 # TUNSETVNETLE
fcntl.ioctl(fd, 0x400454e2, struct.pack('i', 0))                                 # TUNSETCARRIER
print('left', flush=True)
"""
# As the one it was granted to: what the queues are, and whether a frame passes each way.
LOOK = """
import fcntl, os, select, signal, struct, sys
signal.alarm(20)
fds = [int(word) for word in sys.argv[1].split(':')]
print(*[struct.unpack('i', fcntl.ioctl(fds[0], number, bytes(4)))[0] for number in (0x800454d7, 0x800454d3)], flush=True)
os.write(fds[0], bytes(10) + b'\\xff' * 6 + b'\\2\\0\\0\\0\\0\\7' + b'\\x88\\xb5' + bytes(50))
found = b''
while b'\\x88\\xb6' not in found:
    found = os.read(select.select(fds, [], [])[0][0], 65536)
print(found[10:16].hex(), flush=True)
"""


def wait_for_tap(host):
    deadline = time.monotonic() + 10
    while not host.link("tg0"):
        assert time.monotonic() < deadline


def listen(host, name, protocol):
    """A packet socket in the host's network: opened by a child in it."""
    code = (f"import signal, socket, sys; signal.alarm(20); s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons({protocol})); s.bind(('{name}', {protocol}));"
            "print('ready', flush=True); print(s.recv(2048)[:14].hex(), flush=True);"
            "s.send(bytes.fromhex('0200000000070200000000ff88b6') + bytes(50)); sys.stdin.read()")
    process = host.start("/usr/bin/python3", "-c", code)
    assert process.stdout.readline() == "ready\n"
    return process


def test_what_somebody_left_on_a_queue_is_gone(host):
    """Filters, header size, send buffer, offloads: nothing of it shows in the link, so all of it is set anew."""
    host.policy(POLICY.replace("yes", "no"))
    host.bridge("br0")
    host.run("ip", "link", "add", "uplink", "master", "br0", "up", "type", "veth", "peer", "name", "far")
    host.run("ip", "link", "set", "far", "up")
    far = listen(host, "far", 0x88b5)
    process = host.start("strace", "-u", ALICE, "-f", "-o", "/dev/null", "-e", "inject=ioctl:delay_exit=700000:when=1", TAPGRANT, "run",
                         "--net", "bridge=br0,queues=2", "--", "/usr/bin/python3", "-c", LOOK, "{fds}")
    wait_for_tap(host)
    stranger = host.run("/usr/bin/python3", "-c", LEAVE_BEHIND, user=BOB, check=False)
    # a kernel that lets nobody attach to a tap without an owner (CVE-2026-99281) has no such window
    assert stranger.out == "left\n" or "Operation not permitted" in stranger.err, stranger
    assert process.stdout.readline() == f"10 {2 ** 31 - 1}\n", process.stderr.read()
    assert far.stdout.readline() == "ff" * 6 + "020000000007" + "88b5\n"
    assert process.stdout.readline() == "020000000007\n"


def test_no_name_and_no_alternative_name_squats_a_generated_one(lab):
    """tg0 taken by another link, or as another link's alternative name: the next is taken, none is attached to."""
    lab.run("ip", "link", "add", "tg0", "type", "bridge")
    lab.run("ip", "link", "property", "add", "dev", "br0", "altname", "tg1")
    before = lab.link("tg0")
    (made,) = lab.tapgrant("create", "--json", "--net", "bridge=br0", check=True).json
    assert made["dev"] not in ("tg0", "tg1") and lab.link("tg0") == before and lab.link("br0")["altnames"] == ["tg1"]


def test_a_device_renamed_while_it_is_made_is_a_failure(host):
    """Only root can; but what was asked of the one by name must not be done to another."""
    host.policy(POLICY)
    host.bridge("br0")
    process = host.start("strace", "-u", ALICE, "-f", "-o", "/dev/null", "-e", "inject=ioctl:delay_exit=400000:when=2", TAPGRANT, "run",
                         "--net", "bridge=none", "--", "true")
    wait_for_tap(host)
    host.run("ip", "link", "set", "tg0", "name", "moved")
    host.run("ip", "link", "add", "tg0", "type", "bridge")
    process.communicate(timeout=30)
    assert process.returncode == 1
    assert "UP" not in host.link("tg0")["flags"] and not host.link("moved")


@pytest.mark.parametrize("stage", ["IFLA_MASTER", "TUNSETOWNER"])
def test_the_bridge_that_goes_away_meanwhile_is_a_failure(arena, stage):
    one = arena(POLICY)
    from calls import numbered, trace
    name, when, _ = [point for point in numbered(trace(one.host)) if stage in point[2]][0]
    result = one.do(request=request(interface()).hex(), stop=[name, when], poke=["bridge deleted", "continue"])
    assert result["answer"] == "failed" and not [wrong for wrong in result["wrong"] if "left behind" in wrong], result


def test_taken_slots_of_others_are_not_the_callers(lab):
    """Slots are by uid: what bob holds is nothing to alice, and root cannot be spoken for by a name."""
    lab.policy(POLICY + "max = 1\n")
    lab.hold("bridge=br0", user=BOB)
    assert lab.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 0
    alice = [name for link in lab.links() for name in link.get("altnames", ()) if name.startswith("quota.tapgrant.")]
    assert alice == [f"quota.tapgrant.{uid(BOB)}.lab.0"]


@pytest.mark.parametrize("version", [0, 1, 3, 2 ** 32 - 1])
def test_a_request_of_another_version_is_told_the_helpers_and_nothing_else_is_read(lab, version):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        ours.send(request(interface(), version=version)[:8] + b"\xff" * 100)
        with theirs:
            subprocess.run(lab.command([HELPER], ALICE), stdin=theirs, timeout=10, check=False)
        answer, reply, descriptors = receive_all(ours)
    assert (answer, descriptors) == ("version", []) and re.match(rb"gpat\x02\0\0\0", reply)
