# SPDX-License-Identifier: LGPL-2.1-or-later
"""tapgrant-apply corrects what a virtual machine uses: no write of its fails, no frame is lost where the kernel changes it
under traffic, none passes that should not, and a change that fails is put back."""
import json
import os
import re
import time

import pytest

from host import ALICE, APPLY, BOB, uid
from test_apply import PYTHON, apply, declare, hold, let_go, state, ties  # noqa: F401
from traffic import GUEST, MULTI_QUEUE, OTHER, SPOOF, Listener, Writer, wait_until_it_forwards

LONG = bool(os.environ.get("TAPGRANT_LONG"))
BASE = {"dev": "web0", "owner": ALICE, "bridge": "br0", "guest-mac": GUEST, "mtu": "1500", "isolate": "no", "lock-mac": "no"}


def text(label="web", **changed):
    keys = BASE | {key.replace("_", "-"): value for key, value in changed.items()}
    return f"[interface {label}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def second_bridge(host, name="br1", mtu=1500):
    host.bridge(name, address="02:00:00:00:00:02", mtu=mtu + 1)
    host.run("ip", "link", "set", name, "mtu", mtu)


def wait_for_frames(seconds=0.25):
    time.sleep(seconds)


CHANGES = {
    "isolate": ({}, {"isolate": "yes"}),
    "no longer isolate": ({"isolate": "yes"}, {}),
    "lock": ({}, {"lock_mac": "yes"}),
    "unlock": ({"lock_mac": "yes"}, {}),
    "lock and isolate": ({}, {"lock_mac": "yes", "isolate": "yes"}),
    "its own address": ({}, {"host_mac": "fe:01:02:03:04:05"}),
    "its own address, locked": ({"lock_mac": "yes"}, {"lock_mac": "yes", "host_mac": "fe:01:02:03:04:05"}),
    "guest's address": ({}, {"guest_mac": OTHER}),
    "larger MTU": ({}, {"mtu": "2000"}),
    "smaller MTU": ({"mtu": "2000"}, {}),
    "label": ({"label": "other"}, {}),
}


@pytest.mark.parametrize("before, after", CHANGES.values(), ids=CHANGES)
def test_what_the_kernel_changes_under_traffic_costs_no_frame(host, declare, before, after):  # noqa: F811
    begin(host, declare, before)
    listener = Listener(host, "br0", "far")
    writer = Writer(host, "web0", GUEST, user=ALICE)
    wait_for_frames()
    declare(text(**after))
    dry = apply(host, "--dry-run").out
    result = apply(host)
    wait_for_frames()
    (written,), errors = writer.end()
    assert result.out.startswith("changed web0: ") and "cut off" not in dry + result.out, (dry, result)
    assert errors == {} and written > 200
    (run,) = listener.end()[0]
    assert run[:2] == [0, written - 1], "none was lost"
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


DISTURBED = {
    "port": ["bridge", "link", "set", "dev", "web0", "guard", "off"],
    "guest-mac": ["bridge", "fdb", "add", OTHER, "dev", "web0", "master", "static", "sticky"],
    "link-group": ["ip", "link", "set", "web0", "group", str(0x74000001)],
    "ipv6": ["sysctl", "-qw", "net.ipv6.conf.web0.disable_ipv6=0"],
}


@pytest.mark.parametrize("key", DISTURBED)
def test_what_somebody_disturbed_is_set_right_under_traffic(host, declare, key):  # noqa: F811
    declare(text(lock_mac="yes"))
    apply(host)
    listener = Listener(host, "br0", "far")
    writer = Writer(host, "web0", GUEST, user=ALICE)
    wait_for_frames()
    host.run(*DISTURBED[key])
    result = apply(host)
    wait_for_frames()
    (written,), errors = writer.end()
    assert result.out.startswith(f"changed web0: {key} ") and errors == {}, result
    (run,) = listener.end()[0]
    assert run[:2] == [0, written - 1]
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


def test_a_persistence_that_its_holder_took_is_mended_under_traffic(host, declare):  # noqa: F811
    declare(text(queues="2"))
    apply(host)
    listener = Listener(host, "br0", "far")
    writer = Writer(host, "web0", GUEST, user=ALICE, flags=MULTI_QUEUE)
    let_go(host, hold(host, "web0", "0x400454cb=0", flags=MULTI_QUEUE))
    assert "persist no -> yes" in apply(host).out
    (written,), errors = writer.end()
    assert errors == {} and [run[:2] for run in listener.end()[0]] == [[0, written - 1]]


