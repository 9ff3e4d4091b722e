# SPDX-License-Identifier: LGPL-2.1-or-later
"""denials.py HELPER REQUEST ROUNDS [FILL LIMIT NUMBER...]: runs as the caller, and counts what each of its calls costs.

Sends the request (in hexadecimal) to a new helper ROUNDS times, and prints a JSON list with one object for each: its wait
status, its answer's status and bytes, and what the kernel tells the parent of it.  With LIMIT (STACK, AS, NOFILE, ...) all of
it for each NUMBER, which the helper's limit is then, and with FILL bytes of arguments.
"""
import json
import os
import resource
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from ask_helper import receive_all  # noqa: E402

WORD = 100000  # bytes in one argument; the kernel takes 131,072


def execute(helper, zero, fill, limit, number):
    words = [b"x" * min(WORD, fill - done) for done in range(0, fill, WORD)]
    os.dup2(zero, 0)
    resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (number, number))
    os.execve(helper, [helper, *words], {})


def spawn(helper, zero, limited):
    """posix_spawn(3) copies no pages of ours, which would count for the child."""
    if not limited:
        return os.posix_spawn(helper, [helper], {}, file_actions=[(os.POSIX_SPAWN_DUP2, zero, 0)])
    child = os.fork()
    if not child:
        try:
            execute(helper, zero, *limited)
        finally:
            os._exit(126)
    return child


def ask(helper, request, limited=()):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(request)
        child = spawn(helper, theirs.fileno(), limited)
        _, status, usage = os.wait4(child, 0)
        theirs.close()
        answer, reply, descriptors = receive_all(ours)
    for descriptor in descriptors:
        os.close(descriptor)
    return {"status": os.waitstatus_to_exitcode(status), "answer": answer, "reply": reply.hex(), "faults": usage.ru_minflt}


def main():
    helper, request, rounds, *rest = sys.argv[1:]
    limits = [(int(rest[0]), rest[1], int(number)) for number in rest[2:]]
    print(json.dumps([ask(helper, bytes.fromhex(request), limited) for limited in limits or [()] for _ in range(int(rounds))]))


if __name__ == "__main__":
    main()
