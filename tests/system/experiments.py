# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What a guest, or the holder of its descriptor, may try on a shared bridge.  Each experiment has a segment of its own: three
granted ports (the spoofer's, the guest's, a third one), and an uplink behind which a router is; all of them know each other.
It returns one word or a few: the cell of tests/system/shared_bridge.table.
"""
import time

from frames import ARP, EAPOL, LLDP, Port, Wire, arp, bpdu, frame, mac, one_cpu, router_advertisement, tag_of
from host import ALICE
from segment import ADDRESS, BRIDGE, NOBODYS, ROUTER, batch, grant, set_address

SPOOFER, GUEST, NEW = ADDRESS["spoofer"], ADDRESS["guest"], "52:54:00:00:00:0d"
EXPERIMENTS = {}


def experiment(name, **options):
    """OPTIONS are the segment's."""
    def note(function):
        EXPERIMENTS[name] = (function, options)
        return function
    return note


def sends(name, receiver, make, **options):
    """The spoofer sends what MAKE makes with its own, genuine address."""
    experiment(name, **options)(lambda segment: segment.gets(receiver, make(SPOOFER)))


def spoofs(name, source, **options):
    """The spoofer sends with SOURCE for its address, to everybody; the router listens."""
    experiment(name)(lambda segment: segment.gets("router", frame(source(segment), **options)))


def who(names):
    return {"": "nobody", "spoofer guest third": "every guest"}.get(" ".join(names), " and ".join(f"the {n}" for n in names))


# A guest's own frames -------------------------------------------------------------------------------------------------

sends("its own address, to the router", "router", lambda own: frame(own, ROUTER))
sends("its own address, to the router, VLAN-tagged", "router", lambda own: frame(own, ROUTER, vlan=7))
sends("its own address, to another guest", "guest", lambda own: frame(own, GUEST))


@experiment("its own address, to the host")
def to_the_host(segment):
    segment.spoofer.drain()
    segment.spoofer.send(arp(SPOOFER, 1, "10.0.0.10", "10.0.0.1"))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        answer = segment.spoofer.read(1)
        if answer and answer[:14] == mac(SPOOFER) + mac(BRIDGE) + ARP.to_bytes(2, "big"):
            return "passes"
    return "stopped"


@experiment("the router, to its own address")
def from_the_router(segment):
    names = segment.receivers(frame(ROUTER, SPOOFER), segment.router)
    return "passes" if names == ["spoofer"] else " ".join(names)


@experiment("500 broadcasts, to the router")
def storm(segment, name="router"):
    frames = [frame(SPOOFER) for _ in range(500)]
    segment.ends[name].drain()
    with one_cpu():
        for data in frames:
            segment.spoofer.send(data)
        sender = segment.spoofer if name == "router" else segment.router
        marker = frame(sender.mac)
        sender.send(marker)
        heard = {tag_of(data) for data in segment.ends[name].read_until(marker)}
    count = sum(tag_of(data) in heard for data in frames)
    return {0: "stopped", 500: "passes"}.get(count, f"{count} pass")


experiment("500 broadcasts, to another guest")(lambda segment: storm(segment, "guest"))

# Another's address as its source --------------------------------------------------------------------------------------

spoofs("spoofed: another guest's address", lambda segment: GUEST)
spoofs("spoofed: the router's address", lambda segment: ROUTER)
spoofs("spoofed: the bridge's address", lambda segment: BRIDGE)
spoofs("spoofed: its own tap's address", lambda segment: segment.spoofer.host_mac)
spoofs("spoofed: nobody's address", lambda segment: NOBODYS)
spoofs("spoofed: another guest's address, VLAN-tagged", lambda segment: GUEST, vlan=7)


@experiment("a guest whose address was spoofed: its traffic goes to")
def after_a_guests_was_spoofed(segment):
    segment.receivers(frame(GUEST), segment.spoofer)
    return who(segment.receivers(frame(ROUTER, GUEST), segment.router))


@experiment("the router whose address was spoofed: its traffic goes to")
def after_the_routers_was_spoofed(segment):
    with one_cpu():
        segment.spoofer.send(frame(ROUTER))
    return who(segment.receivers(frame(GUEST, ROUTER), segment.guest))


@experiment("spoofed in an LLDP frame: the bridge learns the address")
def lldp_teaches(segment):
    segment.spoofer.send(frame(NOBODYS, "01:80:c2:00:00:0e", LLDP))
    segment.speak(segment.spoofer)
    return "yes" if segment.entries(NOBODYS) else "no"


