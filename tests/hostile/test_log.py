# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a caller can do to the log, and what the log tells it."""
import json
import os
import select
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from ask_helper import interface, request
from host import ALICE, BOB, HELPER, POLICY, TAPGRANT, uid

DENIALS = Path(__file__).resolve().parent / "denials.py"
RULE = "[rule secret]\nuser = *\nbridge = br0\nisolate = no\nlock-mac = no\n"
NONE = RULE.replace("*", "5000")
LONGEST = 320  # bytes of a line: log_decision(), helper/main.c
# Sends such lines by itself for some seconds, as logger(1) does, and tells how many.
FORGE = """
import socket, sys, time
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.connect('/dev/log')
sent, end = 0, time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    log.send(b'<85>tapgrant[1]: uid=0 verdict=denied rule= device= index=0 bridge=br0 stage=3 error=0')
    sent += 1
print(sent)
"""
# Uses up the share of a unit, and stays until that is seen.
USE_UP = """
import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.connect('/dev/log')
for _ in range(200):
    log.send(b'<86>tapgrant[1]: mine')
print('sent', flush=True)
sys.stdin.read()
"""
# journald asks for the unit of a process that may be gone by then; this one waits for it behind its last line.
LINGERING = ["strace", "-f", "-u", ALICE, "-o", "/dev/null", "-e", "trace=exit_group", "-e", "inject=exit_group:delay_enter=700000"]
# Sends until the log takes no more.
FILL = """
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
log.connect('/dev/log')
try:
    while True:
        log.send(b'<85>x')
except BlockingIOError:
    pass
"""


def deny(host, rounds):
    host.policy(NONE)
    words = ["/usr/bin/python3", DENIALS, HELPER, request(interface()).hex(), rounds]
    assert {row["answer"] for row in json.loads(host.run(*words, user=ALICE).out)} == {"denied"}


def grant(host):
    host.policy(RULE)
    host.run(TAPGRANT, "run", "--net", "bridge=br0", "--", "true", user=ALICE)


def received(log):
    """[(line, uid of whom the kernel says that it sent it)]"""
    lines = []
    while select.select([log], [], [], 0)[0]:
        line, control, _, _ = log.recvmsg(4096, socket.CMSG_SPACE(12))
        lines.append((line, struct.unpack("3i", control[0][2])[1]))
    return lines


def drained(log, process):
    """How many lines the log gets until the process ends."""
    lines = 0
    while process.poll() is None or select.select([log], [], [], 0)[0]:
        if select.select([log], [], [], 0.01)[0]:
            log.recv(4096)
            lines += 1
    return lines


@pytest.fixture
def logged(lab):
    lab.listen_log()
    lab.log.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    return lab


def test_a_denial_is_one_short_line_which_the_kernel_says_the_caller_sent(logged):
    """So who floods is known, and a log that bounds what a user sends bounds this as well."""
    deny(logged, 5)
    lines = received(logged.log)
    assert len(lines) == 5 and {sender for _, sender in lines} == {uid(ALICE)}
    assert all(len(line) < LONGEST and b" verdict=denied " in line for line, _ in lines)


def test_a_caller_floods_the_log_faster_without_the_helper(logged):
    """Each line of a denial costs it a process; a line of its own one system call."""
    logged.policy(NONE)
    begun = time.monotonic()
    words = ["/usr/bin/python3", DENIALS, HELPER, request(interface()).hex(), 100]
    by_helper = drained(logged.log, logged.start(*words, user=ALICE, stdout=subprocess.DEVNULL))
    by_helper /= time.monotonic() - begun
    forger = logged.start("/usr/bin/python3", "-c", FORGE, 1, user=ALICE)
    by_itself = drained(logged.log, forger)
    assert forger.stdout.read() == f"{by_itself}\n"
    print(f"lines a second: {by_helper:.0f} by denials, {by_itself} by itself")
    assert by_itself > 5 * by_helper


