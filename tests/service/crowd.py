# SPDX-License-Identifier: LGPL-2.1-or-later
"""crowd.py SOCKET REQUEST JOB COUNT [UID...]: many connections at once, from one process.

  all       connects COUNT times, sends on each, and waits for each answer
  silent    connects COUNT times and sends nothing; tells what came back within a second; keeps the rest until descriptor 0 ends
  gone      connects COUNT times, sends, and closes at once
  descriptors   as all, with 253 descriptors attached to each request
Prints {status: how many}, and the seconds that it took.  With UIDs, which only root can give, each connection has its own.
"""
import collections
import errno
import json
import os
import resource
import select
import socket
import sys
import time

from client import receive


def connect(path, uid):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if uid is not None:
        os.seteuid(uid)
    try:
        connection.connect(path)
    finally:
        if uid is not None:
            os.seteuid(0)
    return connection


def send(connection, data, descriptors):
    try:
        if descriptors:
            socket.send_fds(connection, [data], [0] * descriptors)
        else:
            connection.send(data)
    except OSError as error:
        # it is answered already; or the kernel lets this user have no more descriptors under way
        if error.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ETOOMANYREFS):
            raise


def answers(connections, seconds):
    """{status: how many} of those that are answered within so many seconds, and the others."""
    counts, left, end = collections.Counter(), {connection.fileno(): connection for connection in connections}, time.monotonic() + seconds
    waiting = select.poll()
    for descriptor in left:
        waiting.register(descriptor, select.POLLIN)
    while left and time.monotonic() < end:
        for descriptor, _ in waiting.poll(100):
            connection = left.pop(descriptor)
            waiting.unregister(descriptor)
            answer = receive(connection)
            counts[str(answer["status"])] += 1
            for descriptor_ in answer["descriptors"]:
                os.close(descriptor_)
            connection.close()
    return counts, list(left.values())


def main():
    path, request, job, count, *uids = sys.argv[1:]
    data, uids = bytes.fromhex(request), [int(word) for word in uids]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    begun = time.monotonic()
    connections = [connect(path, uids[i % len(uids)] if uids else None) for i in range(int(count))]
    if job != "silent":
        for connection in connections:
            send(connection, data, 253 if job == "descriptors" else 0)
    if job == "gone":
        counts, connections = {}, []
    else:
        counts, connections = answers(connections, 1 if job == "silent" else 30)
    print(json.dumps({"counts": counts, "seconds": time.monotonic() - begun, "left": len(connections)}), flush=True)
    if job == "silent":
        sys.stdin.read()


if __name__ == "__main__":
    main()
