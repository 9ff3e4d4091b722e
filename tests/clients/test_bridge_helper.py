# SPDX-License-Identifier: LGPL-2.1-or-later
"""tapgrant-bridge-helper: as QEMU calls it, with real packets; as its protocol says, by hand; and abused."""
import json
import textwrap

import pytest

from guest import answering
from host import ALICE, BOB, HELPER, PREFIX, TAPGRANT, uid
from test_clients import net, reach  # noqa: F401 (a fixture)
from test_library import DOUBLE

BRIDGE_HELPER = PREFIX / "libexec/tapgrant-bridge-helper"
MAC = "52:54:00:12:34:56"

# QEMU ------------------------------------------------------------------------------------------------------------------


def ended(process, code=0):
    """Its messages."""
    _, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    return err


class Qmp:
    def __init__(self, host, *words):
        self.process = host.start("qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none", "-qmp", "stdio",
                                  *words, user=ALICE)
        assert "QMP" in self.answer(), self.process.stderr.read()
        self.ask("qmp_capabilities")

    def answer(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                return {}
            answer = json.loads(line)
            if "event" not in answer:
                return answer

    def ask(self, command, **arguments):
        self.process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        return self.answer()


@pytest.mark.parametrize("netdev", [
    f"bridge,id=t0,br=br0,helper={BRIDGE_HELPER}",
    f"bridge,id=t0,helper={BRIDGE_HELPER}",
    f"tap,id=t0,br=br0,helper={BRIDGE_HELPER}",
    f"tap,id=t0,helper={BRIDGE_HELPER} --br=br0"])
def test_qemu_by_helper(net, netdev):  # noqa: F811
    process = net.start(*answering(netdev), user=ALICE)
    reach(net)
    tap = net.link("tg0")
    assert tap["master"] == "br0" and tap["linkinfo"]["info_data"]["user"] == ALICE
    assert tap["linkinfo"]["info_data"]["vnet_hdr"] and not tap["linkinfo"]["info_data"]["persist"]
    net.end(process)
    net.wait_gone("tg0")


def test_qemu_by_helper_with_arguments(net):  # noqa: F811
    """A space in helper= makes QEMU call sh -c; a comma is doubled for QEMU."""
    tap = f"u{uid(ALICE)}-q"
    process = net.start(*answering(f"bridge,id=t0,br=br0,helper={BRIDGE_HELPER} --net guest-mac={MAC},,dev={tap}"), user=ALICE)
    reach(net)
    assert net.link(tap)["address"] == "fe:54:00:12:34:56"
    net.end(process)
    net.wait_gone(tap)


def test_qemu_by_helper_twice_then_quit(net):  # noqa: F811
    qemu = Qmp(net, "-netdev", f"bridge,id=a,br=br0,helper={BRIDGE_HELPER}",
               "-netdev", f"tap,id=b,br=br0,helper={BRIDGE_HELPER}")
    assert net.taps() == ["tg0", "tg1"]
    qemu.ask("quit")
    ended(qemu.process)
    net.wait_gone("tg0", "tg1")


def test_qemu_adds_and_removes_at_run_time(net):  # noqa: F811
    qemu = Qmp(net, "-netdev", "user,id=u0,net=10.88.0.0/24,host=10.88.0.2,restrict=on",
               "-netdev", "hubport,hubid=0,id=p1,netdev=u0")
    for netdev in ({"type": "bridge", "helper": str(BRIDGE_HELPER)},
                   {"type": "tap", "helper": f"{BRIDGE_HELPER} --net guest-mac={MAC}"}):
        assert qemu.ask("netdev_add", id="t0", br="br0", **netdev) == {"return": {}}
        assert qemu.ask("netdev_add", type="hubport", id="p0", hubid=0, netdev="t0") == {"return": {}}
        reach(net)
        assert qemu.ask("netdev_del", id="p0") == {"return": {}}
        assert qemu.ask("netdev_del", id="t0") == {"return": {}}
        net.wait_gone("tg0")
    assert qemu.ask("netdev_add", type="bridge", id="t1", br="br9", helper=str(BRIDGE_HELPER))["error"]
    qemu.ask("quit")
    assert "tapgrant: bridge br9: " in ended(qemu.process)


def test_qemu_shows_why_a_bridge_is_denied(lab):
    err = ended(lab.start(*answering(f"bridge,id=t0,br=br9,helper={BRIDGE_HELPER}"), user=ALICE), 1)
    lines = err.splitlines()
    assert lines[0].startswith("tapgrant: bridge br9: ") and lines[1].startswith("hint: "), err
    assert "bridge helper failed" in lines[-1] and lab.taps() == []


def test_under_qemus_sandbox_no_setuid_helper_works(lab):
    words = answering(f"bridge,id=t0,br=br0,helper={BRIDGE_HELPER}") + ["-sandbox", "on"]
    err = ended(lab.start(*words, user=ALICE), 1)
    assert f"tapgrant: {HELPER}: has no privilege: this process runs with no_new_privs" in err, err
    assert "tapgrant run" in err, err
    assert lab.taps() == []


def test_under_qemus_sandbox_tapgrant_run_works(net):  # noqa: F811
    process = net.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *answering("tap,id=t0,fd={fd}"), "-sandbox", "on",
                        user=ALICE)
    reach(net)
    net.end(process)
    net.wait_gone("tg0")


