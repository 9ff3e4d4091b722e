# SPDX-License-Identifier: LGPL-2.1-or-later
"""tapgrant-apply: what is declared is there, corrected in place, and nothing else is touched.  Interruption, two runs at
once and removal in detail: test_apply_safety.py."""
import json
import os
import re
import subprocess

import pytest

from host import ALICE, APPLY, BOB, POLICY, uid
from traffic import wait_until_it_forwards

FOLDER = POLICY.parent / "interfaces.d"
WEB = f"""\
[interface web]
dev = web0
owner = {ALICE}
bridge = br0
guest-mac = 52:54:00:12:34:56
mtu = 1500
isolate = yes
lock-mac = yes
"""
PLAIN = f"[interface db]\ndev = db0\nowner = {uid(BOB)}\n"
# attaches to a tap, does what a holder can (ioctl number and value, each), says so and waits
HOLD = """
import fcntl, os, struct, sys
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', sys.argv[1].encode(), int(sys.argv[2], 0)))
for word in sys.argv[3:]:
    number, value = word.split('=')
    fcntl.ioctl(fd, int(number, 0), int(value) if number != '0x400454e2' else struct.pack('i', int(value)))
print('held', flush=True)
sys.stdin.read()
"""
SINGLE, MULTI_QUEUE = 0x5002, 0x5102
PYTHON = os.path.basename(os.path.realpath("/usr/bin/python3"))  # as the holders' program is named
OWNER, GROUP, PERSIST, CARRIER = "0x400454cc", "0x400454ce", "0x400454cb", "0x400454e2"


@pytest.fixture
def declare(host):
    """Writes files of definitions into the default folder.  br0 keeps its MTU: it was set."""
    host.bridge("br0", mtu=1501)
    host.run("ip", "link", "set", "br0", "mtu", "1500")
    folder = host.root(FOLDER)
    folder.mkdir()

    def write(text=None, name="a.conf", mode=0o644):
        path = folder / name
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
            path.chmod(mode)
        return FOLDER / name
    return write


def apply(host, *words, check=True, **kwargs):
    return host.run(APPLY, *words, check=check, **kwargs)


def hold(host, name, *powers, user=ALICE, flags=SINGLE):
    process = host.start("/usr/bin/python3", "-c", HOLD, name, hex(flags), *powers, user=user)
    assert process.stdout.readline() == "held\n", process.stderr.read()
    return process


def let_go(host, process):
    host.end(process)


def steady(value):
    """Without what time, the carrier and the order of joining alone change."""
    moving = r".*timer|state|id|no|port_id|port_no|designated_port|topology_change.*|operstate|flags|qdisc"
    if not isinstance(value, dict):
        return value
    return {key: steady(part) for key, part in value.items() if not re.fullmatch(moving, key)}


def state(host, *names):
    """All that the kernel says of the links but what time alone changes."""
    links = []
    for link in host.links():
        if names and link["ifname"] not in names:
            continue
        links.append(steady(link) | {"up": "UP" in link["flags"]})
    return links


class Monitor:
    """What rtnetlink tells of links while it runs."""

    def __init__(self, host):
        self.host, self.path = host, host.folder / "monitor"
        self.process = host.start("ip", "-o", "monitor", "link", stdout=self.path.open("w"))
        self.mark(60000)

    def mark(self, mtu):
        for n in range(200):  # it may not listen yet
            self.host.run("ip", "link", "set", "lo", "mtu", mtu + n)
            if f"mtu {mtu + n} " in self.path.read_text():
                return
        raise AssertionError("the monitor hears nothing")

    def heard(self, *names):
        self.mark(50000)
        return [line for line in self.path.read_text().splitlines() if any(f" {name}: " in line for name in names)]


def ties(host, name, bridge="br0"):
    table = json.loads(host.run("bridge", "-j", "fdb", "show", "br", bridge).out)
    return [entry["mac"] for entry in table if entry["ifname"] == name and "sticky" in entry["flags"]]


def assert_web(host):
    web = host.link("web0")
    tun, port = web["linkinfo"]["info_data"], web["linkinfo"]["info_slave_data"]
    assert (web["address"], web["mtu"], web["master"], web["ifalias"]) == ("fe:54:00:12:34:56", 1500, "br0",
                                                                           "tapgrant declared=web")
    assert "UP" in web["flags"] and web["group"] == "default"
    assert (tun["user"], tun.get("group"), tun["persist"], tun["multi_queue"]) == (ALICE, None, True, False)
    assert port["isolated"] and port["locked"] and not port["learning"] and port["guard"] and port["root_block"]
    assert ties(host, "web0") == ["52:54:00:12:34:56"]
    return web


def test_what_is_declared_is_there_up_and_its_owners(host, declare):
    declare(WEB + PLAIN + f"mtu = 9000\nqueues = 4\nhost-mac = fe:00:00:00:00:07\nbridge = none\n")
    assert apply(host).out.splitlines() == ["created web0", "created db0", "created 2, changed 0, unchanged 0, removed 0"]
    assert_web(host)
    db = host.link("db0")
    tun = db["linkinfo"]["info_data"]
    assert (tun["user"], tun["persist"], tun["multi_queue"], tun["numqueues"]) == (BOB, True, True, 0)
    assert (db["address"], db["mtu"], db["ifalias"]) == ("fe:00:00:00:00:07", 9000, "tapgrant declared=db")
    assert "UP" in db["flags"]
    assert "master" not in db
    for name, value in (("ipv6/conf/db0/disable_ipv6", "1"), ("ipv4/conf/db0/forwarding", "0"), ("ipv4/conf/db0/rp_filter", "1")):
        assert host.run("cat", f"/proc/sys/net/{name}").out == f"{value}\n"
    for user, name, flags, may in ((ALICE, "web0", SINGLE, True), (BOB, "web0", SINGLE, False), (BOB, "db0", MULTI_QUEUE, True),
                                   (ALICE, "db0", MULTI_QUEUE, False)):
        process = host.start("/usr/bin/python3", "-c", HOLD, name, hex(flags), user=user)
        assert (process.stdout.readline() == "held\n") is may, (user, name)
        host.end(process)


