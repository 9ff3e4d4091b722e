# SPDX-License-Identifier: LGPL-2.1-or-later
"""lint tells every fault at once, by the helper's own parser, and what is suspicious."""
import re
from pathlib import Path

import pytest

from host import ALICE, BOB, POLICY, SUBORDINATE, gid, uid
from test_subordinate import private_etc

FIXTURES = Path(__file__).resolve().parents[1] / "data/policy"
PEOPLE = "1000-59999"
RULE = "[rule lab]\nuser = {user}\nbridge = br0\nisolate = no\nlock-mac = no\n"


@pytest.fixture
def lint(host):
    host.bridge("br0")

    def run(text=None, *words, user=ALICE):
        if text is not None:
            (host.folder / "p.conf").write_text(text)
            words = (*words, host.folder / "p.conf")
        result = host.tapgrant("lint", *words, user=user)
        result.rows = re.findall(r"^(.*?)(?::(\d+))?: (warning: )?(.*)$", result.err, re.M)
        assert len(result.rows) == len(result.err.splitlines())
        return result
    run.host = host
    return run


def rule(user=None, **keys):
    return RULE.format(user=user or ALICE) + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())


def test_a_good_policy_has_nothing_to_say(lint):
    result = lint(rule(dev="u{uid}-*"))
    assert (result.code, result.out, result.err) == (0, "", "")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.conf")), ids=lambda path: path.name)
def test_each_fixture_is_judged_as_its_name_says(lint, path):
    result = lint(None, path)
    faults = [row for row in result.rows if not row[2]]
    if path.name.startswith("reject"):
        line, reason = re.search(rb"; reject: (\d+): (.*)", path.read_bytes().splitlines()[0]).groups()
        assert result.code == 2
        assert any(row[1] == line.decode() and row[3].startswith(reason.decode()) for row in faults), result
    else:
        names = [row for row in faults if "is not in /etc/" in row[3]]
        assert faults == names and result.code == (2 if names else 0)


def test_all_faults_are_told_at_once(lint):
    result = lint("colour = red\n[rule a]\nuser = 01\nmtu = 9-8\nqueues = 300\n[lab]\n")
    assert result.code == 2 and [row[1] for row in result.rows] == ["1", "2", "3", "4", "5", "6"], result


FORMS = {
    "colour = red": "unknown key: colour (user, bridge, isolate, lock-mac, dev, guest-mac, host-mac, mtu, queues, max, "
                    "allow-unpinned-bridge, allow-ra-bridge, allow-other-netns)",
    "max = 3\nmax = 3": "repeated key: max (only user, bridge, dev, guest-mac, host-mac may stand on several lines)",
    "dev =": "empty value: dev (names of A-Z a-z 0-9 _ - . with *, {uid} and {user}, separated by blanks)",
    "user = 1 alice,bob 01": "bad value of user: alice,bob 01 (names, uids, ranges 5000-5999, %group, %gid or *, separated by blanks; "
                             "a name with other bytes than A-Z a-z 0-9 _ - . is written as its id)",
    "bridge = br0 br[0-9] br?": "bad value of bridge: br[0-9] br? (none, or names of A-Z a-z 0-9 _ - . with *, {uid} and {user}, "
                                "separated by blanks)",
    "guest-mac = 52": "bad value of guest-mac: 52 (six octets, each 52 or *, or fewer and one * for the rest: 52:54:00:*)",
    "mtu = 1500 9000": "bad value of mtu: 1500 9000 (a number or a range of 68-65521)",
    "queues = 0": "bad value of queues: 0 (a number of 1-253)", "max = 257": "bad value of max: 257 (a number of 0-256)",
    "allow-ra-bridge = 1": "bad value of allow-ra-bridge: 1 (yes or no)",
    "[lab]": "unknown section, or text after ] (a section is [rule NAME])",
    "[rule a b]": "bad name of a rule (1-32 of A-Z a-z 0-9 _ -)",
    " max = 1": "leading blank (sections, keys and comments begin a line)",
    "dev = \xfc": "control or non-ASCII byte (UTF-8 may stand in comments alone)",
}