def test_under_qemus_sandbox_a_tap_of_create_works(net):  # noqa: F811
    tap = f"u{uid(ALICE)}-q"
    net.tapgrant("create", "--net", f"dev={tap},bridge=br0", check=True)
    process = net.start(*answering(f"tap,id=t0,ifname={tap},script=no,downscript=no"), "-sandbox", "on", user=ALICE)
    reach(net)
    net.end(process)


def test_under_qemus_sandbox_spawn_deny_starts_no_helper(lab):
    process = lab.start(*answering(f"bridge,id=t0,br=br0,helper={BRIDGE_HELPER}"), "-sandbox", "on,spawn=deny", user=ALICE)
    assert "tapgrant" not in process.communicate(timeout=20)[1] and process.returncode != 0
    assert lab.taps() == []


def test_qemu_opens_two_queues_of_a_tap_of_create(lab):
    tap = f"u{uid(ALICE)}-q"
    lab.tapgrant("create", "--net", f"dev={tap},bridge=br0,queues=2", check=True)
    qemu = Qmp(lab, "-netdev", f"tap,id=n0,ifname={tap},queues=2,script=no,downscript=no")
    assert lab.link(tap)["linkinfo"]["info_data"]["numqueues"] == 2
    qemu.ask("quit")
    ended(qemu.process)


# The protocol, by hand -------------------------------------------------------------------------------------------------

PARENT = """
import array, fcntl, json, os, signal, socket, struct, subprocess, sys
words = json.loads(sys.argv[1])
options = {"restore_signals": False}
ours, theirs = socket.socketpair()
fd = theirs.fileno()
@SETUP@
done = subprocess.run([word.replace("@FD", str(fd)) for word in words], stdin=subprocess.DEVNULL, capture_output=True,
                      text=True, timeout=20, pass_fds=[fd] if fd > 2 else [], **options)
theirs.close()
messages = []
while ours.fileno() >= 0:
    data, control, _, _ = ours.recvmsg(65536, 4096)
    if not data:
        break
    taps = []
    for level, kind, payload in control:
        assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        for tap in array.array("i", payload):
            name, flags = struct.unpack("16sH22x", fcntl.ioctl(tap, 0x800454d2, bytes(40)))
            name = name.rstrip(b"\\0").decode()
            read = lambda path: open(f"/sys/class/net/{name}/{path}").read().strip()
            taps.append({"dev": name, "flags": flags, "up": int(read("flags"), 0) & 1, "mac": read("address"),
                         "bridge": os.path.basename(os.readlink(f"/sys/class/net/{name}/master"))})
    messages.append([data.hex(), taps])
print(json.dumps([done.returncode, done.stdout, done.stderr, messages]))
"""


class Answer:
    def __init__(self, code, out, err, messages):
        self.code, self.out, self.err, self.messages = code, out, err, messages

    def __repr__(self):
        return f"<exit {self.code}\nout: {self.out}\nerr: {self.err}\nmessages: {self.messages}>"

    @property
    def tap(self):
        """The one descriptor of the one message of the one byte, which said nothing."""
        assert self.code == 0 and not self.out and not self.err, self
        (byte, taps), = self.messages
        assert byte == "00" and len(taps) == 1, self
        return taps[0]

    def failed(self, code, *words):
        assert self.code == code and not self.out and self.messages == [], self
        assert self.err.startswith("tapgrant: ") and all(word in self.err for word in words), self
        return self


def ask(host, *words, setup="", gone=True):
    """The bridge helper with WORDS, @FD the socket's number, started by a parent that ran SETUP before."""
    result = host.run("/usr/bin/python3", "-c", PARENT.replace("@SETUP@", textwrap.dedent(setup)),
                      json.dumps([str(BRIDGE_HELPER), *words]), user=ALICE)
    if gone:
        host.wait_gone("tg0", f"u{uid(ALICE)}-x")
    return Answer(*result.json)


