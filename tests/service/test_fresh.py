# SPDX-License-Identifier: LGPL-2.1-or-later
"""A change of the policy, or of a file that it needs, counts from the next request on."""
import os
import random
import signal
import subprocess
import time

import pytest

from daemon import Resident, Service, state, until
from host import ALICE, BOB, POLICY, gid, uid

LONG = os.environ.get("TAPGRANT_LONG") == "1"
SETTLED = 3.2  # seconds: older files are not read again
RULE = "[rule lab]\nuser = {user}\nbridge = br0\nisolate = no\nlock-mac = no\n"
YES, NO = RULE.format(user=f"{uid(ALICE)}"), RULE.format(user=f"{uid(BOB)}")
assert len(YES) == len(NO)


def in_place(path, text):
    with open(path, "r+", encoding="utf-8") as file:
        file.write(text)
        file.truncate()


def by_rename(path, text):
    new = path.with_name("new")
    new.write_text(text)
    new.chmod(0o644)
    os.rename(new, path)


def with_its_mtime(path, text):
    times = os.stat(path)
    in_place(path, text)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def renamed_with_its_mtime(path, text):
    times = os.stat(path)
    by_rename(path, text)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def removed(path, _text):
    path.unlink()


def others_may_write(path, _text):
    path.chmod(0o646)


def folder_for_others(path, _text):
    path.parent.chmod(0o757)


def another_owner(path, _text):
    os.chown(path, uid(BOB), -1)


def a_link(path, text):
    other = path.with_name("other")
    other.write_text(text)
    path.unlink()
    path.symlink_to("other")


WAYS = [in_place, by_rename, with_its_mtime, renamed_with_its_mtime, removed, others_may_write, folder_for_others, another_owner, a_link]


def restore(path):
    path.unlink(missing_ok=True)
    path.parent.chmod(0o755)
    path.write_text(YES)
    path.chmod(0o644)


@pytest.fixture
def path(service):
    """The policy's, which grants alice a tap on br0."""
    file = service.host.root(POLICY)
    restore(file)
    resident = Resident(service)
    service.ask = lambda **words: resident.do(**words)
    return file


def settle(service):
    """All children that wait now have read files that were old then."""
    time.sleep(SETTLED)
    young = set(service.children())
    for child in young:
        os.kill(child, signal.SIGKILL)
    until(lambda: len(set(service.children()) - young) == 4)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_next_request_sees_the_change_of_an_old_file(service, path, way):
    settle(service)
    way(path, NO)
    assert service.ask()["status"] == "denied"
    restore(path)
    assert service.ask()["status"] == "granted"


@pytest.mark.parametrize("way", [in_place, with_its_mtime, by_rename], ids=lambda way: way.__name__)
def test_the_next_request_sees_each_change_of_a_young_file(service, path, way):
    """Several changes in each tick of the file system's clock, of the same size."""
    for round_ in range(25):
        way(path, NO)
        assert service.ask()["status"] == "denied", round_
        way(path, YES)
        assert service.ask()["status"] == "granted", round_


def test_a_time_in_the_future_is_never_old(service, path):
    later = time.time() + 3600
    os.utime(path, (later, later))
    time.sleep(SETTLED)
    service.ask()
    with_its_mtime(path, NO)
    assert service.ask()["status"] == "denied"


@pytest.mark.parametrize("file, text, granted, denied", [
    ("passwd", RULE.format(user="worker"), "worker:x:{uid}:1::/:/bin/sh\n", "worker:x:4321:1::/:/bin/sh\n"),
    ("group", RULE.format(user="%team"), "team:x:{gid}:\n", "team:x:4321:\n"),
    ("subuid", RULE.format(user="*"), "", "1:{uid}:1\n")])
def test_the_next_request_sees_a_change_of_the_accounts(service, path, file, text, granted, denied):
    place = service.host.root(f"/etc/{file}")
    before = place.read_text()
    numbers = {"uid": uid(ALICE), "gid": gid(ALICE)}
    in_place(place, before + granted.format(**numbers))
    in_place(path, text)
    settle(service)
    in_place(place, before + denied.format(**numbers))
    assert service.ask()["status"] == "denied"