@pytest.mark.parametrize("line", FORMS)
def test_each_fault_tells_what_is_allowed(lint, line):
    (row,) = lint(rule() + line + "\n").rows
    assert (row[1], row[2:]) == (str(5 + len(line.splitlines())), ("", FORMS[line]))


def test_a_missing_key_tells_what_it_may_be(lint):
    rows = lint("[rule a]\nbridge = br0\nlock-mac = no\ncolour = red\n[rule b]\n").rows
    assert [(row[1], row[3].split(" (")[0]) for row in rows] == [
        ("1", "missing key: user"), ("1", "missing key: isolate"), ("4", "unknown key: colour"),
        ("5", "missing key: user"), ("5", "missing key: bridge")]
    assert rows[1][3] == "missing key: isolate (yes or no)"


@pytest.mark.parametrize("bad", ["{key} = ", "{key}: no", " {key} = no", "{key} = \xe9", "{key} = no ; why", "{cap} = no", "{under} = no",
                                 "{joined} = no", "{key} no", "{key} = no" + " " * 190, "\t{key} = no"])
@pytest.mark.parametrize("key", ["user", "bridge", "isolate", "lock-mac"])
def test_a_key_whose_line_has_a_fault_is_not_missing(lint, key, bad):
    forms = {"key": key, "cap": key.capitalize(), "under": key.replace("-", "_").upper(), "joined": key.replace("-", "").capitalize()}
    text = rule().replace(next(line for line in rule().splitlines() if line.startswith(key)), bad.format(**forms))
    rows = lint(text).rows
    assert [row[1] for row in rows] == [str(text.splitlines().index(bad.format(**forms)) + 1)], rows


def test_another_rules_fault_hides_no_missing_key(lint):
    rows = lint("[rule a]\nbridge = none\n[rule b]\nuser = 01\nbridge = none\n").rows
    assert [(row[1], row[3][:11]) for row in rows] == [("1", "missing key"), ("4", "bad value o")]


@pytest.mark.parametrize("head", ["[lab]", "[rule a b]", "[rule \xe9]", "[rule lab", " [rule lab]", "[rule lab] ; mine", "\ufeff[rule lab]",
                                  "rule [lab]", "[rule " + "x" * 200 + "]"])
def test_keys_behind_a_faulty_section_have_no_fault_for_it(lint, head):
    for before in ("", rule().replace("lab", "first").replace(ALICE, BOB)):
        text = before + rule().replace("[rule lab]", head)
        assert [row[1] for row in lint(text).rows if not row[2]] == [str(len(before.splitlines()) + 1)]


def test_keys_before_all_sections_have_one_fault(lint):
    rows = lint("user = *\nbridge = br0\nmax = none\n" + rule()).rows
    assert [(row[1], row[3].split(" (")[0]) for row in rows] == [("1", "key before a section"), ("3", "bad value of max: none")]
    definition = "dev = tap0\nmtu = 1500\nqueues = 0\n[interface a]\ndev = tap1\n"
    assert [row[1] for row in lint(definition).rows] == ["1", "3"]


def test_faults_of_definitions_are_in_the_order_of_lines(lint):
    rows = lint("[interface a]\nmanaged = no\ncolour = red\n[interface b]\nmtu = 1\n[interface a]\ndev = x\n").rows
    assert [int(row[1]) for row in rows] == sorted(int(row[1]) for row in rows) and len(rows) >= 4, rows


