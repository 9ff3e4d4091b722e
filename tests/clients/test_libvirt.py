# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's session mode: a daemon of the user's own, without privilege, without systemd."""
import os
import re
import time

import pytest

from guest import answering, said
from host import ALICE, BOB, PREFIX, TAPGRANT, uid
from test_clients import guest, net, reach  # noqa: F401 (fixtures)

BRIDGE_HELPER = PREFIX / "libexec/tapgrant-bridge-helper"
MAC = "52:54:00:12:34:56"
CONF = f'bridge_helper = "{BRIDGE_HELPER}"\nstdio_handler = "file"\n'

DOMAIN = """\
<domain type='qemu'>
  <name>vm1</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>{boot}</os>
  <features><acpi/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    {serial}
    {interface}
  </devices>
</domain>
"""
BRIDGE = "<interface type='bridge'><source bridge='{bridge}'/><mac address='" + MAC + "'/><model type='{model}'/></interface>"
UNMANAGED = ("<interface type='ethernet'><target dev='{dev}' managed='no'/><mac address='" + MAC + "'/>"
             "<model type='virtio'/><rom enabled='no'/></interface>")


class Libvirt:
    """libvirtd of the user ALICE, and virsh."""

    def __init__(self, host):
        self.host = host
        self.home = host.folder / "home"
        for folder in (self.home, self.home / "run", self.home / ".config", self.home / ".config/libvirt"):
            folder.mkdir(mode=0o700)
            os.chown(folder, uid(ALICE), -1)
        (self.home / ".config/libvirt/qemu.conf").write_text(CONF)
        self.daemon = host.start(*self.words("libvirtd", "--timeout", "60"), user=ALICE)
        deadline = time.monotonic() + 20
        while self.virsh("uri", check=False).code and time.monotonic() < deadline:
            time.sleep(0.05)

    def words(self, *words):
        return ["env", f"HOME={self.home}", f"XDG_RUNTIME_DIR={self.home}/run", *words]

    def virsh(self, *words, check=True):
        return self.host.run(*self.words("virsh", "-q", "-c",
                                         f"qemu:///session?socket={self.home}/run/libvirt/libvirt-sock", *words),
                             user=ALICE, check=check)

    def file(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def define(self, interface="", guest=None, ping=""):  # noqa: F811
        boot = serial = ""
        if guest:
            boot = (f"<kernel>{guest.kernel}</kernel><initrd>{guest.initrd}</initrd>"
                    f"<cmdline>console=ttyS0 quiet panic=-1 ping={ping}</cmdline>")
            serial = f"<serial type='file'><source path='{self.home}/serial'/></serial>"
        self.virsh("define", self.file("vm1.xml", DOMAIN.format(boot=boot, serial=serial, interface=interface,
                                                                memory=256 if guest else 32)))

    def live_tap(self):
        """The tap's name, as libvirt knows it."""
        return re.search(r"<target dev='([^']*)'", self.virsh("dumpxml", "vm1").out).group(1)

    def guest_said(self, seconds=60):
        """What the guest said, once it is done."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = (self.home / "serial").read_text(errors="replace") if (self.home / "serial").exists() else ""
            if "done" in said(text):
                return said(text)
            time.sleep(0.1)
        raise AssertionError(f"the guest is not done: {text}")

    def close(self):
        self.virsh("destroy", "vm1", check=False)
        self.host.end(self.daemon)


@pytest.fixture
def libvirt(net):  # noqa: F811
    a_libvirt = Libvirt(net)
    yield a_libvirt
    a_libvirt.close()


def serve(host):
    """Another user's QEMU, which gives addresses."""
    host.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *answering("tap,id=t0,fd={fd}"), user=BOB)
    reach(host)


def answers_of(words):
    assert words[0].startswith("address 10.88.0."), words
    assert words[1] == f"mac {MAC} mtu 1500 queues 1" and words[2:] == ["reached 10.88.0.1", "reached 10.88.0.2", "done"], words


def test_a_libvirt_guest_gets_an_address_and_pings_over_a_bridge(libvirt, guest):  # noqa: F811
    host = libvirt.host
    serve(host)
    libvirt.define(BRIDGE.format(bridge="br0", model="virtio"), guest, "10.88.0.1,10.88.0.2")
    libvirt.virsh("start", "vm1")
    tap = libvirt.live_tap()
    assert tap == "tg1" and host.link(tap)["master"] == "br0" and host.link(tap)["linkinfo"]["info_data"]["vnet_hdr"]
    answers_of(libvirt.guest_said())
    libvirt.virsh("destroy", "vm1", check=False)  # it may have gone by itself
    host.wait_gone(tap)


# Waits for a DHCP request of the guest: it asks once it has read what a server offered, so both ways are open.
SNIFF = """
import socket, sys
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
packets.bind(("br0", 0))
packets.settimeout(30)
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
print("listening", flush=True)
while True:
    frame = packets.recv(2048)
    if frame[6:12] == mac and frame[23:24] == b"\\x11" and frame[36:38] == b"\\0\\x43" and b"\\x35\\x01\\x03" in frame[278:]:
        break
print("requested", flush=True)
"""