def test_they_hold_no_slot_and_count_for_nobody(host, declare):
    host.policy(f"[rule lab]\nuser = {ALICE}\nbridge = br0\nisolate = no\nlock-mac = no\nmax = 1\n")
    declare("".join(f"[interface i{n}]\ndev = i{n}\nowner = {ALICE}\nbridge = br0\n" for n in range(3)))
    apply(host)
    assert all("altnames" not in host.link(f"i{n}") for n in range(3))
    assert host.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 0


def test_the_mtu_is_the_bridges_where_none_is_said(host, declare):
    host.bridge("br9", mtu=9000)
    declare(f"[interface a]\ndev = a0\nowner = {ALICE}\nbridge = br9\n[interface b]\ndev = b0\nowner = {ALICE}\n")
    apply(host)
    assert (host.link("a0")["mtu"], host.link("b0")["mtu"]) == (9000, 1500)


def test_it_is_for_root_only(host, declare):
    declare(WEB)
    assert APPLY.stat().st_mode & 0o7777 == 0o755
    result = apply(host, user=ALICE, check=False)
    assert result.code == 1 and result.err == "tapgrant: tapgrant-apply: is for root only\n" and host.taps() == []
    assert "Usage: tapgrant-apply" in apply(host, "--help", user=ALICE).out
    assert apply(host, "--version", user=ALICE).out.startswith("tapgrant-apply ")


def test_made_setuid_by_somebody_it_refuses(host, declare):
    declare(WEB)
    copy = host.folder / "copy"
    copy.write_bytes(APPLY.read_bytes())
    copy.chmod(0o4755)
    assert host.run(copy, user=ALICE, check=False).code == 1 and host.taps() == []


def test_cap_net_admin_is_all_it_needs(host, declare):
    declare(WEB + PLAIN)
    words = ["setpriv", "--bounding-set=-all,+net_admin", "--inh-caps=-all", "--no-new-privs"]
    host.run(*words, APPLY)
    assert_web(host)
    host.root(FOLDER / "a.conf").write_text(WEB)
    host.run(*words, APPLY, "--prune")
    assert host.taps() == ["web0"]


def test_a_second_run_changes_nothing_and_says_so(host, declare):
    declare(WEB + PLAIN)
    apply(host)
    before = state(host, "web0", "db0", "br0")
    monitor = Monitor(host)
    assert apply(host).out == "created 0, changed 0, unchanged 2, removed 0\n"
    assert apply(host, "--prune", "--reap", "--force").out == "created 0, changed 0, unchanged 2, removed 0\n"
    assert monitor.heard("web0", "db0", "br0") == []
    assert state(host, "web0", "db0", "br0") == before


DISTURBED = [
    ("mtu", ["ip", "link", "set", "web0", "mtu", "1600"]),
    ("host-mac", ["ip", "link", "set", "web0", "address", "fe:00:00:00:00:99"]),
    ("label", ["ip", "link", "set", "web0", "alias", "tapgrant declared=else"]),
    ("link-group", ["ip", "link", "set", "web0", "group", str(0x74000001)]),
    ("bridge", ["ip", "link", "set", "web0", "nomaster"]),
    ("bridge", ["ip", "link", "set", "web0", "master", "other"]),
    ("isolate", ["bridge", "link", "set", "dev", "web0", "isolated", "off"]),
    ("lock-mac", ["bridge", "link", "set", "dev", "web0", "locked", "off"]),
    ("port", ["bridge", "link", "set", "dev", "web0", "learning", "on"]),
    ("port", ["bridge", "link", "set", "dev", "web0", "guard", "off"]),
    ("guest-mac", ["bridge", "fdb", "del", "52:54:00:12:34:56", "dev", "web0", "master"]),
    ("guest-mac", ["bridge", "fdb", "add", "52:54:00:99:99:99", "dev", "web0", "master", "static", "sticky"]),
    ("up", ["ip", "link", "set", "web0", "down"]),
]


@pytest.mark.parametrize("key, disturb", DISTURBED, ids=[" ".join(words[-4:]) for _, words in DISTURBED])
def test_a_difference_is_corrected_in_place(host, declare, key, disturb):
    host.bridge("other", address="02:00:00:00:00:02")
    declare(WEB)
    apply(host)
    index = assert_web(host)["ifindex"]
    host.run(*disturb)
    result = apply(host)
    assert result.out.startswith(f"changed web0: {key} ") and "changed 1, unchanged 0" in result.out, result
    assert assert_web(host)["ifindex"] == index
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


@pytest.mark.parametrize("mtu", ["mtu = 1000\n", ""])
def test_a_port_below_ipv6s_smallest_mtu_is_not_made(host, declare, mtu):
    """There the kernel has no IPv6 of it, nor settings that would keep it off when somebody raises the MTU."""
    host.bridge("small", address="02:00:00:00:00:02", mtu=1000)
    declare(WEB.replace("br0", "small").replace("mtu = 1500\n", mtu))
    result = apply(host, check=False)
    assert result.code == 1 and host.link("web0") is None
    assert "mtu 1000 is below 1280, where a port has no setting that keeps IPv6 off\nhint: ip link set small mtu 1280\n" in result.err
    host.run("ip", "link", "set", "small", "mtu", "1280")
    declare(WEB.replace("br0", "small").replace("mtu = 1500\n", ""))
    apply(host)
    assert host.link("web0")["mtu"] == 1280 and ipv6(host, "web0") == ["1", "1"]


def test_a_tap_without_a_bridge_has_at_least_the_mtu_of_ipv6(host, declare):
    declare(ALONE.replace("1500", "1279"))
    result = apply(host, check=False)
    assert result.code == 1 and "a.conf:4: 'mtu' 1279 is below 1280: " in result.err and host.link("db0") is None
    declare(ALONE.replace("1500", "1280"))
    apply(host)
    assert host.link("db0")["mtu"] == 1280 and ipv6(host, "db0") == ["1", "1"]


