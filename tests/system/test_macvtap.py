# SPDX-License-Identifier: LGPL-2.1-or-later
"""managed=no on a macvtap: known by the link's kind, opened by its node /dev/tap<index>, whose mode is who may."""
import os
import subprocess

import pytest

from host import ALICE, BOB, TAPGRANT, uid
from test_unmanaged import ask, plain, refused  # noqa: F401 (a fixture)


@pytest.fixture
def macvtap(plain):  # noqa: F811
    """The macvtap mv0 on a veth, up, its node ALICE's; plain.node is its path."""
    plain.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
    plain.run("ip", "link", "add", "link", "v0", "name", "mv0", "address", "02:00:00:00:00:99", "type", "macvtap", "mode", "vepa")
    for name in ("v0", "v1", "mv0"):
        plain.run("ip", "link", "set", name, "up")
    plain.node = f"/dev/tap{plain.link('mv0')['ifindex']}"
    make_node(plain)
    return plain


def make_node(host, user=ALICE, mode="0600"):
    numbers = host.run("cat", f"/sys/class/net/mv0/tap{host.link('mv0')['ifindex']}/dev").out.strip().split(":")
    host.run("mknod", "-m", mode, host.node, "c", *numbers)
    host.run("chown", user, host.node)


def test_a_macvtap_is_opened_and_unchanged(macvtap):
    before = macvtap.link("mv0")
    process = macvtap.hold("managed=no,dev=mv0,guest-mac=52:54:00:12:34:56")
    assert process.first_line.startswith("held ")
    fd = process.first_line.split()[1]
    pid = macvtap.run("pgrep", "-P", process.pid, check=False).out.strip() or process.pid
    assert os.path.realpath(f"/proc/{pid}/fd/{fd}").endswith(macvtap.node.split("/")[-1])
    assert macvtap.link("mv0") == before
    macvtap.end(process)
    assert macvtap.link("mv0") == before


def test_frames_pass_both_ways(macvtap):
    """What the holder writes arrives on the other end of the veth, and what is sent there arrives at the holder."""
    code = ("import os,sys;fd=int(sys.argv[1]);frame=bytes.fromhex('02000000aaaa02000000009960aa')+b'x'*46;"
            "print('go',flush=True);sys.stdin.readline();os.write(fd,frame);\n"
            "while True:\n d=os.read(fd,2000)\n if b'yyyy' in d: print('read',flush=True);break\n")
    listener = macvtap.start("/usr/bin/python3", "-c",
                             "import socket;s=socket.socket(17,3,socket.htons(3));s.bind(('v1',0));print('on',flush=True)\n"
                             "while True:\n d=s.recv(2000)\n if b'xxxx' in d: break\n"
                             "s.send(bytes.fromhex('020000000099020000000aaa60aa')+b'y'*46);print('heard',flush=True)")
    assert listener.stdout.readline() == "on\n"
    holder = macvtap.start(TAPGRANT, "run", "--net", "managed=no,dev=mv0,vnet-hdr=no", "--", "/usr/bin/python3", "-c", code, "{fd}",
                           user=ALICE)
    assert holder.stdout.readline() == "go\n"
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert listener.stdout.readline() == "heard\n" and holder.stdout.readline() == "read\n"


@pytest.mark.parametrize("vnet_hdr", ["yes", "no"])
@pytest.mark.parametrize("queues", [1, 3])
def test_queues_and_vnet_hdr_are_as_asked(macvtap, vnet_hdr, queues):
    code = ("import fcntl,struct,sys\nfor fd in sys.argv[1].split(':'):\n"
            " n,f=struct.unpack('16sH22x',fcntl.ioctl(int(fd),0x800454d2,bytes(40)));print(n.rstrip(b'\\0').decode(),hex(f))")
    out = ask(macvtap, f"dev=mv0,queues={queues},vnet-hdr={vnet_hdr}", command=("/usr/bin/python3", "-c", code, "{fds}")).out
    flags = 0x1002 | (0x4000 if vnet_hdr == "yes" else 0) | (0x100 if queues > 1 else 0)
    assert out == f"mv0 {flags:#x}\n" * queues


def test_an_alternative_name_opens_it(macvtap):
    macvtap.run("ip", "link", "property", "add", "dev", "mv0", "altname", "a-longer-name-of-the-macvtap")
    assert ask(macvtap, "dev=a-longer-name-of-the-macvtap").out.split()[1] == "mv0"


def test_a_missing_node_is_said_with_the_command_that_makes_it(macvtap):
    """The link's kind decides, not the file's existence."""
    macvtap.run("rm", macvtap.node)
    result = refused(ask(macvtap, "dev=mv0"), f"is a macvtap, and its node {macvtap.node} does not exist")
    hint = result.err.splitlines()[1].removeprefix("hint: ").removesuffix(", as root")
    macvtap.run("sh", "-c", hint)
    assert ask(macvtap, "dev=mv0").code == 0


def test_a_node_that_is_anothers_is_said(macvtap):
    result = refused(ask(macvtap, "dev=mv0", user=BOB), "is a macvtap, and uid", f"may not open its node {macvtap.node}")
    assert f"chown {uid(BOB)} {macvtap.node}" in result.err


