# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed service on a throw-away host."""
import json
import os
import signal
import time
from pathlib import Path

from ask_helper import interface, request
from host import ALICE, HELPER

SERVICE = HELPER.parent / "tapgrantd"
CLIENT = Path(__file__).resolve().parent / "client.py"
ACCOUNT = "_tapgrant"
FREE_ID = 64999  # of the account, where the machine has none
ONE = request(interface())


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


def until(condition, seconds=5):
    """Waits for the condition to have a value that is true, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


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
        """{process: its name} of those that the parent waits for: the template, and the children."""
        found = {}
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            for child in task.read_text().split():
                names = state(child, "Name")
                if names:
                    found[int(child)] = names[0]
        return found

    def template(self):
        """The process that forks the children: it alone has its capabilities and no filter."""
        return next((process for process in self.processes() if state(process, "Seccomp") == ["0"]), None)

    def children(self):
        return [process for process in self.processes() if state(process, "Seccomp") == ["2"]]

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


def open_files(process):
    return len(os.listdir(f"/proc/{process}/fd"))