@pytest.mark.parametrize("text", ["", "bridge = br0\n"])
def test_what_the_hosts_own_stack_does_is_set_of_every_tap(host, declare, text):
    """On a port, too: its bridge may be deleted."""
    host.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.default.rp_filter=0")
    declare(ALONE + text)
    apply(host)
    wanted = {"ipv4.conf.db0.forwarding": "0", "ipv4.conf.db0.rp_filter": "1", "ipv4.conf.db0.arp_ignore": "2",
              "ipv6.conf.db0.accept_ra": "0", "ipv6.conf.db0.disable_ipv6": "1", "ipv6.conf.db0.addr_gen_mode": "1"}
    assert {key: host.run("sysctl", "-n", f"net.{key}").out.strip() for key in wanted} == wanted


def test_a_guests_address_that_begins_as_taps_do_is_not_the_taps(host, declare):
    declare(WEB.replace("guest-mac = 52:", "guest-mac = fe:"))
    apply(host)
    assert host.link("web0")["address"] == "fa:54:00:12:34:56"


def ipv6(host, name):
    folder = f"/proc/sys/net/ipv6/conf/{name}"
    return [host.run("cat", f"{folder}/{setting}").out.strip() for setting in ("disable_ipv6", "addr_gen_mode")]


ALONE = f"[interface db]\ndev = db0\nowner = {BOB}\nmtu = 1500\n"


@pytest.mark.parametrize("how, says", [("lowered", "mtu 1000 -> 1500"), ("hand", "ipv6 on -> off"), ("setting", "ipv6 on -> off")])
def test_ipv6_that_came_on_again_goes_off_with_the_correction(host, declare, how, says):
    """The kernel makes a device's IPv6 anew, switched on, where its MTU comes to 1280 from below."""
    declare(ALONE)
    apply(host)
    index = host.link("db0")["ifindex"]
    if how == "setting":
        host.run("sysctl", "-qw", "net.ipv6.conf.db0.disable_ipv6=0")
    else:
        host.run("ip", "link", "set", "db0", "mtu", "1000")
    if how == "hand":
        host.run("ip", "link", "set", "db0", "mtu", "1500")
        assert ipv6(host, "db0")[0] == "0"
    dry = apply(host, "--dry-run").out
    assert "to change 1" in dry and apply(host).out.startswith(f"changed db0: {says}\n")
    link = host.link("db0")
    assert (link["ifindex"], link["mtu"], ipv6(host, "db0")) == (index, 1500, ["1", "1"]) and "UP" in link["flags"]
    assert host.run("cat", "/proc/sys/net/ipv6/conf/db0/accept_ra").out == "0\n"
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


@pytest.mark.parametrize("old, new", [
    ("isolate = yes", "isolate = no"), ("lock-mac = yes", "lock-mac = no"), ("mtu = 1500", "mtu = 2000"),
    ("34:56", "34:57"), ("bridge = br0", "bridge = other"), (ALICE, BOB), ("[interface web]", "[interface www]"),
    ("lock-mac = yes", "lock-mac = yes\nhost-mac = fe:01:02:03:04:05")])
def test_a_changed_definition_is_followed_in_place(host, declare, old, new):
    host.bridge("other", address="02:00:00:00:00:02")
    declare(WEB)
    apply(host)
    index = host.link("web0")["ifindex"]
    declare(WEB.replace(old, new))
    assert "changed 1" in apply(host).out
    changed = host.link("web0")
    assert changed["ifindex"] == index
    host.run("ip", "link", "del", "web0")
    assert "created 1" in apply(host).out
    made, tied = host.link("web0"), ties(host, "web0", changed["master"])
    assert "UP" in changed["flags"] and "UP" in made["flags"]
    changed, made = ({key: value for key, value in steady(link).items() if key != "ifindex"} for link in (changed, made))
    assert changed == made
    assert tied == (["52:54:00:12:34:57" if "57" in new else "52:54:00:12:34:56"] if "no" not in new or
                                        "isolate" in new else [])


def test_an_owner_that_a_holder_changed_is_his_again(host, declare):
    declare(WEB)
    apply(host)
    holder = hold(host, "web0", f"{OWNER}={uid(BOB)}")
    result = apply(host, check=False)
    assert result.code == 1 and f"{FOLDER}/a.conf:3: [interface web]: the device is in use, and its owner cannot" in result.err
    let_go(host, holder)
    assert apply(host).out.startswith(f"changed web0: owner {uid(BOB)} -> {ALICE}")
    assert_web(host)


def test_one_that_its_holder_made_transient_is_there_again_when_he_is_gone(host, declare):
    declare(WEB)
    apply(host)
    holder = hold(host, "web0", f"{PERSIST}=0")
    result = apply(host, check=False)
    assert result.code == 1 and "the device is in use, and its persistence cannot" in result.err
    let_go(host, holder)
    host.wait_gone("web0")
    assert "created 1" in apply(host).out
    assert_web(host)


def test_a_multi_queue_one_is_mended_while_it_is_in_use(host, declare):
    declare(WEB + "queues = 2\n")
    apply(host)
    holder = hold(host, "web0", f"{PERSIST}=0", flags=MULTI_QUEUE)
    index = host.link("web0")["ifindex"]
    assert "persist no -> yes" in apply(host).out
    let_go(host, holder)
    link = host.link("web0")
    assert link["ifindex"] == index and link["linkinfo"]["info_data"]["user"] == ALICE


@pytest.mark.parametrize("flags, queues, powers", [(SINGLE, 1, []), (SINGLE, 1, [f"{CARRIER}=0"]), (MULTI_QUEUE, 2, [])])
def test_whoever_uses_it_is_not_taken_along_to_the_next_owners_bridge(host, declare, flags, queues, powers):
    host.bridge("br1", mtu=1500)
    text = WEB + f"queues = {queues}\n"
    declare(text)
    apply(host)
    holder = hold(host, "web0", *powers, flags=flags)
    index = host.link("web0")["ifindex"]
    declare(text.replace(ALICE, BOB).replace("br0", "br1").replace("isolate = yes", "isolate = no"))
    for _ in range(2):
        result = apply(host, check=False)
        assert result.code == 1 and "[interface web]: the device is in use" in result.err, result
        assert_web(host) if queues == 1 else None
        link = host.link("web0")
        assert (link["master"], link["linkinfo"]["info_data"]["user"]) == ("br0", ALICE)
    let_go(host, holder)
    assert "changed 1" in apply(host).out
    link = host.link("web0")
    assert (link["ifindex"], link["master"], link["linkinfo"]["info_data"]["user"]) == (index, "br1", BOB)


