# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the last holder of a tap that stays has set: gone for the next holder of one's own, told of any other."""
import os
import re
import socket
import struct
import threading
import time
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from frames import IPV4, SECONDS, checksum, frame, in_namespace, mac, tag_of
from host import ALICE, TAPGRANT, uid
from segment import ROUTER, batch, far_away
from test_safety import wait_for

TAP = f"u{uid(ALICE)}-vm1"
GUEST, ELSEWHERE = "52:54:00:12:34:56", "52:54:00:00:00:99"
PYTHON = "/usr/bin/python3"

# A program that opens a tap by its name, as a hypervisor does, with IFF_TAP and FLAGS.
OPEN = """
import ctypes, fcntl, os, struct, sys
def ioctl(number, argument=b"", size=4, direction=1):
    return fcntl.ioctl(tap, direction << 30 | size << 16 | 0x54 << 8 | number, argument)
def get(number):
    return struct.unpack("i", ioctl(number, bytes(4), direction=2))[0]
def put(number, value, direction=1):
    ioctl(number, struct.pack("i", value), direction=direction)
def attach(name, flags):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", name.encode(), 2 | flags))
    return tap
"""
# The last holder: what each setting is set by.
SET = {
    "offloads": "ioctl(208, 0x1f)",  # TUNSETOFFLOAD: checksums, TSO for IPv4 and IPv6, with ECN, and UDP
    "header": "put(216, 12)",  # TUNSETVNETHDRSZ
    "little-endian": "put(220, 1)",  # TUNSETVNETLE
    "send buffer": "put(212, 1)",  # TUNSETSNDBUF
    "carrier": "put(226, 0)",  # TUNSETCARRIER
    "frame filter": "ioctl(209, struct.pack('HH6s', 0, 1, bytes.fromhex('525400000099')))",  # TUNSETTXFILTER
    # TUNATTACHFILTER: one instruction, which accepts 0 bytes
    "classic filter": "code = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0)); "
                      "ioctl(213, struct.pack('HxxxxxxQ', 1, ctypes.addressof(code)), size=16)",
}
# eBPF: r0 = 0; exit.  Loading it takes a privilege here, and setting it none.
BPF = """
code = ctypes.create_string_buffer(bytes.fromhex("b700000000000000" "9500000000000000"))
licence = ctypes.create_string_buffer(b"GPL")
load = ctypes.create_string_buffer(struct.pack("IIQQ", 1, 2, ctypes.addressof(code), ctypes.addressof(licence)).ljust(128, b"\\0"))
program = ctypes.CDLL(None, use_errno=True).syscall(321, 5, load, 128)
assert program >= 0, os.strerror(ctypes.get_errno())
"""
SET_BPF = {"steering program": "put(224, program, direction=2)", "filter program": "put(225, program, direction=2)"}
READ = """
import os, select, sys
queues = [int(queue) for queue in sys.argv[1].split(":")]
print("ready", flush=True)
while True:
    for queue in select.select(queues, [], [])[0]:
        print(queues.index(queue), os.read(queue, 65536).hex(), flush=True)
"""


class Far:
    """The other end of a veth that is a port of br0, in another namespace."""

    def __init__(self, host):
        self.host, pid = host, far_away(host)
        batch(host, f"link add uplink type veth peer name far address {ROUTER}\nlink set far netns {pid}\n"
                    "link set uplink master br0 up\n")
        host.run("nsenter", f"--net=/proc/{pid}/ns/net", "ip", "link", "set", "far", "up")
        self.socket = in_namespace(pid, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self.socket.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
        self.socket.bind(("far", 0))

    def send(self, data, header=bytes(10)):
        assert self.socket.send(header + data) == len(header) + len(data)

    def send_large(self, port=4000):
        """4042 bytes of TCP, which whoever cannot take them so gets as three segments with their checksums."""
        addresses = ip_address("10.0.0.2").packed + ip_address("10.0.0.3").packed
        payload = 3988
        pseudo = 0xffff - checksum(addresses + struct.pack("!HH", 6, 20 + payload))
        tcp = struct.pack("!HHIIBBHHH", port, 4001, 1, 1, 5 << 4, 0x10, 65535, pseudo, 0)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 40 + payload, 0, 0x4000, 64, 6, 0) + addresses
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        data = mac(GUEST) + mac(ROUTER) + struct.pack("!H", IPV4) + head + tcp + bytes(payload)
        assert len(data) == 4042
        # needs a checksum; TCPv4; length of the headers; of a segment's payload; where the checksum begins; its place there
        self.send(data, struct.pack("=BBHHHH", 1, 1, 54, 1448, 34, 16))

    @contextmanager
    def sending_large(self):
        """Of four flows, and altogether not more than what a queue has room for."""
        over = threading.Event()

        def send():
            for _ in range(30):
                for port in range(4000, 4004):
                    self.send_large(port)
                if over.wait(0.1):
                    break
        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            over.set()
            sender.join()

    def close(self):
        self.socket.close()