def begin(host, declare, definition):
    """The tap as it is defined.  An MTU below 1280, which no definition can have, is what root has set since."""
    is_low = definition.get("mtu") == "1200"
    declare(text(**(definition | {"mtu": "1500"} if is_low else definition)))
    apply(host)
    if is_low:
        host.run("ip", "link", "set", "web0", "mtu", "1200")


MOVES = {
    "another bridge": ({}, {"bridge": "br1"}, "bridge br0 -> br1"),
    "another bridge, locked and isolated": (
        {}, {"bridge": "br1", "lock_mac": "yes", "isolate": "yes"}, "bridge br0 -> br1"),
    "none": ({}, {"bridge": "none"}, "bridge br0 -> none"),
    "an MTU that brings IPv6": ({"bridge": "small", "mtu": "1200"}, {"bridge": "small", "mtu": "1500"}, "mtu 1200 -> 1500"),
}


@pytest.mark.parametrize("before, after, says", MOVES.values(), ids=MOVES)
def test_what_costs_frames_fails_no_write_and_is_told_before_and_after(host, declare, before, after, says):  # noqa: F811
    second_bridge(host)
    second_bridge(host, "small", 1200)
    begin(host, declare, before)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    wait_for_frames()
    declare(text(**after))
    dry = apply(host, "--dry-run").out
    planned = apply(host, "--dry-run", "--json").json["interfaces"][0]["interrupts"]
    result = apply(host)
    wait_for_frames()
    (written,), errors = writer.end()
    assert errors == {} and written > 200, errors
    who = rf"{PYTHON} \(pid {writer.pid}\) of {ALICE}\n"
    assert re.search(f"^ ; cut off for some milliseconds: {who}", dry, re.M), dry
    told = re.match(rf"changed web0: .*{says}.*; cut off for ([\d.]+) ms: {who}", result.out)
    assert told, result
    print(f"\n{says}: cut off for {told.group(1)} ms")
    assert (planned["how"], planned["milliseconds"]) == ("paused", None)
    (holder,) = planned["held_by"]
    assert (holder["pid"], holder["uid"], holder["user"]) == (writer.pid, uid(ALICE), ALICE)
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


def strace(host, *injections, words=(), **kwargs):
    """tapgrant-apply with faults or delays in its system calls."""
    options = [word for injection in injections for word in ("-e", f"inject={injection}")]
    return host.run("strace", "-o", "/dev/null", *options, APPLY, *words, check=False, **kwargs)


def test_no_frame_slips_past_a_lock_that_closes(host, declare):  # noqa: F811
    """With a pause before each message to the kernel.  What was learned of the spoofed address would still let it pass."""
    declare(text())
    apply(host)
    listener = Listener(host, "br0", "far")
    writer = Writer(host, "web0", GUEST, SPOOF, user=ALICE)
    wait_for_frames()
    declare(text(lock_mac="yes"))
    result = strace(host, "sendto:delay_enter=20000")
    done = time.monotonic()
    wait_for_frames()
    written, errors = writer.end()
    assert "lock-mac no -> yes" in result.out and errors == {}, result
    runs = listener.end()
    assert [run[:2] for run in runs[0]] == [[0, written[0] - 1]], "the guest's own all come"
    (spoofed,) = runs[1]  # they came up to one moment, and none behind it
    assert spoofed[1] < written[1] - 100 and spoofed[2] < done


def test_a_lock_closes_only_behind_its_guests_entry(host, declare):  # noqa: F811
    """The port has learned nothing: somebody switched that off."""
    declare(text())
    apply(host)
    listener = Listener(host, "br0", "far")
    writer = Writer(host, "web0", GUEST, user=ALICE)
    host.run("bridge", "link", "set", "dev", "web0", "learning", "off")
    host.run("ip", "link", "set", "web0", "type", "bridge_slave", "fdb_flush")
    declare(text(lock_mac="yes"))
    result = strace(host, "sendto:delay_enter=20000")
    wait_for_frames()
    (written,), errors = writer.end()
    assert "lock-mac no -> yes" in result.out and errors == {}
    assert [run[:2] for run in listener.end()[0]] == [[0, written - 1]]