@pytest.mark.parametrize("words, flags", [
    (("--use-vnet", "--fd=@FD", "--br=br0"), 0x5002),                # QEMU
    (("--use-vnet", "--br=br0", "--fd=@FD"), 0x5002),                # libvirt, virtio
    (("--br=br0", "--fd=@FD"), 0x1002),                              # libvirt, e1000
    (("--fd", "@FD", "--br", "br0"), 0x1002),
    (("--net", "vnet-hdr=no", "--use-vnet", "--fd=@FD", "--br=br0"), 0x1002),
    (("--net", "vnet-hdr=yes", "--br=br0", "--fd=@FD"), 0x5002)])
def test_one_byte_and_one_descriptor(lab, words, flags):
    tap = ask(lab, *words).tap
    assert tap["flags"] & 0x5002 == flags and not tap["flags"] & 0x0800, hex(tap["flags"])
    assert (tap["dev"], tap["up"], tap["bridge"]) == ("tg0", 1, "br0") and tap["mac"].startswith("fe:")


def test_more_is_asked_for_by_net(lab):
    more = ("--net", f"guest-mac={MAC}", f"--net=dev=u{uid(ALICE)}-x,bridge=br0", "--use-vnet", "--br=br0", "--fd=@FD")
    tap = ask(lab, *more).tap
    assert tap["mac"] == "fe:54:00:12:34:56" and tap["dev"] == f"u{uid(ALICE)}-x"


@pytest.mark.parametrize("words, said", [
    (("--net", "bridge=br1", "--br=br0", "--fd=@FD"), ("br0", "br1", "two bridges")),
    (("--net", "bridge=br0", "--br=br1", "--fd=@FD"), ("br0", "br1", "two bridges")),
    (("--net", "queues=2", "--br=br0", "--fd=@FD"), ("queues=2", "tapgrant run")),
    (("--net", "mtu=1400", "--net", "mtu=1300", "--br=br0", "--fd=@FD"), ("mtu",)),
    (("--net", "nonsense=1", "--br=br0", "--fd=@FD"), ("nonsense",)),
    (("--net", "mtu=" + "1" * 3000, "--br=br0", "--fd=@FD"), ("longer",)),
    (("--nonsense", "--br=br0", "--fd=@FD"), ("--nonsense",)),
    (("-x", "--br=br0", "--fd=@FD"), ("-x",)),
    (("--br=br0", "--fd=@FD", "more"), ("more",)),
    (("--br=br0", "more", "--fd=@FD"), ("more",)),
    (("--br=" + "b" * 16, "--fd=@FD"), ("b" * 16,)),
    (("--br=", "--fd=@FD"), ()),
    (("--fd=@FD",), ("--br",)),
    (("--br=br0",), ("--fd",)),
    (("--br=br0", "--fd"), ("--fd",)),
    ((), ("--br",))])
def test_what_it_does_not_understand(lab, words, said):
    ask(lab, *words).failed(2, *said)


def test_help_and_version(lab):
    for option, start in (("--help", "Usage: tapgrant-bridge-helper"), ("--version", "tapgrant-bridge-helper ")):
        result = lab.run(BRIDGE_HELPER, option, user=ALICE)
        assert result.out.startswith(start) and not result.err
    assert lab.run(TAPGRANT, "--version", user=ALICE).out.split()[-1] == result.out.split()[-1]


def test_a_denied_bridge_by_hand(lab):
    for name in ("br9", "br0,mtu=1600"):
        assert "hint: " in ask(lab, "--use-vnet", f"--br={name}", "--fd=@FD").failed(3, f"bridge {name}").err


@pytest.mark.parametrize("setup", [
    "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))",
    "options['preexec_fn'] = lambda: [signal.signal(n, signal.SIG_IGN) for n in range(1, 32) if n not in (9, 19)]",
    "options['preexec_fn'] = lambda: [os.close(n) for n in (0, 1, 2)]",
    "options['env'] = {}",
    "options['cwd'] = '/proc/self/fd'"])
def test_what_the_parent_left_it_does_not_matter(lab, setup):
    assert ask(lab, "--use-vnet", "--fd=@FD", "--br=br0", setup=setup).tap["flags"] & 0x4000


@pytest.fixture
def lied_to(lab):
    """A lab whose helper is a double, which grants mytap0 with a generated guest address."""
    path = lab.folder / "helper"
    path.write_text(DOUBLE.replace('b"lab", bytes(6)', 'b"lab", bytes.fromhex("525400000001")')
                    + "send(reply(dev=b'mytap0'), tap(b'mytap0'))\n")
    path.chmod(0o755)
    lab.bind(path, HELPER)
    lab.tap("mytap0")
    return lab