@pytest.fixture
def kept(lab):
    """A tap of ALICE's on br0, of tapgrant create, and kept.far, who sends to it."""
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,guest-mac={GUEST}", check=True)
    lab.far = Far(lab)
    yield lab
    lab.far.close()


def last_holder(host, *settings, name=TAP, flags=0x5000, code=None, user=ALICE):
    """Opens, sets and closes: with IFF_VNET_HDR and IFF_NO_PI, as hypervisors do."""
    code = code or "\n".join(SET[setting] for setting in settings)
    host.run(PYTHON, "-c", f"{OPEN}tap = attach({name!r}, {flags})\n{code}", user=user)


def ready(host, process):
    """PROCESS has the tap open, and the bridge has noticed."""
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    wait_for(lambda: host.link(TAP)["operstate"] == "UP" and
             host.link(TAP)["linkinfo"]["info_slave_data"]["state"] == "forwarding")
    return process


def next_holder(host, spec=f"dev={TAP},bridge=br0,vnet-hdr=no"):
    return ready(host, host.start(TAPGRANT, "run", "--net", spec, "--", PYTHON, "-c", READ, "{fds}", user=ALICE))


def plain_program(host, flags=0x1000, queues=1):
    """One that opens the tap by its name, and sets nothing."""
    code = f"{OPEN}sys.argv[1:] = [':'.join(str(attach({TAP!r}, {flags})) for _ in range({queues}))]\n{READ}"
    return ready(host, host.start(PYTHON, "-c", code, user=ALICE))


def read_until(process, marker):
    """All that comes before MARKER, which must come."""
    heard, limit = [], threading.Timer(SECONDS, process.kill)
    limit.start()
    try:
        while line := process.stdout.readline():
            data = bytes.fromhex(line.split()[1])
            if tag_of(marker) in data:
                return heard
            heard.append(data)
    finally:
        limit.cancel()
    raise AssertionError("the marker, which nothing stops, did not come: no path")


def segments(frames):
    return [data for data in frames if data[12:14] == struct.pack("!H", IPV4) and data[23] == 6]


def is_whole(data):
    """No longer than the MTU, and with its checksums."""
    return len(data) <= 1514 and checksum(data[14:34]) == 0 and checksum(
        data[26:34] + struct.pack("!HH", 6, len(data) - 34) + data[34:] + bytes(len(data) % 2)) == 0


def marks():
    """A frame that any holder gets, also behind the frame filter."""
    return frame(ROUTER, ELSEWHERE)


def gets_large(host, process):
    marker = marks()
    host.far.send_large()
    host.far.send(marker)
    return segments(read_until(process, marker))


def gets_unicast(host, process):
    """How many of 5 frames to the guest's address."""
    sent, marker = [frame(ROUTER, GUEST) for _ in range(5)], marks()
    for data in [*sent, marker]:
        host.far.send(data)
    heard = read_until(process, marker)
    return sum(any(tag_of(data) in one for one in heard) for data in sent)


# One's own ------------------------------------------------------------------------------------------------------------


def test_offloads_of_the_last_holder_are_off(kept):
    last_holder(kept, "offloads")
    plain = plain_program(kept)
    (data,) = gets_large(kept, plain)
    assert len(data) == 4042 and not is_whole(data), "what a program that opens it itself gets: there is something to reset"
    kept.end(plain)
    found = gets_large(kept, next_holder(kept))
    assert len(found) == 3 and all(map(is_whole, found))