def test_names_that_the_language_does_not_have_are_told_as_ids(lint):
    lint.host.root("/etc/passwd").open("a").write("john.doe@corp.example:x:354601104:354600513::/:/bin/sh\njohn$:x:7001:7001::/:/bin/sh\n")
    lint.host.root("/etc/group").open("a").write("admins@corp:x:7002:\n")
    rows = lint(rule("john.doe@corp.example 1 john$ %admins@corp")).rows
    assert [(row[1], row[3]) for row in rows] == [
        ("2", f"bad value of user: {name} (a name with such bytes is written as its id: {number})")
        for name, number in (("john.doe@corp.example", "354601104"), ("john$", "7001"), ("%admins@corp", "%7002"))]
    rows = lint(rule("john$ a,b")).rows
    assert len(rows) == 2 and "john$ a,b (names, uids" in rows[1][3]


def test_words_on_several_lines_have_their_own_line(lint):
    rows = lint(rule() + "user = no-such-user\nbridge = br7\nuser = 1 a,b\n").rows
    assert [(row[1], row[3].split(" (")[0]) for row in rows] == [
        ("6", "user no-such-user is not in /etc/passwd, nor has the name service it: everybody is denied"), ("8", "bad value of user: a,b")]
    rows = lint(rule() + "bridge = br7\ndev = a*\nuser = *\ndev = b*\n").rows
    assert [(row[1], row[3].split()[0]) for row in rows] == [("6", "bridge"), ("7", "dev"), ("8", "user"), ("9", "dev")]


def test_a_value_of_many_lines(lint):
    users = [str(number) for number in range(10000, 10100)]
    text = rule() + "".join(f"user = {' '.join(users[at:at + 20])}\n" for at in range(0, 100, 20)) + f"user = {ALICE}\n"
    assert lint(text, "--numeric").out == text.replace(f"= {ALICE}", f"= {uid(ALICE)}")
    lint.host.policy(text)
    assert lint.host.tapgrant("run", "--net", "bridge=br0", "--", "true", user=ALICE).code == 0
    (answer,) = lint.host.tapgrant("check", "--json", "--net", "bridge=br0", user=BOB).json
    assert f" ...' names neither uid {uid(BOB)} nor a group of its" in answer["rules"][0]["detail"]


def test_comments_may_have_utf8(lint):
    text = "; f\u00fcr die Gruppe \u65e5\u672c\u8a9e\n" + rule() + "# na\u00efve\n"
    assert lint(text).err == ""
    assert lint(text, "--numeric").out == text.replace(ALICE, str(uid(ALICE)))
    lint.host.policy(text)
    assert lint.host.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 0


def test_names_are_looked_up_behind_other_faults_too(lint):
    result = lint(rule("no-such-user", queues="0"))
    assert result.code == 2 and [row[1] for row in result.rows] == ["2", "6"], result


def test_a_name_that_only_the_name_service_has(lint):
    """libnss-extrausers stands for LDAP: the helper does not ask it, and lint says what to write."""
    lint.host.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/var/lib/extrausers")
    lint.host.root("/var/lib/extrausers/group").write_text("students:x:5000:\n")
    lint.host.root("/var/lib/extrausers/passwd").write_text("erika:x:6000:5000::/:/bin/sh\n")
    lint.host.root("/dev/shm/nsswitch").write_text("passwd: files extrausers\ngroup: files extrausers\n")
    lint.host.bind("/dev/shm/nsswitch", "/etc/nsswitch.conf")
    result = lint(rule("%students erika no-such-user %no-such-group"))
    assert result.code == 2 and {row[1] for row in result.rows} == {"2"}
    assert [row[3] for row in result.rows] == [
        "group students is not in /etc/group; the name service has it as 5000: write %5000",
        "user erika is not in /etc/passwd; the name service has it as 6000: write 6000",
        "user no-such-user is not in /etc/passwd, nor has the name service it: everybody is denied",
        "group no-such-group is not in /etc/group, nor has the name service it: everybody is denied"]
    numeric = lint(rule("%students erika"), "--numeric")
    assert "user = %5000 6000\n" in numeric.out
    lint.host.policy(rule("%students " + ALICE))
    assert lint.host.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 3
    lint.host.policy(rule("%5000 " + ALICE))
    assert lint.host.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 0


