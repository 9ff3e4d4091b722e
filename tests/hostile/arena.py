# SPDX-License-Identifier: LGPL-2.1-or-later
"""arena.py HELPER: lives in a throw-away host as root, reads a job on each line, and answers what came of it.

A job starts the setuid helper once, as a user, its request waiting on descriptor 0:
  request  in hexadecimal
  user     who asks (the first of host.USERS)
  inject   strace's fault, [call, when, "error=EIO"]; absent: without strace
  stop     [call, when]: stopped behind that system call; then nobody traces it any more
  poke     what is done while it is stopped: words of POKES
  setup    what its caller left in the process: words of SETUPS in inherit.py
The answer: what it answered, its wait status, how long it lived, what it wrote on descriptors 1 and 2, and "wrong": what
is not as it has to be after every run, whatever happened.
"""
import fcntl
import json
import os
import pwd
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "system"), str(Path(__file__).resolve().parent)]
from ask_helper import DEVICE, REPLY, receive_all  # noqa: E402
from calls import SAME  # noqa: E402
from host import ALICE, POLICY  # noqa: E402
from inherit import SETUPS, execute  # noqa: E402
from outsider import POKES  # noqa: E402

ARENA = Path(__file__).resolve()
NET = Path("/sys/class/net")
ROUTED = {"ipv6/conf/{}/accept_ra": "0", "ipv6/conf/{}/disable_ipv6": "1", "ipv6/conf/{}/addr_gen_mode": "1",
          "ipv4/conf/{}/forwarding": "0", "ipv4/conf/{}/rp_filter": "1", "ipv4/conf/{}/arp_ignore": "2"}
TUNGETIFF = 0x800454d2


def read(path):
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        return error.errno


def taps():
    return sorted(name for name in os.listdir(NET) if (NET / name / "tun_flags").exists())


def tap_state(name):
    """(owner, is up, on a bridge)"""
    flags = read(NET / name / "flags")
    return [read(NET / name / "owner"), isinstance(flags, str) and bool(int(flags, 16) & 1), (NET / name / "master").exists()]


def bridge_state(name="br0"):
    """Everything that a run must leave as it was: MAC, MTU, FDB, addresses, ports."""
    table = (NET / name / "brforward").read_bytes()
    entries = sorted(table[n:n + 8].hex() for n in range(0, len(table), 16))  # struct __fdb_entry, without the age
    return [read(NET / name / word) for word in ("address", "mtu", "addr_assign_type", "flags")] + [
        entries, os.listdir(NET / name / "brif"), [line for line in read("/proc/net/if_inet6").splitlines() if name in line],
        read("/proc/net/fib_trie")]


def incomplete(reply, descriptors, user):
    """What a grant lacks: every device is its user's, up, where it was asked for, and its queues are its own."""
    wrong, links = [], {link["ifname"]: link for link in json.loads(subprocess.run(
        ["ip", "-d", "-j", "link", "show"], capture_output=True, check=True).stdout)}
    for n in range(struct.unpack_from("I", reply, 28)[0]):
        device = reply[REPLY + DEVICE * n:REPLY + DEVICE * (n + 1)]
        name, bridge = (device[at:at + 16].rstrip(b"\0").decode() for at in (0, 16))
        queues = struct.unpack_from("H", device, 88)[0]
        link, mine = links.get(name, {}), descriptors[:queues]
        del descriptors[:queues]
        data = link.get("linkinfo", {}).get("info_data", {})
        told = {fcntl.ioctl(fd, TUNGETIFF, bytes(40))[:16].rstrip(b"\0").decode() for fd in mine}
        uid = pwd.getpwnam(user).pw_uid
        is_now = [told, len(mine), "UP" in link.get("flags", ()), link.get("master", ""), data.get("user"), data.get("group"),
                  data.get("numqueues", 1), link.get("ifalias", "").startswith(f"tapgrant uid={uid} rule=")]
        if is_now != [{name}, queues, True, bridge, user, None, queues, True]:
            wrong.append(f"granted {name} is not complete: {is_now}")
        if not any(word.startswith(f"quota.tapgrant.{uid}.") for word in link.get("altnames", ())):
            wrong.append(f"granted {name} has no slot")
        port = link.get("linkinfo", {}).get("info_slave_data", {})
        if bridge and "lock-mac = yes" in read(POLICY) and (
                [port.get(word) for word in ("locked", "isolated", "learning", "guard", "root_block")] != [True, True, False, True, True] or
                not any(entry.startswith(device[68:74].hex()) for entry in bridge_state()[4])):
            wrong.append(f"granted {name} is not the port that its rule makes it: {port}")
        if link.get("inet6_addr_gen_mode") != "none" or link.get("address", "")[:2] not in ("fe", "fa"):
            wrong.append(f"granted {name} has a generated address")
        for key, value in ({} if bridge else ROUTED).items():
            if read(f"/proc/sys/net/{key.format(name)}") != value:
                wrong.append(f"granted {name}: {key} is not {value}")
    return wrong + (["more descriptors than queues"] if descriptors else [])


