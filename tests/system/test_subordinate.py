# SPDX-License-Identifier: LGPL-2.1-or-later
"""One user, one quota: what the user makes of its subordinate ids is denied, unless a rule names them on purpose.

A user may map the ids of its line of /etc/subuid into a user namespace, write files there that belong to them, make these
setuid, and execute them outside: an ordinary process, with another user id and the same groups.
"""
import json
import re
import shutil

import pytest

from host import ALICE, BOB, SUBORDINATE, SUBORDINATES, TAPGRANT, uid

RULE = "[rule lab]\nuser = {}\nbridge = br0\nisolate = no\nlock-mac = no\nmax = 2\n"
STRICT = RULE.format(ALICE).replace("lab", "strict").replace("= no", "= yes").replace("max = 2", "max = 1")
TEAM = "tgteam"
FIRST = SUBORDINATE[ALICE]
COPIES = 5  # of the subordinate ids FIRST + 1 and so on
DENIED = ("tapgrant: bridge br0: denied by policy: no rule names (uid [0-9]+) for br0\n"
          "hint: tapgrant check --net bridge=br0\n")

# As the user: a namespace in which the user is root and has its subordinate ids from 1 on; in it a setuid copy for each.
MAKE_COPIES = """
import ctypes, os, shutil, subprocess, sys
folder, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
mapped, is_mapped = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0, "CLONE_NEWUSER"
    os.write(mapped[1], b"x")
    assert os.read(is_mapped[0], 1) == b"x"
    for number in range(1, count + 1):
        if os.fork() == 0:
            os.setresuid(number, number, number)
            shutil.copyfile("/usr/bin/python3", f"{folder}/{number}")
            os.chmod(f"{folder}/{number}", 0o4755)
            os._exit(0)
        assert os.wait()[1] == 0
    os._exit(0)
assert os.read(mapped[0], 1) == b"x"
subprocess.run(["newuidmap", str(child), "0", str(os.getuid()), "1", "1", first, str(count)], check=True)
os.write(is_mapped[1], b"x")
sys.exit(os.waitpid(child, 0)[1] != 0)
"""
# As such a copy: its owner, and where it is setgid its group, in all ids; then the command.
BECOME = """
import os, sys
user, group = os.geteuid(), os.getegid()
os.setresgid(group, group, group)
os.setresuid(user, user, user)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Copies:
    """The command as one of alice's subordinate ids, FIRST + NUMBER."""

    def __init__(self, host):
        self.host = host
        self.folder = host.folder / "copies"
        self.folder.mkdir()
        self.folder.chmod(0o1777)
        host.run("/usr/bin/python3", "-c", MAKE_COPIES, self.folder, FIRST + 1, COPIES, user=ALICE)
        for number in range(1, COPIES + 1):
            stat = (self.folder / str(number)).stat()
            assert (stat.st_uid, stat.st_mode & 0o7777) == (FIRST + number, 0o4755)

    def execute(self, number, *words):
        return self.host.run(self.folder / str(number), "-c", BECOME, *words, user=ALICE, check=False)

    def run(self, number, *words):
        return self.execute(number, TAPGRANT, *words)

    def ask(self, number=1):
        return self.run(number, "run", "--net", "bridge=br0", "--", "true")


@pytest.fixture
def copies(host):
    assert shutil.which("newuidmap"), "the package uidmap is missing"
    host.root("/etc/group").open("a").write(f"{TEAM}:x:77001:{ALICE}\n")
    host.bridge("br0")
    return Copies(host)


def ask(host, user=ALICE):
    return host.tapgrant("run", "--net", "bridge=br0", "--", "true", user=user)


def test_a_copy_is_another_user_with_the_same_groups(copies):
    """What the other tests are about: without the rule of subordinate ids each would be a user with a quota of its own."""
    said = copies.execute(1, "id").out
    assert f"uid={FIRST + 1} " in said and "77001" in said
    copies.host.policy(RULE.format(FIRST + 1))
    assert copies.ask().code == 0


@pytest.mark.parametrize("who", [
    "*", f"%{TEAM}", "%77001", "0-4294967294", "1000-200000", f"1000-{FIRST + 1}", f"{{own}} %{TEAM} *"])
def test_one_user_has_one_quota(copies, who):
    host = copies.host
    host.policy(RULE.format(who.format(own=uid(ALICE))))
    held = [host.hold("bridge=br0") for _ in range(2)]
    assert [process.first_line.startswith("held") for process in held] == [True, True]
    assert ask(host).code == 5
    for number in range(1, COPIES + 1):
        answer = copies.ask(number)
        assert (answer.code, answer.out) == (3, "") and re.fullmatch(DENIED, answer.err), answer
    assert len(host.taps()) == 2