@pytest.mark.parametrize("text, words", [
    (rule() + rule().replace("lab", "again"), "rule again can never grant: rule lab (line 1) decides"),
    (rule("*") + rule().replace("lab", "again"), "rule again can never grant"),
    (rule("0-65535") + rule("{0}").replace("lab", "again"), "rule again can never grant"),
    (rule().replace("br0", "br*") + rule().replace("lab", "again"), "rule again can never grant"),
    (rule("3999999999"), "nobody it names exists"), (rule("%3999999999"), "nobody it names exists"),
    (rule("3999999990-3999999999"), "nobody it names exists"),
    (rule().replace("br0", "br7"), "bridge br7 does not exist"), (rule().replace("br0", "lo"), "bridge lo is no bridge"),
    (rule("3999999999", dev="{user}-*"), "{user} stands for nothing for uid 3999999999"),
    (rule("*", dev="{user}-*"), "al and al-ice"), (rule(f"{ALICE} {BOB}", dev="vm*"), "names nobody"),
    (rule("*", dev="u{uid}*"), "10 and 100"), (rule("*", dev="a*-{uid}-*"), "between two *"),
    (rule("*", dev="{user}{uid}"), "10 and 100"), (rule(mtu="68-9000"), "mtu = 68-9000: no tap gets an MTU below 1280"),
    (rule(mtu="1279"), "no tap gets an MTU below 1280")])
def test_what_cannot_have_been_meant_is_a_warning(lint, text, words):
    result = lint(text.replace("{0}", str(uid(ALICE))))
    assert result.code == 0 and all(row[2] for row in result.rows)
    assert any(words in row[3] for row in result.rows), result


@pytest.mark.parametrize("text", [
    rule() + rule(BOB).replace("lab", "again"), rule() + rule(PEOPLE).replace("lab", "again"),
    rule() + rule().replace("lab", "again").replace("br0", "none"),
    rule(PEOPLE).replace("br0", "*") + rule().replace("lab", "again").replace("br0", "none"),
    rule(PEOPLE).replace("br0", "*uid*") + rule().replace("lab", "again").replace("br0", "br-{uid}"),
    rule(PEOPLE, dev="u{uid}-*"), rule(PEOPLE, dev="{uid}x"), rule(PEOPLE, dev="{user}"), rule(dev="vm*"), rule("0-99999"),
    rule(f"231072-4294967294 {ALICE}"), rule(mtu="1280"), rule(mtu="1280-65521")])
def test_what_may_have_been_meant_is_none(lint, text):
    assert lint(text).err == ""


def test_addresses_that_users_can_keep_from_each_other(lint):
    locked = rule(PEOPLE, guest_mac="52:54:00:*").replace("lock-mac = no", "lock-mac = yes")
    rows = lint(locked).rows
    assert [(row[1], bool(row[2])) for row in rows] == [("6", True)] and "same guest-mac" in rows[0][3]
    assert not lint(locked.replace(PEOPLE, ALICE)).rows
    (wide,) = lint(locked.replace(PEOPLE, ALICE).replace("52:54:00:*", "52:*:00:*:*:* 52:54:00:*")).rows
    assert wide[2] and "52:*:00:*:*:* matches addresses of any maker" in wide[3]


EVERYBODY = "user = * also means daemons and transient ids, each with a quota of its own; for people write 1000-59999"
ALICES = f"{ALICE} (/etc/subuid:1)"
ONE = f"a subordinate id of {ALICES}, who can use it and its quota"
FIRST = SUBORDINATE[ALICE]


