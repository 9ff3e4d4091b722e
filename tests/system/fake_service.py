# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service that answers as a test tells it: fake_service.py SOCKET BODY

Listens on SOCKET, says so with a line, and executes BODY, Python that uses what is defined here.
"""
import array
import fcntl
import os
import socket
import struct
import sys

MAGIC, VERSION = 0x74617067, 2
GRANTED, OTHER_VERSION, MALFORMED, UNPRIVILEGED, DENIED, UNFIT, QUOTA, TAKEN, FAILED, BUSY, OTHER_NETNS, UNKNOWN = range(12)
TUNSETIFF = 0x400454ca

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def take():
    """The next connection, and the request on it."""
    connection = listener.accept()[0]
    return connection, connection.recv(1 << 17)


def reply(status=GRANTED, devices=None, *, dev=b"mytap0", magic=MAGIC, version=VERSION, stage=0, error=0, interface=0, faults=0,
          request_size=28, interface_size=56, is_elsewhere=0):
    """To a request for one interface; DEVICES: how many follow, 0 if it was not read.  IS_ELSEWHERE None: the first size of a reply."""
    count = int(status == GRANTED)
    header = struct.pack("10I", magic, version, status, stage, error, interface, faults, count, request_size, interface_size)
    if devices != 0 and is_elsewhere is not None:
        header += struct.pack("I", is_elsewhere)
    device = struct.pack("16s16s36s6s6sIIHH", dev, b"br0", b"lab", bytes(6), bytes(6), 7, 1500, 1, 0)
    return header + device * (1 if devices is None else devices)


def send(connection, data, *fds):
    connection.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])


def tap(name=b"mytap0", flags=0x5002):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name, flags))
    return fd


def answer(*statuses):
    """Each status to one connection; the request is not read, as of a service that has too much to do."""
    for status in statuses:
        connection = listener.accept()[0]
        send(connection, reply(status, 0))
        connection.close()


def grant():
    connection, _ = take()
    held = tap()
    send(connection, reply(), held)
    os.close(held)
    connection.close()


def say(word):
    print(word, flush=True)


def main():
    path, body = sys.argv[1:]
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(64)
    say("ready")
    exec(body, globals())  # pylint: disable=exec-used


if __name__ == "__main__":
    main()
