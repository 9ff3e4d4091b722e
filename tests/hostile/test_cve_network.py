# SPDX-License-Identifier: LGPL-2.1-or-later
"""W1 to W14 of SECURITY.md's table: the host's network.  Frames between ports are in tests/system."""
import pytest

from ask_helper import interface, request
from calls import POLICY
from host import ALICE, TAPGRANT

RULE = "[rule lab]\nuser = *\nbridge = * none\nisolate = no\nlock-mac = no\nhost-mac = *\nmtu = 68-65521\nqueues = 4\n"
TAKE_MAC = """
import fcntl, os, struct, sys
fd = int(sys.argv[1])
for mac in ('000000000002', '020000000001'):
    try:
        fcntl.ioctl(fd, 0x8924, struct.pack('16sH6s16x', sys.argv[2].encode(), 1, bytes.fromhex(mac)))  # SIOCSIFHWADDR
    except OSError as error:
        print(error.errno)
print('done', flush=True)
sys.stdin.read()
"""


def holder(host, spec="bridge=br0"):
    process = host.start(TAPGRANT, "run", "--net", spec, "--", "/usr/bin/python3", "-c", TAKE_MAC, "{fd}", "{dev}", user=ALICE)
    lines = []
    while "done\n" not in lines:
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    return process


@pytest.mark.parametrize("pinned", [True, False])
def test_a_bridge_whose_address_is_fixed_keeps_it_whatever_a_holder_sets(host, pinned):
    """The lowest address of its ports becomes a bridge's own, unless somebody set it; that is why it must be set."""
    host.policy(RULE + "allow-unpinned-bridge = yes\n")
    host.bridge("br0", address="02:00:00:00:00:77" if pinned else None)
    holder(host)
    assert host.link("tg0")["address"] == "02:00:00:00:00:01"
    if pinned:
        assert host.link("br0")["address"] == "02:00:00:00:00:77"
    else:
        assert host.link("br0")["address"] == "02:00:00:00:00:01", "or this test could not fail"


@pytest.mark.parametrize("asked, answer", [
    ({"guest_mac": b"\2\0\0\0\0\1", "host_mac": b"\2\0\0\0\0\1"}, "malformed"), ({"host_mac": b"\1\0\0\0\0\1"}, "malformed"),
    ({"guest_mac": b"\xff" * 6}, "malformed"), ({"host_mac": b"\x33\x33\0\0\0\1"}, "malformed"), ({"mtu": 67}, "malformed"),
    ({"mtu": 1}, "malformed"), ({"mtu": 65522}, "malformed"), ({"mtu": 2 ** 31}, "malformed"), ({"mtu": 2 ** 32 - 1}, "malformed"),
    ({"mtu": 68}, "unfit-bridge"), ({"mtu": 1279}, "unfit-bridge"), ({"mtu": 1499}, "unfit-bridge"), ({"mtu": 1500}, "granted"),
    ({"mtu": 1501}, "granted"), ({"mtu": 65521}, "granted"), ({"queues": 0}, "malformed"), ({"queues": 254}, "malformed"),
    ({"queues": 65535}, "malformed"), ({"vnet_hdr": 2}, "malformed"), ({"vnet_hdr": 65535}, "malformed")])
def test_addresses_and_numbers_at_their_bounds(arena, asked, answer):
    """And the bridge has its MTU and addresses still (the arena looks)."""
    result = arena(RULE).do(request=request(interface(**asked)).hex())
    wrong = [word for word in result["wrong"] if "generated address" not in word]
    assert (result["answer"], wrong) == (answer, []), result


def test_only_a_bridge_is_a_bridge(host):
    """A tap can be enslaved to much else: by kind, not by whether the kernel would do it."""
    host.policy(RULE)
    host.bridge("br0")
    kinds = [("bond", "bond0"), ("vrf", "vrf0 table 10"), ("ifb", "ifb7"), ("veth", "veth7"), ("team", "team0"), ("macvlan", "m0")]
    made = [kind for kind, words in kinds if not host.run(
        "sh", "-c", f"ip link add {words.split()[0]} {'link br0' if kind == 'macvlan' else ''} type {kind} {' '.join(words.split()[1:])}",
        check=False).code]
    assert "veth" in made
    host.tap("atap", None)
    for link in [link["ifname"] for link in host.links() if link["ifname"] != "br0"]:
        assert host.tapgrant("run", "--net", f"bridge={link}", "--", "true").code == 3, link
        assert "master" not in host.link(link)


def test_flags_of_a_device_are_never_its_callers(lab):
    """No NAPI, no NAPI_FRAGS, no carrier trick: type, NO_PI, and of the rest the header and the queues."""
    lab.policy(RULE)
    seen = set()
    for spec in ("vnet-hdr=yes", "vnet-hdr=no", "queues=2", "queues=3,vnet-hdr=no"):
        process = lab.hold(f"bridge=br0,{spec}")
        seen.add(int(lab.root("/sys/class/net/tg0/tun_flags").read_text(), 16))
        lab.end(process)
        lab.wait_gone("tg0")
    assert seen == {0x5002, 0x1002, 0x5102, 0x1102}


def test_no_existing_device_is_ever_changed(arena):
    """It has no word for another device: a thousandth of what it is told is a name, and that is always of a new one."""
    one = arena(POLICY + "dev = *\n")
    one.host.tap("theirs", None)
    one.host.run("ip", "link", "set", "theirs", "up")
    before = {link["ifname"]: (link["flags"], link["mtu"], link.get("address"), link.get("master"), link.get("altnames"))
              for link in one.host.links()}
    for asked in (interface(dev=b"theirs"), interface(dev=b"br0"), interface(dev=b"lo"), interface(dev=b"far"),
                  interface(bridge=b"theirs"), interface(bridge=b"lo"), interface(bridge=b"far")):
        result = one.do(request=request(asked).hex())
        assert result["answer"] in ("name-taken", "denied"), result
    after = {link["ifname"]: (link["flags"], link["mtu"], link.get("address"), link.get("master"), link.get("altnames"))
             for link in one.host.links()}
    assert after == before


def test_a_new_device_says_nothing_of_its_own(lab):
    """Made up while it was not yet a port, it would have asked for routers, and told its neighbours of the host."""
    monitor = """
import fcntl, os, select, sys
fd, frames = int(sys.argv[1]), []
while select.select([fd], [], [], 1.5)[0]:
    frames.append(os.read(fd, 65536)[10:].hex())
print(*frames)
"""
    result = lab.run(TAPGRANT, "run", "--net", "bridge=none", "--", "/usr/bin/python3", "-c", monitor, "{fd}", user=ALICE)
    assert not result.out.split(), "no address, no neighbour discovery, no multicast report"