@pytest.mark.parametrize("user, words", [
    ("*", [EVERYBODY]), ("1000 *", [EVERYBODY]), (f"{FIRST}", [f"{FIRST}: {ONE}"]), ("tgsub", [f"tgsub: {ONE}"]),
    (f"{FIRST + 5}-{FIRST + 6}",
     [f"{FIRST + 5}-{FIRST + 6}: subordinate ids of {ALICES}, who can use all of them, and has a quota for each"]),
    (f"1000-{FIRST}", [f"1000-{FIRST}: the subordinate ids of {ALICES} are not matched by it"]),
    (f"{FIRST}-4000000000",
     [f"{FIRST}-4000000000: the subordinate ids of {ALICE} (/etc/subuid:1 and 1 more) are not matched by it"]),
    (f"99999 {SUBORDINATE[BOB]} {FIRST}",
     [f"{SUBORDINATE[BOB]}: a subordinate id of {BOB} (/etc/subuid:2), who can use it and its quota", f"{FIRST}: {ONE}"])])
def test_subordinate_ids_and_those_of_everybody_are_a_warning(lint, user, words):
    lint.host.root("/etc/passwd").open("a").write(f"tgsub:x:{FIRST + 9}:{FIRST + 9}::/:/bin/sh\n")
    result = lint(rule(user))
    assert result.code == 0
    assert [(row[1], bool(row[2]), row[3]) for row in result.rows] == [("2", True, line) for line in words]


def test_whose_subordinate_ids_is_a_name_where_there_is_one(lint):
    lint.host.root("/etc/subuid").write_text(f"; x\n{uid(BOB)}:7000:5\n4000000001:8000:0x5\n\x1b[31mx:9000:1\n")
    rows = lint(rule("7000 8004 9000 8005")).rows
    assert [row[3].split(", who")[0] for row in rows] == [
        f"7000: a subordinate id of {BOB} (/etc/subuid:2)", "8004: a subordinate id of 4000000001 (/etc/subuid:3)",
        "9000: a subordinate id of \\x1b[31mx (/etc/subuid:4)"]


@pytest.mark.parametrize("first, second, can", [
    ("*", f"{FIRST}", True), ("1000-200000", f"{FIRST}", True), ("*", f"{FIRST}-{FIRST + 9}", True), ("*", "1000-200000", False),
    (f"{FIRST}-{FIRST + 9}", f"{FIRST + 9}", False), (f"{FIRST + 9}", f"{FIRST + 9}", False), ("*", "1000", False),
    ("*", f"{FIRST - 1}", False)])
def test_a_rule_behind_everybodys_can_still_name_subordinate_ids(lint, first, second, can):
    rows = lint(rule(first) + rule(second).replace("lab", "again")).rows
    assert any("rule again can never grant: rule lab" in row[3] for row in rows) != can, rows


def test_the_file_of_subordinate_ids_is_one_that_the_helper_takes(lint):
    for user, needed in ((PEOPLE, True), ("*", True), (f"%{ALICE}", True), (ALICE, False), ("1000", False)):
        lint.host.run("chmod", "0646", "/etc/subuid")
        faults = [row[3] for row in lint(rule(user)).rows if not row[2]]
        assert faults == ["/etc/subuid: it or /etc is not root's, or others can write, "
                          "and the policy has words for many (*, groups, ranges): everybody is denied"] * needed
        lint.host.run("chmod", "0600", "/etc/subuid")
        rows = [row for row in lint(rule(user)).rows if "/etc/subuid" in row[3]]
        assert [bool(row[2]) for row in rows] == [True] * needed and all("you may not read it" in row[3] for row in rows)
        assert "/etc/subuid" not in lint(rule(user), user=None).err
        lint.host.run("chmod", "0644", "/etc/subuid")


def test_without_a_bridge_no_address_is_kept_from_anybody(lint):
    locked = rule(PEOPLE, guest_mac="52:54:00:*").replace("lock-mac = no", "lock-mac = yes")
    assert not lint(locked.replace("br0", "none")).rows
    assert lint(locked.replace("br0", "none br0")).rows