def test_after_create_any_program_gets_whole_frames(kept):
    last_holder(kept, "offloads")
    kept.tapgrant("create", "--net", f"dev={TAP},bridge=br0", check=True)
    found = gets_large(kept, plain_program(kept))
    assert len(found) == 3 and all(map(is_whole, found))


@pytest.mark.parametrize("queues, flags", [(1, 0x5000), (2, 0x5100)])
def test_frames_that_came_before_the_reset_are_not_the_next_holders(lab, queues, flags):
    """The reset is held up, and so is what was sent before it in the tap's queues."""
    spec = f"dev={TAP},bridge=br0,queues={queues}"
    lab.tapgrant("create", "--net", f"{spec},guest-mac={GUEST}", check=True)
    lab.far = Far(lab)
    last_holder(lab, "offloads", flags=flags)
    process = lab.start("strace", "-D", "-u", ALICE, "-o", f"{lab.folder}/trace", "-e", "trace=ioctl,read,execve", "-e",
                        "inject=ioctl:delay_enter=300000", TAPGRANT, "run", "--net", f"{spec},vnet-hdr=no", "--", PYTHON, "-c", READ,
                        "{fds}")
    wait_for(lambda: "LOWER_UP" in lab.link(TAP)["flags"])
    with lab.far.sending_large():
        ready(lab, process)
    found = gets_large(lab, process)  # up to the marker, but for what the other queue has
    time.sleep(0.3)
    lab.end(process)
    found += segments(bytes.fromhex(line.split()[1]) for line in process.stdout.read().splitlines())
    assert len(found) >= 3 and all(map(is_whole, found))
    before, _ = (lab.folder / "trace").read_text().rsplit("execve(", 1)
    drained = re.findall(r"^read\((\d+), .*, 256\) += (\S+)", before.split("TUNSETOFFLOAD")[-1], re.M)
    assert len({queue for queue, size in drained if size != "-1"}) == queues and drained[-1][1] == "-1", before
    lab.far.close()


def test_a_frame_filter_of_the_last_holder_is_gone(kept):
    last_holder(kept, "frame filter")
    plain = plain_program(kept)
    assert gets_unicast(kept, plain) == 0
    kept.end(plain)
    assert gets_unicast(kept, next_holder(kept)) == 5


@pytest.mark.parametrize("by_tapgrant", [False, True])
def test_a_classic_filter_of_the_last_holder_is_gone(kept, by_tapgrant):
    """The kernel reads it again, from the memory of whoever opens the tap next without IFF_NO_PI: here the same program.
    Where there is one, the queue is not attached (drivers/net/tun.c, tun_attach())."""
    code = f"""{OPEN}
def open_again():
    global tap
    os.close(tap)
    print("closed", flush=True)
    sys.stdin.readline()
    tap = attach({TAP!r}, 0)
    os.set_blocking(tap, False)
    try:
        os.read(tap, 2000)
    except OSError as error:
        print(error.strerror, flush=True)
tap = attach({TAP!r}, 0)
{SET["classic filter"]}
open_again()
"""
    process = kept.start(PYTHON, "-c", code, user=ALICE)
    assert process.stdout.readline() == "closed\n", process.stderr.read()
    if by_tapgrant:
        kept.tapgrant("create", "--net", f"dev={TAP},bridge=br0", check=True)
    out, err = process.communicate("\n", timeout=30)
    assert out == ("Resource temporarily unavailable\n" if by_tapgrant else "File descriptor in bad state\n"), (out, err)


@pytest.mark.parametrize("what", SET_BPF)
def test_a_program_of_the_last_holders_is_gone(lab, what):
    """Of two queues, which it can steer by: the first gets all, or none gets anything."""
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,guest-mac={GUEST},queues=2", check=True)
    lab.far = Far(lab)
    def spread(process):
        """The numbers of the queues by which 64 flows come."""
        sent = [flow(number) for number in range(64)]
        for data in sent:
            lab.far.send(data)
        time.sleep(0.3)
        lab.end(process)
        heard = [line.split() for line in process.stdout.read().splitlines()]
        return {queue for queue, data in heard if any(one.hex() == data for one in sent)}

    spec = f"dev={TAP},bridge=br0,queues=2,vnet-hdr=no"
    assert spread(next_holder(lab, spec)) == {"0", "1"}
    last_holder(lab, flags=0x1100, code=BPF + SET_BPF[what], user=None)
    assert spread(plain_program(lab, 0x1100, 2)) == ({"0"} if what.startswith("steering") else set())
    assert spread(next_holder(lab, spec)) == {"0", "1"}
    lab.far.close()


