# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who writes frames into a tap all the time, as a guest that sends, and somebody who listens where they come out.

Each frame says who it is from and which one it is, so that what is lost, and what should not have come, can be counted.
"""
import json
import time

GUEST, OTHER, SPOOF = "52:54:00:12:34:56", "52:54:00:12:34:57", "52:54:00:ba:dd:ad"
SINGLE, MULTI_QUEUE = 0x5002, 0x5102

WRITE = """
import collections, fcntl, json, os, select, struct, sys, time
name, flags, *sources = sys.argv[1:]
fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", name.encode(), int(flags)))
print("held", flush=True)
os.read(0, 10)
written, errors = collections.Counter(), collections.Counter()
macs = [bytes.fromhex(source.replace(":", "")) for source in sources]
while not select.select([sys.stdin], [], [], 0.0002)[0]:
    for n, mac in enumerate(macs):
        frame = bytes(10) + b"\\xff" * 6 + mac + b"\\x88\\xb5" + struct.pack("!Bd", n, time.monotonic())
        try:
            os.write(fd, frame + struct.pack("!I", written[n]) + bytes(40))
            written[n] += 1
        except OSError as error:
            errors[error.strerror] += 1
print(json.dumps({"written": [written[n] for n in range(len(macs))], "errors": errors}))
"""

# ends with a list for each source: of runs of frames that came one behind the other: the first, the last, the last's time
LISTEN = """
import json, select, socket, struct, sys
socket_ = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
socket_.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
socket_.bind((sys.argv[1], 0x88b5))
print("ready", flush=True)
runs = {}
more = True
while more or select.select([socket_], [], [], 0.05)[0]:
    ready = select.select([socket_, *([sys.stdin] if more else [])], [], [])[0]
    more = more and sys.stdin not in ready
    if socket_ in ready:
        data, address = socket_.recvfrom(200)
        if address[2] == 4 or len(data) < 27:  # PACKET_OUTGOING
            continue
        source, when, number = struct.unpack("!BdI", data[14:27])
        run = runs.setdefault(source, [])
        if run and number == run[-1][1] + 1:
            run[-1][1:] = [number, when]
        else:
            run.append([number, number, when])
print(json.dumps(runs))
"""


def end(process):
    out, err = process.communicate("", timeout=30)
    assert process.returncode == 0, (out, err)
    return json.loads(out)


def wait_until_it_forwards(host, port):
    deadline = time.monotonic() + 10
    while "state forwarding" not in host.run("bridge", "link", "show", "dev", port).out:
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Writer:
    """As USER, on the tap NAME, a port; from when its frames pass."""

    def __init__(self, host, name, *sources, user, flags=SINGLE):
        self.process = host.start("/usr/bin/python3", "-c", WRITE, name, flags, *sources, user=user)
        assert self.process.stdout.readline() == "held\n", self.process.stderr.read()
        self.pid = self.process.pid
        wait_until_it_forwards(host, name)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def end(self):
        """How many were written of each source, and the errors, of which there is to be none."""
        said = end(self.process)
        return said["written"], said["errors"]


class Listener:
    """At the far end of a new port of the bridge."""

    def __init__(self, host, bridge, name, *, isolated=False):
        host.run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p")
        host.run("ip", "link", "set", f"{name}p", "master", bridge, "up")
        host.run("ip", "link", "set", name, "up")
        if isolated:
            host.run("bridge", "link", "set", "dev", f"{name}p", "isolated", "on")
        wait_until_it_forwards(host, f"{name}p")
        self.process = host.start("/usr/bin/python3", "-c", LISTEN, name)
        assert self.process.stdout.readline() == "ready\n", self.process.stderr.read()

    def end(self):
        """For each source, by its place, the runs of frames that came: [first, last, when the last was sent]."""
        return {int(source): runs for source, runs in end(self.process).items()}
