# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system calls of the installed helper, as strace tells them."""
import os
import re
import socket
import subprocess
from pathlib import Path

from ask_helper import interface, receive_all, request
from host import ALICE, HELPER

# What all of this folder asks for unless it says otherwise: a set of two, so that every way of being made is in it.
POLICY = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = yes\nlock-mac = yes\nqueues = 4\n"
ASKED = request(interface(queues=2), interface(bridge=b""))
# The same request denied by the first rule, which names the caller by a group of his; the second would grant it.
TEAM = "tgteam"
STRICT = f"[rule strict]\nuser = nobody %{TEAM}\nbridge = br0\nisolate = no\nlock-mac = no\n" + POLICY
# Random bytes are zeros: slots are taken from the first on, and every run has the same system calls.
SAME = ["-e", "inject=getrandom:retval=12"]


def trace(host, data=ASKED, user=ALICE, code=0, words=()):
    """Its lines, without process ids; sockets and files behind the descriptors are shown."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        ours.send(data)
        with theirs:
            done = subprocess.run(host.command(["strace", "-u", user, "-yy", "-s", "256", *SAME, "-o", host.folder / "calls",
                                                *words, HELPER]), stdin=theirs, capture_output=True, timeout=30)
        answer, _, descriptors = receive_all(ours)
        for descriptor in descriptors:
            os.close(descriptor)
    assert done.returncode == code, (done, answer)
    if descriptors:
        host.wait_gone("tg0", "tg1")  # or their slots were still taken in the next run
    lines = Path(host.folder / "calls").read_text(errors="replace").splitlines()
    # without its execve, and without what the kernel begins anew by itself while another holds the lock of all links
    return [line for line in lines if re.match(r"\w+\(", line) and "ERESTART" not in line][1:]


def numbered(lines):
    """[(system call, how manieth of its name, its line)]"""
    counted, points = {}, []
    for line in lines:
        name = line.split("(")[0]
        counted[name] = counted.get(name, 0) + 1
        points.append((name, counted[name], line))
    return points


def without_repeats(points):
    """Of system calls in a row that differ in a number only (a capability, a signal) the first, and the last."""
    kept = []
    for n, (name, when, line) in enumerate(points):
        around = [points[m][0] for m in (n - 1, n + 1) if 0 <= m < len(points)]
        # bounding and ambient set are read in turns
        turns = [points[m][0] for m in (n - 2, n + 2) if 0 <= m < len(points)]
        if name in ("rt_sigaction", "prctl") and around.count(name) == 2 and turns.count(name) == 2 and "PR_SET" not in line:
            continue
        kept.append((name, when, line))
    return kept
