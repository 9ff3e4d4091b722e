# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ethernet frames by hand, and the two places where tests send and read them: a tap's descriptor, and a packet socket.

Every frame ends with a tag of its own, so that what comes out can be told from whatever else moves.
"""
import array
import ctypes
import fcntl
import itertools
import os
import select
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import ip_address

BROADCAST = "ff:ff:ff:ff:ff:ff"
TESTS, IPV4, ARP, VLAN, SERVICE, IPV6, LLDP, EAPOL = 0x88b5, 0x0800, 0x0806, 0x8100, 0x88a8, 0x86dd, 0x88cc, 0x888e
TUNGETIFF, SIOCGIFHWADDR, SIOCSIFHWADDR = 0x800454d2, 0x8927, 0x8924
SECONDS = 10  # for what must come
tags = itertools.count(1)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def tag():
    return b"frame" + next(tags).to_bytes(4, "big")


# Frames ---------------------------------------------------------------------------------------------------------------


def frame(source, target=BROADCAST, kind=TESTS, payload=bytes(46), vlan=None):
    outer = struct.pack("!HH", VLAN, vlan) if vlan is not None else b""
    return mac(target) + mac(source) + outer + struct.pack("!H", kind) + payload + tag()


def arp(source, operation, sender, asked, target=BROADCAST):
    """SOURCE says that it has the IPv4 address SENDER: 1 asks for ASKED, 2 answers."""
    return frame(source, target, ARP, struct.pack("!HHBBH6s4s6s4s", 1, IPV4, 6, 4, operation, mac(source),
                                                  ip_address(sender).packed, bytes(6), ip_address(asked).packed))


def bpdu(source, target="01:80:c2:00:00:00"):
    """The bridge SOURCE has priority 0: it would be the root (IEEE 802.1D, 9.3.1)."""
    body = struct.pack("!HBBB8sI8sHHHHH", 0, 0, 0, 0, bytes(2) + mac(source), 0, bytes(2) + mac(source), 0x8001, 0, 20 << 8,
                       2 << 8, 15 << 8)
    return mac(target) + mac(source) + struct.pack("!H", 3 + len(body)) + b"\x42\x42\x03" + body + tag()


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return 0xffff - total


def router_advertisement(source, router="fe80::bad"):
    """SOURCE is a default router for half an hour (RFC 4861, 4.2)."""
    sender, all_nodes = ip_address(router).packed, ip_address("ff02::1").packed
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + struct.pack("!BB6s", 1, 1, mac(source))
    body += struct.pack("!BB5x", 253, 2) + tag()  # an unknown option: bridges cut off what is behind the packet
    sum_of = checksum(sender + all_nodes + struct.pack("!II", len(body), 58) + body)
    body = body[:2] + struct.pack("!H", sum_of) + body[4:]
    return (mac("33:33:00:00:00:01") + mac(source) + struct.pack("!HIHBB", IPV6, 6 << 28, len(body), 58, 255) +
            sender + all_nodes + body)


def udp(source, target, sender, receiver, port=4000):
    """From the IP address SENDER to RECEIVER; the payload is the frame's tag."""
    sender, receiver, payload = ip_address(sender), ip_address(receiver), tag()
    body = struct.pack("!HHHH", 4000, port, 8 + len(payload), 0) + payload + bytes(len(payload) % 2)
    addresses = sender.packed + receiver.packed
    sum_of = checksum(addresses + struct.pack("!II", 8 + len(payload), 17) + body)
    body = body[:6] + struct.pack("!H", sum_of) + body[8:8 + len(payload)]
    if sender.version == 6:
        return mac(target) + mac(source) + struct.pack("!HIHBB", IPV6, 6 << 28, len(body), 17, 64) + addresses + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 17, 0) + addresses
    return mac(target) + mac(source) + struct.pack("!H", IPV4) + head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def tag_of(data):
    return data[-9:]


# Where they are sent and read ------------------------------------------------------------------------------------------


class End:
    """Whoever sends and reads frames; mac is the address that is its own."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __init__(self, descriptor, address):
        self.descriptor = descriptor
        self.mac = address
        os.set_blocking(descriptor, False)

    def send(self, data):
        assert os.write(self.descriptor, data) == len(data)

    def read(self, seconds=SECONDS):
        """The next frame, or None."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return None
        return os.read(self.descriptor, 65536)

    def read_until(self, marker):
        """All that comes before MARKER, which must come."""
        heard, deadline = [], time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            data = self.read(deadline - time.monotonic())
            if data and tag_of(marker) in data:
                return heard
            heard += [data] if data else []
        raise AssertionError("the marker, which nothing stops, did not come: no path")

    def drain(self):
        while self.read(0):
            pass

    def close(self):
        os.close(self.descriptor)


class Port(End):
    """A tap, by its descriptor."""

    def __init__(self, descriptor, address):
        super().__init__(descriptor, address)
        self.name = fcntl.ioctl(descriptor, TUNGETIFF, bytes(40))[:16].rstrip(b"\0").decode()

    @property
    def host_mac(self):
        return fcntl.ioctl(self.descriptor, SIOCGIFHWADDR, bytes(40))[18:24].hex(":")


class Wire(End):
    """The link NAME in the network namespace of the process PID: what of KIND comes in there, and sends out from there.
    Without a NAME all links."""

    def __init__(self, pid, name, address, kind=3):
        self.socket = in_namespace(pid, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind)))
        if name:
            self.socket.bind((name, kind))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE: room for a storm
        super().__init__(self.socket.fileno(), address)

    def read(self, seconds=SECONDS):
        while select.select([self.descriptor], [], [], seconds)[0]:
            data, (_, _, kind, *_) = self.socket.recvfrom(65536)
            if kind != socket.PACKET_OUTGOING:
                return data
        return None

    def close(self):
        self.socket.close()


def in_namespace(pid, make):
    """What MAKE returns in the network namespace of the process PID."""
    def enter():
        with open(f"/proc/{pid}/ns/net", encoding="ascii") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")
        return make()
    with ThreadPoolExecutor(1) as pool:  # a thread of its own: the namespace goes with it
        return pool.submit(enter).result()


@contextmanager
def one_cpu():
    """Frames are queued by CPU: those sent on one CPU arrive in their order."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def heard(end, data, marker):
    """Does END get the frame DATA?  MARKER was sent after it: what did not come before never will, and not for want of a path."""
    return any(tag_of(data) in one for one in end.read_until(marker))


def descriptors(control):
    found = array.array("i")
    for level, kind, payload in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(payload)
    return list(found)
