# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a caller can do to the child that serves it in the last step, when all of its ids are the caller's.

Before that it can do nothing: test_faults.py.
"""
import contextlib
import json
import signal
import subprocess
import time

from ask_helper import interface, request
from daemon import state, until
from host import ALICE, BOB, uid

PAUSE = 1500000  # microseconds: long enough for all that a caller tries
LAST = "setresuid:when=3"  # behind which all ids are the caller's


@contextlib.contextmanager
def standing_still(service, where, side="enter"):
    """Every child that is warm now stands still for a while before a system call, or behind it."""
    tracers = []
    for child in service.children():
        words = ["strace", "-qq", "-o", "/dev/null", "-p", child, "-e", f"trace={where.split(':')[0]}",
                 "-e", f"inject={where}:delay_{side}={PAUSE}"]
        tracers.append(subprocess.Popen([str(word) for word in words], stderr=subprocess.PIPE))
        until(lambda process=child: state(process, "TracerPid") != ["0"])
    yield
    for tracer in tracers:
        tracer.terminate()
        tracer.wait()
        tracer.stderr.close()


def serving(service, user=ALICE):
    """The child that has become USER."""
    return next((child for child in service.children() if state(child, "Uid")[1:2] == [str(uid(user))]), None)


def ids_of(child):
    return state(child, "Uid")[:3]


def test_in_the_last_step_it_is_the_callers_and_that_is_no_crash(service):
    service.host.listen_log()
    template = service.template()
    with standing_still(service, LAST, "exit"):
        client = service.start_client()
        child = until(lambda: serving(service))
        until(lambda: ids_of(child) == [str(uid(ALICE))] * 3)
        service.host.run("kill", "-SEGV", child, user=ALICE)
        assert json.loads(client.stdout.readline())["status"] is None
        until(lambda: not state(child, "Uid"))
    assert service.ask()["status"] == "granted"  # it is not busy
    assert service.template() == template
    assert not [line for line in service.host.log_lines() if "signal" in line]


ATTACH = ("import fcntl, os, struct, sys\n"
          "tap = os.open('/dev/net/tun', os.O_RDWR)\n"
          "fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH22x', sys.argv[1].encode(), 0x5102))\n"
          "print('attached', flush=True)\n"
          "sys.stdin.read()\n")


def test_a_multi_queue_tap_that_is_kept_in_the_last_step_counts(service):
    """Its caller attaches to it by its name, and ends the child before the answer."""
    with standing_still(service, LAST, "exit"):
        client = service.start_client(data=request(interface(queues=2)))
        child = until(lambda: serving(service))
        until(lambda: ids_of(child) == [str(uid(ALICE))] * 3)
        (tap,) = service.host.taps()
        holder = service.host.start("/usr/bin/python3", "-c", ATTACH, tap, user=ALICE)
        assert holder.stdout.readline() == "attached\n"
        service.host.run("kill", "-KILL", child, user=ALICE)
        assert json.loads(client.stdout.readline())["status"] is None
        until(lambda: not state(child, "Uid"))
    (name,) = service.host.link(tap)["altnames"]
    assert name.startswith(f"quota.tapgrant.{uid(ALICE)}.lab.")
    service.host.end(holder)
    service.host.wait_gone(tap)


def test_a_child_that_is_stopped_in_the_last_step_is_ended(service):
    with standing_still(service, LAST, "exit"):
        client = service.start_client()
        child = until(lambda: serving(service))
        until(lambda: ids_of(child) == [str(uid(ALICE))] * 3)
        service.host.run("kill", "-STOP", child, user=ALICE)
        begun = time.monotonic()
    assert service.ask(user=BOB)["status"] == "granted"
    assert json.loads(client.stdout.readline())["status"] is None
    assert time.monotonic() - begun < 5
    assert service.ask()["status"] == "granted"


def test_eight_unread_answers_of_253_descriptors_are_the_callers_own(service):
    """Descriptors that are under way count for the user who has not read them."""
    service.host.policy("[rule lab]\nuser = *\nbridge = none\nqueues = 253\n")
    time.sleep(0.1)
    program = ("import socket, sys, resource\n"
               "held = []\n"
               "for _ in range(8):\n"
               "    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
               "    connection.connect(sys.argv[1])\n"
               "    connection.send(bytes.fromhex(sys.argv[2]))\n"
               "    held.append(connection)\n"
               "print('sent', flush=True)\n"
               "sys.stdin.read()\n")
    many = request(interface(bridge=b"", queues=253))
    flood = service.host.start("prlimit", "--nofile=1024:1024", "/usr/bin/python3", "-c", program, service.socket, many.hex(), user=ALICE)
    assert flood.stdout.readline() == "sent\n"
    until(lambda: not [child for child in service.children() if state(child, "Uid")[1:2] == [str(uid(ALICE))]], 10)
    for _ in range(3):
        answer = service.ask(user=BOB, data=many)
        assert (answer["status"], len(answer["descriptors"])) == ("granted", 253)
    flood.send_signal(signal.SIGKILL)
    flood.wait()
