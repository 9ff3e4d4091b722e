# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the holder of a declared tap can set on it without privilege, each thing: tapgrant-apply still corrects the tap, or
names what it cannot and what to do; and all is as declared once the holder has gone."""
import json
import re
import time

import pytest

from host import ALICE, BOB, uid
from test_apply import FOLDER, PYTHON, apply, declare, let_go, state, ties  # noqa: F401
from traffic import MULTI_QUEUE, SINGLE

TEXT = f"""\
[interface {{dev}}]
dev = {{dev}}
owner = {ALICE}
bridge = br5
guest-mac = {{mac}}
queues = {{queues}}
isolate = {{isolate}}
lock-mac = yes
"""

HOLDER = """
import ctypes, fcntl, os, struct, sys
name, flags = sys.argv[1].encode(), int(sys.argv[2])

def attach(more=0):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", name, flags | more))
    return fd

def set_value(number, value):
    fcntl.ioctl(fd, number, value)

def set_number(number, value):
    fcntl.ioctl(fd, number, struct.pack("i", value))

def set_address(text, kind=1):
    fcntl.ioctl(fd, 0x8924, struct.pack("16sH14s", name, kind, bytes.fromhex(text.replace(":", "")) + bytes(8)))

def set_filter():
    global code
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # accept nothing
    fcntl.ioctl(fd, 0x401054d5, struct.pack("HxxxxxxP", 1, ctypes.addressof(code)))

def attach_all():
    while True:
        try:
            queues.append(attach())
        except OSError:
            return

def detach():
    fcntl.ioctl(fd, 0x400454d9, struct.pack("16sH22x", b"", 0x400))

queues = []
fd = attach(int(sys.argv[4]))
answer = "done"
try:
    exec(sys.argv[3])
except OSError as error:
    answer = error.strerror
