# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hypervisors of the owner, and of nobody else, on taps that tapgrant-apply made; and the order of a boot."""
import re

from guest import answering, said
from host import ALICE, APPLY, BOB, POLICY, TAPGRANT, uid
from test_clients import guest, net, reach  # noqa: F401

FOLDER = POLICY.parent / "interfaces.d"
WEB = f"[interface web]\ndev = web0\nowner = {ALICE}\nbridge = br0\n"
LOCKED = "guest-mac = 52:54:00:12:34:56\nlock-mac = yes\n"


def declare(host, text):
    host.root(FOLDER).mkdir(exist_ok=True)
    host.root(FOLDER / "a.conf").write_text(text)


def test_qemu_of_the_owner_on_a_declared_tap(net):  # noqa: F811
    """By name, without tapgrant; and it stays as it was when QEMU has gone."""
    declare(net, WEB)
    net.run(APPLY)
    stranger = net.start(*answering("tap,id=t0,ifname=web0,script=no,downscript=no"), user=BOB)
    _, err = stranger.communicate(timeout=10)
    assert stranger.returncode == 1 and "Operation not permitted" in err
    process = net.start(*answering("tap,id=t0,ifname=web0,script=no,downscript=no"), user=ALICE)
    reach(net)
    assert net.run(APPLY).out == "created 0, changed 0, unchanged 1, removed 0\n"
    reach(net)
    declare(net, "; nothing\n")
    assert net.run(APPLY, "--prune", check=False).code == 1
    reach(net)
    net.end(process)
    assert net.run(APPLY, "--prune").out.startswith("removed web0\n") and net.taps() == []


def test_a_linux_guest_on_a_declared_and_locked_tap(net, guest):  # noqa: F811
    """Its own address passes; another one does not."""
    declare(net, WEB + LOCKED + f"[interface db]\ndev = db0\nowner = {uid(BOB)}\nbridge = br0\n")
    net.run(APPLY)
    server = net.start(*answering("tap,id=t0,ifname=db0,script=no,downscript=no"), user=BOB)
    reach(net)
    for mac, reached in (("52:54:00:12:34:56", True), ("52:54:00:12:34:57", False)):
        result = net.run(TAPGRANT, "run", "--net", "managed=no,dev=web0", "--", *guest.qemu(
            "tap,id=n,fd={fd}", f"virtio-net-pci,netdev=n,mac={mac},romfile=", "10.88.0.1,10.88.0.2"), user=ALICE, timeout=180)
        words = said(result.out)
        assert ("reached 10.88.0.1" in words and "reached 10.88.0.2" in words) is reached, result.out
        assert words[-1] == "done" and any(mac in word for word in words)
    net.end(server)
    assert net.run(APPLY).out == "created 0, changed 0, unchanged 2, removed 0\n"


def test_the_order_of_a_boot(host):
    """Nothing there; the unit's command before the bridge, then behind it; its reload; a shutdown without clean-up."""
    declare(host, WEB + f"[interface db]\ndev = db0\nowner = {uid(BOB)}\n")
    unit = (APPLY.parents[1] / "lib/systemd/system/tapgrant-apply.service").read_text()
    start, again = (re.search(f"^{word}=(.*)$", unit, re.M).group(1).split() for word in ("ExecStart", "ExecReload"))
    first = host.run(*start, check=False)
    assert first.code == 1 and "bridge br0: there is none" in first.err, "and so systemd tries again"
    assert host.taps() == ["db0"]
    host.bridge("br0")
    assert host.run(*start).out == "created web0\ncreated 1, changed 0, unchanged 1, removed 0\n"
    host.run("ip", "link", "del", "web0")
    assert host.run(*again).out == "created web0\ncreated 1, changed 0, unchanged 1, removed 0\n"
    for word in ("Type=oneshot", "RemainAfterExit=yes", "Restart=on-failure", "CapabilityBoundingSet=CAP_NET_ADMIN",
                 "ProtectSystem=strict"):
        assert f"\n{word}\n" in unit
    after, before = (set(" ".join(re.findall(f"^{word}=(.*)$", unit, re.M)).split()) for word in ("After", "Before"))
    assert {"network.target", "nss-lookup.target", "nss-user-lookup.target", "systemd-networkd.service",
            "NetworkManager.service"} <= after
    assert {"libvirtd.service", "virtqemud.service", "virtnetworkd.service", "libvirt-guests.service"} <= before