@pytest.mark.parametrize("first, second, named", [("br0", "br0", "br0"), ("br*", "br0", "br0"), ("br0", "br-x* br*", "br0")])
@pytest.mark.parametrize("key, words", [("lock-mac", "can send with the addresses"), ("isolate", "reach each other")])
def test_rules_that_mix_ports_on_one_bridge(lint, first, second, named, key, words):
    text = rule().replace("br0", first) + rule(BOB).replace("lab", "again").replace("br0", second).replace(f"{key} = no", f"{key} = yes")
    found = [row for row in lint(text).rows if words in row[3]]
    assert [(row[1], bool(row[2])) for row in found] == [("9" if key == "isolate" else "10", True)]
    assert f"on bridge {named} rule lab (line 1) says {key} = no, and rule again yes: " in found[0][3]


def test_rules_for_different_bridges_mix_nothing(lint):
    other = rule(BOB).replace("lab", "again").replace("lock-mac = no", "lock-mac = yes").replace("isolate = no", "isolate = yes")
    assert not lint(rule().replace("br0", "none br0") + other.replace("br0", "none")).rows
    lint.host.bridge("br1")
    assert not lint(rule() + other.replace("br0", "br1")).rows


def test_numeric_prints_the_policy_with_ids_and_grants_the_same(lint):
    text = f"; who\n[rule lab]\nuser   = {ALICE} %{BOB} 5-9 *\nbridge = br0\nisolate = no\nlock-mac = no\n"
    result = lint(text, "--numeric")
    assert result.code == 0
    assert result.out == text.replace(f"{ALICE} %{BOB}", f"{uid(ALICE)} %{gid(BOB)}").replace("user   =", "user   =")
    again = lint(result.out, "--numeric")
    assert again.out == result.out


def test_the_installed_policy_is_checked_for_its_owner_and_mode(lint):
    lint.host.policy(rule())
    assert lint().code == 0
    lint.host.run("chmod", "0664", POLICY)
    result = lint()
    assert result.code == 2 and "others can write" in result.err
    assert lint(None, POLICY).code == 2
    (lint.host.folder / "mine.conf").write_text(rule())
    (lint.host.folder / "mine.conf").chmod(0o666)
    assert lint(None, lint.host.folder / "mine.conf").code == 0
    assert lint(None, "--installed", lint.host.folder / "mine.conf").code == 2


def test_a_fault_of_the_whole_file_has_no_line(lint):
    lint.host.root(POLICY).unlink(missing_ok=True)
    assert lint().err == f"{POLICY}: No such file or directory\n"
    assert lint(None, "/dev/null/x").err == "/dev/null/x: Not a directory\n"
    rows = lint.host.tapgrant("lint", "--json").json
    assert rows == [{"file": str(POLICY), "line": None, "severity": "error", "reason": "No such file or directory"}]
    lint.host.policy(rule())
    lint.host.run("chmod", "0666", "/etc/passwd")
    assert lint().err.startswith(f"{POLICY}: /etc/passwd: it or /etc is not root's")


