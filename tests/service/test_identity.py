# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who asks is what the kernel recorded when the caller connected, and nothing else."""
import pytest

from ask_helper import interface, request
from daemon import CLIENT, ONE, Service, until
from host import ALICE, BOB, SUBORDINATE, gid, uid

# Connects and asks as a program that has several ids; prints the answer.
WITH_IDS = """
import json, os, socket, sys
sys.path[:0] = sys.argv[1].split(':')
from client import connect, receive
def ask_as(path, data, before, between):
    before()
    connection = connect(path)
    between()
    connection.send(data)
    print(json.dumps(receive(connection)))
path, data = sys.argv[2], bytes.fromhex(sys.argv[3])
"""
RULE = "[rule {name}]\nuser = {user}\nbridge = br0\nisolate = no\nlock-mac = no\n"


def run_as_root(service, program, data=ONE, extra=()):
    """A program that starts as root, on the host."""
    paths = f"{CLIENT.parent}:{CLIENT.parents[1]}/system"
    return service.host.run(*extra, "/usr/bin/python3", "-c", WITH_IDS + program, paths, service.socket, data.hex()).json


@pytest.fixture
def by_user(lab):
    """A service whose rules tell who was taken for the caller: by their names."""
    lab.policy("".join(RULE.format(name=name, user=user) for name, user in
                       (("alice", uid(ALICE)), ("bob", uid(BOB)), ("team", "%7777"), ("sub", SUBORDINATE[BOB] + 7), ("all", "*"))))
    with Service(lab) as service:
        yield service


def test_the_effective_uid_counts_where_all_three_differ(by_user):
    answer = run_as_root(by_user, f"ask_as(path, data, lambda: os.setresuid({uid(ALICE)}, {uid(BOB)}, 4444), lambda: None)\n")
    assert answer["rules"] == ["bob"]
    answer = run_as_root(by_user, f"ask_as(path, data, lambda: os.setresuid(4444, {uid(ALICE)}, {uid(BOB)}), lambda: None)\n")
    assert answer["rules"] == ["alice"]


def test_the_ids_are_those_of_connect_whatever_they_become(by_user):
    answer = run_as_root(by_user, f"ask_as(path, data, lambda: os.seteuid({uid(ALICE)}), lambda: (os.seteuid(0), os.seteuid({uid(BOB)})))\n")
    assert answer["rules"] == ["alice"]
    answer = run_as_root(by_user, f"ask_as(path, data, lambda: os.seteuid({uid(ALICE)}), lambda: os.seteuid(0))\n")
    assert answer["rules"] == ["alice"]


def test_the_groups_are_those_of_connect_and_all_of_them(by_user):
    """The last of 65,000; a gid that is none of the supplementary ones counts too."""
    drop = "(os.setgroups({groups}), os.setresgid({gid}, {gid}, {gid}), os.setresuid(4444, 4444, 4444))"
    for groups, gid_ in (("[7777]", 4444), ("list(range(10000, 75000)) + [7777]", 4444), ("[]", 7777)):
        answer = run_as_root(by_user, f"ask_as(path, data, lambda: {drop.format(groups=groups, gid=gid_)}, lambda: None)\n")
        assert answer["rules"] == ["team"], groups
    answer = run_as_root(by_user, f"ask_as(path, data, lambda: {drop.format(groups='[]', gid=4444)}, lambda: None)\n")
    assert answer["rules"] == ["all"]


def test_root_asks_by_the_same_policy(by_user):
    answer = run_as_root(by_user, "ask_as(path, data, lambda: None, lambda: None)\n")
    assert answer["rules"] == ["all"]
    by_user.host.policy(RULE.format(name="alice", user=uid(ALICE)))
    assert run_as_root(by_user, "ask_as(path, data, lambda: None, lambda: None)\n")["status"] == "denied"


def test_a_subordinate_id_gets_nothing_but_by_its_own_number(by_user):
    program = "ask_as(path, data, lambda: os.setresuid({uid}, {uid}, {uid}), lambda: None)\n"
    assert run_as_root(by_user, program.format(uid=SUBORDINATE[BOB] + 7))["rules"] == ["sub"]
    assert run_as_root(by_user, program.format(uid=SUBORDINATE[BOB] + 8))["status"] == "denied"


def test_a_caller_in_a_user_namespace_is_the_user_outside(by_user):
    for words in (["unshare", "--user"], ["unshare", "--user", "--map-root-user"]):
        answer = by_user.ask(before=words)
        assert answer["rules"] == ["alice"], words


