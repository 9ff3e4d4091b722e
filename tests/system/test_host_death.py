# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stays of a host program that dies while it waits for the helper: nothing."""
import fcntl
import os
import signal
import time
from pathlib import Path

import pytest

from host import ALICE, HELPER
from linked import PROGRAMS, build
from test_safety import wait_for

SOON = 1  # seconds; the helper's own deadline is 5


def state(pid):
    """The process's parent and its state, or None."""
    try:
        _, after = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(after.split()[1]), after.split()[0]


def children(pid):
    found = ((int(entry.name), state(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [child for child, seen in found if seen and seen[0] == pid]


def is_gone(pid):
    return state(pid) is None or state(pid)[1] == "Z"


def is_locked(path):
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def stopped(lab):
    """A lab whose helper stops as it begins; waiting() starts the host program, and has it and its children."""
    double = lab.folder / "helper"
    double.write_text("#!/bin/sh\nkill -STOP $$\n")
    double.chmod(0o755)
    lab.bind(double, HELPER)
    (lab.folder / "locks").mkdir()
    (lab.folder / "locks").chmod(0o777)
    lab.lock = lab.folder / "locks/file"
    program = build(lab.folder, PROGRAMS / "locked.c")
    helpers = []

    def waiting(*words):
        process = lab.start(program, lab.lock, "bridge=br0", *words, user=ALICE)
        assert process.stdout.readline() == "locked\n", process.stderr.read()
        wait_for(lambda: any(state(helper)[1] == "T" for one in children(process.pid) for helper in children(one)))
        (supervisor,) = children(process.pid)
        helpers.extend(children(supervisor))
        return process, supervisor, helpers[-1]
    lab.waiting = waiting
    yield lab
    for pid in helpers:
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def test_a_host_program_that_is_killed_leaves_neither_process_nor_lock(stopped):
    process, supervisor, helper = stopped.waiting()
    assert is_locked(stopped.lock)
    process.kill()
    process.wait()
    killed = time.monotonic()
    wait_for(lambda: is_gone(supervisor) and is_gone(helper))
    assert time.monotonic() - killed < SOON
    assert not is_locked(stopped.lock)


def test_one_that_becomes_another_program_meanwhile_leaves_none_either(stopped):
    """execve(2) of another thread ends the one that waits, and not the process."""
    process, supervisor, helper = stopped.waiting("exec")
    wait_for(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
    executed = time.monotonic()
    wait_for(lambda: is_gone(supervisor) and is_gone(helper))
    assert time.monotonic() - executed < SOON


def test_a_supervisor_that_is_killed_is_told_as_itself(stopped):
    """And leaves the thread's cancellation type as it was."""
    process, supervisor, helper = stopped.waiting()
    os.kill(supervisor, signal.SIGKILL)
    assert process.wait(timeout=SOON) == 1
    wait_for(lambda: is_gone(helper))  # which is not setuid here
    assert process.stdout.read() == f"tapgrant: the process that waits for {HELPER} was killed\n"


def test_a_file_that_the_host_program_closes_is_closed(stopped):
    """No copy of its descriptors is kept while it waits: but the standard streams and the request's."""
    process, supervisor, helper = stopped.waiting()
    assert len(os.listdir(f"/proc/{process.pid}/fd")) == 5 + 1
    assert sorted(os.listdir(f"/proc/{supervisor}/fd"))[:3] == ["0", "1", "2"] and len(os.listdir(f"/proc/{supervisor}/fd")) == 4
    process.kill()
    process.wait()
    wait_for(lambda: is_gone(helper))
