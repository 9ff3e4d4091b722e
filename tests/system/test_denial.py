# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is not granted: one answer for every cause, and specific reasons only behind a grant."""
import re

import pytest

from host import ALICE, BOB, POLICY, gid, uid

RULE = "[rule lab]\nuser = *\nbridge = br0\nisolate = no\nlock-mac = no\n"
DENIED = "tapgrant: bridge br0: denied by policy"
HINT = "hint: tapgrant check --net bridge=br0\n"


def ask(host, spec="bridge=br0", user=ALICE):
    result = host.tapgrant("run", "--net", spec, "--", "true", user=user)
    assert host.taps() == []
    return result


def missing(host):
    host.policy(RULE)
    host.root(POLICY).unlink()


def symlinked(host):
    missing(host)
    host.root(POLICY.parent / "other").write_text(RULE)
    host.root(POLICY).symlink_to("other")


def fifo(host):
    missing(host)
    host.run("mkfifo", POLICY)


def no_such_bridge(host):
    host.policy(RULE)
    host.run("ip", "link", "del", "br0")


def not_a_bridge(host):
    no_such_bridge(host)
    host.run("ip", "link", "add", "br0", "type", "veth", "peer", "name", "other")


def forbidden_bridges_altname(host):
    no_such_bridge(host)
    host.bridge("secret")
    host.run("ip", "link", "property", "add", "dev", "secret", "altname", "br0")


def policy(text, **options):
    return lambda host: host.policy(text, **options)


def owned_by_another(host):
    host.policy(RULE)
    host.run("chown", ALICE, POLICY)


def subordinate_ids_writable_by_others(host):
    host.run("chmod", "0666", "/etc/subuid")


def folder_writable_by_others(host):
    host.policy(RULE)
    host.run("chmod", "0777", POLICY.parent)