def test_a_node_of_another_device_is_noticed(macvtap):
    macvtap.run("ip", "link", "add", "link", "v0", "name", "mv1", "type", "macvtap", "mode", "vepa")
    other = macvtap.link("mv1")["ifindex"]
    numbers = macvtap.run("cat", f"/sys/class/net/mv1/tap{other}/dev").out.strip().split(":")
    macvtap.run("rm", macvtap.node)
    macvtap.run("mknod", "-m", "0666", macvtap.node, "c", *numbers)
    refused(ask(macvtap, "dev=mv0"), "is of another device or of none")
    macvtap.run("rm", macvtap.node)
    macvtap.run("mknod", "-m", "0666", macvtap.node, "c", "1", "3")
    refused(ask(macvtap, "dev=mv0"), "is of another device or of none")


def test_the_hint_for_a_node_of_another_device_keeps_that_node(macvtap):
    """The node may be in use: it is moved, and nothing is deleted."""
    macvtap.run("rm", macvtap.node)
    macvtap.run("mknod", "-m", "0666", macvtap.node, "c", "1", "3")
    hint = ask(macvtap, "dev=mv0").err.splitlines()[1].removeprefix("hint: ").removesuffix(", as root")
    macvtap.run("sh", "-ec", hint)
    assert macvtap.run("stat", "-c", "%t:%T", f"{macvtap.node}.old").out == "1:3\n"
    macvtap.run("chown", ALICE, macvtap.node)
    assert ask(macvtap, "dev=mv0").code == 0


def test_a_node_without_its_link_opens_nothing(macvtap):
    macvtap.run("ip", "link", "del", "mv0")
    refused(ask(macvtap, "dev=mv0"), "target managed='no' but specified dev doesn't exist")
    assert macvtap.taps() == []


def test_one_that_is_held_names_who_holds_it(macvtap):
    """The kernel would attach another queue, and split the traffic."""
    process = macvtap.hold("managed=no,dev=mv0")
    refused(ask(macvtap, "dev=mv0"), "is held by another process", "hint: process ")
    macvtap.end(process)
    assert ask(macvtap, "dev=mv0").code == 0


def test_down_and_a_node_open_to_all_are_warned_of(macvtap):
    macvtap.run("ip", "link", "set", "mv0", "down")
    macvtap.run("chmod", "0666", macvtap.node)
    result = ask(macvtap, "dev=mv0")
    assert result.code == 0 and "warning: it is down" in result.err
    assert f"warning: its node {macvtap.node} is open to all" in result.err


def test_one_that_vanishes_while_it_is_opened(macvtap):
    """strace holds the open of the node; the device goes meanwhile."""
    process = macvtap.start("strace", "-f", "-o", "/dev/shm/trace", "-P", macvtap.node, "-e",
                            "inject=openat:delay_enter=700000", TAPGRANT, "run", "--net", "managed=no,dev=mv0", "--", "true")
    subprocess.run(["sh", "-c", f"until grep -q openat {macvtap.root('/dev/shm/trace')}; do sleep 0.01; done"], timeout=10)
    macvtap.run("ip", "link", "del", "mv0")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 4 and "vanished while it was being opened" in err, err


def test_doctor_knows_it_and_what_programs_make_of_it(macvtap):
    result = macvtap.tapgrant("doctor", "mv0", "--for", "libvirt")
    assert result.code == 0 and f"a macvtap, opened by its node {macvtap.node}" in result.out, result
    assert "<target dev='mv0' managed='no'/>" in result.out
    result = macvtap.tapgrant("doctor", "mv0", "--for", "crosvm")
    assert result.code == 1 and "crosvm gets EINVAL" in result.out and "tapgrant run --net managed=no,dev=mv0" in result.out
    qemu = macvtap.run("qemu-system-x86_64", "-M", "none", "-display", "none", "-netdev",
                       "tap,id=t0,ifname=mv0,script=no,downscript=no", user=ALICE, check=False)
    assert qemu.code == 1 and "Invalid argument" in qemu.err
    assert "qemu gets EINVAL" in macvtap.tapgrant("doctor", "mv0", "--for", "qemu").out
    assert "fix  interface mv0: you may not open its node" in macvtap.tapgrant("doctor", "mv0", user=BOB).out


def test_doctor_knows_it_by_an_alternative_name(macvtap):
    macvtap.run("ip", "link", "property", "add", "dev", "mv0", "altname", "a-name-longer-than-the-kernels-own")
    result = macvtap.tapgrant("doctor", "a-name-longer-than-the-kernels-own", "--for", "libvirt", "--queues", "2")
    assert result.code == 0 and f"interface mv0: a macvtap, opened by its node {macvtap.node}" in result.out, result
    assert "<target dev='mv0' managed='no'/>" in result.out and "<driver queues='2'/>" in result.out


@pytest.mark.parametrize("spoil, answer", [("rm", "EINVAL"), ("chown 0", "EACCES")])
def test_doctor_foretells_what_libvirt_gets_without_its_node(macvtap, spoil, answer):
    macvtap.run(*spoil.split(), macvtap.node)
    found = {one["check"]: one for one in macvtap.tapgrant("doctor", "--json", "mv0", "--for", "libvirt").json}
    assert not found["open"]["ok"] and f"libvirt gets {answer}" in found["open"]["text"], found
    macvtap.run("sh", "-ec", found["open"]["hint"])
    assert macvtap.tapgrant("doctor", "mv0", "--for", "libvirt").code == 0