def test_force_takes_one_whose_holder_makes_it_look_as_if_it_were_being_made(host, declare):
    declare(WEB)
    apply(host)
    index = host.link("web0")["ifindex"]
    hold(host, "web0", f"{PERSIST}=0", f"{OWNER}=0")
    dry = apply(host, "--dry-run", check=False)
    assert dry.code == 1 and "failed 1" in dry.out and "[interface web]: is being made by somebody else" in dry.err
    result = apply(host, check=False)
    assert result.code == 1 and "a.conf:3: [interface web]: the device is in use, and its owner cannot" in result.err
    assert "hint: --force" in result.err and host.link("web0")["ifindex"] == index
    assert "changed web0" in apply(host, "--force").out
    assert assert_web(host)["ifindex"] != index


@pytest.mark.parametrize("powers", [[], [f"{PERSIST}=0"], [f"{PERSIST}=0", f"{OWNER}=0"]], ids=["declared", "transient", "both"])
def test_force_takes_one_whose_holder_hides(host, declare, powers):
    """By its carrier, by which use shows; and the owner, or what else only a queue can mend, is to be another."""
    declare(WEB)
    apply(host)
    index = host.link("web0")["ifindex"]
    hold(host, "web0", f"{CARRIER}=0", *powers)
    if not powers:
        declare(WEB.replace(ALICE, BOB))
    result = apply(host, check=False)
    assert result.code == 1 and "a.conf:3: [interface web]: the device is in use, and its " in result.err, result
    assert "hint: --force" in result.err and host.link("web0")["ifindex"] == index
    assert "changed web0" in apply(host, "--force").out
    link = host.link("web0")
    assert link["ifindex"] != index and link["linkinfo"]["info_data"]["user"] == (ALICE if powers else BOB)
    assert "unchanged 1" in apply(host).out


STEAL = """
import fcntl, os, struct
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'other0', 0x5002))
fcntl.ioctl(fd, 0x8924, struct.pack('16sH14s', b'other0', 1, bytes.fromhex('525400123456') + bytes(8)))  # SIOCSIFHWADDR
"""


def test_a_guests_address_that_another_taps_holder_took_is_its_guests_again(host, declare):
    declare(WEB + f"[interface other]\ndev = other0\nowner = {BOB}\nbridge = br0\n")
    apply(host)
    host.run("/usr/bin/python3", "-c", STEAL, user=BOB)
    assert host.link("other0")["address"] == "52:54:00:12:34:56" and ties(host, "web0") == []
    result = apply(host)
    assert "changed other0: host-mac 52:54:00:12:34:56 -> generated" in result.out and "changed 2" in result.out
    assert_web(host)
    assert host.link("other0")["address"].startswith("fe:") and host.link("other0")["master"] == "br0"
    assert apply(host).out == "created 0, changed 0, unchanged 2, removed 0\n"


LEAVE = """
import fcntl, os, struct
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'db0', 0x5002))
fcntl.ioctl(fd, 0x400454d1, struct.pack('HH6s', 0, 1, bytes(6)))  # TUNSETTXFILTER: nothing that anybody sends
fcntl.ioctl(fd, 0x400454d8, struct.pack('i', 20))  # TUNSETVNETHDRSZ
"""
RECEIVE = """
import fcntl, os, select, struct
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'db0', 0x5002))
print('held', flush=True)
print(select.select([fd], [], [], 5)[0] and len(os.read(fd, 4096)), flush=True)
"""
SEND = "import socket; s = socket.socket(17, 3); s.bind(('db0', 0)); s.send(bytes.fromhex('525400123456') + bytes(54))"


def test_the_next_owner_finds_nothing_of_the_last_ones(host, declare):
    """What a holder may have set outlasts him, and shows in nothing: filters, the size of a frame's header."""
    declare(PLAIN.replace(str(uid(BOB)), ALICE))
    apply(host)
    host.run("/usr/bin/python3", "-c", LEAVE, user=ALICE)
    declare(PLAIN)
    assert "changed 1" in apply(host).out
    receiver = host.start("/usr/bin/python3", "-c", RECEIVE, user=BOB)
    assert receiver.stdout.readline() == "held\n"
    host.run("/usr/bin/python3", "-c", SEND)
    assert receiver.stdout.readline() == "70\n"


def test_a_correction_that_needs_none_does_not_interrupt(host, declare):
    """MTU and label while it is in use and up: never set down, its carrier stays."""
    declare(WEB)
    apply(host)
    holder = hold(host, "web0")
    monitor = Monitor(host)
    declare(WEB.replace("1500", "2000").replace("[interface web]", "[interface www]"))
    assert "changed 1" in apply(host).out
    heard = monitor.heard("web0")
    seen = [re.search("<(.*?)>", line).group(1).split(",") for line in heard]
    assert seen and all("UP" in flags and "NO-CARRIER" not in flags for flags in seen), heard
    let_go(host, holder)


@pytest.mark.parametrize("power, says", [
    (None, ":9: [interface web]: the device has one queue only, which the kernel does not change"),
    (f"{GROUP}=65534", ":3: [interface web]: somebody who held the device gave it a group")])