@experiment("200 spoofed addresses: the bridge learns")
def flood(segment):
    sources = [f"52:54:00:ff:00:{number:02x}" for number in range(200)]
    for source in sources:
        segment.spoofer.send(frame(source))
    segment.speak(segment.spoofer)
    return str(len({entry["mac"] for entry in segment.entries()} & set(sources)))


@experiment("a guest that was silent for long: its traffic goes to")
def a_silent_guest(segment):
    batch(segment.host, "link set br0 type bridge fdb_flush\n")
    return who(segment.receivers(frame(ROUTER, GUEST), segment.router))


# What is not in the Ethernet header -------------------------------------------------------------------------------------

sends("forged ARP from its own address, to the router", "router", lambda own: arp(own, 2, "10.0.0.11", "10.0.0.254", ROUTER))
sends("forged ARP from its own address, to another guest", "guest", lambda own: arp(own, 2, "10.0.0.254", "10.0.0.11", GUEST))


@experiment("forged ARP from its own address: the host believes it")
def arp_to_the_host(segment):
    def believed():
        return segment.host.run("ip", "-4", "neigh", "show", "10.0.0.11").out.split(" lladdr ")[1].split()[0]
    segment.guest.send(arp(GUEST, 1, "10.0.0.11", "10.0.0.1"))
    assert believed() == GUEST
    segment.spoofer.send(arp(SPOOFER, 1, "10.0.0.11", "10.0.0.1"))
    return {GUEST: "no", SPOOFER: "yes"}[believed()]


sends("router advertisement, to the router", "router", router_advertisement)
sends("router advertisement, to another guest", "guest", router_advertisement)


@experiment("router advertisement, `allow-ra-bridge = yes`: the host believes it",
            more_rules="allow-ra-bridge = yes\n", accept_ra=1)
def advertisement_to_the_host(segment):
    return believes(segment.host, segment.spoofer, "br0")


@experiment("router advertisement, otherwise: the host believes it")
def advertisement_to_a_fit_bridge(segment):
    return believes(segment.host, segment.spoofer, "br0")


@experiment("router advertisement, to a macvlan on the bridge: the host believes it")
def advertisement_to_what_stands_on_it(segment):
    batch(segment.host, "link add link br0 name mv0 type macvlan\nlink set mv0 addrgenmode none\nlink set mv0 up\n")
    segment.host.run("sysctl", "-qw", "net.ipv6.conf.mv0.accept_ra=1")
    return believes(segment.host, segment.spoofer, "mv0")


def believes(host, end, link):
    end.send(router_advertisement(end.mac))
    routes = host.run("ip", "-6", "route", "show", "default").out
    return "yes" if f"via fe80::bad dev {link}" in routes else "no"


# Bridges' own protocols -------------------------------------------------------------------------------------------------

sends("BPDU, bridge without STP, to the router", "router", bpdu)
sends("LLDP frame, to the router", "router", lambda own: frame(own, "01:80:c2:00:00:0e", LLDP))


def to_a_program(segment, target, kind):
    """Does a program of the host's, which listens for KIND on all interfaces, hear what the spoofer sends as somebody else?"""
    with Wire(segment.host.holder.pid, None, None, kind) as listener:
        segment.spoofer.send(frame(NOBODYS, target, kind))
        segment.spoofer.send(marker := frame(SPOOFER, target, kind))
        return "passes" if [data for data in listener.read_until(marker) if data[6:12] == mac(NOBODYS)] else "stopped"


experiment("LLDP frame from a spoofed address, to the host")(lambda segment: to_a_program(segment, "01:80:c2:00:00:0e", LLDP))
experiment("802.1X frame from a spoofed address, to the host")(lambda segment: to_a_program(segment, "01:80:c2:00:00:03", EAPOL))


@experiment("BPDU of a better root, bridge with STP", stp=1)
def bpdu_with_stp(segment):
    def root():
        # ip-link(8) of Debian 12 shows the bridge's own id for it
        return bytes.fromhex(segment.host.root("/sys/class/net/br0/bridge/root_id").read_text().split(".")[1])
    before = root()
    segment.spoofer.send(bpdu(SPOOFER))
    taken, state = root() == mac(SPOOFER), segment.port(segment.spoofer.name)["state"]
    assert taken or root() == before
    segment.router.send(bpdu(ROUTER))
    deadline = time.monotonic() + 5
    while root() != mac(ROUTER):  # the bridge does listen to BPDUs
        assert time.monotonic() < deadline
    return f"{'is root' if taken else 'stopped'}; {state}"


# The addresses that a user asks for, and those that a holder takes --------------------------------------------------------