class Run:
    """One helper and what is around it."""

    def __init__(self, helper, job):
        self.helper, self.job, self.user = helper, job, job.get("user", ALICE)
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.ours.send(bytes.fromhex(job["request"]))
        self.output = os.memfd_create("output")
        self.wrong, self.seen = [], {}

    def strace(self, call, fault):
        told, tell = os.pipe()
        words = ["strace", "-u", self.user, *([] if call == "getrandom" else SAME), "-o", f"/proc/self/fd/{tell}",
                 "-e", f"trace={call},getrandom", "-e", f"inject={call}:{fault}", self.helper]
        tracer = subprocess.Popen(words, stdin=self.theirs, stdout=self.output, stderr=self.output, pass_fds=[tell], env={})
        os.close(tell)
        self.theirs.close()
        return tracer, told

    def injected(self):
        call, when, fault = self.job["inject"]
        tracer, told = self.strace(call, f"{fault}:when={when}")
        status = tracer.wait()  # strace ends as what it traced did
        os.close(told)
        return status

    def inherited(self):
        child = os.fork()
        if not child:
            try:
                execute(self.helper, self.user, self.theirs.fileno(), self.output, self.job.get("setup", []))
            finally:
                os._exit(126)
        self.theirs.close()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def stopped(self):
        call, when = self.job["stop"]
        tracer, told = self.strace(call, f"signal=STOP:when={when}")
        text = b""
        while b"stopped by SIGSTOP" not in text:
            more = os.read(told, 4096) if select.select([told], [], [], 8)[0] else b""
            if not more:
                tracer.kill()
                self.wrong.append(f"never stopped: {text}")
                return tracer.wait()
            text += more
        pid = int(read(f"/proc/{tracer.pid}/task/{tracer.pid}/children").split()[0])
        tracer.kill()  # what is stopped stays so, and is traced by nobody; it becomes our child
        tracer.wait()
        os.close(told)
        deadline = time.monotonic() + 2
        while not re.search(r"^State:\s+T ", read(f"/proc/{pid}/status"), re.M) and time.monotonic() < deadline:
            time.sleep(0.001)
        self.seen = {"taps": [tap_state(name) for name in taps()], "mtu": read(NET / "br0" / "mtu")}
        for word in self.job.get("poke", ["continue"]):
            self.seen[word] = POKES[word](pid, self.user)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def do(self):
        begun, bridge, there = time.monotonic(), bridge_state(), taps()
        status = (self.injected if "inject" in self.job else self.stopped if "stop" in self.job else self.inherited)()
        seconds = time.monotonic() - begun
        answer, reply, descriptors = receive_all(self.ours)
        written = os.pread(self.output, 1 << 20, 0)
        if answer == "granted":
            self.wrong += incomplete(reply, list(descriptors), self.user) + (["granted, and failed"] if status not in (0, -signal.SIGKILL) else [])
        elif descriptors:
            self.wrong.append(f"{len(descriptors)} descriptors with {answer}")
        for descriptor in [*descriptors, self.output, self.ours.detach()]:
            os.close(descriptor)
        deadline = time.monotonic() + 2
        while taps() != there and time.monotonic() < deadline:
            time.sleep(0.001)
        if taps() != there:
            self.wrong.append(f"left behind: {[(name, tap_state(name)) for name in taps()]}, before it: {there}")
            for name in set(taps()) - set(there):
                subprocess.run(["ip", "link", "del", name], check=False)
        self.wrong += [f"of the bridge, {was} is now {now}" for was, now in zip(bridge, bridge_state()) if was != now]
        if not all(byte == 10 or 32 <= byte < 127 for byte in written):
            self.wrong.append(f"wrote {written!r}")
        if seconds > 5:
            self.wrong.append(f"lived for {seconds:.1f} seconds")
        return {"answer": answer, "status": status, "seconds": round(seconds, 3), "output": written.decode(errors="replace"),
                "descriptors": len(descriptors), "reply": reply.hex(), "seen": self.seen, "wrong": self.wrong}


def main():
    helper = sys.argv[1]
    # PR_SET_CHILD_SUBREAPER: a helper whose tracer has ended is our child
    import ctypes
    assert not ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    assert SETUPS
    for line in sys.stdin:
        print(json.dumps(Run(helper, json.loads(line)).do()), flush=True)


if __name__ == "__main__":
    main()
