# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test build of the service, whose children do before they make a tap what a file says: crash, or call what is not on their list.

The file is read by calls that are on the list.  What each child does, its user has to wait for; so each has a user of its own.
"""
import json
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ask_helper import interface, request
from daemon import Resident, Service, canary, state, until
from host import BUILD
from test_bounds import MANY, start_crowd

WHAT = "/dev/shm/what"
# In front of the random numbers, for which a child asks between its decision and the first tap.
SOURCE = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <unistd.h>
#include "helper/service/messages.h"
static volatile int zero;
static const char report[sizeof(struct child_report)];
static void wait_for_nothing(void) {
    struct msghdr nothing = {0};
    recvmsg(0, &nothing, 0);
}
static void crash(char what) {
    switch (what) {
    case 'a': *(volatile int *)(long)zero = 1; break;
    case 'b': abort();
    case 'c': __builtin_trap();
    case 'd': zero = 100 / zero; break;
    case 'e': __asm__("int3"); break;
    case 'f': syscall(SYS_getppid); break;
    case 'g': syscall(SYS_socket, 2, 2, 0); break;
    case 'h': syscall(SYS_execve, 0, 0, 0); break;
    case 'i': syscall(SYS_ioctl, 3, 0x8913, 0); break;
    case 'j': syscall(SYS_setuid, 0); break;
    case 'k': syscall(SYS_mprotect, 0, 0, PROT_READ); break;
    case 'l': syscall(SYS_kill, 0, 0); break;
    case 'm': syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); break;
    case 'n': syscall(SYS_ptrace, 0, 0, 0, 0); break;
    case 'o': syscall(SYS_openat, AT_FDCWD, "/dev/shm/what", O_RDWR | O_CREAT, 0600); break;
    case 'p': syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); break;
    case 'q': syscall(SYS_prctl, PR_SET_NAME, "x"); break;
    case 'r': syscall(SYS_prctl, PR_SET_SECCOMP, 0, 0); break;
    case 's': syscall(SYS_connect, 0, 0, 0); break;
    case 't': syscall(SYS_unlink, "/dev/shm/what"); break;
    case 'u': wait_for_nothing(); break;
    case 'v': for (;;) send(0, report, sizeof(report), 0);
    case 'w': send(0, report, 1, 0); wait_for_nothing(); break;
    case 'x': send(0, report, 0, 0); wait_for_nothing(); break;
    }
}
long __real_getrandom(void *buffer, unsigned long size, unsigned flags);
long __wrap_getrandom(void *buffer, unsigned long size, unsigned flags);
long __wrap_getrandom(void *buffer, unsigned long size, unsigned flags) {
    int file = open("/dev/shm/what", O_RDONLY | O_CLOEXEC);
    char what = '-';
    if (file >= 0 && read(file, &what, 1) == 1) crash(what);
    close(file);
    return __real_getrandom(buffer, size, flags);
}
"""
SIGSYS = 31
CRASHES = {"a": 11, "b": SIGSYS, "c": 4, "d": 8, "e": 5}  # abort(3) needs calls that are not on the list
FORBIDDEN = "fghijklmnopqrst"
FIRST_UID = 5100
TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The installed service's own objects, linked anew with one more."""
    folder = tmp_path_factory.mktemp("crash")
    (folder / "crash.c").write_text(SOURCE)
    subprocess.run(["cc", "-O0", "-fPIC", "-I", TOP, "-c", "-o", folder / "crash.o", folder / "crash.c"], check=True)
    commands = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", "helper/tapgrantd"], check=True, capture_output=True, text=True)
    words = shlex.split(commands.stdout.splitlines()[-1])
    words[words.index("-o") + 1] = folder / "tapgrantd"
    subprocess.run([*words, "-Wl,--wrap=getrandom", folder / "crash.o"], cwd=BUILD, check=True, capture_output=True)
    folder.chmod(0o755)
    return folder / "tapgrantd"


@pytest.fixture
def crashing(lab, program):
    """A service that is the test build, and what tells it what to do."""
    lab.policy(MANY)
    lab.listen_log()
    copy = lab.folder / "tapgrantd"
    copy.write_bytes(program.read_bytes())
    copy.chmod(0o755)
    with Service(lab, program=copy) as service:
        service.resident = Resident(service)
        service.tell = lambda what: lab.root(WHAT).write_text(what)
        service.tell("-")
        lab.root(WHAT).chmod(0o644)
        assert service.resident.do()["status"] == "granted", "the build is a good one"
        yield service


