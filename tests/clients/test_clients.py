# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real hypervisors, unprivileged, with real packets."""
import re
import time

import pytest

from guest import Guest, answering, said
from host import ALICE, BOB, TAPGRANT, uid

OPEN_AND_LOCKED = f"""\
[rule open]
user = {BOB}
bridge = br0
isolate = no
lock-mac = no

[rule locked]
user = {ALICE}
bridge = br0
isolate = yes
lock-mac = yes
"""


@pytest.fixture(scope="session")
def guest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guest")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    return Guest(folder)


@pytest.fixture
def net(lab):
    """br0 with the host's own 10.88.0.1 on it."""
    lab.run("ip", "addr", "add", "10.88.0.1/24", "dev", "br0")
    return lab


def reach(host, address="10.88.0.2", tries=50):
    for _ in range(tries):
        if host.run("ping", "-c", "1", "-W", "1", address, check=False).code == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"{address} does not answer")


def quit_and_see_it_go(host, process, name):
    host.end(process)
    host.wait_gone(name)


def test_qemu_by_fd_through_run(net):
    process = net.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *answering("tap,id=t0,fd={fd}"), user=ALICE)
    reach(net)
    assert net.link("tg0")["linkinfo"]["info_data"]["user"] == ALICE
    quit_and_see_it_go(net, process, "tg0")


def test_qemu_by_ifname_on_a_tap_of_create(net):
    net.tapgrant("create", "--net", f"dev=u{uid(ALICE)}-q,bridge=br0", check=True)
    process = net.start(*answering(f"tap,id=t0,ifname=u{uid(ALICE)}-q,script=no,downscript=no"), user=ALICE)
    reach(net)
    net.end(process)
    assert net.link(f"u{uid(ALICE)}-q") is not None
    stranger = net.start(*answering(f"tap,id=t0,ifname=u{uid(ALICE)}-q,script=no,downscript=no"), user=BOB)
    _, err = stranger.communicate(timeout=10)
    assert stranger.returncode == 1 and "Operation not permitted" in err


def test_qemu_on_an_administrators_tap_through_run(net):
    net.tap("mytap0", ALICE)
    net.run("ip", "link", "set", "mytap0", "master", "br0", "up")
    process = net.start(TAPGRANT, "run", "--net", "managed=no,dev=mytap0", "--", *answering("tap,id=t0,fd={fd}"), user=ALICE)
    reach(net)
    net.end(process)
    assert net.link("mytap0")["master"] == "br0"


def test_a_linux_guest_keeps_the_network_only_with_its_own_address(net, guest):
    """lock-mac with a generated {guest-mac}: DHCP, pings; another address loses the network at once, its own regains it."""
    net.policy(OPEN_AND_LOCKED)
    server = net.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *answering("tap,id=t0,fd={fd}"), user=BOB)
    reach(net)
    device = "virtio-net-pci,netdev=n,mac={guest-mac},romfile="
    result = net.tapgrant("run", "--net", "bridge=br0", "--", *guest.qemu("tap,id=n,fd={fd}", device, "10.88.0.1,10.88.0.2",
                          other="52:54:00:99:99:99"), check=True, timeout=180)
    address, first, *rest = said(result.out)
    own = first.split()[1]
    assert address.startswith("address 10.88.0.") and re.fullmatch("[0-9a-f][26ae](:[0-9a-f]{2}){5}", own), result.out
    reached = ["reached 10.88.0.1", "reached 10.88.0.2"]
    assert rest == [*reached, "mac 52:54:00:99:99:99", f"mac {own}", *reached, "done"], result.out
    net.end(server)


@pytest.mark.parametrize("queues", [1, 2])
def test_a_linux_guest_gets_an_address_and_pings(net, guest, queues):
    """Its network: another user's QEMU for DHCP, and the host."""
    server = net.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *answering("tap,id=t0,fd={fd}"), user=BOB)
    reach(net)
    netdev = "tap,id=n,fd={fd}" if queues == 1 else "tap,id=n,fds={fds}"
    device = "virtio-net-pci,netdev=n,mac={guest-mac},romfile=" + (",mq=on,vectors=6" if queues == 2 else "")
    result = net.tapgrant("run", "--net", f"bridge=br0,queues={queues},guest-mac=52:54:00:12:34:56", "--",
                          *guest.qemu(netdev, device, "10.88.0.1,10.88.0.2"), check=True, timeout=120)
    words = said(result.out)
    assert words[0].startswith("address 10.88.0."), result.out
    assert words[1] == f"mac 52:54:00:12:34:56 mtu 1500 queues {queues}"
    assert words[2:] == ["reached 10.88.0.1", "reached 10.88.0.2", "done"], result.out
    net.wait_gone("tg1")
    net.end(server)