def test_a_caller_without_privileges_to_gain_is_served(by_user):
    assert by_user.ask(extra=["--no-new-privs"])["rules"] == ["alice"]


def test_a_caller_in_another_network_namespace_is_told_so(by_user):
    by_user.host.listen_log()
    answer = by_user.ask(before=["unshare", "--user", "--net"])
    assert (answer["status"], answer["devices"]) == ("other-netns", [])
    assert run_as_root(by_user, "ask_as(path, data, lambda: None, lambda: None)\n", extra=["unshare", "--net"])["status"] == "other-netns"
    lines = by_user.host.log_lines()
    assert len(lines) == 2 and all("verdict=other-netns" in line for line in lines)
    assert not by_user.host.taps()


def test_a_socket_that_was_made_here_and_is_used_elsewhere_is_of_here(by_user):
    """The namespace is the socket's: whoever has it can use it from anywhere, as with any descriptor."""
    program = "import ctypes\nask_as(path, data, lambda: None, lambda: ctypes.CDLL(None).unshare(0x40000000))\n"
    assert run_as_root(by_user, program)["status"] == "granted"


def test_a_connected_socket_that_is_passed_on_is_its_makers(by_user):
    """Another user sends, and the interface is of who connected."""
    program = (f"ours, theirs = socket.socketpair()\n"
               f"if not os.fork():\n"
               f"    os.setresuid({uid(ALICE)}, {uid(ALICE)}, {uid(ALICE)})\n"
               f"    connection = connect(path)\n"
               f"    socket.send_fds(theirs, [b'x'], [connection.fileno()])\n"
               f"    os._exit(0)\n"
               f"os.wait()\n"
               f"os.setresuid({uid(BOB)}, {uid(BOB)}, {uid(BOB)})\n"
               f"connection = socket.socket(fileno=socket.recv_fds(ours, 1, 1)[1][0])\n"
               f"connection.setblocking(True)\n"
               f"connection.send(data)\n"
               f"print(json.dumps(receive(connection)))\n")
    assert run_as_root(by_user, program)["rules"] == ["alice"]


def test_the_device_node_is_opened_with_the_callers_rights(by_user):
    by_user.host.run("chmod", "0600", "/dev/net/tun")
    answer = by_user.ask()
    assert (answer["status"], answer["stage"], answer["error"]) == ("failed", 4, 13)
    by_user.host.run("chgrp", str(gid(ALICE)), "/dev/net/tun")
    by_user.host.run("chmod", "0660", "/dev/net/tun")
    assert by_user.ask()["status"] == "granted"
    assert by_user.ask(user=BOB)["status"] == "failed"


def test_a_caller_that_is_gone_gets_nothing_and_leaves_nothing(by_user):
    program = "connection = connect(path)\nconnection.send(data)\nprint('{}')\n"
    for _ in range(10):
        run_as_root(by_user, program)
    until(lambda: not by_user.host.taps())
    assert by_user.ask()["status"] == "granted"


@pytest.mark.parametrize("data, status", [(b"\1", "malformed"), (ONE[:-1], "malformed"), (ONE + b"\0", "malformed"),
                                          (request(interface(queues=0)), "malformed"), (request(interface(), version=99), "version"),
                                          (request(interface(), more=b"\0\0\0\1"), "unknown-field"), (request(), "malformed")])
def test_a_request_that_is_none_is_answered_as_by_the_helper(by_user, data, status):
    assert by_user.ask(data=data)["status"] == status


def test_descriptors_with_a_request_are_refused(by_user):
    program = ("connection = connect(path)\n"
               "socket.send_fds(connection, [data], [0] * 253)\n"
               "print(json.dumps(receive(connection)))\n")
    assert run_as_root(by_user, program)["status"] == "malformed"


def test_the_services_own_account_is_a_user_like_any_other(lab):
    """It gets what the policy grants it, and looks into no process of the service."""
    with Service(lab) as service:
        words = ["setpriv", "--reuid", service.uid, "--regid", service.uid, "--clear-groups"]
        assert service.ask(user=None, before=words)["rules"] == ["lab"]
        for process in ("self", service.process.pid, *service.processes()):
            code = lab.run(*words, "cat", f"/proc/{process}/environ", check=False).code
            assert (code == 0) == (process == "self"), process
        lab.policy(RULE.format(name="alice", user=uid(ALICE)))
        assert service.ask(user=None, before=words)["status"] == "denied"