def canary_of_template(service):
    """None: it is just being replaced."""
    try:
        return canary(service.template())
    except (FileNotFoundError, ProcessLookupError):
        return None


def lines_of(service, word):
    return [line for line in service.host.log_lines() if word in line]


@pytest.mark.parametrize("kinds", [CRASHES, dict.fromkeys(FORBIDDEN, SIGSYS)], ids=["crashes", "forbidden calls"])
def test_a_child_that_crashes_brings_new_addresses_and_makes_its_user_alone_wait(crashing, kinds):
    seen = {canary(crashing.template())}
    for number, (what, end) in enumerate(kinds.items()):
        guilty = {"uid": FIRST_UID + number, "gid": FIRST_UID}
        crashing.tell(what)
        assert crashing.resident.do(**guilty)["status"] is None, what
        crashing.tell("-")
        assert crashing.resident.do(**guilty)["status"] == "busy", what
        assert crashing.resident.do(uid=FIRST_UID + 100, gid=FIRST_UID)["status"] == "granted", what
        seen.add(until(lambda: canary_of_template(crashing)))
        (line,) = lines_of(crashing, "has ended by signal")
        assert f"uid={FIRST_UID + number}: its child has ended by signal {end}:" in line, (what, line)
    assert len({random for random, _ in seen}) == len({address for _, address in seen}) == len(kinds) + 1
    until(lambda: not crashing.host.taps())


def test_those_who_wait_are_served_while_others_crash_its_children(crashing):
    """Of some the requests are there, of some only the connections, and sixty others crash one child each."""
    crashing.tell("a")
    crowd = start_crowd(crashing, "all", 60, *range(FIRST_UID, FIRST_UID + 60))
    time.sleep(0.1)
    # a denial comes before the point in which this build crashes
    waiting = [crashing.resident.do(request(interface(bridge=b"br9")), uid=FIRST_UID + 500 + n, gid=1)["status"] for n in range(20)]
    assert waiting == ["denied"] * 20
    told = json.loads(crowd.stdout.readline())
    crashing.tell("-")
    assert set(told["counts"]) <= {"None", "busy"} and told["counts"]["None"] > 20, told
    assert crashing.resident.do(uid=FIRST_UID + 600, gid=1)["status"] == "granted"
    until(crashing.is_quiet)


def test_a_deadline_is_no_crash(crashing):
    """A child that waits for ever: its own timer ends it."""
    template = crashing.template()
    crashing.tell("u")
    begun = time.monotonic()
    assert crashing.resident.do(uid=FIRST_UID + 700, gid=1)["status"] is None
    assert 3.5 < time.monotonic() - begun < 6
    crashing.tell("-")
    assert crashing.resident.do(uid=FIRST_UID + 700, gid=1)["status"] == "granted"
    assert crashing.template() == template and not lines_of(crashing, "signal")


def test_a_child_that_never_stops_to_report_keeps_the_parent_from_nobody(crashing):
    """And its lines are bounded as any others of its user's."""
    crashing.tell("v")
    client = start_crowd(crashing, "all", 1, FIRST_UID)
    until(lambda: lines_of(crashing, f"uid={FIRST_UID}: its child reports on another"))
    crashing.tell("-")
    for number in range(10):
        begun = time.monotonic()
        assert crashing.resident.do(uid=FIRST_UID + 1 + number, gid=1)["status"] == "granted"
        assert time.monotonic() - begun < 2
    child = next(child for child in crashing.children() if state(child, "Uid")[1:2] == [str(FIRST_UID)])
    os.kill(child, signal.SIGKILL)
    assert json.loads(client.stdout.readline())["counts"] == {"None": 1}
    assert len(lines_of(crashing, "its child")) < 1000


@pytest.mark.parametrize("what", "wx", ids=["one byte", "nothing"])
def test_a_child_that_sends_what_is_no_report_is_ended(crashing, what):
    crashing.tell(what)
    begun = time.monotonic()
    assert crashing.resident.do(uid=FIRST_UID, gid=1)["status"] is None
    assert time.monotonic() - begun < 2, "it was not its deadline"