def asks_for_the_guests(segment, silent=False):
    """Who gets what the router sends to the guest, once another has asked for its address and the guest has spoken."""
    if silent:
        batch(segment.host, "link set br0 type bridge fdb_flush\n")
    segment.rules(segment.cell)
    asker = grant(segment.host, ALICE, GUEST)
    if asker == "failed":
        return "refused"
    segment.ends["asker"] = asker
    segment.speak(segment.guest)
    return who(segment.receivers(frame(ROUTER, GUEST), segment.router))


experiment("asks for a guest's address: its traffic goes to")(asks_for_the_guests)
experiment("asks for that of a guest without `lock-mac`, just heard", lock="no")(asks_for_the_guests)
experiment("asks for that of a guest without `lock-mac`, aged out", lock="no")(
    lambda segment: asks_for_the_guests(segment, silent=True))


@experiment("asks for the router's address: its traffic goes to")
def asks_for_the_routers(segment):
    segment.ends["asker"] = grant(segment.host, ALICE, ROUTER)
    segment.speak(segment.router)
    return who(segment.receivers(frame(GUEST, ROUTER), segment.guest))


@experiment("asks for the bridge's address")
def asks_for_the_bridges(segment):
    answer = grant(segment.host, ALICE, BRIDGE)
    if isinstance(answer, Port):
        answer.close()
    return {"failed": "refused"}.get(answer, "granted")


@experiment("asks for a guest's address as `host-mac`: its traffic goes to")
def asks_for_the_guests_as_its_taps(segment):
    asker = grant(segment.host, ALICE, NEW, host_mac=GUEST)
    if asker == "failed":
        return "refused"
    segment.ends["asker"] = asker
    return who(segment.receivers(frame(ROUTER, GUEST), segment.router))


@experiment("holder gives its tap a guest's address: traffic goes to")
def takes_the_guests(segment):
    set_address(segment.host, segment.spoofer, GUEST, ALICE)
    return who(segment.receivers(frame(ROUTER, GUEST), segment.router))


@experiment("holder gives it back: what that guest sends")
def takes_and_gives_back(segment):
    before = segment.spoofer.host_mac
    set_address(segment.host, segment.spoofer, GUEST, ALICE)
    set_address(segment.host, segment.spoofer, before, ALICE)
    return "passes" if "router" in segment.receivers(frame(GUEST, ROUTER), segment.guest) else "stopped"


@experiment("holder gives its tap the router's: traffic goes to")
def takes_the_routers(segment):
    set_address(segment.host, segment.spoofer, ROUTER, ALICE)
    return who(segment.receivers(frame(GUEST, ROUTER), segment.guest))


@experiment("a port is made: frames of its own")
def silence(segment):
    for end in segment.ends.values():
        end.drain()
    new = segment.ends["new"] = grant(segment.host, ALICE, NEW)
    to_router, to_others = frame(SPOOFER), frame(ROUTER)
    with one_cpu():
        segment.spoofer.send(to_router)
        segment.router.send(to_others)
    heard = [data for end in segment.ends.values() for data in end.read_until(to_router if end is segment.router else to_others)]
    return str(sum(data[6:12] not in (mac(SPOOFER), mac(ROUTER)) for data in heard))


@experiment("a port is made, the host forwards IPv6: frames of its own")
def silence_of_a_router(segment):
    """A host that forwards tells each of its links what it listens to, also one without an address (MLD), a moment later.
    An ordinary port, made after ours, does: what came out of ours until that has repeated itself is all."""
    def forward(value, interval):
        segment.host.run("sysctl", "-qw", f"net.ipv6.conf.default.mldv2_unsolicited_report_interval={interval}",
                         f"net.ipv6.conf.all.forwarding={value}", f"net.ipv6.conf.default.forwarding={value}")
    forward(1, 100)
    try:
        new = segment.ends["new"] = grant(segment.host, ALICE, NEW)
        batch(segment.host, f"link add plain address {NOBODYS} type veth peer name other\nlink set plain addrgenmode none\n"
                            "link set other addrgenmode none\nlink set other up\n")
        with Wire(segment.host.holder.pid, "other", None) as other:
            batch(segment.host, "link set plain master br0 up\n")
            spoken, deadline = 0, time.monotonic() + 10
            while spoken < 2:
                assert time.monotonic() < deadline, "an ordinary port does not speak either: no experiment"
                data = other.read(1)
                spoken += bool(data) and data[6:12] == mac(NOBODYS)
        segment.router.send(marker := frame(ROUTER))
        own = mac(new.host_mac)
        return str(sum(data[6:12] == own for data in new.read_until(marker)))
    finally:
        forward(0, 1000)
        segment.host.run("ip", "link", "del", "plain", check=False)
