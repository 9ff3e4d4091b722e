# SPDX-License-Identifier: LGPL-2.1-or-later
"""check says what the helper would answer, and why."""
import pytest

from host import ALICE, BOB, POLICY, uid
from test_denial import CAUSES, RULE

RULES = """\
[rule others]
user = 4000000000
bridge = br0
isolate = no
lock-mac = no
[rule elsewhere]
user = *
bridge = br1 none
isolate = no
lock-mac = no
[rule lab]
user = *
bridge = br0
isolate = no
lock-mac = no
dev = u{uid}-*
guest-mac = 52:54:00:*
mtu = 1500-9000
queues = 2
max = 1
"""


@pytest.fixture
def ruled(host):
    host.policy(RULES)
    host.bridge("br0")
    return host


def agree(host, spec, user=ALICE):
    """check's answer, which is the helper's."""
    check = host.tapgrant("check", "--json", "--net", spec, user=user)
    run = host.tapgrant("run", "--net", spec, "--", "true", user=user)
    (answer,) = check.json
    assert answer["verdict"] == ("allow" if run.code == 0 else "deny"), (answer, run)
    assert check.code == (0 if run.code == 0 else 3) and run.code in (0, 3, 5)
    return answer


def test_an_allowed_interface_names_its_rule(ruled):
    answer = agree(ruled, "bridge=br0")
    assert (answer["rule"], answer["line"], answer["label"]) == ("lab", 11, None)
    assert [(rule["rule"], rule["line"], rule["failed"]) for rule in answer["rules"]] == [
        ("others", 1, "user"), ("elsewhere", 6, "bridge"), ("lab", 11, None)]
    result = ruled.tapgrant("check", "--net", "bridge=br0", check=True)
    assert f"allowed by rule lab ({POLICY}:11)" in result.out


@pytest.mark.parametrize("spec, failed, words", [
    ("bridge=br0,dev=eth7", "dev", "'u{uid}-*' does not match eth7"),
    ("bridge=br0,guest-mac=52:55:00:00:00:01", "guest-mac", "'52:54:00:*' does not match 52:55:00:00:00:01"),
    ("bridge=br0,host-mac=02:00:00:00:00:05", "host-mac", "no address may be asked for"),
    ("bridge=br0,mtu=1400", "mtu", "1400 is not in 1500-9000"), ("bridge=br0,queues=3", "queues", "3 are more than 2"),
    ("bridge=br9", "bridge", "br9 does not exist"), ("bridge=lo", "bridge", "lo is no bridge")])
def test_a_denied_interface_names_the_condition(ruled, spec, failed, words):
    answer = agree(ruled, spec)
    last = answer["rules"][-1]
    assert last["failed"] == failed and words in last["detail"], answer
    assert words in ruled.tapgrant("check", "--net", spec).out


def test_an_unfit_bridge_and_a_full_quota_are_conditions_too(ruled):
    ruled.policy(RULES.replace("br1", "br8"))
    ruled.bridge("br8", address=None, ra=True)
    assert agree(ruled, "bridge=br8")["rules"][-1]["failed"] == "allow-unpinned-bridge"
    ruled.run("ip", "link", "set", "br8", "address", "02:00:00:00:00:08")
    assert agree(ruled, "bridge=br8")["rules"][-1]["failed"] == "allow-ra-bridge"
    ruled.hold("bridge=br0")
    assert agree(ruled, "bridge=br0")["rules"][-1]["failed"] == "max"


def test_a_rule_that_grants_nothing_says_so_whatever_is_asked(ruled):
    ruled.policy(RULE + "max = 0\n")
    for spec in ("bridge=br0", "bridge=br0,dev=eth7,queues=9"):
        last = agree(ruled, spec)["rules"][-1]
        assert (last["failed"], last["detail"]) == ("max", "the rule grants nothing (max = 0)")


@pytest.mark.parametrize("faults", [{"pinned"}, {"ra"}, {"mtu"}, {"pinned", "ra"}, {"pinned", "ra", "mtu"}])
def test_all_that_is_wrong_with_a_bridge_is_told_at_once_with_what_mends_it(ruled, faults):
    ruled.policy(RULE.replace("br0", "br8") + "mtu = 1280-9000\n")
    ruled.bridge("br8", address=None if "pinned" in faults else "02:00:00:00:00:08", ra="ra" in faults)
    spec = "bridge=br8" + ",mtu=1400" * ("mtu" in faults)
    rule = agree(ruled, spec)["rules"][-1]
    words = {"pinned": "the MAC address of br8 is not fixed", "ra": "the host takes router advertisements on br8",
             "mtu": "1400 is below the bridge's 1500, and could lower it"}
    assert rule["detail"] == "; ".join(words[fault] for fault in ("pinned", "ra", "mtu") if fault in faults)
    text = ruled.tapgrant("check", "--net", spec).out
    assert f"hint: {rule['hint']}\n" in text and rule["detail"] in text
    ruled.run("sh", "-ec", rule["hint"].partition("ask for ")[0].rstrip("; ") or "true")
    after = agree(ruled, spec.partition(",")[0])
    assert after["verdict"] == "allow" and after["rules"][-1]["hint"] is None


