# SPDX-License-Identifier: LGPL-2.1-or-later
"""attack.py PID...: all that a caller may try on a process, and what the kernel says to each, as JSON."""
import ctypes
import errno
import json
import os
import resource
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, SYS_IOPRIO_SET, IOPRIO_IDLE = 0x4206, 251, 3 << 13


def word(function):
    try:
        function()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]


def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")


def write(path):
    with open(path, "wb") as file:
        file.write(b"0")


def attack(process):
    scheduler = os.sched_param(0)
    return {
        "SIGSTOP": word(lambda: os.kill(process, signal.SIGSTOP)),
        "SIGCONT": word(lambda: os.kill(process, signal.SIGCONT)),
        "SIGSEGV": word(lambda: os.kill(process, signal.SIGSEGV)),
        "SIGALRM": word(lambda: os.kill(process, signal.SIGALRM)),
        "SIGKILL": word(lambda: os.kill(process, signal.SIGKILL)),
        "ptrace": word(lambda: call(libc.ptrace(PTRACE_SEIZE, process, None, None))),
        "prlimit": word(lambda: resource.prlimit(process, resource.RLIMIT_NOFILE, (1, 1))),
        "affinity": word(lambda: os.sched_setaffinity(process, {0})),
        "scheduler": word(lambda: os.sched_setscheduler(process, os.SCHED_IDLE, scheduler)),
        "nice": word(lambda: os.setpriority(os.PRIO_PROCESS, process, 19)),
        "ioprio": word(lambda: call(libc.syscall(SYS_IOPRIO_SET, 1, process, IOPRIO_IDLE))),
        "memory": word(lambda: write(f"/proc/{process}/mem")),
        "oom": word(lambda: write(f"/proc/{process}/oom_score_adj")),
        "descriptors": word(lambda: os.listdir(f"/proc/{process}/fd")),
    }


if __name__ == "__main__":
    print(json.dumps([attack(int(process)) for process in sys.argv[1:]]))
