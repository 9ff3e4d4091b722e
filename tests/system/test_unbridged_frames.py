# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Frames from a granted tap without a bridge, and from a granted port whose bridge was deleted, on a host that routes; and the same
from an ordinary tap (ip tuntap) with the kernel's defaults, which shows that there is a path: against unbridged.table, which
SECURITY.md shows.
"""
import fcntl
import os
import socket
import struct
from pathlib import Path

import pytest

from frames import ARP, End, Port, Wire, arp, heard, in_namespace, mac, one_cpu, router_advertisement, tag_of, udp
from host import ALICE, PREFIX, Host
from segment import BRIDGE, ROUTER, RULE, batch, far_away, grant

TABLE = Path(__file__).with_name("unbridged.table")
SECURITY = Path(__file__).parents[2] / "SECURITY.md"
EXAMPLE = PREFIX / "share/tapgrant/examples/tapgrant.nft"
GUEST, TUNSETIFF, TAP, NO_PI = "52:54:00:00:00:0a", 0x400454ca, 0x0002, 0x1000
EXPERIMENTS = {}


class Datagrams(End):
    """The host's own UDP socket."""

    def __init__(self, host):
        self.socket = in_namespace(host.holder.pid, lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(("::", 4000))
        super().__init__(self.socket.fileno(), None)

    def close(self):
        self.socket.close()


class Routed:
    """The tap has 10.9.0.1/24 and 2001:db8:9::1/64 on the host; behind the uplink is the router, 192.0.2.2 and 2001:db8:1::2."""

    def __init__(self, host, far, make, before):
        self.host = host
        batch(host, f"link add uplink type veth peer name far address {ROUTER}\nlink set far netns {far}\nlink set uplink up\n"
                    "address add 192.0.2.1/24 dev uplink\naddress add 2001:db8:1::1/64 dev uplink nodad\n"
                    f"neigh add 192.0.2.2 dev uplink lladdr {ROUTER}\nneigh add 2001:db8:1::2 dev uplink lladdr {ROUTER}\n")
        host.run("nsenter", f"--net=/proc/{far}/ns/net", "ip", "link", "set", "far", "up")
        self.router, self.local = Wire(far, "far", ROUTER), Datagrams(host)
        for family in ("ipv4", "ipv6"):
            self.forward(family, int(family in before))
        self.tap = make(host)
        batch(host, f"address add 10.9.0.1/24 dev {self.tap.name}\nneigh add 10.9.0.2 dev {self.tap.name} lladdr {GUEST}\n")
        # where IPv6 is disabled there is no address to have
        host.run("ip", "address", "add", "2001:db8:9::1/64", "dev", self.tap.name, "nodad", check=make is ordinary)

    def close(self):
        for end in (self.router, self.local, self.tap):
            end.close()
        self.host.wait_gone(self.tap.name)
        batch(self.host, "link del uplink\n")
        self.host.run("nft", "flush", "ruleset")

    def forward(self, family, value=1):
        self.host.run("sysctl", "-qw", f"net.{family}.conf.all.forwarding={value}")

    def udp(self, source, target):
        return udp(GUEST, self.tap.host_mac, source, target)

    def gets(self, end, data):
        """Does the router, or the host itself, get what the tap sends?  The marker is one that nothing stops."""
        marker = self.udp("10.9.0.2", "10.9.0.1")
        with one_cpu():
            self.tap.send(data)
            if end is self.local:
                self.tap.send(marker)
            else:
                self.local.socket.sendto(tag_of(marker), ("::ffff:192.0.2.2", 4000))
            return "passes" if heard(end, data, marker) else "stopped"


def alone(host):
    return grant(host, ALICE, GUEST, bridge="")


def port_whose_bridge_was_deleted(host):
    """It stays up, and is an interface of the host's own from then on."""
    batch(host, f"link add br0 address {BRIDGE} type bridge\n")
    host.run("sysctl", "-qw", "net.ipv6.conf.br0.accept_ra=0")
    batch(host, "link set br0 up\n")
    port = grant(host, ALICE, GUEST)
    assert host.link(port.name)["master"] == "br0"
    batch(host, "link del br0\n")
    link = host.link(port.name)
    assert "UP" in link["flags"] and "master" not in link
    return port


def ordinary(host):
    host.tap("plain", ALICE)
    host.run("ip", "link", "set", "plain", "up")

    def attach():
        descriptor = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", b"plain", TAP | NO_PI))
        fcntl.ioctl(descriptor, 0x400454cb, 0)  # TUNSETPERSIST: gone when closed
        return descriptor
    return Port(in_namespace(host.holder.pid, attach), GUEST)


def experiment(name, *before):
    """What is in BEFORE ("ipv4", "ipv6") the host forwards when the tap is made."""
    def note(function):
        EXPERIMENTS[name] = (function, before)
        return function
    return note


@experiment("IPv4, to the router, on a host that forwards", "ipv4")
def to_the_router(routed):
    return routed.gets(routed.router, routed.udp("10.9.0.2", "192.0.2.2"))


@experiment("IPv4, to the router, forwarding switched on later")
def forwarded_later(routed):
    routed.forward("ipv4")
    return to_the_router(routed)


@experiment("IPv4, to the router, on later, with the option of `tapgrant.nft`")
def forwarded_later_and_filtered(routed):
    text = EXAMPLE.read_text().replace("#iifname @taps drop", "iifname @taps drop")
    assert text != EXAMPLE.read_text()
    filtered = routed.host.folder / "option.nft"
    filtered.write_text(text)
    routed.host.run("nft", "-f", filtered)
    return forwarded_later(routed)


@experiment("IPv4 from a spoofed address, to the router, on later")
def spoofed_to_the_router(routed):
    routed.forward("ipv4")
    return routed.gets(routed.router, routed.udp("192.0.2.77", "192.0.2.2"))


@experiment("IPv4, to the host")
def to_the_host(routed):
    return routed.gets(routed.local, routed.udp("10.9.0.2", "10.9.0.1"))


@experiment("IPv4 from a spoofed address, to the host")
def spoofed_to_the_host(routed):
    return routed.gets(routed.local, routed.udp("192.0.2.77", "10.9.0.1"))


@experiment("IPv4 from a spoofed address, to the host, with conf.all.rp_filter=2")
def spoofed_to_a_loose_host(routed):
    """Of a device's own setting and that of all the kernel takes the larger one, and 2 is the laxer: ip-sysctl.rst."""
    routed.host.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=2")
    try:
        return spoofed_to_the_host(routed)
    finally:
        routed.host.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")


@experiment("IPv6, to the router, on a host that forwards", "ipv6")
def ipv6_to_the_router(routed):
    return routed.gets(routed.router, routed.udp("2001:db8:9::2", "2001:db8:1::2"))


@experiment("IPv6, to the router, forwarding switched on later")
def ipv6_forwarded_later(routed):
    routed.forward("ipv6")
    return ipv6_to_the_router(routed)


def switch_ipv6_on(routed):
    """An everyday line, which the kernel writes into every interface: net/ipv6/addrconf.c, addrconf_disable_ipv6()."""
    routed.host.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0")


@experiment("IPv6, to the router, conf.all.disable_ipv6=0 written later", "ipv6")
def ipv6_switched_on_later(routed):
    switch_ipv6_on(routed)
    return ipv6_to_the_router(routed)


@experiment("IPv6, to the router, written later, with `tapgrant.nft`", "ipv6")
def ipv6_filtered(routed):
    routed.host.run("nft", "-f", EXAMPLE)
    return ipv6_switched_on_later(routed)


@experiment("IPv6, to the host")
def ipv6_to_the_host(routed):
    return routed.gets(routed.local, routed.udp("2001:db8:9::2", "2001:db8:1::1"))


@experiment("IPv6, to the host, conf.all.disable_ipv6=0 written later")
def ipv6_to_the_host_later(routed):
    switch_ipv6_on(routed)
    return ipv6_to_the_host(routed)


@experiment("IPv6, to the host, written later, with `tapgrant.nft`")
def ipv6_to_the_host_filtered(routed):
    routed.host.run("nft", "-f", EXAMPLE)
    return ipv6_to_the_host_later(routed)


@experiment("ARP for an address of the host's other side: answered")
def weak_host(routed):
    routed.tap.send(arp(GUEST, 1, "10.9.0.2", "192.0.2.1"))
    routed.tap.send(arp(GUEST, 1, "10.9.0.2", "10.9.0.1"))
    answers = []
    while not answers or answers[-1] != "10.9.0.1":
        data = routed.tap.read()
        if data[:6] == mac(GUEST) and data[12:14] == ARP.to_bytes(2, "big"):
            answers.append(socket.inet_ntoa(data[28:32]))
    return "yes" if "192.0.2.1" in answers else "no"


@experiment("router advertisement: the host believes it")
def believes(routed):
    routed.tap.send(router_advertisement(GUEST))
    routes = routed.host.run("ip", "-6", "route", "show", "default").out
    return "yes" if f"via fe80::bad dev {routed.tap.name}" in routes else "no"


@experiment("router advertisement, conf.all.disable_ipv6=0 written later: believed")
def believes_later(routed):
    switch_ipv6_on(routed)
    return believes(routed)


@experiment("router advertisement, MTU set to 1000 and back later: believed")
def believes_after_another_mtu(routed):
    """Below 1280 the kernel forgets all settings of IPv6."""
    for mtu in ("1000", "1500"):
        routed.host.run("ip", "link", "set", routed.tap.name, "mtu", mtu)
    return believes(routed)


@experiment("router advertisement, the same, with `tapgrant.nft`: believed")
def believes_filtered(routed):
    routed.host.run("nft", "-f", EXAMPLE)
    return believes_after_another_mtu(routed)


def rows():
    lines = [line.strip("|").split("|") for line in TABLE.read_text().splitlines()]
    return {first.strip(): [cell.strip() for cell in cells] for first, *cells in lines[2:]}


@pytest.fixture(scope="module")
def far_host():
    host = Host()
    host.policy(RULE.format("yes", "yes", ""))
    host.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")
    yield host, far_away(host)
    host.close()


def measure(host, far, name):
    function, before = EXPERIMENTS[name]
    for make in (alone, port_whose_bridge_was_deleted, ordinary):
        routed = Routed(host, far, make, before)
        try:
            yield function(routed)
        finally:
            routed.close()


def test_the_table_of_taps_without_a_bridge_is_whole_and_shown():
    assert list(rows()) == list(EXPERIMENTS)
    assert TABLE.read_text() in SECURITY.read_text()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_tap_without_a_bridge_passes_what_the_table_says(far_host, name):
    assert list(measure(*far_host, name)) == rows()[name]