print(answer, flush=True)
sys.stdin.read()
"""

OWNER, GROUP, PERSIST, LINK = "0x400454cc", "0x400454ce", "0x400454cb", "0x400454cd"
OFFLOAD, SNDBUF, VNETHDRSZ, CARRIER = "0x400454d0", "0x400454d4", "0x400454d8", "0x400454e2"

CORRECTED, NAMED, FORCED = "corrected", "named", "only by --force"
# what the holder does; what a run does while it is held; for which kinds of device
POWERS = {
    "owner": (f"set_value({OWNER}, {{bob}})", NAMED, "sm"),
    "owner is root": (f"set_value({OWNER}, 0)", NAMED, "sm"),
    "owner is nobody": (f"set_value({OWNER}, 65534)", NAMED, "sm"),
    "group": (f"set_value({GROUP}, 65534)", FORCED, "sm"),
    "not persistent": (f"set_value({PERSIST}, 0)", NAMED, "s"),
    "not persistent, with several queues": (f"set_value({PERSIST}, 0)", CORRECTED, "m"),
    "not persistent and root's": (f"set_value({PERSIST}, 0); set_value({OWNER}, 0)", NAMED, "sm"),
    "no carrier": (f"set_number({CARRIER}, 0)", CORRECTED, "sm"),
    "no carrier and not persistent": (f"set_number({CARRIER}, 0); set_value({PERSIST}, 0)", NAMED, "s"),
    "an own address": ("set_address('02:00:00:00:00:77')", CORRECTED, "sm"),
    "its guest's address": ("set_address('{guest}')", CORRECTED, "sm"),
    "the bridge's address": ("set_address('02:00:00:00:00:05')", CORRECTED, "sm"),
    "offloads": (f"set_value({OFFLOAD}, 0x1f)", CORRECTED, "sm"),
    "the header's size": (f"set_number({VNETHDRSZ}, 65000)", CORRECTED, "sm"),
    "the send buffer": (f"set_number({SNDBUF}, 1)", CORRECTED, "sm"),
    "a filter of addresses": ("fcntl.ioctl(fd, 0x400454d1, struct.pack('HH6s', 0, 1, bytes(6)))", CORRECTED, "sm"),
    "a filter of frames": ("set_filter()", CORRECTED, "sm"),
    "packet information": ("os.close(fd); flags &= ~0x1000; fd = attach()", CORRECTED, "s"),
    "no header": ("os.close(fd); flags &= ~0x4000; fd = attach()", CORRECTED, "s"),
    "all queues": ("attach_all()", CORRECTED, "m"),
    "all queues and not persistent": (f"attach_all(); set_value({PERSIST}, 0)", NAMED, "m"),
    "its queue detached": ("detach()", CORRECTED, "m"),
    "NAPI": ("", CORRECTED, "sm"),
    "link type": (f"set_value({LINK}, 512)", None, "sm"),
    "link type loopback": (f"set_value({LINK}, 772)", None, "sm"),
    "link type without addresses": (f"set_value({LINK}, 65534)", None, "sm"),
    "link type with long addresses": (f"set_value({LINK}, 804)", None, "sm"),
    "link type and address": (f"set_value({LINK}, 512); set_address('02:00:00:00:00:77', 512)", None, "sm"),
    "link type, and no carrier": (f"set_value({LINK}, 512); set_number({CARRIER}, 0)", None, "sm"),
}
# the kernel's own words are for what nobody foresaw
UNFORESEEN = re.compile(r"(Invalid|Argument|Bad|File|Operation|Device or|Cannot|No such)")


def bridge(host, name="br5", address="02:00:00:00:00:05"):
    host.bridge(name, address=address)


def text(kind, isolate="yes", dev="web0", mac="52:54:00:12:34:56"):
    return TEXT.format(dev=dev, mac=mac, queues=2 if kind == "m" else 1, isolate=isolate)


class Case:
    """A tap of its own, with a holder of its own that does one thing."""

    def __init__(self, number, name, kind):
        self.name, self.kind, self.dev = name, kind, f"web{number}"
        self.mac = f"52:54:00:00:01:{number:02x}"
        self.action, self.outcome, _ = POWERS[name]
        self.action = self.action.format(bob=uid(BOB), guest=self.mac) or "pass"

    def text(self, isolate):
        return text(self.kind, isolate, self.dev, self.mac)

    def hold(self, host):
        flags = MULTI_QUEUE if self.kind == "m" else SINGLE
        self.process = host.start("/usr/bin/python3", "-c", HOLDER, self.dev, flags, self.action,
                                  0x10 if self.name == "NAPI" else 0, user=ALICE)

    def answer(self):
        return self.process.stdout.readline().strip()


def cases(kind):
    return [Case(number, name, kind) for number, (name, (_, _, kinds)) in enumerate(POWERS.items()) if kind in kinds]


def timed_apply(host, *words):
    began = time.monotonic()
    result = apply(host, *words, check=False)
    assert time.monotonic() - began < 20, "it looks nine times, and waits 0.1 s at the most between"
    assert not UNFORESEEN.search(result.err), result
    return result


class Now:
    """What the kernel says of all, asked once."""

    def __init__(self, host):
        self.links = {link["ifname"]: link for link in host.links()}
        table = json.loads(host.run("bridge", "-j", "fdb", "show", "br", "br5").out)
        self.ties = [(entry["ifname"], entry["mac"]) for entry in table if "sticky" in entry["flags"]]


def assert_as_declared(now, kind, isolate="yes", dev="web0", mac="52:54:00:12:34:56"):
    web = now.links[dev]
    tun, port = web["linkinfo"]["info_data"], web["linkinfo"]["info_slave_data"]
    assert (web["address"], web["mtu"], web["master"], web["ifalias"], web["link_type"]) == (
        f"fe{mac[2:]}", 1500, "br5", f"tapgrant declared={dev}", "ether")
    assert "UP" in web["flags"] and web["linkmode"] == "DEFAULT"
    assert (tun["user"], tun.get("group"), tun["persist"], tun["multi_queue"]) == (ALICE, None, True, kind == "m")
    assert port["isolated"] is (isolate == "yes") and port["locked"] and not port["learning"] and port["guard"]
    assert [tied for name, tied in now.ties if name == dev] == [mac]


def errors_of(result, dev):
    """The line about the tap on standard error, and the one behind it."""
    lines = [*result.err.splitlines(), ""]
    found = [(line, lines[n + 1]) for n, line in enumerate(lines) if f": [interface {dev}]: " in line]
    assert len(found) <= 1, found
    return found[0] if found else ("", "")


def assert_outcome(now, case, outcome, result, isolate):
    error, hint = errors_of(result, case.dev)
    if outcome == CORRECTED:
        assert error == "", (case.name, error)
        assert_as_declared(now, case.kind, isolate, case.dev, case.mac)
        return
    assert error and hint == "hint: --force makes it anew, and takes it from whoever uses it", (case.name, error)
    if outcome == NAMED:
        assert error.endswith(f": {PYTHON} (pid {case.process.pid}) of {ALICE} has it open"), (case.name, error)


def assert_all_right_without_the_holders(host, held, isolate):
    for case in held:
        let_go(host, case.process)
    timed_apply(host)
    result = timed_apply(host, "--force")
    assert result.code == 0, result
    now = Now(host)
    for case in held:
        assert_as_declared(now, case.kind, isolate, case.dev, case.mac)
        if case.outcome != FORCED:
            assert f"changed {case.dev}" not in result.out, "it needed no force"
    assert apply(host).out == f"created 0, changed 0, unchanged {len(held)}, removed 0\n"


@pytest.mark.parametrize("kind", ["s", "m"])
def test_what_a_holder_sets_on_a_port_wedges_nothing(host, declare, kind):  # noqa: F811
    """Something else is to be corrected at the same time."""
    bridge(host)
    held = cases(kind)
    declare("".join(case.text("yes") for case in held))
    apply(host)
    for case in held:
        case.hold(host)
    for case in held:
        assert case.answer() == ("done" if case.outcome else "Device or resource busy"), case.name
    declare("".join(case.text("no") for case in held))
    result, now = timed_apply(host), Now(host)
    for case in held:
        # the type is changed only while the tap is down
        assert_outcome(now, case, case.outcome or CORRECTED, result, "no")
    assert_all_right_without_the_holders(host, held, "no")


@pytest.mark.parametrize("kind", ["s", "m"])
def test_what_a_holder_sets_while_the_bridge_is_gone_wedges_nothing(host, declare, kind):  # noqa: F811
    bridge(host)
    held = cases(kind)
    declare("".join(case.text("yes") for case in held))
    apply(host)
    host.run("ip", "link", "del", "br5")
    assert timed_apply(host).err.count("down until there is") == len(held)
    for case in held:
        case.hold(host)
    for case in held:
        assert case.answer() == "done", case.name
    assert timed_apply(host).err.count("down until there is") == len(held)
    bridge(host)
    dry, result, now = timed_apply(host, "--dry-run"), timed_apply(host), Now(host)
    for case in held:
        assert_outcome(now, case, case.outcome or NAMED, result, "yes")
        if case.outcome is None:
            reason = "the device is in use, and its link type, which its holder made "
            assert reason in errors_of(result, case.dev)[0], case.name
            # one that hides by its carrier is found out by trying
            assert reason in errors_of(dry, case.dev)[0] or "carrier" in case.name, case.name
            link = now.links[case.dev]
            assert "master" not in link and "UP" not in link["flags"]
    assert_all_right_without_the_holders(host, held, "yes")


def start_holder(host, name, kind):
    case = Case(0, name, kind)
    case.hold(host)
    assert case.answer() == "done"
    return case.process


@pytest.mark.parametrize("kind", ["s", "m"])
def test_force_takes_one_of_another_link_type_from_its_holder(host, declare, kind):  # noqa: F811
    bridge(host)
    declare(text(kind))
    apply(host)
    index = host.link("web0")["ifindex"]
    host.run("ip", "link", "del", "br5")
    apply(host, check=False)
    process = start_holder(host, "link type", kind)
    bridge(host)
    who = f"cut off for good: {PYTHON} (pid {process.pid}) of {ALICE}"
    dry = apply(host, "--force", "--dry-run").out
    assert " ; made anew\n" in dry and f" ; {who}\n" in dry and "-link-type = 512\n+link-type = 1\n" in dry, dry
    assert re.match(f"changed web0: .*link-type 512 -> 1; {re.escape(who)}\n", apply(host, "--force").out)
    assert host.link("web0")["ifindex"] != index
    assert_as_declared(Now(host), kind)


def test_a_link_type_that_nobody_holds_on_to_is_mended_in_place(host, declare):  # noqa: F811
    """Also of one that somebody has set up since."""
    bridge(host)
    declare(text("s"))
    apply(host)
    index = host.link("web0")["ifindex"]
    for up in (False, True):
        host.run("ip", "link", "del", "br5")
        apply(host, check=False)
        let_go(host, start_holder(host, "link type", "s"))
        if up:
            host.run("ip", "link", "set", "web0", "up")
        bridge(host)
        assert "link-type 512 -> 1" in apply(host).out
        assert host.link("web0")["ifindex"] == index
        assert_as_declared(Now(host), "s")


CHANGE_TYPE = """
import fcntl, os, struct
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"web0", 0x5002))
print("held", flush=True)
tries = 0
while True:
    try:
        fcntl.ioctl(fd, 0x400454cd, 512)
        print("changed", flush=True)
        break
    except OSError:
        tries += 1