def flow(number):
    """A UDP datagram of its own flow."""
    body = struct.pack("!HHHH", 4000 + number, 4000, 8, 0)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, 17, 0) + ip_address("10.0.0.2").packed + ip_address("10.0.0.3").packed
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return mac(GUEST) + mac(ROUTER) + struct.pack("!H", IPV4) + head + body


VALUES = "print({'header': get(215), 'little-endian': get(221), 'send buffer': get(211)})"


def test_header_byte_order_send_buffer_and_carrier_are_a_new_taps(kept):
    last_holder(kept, "header", "little-endian", "send buffer", "carrier")
    code = f"{OPEN}tap = int(sys.argv[1])\n{VALUES}"
    result = kept.tapgrant("run", "--net", f"dev={TAP},bridge=br0", "--", PYTHON, "-c", code, "{fd}", check=True)
    assert result.out == "{'header': 10, 'little-endian': 0, 'send buffer': 2147483647}\n"
    assert "LOWER_UP" not in kept.link(TAP)["flags"]
    process = kept.hold(f"dev={TAP},bridge=br0")
    assert "LOWER_UP" in kept.link(TAP)["flags"]
    kept.end(process)


def test_what_is_the_taps_own_stays(kept):
    last_holder(kept, *SET)
    before = kept.link(TAP)
    kept.tapgrant("create", "--net", f"dev={TAP},bridge=br0", check=True)
    after = kept.link(TAP)
    for key in ("ifindex", "ifname", "address", "mtu", "master", "ifalias", "altnames", "txqlen", "group"):
        assert after[key] == before[key], key
    assert "UP" in after["flags"]
    for key in ("user", "persist", "multi_queue", "type"):
        assert after["linkinfo"]["info_data"][key] == before["linkinfo"]["info_data"][key], key


@pytest.fixture
def other_type(lab):
    """The last holder has made it a device of another kind of link, while it was down.  No bridge lets its ports do that."""
    lab.tapgrant("create", "--net", f"dev={TAP}", check=True)
    lab.run("ip", "link", "set", TAP, "down")
    last_holder(lab, code="ioctl(205, 772)")  # TUNSETLINK, ARPHRD_LOOPBACK
    assert lab.link(TAP)["link_type"] == "loopback"
    return lab


def test_a_link_type_is_set_back_while_the_tap_is_down(other_type):
    other_type.tapgrant("create", "--net", f"dev={TAP}", check=True)
    assert other_type.link(TAP)["link_type"] == "ether"


def test_a_link_type_that_cannot_be_set_back_is_an_error(other_type):
    other_type.run("ip", "link", "set", TAP, "up")
    result = other_type.tapgrant("run", "--net", f"dev={TAP}", "--", "true")
    assert result.code == 4 and "has the link type 772, not Ethernet's, and is up" in result.err, result


def test_a_setting_that_cannot_be_reset_is_an_error(kept):
    """As where a security module forbids it."""
    words = [TAPGRANT, "run", "--net", f"dev={TAP},bridge=br0", "--", "true"]
    kept.run("strace", "-u", ALICE, "-o", f"{kept.folder}/trace", "-e", "trace=ioctl", *words)
    calls = (kept.folder / "trace").read_text().split("ioctl(")[1:]
    (first,) = [number for number, call in enumerate(calls, 1) if "TUNSETOFFLOAD" in call]
    assert any("TUNSETVNETBE" in call for call in calls), "which not every kernel knows"
    result = kept.run("strace", "-u", ALICE, "-o", "/dev/null", "-e", f"inject=ioctl:error=EACCES:when={first}", *words, check=False)
    assert result.code == 1 and (f"tapgrant: interface {TAP}: what its last holder set cannot be undone: TUNSETOFFLOAD: Permission "
                                 "denied\n") in result.err, result


# Others -----------------------------------------------------------------------------------------------------------------