def test_a_full_log_loses_the_line_of_a_grant_and_holds_nobody(logged):
    """That it is so: SECURITY.md says it.  To refuse instead would let every user refuse every other one."""
    logged.run("/usr/bin/python3", "-c", FILL, user=ALICE)
    grant(logged)
    assert not [line for line, _ in received(logged.log) if b"granted" in line]
    grant(logged)
    assert [sender for line, sender in received(logged.log) if b"granted" in line] == [uid(ALICE)]


# systemd-journald, as Debian has it ----------------------------------------------------------------------------------------


class Journal:
    """A journald of the throw-away host, and two units of the caller's."""

    def __init__(self, host):
        self.host = host
        for folder in ("/run", "/var/log", "/etc/systemd"):
            host.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
        for folder in ("/run/systemd/journal", "/var/log/journal"):
            host.root(folder).mkdir(parents=True)
        host.root("/run/systemd/journal/flushed").touch()  # or nothing is persistent yet
        (host.folder / "machine-id").write_text("0123456789abcdef" * 2 + "\n")
        host.bind(host.folder / "machine-id", "/etc/machine-id")
        host.root("/etc/systemd/journald.conf").write_text(
            "[Journal]\nStorage=persistent\nAudit=no\nReadKMsg=no\nRateLimitIntervalSec=1h\nRateLimitBurst=10\n")
        host.run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        self.slice = host.root(f"/sys/fs/cgroup/tapgrant{os.getpid()}.slice")
        self.units = [self.slice / name for name in ("one.scope", "other.scope")]

    def start(self):
        for folder in (self.slice, *self.units):
            folder.mkdir()
        self.host.start("/lib/systemd/systemd-journald")
        deadline = time.monotonic() + 20
        while not self.host.root("/run/systemd/journal/io.systemd.journal").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.host.run("ln", "-s", "/run/systemd/journal/dev-log", "/dev/log")

    def within(self, number):
        """For subprocess: the process and what it starts are of that unit."""
        return lambda: (self.units[number] / "cgroup.procs").write_text(str(os.getpid()))

    def lines(self, *match, user=None):
        self.host.run("journalctl", "--sync")
        shown = self.host.run("journalctl", "-q", "-o", "cat", "--no-pager", *match, user=user, check=False)
        return [line for line in shown.out.splitlines() if line.startswith("uid=")]

    def close(self):
        for folder in (*self.units, self.slice):
            if folder.exists():
                folder.rmdir()


@pytest.fixture
def journal(lab):
    made = Journal(lab)
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_journald_counts_a_callers_lines_with_all_else_of_its_own_unit(journal):
    """That it is so: SECURITY.md says it.  Who has used up its unit's share is granted without a line."""
    host = journal.host
    host.policy(RULE)

    def lines_of_a_grant(number):
        before = len(journal.lines())
        words = [*LINGERING, TAPGRANT, "run", "--net", "bridge=br0", "--", "true"]
        host.run(*words, preexec_fn=journal.within(number))
        return len(journal.lines()) - before

    assert lines_of_a_grant(0) == 1 and journal.lines("_SYSTEMD_UNIT=one.scope"), "it is of the caller's unit"
    # the share is several times the number that is set, where there is much free space
    process = host.start("/usr/bin/python3", "-c", USE_UP, user=ALICE, preexec_fn=journal.within(0))
    assert process.stdout.readline() == "sent\n"
    host.run("journalctl", "--sync")
    host.end(process)
    assert [lines_of_a_grant(number) for number in (0, 1)] == [0, 1]


def test_a_caller_reads_its_own_lines_in_a_persistent_journal(journal):
    """That it is so: SECURITY.md says it.  They tell what the answer does not: the rule, and the stage."""
    host = journal.host
    for text, spec in ((RULE, "bridge=br0,dev=eth7"), (NONE, "bridge=br0"), ("void\n", "bridge=br0")):
        host.policy(text, 0o640)
        assert host.run("cat", POLICY, user=ALICE, check=False).code == 1
        assert host.tapgrant("run", "--net", spec, "--", "true").code == 3
    lines = journal.lines(user=ALICE)
    assert [(" rule=secret " in line, line.split("stage=")[1][0]) for line in lines] == [(True, "3"), (False, "3"), (False, "2")]
    assert not journal.lines(user=BOB) and len(journal.lines()) == 3