@pytest.mark.parametrize("who", ["*", f"%{TEAM}", "1000-4294967294"])
def test_a_stricter_first_rule_is_not_evaded(copies, who):
    copies.host.policy(STRICT + RULE.format(who))
    assert ask(copies.host).code == 0 and ask(copies.host, BOB).code == (3 if who.startswith("%") else 0)
    answer = copies.ask()
    assert answer.code == 3 and re.fullmatch(DENIED, answer.err), answer
    assert copies.host.taps() == []


@pytest.mark.parametrize("who, allowed", [
    (f"{FIRST + 1}", True), (f"{FIRST + 1}-{FIRST + 1}", True), (f"{FIRST}-{FIRST + SUBORDINATES - 1}", True),
    (f"* {FIRST + 1}-{FIRST + 2}", True), ("tgsub", True), (f"{FIRST + 2}-{FIRST + 9}", False),
    (f"{FIRST - 1}-{FIRST + 1}", False), (f"{FIRST + 1}-{FIRST + SUBORDINATES}", False), ("tgother", False)])
def test_a_rule_can_name_them_on_purpose(copies, who, allowed):
    """By number or name, or by a range within one line: that from the first line into the second is in neither."""
    host = copies.host
    host.root("/etc/passwd").open("a").write(f"tgsub:x:{FIRST + 1}:65534:::\ntgother:x:{FIRST + 2}:65534:::\n")
    host.policy(RULE.format(who))
    assert copies.ask(1).code == (0 if allowed else 3)


@pytest.mark.parametrize("text", [
    f"1000:{FIRST}:10\n", f"someone-else:{FIRST + 1}:1\n", f"x:{FIRST + 1}:1", f"x:{FIRST + 1:#x}:03\n",
    f"x:1:1\n\nx\nx:0{FIRST + 1:o}:1:\n", f"x: +{FIRST}:2:junk\n", f"x:1:{2 ** 64 - 1}\n", f"#x:{FIRST}:2\n",
    "x:1:1\n" * 200000 + f"x:{FIRST}:2\n"], ids=range(9))
def test_every_line_that_shadow_takes_counts(copies, text):
    copies.host.root("/etc/subuid").write_text(text)
    copies.host.policy(RULE.format("*"))
    assert copies.ask().code == 3
    copies.host.policy(RULE.format("4294967294") + RULE.format("*").replace("lab", "second"))
    assert copies.ask().code == 3


@pytest.mark.parametrize("text", [
    "", f"x:{FIRST}:1\n", f"x:{FIRST + 2}:5\n", f"x:{FIRST}:2\r\n", f"x:{FIRST}:0\n", f"x:{FIRST}\n", f":{FIRST}:2\n",
    f"+x:{FIRST}:2\n", f"x:{FIRST}:2x\n", f"x:-{FIRST}:65536\n", "x" * 1020 + f":{FIRST}:2\n"], ids=range(11))
def test_a_line_that_shadow_does_not_take_counts_for_nothing(copies, text):
    copies.host.root("/etc/subuid").write_text(text)
    copies.host.policy(RULE.format("*"))
    assert copies.ask().code == 0


def test_the_lines_that_count_are_those_that_newuidmap_takes(copies):
    """What alice may map by a line is what the policy holds for subordinate by that line."""
    host = copies.host
    host.policy(RULE.format("*"))
    newer_refuse = [f"{FIRST}:2:more", f"1:{2 ** 64 - 1}"]  # newer releases than Debian 12's
    for fields in (f"{FIRST}:2", f"{FIRST:#x}:0x2", f"0{FIRST:o}:02", f" +{FIRST}:2", f"{FIRST}:2\r", f"{FIRST}:0", f"{FIRST}:2 ",
                   f"-{FIRST}:65536", f"{FIRST}", f"1:{2 ** 64}", f"{FIRST}:0x", f"{FIRST},:2", f"{FIRST + 1}:1", *newer_refuse):
        for owner in (ALICE, f"+{ALICE}"):
            host.root("/etc/subuid").write_text(f"{owner}:{fields}\n")
            can_map = may_map(host, FIRST + 1) or (fields in newer_refuse and owner == ALICE)
            assert copies.ask().code == (3 if can_map else 0), (owner, fields, can_map)


# As the user: may it map this one id?
MAP_ONE = """
import ctypes, os, subprocess, sys
ready, done = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0, "CLONE_NEWUSER"
    os.write(ready[1], b"x")
    os.read(done[0], 1)
    os._exit(0)
assert os.read(ready[0], 1) == b"x"
code = subprocess.run(["newuidmap", str(child), "0", sys.argv[1], "1"]).returncode
os.write(done[1], b"x")
os.waitpid(child, 0)
sys.exit(code)
"""


