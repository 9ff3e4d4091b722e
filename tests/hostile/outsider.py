# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a caller tries on a helper that stands still, and what root sees of it."""
import ctypes
import errno
import json
import os
import pwd
import re
import resource
import signal
import socket
import struct
import subprocess
import time

from host import POLICY

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
SYS_GET_ROBUST_LIST, SYS_PIDFD_OPEN, SYS_PIDFD_GETFD, SYS_KCMP, SYS_MOVE_PAGES = 274, 434, 438, 312, 279
SECRET = ["mem", "environ", "maps", "smaps", "stack", "auxv", "syscall", "io", "pagemap", "fd", "fdinfo", "map_files", "personality"]


def become(user):
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setresgid(*[entry.pw_gid] * 3)
    os.setresuid(*[entry.pw_uid] * 3)


def as_user(user, function, *arguments):
    """What the function returns in a process of USER's, without any privilege."""
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        try:
            become(user)
            os.write(tell, json.dumps(function(*arguments)).encode())
        finally:
            os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with open(told) as answer:
        return json.loads(answer.read())


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def called(function, *arguments):
    """The errno's name of a call; "done" if it succeeded."""
    ctypes.set_errno(0)
    result = function(*[ctypes.c_long(one) if isinstance(one, int) else one for one in arguments])
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "done"


def opened(path):
    try:
        if os.path.isdir(path):
            os.listdir(path)
        else:
            with open(path, "rb") as file:
                file.read(1)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"


def linked(path):
    try:
        return os.readlink(path) and "done"
    except OSError as error:
        return errno.errorcode[error.errno]


def attacks(pid):
    """Every way in that there is, each by its name: the errno that it met."""
    buffer = ctypes.create_string_buffer(64)
    mine, its = Vector(ctypes.addressof(buffer), 64), Vector(0x400000, 64)
    pidfd = libc.syscall(ctypes.c_long(SYS_PIDFD_OPEN), ctypes.c_long(pid), ctypes.c_long(0))
    said = {"ptrace attach": called(libc.ptrace, PTRACE_ATTACH, pid, 0, 0),
            "ptrace seize": called(libc.ptrace, PTRACE_SEIZE, pid, 0, 0),
            "process_vm_readv": called(libc.process_vm_readv, pid, ctypes.byref(mine), 1, ctypes.byref(its), 1, 0),
            "process_vm_writev": called(libc.process_vm_writev, pid, ctypes.byref(mine), 1, ctypes.byref(its), 1, 0),
            "get_robust_list": called(libc.syscall, SYS_GET_ROBUST_LIST, pid, ctypes.byref(mine), ctypes.byref(its)),
            "kcmp": called(libc.syscall, SYS_KCMP, pid, os.getpid(), 0, 0, 0),
            "move_pages": called(libc.syscall, SYS_MOVE_PAGES, pid, 1, ctypes.byref(its), 0, ctypes.byref(mine), 0)}
    said |= {f"pidfd_getfd {n}": called(libc.syscall, SYS_PIDFD_GETFD, pidfd, n, 0) for n in range(12)}
    said |= {f"/proc/PID/{name}": opened(f"/proc/{pid}/{name}") for name in SECRET}
    said |= {f"/proc/PID/{name}": linked(f"/proc/{pid}/{name}") for name in ("cwd", "root", "exe", "fd/0", "ns/net")}
    return said


def status(pid, _user):
    """As root sees it."""
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    wanted = ["Uid", "Gid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn", "SigCgt",
              "TracerPid", "Umask"]
    shown = {name: fields[name].split() for name in wanted}
    links = [os.readlink(f"/proc/{pid}/fd/{n}") for n in sorted(map(int, os.listdir(f"/proc/{pid}/fd")))]
    with open(f"/proc/{pid}/personality") as file:
        personality = file.read().strip()
    with open(f"/proc/{pid}/environ", "rb") as file:
        environ = len(file.read())
    with open(f"/proc/{pid}/limits") as file:
        (core,) = [line.split()[4:6] for line in file if line.startswith("Max core file")]
    return shown | {"proc owner": os.stat(f"/proc/{pid}/mem").st_uid, "cwd": os.readlink(f"/proc/{pid}/cwd"),
                    "descriptors": [re.sub(r":\[.*", "", link) for link in links], "personality": personality,
                    "environ": environ, "core": core}


def limit(pid, name, user):
    """The user lowers a limit of it to nothing: "done", or the errno."""
    def lower():
        try:
            resource.prlimit(pid, getattr(resource, name), (0, 0))
        except OSError as error:
            return errno.errorcode[error.errno]
        return "done"
    return as_user(user, lower)


def go_on(pid, user):
    """Its caller may stop it and let it go, at any time."""
    def send():
        os.kill(pid, signal.SIGCONT)
        return "done"
    return as_user(user, send)


def wait_past_the_deadline(pid, _user):
    """Until the kernel holds its SIGALRM."""
    while True:
        with open(f"/proc/{pid}/status") as file:
            pending = sum(int(line.split()[1], 16) for line in file if line.startswith(("SigPnd", "ShdPnd")))
        if pending & 1 << signal.SIGALRM - 1:
            return "done"
        time.sleep(0.05)


def forge(pid, port):
    """Sends a message to the netlink socket that bears the helper's process id."""
    def send():
        forger = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        try:
            forger.sendto(struct.pack("IHHIIii", 36, 2, 0, 1, pid, 0, 0) + bytes(12), (pid, 0))
        except OSError as error:
            return errno.errorcode[error.errno]
        return "done"
    return send() if port is None else as_user(port, send)


def rewrite(longer):
    def change(_pid, _user):
        size = os.path.getsize(POLICY)
        os.truncate(POLICY, size - 50)
        if longer:
            with open(POLICY, "a") as file:
                file.write("x" * 49 + "\n; more\n")
        return "done"
    return change


def delete_bridge(_pid, _user):
    subprocess.run(["ip", "link", "del", "br0"], check=True)
    subprocess.run(["ip", "link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge"], check=True)  # of the same name


POKES = {"bridge deleted": delete_bridge, "forged as caller": forge, "forged as root": lambda pid, _user: forge(pid, None), "policy longer": rewrite(True),
         "policy shorter": rewrite(False)}
POKES |= {"past the deadline": wait_past_the_deadline, "status": status, "attacks": lambda pid, user: as_user(user, attacks, pid), "continue": go_on}
POKES |= {name: lambda pid, user, name=name: limit(pid, name, user)
          for name in ("RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_STACK", "RLIMIT_NPROC", "RLIMIT_MEMLOCK")}