def warnings(host, name, vnet_hdr):
    result = host.tapgrant("run", "--net", f"managed=no,dev={name},vnet-hdr={vnet_hdr}", "--", "true", check=True)
    assert all(line.startswith(f"tapgrant: interface {name}: warning: ") for line in result.err.splitlines()), result
    return [line.split(" warning: ")[1] for line in result.err.splitlines()]


def test_an_unmanaged_tap_is_not_changed_and_told_of(kept):
    assert warnings(kept, TAP, "no") == warnings(kept, TAP, "yes") == []
    last_holder(kept, "offloads", "header", "little-endian", "frame filter")
    assert warnings(kept, TAP, "yes") == ["an earlier program's settings are on, offloads, a virtio header of 12 bytes, little-endian"]
    plain = plain_program(kept)
    assert gets_unicast(kept, plain) == 0
    kept.end(plain)
    code = f"{OPEN}tap = int(sys.argv[1])\n{VALUES}"
    result = kept.tapgrant("run", "--net", f"managed=no,dev={TAP}", "--", PYTHON, "-c", code, "{fd}", check=True)
    assert result.out == "{'header': 12, 'little-endian': 1, 'send buffer': 2147483647}\n"


@pytest.mark.parametrize("mask, text", [(0x1f, ", and larger than the MTU"), (1, "")])
def test_what_it_is_told_of_offloads_mends_them(kept, mask, text):
    last_holder(kept, code=f"ioctl(208, {mask})")
    (line,) = warnings(kept, TAP, "no")
    command = f"ethtool -K {TAP} tx off"
    assert line == ("an earlier program's offloads are on: packets come without checksums" + text +
                    f"; use vnet-hdr=yes, or as root {command}")
    kept.run("sh", "-ec", command)
    assert warnings(kept, TAP, "no") == []
    found = gets_large(kept, next_holder(kept, f"managed=no,dev={TAP},vnet-hdr=no"))
    assert len(found) == 3 and all(map(is_whole, found))


def test_another_link_type_is_told_of(other_type):
    assert warnings(other_type, TAP, "yes") == [
        f"it is down: no traffic flows until root does ip link set {TAP} up", "its link type is 772, not Ethernet's"]


def finding(host, check, name=TAP):
    return next((one for one in host.tapgrant("doctor", "--json", name).json if one["check"] == check), None)


def test_doctor_tells_of_the_offloads_of_a_tap_that_is_free(kept):
    assert finding(kept, "offloads")["text"] == "none: packets come whole"
    last_holder(kept, "offloads")
    found = finding(kept, "offloads")
    assert found["ok"] and found["text"] == ("an earlier program's are on: without a virtio header, packets come without checksums, "
                                             "and larger than the MTU")
    kept.run(*found["hint"].replace("tapgrant", str(TAPGRANT), 1).split(), user=ALICE)
    assert finding(kept, "offloads")["text"] == "none: packets come whole"
    holder = kept.start(PYTHON, "-c", f"{OPEN}tap = attach({TAP!r}, 0x5000)\n{SET['offloads']}\nprint('set', flush=True)\n"
                        "sys.stdin.read()", user=ALICE)
    assert holder.stdout.readline() == "set\n"
    found = finding(kept, "offloads")
    assert found["ok"] and found["hint"] is None and found["text"] == "on, as its holder asked"


def test_doctors_hint_for_a_tap_that_is_not_tapgrants(kept):
    kept.tap("mytap0")
    last_holder(kept, "offloads", name="mytap0")
    found = finding(kept, "offloads", "mytap0")
    assert found["hint"] == "ethtool -K mytap0 tx off"
    kept.run("sh", "-ec", found["hint"])
    assert finding(kept, "offloads", "mytap0")["text"] == "none: packets come whole"


def test_doctor_tells_of_another_link_type_and_how_to_set_it_back(other_type):
    assert finding(other_type, "up")["text"].startswith("down")
    found = finding(other_type, "type")
    assert not found["ok"] and found["text"] == "its link type is 772, not Ethernet's"
    down, create, up = found["hint"].split("; ")
    other_type.run(*down.removeprefix("as root ").split())
    other_type.run(*create.removeprefix("then ").replace("tapgrant", str(TAPGRANT), 1).split(), user=ALICE)
    other_type.run(*up.removeprefix("then as root ").split())
    assert finding(other_type, "type") is None and finding(other_type, "up")["text"] == "up"