CAUSES = {
    "no rule": policy(""),
    "no rule for the caller": policy(RULE.replace("*", BOB)),
    "no rule for the bridge": policy(RULE.replace("br0", "br1")),
    "void": policy(RULE + "colour = red\n"),
    "isolate is missing": policy(RULE.replace("isolate = no\n", "")),
    "lock-mac is missing": policy(RULE.replace("lock-mac = no\n", "")),
    "max is 0": policy(RULE + "max = 0\n"),
    "max is 0 in the first of two rules": policy(RULE + "max = 0\n" + RULE.replace("lab", "later")),
    "a name that nobody has": policy(RULE.replace("*", "* nobody-has-this-name")),
    "a group that is not there": policy(RULE.replace("*", "* %no-such-group")),
    "group writable": policy(RULE, mode=0o664),
    "world writable": policy(RULE, mode=0o646),
    "empty line of blanks": policy(RULE + " \n"),
    "no newline at the end": policy(RULE[:-1]),
    "NUL byte": policy(RULE + "; \0\n"),
    "missing": missing, "symbolic link": symlinked, "FIFO": fifo, "owned by another": owned_by_another,
    "folder writable by others": folder_writable_by_others, "no such bridge": no_such_bridge,
    "not a bridge": not_a_bridge, "altname of a forbidden bridge": forbidden_bridges_altname,
    "subordinate ids writable by others": subordinate_ids_writable_by_others,
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_denial_is_one_answer(host, cause):
    host.bridge("br0")
    host.policy(RULE)
    assert ask(host).code == 0
    CAUSES[cause](host)
    result = ask(host)
    assert (result.code, result.out) == (3, "")
    assert re.fullmatch(f"{DENIED}: .+\n{HINT}", result.err), result


@pytest.mark.parametrize("cause", ["no rule", "void", "max is 0", "a name that nobody has", "no newline at the end"])
def test_a_denial_is_one_answer_to_whom_the_policy_is_hidden_from(host, cause):
    """Nothing is added to the helper's answer: it is byte for byte the same for every cause."""
    host.bridge("br0")
    CAUSES[cause](host)
    host.run("chmod", "0600", POLICY)
    assert ask(host).err == f"{DENIED}\n{HINT}"


REASONS = {
    "no rule for the caller": f"no rule names {ALICE} for br0", "no such bridge": "br0 does not exist", "not a bridge": "br0 is no bridge",
    "void": f"{POLICY}:6: unknown key: colour", "max is 0": "rule lab (line 1): max: the rule grants nothing (max = 0)",
    "missing": f"{POLICY}: No such file or directory", "group writable": f"{POLICY}: it or its folder is not root's",
    "altname of a forbidden bridge": f"no rule names {ALICE} for secret"}


@pytest.mark.parametrize("cause", REASONS)
def test_the_command_adds_what_check_says_first(host, cause):
    host.bridge("br0")
    CAUSES[cause](host)
    assert ask(host).err.startswith(f"{DENIED}: {REASONS[cause]}")
    told = host.tapgrant("check", "--net", "bridge=br0").out
    assert REASONS[cause].partition("): ")[2] in told and (f"denied: {REASONS[cause]}" in told or "denied: " in told)
    (error,) = [host.tapgrant("create", "--json", "--net", "bridge=br0").json]
    assert error["reason"].startswith(f"denied by policy: {REASONS[cause]}") and error["reason_code"] == "denied"


def test_the_reason_is_of_the_interface_that_is_denied(host):
    host.bridge("br0")
    host.policy(RULE)
    result = host.tapgrant("run", "--net", "bridge=br0", "--net", "bridge=br0,queues=2", "--", "true")
    assert "denied by policy: rule lab (line 1): queues: 2 are more than 1\n" in result.err


def next_index(host):
    """Links are numbered in order, those that are gone again too."""
    host.run("ip", "link", "add", "probe", "type", "bridge")
    index = host.link("probe")["ifindex"]
    host.run("ip", "link", "del", "probe")
    return index


def test_a_rule_with_max_0_refuses_before_any_tap_is_made(host):
    host.bridge("br0")
    host.policy(RULE + RULE.replace("lab", "alone").replace("br0", "none").replace("user = *", f"user = {ALICE}") + "max = 0\n"
                + RULE.replace("lab", "others").replace("br0", "none"))
    before = next_index(host)
    result = host.tapgrant("run", "--net", "bridge=br0", "--net", "bridge=none", "--", "true")
    assert (result.code, next_index(host)) == (3, before + 1), result
    assert ask(host, "bridge=none").code == 3, "the later rule is not asked"
    assert ask(host, "bridge=none", user=BOB).code == 0
    assert next_index(host) == before + 3


def test_the_hint_can_be_pasted(host):
    """What the shell would take apart is quoted."""
    for spec in ("", "bridge=br(0)", "bridge=br&0"):
        assert f"hint: tapgrant check --net '{spec}'\n" in ask(host, spec).err


@pytest.mark.parametrize("spec", [
    "dev=eth7", "dev=u{uid}x", "guest-mac=52:55:00:00:00:01", "host-mac=02:00:00:00:00:01", "mtu=9000", "queues=2"])
def test_what_no_key_allows_is_denied(host, spec):
    host.bridge("br0")
    host.policy(RULE + "dev = u{uid}-*\nguest-mac = 52:54:00:*\n")
    assert ask(host, f"bridge=br0,{spec}".format(uid=uid(ALICE))).code == 3


def test_an_unreadable_policy_still_grants(host):
    """0640: the helper reads it as root; its caller need not."""
    host.bridge("br0")
    host.policy(RULE, mode=0o640)
    assert ask(host).code == 0


def test_a_rule_does_not_fall_through_to_a_laxer_one(host):
    host.bridge("br0")
    host.policy(RULE.replace("*", ALICE) + "max = 1\n" + RULE.replace("lab", "wide") + "queues = 8\nmtu = 68-65521\n")
    assert ask(host, "bridge=br0,queues=2").code == 3
    assert ask(host, "bridge=br0,queues=2", user=BOB).code == 0
    host.hold("bridge=br0")
    assert host.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 5


@pytest.mark.parametrize("who, allowed", [
    (ALICE, True), (f"%{ALICE}", True), ("{uid}", True), ("{low}-{high}", True), ("%{gid}", True), (BOB, False),
    ("%4000000000", False), ("4294967294", False), ("root", False)])
def test_users_and_groups_by_name_id_and_range(host, who, allowed):
    who = who.format(uid=uid(ALICE), low=uid(ALICE) - 1, high=uid(ALICE) + 0, gid=gid(ALICE))
    host.bridge("br0")
    host.policy(RULE.replace("*", who))
    assert ask(host).code == (0 if allowed else 3)


def test_supplementary_groups_count(host):
    host.root("/etc/group").open("a").write(f"tgteam:x:77001:{ALICE}\n")
    host.bridge("br0")
    host.policy(RULE.replace("*", "%tgteam"))
    assert ask(host).code == 0 and ask(host, user=BOB).code == 3


def test_the_users_own_name_in_a_pattern(host):
    host.bridge("br0")
    host.policy(RULE + "dev = {user}-*\n")
    assert ask(host, f"dev={ALICE}-1,bridge=br0").code == 0
    assert ask(host, f"dev={BOB}-1,bridge=br0").code == 3
    host.root("/etc/passwd").write_text(host.root("/etc/passwd").read_text().replace(f"{ALICE}:", "tg*alice:"))
    assert ask(host).code == 3, "a caller without a usable name is denied wherever the policy says {user}"


@pytest.mark.parametrize("pinned, ra", [(False, False), (True, True), (False, True)])
def test_an_unfit_bridge_says_all_that_is_wrong_and_the_commands_mend_it(host, pinned, ra):
    host.policy(RULE)
    host.bridge("br0", address="02:00:00:00:00:01" if pinned else None, ra=ra)
    result = ask(host)
    assert result.code == 3 and result.err.startswith("tapgrant: bridge br0: ")
    assert ("MAC address is not fixed" in result.err) == (not pinned)
    assert ("router advertisements" in result.err) == ra
    (hint,) = re.findall("hint: (.*)", result.err)
    host.run("sh", "-ec", hint)
    assert ask(host).code == 0


@pytest.mark.parametrize("name, asked", [("br.10", "br.10"), ("br0", "uplink")])
def test_the_commands_mend_a_bridge_of_any_name(host, name, asked):
    host.policy(RULE.replace("br0", name))
    host.bridge("plain", address=None, ra=True)
    host.run("ip", "link", "set", "plain", "name", name)
    if asked != name:
        host.run("ip", "link", "property", "add", "dev", name, "altname", asked)
    result = ask(host, f"bridge={asked}")
    assert result.code == 3 and f"tapgrant: bridge {name}: " in result.err
    host.run("sh", "-ec", re.findall("hint: (.*)", result.err)[0])
    assert ask(host, f"bridge={asked}").code == 0


def test_an_unfit_bridge_can_be_allowed(host):
    host.bridge("br0", address=None, ra=True)
    host.policy(RULE + "allow-unpinned-bridge = yes\n")
    assert "router" in ask(host).err
    host.policy(RULE + "allow-unpinned-bridge = yes\nallow-ra-bridge = yes\n")
    assert ask(host).code == 0


def test_a_namespace_without_its_own_sysfs_is_explained(host):
    """As after unshare --net: /sys still shows the links of the namespace it was mounted in."""
    host.policy(RULE)
    host.bridge("br0")
    host.run("umount", "/sys")
    host.run("mount", "-t", "tmpfs", "tmpfs", "/sys")
    result = ask(host)
    assert result.code == 1 and "/sys does not show this network namespace" in result.err and "hint: mount" in result.err


def test_sysfs_of_another_namespace_is_not_believed(host):
    """The bridge of this name that /sys shows may be another one: that nobody can tell is a failure, never a grant."""
    host.policy(RULE)
    host.bridge("br0")
    host.run("umount", "/sys")
    host.run("mount", "-t", "tmpfs", "tmpfs", "/sys")
    folder = host.root("/sys/class/net/br0")
    folder.mkdir(parents=True)
    (folder / "address").write_text("02:00:00:00:00:99\n")
    (folder / "addr_assign_type").write_text("3\n")
    result = ask(host)
    assert result.code == 1 and "/sys does not show this network namespace" in result.err
