# SPDX-License-Identifier: LGPL-2.1-or-later
"""watch.py count PROGRAM REQUEST | watch.py opened PROGRAM REQUEST PATH...: runs as the caller, and watches one call.

count: page faults that a counter of the kernel has seen since execve(2).
opened: those of the paths that were opened meanwhile, in that order, by inotify(7).
"""
import ctypes
import json
import os
import socket
import struct
import sys

SYS_PERF_EVENT_OPEN = 298
PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, ATTRIBUTE_SIZE = 1, 2, 112
FLAGS = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 12  # disabled, exclude_kernel, exclude_hv, enable_on_exec
IN_OPEN = 0x20
libc = ctypes.CDLL(None, use_errno=True)


def start(program, request):
    """(a child that executes the program as soon as GO is closed, GO)"""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(request)
    wait, go = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(go)
            os.read(wait, 1)
            os.dup2(theirs.fileno(), 0)
            os.execve(program, [program], {})
        finally:
            os._exit(126)
    return child, go, ours


def count(program, request):
    child, go, _ours = start(program, request)
    attribute = struct.pack("IIQQQQQ", PERF_TYPE_SOFTWARE, ATTRIBUTE_SIZE, PERF_COUNT_SW_PAGE_FAULTS, 0, 0, 0, FLAGS)
    attribute = attribute.ljust(ATTRIBUTE_SIZE, b"\0")
    counter = libc.syscall(SYS_PERF_EVENT_OPEN, attribute, child, -1, -1, 0)
    assert counter >= 0, os.strerror(ctypes.get_errno())
    os.close(go)
    os.waitpid(child, 0)
    return struct.unpack("Q", os.read(counter, 8))[0]


def opened(program, request, *paths):
    watcher = libc.inotify_init1(os.O_NONBLOCK)
    watched = {libc.inotify_add_watch(watcher, path.encode(), IN_OPEN): path for path in paths}
    assert min(watched) > 0, os.strerror(ctypes.get_errno())
    child, go, _ours = start(program, request)
    os.close(go)
    os.waitpid(child, 0)
    seen = []
    try:
        events = os.read(watcher, 65536)
    except BlockingIOError:
        events = b""
    while events:
        number, _mask, _cookie, length = struct.unpack_from("iIII", events)
        seen.append(watched[number])
        events = events[16 + length:]
    return seen


def main():
    what, program, request, *paths = sys.argv[1:]
    print(json.dumps({"count": count, "opened": opened}[what](program, bytes.fromhex(request), *paths)))


if __name__ == "__main__":
    main()