def test_no_frame_slips_out_while_a_lock_opens_or_changes(host, declare):  # noqa: F811
    declare(text(lock_mac="yes"))
    apply(host)
    listener = Listener(host, "br0", "far")
    writer = Writer(host, "web0", GUEST, OTHER, SPOOF, user=ALICE)
    wait_for_frames()
    declare(text(lock_mac="yes", guest_mac=OTHER))
    result = strace(host, "sendto:delay_enter=20000")
    wait_for_frames()
    written, errors = writer.end()
    assert f"guest-mac {GUEST} -> {OTHER}" in result.out and errors == {}
    runs = listener.end()
    assert 2 not in runs, "the spoofed ones never"
    (old,), (new,) = runs[0], runs[1]
    assert old[0] == 0 and old[1] < written[0] - 100, "the old address up to one moment"
    assert new[0] > 100 and new[1] == written[1] - 1, "the new one from one on"
    assert ties(host, "web0") == [OTHER]


def test_no_frame_slips_onto_the_new_bridge(host, declare):  # noqa: F811
    """It is locked and isolated there before it takes anything; with a pause before each message."""
    second_bridge(host)
    declare(text())
    apply(host)
    listener, isolated = Listener(host, "br1", "far"), Listener(host, "br1", "iso", isolated=True)
    old = Listener(host, "br0", "old")
    writer = Writer(host, "web0", SPOOF, GUEST, user=ALICE)
    wait_for_frames()
    declare(text(bridge="br1", lock_mac="yes", isolate="yes"))
    result = strace(host, "sendto:delay_enter=20000")
    wait_for_frames()
    written, errors = writer.end()
    assert "bridge br0 -> br1" in result.out and errors == {}
    assert isolated.end() == {}
    runs = listener.end()
    assert 0 not in runs and len(runs[1]) == 1 and runs[1][0][1] == written[1] - 1
    assert len(old.end()[1]) == 1


def test_runs_at_once_move_it_without_a_failed_write_or_a_frame_that_slips(host, declare):  # noqa: F811
    second_bridge(host)
    declare(text())
    apply(host)
    listener, isolated = Listener(host, "br1", "far"), Listener(host, "br1", "iso", isolated=True)
    writer = Writer(host, "web0", SPOOF, GUEST, user=ALICE)
    for n in range(4):
        declare(text(bridge="br1", lock_mac="yes", isolate="yes"))
        runs = [host.start(APPLY) for _ in range(3)]
        out = [process.communicate(timeout=60) for process in runs]
        assert [process.returncode for process in runs] == [0, 0, 0], out
        assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"
        if n < 3:
            declare(text())
            apply(host)
    assert ties(host, "web0", "br1") == [GUEST] and writer.end()[1] == {}
    assert 0 not in listener.end() and isolated.end() == {}


HEAR = """
import select, socket, sys
socket_ = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
socket_.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
socket_.bind(("", 4000))
print("ready", flush=True)
count = 0
while sys.stdin not in select.select([socket_, sys.stdin], [], [])[0]:
    count += len(socket_.recv(100)) > 0
print(count)
"""
CALL = """
import collections, fcntl, json, os, select, struct, sys
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return 0xffff - total
fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"web0", 0x5002))
print("held", flush=True)
source, target = bytes([10, 9, 0, 2]), bytes([10, 9, 0, 1])
mac = bytes.fromhex("525400123456")
head = struct.pack("!BBHHHBBH", 0x45, 0, 36, 0, 0, 64, 17, 0) + source + target
head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
udp = struct.pack("!HHHH", 4000, 4000, 16, 0) + b"a packet"
arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, source, bytes(6), target)
frames = [bytes(10) + bytes.fromhex(sys.argv[1]) + mac + b"\\x08\\x00" + head + udp,
          bytes(10) + b"\\xff" * 6 + mac + b"\\x08\\x06" + arp]
answers = collections.Counter()
while True:
    ready = select.select([sys.stdin, fd], [], [], 0.001)[0]
    if sys.stdin in ready: break
    if fd in ready:
        data = os.read(fd, 2000)
        answers["arp" if data[22:24] == b"\\x08\\x06" and data[10:16] == mac else "other"] += 1
    for frame in frames:
        try: os.write(fd, frame)
        except OSError as error: answers[error.strerror] += 1
print(json.dumps(answers))
"""