def test_a_bridge_by_its_alternative_name(ruled):
    ruled.run("ip", "link", "property", "add", "dev", "br0", "altname", "uplink")
    assert agree(ruled, "bridge=uplink")["rule"] == "lab"


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_of_a_denial_is_told(host, cause):
    host.bridge("br0")
    host.policy(RULE)
    CAUSES[cause](host)
    answer = agree(host, "bridge=br0")
    assert answer["rule"] == ("lab" if cause.startswith("max is 0") else None)
    if not answer["rules"] and cause != "no rule":
        assert answer["reason"]
    assert host.tapgrant("check", "--net", "bridge=br0").out.count("denied") == 1


@pytest.mark.parametrize("user, dev, spoiled", [
    ("*", "u{uid}-*", "/etc/passwd"), ("*", "u{uid}-*", "/etc/group"), (f"%{ALICE}", "x", "/etc/passwd"), (ALICE, "x", "/etc/group"),
    (ALICE, "x", "/etc/passwd"), ("*", "{user}-*", "/etc/passwd"), (f"%{ALICE}", "x", "/etc/group")])
def test_files_of_names_matter_where_the_helper_reads_them(ruled, user, dev, spoiled):
    ruled.policy(RULE.replace("*", user) + f"dev = {dev}\n")
    ruled.run("chmod", "0666", spoiled)
    answer = agree(ruled, "bridge=br0")
    doctor = ruled.tapgrant("doctor", "--json")
    assert any(row["check"] == "names" and not row["ok"] for row in doctor.json) == (answer["verdict"] == "deny")


def test_what_one_command_asks_for_counts_together(ruled):
    result = ruled.tapgrant("check", "--json", *["--net", "bridge=br0"] * 2)
    assert [one["verdict"] for one in result.json] == ["allow", "deny"]
    assert result.json[1]["rules"][-1]["failed"] == "max"


def test_what_the_library_refuses_is_no_question_of_the_policys(ruled):
    assert ruled.tapgrant("check", "--net", "bridge=br0,queues=253", "--net", "bridge=br0,queues=2").code == 2


def test_a_script_is_no_question_of_the_policys(ruled):
    assert ruled.tapgrant("check", "--net", "bridge=br0,script=/x").code == 0


def test_no_byte_of_the_users_reaches_the_terminal_as_it_is(ruled):
    for words in (["check", "--net", "managed=no,dev=\x1b[31mx"], ["doctor", "\x1b[31mx"], ["lint", "/\x1b[31mx"]):
        result = ruled.tapgrant(*words)
        assert "\x1b" not in result.out + result.err and "\\x1b" in result.out + result.err


def test_another_user_may_be_asked_for(ruled):
    ruled.policy(RULE.replace("*", BOB))
    assert ruled.tapgrant("check", "--net", "bridge=br0").code == 3
    for name in (BOB, str(uid(BOB))):
        assert ruled.tapgrant("check", "--user", name, "--net", "bridge=br0").code == 0
    assert ruled.tapgrant("check", "--user=nobody-has-this-name", "--net", "bridge=br0").code == 2


def test_groups_of_another_user_count(ruled):
    ruled.root("/etc/group").open("a").write(f"tgteam:x:77001:{BOB}\n")
    ruled.policy(RULE.replace("*", "%tgteam"))
    assert ruled.tapgrant("check", "--user", BOB, "--net", "bridge=br0", user=None).code == 0
    assert ruled.tapgrant("check", "--net", "bridge=br0").code == 3


def test_a_policy_that_may_not_be_read_is_no_answer(ruled):
    ruled.policy(RULES, mode=0o640)
    result = ruled.tapgrant("check", "--net", "bridge=br0")
    assert result.code == 1 and "you may not read it" in result.err
    assert ruled.tapgrant("check", "--user", ALICE, "--net", "bridge=br0", user=None).code == 0


def test_unmanaged_is_no_matter_of_the_policys(ruled):
    assert ruled.tapgrant("check", "--net", "managed=no,dev=x", check=True).out.count("no matter of the policy's") == 1


def test_several_are_answered_each(ruled):
    result = ruled.tapgrant("check", "--json", "--net", "bridge=br0", "--net", "bridge=br9")
    assert result.code == 3 and [one["verdict"] for one in result.json] == ["allow", "deny"]


@pytest.mark.parametrize("words", [["--net"], ["--net", "mtu=67"], ["--user"], ["--net", "bridge=br0", "x"], ["--frob"]])
def test_a_command_line_that_makes_no_sense(ruled, words):
    assert ruled.tapgrant("check", *words).code == 2
