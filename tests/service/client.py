# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of the service that shares no code with libtapgrant: client.py SOCKET REQUEST [WORD...]

Connects, sends REQUEST (hexadecimal; "-": nothing), and prints what came back as one line of JSON.  Words:
  hold        keeps the descriptors until descriptor 0 ends; otherwise they are closed at once
  wait        connects, prints "connected", and sends when a line comes
  groups      tells the groups of this process as well
"""
import array
import json
import os
import socket
import struct
import sys

from ask_helper import DEVICE, STATUS

HEADER = 40  # bytes of a reply before its first device


def connect(path, seconds=15):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(seconds)
    connection.connect(str(path))
    return connection


def text(data):
    return data.split(b"\0")[0].decode()


def receive(connection):
    """{status, ...}; status None: the connection ended without an answer."""
    for _ in range(2):  # a connection that is closed with an unread request is reset before its answer is told
        try:
            data, control, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4 * 253))
            break
        except ConnectionResetError:
            data, control = b"", []
    descriptors = array.array("i")
    for level, kind, payload in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(payload)
    if not data:
        return {"status": None, "descriptors": []}
    status, stage, error, interface, _faults, count = struct.unpack_from("6I", data, 8)
    devices = [data[HEADER + DEVICE * i:] for i in range(count)]
    return {"status": STATUS[status], "stage": stage, "error": error, "interface": interface,
            "devices": [text(device[:16]) for device in devices], "rules": [text(device[32:68]) for device in devices],
            "slots": [struct.unpack_from("H", device, 90)[0] for device in devices], "descriptors": list(descriptors)}


def ask(path, request):
    """The answer; its descriptors are open."""
    with connect(path) as connection:
        try:
            connection.send(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before it asked: busy
        return receive(connection)


def main():
    path, request, *words = sys.argv[1:]
    connection = connect(path)
    if "wait" in words:
        print("connected", flush=True)
        sys.stdin.readline()
    if request != "-":
        try:
            connection.send(bytes.fromhex(request))
        except (BrokenPipeError, ConnectionResetError):
            pass
    answer = receive(connection)
    if "groups" in words:
        answer["groups"] = os.getgroups()
    print(json.dumps(answer), flush=True)
    if "hold" in words:
        sys.stdin.read()


if __name__ == "__main__":
    main()