def may_map(host, number):
    return host.run("/usr/bin/python3", "-c", MAP_ONE, number, user=ALICE, check=False).code == 0


def spoil(*words):
    return lambda host: host.run(*words)


def with_a_nul(host):
    host.root("/etc/subuid").write_bytes(b"x:1:1\n\0\n")


def too_large(host):
    host.run("truncate", "-s", str((16 << 20) + 1), "/etc/subuid")


def private_etc(host, *words):
    """What is mounted over cannot be replaced: in a copy of /etc it can."""
    host.run("sh", "-ec", "mkdir -m 0755 /dev/shm/etc; cp -a /etc/. /dev/shm/etc/; mount --bind /dev/shm/etc /etc")
    host.run(*words)


def folder(host):
    private_etc(host, "sh", "-ec", "rm /etc/subuid; mkdir /etc/subuid")


def symbolic_link(host):
    private_etc(host, "sh", "-ec", "mv /etc/subuid /etc/subuid.there; ln -s subuid.there /etc/subuid")


def lost_link(host):
    private_etc(host, "sh", "-ec", "rm /etc/subuid; ln -s nothing /etc/subuid")


def fifo(host):
    private_etc(host, "sh", "-ec", "rm /etc/subuid; mkfifo /etc/subuid")


def etc_of_others(host):
    private_etc(host, "chmod", "0777", "/etc")


UNUSABLE = {
    "writable by others": spoil("chmod", "0646", "/etc/subuid"), "another's": spoil("chown", ALICE, "/etc/subuid"),
    "writable by its group": spoil("chmod", "0664", "/etc/subuid"), "with a NUL": with_a_nul, "too large": too_large,
    "a folder": folder, "a symbolic link": symbolic_link, "a symbolic link to nothing": lost_link, "a FIFO": fifo,
    "in a folder of others": etc_of_others,
}


@pytest.mark.parametrize("cause", UNUSABLE)
def test_a_file_that_cannot_be_used_denies_everybody_where_a_rule_needs_it(host, cause):
    host.bridge("br0")
    UNUSABLE[cause](host)
    mine = RULE.format(uid(ALICE)).replace("lab", "mine")
    for who in ("*", "1000-59999", "%4000000000"):
        host.policy(mine + RULE.format(who))
        answer = ask(host)
        assert answer.code == 3 and answer.err.startswith("tapgrant: bridge br0: denied by policy: /etc/subuid: "), answer
        check = host.tapgrant("check", "--net", "bridge=br0")
        assert check.code == 3 and "nobody is granted anything: /etc/subuid: " in check.out
        (row,) = [row for row in host.tapgrant("doctor", "--json").json if row["object"] == "/etc/subuid"]
        assert not row["ok"] and "everybody is denied" in row["text"]
    host.policy(mine)
    assert ask(host).code == 0


def test_the_hint_mends_what_others_can_write(host):
    host.bridge("br0")
    host.policy(RULE.format("*"))
    host.run("sh", "-c", f"chown {ALICE} /etc/subuid; chmod 0606 /etc/subuid")
    (row,) = [row for row in host.tapgrant("doctor", "--json").json if row["object"] == "/etc/subuid"]
    host.run("sh", "-ec", row["hint"])
    stat = host.root("/etc/subuid").stat()
    assert ask(host).code == 0 and (stat.st_uid, stat.st_mode & 0o777) == (0, 0o604)


def test_without_the_file_nobody_has_subordinate_ids(copies):
    host = copies.host
    assert may_map(host, FIRST + 1)
    private_etc(host, "rm", "/etc/subuid")
    assert not may_map(host, FIRST + 1)
    for who in ("*", f"1000-{FIRST + 5}", f"%{TEAM}"):
        host.policy(RULE.format(who))
        assert ask(host).code == 0 and copies.ask().code == 0
    assert "/etc/subuid" not in host.tapgrant("lint", user=None).err + host.tapgrant("doctor", user=None).out


def test_a_file_that_only_root_can_read_serves_the_helper(host):
    """check cannot know, and says so."""
    host.bridge("br0")
    host.policy(RULE.format("*"))
    host.run("chmod", "0600", "/etc/subuid")
    assert ask(host).code == 0
    check = host.tapgrant("check", "--net", "bridge=br0")
    assert check.code == 1 and "/etc/subuid: you may not read it" in check.err
    assert host.tapgrant("check", "--user", ALICE, "--net", "bridge=br0", user=None).code == 0
    (row,) = [row for row in host.tapgrant("doctor", "--json").json if row["object"] == "/etc/subuid"]
    assert row["ok"] and "not readable by you" in row["text"]