def test_what_the_kernel_cannot_change_is_named_and_force_makes_it_anew(host, declare, power, says):
    declare(WEB)
    apply(host)
    index = host.link("web0")["ifindex"]
    if power:
        let_go(host, hold(host, "web0", power))
        declare(WEB.replace("1500", "2000"))
    else:
        declare(WEB.replace("1500", "2000") + "queues = 2\n")
    for dry in (["--dry-run"], []):
        result = apply(host, *dry, check=False)
        assert result.code == 1 and f"{FOLDER}/a.conf{says}" in result.err and "hint: --force" in result.err, result
        assert dry or result.out.startswith("changed web0: mtu 1500 -> 2000\n"), result
        assert ("change 1," if dry else "changed 1,") in result.out and "failed 1" in result.out
    link = host.link("web0")
    assert (link["ifindex"], link["mtu"]) == (index, 2000), "the rest of it is corrected"
    assert "web0" in apply(host, "--force").out
    link = host.link("web0")
    assert link["ifindex"] != index and link["linkinfo"]["info_data"]["multi_queue"] is (not power)
    assert link["linkinfo"]["info_data"].get("group") is None
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


def test_dry_run_changes_nothing_and_prints_the_plan_as_a_diff(host, declare):
    declare(WEB + PLAIN)
    apply(host)
    declare(WEB.replace("mtu = 1500", "mtu = 9000") + f"[interface new]\ndev = new0\nowner = {ALICE}\n"
            "[interface theirs]\ndev = eth7\nmanaged = no\n")
    before = state(host)
    result = apply(host, "--dry-run", "--prune")
    assert state(host) == before
    assert result.out.splitlines() == [
        " [interface web]", " dev = web0", "-mtu = 1500", "+mtu = 9000",
        "+[interface new]", "+dev = new0", f"+owner = {ALICE}",
        " [interface theirs]", " dev = eth7", " managed = no",
        "-[interface db]", "-dev = db0",
        "to create 1, to change 1, unchanged 0, to remove 1, unmanaged 1"]


def test_a_dry_run_sees_that_a_name_is_another_interfaces_alternative_one(host, declare):
    declare(PLAIN)
    host.run("ip", "link", "property", "add", "dev", "br0", "altname", "db0")
    result = apply(host, "--dry-run", check=False)
    assert result.code == 1 and "a.conf:2: [interface db]: db0 is another interface's alternative name: br0's" in result.err
    assert "to create 0" in result.out


def waits_of(host):
    """The words that record the pauses of a program: before each further try it pauses, and the last pass comes after one."""
    return ["strace", "-f", "-o", host.folder / "waits", "-e", "trace=clock_nanosleep"]


def was_tried_often(host):
    return (host.folder / "waits").read_text().count("clock_nanosleep(") > 1


@pytest.mark.parametrize("how, says", [
    ("exec setpriv --bounding-set -net_admin", "hint: it needs CAP_NET_ADMIN in this network namespace"),
    ("mount -t tmpfs none /dev/net && exec", "[interface db]: /dev/net/tun: No such file or directory\nhint: modprobe tun"),
    ("mount --bind -o ro /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec",
     "[interface db]: /proc/sys/net: Read-only file system\nhint: ")])
def test_what_the_host_refuses_is_said_with_what_to_do(host, declare, how, says):
    declare(PLAIN)
    result = host.run("unshare", "--mount", "sh", "-c", f"{how} {' '.join(map(str, waits_of(host)))} {APPLY}", check=False)
    assert result.code == 1 and says in result.err, result
    assert not was_tried_often(host)


@pytest.mark.parametrize("words", [["--prune"], ["--prune", "--force"], ["--reap"], ["--force"]], ids=" ".join)
def test_a_removal_that_the_host_refuses_is_said_with_what_to_do(host, declare, words):
    declare(PLAIN)
    apply(host)
    declare(PLAIN + "queues = 2\n" if words == ["--force"] else "; nothing\n")
    if words == ["--reap"]:
        host.run("ip", "link", "set", "db0", "alias", "tapgrant uid=1 rule=lab")
    result = host.run("setpriv", "--bounding-set", "-net_admin", *waits_of(host), APPLY, *words, check=False)
    assert not was_tried_often(host)
    assert result.code == 1 and "cannot be removed: Operation not permitted\nhint: it needs CAP_NET_ADMIN" in result.err, result
    assert "removed 0, failed 1" in result.out and host.taps() == ["db0"]


def test_what_the_host_lacks_for_a_while_is_tried_again(host, declare):
    """No device is missing where only the memory for it was."""
    declare(PLAIN)
    strace = ["strace", "-o", "/dev/null", "-P", "/dev/net/tun", "-e"]
    assert "created 1" in host.run(*strace, "inject=openat:error=ENOMEM:when=1..2", APPLY).out
    host.run("ip", "link", "del", "db0")
    result = host.run(*strace, "inject=openat:error=ENOMEM", APPLY, check=False)
    assert result.code == 1 and "[interface db]: /dev/net/tun: Cannot allocate memory\n" in result.err, result
    assert "hint:" not in result.err


READ_ONLY = "mount --bind -o ro /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec"


@pytest.mark.parametrize("json", [False, True])
def test_one_that_force_removed_and_could_not_make_again_is_said_to_be_gone(host, declare, json):
    declare(PLAIN)
    apply(host)
    declare(PLAIN + "queues = 2\n")
    words = ["--force"] + ["--json"] * json
    result = host.run("unshare", "--mount", "sh", "-c", f"{READ_ONLY} {APPLY} {' '.join(words)}", check=False)
    reason = "/proc/sys/net: Read-only file system; it was removed, and is not there now"
    assert result.code == 1 and host.taps() == [] and f"[interface db]: {reason}\n" in result.err
    if json:
        said = result.json
        assert (said["removed"], said["failed"], said["interfaces"][0]["reason"]) == (1, 1, reason)
    else:
        assert result.out == "removed db0\ncreated 0, changed 0, unchanged 0, removed 1, failed 1\n"
    assert "created 1" in apply(host).out


def test_an_owner_whom_the_user_namespace_does_not_have_is_named(host, declare):
    """As root of a namespace that maps itself alone; nothing is left."""
    path = declare("[interface lone]\ndev = lone0\nowner = 4711\n")
    host.root(path).parent.chmod(0o755)
    result = host.run("unshare", "--user", "--map-root-user", "--net", "sh", "-c",
                      f"{APPLY} {path}; echo status $?; ip -o link show type tun", check=False)
    assert "a.conf:3: [interface lone]: owner 4711 (id 4711) is nobody in this user namespace" in result.err, result
    assert result.out.endswith("failed 1\nstatus 1\n"), result


