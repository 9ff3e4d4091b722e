# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a process of the unit can do: probe.py HOST_TMP HOST_DEVICE, as root's uid with the unit's capabilities.

Prints one line of JSON: {what is tried: "done", or the name of the errno}, and values.
"""
import ctypes
import errno
import json
import os
import resource
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
CLONE_NEWUSER, ADDR_NO_RANDOMIZE, PTRACE_TRACEME = 0x10000000, 0x0040000, 0
READ_WRITE_EXECUTE, PRIVATE_ANONYMOUS, MAP_FAILED = 7, 0x22, ctypes.c_void_p(-1).value


def call(result, failed=-1):
    if result == failed:
        raise OSError(ctypes.get_errno(), "")


def make_file(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    os.unlink(path)


def make_folder(path):
    os.mkdir(path)
    os.rmdir(path)


def make_setuid(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    try:
        os.chmod(path, 0o4700)
    finally:
        os.unlink(path)


def in_a_child(function):
    """What changes the process is done in another one."""
    child = os.fork()
    if not child:
        try:
            function()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, "")


def trials(temporary, device):
    return {
        "make a file in /etc": lambda: make_file("/etc/probe"),
        "make a file in /var/lib": lambda: make_file("/var/lib/probe"),
        "list /root": lambda: os.listdir("/root"),
        "see a file in the host's /tmp": lambda: os.stat(temporary),
        "open a device of the host's": lambda: os.close(os.open(device, os.O_RDWR)),
        "open the tun device": lambda: os.close(os.open("/dev/net/tun", os.O_RDWR)),
        "read the kernel's symbols": lambda: os.close(os.open("/proc/kallsyms", os.O_RDONLY)),
        "set a value of a network device": lambda: os.close(os.open("/proc/sys/net/ipv4/conf/lo/rp_filter", os.O_WRONLY)),
        "make a cgroup": lambda: make_folder("/sys/fs/cgroup/probe"),
        "list the kernel's modules": lambda: os.listdir("/usr/lib/modules"),
        "make an internet socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "make a user namespace": lambda: in_a_child(lambda: call(libc.unshare(CLONE_NEWUSER))),
        "make a setuid file": lambda: make_setuid("/dev/shm/probe"),
        "map memory to write and execute": lambda: call(libc.mmap(None, 4096, READ_WRITE_EXECUTE, PRIVATE_ANONYMOUS, -1, 0), MAP_FAILED),
        "change the personality": lambda: in_a_child(lambda: call(libc.personality(ADDR_NO_RANDOMIZE))),
        "be traced": lambda: in_a_child(lambda: call(libc.ptrace(PTRACE_TRACEME, 0, 0, 0))),
    }


def attempt(trial):
    try:
        trial()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]


def status(key):
    with open("/proc/self/status", encoding="utf-8") as lines:
        return next(line.split()[1] for line in lines if line.startswith(f"{key}:"))


def values():
    mask = os.umask(0)
    os.umask(mask)
    return {"umask": f"{mask:04o}", "files": resource.getrlimit(resource.RLIMIT_NOFILE), "core": resource.getrlimit(resource.RLIMIT_CORE),
            "no_new_privs": status("NoNewPrivs"), "capabilities": status("CapBnd"), "host name of": os.readlink("/proc/self/ns/uts")}


def main():
    told = values()
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    print(json.dumps({what: attempt(trial) for what, trial in trials(*sys.argv[1:]).items()} | told))


main()
