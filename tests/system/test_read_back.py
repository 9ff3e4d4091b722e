# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A kernel that acknowledges a setting and does not do it, as kernels do with attributes that they do not know: the setuid helper
runs under strace(1), which changes one message as it is sent (an attribute's type into an unknown one, a flag away), or answers
a write to /proc/sys instead of the kernel.  The helper must see that it has not got what it asked for, and leave nothing.
"""
import errno
import re
import struct

import pytest

from ask_helper import interface, request
from by_hand import under_strace
from frames import mac
from segment import RULE

NEWLINK, SETLINK, NEWNEIGH, AF_BRIDGE = 16, 19, 28, 7
ADDRESS, MTU, MASTER, PROTINFO, IFALIAS, LLADDR, AF_SPEC = 1, 4, 10, 12, 20, 2, 26
INET, INET6, CONF = 2, 10, 1
FORWARDING, RP_FILTER, ARP_IGNORE, ADDR_GEN_MODE = 1, 8, 19, 8
GUARD, PROTECT, LEARNING, ISOLATED, LOCKED = 5, 6, 8, 33, 39
UNKNOWN = 0x3fff
STICKY, PERMANENT, IFF_UP = 0x40, 0x80, 1
GUEST = "52:54:00:00:00:0a"
MTU_OF_BRIDGE = 4000

# Where a message of the types and the family has the attribute (in the nest of the first): its type becomes an unknown one
LOST = {
    "the address": (0, ADDRESS), "the MTU": (0, MTU), "the bridge": (0, MASTER), "the alias": (0, IFALIAS),
    "all port flags": (AF_BRIDGE, PROTINFO), "guard": (AF_BRIDGE, PROTINFO, GUARD), "root block": (AF_BRIDGE, PROTINFO, PROTECT),
    "learning": (AF_BRIDGE, PROTINFO, LEARNING), "isolated": (AF_BRIDGE, PROTINFO, ISOLATED),
    "locked": (AF_BRIDGE, PROTINFO, LOCKED),
}
# Where what the host's own stack is to do is in the message, and what a new link does unasked on this host
SETTINGS = {"forwarding": ((AF_SPEC, INET, CONF, FORWARDING), 1), "rp_filter": ((AF_SPEC, INET, CONF, RP_FILTER), 0),
            "arp_ignore": ((AF_SPEC, INET, CONF, ARP_IGNORE), 0), "addr_gen_mode": ((AF_SPEC, INET6, ADDR_GEN_MODE), 0)}
FILES = ["ipv6/conf/{}/accept_ra", "ipv6/conf/{}/disable_ipv6"]


@pytest.fixture
def ready(host):
    host.policy(RULE.format("yes", "yes", ""))
    host.bridge("br0", mtu=MTU_OF_BRIDGE)
    host.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.default.rp_filter=0")
    return host


def ask(host, *options, bridge="br0"):
    """(the answer's word, its error, the trace) of the helper under strace with OPTIONS."""
    return under_strace(host, request(interface(bridge=bridge.encode(), guest_mac=mac(GUEST), vnet_hdr=0)), *options)


def ask_undisturbed(host, *options, bridge):
    """As ask(), with a number that means the same call each time: where rtnl is held, the kernel makes a write begin anew."""
    for _ in range(20):
        told = ask(host, *options, bridge=bridge)
        if "ERESTART" not in told[2]:
            return told
    raise AssertionError(f"was disturbed each time: {told}")


def messages(host, bridge="br0"):
    """What a grant sends, in its order; the link's index is that of the next one."""
    status, _, trace = ask(host, "-e", "trace=sendto", "-e", "write=all", bridge=bridge)
    assert status == "granted"
    dumped = []
    for line in trace.splitlines():
        if line.startswith("sendto("):
            dumped.append(bytearray())
        elif found := re.match(r" \| [0-9a-f]+ ((?: +[0-9a-f]{2})+)  ", line):
            dumped[-1] += bytes.fromhex(found.group(1).replace(" ", ""))
    for one in dumped:
        if len(one) > 24 and one[4:6] in (struct.pack("H", kind) for kind in (NEWLINK, SETLINK, NEWNEIGH)):
            one[20:24] = struct.pack("I", struct.unpack_from("I", one, 20)[0] + 1)
    return dumped


def attribute(message, wanted, start, end):
    """Where in MESSAGE the attribute is, a path through nests; None: nowhere."""
    while start + 4 <= end:
        length, kind = struct.unpack_from("HH", message, start)
        if kind & 0x3fff == wanted[0]:
            return start if len(wanted) == 1 else attribute(message, wanted[1:], start + 4, start + length)
        start += (max(length, 4) + 3) & ~3
    return None


def link_messages(sent, family):
    return [(number, one) for number, one in enumerate(sent, 1)
            if len(one) >= 32 and struct.unpack_from("H", one, 4)[0] in (NEWLINK, SETLINK) and one[16] == family]


def refused(host, number, changed, bridge="br0"):
    """The NUMBERth message begins with CHANGED instead: the helper fails, and leaves nothing."""
    told = ask(host, "-e", f"inject=sendto:poke_enter=@arg2={changed.hex()}:when={number}", bridge=bridge)
    assert host.taps() == [] and not host.run("bridge", "fdb", "show", "br", "br0").out.count(GUEST)
    assert host.link("br0")["mtu"] == MTU_OF_BRIDGE
    return told[:2]


@pytest.mark.parametrize("what", LOST)
def test_an_attribute_that_the_kernel_ignores_is_noticed(ready, what):
    family, *path = LOST[what]
    places = [(number, one, attribute(one, path, 32, len(one))) for number, one in link_messages(messages(ready), family)]
    number, message, place = next(found for found in places if found[2])
    changed = message[:place + 2] + struct.pack("H", UNKNOWN)
    # the kernel itself refuses a port's flags where there is no port
    assert refused(ready, number, changed) == ("failed", errno.EOPNOTSUPP if what == "the bridge" else errno.ESTALE)


def test_a_link_that_does_not_come_up_is_noticed(ready):
    sent = [found for found in link_messages(messages(ready), 0) if struct.unpack_from("I", found[1], 24)[0] & IFF_UP]
    (number, message), = sent
    assert refused(ready, number, message[:24] + bytes(8)) == ("failed", errno.ESTALE)


@pytest.mark.parametrize("what", ["not sticky", "local", "of another address"])
def test_an_entry_of_the_forwarding_table_that_is_not_as_asked_is_noticed(ready, what):
    (number, message), = [(number, one) for number, one in enumerate(messages(ready), 1)
                          if len(one) > 28 and struct.unpack_from("H", one, 4)[0] == NEWNEIGH]
    if what == "not sticky":
        message[26] &= ~STICKY
    elif what == "local":
        message[24:27] = struct.pack("HB", PERMANENT, message[26] & ~STICKY)
    else:
        message[attribute(message, [LLADDR], 28, len(message)) + 9] ^= 1
    assert refused(ready, number, message) == ("failed", errno.ESTALE)


def test_a_further_queue_that_did_not_attach_is_noticed(ready):
    """The kernel, here strace(1), says that the third queue is attached, and the tap has two."""
    ready.policy(RULE.format("yes", "yes", "queues = 3\n"))
    asked = request(interface(guest_mac=mac(GUEST), queues=3))
    status, _, trace = under_strace(ready, asked, "-e", "trace=ioctl")
    attached = [number for number, line in enumerate(re.findall("^ioctl.*", trace, re.M), 1) if "TUNSETIFF" in line]
    assert status == "granted" and len(attached) == 3
    told = under_strace(ready, asked, "-e", f"inject=ioctl:retval=0:when={attached[2]}")
    assert told[:2] == ("failed", errno.ESTALE)


@pytest.mark.parametrize("bridge", ["br0", ""])
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_the_host_that_stays_as_it_was_is_noticed(ready, setting, bridge):
    path, value = SETTINGS[setting]
    places = [(number, one, attribute(one, path, 32, len(one))) for number, one in link_messages(messages(ready, bridge), 0)]
    (number, message, place), = [found for found in places if found[2]]
    assert message[place + 4] != value
    changed = message[:place + 4] + bytes([value])
    assert refused(ready, number, changed, bridge) == ("failed", errno.ESTALE)


@pytest.mark.parametrize("bridge", ["br0", ""])
@pytest.mark.parametrize("setting", FILES)
def test_a_setting_of_the_host_that_is_not_taken_is_noticed(ready, setting, bridge):
    setting = setting.format("tg0")
    status, _, trace = ask_undisturbed(ready, "-y", "-e", "trace=write", bridge=bridge)
    assert status == "granted"
    calls = [line for line in trace.splitlines() if line.startswith("write(")]
    number, = [number for number, line in enumerate(calls, 1) if f"/proc/sys/net/{setting}>" in line]
    told = ask_undisturbed(ready, "-e", "trace=write", "-e", f"inject=write:retval=1:when={number}", bridge=bridge)
    assert told[:2] == ("failed", errno.ESTALE)
    assert ready.taps() == []


@pytest.mark.parametrize("bridge", ["br0", ""])
def test_a_host_that_hides_its_settings_of_ipv6_is_no_host_without_ipv6(ready, bridge):
    ready.run("mount", "-t", "tmpfs", "tmpfs", "/proc/sys/net/ipv6")
    assert ask(ready, "-e", "trace=write", bridge=bridge)[:2] == ("failed", errno.ESTALE)
    assert ready.taps() == []