@pytest.mark.parametrize("words", [[], ["--dry-run"], ["--json"]])
def test_what_it_cannot_print_is_said(host, declare, words):
    declare(PLAIN)
    result = host.run("sh", "-c", f"{APPLY} {' '.join(words)} >/dev/full", check=False)
    assert (result.code, result.err) == (1, "tapgrant: standard output: cannot be written\n")


def test_json_says_the_same(host, declare):
    declare(WEB + f"[interface bad]\ndev = b0\nowner = {ALICE}\nbridge = br7\n[interface worse]\n")
    result = apply(host, "--json", check=False)
    assert result.code == 1
    said = result.json
    assert {key: said[key] for key in ("dry_run", "created", "changed", "unchanged", "removed", "unmanaged", "failed")} == {
        "dry_run": False, "created": 1, "changed": 0, "unchanged": 0, "removed": 0, "unmanaged": 0, "failed": 3}
    path = f"{FOLDER}/a.conf"
    assert said["interfaces"] == [
        {"label": "web", "dev": "web0", "file": path, "line": 1, "action": "create", "changes": [], "interrupts": None,
         "reason": None, "hint": None},
        {"label": "bad", "dev": "b0", "file": path, "line": 12, "action": "failed", "changes": [], "interrupts": None,
         "reason": "bridge br7: there is none", "hint": None}]
    assert [(fault["file"], fault["line"]) for fault in said["faults"]] == [(path, 13), (path, 13)]
    host.run("ip", "link", "set", "web0", "mtu", "2000")
    assert apply(host, "--json", check=False).json["interfaces"][0]["changes"] == [{"key": "mtu", "from": "2000", "to": "1500"}]


def test_names_of_any_bytes_are_escaped(host, declare):
    """What is no UTF-8 is in no JSON, and what moves a terminal's cursor in no line."""
    odd = os.fsdecode(b"\xff\x1b[2J")
    host.run("ip", "link", "add", odd, "type", "bridge")
    declare(WEB + PLAIN)
    apply(host)
    host.run("ip", "link", "set", "web0", "master", odd)
    host.run("ip", "link", "set", "web0", "alias", "tapgrant declared=" + odd)
    host.run("ip", "link", "set", "db0", "name", odd + "db")
    host.run("ip", "link", "property", "add", "dev", odd, "altname", "db0")
    declare(WEB + PLAIN)
    shown = "\\xff\\x1b[2J"
    said = apply(host, "--prune", "--json", "--dry-run", check=False).json["interfaces"]
    assert [(interface["label"], interface["dev"]) for interface in said] == [("web", "web0"), ("db", "db0"), ("db", shown + "db")]
    assert [change["from"] for change in said[0]["changes"]] == [shown, shown]
    assert said[1]["reason"] == f"db0 is another interface's alternative name: {shown}'s"
    result = apply(host, "--prune", check=False)
    assert f"bridge {shown} -> br0" in result.out and f"label {shown} -> web" in result.out, result
    assert f"removed {shown}db\n" in result.out


def test_what_somebody_deleted_comes_back(host, declare):
    declare(WEB)
    apply(host)
    # as its owner can, and as libvirt's clean-up does
    let_go(host, hold(host, "web0", f"{PERSIST}=0"))
    host.wait_gone("web0")
    assert "created 1" in apply(host).out
    assert_web(host)


def test_an_address_that_is_another_guests_is_not_taken(host, declare):
    """As a guest's, or as the tap's own: in the definition, and by a correction in place."""
    declare(WEB + f"[interface a]\ndev = a0\nowner = {ALICE}\nbridge = br0\n")
    apply(host)
    a0 = f"[interface a]\ndev = a0\nowner = {ALICE}\nbridge = br0\n"
    for keys in ("guest-mac = 52:54:00:12:34:56\nhost-mac = fe:00:00:00:00:01\nlock-mac = yes\n", "host-mac = 52:54:00:12:34:56\n"):
        for delete in (False, True):
            if delete:
                host.run("ip", "link", "del", "a0", check=False)
            declare(WEB + a0 + keys)
            result = apply(host, check=False)
            assert result.code == 1 and "[interface a]: " in result.err and "is another port's of bridge br0" in result.err, result
            assert_web(host)
    declare(WEB + a0)
    apply(host)
    assert "UP" in host.link("a0")["flags"]


def test_one_bad_definition_stops_nothing_else(host, declare):
    declare("[interface a]\ndev = a0\nowner = nobody-knows\n[interface b]\ndev = b0\nowner = 1\nmtu = 9\n" + WEB +
            "[interface c]\ndev = c0\nowner = 1\nscript = /bin/true\n[interface d]\ndev = d0\nowner = 1\npersist = yes\n"
            "[interface e]\ndev = e0\n[interface f]\nowner = 1\n[interface g]\ndev = g0\nowner = 1\nbridge = lo\n"
            "[interface h]\ndev = h0\nowner = 1\nbridge = br0\nmtu = 1400\n")
    declare("not a definition\n", "b.conf")
    declare(PLAIN + WEB, "c.conf")
    result = apply(host, check=False)
    assert result.code == 1 and host.taps() == ["db0", "web0"]
    places = [line.split(": ")[1].removeprefix(f"{FOLDER}/") for line in result.err.splitlines() if line.startswith("tapgrant: ")]
    assert sorted(places) == sorted(["a.conf:3", "a.conf:7", "a.conf:19", "a.conf:23", "a.conf:24", "a.conf:26", "a.conf:31",
                                     "a.conf:36", "b.conf:1", "c.conf:4"]), result.err
    assert_web(host)


