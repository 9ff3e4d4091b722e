# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one user may have of the service, and that the others have theirs meanwhile."""
import json
import os
import statistics
import time
from pathlib import Path

import pytest

from ask_helper import interface, request
from daemon import CLIENT, ONE, Resident, Service, open_files, state, until
from host import ALICE, BOB, gid, uid

CROWD = Path(__file__).resolve().parent / "crowd.py"
MANY = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\nmax = 256\n"
LONG = os.environ.get("TAPGRANT_LONG") == "1"
SLOWER = 3  # times the quiet median: what a grant may take during another user's flood
AS_BOB = {"uid": uid(BOB), "gid": gid(BOB)}
DENIED = request(interface(bridge=b"br9"))


@pytest.fixture
def many(lab):
    lab.policy(MANY)
    with Service(lab) as service:
        yield service


def crowd(service, job, count, *uids, data=ONE):
    return ["/usr/bin/env", f"PYTHONPATH={CLIENT.parent}:{CLIENT.parents[1]}/system", "/usr/bin/python3", CROWD, service.socket,
            data.hex(), job, count, *uids]


def run_crowd(service, job, count, *uids, user=ALICE, data=ONE):
    return service.host.run(*crowd(service, job, count, *uids, data=data), user=None if uids else user).json


def start_crowd(service, job, count, *uids, user=ALICE, data=ONE):
    return service.host.start(*crowd(service, job, count, *uids, data=data), user=None if uids else user)


def memory_of(process):
    """What the parent has asked for; it has all of its tables from the start."""
    return state(process, "VmData"), state(process, "VmStk")


def test_of_1000_silent_connections_256_wait_and_the_others_are_busy_at_once(many):
    flood = start_crowd(many, "silent", 1000)
    told = json.loads(flood.stdout.readline())
    assert told["counts"] == {"busy": 744} and told["left"] == 256, told
    assert many.ask()["status"] == "busy"
    assert many.ask(user=BOB)["status"] == "granted"
    until(lambda: many.ask()["status"] == "granted")  # two seconds later they are closed
    many.host.end(flood)


def test_a_crowd_of_users_leaves_a_share_to_those_who_have_none(many):
    """Ten uids of 256 silent connections each: 2,560, of which 1,792 wait and leave 256 places."""
    flood = start_crowd(many, "silent", 2560, *range(5000, 5010))
    told = json.loads(flood.stdout.readline())
    assert told["left"] == 1792 and told["counts"] == {"busy": 768}, told
    assert many.ask(user=BOB)["status"] == "granted"
    many.host.end(flood)


@pytest.mark.parametrize("users", [1, 100])
def test_100_callers_at_once_are_all_granted(many, users):
    told = run_crowd(many, "all", 100, *(range(5000, 5000 + users)))
    assert told["counts"] == {"granted": 100}, told


def test_one_user_starts_50_requests_a_second_after_the_first_256(many):
    """Each is answered all the same."""
    many.host.policy(MANY)
    first = run_crowd(many, "all", 250, data=DENIED)
    assert first["counts"] == {"denied": 250}
    second = run_crowd(many, "all", 200, data=DENIED)
    assert second["counts"] == {"denied": 200}
    assert second["seconds"] > 1.5, (first, second)
    assert run_crowd(many, "all", 200, user=BOB, data=DENIED)["counts"] == {"denied": 200}


def seconds_of_a_grant(resident):
    begun = time.monotonic()
    assert resident.do(**AS_BOB)["status"] == "granted"
    return time.monotonic() - begun


@pytest.mark.parametrize("job, data", [("silent", ONE), ("all", ONE[:10]), ("all", DENIED), ("descriptors", ONE), ("gone", ONE)],
                         ids=["silent", "half", "denied", "descriptors", "gone"])
def test_another_user_is_granted_during_a_flood_and_nothing_is_left_of_it(many, job, data):
    """--long also compares times, which needs a quiet machine."""
    resident = Resident(many)
    quiet = [seconds_of_a_grant(resident) for _ in range(40 if LONG else 1)]
    before = many.files_when_quiet(), memory_of(many.process.pid)
    flood = start_crowd(many, job, 1000, data=data)
    during = []
    while flood.poll() is None and len(during) < 40:
        during.append(seconds_of_a_grant(resident))
    told = json.loads(flood.stdout.readline())
    # of "descriptors", what could not be sent is closed as silent
    assert set(told["counts"]) <= {"busy", "malformed", "denied"} | ({"None"} if job == "descriptors" else set()), told
    if flood.poll() is None:
        many.host.end(flood)
    assert during and max(during) < 2, during
    assert not LONG or statistics.median(during) <= SLOWER * statistics.median(quiet), (quiet, during)
    until(many.is_quiet, 15)
    until(lambda: open_files(many.process.pid) == before[0], 15)
    assert memory_of(many.process.pid) == before[1]
    until(lambda: not many.host.taps())
    assert resident.do(**AS_BOB)["status"] == "granted"


def test_half_of_the_descriptors_are_half_of_the_places(lab):
    """A parent that can have fewer files takes fewer connections, and never runs out of them."""
    lab.policy(MANY)
    with Service(lab, before=["prlimit", "--nofile=384:384"]) as service:
        flood = start_crowd(service, "silent", 600, *range(5000, 5010))
        told = json.loads(flood.stdout.readline())
        assert told["left"] + told["counts"]["busy"] == 600 and 128 <= told["left"] <= 256, told
        assert service.ask(user=BOB)["status"] == "granted"
        service.host.end(flood)


def test_what_was_refused_takes_no_share(many):
    begun = time.monotonic()
    assert run_crowd(many, "all", 1000)["counts"].keys() <= {"granted", "busy"}
    assert time.monotonic() - begun < 30
    until(lambda: not many.host.taps(), 15)
    assert many.ask()["status"] == "granted"