def test_libvirt_e1000_over_a_bridge(libvirt):
    """No vnet-hdr is asked for here.  The packets are of the card's boot firmware: Debian's cloud kernel has no e1000."""
    host = libvirt.host
    serve(host)
    sniffer = host.start("/usr/bin/python3", "-c", SNIFF, MAC)
    assert sniffer.stdout.readline() == "listening\n"
    libvirt.define(BRIDGE.format(bridge="br0", model="e1000").replace("<model", "<boot order='1'/><model"))
    libvirt.virsh("start", "vm1")
    tap = libvirt.live_tap()
    assert host.link(tap)["master"] == "br0" and not host.link(tap)["linkinfo"]["info_data"]["vnet_hdr"]
    assert sniffer.stdout.readline() == "requested\n", sniffer.stderr.read()
    libvirt.virsh("destroy", "vm1")
    host.wait_gone(tap)


@pytest.mark.parametrize("model", ["virtio", "e1000"])
def test_libvirt_attaches_and_detaches(libvirt, model):
    host = libvirt.host
    libvirt.define()
    libvirt.virsh("start", "vm1")
    interface = libvirt.file("interface.xml", BRIDGE.format(bridge="br0", model=model))
    libvirt.virsh("attach-device", "vm1", interface, "--live")
    tap = libvirt.live_tap()
    assert tap == "tg0" and host.link(tap)["master"] == "br0"
    assert "-sandbox on" in (libvirt.home / ".cache/libvirt/qemu/log/vm1.log").read_text()
    libvirt.virsh("destroy", "vm1")
    host.wait_gone(tap)


def test_libvirt_quotes_why_a_bridge_is_denied(libvirt):
    libvirt.define(BRIDGE.format(bridge="br9", model="virtio"))
    result = libvirt.virsh("start", "vm1", check=False)
    assert result.code == 1 and "tapgrant: bridge br9: " in result.err and "hint: " in result.err, result
    assert libvirt.host.taps() == []


def test_a_libvirt_guest_on_an_unmanaged_tap_of_create(libvirt, guest):  # noqa: F811
    host = libvirt.host
    tap = f"u{uid(ALICE)}-vm1"
    host.tapgrant("create", "--net", f"dev={tap},bridge=br0,guest-mac={MAC}", check=True)
    before = host.link(tap)
    serve(host)
    libvirt.define(UNMANAGED.format(dev=tap), guest, "10.88.0.1,10.88.0.2")
    libvirt.virsh("start", "vm1")
    assert libvirt.live_tap() == tap
    answers_of(libvirt.guest_said())
    libvirt.virsh("destroy", "vm1", check=False)
    after = host.link(tap)
    for key in ("ifindex", "address", "mtu", "master", "ifalias", "altnames", "group"):
        assert after.get(key) == before.get(key), (key, before, after)
    assert after["linkinfo"]["info_data"]["user"] == ALICE and after["linkinfo"]["info_data"]["persist"]


def test_libvirt_on_two_queues_of_a_tap_of_create(libvirt):
    host = libvirt.host
    tap = f"u{uid(ALICE)}-vm1"
    host.tapgrant("create", "--net", f"dev={tap},bridge=br0,queues=2", check=True)
    libvirt.define(UNMANAGED.format(dev=tap).replace("<rom ", "<driver queues='2'/><rom "))
    libvirt.virsh("start", "vm1")
    info = host.link(tap)["linkinfo"]["info_data"]  # the second is off until the guest turns it on
    assert info["numqueues"] + info["numdisabled"] == 2, info
    libvirt.virsh("destroy", "vm1")
    assert host.link(tap)["master"] == "br0"


def test_what_libvirt_does_without_managed_no(libvirt):
    """It refuses a tap that exists, and its clean-up deletes it, as the owner may: docs/recipes.md warns of it."""
    host = libvirt.host
    tap = f"u{uid(ALICE)}-vm1"
    host.tapgrant("create", "--net", f"dev={tap},bridge=br0", check=True)
    libvirt.define(UNMANAGED.format(dev=tap).replace(" managed='no'", ""))
    result = libvirt.virsh("start", "vm1", check=False)
    assert result.code == 1 and "already exists" in result.err, result
    host.wait_gone(tap)


def settings(host, tap):
    """All of a tap that libvirt must leave alone."""
    link = host.link(tap)
    info = link["linkinfo"]["info_data"]
    return [link.get(key) for key in ("ifindex", "address", "mtu", "master", "ifalias", "altnames", "group")] + [
        "UP" in link["flags"], info.get("user"), info.get("group"), info["persist"], info["multi_queue"]]