def test_a_generated_guest_address_is_refused(lied_to):
    answer = ask(lied_to, "--use-vnet", "--fd=@FD", "--br=br0").failed(3, "generates a guest-mac")
    hint = answer.err.splitlines()[1]
    assert hint.startswith("hint: ") and "--net guest-mac=" in hint and "tapgrant create" in hint and "managed='no'" in hint


def test_a_guest_address_that_was_asked_for_is_not(lied_to):
    answer = ask(lied_to, "--net", "guest-mac=52:54:00:00:00:01", "--use-vnet", "--fd=@FD", "--br=br0",
                 setup="os.readlink = lambda path: 'none'")
    assert answer.tap["dev"] == "mytap0"


# Abuse -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def untouched(lab):
    """A lab whose helper leaves a mark; no test that uses it may leave one."""
    double = lab.folder / "helper"
    double.write_text("#!/bin/sh\ntouch /dev/shm/executed\n")
    double.chmod(0o755)
    lab.bind(double, HELPER)
    yield lab
    assert not lab.root("/dev/shm/executed").exists(), "the helper was executed"
    assert lab.taps() == []


@pytest.mark.parametrize("number", ["-1", "", "3x", "x", " @FD", "+@FD", "@FD ", "0x3", "99", "1048577", "4294967296",
                                    "99999999999999999999", "@FD.0", "0", "1", "2", "@FD,@FD"])
def test_a_bad_number(untouched, number):
    ask(untouched, "--use-vnet", f"--fd={number}", "--br=br0").failed(2, "--fd=")


@pytest.mark.parametrize("setup", [
    "bad = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]",
    "bad = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)[0]",
    "bad = socket.socket(socket.AF_UNIX)",
    "bad = socket.socket(socket.AF_UNIX); bad.bind('\\0tapgrant-test'); bad.listen()",
    "tcp = socket.create_server(('127.0.0.1', 0)); bad = socket.create_connection(tcp.getsockname())",
    "bad = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "bad = open('/etc/passwd')",
    "bad = open('/dev/net/tun', 'r+b', 0)",
    "bad = os.fdopen(os.pipe()[1], 'wb')"])
def test_a_descriptor_of_another_kind(untouched, setup):
    ask(untouched, "--use-vnet", "--fd=@FD", "--br=br0", setup=setup + "\nfd = bad.fileno()").failed(2, "--fd=")


def test_a_closed_descriptor(untouched):
    ask(untouched, "--use-vnet", "--fd=@FD", "--br=br0", setup="options['preexec_fn'] = lambda: os.close(fd)").failed(2, "--fd=")


LISTEN = ("import socket; s = socket.socket(socket.AF_UNIX); s.bind('\\0tapgrant-test'); s.listen(); print(flush=True); "
          "c = s.accept(); input()")
CONNECT = "bad = socket.socket(socket.AF_UNIX); bad.connect('\\0tapgrant-test'); fd = bad.fileno()"


def listen(host, user):
    process = host.start("/usr/bin/python3", "-c", LISTEN, user=user)
    assert process.stdout.readline() == "\n", process.stderr.read()


def test_another_users_process_at_the_other_end(untouched):
    listen(untouched, BOB)
    ask(untouched, "--use-vnet", "--fd=@FD", "--br=br0", setup=CONNECT).failed(2, "--fd=")


@pytest.mark.parametrize("user", [ALICE, None])
def test_ones_own_process_or_roots_at_the_other_end(lab, user):
    listen(lab, user)
    answer = ask(lab, "--use-vnet", "--fd=@FD", "--br=br0", setup=CONNECT, gone=False)
    assert answer.code == 0 and not answer.err and lab.taps() == ["tg0"], answer


FULL = "theirs.setblocking(False)\ntry:\n    while True: theirs.send(b'x')\nexcept BlockingIOError: pass\n"


@pytest.mark.parametrize("net_, setup, reason", [
    ("persist=no", FULL, "temporarily unavailable"),
    ("persist=no", "ours.close()", "Broken pipe"),
    ("persist=no", "ours.shutdown(socket.SHUT_RD)", "Broken pipe"),
    ("persist=no", "theirs.shutdown(socket.SHUT_WR)", "Broken pipe"),
    ("persist=yes", "ours.close()", "Broken pipe"),
    ("persist=yes", FULL, "temporarily unavailable")])
def test_what_cannot_be_handed_over_goes(lab, net_, setup, reason):
    answer = ask(lab, "--net", net_, "--use-vnet", "--fd=@FD", "--br=br0", setup=setup)
    assert answer.code == 1 and reason in answer.err, answer
    assert all(not taps for _, taps in answer.messages), answer
    assert lab.taps() == []
