# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks the helper itself, as a hostile caller would: ask_helper.py HELPER INJECTION USER

Writes a request by hand on a socket pair, starts the setuid helper under strace as USER with the fault INJECTION, and
prints what came back.
"""
import array
import os
import socket
import struct
import subprocess
import sys

MAGIC, VERSION = 0x74617067, 2
HEADER = "7I"  # magic, version, its size, an interface's, how many there are, a reply's header, a device's
INTERFACE = "16s16s6s6sIHHI"
REPLY, DEVICE = 40, 92  # bytes of a reply before its first device, and of each


def request(*interfaces, magic=MAGIC, version=VERSION, count=None, header=None, size=None, reply=REPLY, device=DEVICE, more=b""):
    """HEADER, SIZE: what it tells of its own sizes, if that is not what they are.  MORE: at the end of its header."""
    told = (struct.calcsize(HEADER) + len(more) if header is None else header,
            struct.calcsize(INTERFACE) if size is None else size, len(interfaces) if count is None else count)
    return struct.pack(HEADER, magic, version, *told, reply, device) + more + b"".join(interfaces)


def interface(dev=b"", bridge=b"br0", guest_mac=bytes(6), host_mac=bytes(6), mtu=0, queues=1, vnet_hdr=1, netns=0):
    return struct.pack(INTERFACE, dev, bridge, guest_mac, host_mac, mtu, queues, vnet_hdr, netns)


STATUS = ["granted", "version", "malformed", "unprivileged", "denied", "unfit-bridge", "over-quota", "name-taken", "failed",
          "busy", "other-netns", "unknown-field"]


def receive(ours):
    """(status, descriptors), or None: no answer."""
    data, control, _, _ = ours.recvmsg(65536, socket.CMSG_SPACE(4 * 253))
    descriptors = array.array("i")
    for level, kind, payload in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(payload)
    return (STATUS[struct.unpack_from("I", data, 8)[0]], list(descriptors)) if data else None


def receive_all(ours):
    """(status, its bytes, descriptors) without waiting; (None, b"", []): no answer."""
    for _ in range(2):  # a request that was not read resets the connection first
        try:
            data, control, _, _ = ours.recvmsg(65536, socket.CMSG_SPACE(4 * 253), socket.MSG_DONTWAIT)
            break
        except ConnectionResetError:
            data, control = b"", []
        except BlockingIOError:
            return None, b"", []
    descriptors = array.array("i")
    for level, kind, payload in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(payload)
    return STATUS[struct.unpack_from("I", data, 8)[0]] if data else None, data, list(descriptors)


def main():
    helper, injection, user = sys.argv[1:]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(request(interface(queues=2)))
    subprocess.run(["strace", "-u", user, "-o", "/dev/null", "-e", injection, helper], stdin=theirs,
                   stderr=subprocess.DEVNULL, timeout=20, check=False)
    theirs.close()
    answer = receive(ours)
    print(answer[0] if answer else "no answer")
    for descriptor in answer[1] if answer else []:
        os.close(descriptor)


if __name__ == "__main__":
    main()