@pytest.mark.parametrize("files", [5, 1])
def test_what_is_refused_takes_no_name_from_another(host, declare, files):
    """The second is, for its label, and the third, for its device: d1 and q are declared by nobody but those behind them."""
    parts = [f"[interface {label}]\ndev = {dev}\nowner = {ALICE}\n" for label, dev in (
        ("x", "d0"), ("x", "d1"), ("q", "d0"), ("y", "d1"), ("q", "d2"))]
    for n in range(files):
        declare("".join(parts[n:] if n == files - 1 else parts[n:n + 1]), f"{n}.conf")
    result = apply(host, check=False)
    assert result.code == 1 and host.taps() == ["d0", "d1", "d2"], result
    assert "created 3" in result.out and "failed 2" in result.out and result.err.count("tapgrant: ") == 2


def test_a_bridge_that_comes_later_is_joined_at_the_next_run(host, declare):
    declare(WEB.replace("br0", "br5") + PLAIN)
    result = apply(host, check=False)
    assert result.code == 1 and f"a.conf:4: [interface web]: bridge br5: there is none" in result.err
    assert host.taps() == ["db0"]
    host.bridge("br5", address="02:00:00:00:00:05")
    assert "created 1, changed 0, unchanged 1" in apply(host).out
    assert host.link("web0")["master"] == "br5"


def test_one_whose_bridge_is_gone_is_set_down_and_comes_back_with_it(host, declare):
    """Not as a bare interface of the host's, up and in its owner's hands."""
    host.bridge("br5", address="02:00:00:00:00:05")
    declare(WEB.replace("br0", "br5") + PLAIN)
    apply(host)
    holder = hold(host, "web0")
    index = host.link("web0")["ifindex"]
    host.run("ip", "link", "del", "br5")
    reason = (f"a.conf:4: [interface web]: bridge br5: there is none; web0 {{}} down until there is; cut off until then: "
              f"{PYTHON} (pid {holder.pid}) of {ALICE}\n")
    result = apply(host, "--dry-run", check=False)
    assert result.code == 1 and reason.format("would be set") in result.err and "UP" in host.link("web0")["flags"], result
    assert "to change 0" in result.out
    result = apply(host, check=False)
    assert result.code == 1 and reason.format("is") in result.err and "UP" not in host.link("web0")["flags"], result
    assert result.out == "changed web0: up yes -> no\ncreated 0, changed 1, unchanged 1, removed 0, failed 1\n"
    result = apply(host, check=False)
    assert reason.format("is") in result.err and result.out == "created 0, changed 0, unchanged 1, removed 0, failed 1\n"
    host.bridge("br5", address="02:00:00:00:00:05")
    assert "changed 1" in apply(host).out
    web = host.link("web0")
    assert (web["ifindex"], web["master"], "UP" in web["flags"]) == (index, "br5", True)
    let_go(host, holder)


def test_unmanaged_is_listed_and_left_alone(host, declare):
    host.tap("eth7", ALICE)
    declare("[interface theirs]\ndev = eth7\nmanaged = no\n[interface later]\ndev = nosuch\nmanaged = no\n")
    before = state(host)
    assert apply(host, "--prune", "--reap", "--force").out.splitlines() == [
        "unmanaged eth7", "unmanaged nosuch", "created 0, changed 0, unchanged 0, removed 0, unmanaged 2"]
    assert state(host) == before
    declare(WEB)
    apply(host)
    declare("[interface web]\ndev = web0\nmanaged = no\n")
    before = state(host)
    apply(host, "--prune", "--force")
    assert state(host) == before, "one of its own that is unmanaged now is left as well"


@pytest.mark.parametrize("what, says", [("tap", "was not made by tapgrant-apply"), ("bridge", "is no tap"),
                                        ("user's", "is a user's"), ("altname", "alternative name")])
def test_what_exists_already_is_never_taken_over(host, declare, what, says):
    host.policy(f"[rule lab]\nuser = {ALICE}\nbridge = none\nisolate = no\nlock-mac = no\ndev = web0\n")
    if what == "tap":
        host.tap("web0", ALICE)
    elif what == "user's":
        host.tapgrant("create", "--net", "dev=web0", check=True)
    else:
        host.run("ip", "link", "add", "web0" if what == "bridge" else "other", "type", "bridge")
    if what == "altname":
        host.run("ip", "link", "property", "add", "dev", "other", "altname", "web0")
    declare(WEB + PLAIN)
    before = state(host)
    for words in ([], ["--force"], ["--prune", "--force"]):
        result = apply(host, *words, check=False)
        assert result.code == 1 and f"{FOLDER}/a.conf:2: [interface web]: web0" in result.err and says in result.err, result
    assert [link for link in state(host) if link["ifname"] != "db0"] == before and host.link("db0")


@pytest.mark.parametrize("how", ["writable file", "somebody's file", "writable folder", "symbolic link"])
def test_a_folder_that_others_can_write_declares_nothing(host, declare, how):
    declare(PLAIN)
    apply(host)
    path = host.root(declare(WEB))
    if how == "writable file":
        path.chmod(0o666)
    elif how == "somebody's file":
        os.chown(path, uid(ALICE), 0)
    elif how == "writable folder":
        path.parent.chmod(0o777)
    else:
        path.rename(path.parent / "real")
        path.symlink_to("real")
    result = apply(host, "--prune", check=False)
    assert result.code == 1 and "cannot be read: " in result.err and host.taps() == ["db0"], result


def test_files_and_folders_of_ones_own(host, declare):
    declare(PLAIN)
    (host.folder / "mine").write_text(WEB)
    (host.folder / "more").mkdir()
    (host.folder / "more/b.conf").write_text(f"[interface b]\ndev = b0\nowner = {ALICE}\n")
    (host.folder / "more/b.conf.bak").write_text("nonsense")
    (host.folder / "more/.c.conf").write_text("nonsense")
    assert apply(host, host.folder / "mine", host.folder / "more").code == 0
    assert host.taps() == ["b0", "web0"]
    result = apply(host, host.folder / "nosuch", check=False)
    assert result.code == 1 and "nosuch: cannot be read: No such file or directory" in result.err


