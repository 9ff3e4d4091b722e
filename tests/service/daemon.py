# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed service on a throw-away host."""
import json
import os
import re
import signal
import struct
import time
from pathlib import Path

from ask_helper import interface, request
from host import ALICE, HELPER

SERVICE = HELPER.parent / "tapgrantd"
CLIENT = Path(__file__).resolve().parent / "client.py"
RESIDENT = CLIENT.with_name("resident.py")
ACCOUNT = "_tapgrant"
FREE_ID = 64999  # of the account, where the machine has none
ONE = request(interface())
AT_RANDOM = 25  # getauxval(3)


def make_account(host):
    """The account of the service, in this host's own /etc/passwd.  Its uid."""
    passwd = host.root("/etc/passwd")
    for line in passwd.read_text().splitlines():
        if line.startswith(f"{ACCOUNT}:"):
            return int(line.split(":")[2])
    with open(passwd, "a", encoding="utf-8") as file:
        file.write(f"{ACCOUNT}:x:{FREE_ID}:{FREE_ID}::/nonexistent:/usr/sbin/nologin\n")
    return FREE_ID


def state(process, key):
    """A line of /proc/PID/status, as words; []: the process is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return next((line.split()[1:] for line in lines if line.startswith(f"{key}:")), [])


def processes_of(parent):
    """[(process, "template" or "child", its state)] of those that it waits for: the template alone has no filter."""
    found = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        for process in map(int, task.read_text().split()):
            try:
                text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
            except (FileNotFoundError, ProcessLookupError):
                continue
            kind, its_state = re.search(r"^Seccomp:\s+(\d)", text, re.M), re.search(r"^State:\s+(\w)", text, re.M)[1]
            if kind and its_state not in "ZX":
                found.append((process, {"0": "template", "2": "child"}[kind[1]], its_state))
    return found


def until(condition, seconds=5):
    """Waits for the condition to have a value that is true, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def canary(process):
    """The 16 random bytes that the process's stack canary is made of, and where its program is."""
    auxiliary = Path(f"/proc/{process}/auxv").read_bytes()
    pairs = dict(struct.iter_unpack("QQ", auxiliary))
    with open(f"/proc/{process}/mem", "rb") as memory:
        memory.seek(pairs[AT_RANDOM])
        return memory.read(16), Path(f"/proc/{process}/maps").read_text().split("-")[0]


class Service:
    """Started by --listen; PROGRAM: a copy of the service; BEFORE: the words of a command that executes it."""

    def __init__(self, host, *words, program=SERVICE, before=(), path=None):
        self.host = host
        self.uid = make_account(host)
        self.socket = path or host.folder / "run" / "socket"
        self.process = host.start(*before, program, "--listen", self.socket, *words)
        self.wait_ready()

    def wait_ready(self):
        until(lambda: self.process.poll() is not None or self.children())
        assert self.process.poll() is None, self.process.stderr.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=10)

    def processes(self):
        """The template, and the children."""
        return [process for process, _, _ in processes_of(self.process.pid)]

    def template(self):
        return next((process for process, kind, _ in processes_of(self.process.pid) if kind == "template"), None)

    def children(self):
        return [process for process, kind, _ in processes_of(self.process.pid) if kind == "child"]

    def is_quiet(self):
        """Four children wait, and the parent has waited for all others: it has the descriptors of no connection."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return len(self.processes()) == 5 and len([child for task in tasks for child in task.read_text().split()]) == 5

    def files_when_quiet(self):
        """How many the parent has open; it closes a connection a moment after it has waited for the child."""
        until(self.is_quiet)
        time.sleep(0.1)
        until(self.is_quiet)
        return open_files(self.process.pid)

    def client(self, *words, data=ONE, user=ALICE, extra=(), **kwargs):
        """The words of a client, for host.start()."""
        return ["/usr/bin/env", f"PYTHONPATH={CLIENT.parent}:{CLIENT.parents[1]}/system", "/usr/bin/python3", CLIENT, self.socket,
                data.hex() or "-", *words]

    def ask(self, *words, data=ONE, user=ALICE, extra=(), before=()):
        """What a client of USER is answered; BEFORE: the words of a command that executes it."""
        return self.host.run(*before, *self.client(*words, data=data), user=user, extra=extra).json

    def start_client(self, *words, data=ONE, user=ALICE, before=()):
        """A client in the background."""
        return self.host.start(*before, *self.client(*words, data=data), user=user)

    def hold(self, data=ONE, user=ALICE):
        """A client that keeps what it gets, and its answer."""
        process = self.start_client("hold", data=data, user=user)
        line = process.stdout.readline()
        assert line, process.stderr.read()
        return process, json.loads(line)


class Resident:
    """A process on the host that asks many times; resident.py has its jobs."""

    def __init__(self, service):
        self.process = service.host.start("/usr/bin/python3", RESIDENT, service.socket, service.process.pid, stderr=None)

    def do(self, data=ONE, **job):
        self.process.stdin.write(json.dumps({"request": data.hex()} | job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the resident ended at {job}"
        return json.loads(line)


def open_files(process):
    return len(os.listdir(f"/proc/{process}/fd"))