# Who is granted, by the policy and by the file that it needs: the text before, and that of a change which denies.
ASKERS = range(5000, 5100)
BASES = {
    "policy.conf": (RULE.format(user="5000-5099"), RULE.format(user="6000-6099"), ""),
    "passwd": ("worker:x:{uid}:1::/:/bin/sh\n", "worker:x:4321:1::/:/bin/sh\n", RULE.format(user="worker")),
    "group": ("team:x:5000:\n", "team:x:4321:\n", RULE.format(user="%team")),
    "subuid": ("1:7000:100\n", "1:5000:100\n", RULE.format(user="*")),
}
WRITERS = [in_place, by_rename, with_its_mtime, renamed_with_its_mtime]


def test_each_request_sees_the_last_of_many_changes(service, path):
    """In any way, of any of the files, most of them within two seconds of the one before."""
    chance = random.Random(7)
    files = {name: path if name == "policy.conf" else service.host.root(f"/etc/{name}") for name in BASES}
    before = {name: file.read_text() if file != path else "" for name, file in files.items()}
    for round_ in range(10000 if LONG else 60):
        name, asker = chance.choice(list(BASES)), ASKERS[round_ % len(ASKERS)]
        granting, denying, policy = BASES[name]
        restore(path)
        if policy:
            chance.choice(WRITERS)(path, policy)
        if chance.random() < 0.5:
            service.ask(uid=asker, gid=5000)  # or what comes next is one change with this
        chance.choice(WRITERS)(files[name], before[name] + granting.format(uid=asker))
        files[name].chmod(0o644)
        if round_ % 500 == 499:
            settle(service)
        assert service.ask(uid=asker, gid=5000)["status"] == "granted", (round_, name)
        way = chance.choice(WAYS if name == "policy.conf" else WRITERS)
        way(files[name], before[name] + denying.format(uid=asker))
        assert service.ask(uid=asker, gid=5000)["status"] == "denied", (round_, name, way.__name__)
        if name != "policy.conf":
            in_place(files[name], before[name])


def opened(service, child):
    """A tracer that writes down which files the child opens."""
    file = service.host.folder / f"opened-{child}"
    tracer = subprocess.Popen(["strace", "-qq", "-e", "trace=openat", "-o", str(file), "-p", str(child)], stderr=subprocess.DEVNULL)
    until(lambda: state(child, "TracerPid") != ["0"])
    return tracer, file


def opened_for_one_request(service):
    """Of each child that waits, which files it opens; one of them serves a request."""
    tracers = [opened(service, child) for child in until(lambda: len(service.children()) == 4 and service.children())]
    assert service.ask()["status"] == "granted"
    texts = []
    for tracer, file in tracers:
        tracer.terminate()
        tracer.wait()
        texts.append(file.read_text())
    served = [text for text in texts if "/dev/net/tun" in text]
    assert len(served) == 1, texts
    return served[0]


def are_all_older(service, path, begun):
    """What the service compares, the machine's own /etc among it: there a test beside this one may make a file."""
    stats = [file.stat() for file in (path, path.parent, *map(service.host.root, ("/etc", "/etc/passwd", "/etc/group", "/etc/subuid")))]
    return all(max(stat.st_mtime, stat.st_ctime) < begun for stat in stats)


def test_an_old_policy_is_not_read_again(service, path):
    """Or the others here could not fail."""
    for _ in range(5):
        begun = time.time()
        settle(service)
        text = opened_for_one_request(service)
        if are_all_older(service, path, begun):
            break
    assert "policy.conf" not in text, text


def test_a_young_policy_is_read_again(service, path):
    in_place(path, YES)
    assert service.ask()["status"] == "granted"
    assert "policy.conf" in opened_for_one_request(service)


def test_a_void_policy_is_told_to_the_log_once(lab):
    lab.listen_log()
    with Service(lab) as service:
        assert service.ask()["status"] == "granted"
        for fault in ("void = yes\n", "void\n"):
            lab.policy(fault)
            for _ in range(8):
                assert service.ask()["status"] == "denied"
            lines = [line for line in lab.log_lines() if "the policy is void" in line]
            assert len(lines) == 1 and lines[0].startswith("<83>tapgrant["), lines