def test_a_symbolic_link_has_one_sentence_and_a_command_that_mends_it(lint):
    """lint, check and doctor; for the policy, and for the files of accounts."""
    sentence = "it is a symbolic link"
    lint.host.policy(rule())
    lint.host.run("mv", POLICY, POLICY.parent / "real.conf")
    lint.host.run("ln", "-s", "real.conf", POLICY)
    command = f'cp --remove-destination "$(readlink -f {POLICY})" {POLICY}'
    assert lint().err == f"{POLICY}: {sentence}: everybody is denied (as root: {command})\n"
    check = lint.host.tapgrant("check", "--net", "bridge=br0")
    assert f"denied: nobody is granted anything: {POLICY}: {sentence}\n  hint: {command}\n" in check.out
    (answer,) = lint.host.tapgrant("check", "--json", "--net", "bridge=br0").json
    assert (answer["reason"], answer["hint"]) == (f"{POLICY}: {sentence}", command)
    (row,) = [row for row in lint.host.tapgrant("doctor", "--json").json if row["object"] == str(POLICY)]
    assert (row["text"], row["hint"]) == (f"{sentence}: everybody is denied", command)
    lint.host.run("sh", "-c", command)
    assert lint().err == "" and lint.host.tapgrant("check", "--net", "bridge=br0").code == 0
    (lint.host.folder / "link.conf").symlink_to(POLICY)
    assert lint(None, lint.host.folder / "link.conf").code == 0
    assert lint(None, "--installed", lint.host.folder / "link.conf").err.endswith(f"link.conf: {sentence}: everybody is denied\n")
    private_etc(lint.host, "sh", "-ec", "mv /etc/group /etc/group.real; ln -s group.real /etc/group")
    assert f"/etc/group: {sentence}, and the policy has names" in lint().err
    assert f"/etc/group: {sentence}" in lint.host.tapgrant("check", "--net", "bridge=br0").out
    assert f"({sentence})" in lint.host.tapgrant("doctor").out


def add_user(lint, name, number):
    lint.host.root("/etc/passwd").open("a").write(f"{name}:x:{number}:{number}::/:/bin/sh\n")


def warnings(lint, text):
    rows = lint(text).rows
    assert all(row[2] for row in rows), rows
    return [(int(row[1]), row[3]) for row in rows]


def test_users_whose_names_begin_alike_are_named(lint):
    assert warnings(lint, rule(PEOPLE, dev="{user}-*")) == [
        (6, "dev = {user}-* lets one user's names begin like another's: al and al-ice; one user's names can be another's: "
            "u{uid}-* keeps them apart")]
    for name, number in (("sec", 7001), ("sec-x", 7002), ("secy", 7003)):
        add_user(lint, name, number)
    ((line, text),) = warnings(lint, rule(PEOPLE, dev="{user}-*"))
    assert line == 6 and "begin like another's: sec and sec-x; one" in text
    ((line, text),) = warnings(lint, rule("sec 7002", dev="{user}-*"))
    assert "sec and sec-x" in text
    for users, pattern in (("sec secy", "{user}-*"), (f"{ALICE} {BOB}", "{user}-*"), ("sec sec-x", "{user}"), ("sec", "{user}-*"),
                           ("sec sec-x", "{user}-{uid}-*")):
        assert not warnings(lint, rule(users, dev=pattern)), (users, pattern)
    assert warnings(lint, rule("sec secy", dev="*-{user}"))


def test_a_user_for_whom_a_pattern_has_no_name(lint):
    add_user(lint, "john.doe", 7001)
    add_user(lint, "a-name-of-sixteen", 7002)
    add_user(lint, "12345-x", 7003)
    allowed = "a name has 1-15 of A-Z a-z 0-9 _ -, a letter first; {uid} always fits"
    for user, pattern, fits in (("john.doe", "{user}*", False), ("a-name-of-sixteen", "{user}", False), ("12345-x", "{user}-*", False),
                                ("12345-x", "u{user}-*", True), ("12345-x", "*{user}", True), (ALICE, "{user}-*", True),
                                (ALICE, "{user}{user}", len(ALICE) < 8)):
        wanted = [] if fits else [(6, f"dev = {pattern} can match no name for user {user}: {allowed}")]
        assert warnings(lint, rule(user, dev=pattern)) == wanted
    rows = warnings(lint, rule("john.doe a-name-of-sixteen 12345-x", dev="{user}-*"))
    assert (6, f"dev = {{user}}-* can match no name for user 12345-x and 2 more: {allowed}") in rows
    rows = warnings(lint, rule("john.doe a-name-of-sixteen").replace("br0", "br-{user}"))
    assert rows == [(3, "bridge = br-{user} can match no name for user a-name-of-sixteen: a name has 1-15 of printable bytes; "
                        "{uid} always fits")]