@pytest.mark.parametrize("words, says", [
    (["--wrong"], "unknown option"), (["--prune", "{file}"], "--prune needs the whole of what is declared"),
    (["--prune", "{folder}", "{file}"], "not single files"), (["--prune", "nosuch"], "not single files")])
def test_a_wrong_command_line_is_exit_2(host, declare, words, says):
    path = declare(WEB)
    result = apply(host, *[word.format(file=path, folder=FOLDER) for word in words], check=False)
    assert result.code == 2 and says in result.err and "hint: tapgrant-apply --help" in result.err and host.taps() == []


def test_the_command_lists_them_with_their_label(host, declare):
    declare(WEB)
    apply(host)
    (listed,) = host.tapgrant("list", "--json", check=True).json
    assert [listed[key] for key in ("dev", "uid", "rule", "slot", "bridge")] == ["web0", uid(ALICE), None, None, "br0"]


def test_the_owner_runs_on_it_through_the_unmanaged_road(host, declare):
    declare(WEB)
    apply(host)
    before = state(host, "web0")
    assert host.tapgrant("run", "--net", "managed=no,dev=web0", "--", "true").code == 0
    assert host.tapgrant("run", "--net", "managed=no,dev=web0", "--", "true", user=BOB).code != 0
    assert state(host, "web0") == before and apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


UNIT = APPLY.parents[1] / "lib/systemd/system/tapgrant-apply.service"


def test_the_unit_is_clean_and_hardened(tmp_path):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", UNIT], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout + done.stderr == "", done
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", UNIT],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:]
    assert float(re.search(r"exposure level for \S+: ([\d.]+)", done.stdout).group(1)) <= 2.0


def test_it_runs_before_every_daemon_of_libvirts_that_starts_guests():
    before = " ".join(re.findall("^Before=(.*)$", UNIT.read_text(), re.M)).split()
    for driver in ("qemu", "xen", "lxc", "vbox", "ch"):
        assert f"virt{driver}d.service" in before
    assert {"libvirtd.service", "virtnetworkd.service", "libvirt-guests.service"} <= set(before)


def test_a_corrected_port_keeps_what_is_not_declared_and_one_of_another_bridge_is_new(host, declare):
    """As the page says."""
    host.bridge("br1", address="02:00:00:00:00:02")
    declare(WEB)
    apply(host)
    host.run("bridge", "link", "set", "dev", "web0", "cost", "77", "priority", "7")
    host.run("bridge", "fdb", "add", "52:54:00:00:00:77", "dev", "web0", "master", "static")
    declare(WEB.replace("isolate = yes", "isolate = no"))
    assert "changed 1" in apply(host).out
    port = host.link("web0")["linkinfo"]["info_slave_data"]
    assert (port["cost"], port["priority"]) == (77, 7)
    assert "52:54:00:00:00:77 dev web0" in host.run("bridge", "fdb", "show", "br", "br0").out
    declare(WEB.replace("br0", "br1"))
    assert "changed 1" in apply(host).out
    port = host.link("web0")["linkinfo"]["info_slave_data"]
    assert port["cost"] != 77 and port["priority"] != 7


def test_a_lock_that_is_made_leaves_no_other_address_a_way(host, declare):
    """Nor one that somebody gave the port while it was open."""
    declare(WEB.replace("lock-mac = yes", "lock-mac = no"))
    apply(host)
    hold(host, "web0")
    wait_until_it_forwards(host, "web0")
    for mac, kind in (("52:54:00:00:00:77", "static"), ("52:54:00:00:00:78", "dynamic"), ("52:54:00:00:00:79", "extern_learn")):
        host.run("bridge", "fdb", "add", mac, "dev", "web0", "master", kind)
    declare(WEB)
    assert "changed 1" in apply(host).out
    assert_web(host)
    assert "52:54:00:00:00:7" not in host.run("bridge", "fdb", "show", "br", "br0").out


def test_prune_with_a_folder_removes_what_only_the_default_one_declares(host, declare):
    declare(WEB)
    apply(host)
    other = host.folder / "other"
    other.mkdir()
    (other / "a.conf").write_text(PLAIN)
    assert apply(host, "--prune", other).out.splitlines() == ["created db0", "removed web0",
                                                              "created 1, changed 0, unchanged 0, removed 1"]


def system_calls(*sets):
    """The names in systemd's sets of system calls."""
    names = set()
    for a_set in sets:
        for word in subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", a_set], capture_output=True, text=True,
                                   check=True).stdout.splitlines()[1:]:
            word = word.strip()
            names |= system_calls(word) if word.startswith("@") else {word} if word and not word.startswith("#") else set()
    return names


def test_the_units_filter_and_folders_let_it_work(host, declare):
    """Every system call that it makes is one of the unit's, and all it writes to is of /dev/net/tun and /proc/sys/net: its own
    SELinux label it only looks at, for the helper's code would change the helper's."""
    unit = UNIT.read_text()
    allowed, refused = re.findall(r"^SystemCallFilter=~?(.*)$", unit, re.M)
    allowed = system_calls(*allowed.split()) - system_calls(*refused.split())
    trace = host.folder / "trace"
    used, opened = set(), ""
    for text, words in ((WEB + PLAIN, []), (WEB.replace("1500", "1600").replace("isolate = yes", "isolate = no"), ["--prune"]),
                        (WEB + "queues = 2\n", ["--force", "--reap"])):
        declare(text)
        host.run("strace", "-f", "-o", trace, APPLY, *words)
        used |= set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))
        opened += trace.read_text()
    assert len(used) > 20 and used - {"execve"} <= allowed, used - allowed
    written = set(re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]*)", [^)]*(?:O_RDWR|O_WRONLY|O_CREAT)', opened))
    assert written and all(re.match("/dev/(null|net/tun)$|/proc/sys/net/ipv[46]/conf/|/proc/self/attr/current$", path) for path in written), written
    assert "ProtectKernelTunables" not in unit and set(re.findall(r"^socket\((AF_\w+)|\bsocket\((AF_\w+)", opened)) <= {
        ("", "AF_NETLINK"), ("", "AF_UNIX")}
