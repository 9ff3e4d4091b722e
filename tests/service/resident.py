# SPDX-License-Identifier: LGPL-2.1-or-later
"""resident.py SOCKET PARENT: lives on the service's host as root, reads a job on each line, and answers what came of it.

A job is one request to the service, from a socket that was connected with another user's effective ids:
  request   in hexadecimal
  uid, gid  who asks; absent: ALICE.  Its supplementary groups: none
  of        which processes are traced: "children" (those that are warm), "template" or "parent"
  trace     True: tells the system calls of the one of them that made most
  inject    strace's fault, [call, when, "error=EIO"]; when is counted for each process from the one in which it waits
  stop      [call, when]: stopped behind that system call; then nobody traces it any more, and its caller attacks it
The answer: status, how many descriptors, and "wrong": what is not as it has to be after every run, whatever happened.
"""
import fcntl
import json
import os
import pwd
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system"), str(HERE.parent / "hostile")]
from arena import bridge_state, incomplete, tap_state, taps  # noqa: E402
from ask_helper import receive_all  # noqa: E402
from attack import attack  # noqa: E402
from daemon import processes_of, state, until  # noqa: E402
from host import ALICE  # noqa: E402
from outsider import as_user  # noqa: E402

F_SETPIPE_SZ = 1031
PATIENCE = 12  # seconds; a request waits for 8 at most, and its child lives for 6


def connect(path, uid, gid):
    """As that user; the kernel remembers the ids of this moment."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    os.setgroups([])
    os.setegid(gid)
    os.seteuid(uid)
    try:
        connection.connect(path)
    finally:
        os.seteuid(0)
        os.setegid(0)
    return connection


def send(connection, data):
    try:
        connection.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass  # answered already: busy


def receive(connection):
    """What receive_all() says, once it is there."""
    if not select.select([connection], [], [], PATIENCE)[0]:
        return "nothing", b"", []
    return receive_all(connection)


class Tracer:
    """strace of PROCESSES; its lines, each with a process id in front, come through a pipe."""

    def __init__(self, processes, *words):
        self.told, tell = os.pipe()
        fcntl.fcntl(tell, F_SETPIPE_SZ, 1 << 20)  # or it would have to be read meanwhile
        self.text = b""
        self.process = subprocess.Popen(
            ["strace", "-o", f"/proc/self/fd/{tell}", *words, *(word for process in processes for word in ("-p", str(process)))],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[tell])
        os.close(tell)
        for process in processes:
            until(lambda one=process: state(one, "TracerPid") != ["0"])

    def read_until(self, word, seconds):
        deadline = time.monotonic() + seconds
        while word not in self.text:
            left = deadline - time.monotonic()
            more = os.read(self.told, 65536) if left > 0 and select.select([self.told], [], [], left)[0] else b""
            if not more:
                return False
            self.text += more
        return True

    def end(self):
        """What is traced goes on, or stays stopped, and is traced by nobody."""
        self.process.kill()
        self.process.wait()
        self.read_until(b"\0", 1)  # to its end
        os.close(self.told)
        return self.text.decode(errors="replace")


class Run:
    def __init__(self, path, parent, job):
        self.path, self.parent, self.job = path, parent, job
        self.uid = job.get("uid", pwd.getpwnam(ALICE).pw_uid)
        self.gid = job.get("gid", pwd.getpwnam(ALICE).pw_gid)
        self.wrong, self.seen = [], {}

    def targets(self):
        if self.job.get("of", "children") == "parent":
            return [self.parent]
        if self.job.get("of") == "template":
            return until(lambda: [process for process, kind, _ in processes_of(self.parent) if kind == "template"])
        warm = until(self.warm)
        self.own = state(warm[0], "Uid")[:3]
        return warm

    def warm(self):
        """The children, if there are four that wait."""
        found = processes_of(self.parent)
        warm = [process for process, kind, its_state in found if (kind, its_state) == ("child", "S")]
        return warm if len(warm) == 4 and len(found) == 5 else None

    def ask(self):
        connection = connect(self.path, self.uid, self.gid)
        send(connection, bytes.fromhex(self.job["request"]))
        return connection

    def stopped(self):
        call, when = self.job["stop"]
        targets = self.targets()
        tracer = Tracer(targets, "-e", f"trace={call}", "-e", f"inject={call}:signal=STOP:when={when}")
        connection = self.ask()
        if not tracer.read_until(b"stopped by SIGSTOP", 5):
            self.wrong.append(f"never stopped: {tracer.end()}")
            return connection
        tracer.end()
        child = until(lambda: next((process for process in targets if state(process, "State")[:1] == ["T"]), None))
        ids = state(child, "Uid")[:3]
        self.seen = {"taps": [tap_state(name) for name in taps()], "ids": "own" if ids == self.own else
                     "effective" if ids == [self.own[0], str(self.uid), self.own[0]] else "caller's" if set(ids) == {str(self.uid)} else ids}
        self.seen["attack"] = as_user(ALICE, attack, child)
        self.seen["stopped"] = state(child, "State")[:1] == ["T"] and state(child, "Uid")[:3] == ids
        os.kill(child, signal.SIGCONT)
        return connection

    def traced(self):
        if "inject" in self.job:
            call, when, fault = self.job["inject"]
            words = ["-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}"]
        else:
            words = ["-s", "256", "-yy"]
        tracer = Tracer(self.targets(), *words)
        connection = self.ask()
        self.answer = receive(connection)
        if "trace" in self.job:
            self.settle(len(taps()))  # until others take the place of those that served
        text = tracer.end()
        if "trace" in self.job:
            lines = {}
            for process, line in re.findall(r"^(?:(\d+) +)?(\w+\(.*)$", text, re.M):
                lines.setdefault(process, []).append(line)
            self.seen = max(lines.values(), key=len)
        return connection

    def settle(self, there):
        """Taps that are to go do so with the process that has them."""
        deadline = time.monotonic() + 5
        while (len(taps()) > there or not self.warm()) and time.monotonic() < deadline:
            time.sleep(0.01)

    def do(self):
        self.answer = None
        bridge, there = bridge_state(), taps()
        if "stop" in self.job:
            connection = self.stopped()
        elif "inject" in self.job or "trace" in self.job:
            connection = self.traced()
        else:
            connection = self.ask()
        status, reply, descriptors = self.answer or receive(connection)
        count = len(descriptors)
        if status == "granted":
            user = pwd.getpwuid(self.uid).pw_name if self.job.get("whole") else None
            self.wrong += incomplete(reply, list(descriptors), user) if user else []
        elif descriptors:
            self.wrong.append(f"{count} descriptors with {status}")
        for descriptor in descriptors:
            os.close(descriptor)
        connection.close()
        if self.job.get("whole"):
            self.settle(len(there))
            if taps() != there:
                self.wrong.append(f"left behind: {[(name, tap_state(name)) for name in taps()]}, before it: {there}")
                for name in set(taps()) - set(there):
                    subprocess.run(["ip", "link", "del", name], check=False)
            self.wrong += [f"of the bridge, {was} is now {now}" for was, now in zip(bridge, bridge_state()) if was != now]
        return {"status": status, "descriptors": count, "seen": self.seen, "wrong": self.wrong}


def main():
    path, parent = sys.argv[1], int(sys.argv[2])
    for line in sys.stdin:
        print(json.dumps(Run(path, parent, json.loads(line)).do()), flush=True)


if __name__ == "__main__":
    main()