def test_between_two_bridges_the_host_does_not_hear_the_guest(host, declare):  # noqa: F811
    """The guest calls the host all the time, by the address that the tap itself has; the step onto the new bridge is held up.
    Over the bridges the host does not answer either."""
    second_bridge(host)
    host.run("ip", "address", "add", "10.9.0.1/24", "dev", "lo")
    for bridge in ("br0", "br1"):
        host.run("sysctl", "-qw", f"net.ipv4.conf.{bridge}.arp_ignore=8", f"net.ipv4.conf.{bridge}.rp_filter=1")
    declare(text())
    apply(host)
    hears = host.start("/usr/bin/python3", "-c", HEAR)
    assert hears.stdout.readline() == "ready\n"
    guest = host.start("/usr/bin/python3", "-c", CALL, "fe5400123456", user=ALICE)
    assert guest.stdout.readline() == "held\n"
    declare(text(bridge="br1"))
    result = strace(host, "sendto:delay_enter=30000")
    assert "bridge br0 -> br1" in result.out
    answers = json.loads(guest.communicate("", timeout=10)[0])
    assert "arp" not in answers and "Input/output error" not in answers
    assert hears.communicate("", timeout=10)[0] == "0\n"


OVERHEAR = """
import fcntl, os, select, struct, sys
fd = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"web0", 0x5002))
print("held", flush=True)
while True:
    ready = select.select([sys.stdin, fd], [], [])[0]
    if fd in ready:
        frame = os.read(fd, 4000)[10:]
        if frame[6:12].hex() == sys.argv[1] and frame[12:14] == b"\\x86\\xdd":
            print(frame.hex(), flush=True)
    elif sys.stdin in ready:
        break
"""


def test_an_mtu_that_brings_ipv6_brings_no_word_of_it_to_the_guest(host, declare):  # noqa: F811
    """A host that forwards reports the group of all routers at once, from any address and from none."""
    host.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.forwarding=1")
    second_bridge(host, "small", 1200)
    begin(host, declare, {"bridge": "small", "mtu": "1200"})
    guest = host.start("/usr/bin/python3", "-c", OVERHEAR, "fe5400123456", user=ALICE)
    assert guest.stdout.readline() == "held\n"
    wait_until_it_forwards(host, "web0")
    declare(text(bridge="small", mtu="1500"))
    # held up between the MTU and the settings
    assert "mtu 1200 -> 1500" in strace(host, "write:delay_enter=100000").out
    time.sleep(1.5)  # a report comes a second later at the latest
    assert guest.communicate("", timeout=10)[0] == ""
    assert host.run("cat", "/proc/sys/net/ipv6/conf/web0/disable_ipv6").out == "1\n"


def count_calls(host, name="sendto"):
    """How many system calls of that name a run makes, which is undone."""
    trace = host.folder / "trace"
    host.run("strace", "-o", trace, "-e", f"trace={name}", APPLY)
    return len(re.findall(rf"^{name}\(", trace.read_text(), re.M))


def sample(calls, step):
    """Of the calls of a run, the first two of which are the look at all; all of them if there is time."""
    return range(3, calls + 1, 1 if LONG else 2 * step)


def port_state(host):
    link = host.link("web0")
    tun, port = link["linkinfo"]["info_data"], link["linkinfo"].get("info_slave_data", {})
    settings = {key: port.get(key) for key in ("isolated", "locked", "learning", "guard", "root_block")}
    return {"bridge": link.get("master"), "mtu": link["mtu"], "mac": link["address"], "alias": link["ifalias"],
            "flags": sorted(set(link["flags"]) & {"UP", "MULTICAST"}), "mode": link["linkmode"], "user": tun.get("user"),
            "ties": ties(host, "web0", link["master"]) if "master" in link else [], **settings}


FAULTY = {
    "lock": ({}, {"lock_mac": "yes"}),
    "unlock": ({"lock_mac": "yes"}, {}),
    "guest's address": ({"lock_mac": "yes"}, {"lock_mac": "yes", "guest_mac": OTHER, "host_mac": "fe:54:00:12:34:56"}),
    "isolate": ({}, {"isolate": "yes"}),
    "bridge": ({"lock_mac": "yes"}, {"lock_mac": "yes", "bridge": "br1", "isolate": "yes", "mtu": "2000"}),
    "IPv6": ({"mtu": "1200", "bridge": "small"}, {"mtu": "1500", "bridge": "small"}),
}