@pytest.mark.parametrize("who", [
    "*", f"%{TEAM}", "0-4294967294", f"4 %{TEAM} 1000-59999"])
def test_check_tells_that_an_id_is_a_subordinate_one(copies, who):
    copies.host.policy(RULE.format(who))
    answer = copies.run(1, "check", "--json", "--net", "bridge=br0")
    (one,) = json.loads(answer.out)
    assert answer.code == 3 and one["verdict"] == "deny" and one["subordinate"] == {"line": 1, "owner": ALICE}
    assert one["rules"][0]["failed"] == "user"
    assert one["rules"][0]["detail"] == f"'{who}' does not match uid {FIRST + 1}, a subordinate id (/etc/subuid:1)"
    text = copies.run(1, "check", "--net", "bridge=br0").out
    assert f"note: uid {FIRST + 1} is a subordinate id of {ALICE} (/etc/subuid:1): " in text
    own = copies.host.tapgrant("check", "--json", "--net", "bridge=br0").json[0]
    assert own["subordinate"] is None and "subordinate" not in copies.host.tapgrant("check", "--net", "bridge=br0").out


def test_check_may_be_asked_about_a_subordinate_id_that_has_no_account(copies):
    host = copies.host
    host.policy(RULE.format("*"))
    answer = host.tapgrant("check", "--user", FIRST + 1, "--net", "bridge=br0")
    assert answer.code == 3 and f"uid {FIRST + 1} is a subordinate id of {ALICE} (/etc/subuid:1)" in answer.out
    host.policy(RULE.format(f"* {FIRST + 1}"))
    assert host.tapgrant("check", "--user", FIRST + 1, "--net", "bridge=br0").code == copies.ask().code == 0
    answer = host.tapgrant("check", "--user", FIRST - 1, "--net", "bridge=br0")
    assert answer.code == 0 and f"note: uid {FIRST - 1} has no account here" in answer.out


def test_check_says_what_stands_against_another_rule_as_ever(copies):
    copies.host.policy(RULE.format(f"4 {uid(BOB)}"))
    text = copies.run(1, "check", "--net", "bridge=br0").out
    assert f"names neither uid {FIRST + 1} nor a group of its" in text and "note:" not in text


def test_doctor_warns_who_has_a_subordinate_id(copies):
    copies.host.policy(RULE.format("*"))
    text = copies.run(1, "doctor").out
    assert f"/etc/subuid:1: uid {FIRST + 1} is a subordinate id of {ALICE}: *, groups and ranges do not match it" in text
    assert "subordinate" not in copies.host.tapgrant("doctor").out


def test_list_marks_what_a_subordinate_id_has(copies):
    host = copies.host
    host.policy(RULE.format(f"* {FIRST + 1}"))
    host.tapgrant("create", "--net", "bridge=br0", check=True)
    assert copies.run(1, "create", "--net", "bridge=br0").code == 0
    marked = f"{FIRST + 1}({ALICE})"
    users = [line.split()[1] for line in host.tapgrant("list", check=True).out.splitlines()[1:]]
    assert users == [ALICE, marked]
    assert f"tg1  {marked}  rule=lab" in host.tapgrant("list", "--tree", check=True).out
    for words in ([], ["--all"]):
        rows = host.tapgrant("list", "--json", *words, check=True).json
        assert [(row["uid"], row["user"], row["subordinate_of"]) for row in rows] == [
            (uid(ALICE), ALICE, None), (FIRST + 1, None, ALICE)]
    (group,) = host.tapgrant("list", "--tree", "--json", check=True).json
    assert [row["subordinate_of"] for row in group["taps"]] == [None, ALICE]
    host.run("chmod", "0666", "/etc/subuid")
    assert "(" not in host.tapgrant("list", check=True).out


def test_a_member_can_lend_its_group(host):
    """Also when it is a member no more; who borrows it has one quota, as everybody."""
    host.bridge("br0")
    accounts = host.root("/etc/group").read_text()
    host.root("/etc/group").write_text(f"{accounts}{TEAM}:x:77001:{ALICE}\n")
    host.policy(RULE.format(f"%{TEAM}"))
    folder = host.folder / "lent"
    folder.mkdir()
    folder.chmod(0o1777)
    host.run("sh", "-ec", f"cd {folder}; cp /usr/bin/python3 .; chgrp {TEAM} python3; chmod 2755 python3", user=ALICE)
    host.root("/etc/group").write_text(f"{accounts}{TEAM}:x:77001:\n")
    assert ask(host).code == ask(host, BOB).code == 3
    words = [folder / "python3", "-c", BECOME, TAPGRANT, "create", "--net", "bridge=br0"]
    assert [host.run(*words, user=BOB, check=False).code for _ in range(3)] == [0, 0, 5]