"""


def test_a_correction_gives_its_holder_no_moment_to_change_the_link_type(host, declare):  # noqa: F811
    """Who tries all the time does not find it down, on whichever bridge it is to be."""
    bridge(host)
    bridge(host, "br6", "02:00:00:00:00:06")
    declare(text("s"))
    apply(host)
    process = host.start("/usr/bin/python3", "-c", CHANGE_TYPE, user=ALICE)
    assert process.stdout.readline() == "held\n"
    for changed in ("isolate = no", "bridge = br6", "host-mac = fe:00:00:00:00:01"):
        key = changed.split(" = ")[0]
        lines = [line for line in text("s").splitlines() if not line.startswith(key)]
        declare("\n".join([*lines, changed]) + "\n")
        assert "changed 1" in apply(host).out
    assert process.poll() is None
    host.end(process)
    assert process.stdout.read() == ""


FLAP = """
import fcntl, os, struct, sys
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"web0", 0x5002))
print("held", flush=True)
macs = [bytes.fromhex("0200000000%02x" % n) for n in (1, 2)]
while True:
    for n in (0, 1):
        fcntl.ioctl(fd, 0x400454e2, struct.pack("i", n))
        fcntl.ioctl(fd, 0x8924, struct.pack("16sH14s", b"web0", 1, macs[n] + bytes(8)))