@pytest.mark.parametrize("before, after", FAULTY.values(), ids=FAULTY)
def test_a_change_that_fails_is_put_back(host, declare, before, after):  # noqa: F811
    """Each message to the kernel is lost in turn, with an error that forbids another try: it is as it was, or as declared, and
    no write fails meanwhile."""
    second_bridge(host)
    second_bridge(host, "small", 1200)
    begin(host, declare, before)
    was = port_state(host)
    declare(text(**after))
    calls = count_calls(host)
    became = port_state(host)
    assert calls > 6 and became != was
    writer = Writer(host, "web0", GUEST, user=ALICE)
    put_back = 0
    for call in sample(calls, 3):
        begin(host, declare, before)
        assert port_state(host) == was
        declare(text(**after))
        result = strace(host, f"sendto:error=EPERM:when={call}")
        now = port_state(host)
        assert now in (was, became), (call, result)
        assert (result.code == 0) <= (now == became), (call, result)
        assert "it is " not in result.err, (call, result)
        put_back += now == was and result.code == 1
    assert put_back >= 1
    assert writer.end()[1] == {}, "no write failed"


@pytest.mark.parametrize("before, after", FAULTY.values(), ids=FAULTY)
def test_a_fault_that_passes_is_got_over(host, declare, before, after):  # noqa: F811
    second_bridge(host)
    second_bridge(host, "small", 1200)
    begin(host, declare, before)
    declare(text(**after))
    calls = count_calls(host)
    became = port_state(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    for call in sample(calls, 6):
        begin(host, declare, before)
        declare(text(**after))
        result = strace(host, f"sendto:error=ENOBUFS:when={call}")
        if result.code:  # what is asked for the plan is asked once
            assert "No buffer space available" in result.err, (call, result)
            apply(host)
        assert port_state(host) == became, (call, result)
    assert writer.end()[1] == {}


@pytest.mark.parametrize("before, after", FAULTY.values(), ids=FAULTY)
def test_killed_in_the_middle_no_write_fails_and_the_next_run_completes_it(host, declare, before, after):  # noqa: F811
    second_bridge(host)
    second_bridge(host, "small", 1200)
    begin(host, declare, before)
    declare(text(**after))
    calls = count_calls(host)
    became = port_state(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    for call in sample(calls, 5):
        begin(host, declare, before)
        declare(text(**after))
        strace(host, f"sendto:signal=KILL:when={call}")
        assert apply(host).code == 0
        assert port_state(host) == became, call
        assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"
    assert writer.end()[1] == {}


def test_two_guests_that_exchange_their_addresses_get_them(host, declare):  # noqa: F811
    """Each is locked to what the other one is to have."""
    second = {"dev": "web1", "lock_mac": "yes"}
    declare(text(lock_mac="yes") + text("second", guest_mac=OTHER, **second))
    apply(host)
    writer = Writer(host, "web0", GUEST, OTHER, user=ALICE)
    declare(text(guest_mac=OTHER, lock_mac="yes") + text("second", **second))
    dry = apply(host, "--dry-run")
    assert "to change 2," in dry.out and "cut off" not in dry.out
    assert "changed 2," in apply(host).out
    assert (ties(host, "web0"), ties(host, "web1")) == ([OTHER], [GUEST])
    assert apply(host).out == "created 0, changed 0, unchanged 2, removed 0\n"
    assert writer.end()[1] == {}


def test_what_cannot_succeed_is_found_before_anything_is_touched(host, declare):  # noqa: F811
    """The guest's address, or the device's own, is another port's of the bridge that it is to join; or that bridge is full."""
    second_bridge(host)
    host.run("ip", "link", "add", "far", "type", "veth", "peer", "name", "farp")
    host.run("ip", "link", "set", "farp", "master", "br1")
    host.run("bridge", "fdb", "add", GUEST, "dev", "farp", "master", "static")
    declare(text())
    apply(host)
    before = state(host, "web0", "br0", "br1", "farp")
    writer = Writer(host, "web0", GUEST, user=ALICE)
    for keys, says in (({"lock_mac": "yes"}, f"guest-mac {GUEST} is another port's of bridge br1, or its own"),
                       ({"host_mac": GUEST, "guest_mac": OTHER}, f"host-mac {GUEST} is another port's of bridge br1, or its own")):
        declare(text(bridge="br1", mtu="2000", **keys))
        for words in (["--dry-run"], []):
            result = apply(host, *words, check=False)
            assert result.code == 1 and says in result.err and "hint: farp has it: bridge fdb show br br1\n" in result.err, result
            assert "cut off" not in result.out + result.err
    assert state(host, "web0", "br0", "br1", "farp") == before
    declare(text("new", dev="new0", bridge="br1", lock_mac="yes"))
    for words in (["--dry-run"], []):
        result = apply(host, *words, check=False)
        assert result.code == 1 and "guest-mac " in result.err and "farp has it" in result.err
        assert not words or "to create 0," in result.out
    assert host.link("new0") is None and writer.end()[1] == {}


def test_one_that_cannot_be_made_anew_is_not_taken_from_its_user(host, declare):  # noqa: F811
    second_bridge(host)
    host.run("ip", "link", "add", "far", "type", "veth", "peer", "name", "farp")
    host.run("ip", "link", "set", "farp", "master", "br1")
    host.run("bridge", "fdb", "add", GUEST, "dev", "farp", "master", "static")
    declare(text())
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    before = state(host, "web0")
    declare(text(bridge="br1", lock_mac="yes", queues="2"))
    result = apply(host, "--force", check=False)
    assert result.code == 1 and "farp has it" in result.err and state(host, "web0") == before, result
    assert writer.end()[1] == {}


def test_one_on_no_bridge_that_cannot_be_on_its_own_is_down(host, declare):  # noqa: F811
    """Else it would be an interface of the host's, in its owner's hands."""
    declare(text(lock_mac="yes"))
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    host.run("ip", "link", "set", "web0", "nomaster")
    host.run("ip", "link", "add", "far", "type", "veth", "peer", "name", "farp")
    host.run("ip", "link", "set", "farp", "master", "br0")
    host.run("bridge", "fdb", "add", GUEST, "dev", "farp", "master", "static")
    dry = apply(host, "--dry-run", check=False)
    who = f"cut off until then: {PYTHON} (pid {writer.pid}) of {ALICE}\n"
    assert dry.code == 1 and f"; web0 would be set down until then; {who}" in dry.err, dry
    assert "UP" in host.link("web0")["flags"]
    result = apply(host, check=False)
    assert result.code == 1 and f"; web0 is down until then; {who}" in result.err, result
    assert "UP" not in host.link("web0")["flags"]
    (interface,) = apply(host, "--json", check=False).json["interfaces"]
    assert interface["interrupts"]["how"] == "down" and interface["interrupts"]["held_by"][0]["pid"] == writer.pid
    host.run("ip", "link", "del", "far")
    assert "changed web0: bridge none -> br0" in apply(host).out
    assert ties(host, "web0") == [GUEST]
    writer.end()


def test_one_on_no_bridge_whose_mtu_its_bridge_does_not_take_is_down(host, declare):  # noqa: F811
    declare(text(mtu="1500"))
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    host.run("ip", "link", "set", "web0", "nomaster")
    host.run("ip", "link", "set", "br0", "mtu", "2000")
    result = apply(host, check=False)
    assert result.code == 1 and "mtu 1500 could lower that of bridge br0, 2000" in result.err, result
    assert "; web0 is down until then; cut off until then: " in result.err and "UP" not in host.link("web0")["flags"], result
    host.run("ip", "link", "set", "br0", "mtu", "1500")
    assert "changed web0: bridge none -> br0, up no -> yes" in apply(host).out
    writer.end()


def test_one_that_is_down_is_not_set_up_without_its_lock(host, declare):  # noqa: F811
    """Its guest's address is another port's; the rest is corrected."""
    declare(text())
    apply(host)
    host.run("ip", "link", "set", "web0", "down")
    host.run("ip", "link", "add", "far", "type", "veth", "peer", "name", "farp")
    host.run("ip", "link", "set", "farp", "master", "br0")
    host.run("bridge", "fdb", "add", GUEST, "dev", "farp", "master", "static")
    declare(text(lock_mac="yes", isolate="yes"))
    result = apply(host, check=False)
    link = host.link("web0")
    assert result.code == 1 and "farp has it" in result.err and "changed web0: isolate no -> yes\n" in result.out, result
    assert "UP" not in link["flags"] and link["linkinfo"]["info_slave_data"]["isolated"]
    host.run("ip", "link", "del", "far")
    assert "lock-mac no -> yes, up no -> yes\n" in apply(host).out
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"


def test_a_move_that_can_neither_be_done_nor_undone_leaves_it_down_and_says_so(host, declare):  # noqa: F811
    """Neither the bridge that it is to join takes it, nor the one that it left."""
    second_bridge(host)
    declare(text(lock_mac="yes"))
    apply(host)
    declare(text(lock_mac="yes", bridge="br1"))
    trace = host.folder / "trace"
    host.run("strace", "-o", trace, "-e", "trace=sendto", APPLY)
    calls = re.findall(r"^sendto\(.*", trace.read_text(), re.M)
    join = max(n for n, call in enumerate(calls, 1) if "IFLA_MASTER" in call)
    declare(text(lock_mac="yes"))
    apply(host)
    declare(text(lock_mac="yes", bridge="br1"))
    writer = Writer(host, "web0", GUEST, user=ALICE)
    # behind the one that fails it looks where it is, leaves, takes its address and MTU back, and joins
    result = strace(host, f"sendto:error=EPERM:when={join}..{join + 4}+4")
    now = port_state(host)
    who = rf"{PYTHON} \(pid {writer.pid}\) of {ALICE}"
    assert result.code == 1 and re.search(rf"; it is down and off its bridge now; cut off: {who}\n", result.err), result
    assert now["bridge"] is None and "UP" not in now["flags"], now
    assert "changed 1" in apply(host).out
    assert port_state(host)["bridge"] == "br1"
    writer.end()


def traced(host):
    """The messages to the kernel of a run."""
    trace = host.folder / "trace"
    host.run("strace", "-o", trace, "-e", "trace=sendto", APPLY)
    return re.findall(r"^sendto\(.*", trace.read_text(), re.M)


def test_a_pause_ends_where_the_first_word_of_it_is_lost(host, declare):  # noqa: F811
    second_bridge(host)
    declare(text())
    apply(host)
    declare(text(bridge="br1"))
    end = max(n for n, call in enumerate(traced(host), 1) if "IFLA_LINKMODE" in call)
    declare(text())
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    declare(text(bridge="br1"))
    result = strace(host, f"sendto:error=EPERM:when={end}..{end + 1}")
    now = port_state(host)
    assert result.code == 0 and now["mode"] == "DEFAULT" and now["flags"] == ["MULTICAST", "UP"], (now, result)
    assert writer.end()[1] == {}


@pytest.mark.parametrize("after, says", [
    ({"host_mac": OTHER}, "host-mac"), ({"bridge": "br1", "host_mac": OTHER}, "host-mac"),
    ({"bridge": "br1", "guest_mac": OTHER, "lock_mac": "yes"}, "guest-mac")], ids=["its own", "its own, on another", "its guest's"])
def test_an_address_that_another_port_gets_meanwhile_is_left_to_it(host, declare, after, says):  # noqa: F811
    """Between the look at the plan and the change: held open here at the last question before it."""
    second_bridge(host)
    bridge = after.get("bridge", "br0")
    host.run("ip", "link", "add", "far", "type", "veth", "peer", "name", "farp")
    host.run("ip", "link", "set", "farp", "master", bridge)
    declare(text())
    apply(host)
    declare(text(**after))
    calls = traced(host)
    change = next(n for n, call in enumerate(calls) if "RTM_SETLINK" in call)
    ask = max(n for n, call in enumerate(calls[:change], 1) if "RTM_GETNEIGH" in call)
    declare(text())
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    before = port_state(host)
    declare(text(**after))
    trace = host.folder / "trace"
    trace.unlink()
    process = host.start("strace", "-o", trace, "-e", "trace=sendto", "-e", f"inject=sendto:delay_enter=1500000:when={ask}", APPLY)
    deadline = time.monotonic() + 10
    while not trace.exists() or len(re.findall(r"^sendto\(.*=", trace.read_text(), re.M)) < ask - 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    host.run("bridge", "fdb", "add", OTHER, "dev", "farp", "master", "static")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and f"{says} {OTHER} is another port's of bridge {bridge}" in err, (out, err)
    assert "cut off" not in out + err, "it was not even begun"
    assert port_state(host) == before and writer.end()[1] == {}
    assert f"{OTHER} dev farp" in host.run("bridge", "fdb", "show", "br", bridge).out


def test_an_mtu_that_its_bridge_would_follow_is_put_back(host, declare):  # noqa: F811
    """A bridge whose MTU nobody set has its ports'."""
    host.bridge("auto", address="02:00:00:00:00:04")
    declare(text(bridge="auto"))
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    declare(text(bridge="auto", mtu="2000", isolate="yes"))
    result = apply(host, check=False)
    assert result.code == 1 and "bridge auto, whose MTU was not set, would take 2000 over" in result.err, result
    assert "changed web0: isolate no -> yes\n" in result.out
    assert (host.link("web0")["mtu"], host.link("auto")["mtu"]) == (1500, 1500)
    host.bridge("empty", address="02:00:00:00:00:06")
    declare(text(bridge="empty", mtu="2000", isolate="yes"))
    result = apply(host, check=False)
    who = rf"{PYTHON} \(pid {writer.pid}\) of {ALICE}"
    assert result.code == 1 and re.search(rf"would take 2000 over; cut off for [\d.]+ ms: {who}\n", result.err), result
    assert (host.link("web0")["master"], host.link("web0")["mtu"], host.link("empty")["mtu"]) == ("auto", 1500, 1500)
    assert writer.end()[1] == {}


def test_a_spanning_tree_that_makes_it_longer_is_told(host, declare):  # noqa: F811
    second_bridge(host)
    host.run("ip", "link", "set", "br1", "type", "bridge", "stp_state", "1", "forward_delay", "200")
    declare(text())
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    declare(text(bridge="br1"))
    assert "cut off for some milliseconds and 4 s more by the bridge's spanning tree: " in apply(host, "--dry-run").out
    said = apply(host, "--json").json["interfaces"][0]["interrupts"]
    assert said["spanning_tree_seconds"] == 4 and 0 < said["milliseconds"] < 4000
    assert writer.end()[1] == {}


def test_who_cannot_be_seen_is_said_to_be(host, declare):  # noqa: F811
    """As under the unit: root without CAP_SYS_PTRACE sees nobody else's descriptors."""
    second_bridge(host)
    declare(text())
    apply(host)
    writer = Writer(host, "web0", GUEST, user=ALICE)
    declare(text(bridge="br1"))
    words = ["setpriv", "--bounding-set=-all,+net_admin", "--inh-caps=-all", APPLY]
    unseen = f"a process that cannot be seen from here (the device is {ALICE}'s)"
    assert f" ; cut off for some milliseconds: {unseen}\n" in host.run(*words, "--dry-run").out
    said = host.run(*words, "--json").json["interfaces"][0]["interrupts"]
    assert said["how"] == "paused" and said["held_by"] == []
    assert writer.end()[1] == {}


def test_nobody_is_cut_off_from_what_nobody_uses(host, declare):  # noqa: F811
    second_bridge(host)
    declare(text())
    apply(host)
    declare(text(bridge="br1"))
    assert "cut off" not in apply(host, "--dry-run").out
    assert apply(host, "--dry-run", "--json").json["interfaces"][0]["interrupts"] is None
    assert "cut off" not in apply(host).out


def test_one_that_is_not_corrected_stays_its_owners(host, declare):  # noqa: F811
    """It is to be another's and on another bridge, where its guest's address is taken while it is corrected."""
    second_bridge(host)
    declare(text(lock_mac="yes"))
    apply(host)
    was = port_state(host)
    declare(text(lock_mac="yes", owner=BOB, bridge="br1"))
    calls = count_calls(host)
    assert port_state(host)["user"] == BOB
    put_back = 0
    for call in sample(calls, 4):
        declare(text(lock_mac="yes"))
        apply(host)
        assert port_state(host) == was
        declare(text(lock_mac="yes", owner=BOB, bridge="br1"))
        result = strace(host, f"sendto:error=EPERM:when={call}")
        now = port_state(host)
        assert (now["user"], now["bridge"]) in ((ALICE, "br0"), (BOB, "br1")), (call, result)
        put_back += now == was and result.code == 1
    assert put_back >= 1