@pytest.mark.parametrize("user, keys, line, count", [
    ("5000-5127", "", 1, None), ("5000-5126", "", 1, 127), ("5000-5127", "max = 8\n", 6, None), ("5000-5999", "max = 1\n", 6, 1000),
    ("5000-5999 4000-4022", "max = 1\n", 6, 1022 + 1), ("5000-5999\nuser = 4000-4023", "max = 1\n", 7, None),
    (ALICE, "max = 256\n", 6, 1), ("5000-5999", "max = 0\n", 6, 0)])
def test_quotas_of_all_users_fill_a_bridge(lint, user, keys, line, count):
    rows = [row for row in warnings(lint, rule(user) + keys) if "ports" in row[1]]
    assert [row[0] for row in rows] == ([] if count is not None else [line]), rows
    for text in (rule(user).replace("br0", "none"), rule(user).replace("br0", "br-{uid}")):
        assert not [row for row in warnings(lint, text + keys) if "ports" in row[1]]


def test_quotas_of_the_people_of_this_host(lint):
    """A range for everybody, and a group, are as many users as there are accounts."""
    for number in range(200):
        add_user(lint, f"many{number}", 20000 + number)
    ((line, text),) = [row for row in warnings(lint, rule(PEOPLE)) if "ports" in row[1]]
    assert line == 1 and text.startswith("max = 8 for 20") and "the 1023 ports that a bridge has" in text
    lint.host.root("/etc/group").open("a").write("crowd:x:7500:" + ",".join(f"many{number}" for number in range(150)) + "\n")
    ((_, text),) = [row for row in warnings(lint, rule("%crowd")) if "ports" in row[1]]
    assert text.startswith("max = 8 for 150 users")
    assert not [row for row in warnings(lint, rule("%crowd", max=6)) if "ports" in row[1]]


def test_a_rule_that_several_others_leave_nothing_to(lint):
    lint.host.bridge("br1")
    first, second = rule(ALICE), rule(BOB).replace("lab", "second")
    rows = warnings(lint, first + second + rule(f"{ALICE} {BOB}").replace("lab", "third"))
    assert rows == [(11, "rule third can never grant: rule second (line 6) and others before it decide for all its people and bridges")]
    assert not warnings(lint, first + second + rule(f"{ALICE} {BOB} root").replace("lab", "third"))
    assert not warnings(lint, first + second + rule(f"{ALICE} {BOB}").replace("lab", "third").replace("br0", "br0 br1"))
    rows = warnings(lint, first + rule().replace("lab", "no") + "max = 0\n")
    assert rows == [(6, "rule no can never deny: rule lab (line 1) decides for all its people and bridges")]


def test_a_rule_that_grants_nothing_makes_no_taps_to_warn_of(lint):
    text = rule(f"{ALICE} {BOB}", dev="vm*", guest_mac="*", mtu="68-1500", max="{max}").replace("lock-mac = no", "lock-mac = yes")
    assert len(warnings(lint, text.replace("{max}", "1"))) >= 4
    assert not warnings(lint, text.replace("{max}", "0"))
    assert not warnings(lint, text.replace("{max}", "0") + rule("root").replace("lab", "other"))


def test_json(lint):
    (lint.host.folder / "p.conf").write_text("[rule a]\nuser = *\nbridge = br7\n")
    result = lint.host.tapgrant("lint", "--json", lint.host.folder / "p.conf")
    assert result.code == 2 and {row["severity"] for row in result.json} == {"error"}
    assert result.json[0] == {"file": str(lint.host.folder / "p.conf"), "line": 1, "severity": "error",
                              "reason": "missing key: isolate (yes or no)"}


@pytest.mark.parametrize("words", [["--frob"], ["/nonexistent"], ["--numeric", "--json"]])
def test_what_cannot_be_linted(lint, words):
    assert lint.host.tapgrant("lint", *words).code == 2
