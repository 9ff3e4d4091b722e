# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hostile caller leaves in the process that execve(2) turns into the helper."""
import ctypes
import os
import resource
import signal

from outsider import become

libc = ctypes.CDLL(None, use_errno=True)
SECRETS = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_DEBUG", "LD_DEBUG_OUTPUT", "LD_PROFILE", "LD_PROFILE_OUTPUT", "LD_BIND_NOW",
           "LD_ORIGIN_PATH", "LD_HWCAP_MASK", "LD_SHOW_AUXV", "GCONV_PATH", "NLSPATH", "LOCPATH", "LANG", "LC_ALL", "LANGUAGE", "TZ",
           "TZDIR", "MALLOC_TRACE", "MALLOC_CHECK_", "MALLOC_PERTURB_", "RES_OPTIONS", "HOSTALIASES", "LOCALDOMAIN", "TMPDIR",
           "GETCONF_DIR", "RESOLV_HOST_CONF", "NIS_PATH", "PATH", "IFS", "HOME", "SHELL", "USER", "XDG_RUNTIME_DIR"]


class State:
    """What is to be executed with; a setup changes it, or the process itself."""

    def __init__(self, request):
        self.arguments, self.environment, self.request, self.closed = [b"tapgrant-helper"], {}, request, []


def hostile_environment(state):
    state.environment = {name: "/dev/shm/fifo" for name in SECRETS} | {
        "GLIBC_TUNABLES": "glibc.malloc.mxfast=glibc.malloc.mxfast=A" + "A" * 4000, "LD_PRELOAD": "/dev/shm/evil.so",
        "%n%s%n": "\x1b[31m\n", "A" * 100000: "B" * 20000}


def limits(name, value):
    def setup(_state):
        hard = resource.getrlimit(getattr(resource, name))[1]
        value_now = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (value_now, value_now))
    return setup


def closing(*numbers):
    return lambda state: state.closed.extend(numbers)


def signals_blocked(_state):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def signals_ignored(_state):
    for number in range(1, 65):
        if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
            libc.signal(number, 1)  # SIG_IGN


def timers(_state):
    for kind in (signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(kind, 0.2, 0.2)
    signal.setitimer(signal.ITIMER_REAL, 60, 0.0001)


def deleted_folder(_state):
    os.mkdir(f"/dev/shm/gone-{os.getpid()}")
    os.chdir(f"/dev/shm/gone-{os.getpid()}")
    os.rmdir(f"/dev/shm/gone-{os.getpid()}")


def many_descriptors(_state):
    for _ in range(200):
        os.set_inheritable(os.open("/dev/null", os.O_RDWR), True)


def lowest_priority(_state):
    os.nice(19)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def only_idle_time(_state):
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def argv_none(state):
    state.arguments = None


def arguments(*words):
    def setup(state):
        state.arguments = list(words)
    return setup


def no_new_privs(_state):
    assert not libc.prctl(38, 1, 0, 0, 0)


def personality(_state):
    libc.personality(0x0400000 | 0x0040000 | 0x0200000)  # READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE, ADDR_COMPAT_LAYOUT


def umask(value):
    return lambda state: os.umask(value) and None


SETUPS = {
    "argv NULL": argv_none, "argv empty text": arguments(b""), "argv of 2 KiB": arguments(b"%n" * 1024 + b"\n\x1b[31m"),
    "argv of many": arguments(*[b"--help", b"-x", b"--fd=3", b"%s"] * 2000), "argv of 100 KiB": arguments(b"A" * 100000),
    "environment": hostile_environment, "signals blocked": signals_blocked, "signals ignored": signals_ignored, "timers": timers,
    "umask 0": umask(0), "umask 0777": umask(0o777), "deleted folder": deleted_folder, "200 descriptors": many_descriptors,
    "1 closed": closing(1), "2 closed": closing(2), "1 and 2 closed": closing(1, 2), "0 closed": closing(0),
    "0 to 2 closed": closing(0, 1, 2), "lowest priority": lowest_priority, "only idle time": only_idle_time,
    "personality": personality, "no_new_privs": no_new_privs,
}
LIMITS = ["AS", "CORE", "CPU", "DATA", "FSIZE", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE", "NPROC", "OFILE", "RSS", "RTPRIO",
          "RTTIME", "SIGPENDING", "STACK"]
SMALL = {"AS": 3 << 20, "DATA": 300 << 10, "STACK": 128 << 10, "NOFILE": 6, "OFILE": 6, "CPU": 2}
for kind in LIMITS:
    for amount in (0, 1, SMALL.get(kind, 16)):
        SETUPS[f"RLIMIT_{kind} {amount}"] = limits(f"RLIMIT_{kind}", amount)


def execute(helper, user, request, output, setups):
    """Becomes the helper: the request's socket its descriptor 0, OUTPUT its 1 and 2; returns only if it could not."""
    state = State(request)
    become(user)
    os.dup2(request, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # what the shell of the caller would have left
    for word in setups:
        SETUPS[word](state)
    for number in set(state.closed):
        os.close(number)
    words = state.arguments
    argv = None if words is None else (ctypes.c_char_p * (len(words) + 1))(*words, None)
    text = [f"{name}={value}".encode() for name, value in state.environment.items()]
    envp = None if words is None else (ctypes.c_char_p * (len(text) + 1))(*text, None)
    libc.execve(helper.encode(), argv, envp)
