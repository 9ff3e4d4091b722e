# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The privileged step asked by hand, without the library, the setuid helper also under strace(1); nobody takes what it grants, which
is gone again.
"""
import socket
import struct
import subprocess

from ask_helper import STATUS
from host import ALICE, HELPER


def answer(host, data, command):
    """(the answer's word, its errno) to the request DATA."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(data)
        subprocess.run(command, stdin=theirs, timeout=30, check=False)
        theirs.close()  # so that a helper that ended without an answer is one that has none
        status, _, error = struct.unpack_from("III", ours.recv(65536), 8)  # descriptors that nobody takes are closed
    host.wait_gone("tg0")
    return STATUS[status], error


def asked(host, data, user=ALICE):
    if host.service:
        told = host.service.ask(data=data, user=user)
        host.wait_gone("tg0")
        return told["status"], told["error"]
    return answer(host, data, host.command([HELPER], user))


def under_strace(host, data, *options, user=ALICE):
    """(the answer's word, its errno, the trace): strace has OPTIONS, and the helper is USER's and setuid."""
    path = host.folder / "trace"
    told = answer(host, data, host.command(["strace", "-u", user, "-o", path, *options, HELPER]))
    return *told, path.read_text(encoding="ascii")