"""


def test_a_holder_that_never_stops_keeps_its_port_from_nothing_but_what_it_changes(host, declare):  # noqa: F811
    """It sets its carrier and its address all the time: isolation and lock are closed all the same, and the rest is named."""
    bridge(host)
    declare(text("s", "no").replace("lock-mac = yes", "lock-mac = no"))
    apply(host)
    process = host.start("/usr/bin/python3", "-c", FLAP, user=ALICE)
    assert process.stdout.readline() == "held\n"
    declare(text("s"))
    result = timed_apply(host)
    assert result.code == 0 or "does not stay as it is declared: somebody else changes it" in result.err, result
    port = host.link("web0")["linkinfo"]["info_slave_data"]
    assert port["isolated"] and port["locked"] and not port["learning"]
    assert ties(host, "web0", "br5") == ["52:54:00:12:34:56"]
    let_go(host, process)
    assert timed_apply(host).code == 0
    assert_as_declared(Now(host), "s")


STEAL = "set_address('{}')"


def test_a_guests_address_that_begins_as_generated_ones_do_is_its_guests_again(host, declare):  # noqa: F811
    """Another declared tap's holder took it: it looks like one that was generated."""
    bridge(host)
    other = f"[interface other]\ndev = other0\nowner = {BOB}\nbridge = br5\n"
    declare(text("s").replace("52:54:00:12:34:56", "fe:54:00:12:34:56") + other)
    apply(host)
    steal = host.start("/usr/bin/python3", "-c", HOLDER, "other0", SINGLE, STEAL.format("fe:54:00:12:34:56"), 0, user=BOB)
    assert steal.stdout.readline() == "done\n" and ties(host, "web0", "br5") == []
    result = timed_apply(host)
    assert result.code == 0 and "changed 2" in result.out, result
    assert ties(host, "web0", "br5") == ["fe:54:00:12:34:56"]
    assert host.link("other0")["address"] not in ("fe:54:00:12:34:56", "52:54:00:12:34:56")
    assert apply(host).out == "created 0, changed 0, unchanged 2, removed 0\n"


def test_an_address_that_the_holder_of_no_declared_tap_took_is_named_with_the_port(host, declare):  # noqa: F811
    bridge(host)
    declare(text("s"))
    apply(host)
    host.tap("stranger", BOB)
    host.run("ip", "link", "set", "stranger", "master", "br5", "up")
    steal = host.start("/usr/bin/python3", "-c", HOLDER, "stranger", SINGLE & ~0x4000, STEAL.format("52:54:00:12:34:56"), 0, user=BOB)
    assert steal.stdout.readline() == "done\n" and ties(host, "web0", "br5") == []
    declare(text("s", "no"))
    before = state(host, "stranger")
    for words in (["--dry-run"], []):
        result = timed_apply(host, *words)
        assert result.code == 1 and "a.conf:5: [interface web0]: guest-mac 52:54:00:12:34:56 is another port's of bridge br5" in result.err
        assert "hint: stranger has it: bridge fdb show br br5\n" in result.err, result
    assert "changed web0: isolate yes -> no\n" in result.out, "the rest is corrected"
    assert state(host, "stranger") == before
    let_go(host, steal)
    host.run("ip", "link", "del", "stranger")
    assert timed_apply(host).code == 0
    assert_as_declared(Now(host), "s", "no")