def test_libvirt_attaches_and_detaches_an_unmanaged_tap(libvirt):
    """The definition keeps the name and the attribute; the tap stays as it was, with the domain and after it."""
    host = libvirt.host
    tap = f"u{uid(ALICE)}-vm1"
    host.tapgrant("create", "--net", f"dev={tap},bridge=br0,guest-mac={MAC}", check=True)
    before = settings(host, tap)
    libvirt.define()
    libvirt.virsh("start", "vm1")
    interface = libvirt.file("interface.xml", UNMANAGED.format(dev=tap))
    libvirt.virsh("attach-device", "vm1", interface, "--live", "--config")
    for words in (["dumpxml", "vm1"], ["dumpxml", "--inactive", "vm1"]):
        assert f"<target dev='{tap}' managed='no'/>" in libvirt.virsh(*words).out
    assert "LOWER_UP" in host.link(tap)["flags"] and settings(host, tap) == before
    libvirt.virsh("destroy", "vm1")
    deadline = time.monotonic() + 5
    while "LOWER_UP" in host.link(tap)["flags"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "LOWER_UP" not in host.link(tap)["flags"] and settings(host, tap) == before
    assert host.tapgrant("run", "--net", f"managed=no,dev={tap}", "--", "true").code == 0, "it is free again"


def test_libvirt_leaves_the_mtu_and_address_of_an_unmanaged_tap(libvirt):
    """The guest is told; the device is not touched, and its guest's address may begin with fe."""
    host = libvirt.host
    tap = f"u{uid(ALICE)}-vm1"
    host.tapgrant("create", "--net", f"dev={tap},bridge=br0", check=True)
    before = settings(host, tap)
    interface = UNMANAGED.format(dev=tap).replace("<rom ", "<mtu size='9000'/><rom ").replace(MAC, "fe:11:22:33:44:55")
    libvirt.define(interface)
    libvirt.virsh("start", "vm1")
    assert settings(host, tap) == before and "fe:11:22:33:44:55" in libvirt.virsh("dumpxml", "vm1").out
    libvirt.virsh("destroy", "vm1")
    assert settings(host, tap) == before


@pytest.mark.parametrize("make, queues, says", [
    (["ip", "tuntap", "add", "dev", "x0", "mode", "tap", "user", BOB], 1, "belongs to uid"),
    (["ip", "tuntap", "add", "dev", "x0", "mode", "tun", "user", ALICE], 1, "is no tap but of kind tun"),
    (["ip", "link", "add", "x0", "type", "bridge"], 1, "is no tap but of kind bridge"),
    (["ip", "tuntap", "add", "dev", "x0", "mode", "tap", "user", ALICE], 2, "has one queue, and 2 are asked for"),
    (["true"], 1, "target managed='no' but specified dev doesn't exist")])
def test_what_libvirt_refuses_by_one_errno_has_its_own_sentence_here(libvirt, make, queues, says):
    host = libvirt.host
    host.run(*make)
    libvirt.define(UNMANAGED.format(dev="x0").replace("<rom ", f"<driver queues='{queues}'/><rom " if queues > 1 else "<rom "))
    theirs = libvirt.virsh("start", "vm1", check=False)
    assert theirs.code == 1 and ("Unable to create" in theirs.err or "doesn't exist" in theirs.err), theirs
    ours = host.tapgrant("run", "--net", f"managed=no,dev=x0,queues={queues}", "--", "true")
    assert ours.code == 4 and says in ours.err and "hint: " in ours.err, ours


def test_libvirt_on_a_macvtap(libvirt):
    """managed='no' by its node; the same one tapgrant opens."""
    host = libvirt.host
    host.run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
    host.run("ip", "link", "add", "link", "v0", "name", "mv0", "type", "macvtap", "mode", "vepa")
    index = host.link("mv0")["ifindex"]
    numbers = host.run("cat", f"/sys/class/net/mv0/tap{index}/dev").out.strip().split(":")
    host.run("mknod", "-m", "0600", f"/dev/tap{index}", "c", *numbers)
    host.run("chown", ALICE, f"/dev/tap{index}")
    assert host.tapgrant("run", "--net", "managed=no,dev=mv0", "--", "echo", "{dev}", check=True).out == "mv0\n"
    libvirt.define(UNMANAGED.format(dev="mv0"))
    libvirt.virsh("start", "vm1")
    held = host.tapgrant("run", "--net", "managed=no,dev=mv0", "--", "true")
    assert held.code == 4 and "is held by another process" in held.err, held
    libvirt.virsh("destroy", "vm1")
    assert host.link("mv0")["ifindex"] == index


def test_a_domain_of_a_script_runs_it_with_the_name_as_tapgrant_does(libvirt):
    host = libvirt.host
    tap = f"u{uid(ALICE)}-vm1"
    host.tapgrant("create", "--net", f"dev={tap},bridge=br0", check=True)
    script = host.root("/dev/shm/up")
    script.write_text("#!/bin/sh\necho $# $1 $(id -u) >>/dev/shm/said\n")
    script.chmod(0o755)
    libvirt.define(UNMANAGED.format(dev=tap).replace("<rom ", "<script path='/dev/shm/up'/><rom "))
    libvirt.virsh("start", "vm1")
    libvirt.virsh("destroy", "vm1")
    host.tapgrant("run", "--net", f"managed=no,dev={tap},script=/dev/shm/up", "--", "true", check=True)
    assert host.root("/dev/shm/said").read_text().splitlines() == [f"1 {tap} {uid(ALICE)}"] * 2
