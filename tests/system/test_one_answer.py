# SPDX-License-Identifier: LGPL-2.1-or-later
"""run, check, lint and doctor give one answer, also on hosts that are not as usual."""
import re
import socket
import subprocess
import threading

import pytest

from host import ALICE, APPLY, BOB, POLICY, PREFIX, TAPGRANT, uid
from test_denial import RULE

DEFINITION = "[interface web]\ndev = web0\nowner = {}\n"


@pytest.fixture
def ruled(host):
    host.policy(RULE)
    host.bridge("br0")
    return host


@pytest.fixture
def linted(host):
    """Of this host's files nothing is to be said."""
    host.policy(RULE.replace("*", ALICE))
    host.bridge("br0")
    return host


def agree(host, spec="bridge=br0", user=ALICE):
    """check's answer, which is what run gets."""
    run = host.tapgrant("run", "--net", spec, "--", "true", user=user)
    check = host.tapgrant("check", "--json", "--net", spec, user=user)
    assert check.code == {0: 0, 1: 1, 3: 3, 5: 3}[run.code], (run, check)
    return check


@pytest.mark.parametrize("forwarding", [0, 1])
@pytest.mark.parametrize("accept_ra", [0, 1, 2, 3, -1, 2147483647, -2147483648])
def test_router_advertisements_are_taken_as_the_kernel_takes_them(ruled, accept_ra, forwarding):
    ruled.run("sysctl", "-qw", f"net.ipv6.conf.br0.forwarding={forwarding}", f"net.ipv6.conf.br0.accept_ra={accept_ra}")
    takes = accept_ra == 2 if forwarding else accept_ra != 0
    assert agree(ruled).code == (3 if takes else 0)
    rows = [row for row in ruled.tapgrant("doctor", "--json").json if row["check"] == "ra"]
    assert [row["ok"] for row in rows] == [False] * takes


def test_sys_of_another_network_namespace_hides_no_bridge(ruled):
    """As after unshare --net: /sys shows the links of another namespace, which may have a br0 of its own."""
    ruled.run("umount", "/sys")
    ruled.run("mount", "-t", "tmpfs", "tmpfs", "/sys")
    check = agree(ruled)
    assert check.code == 1 and "/sys does not show this network namespace" in check.json["reason"] and check.json["hint"]
    assert "br0" not in ruled.tapgrant("lint").err
    (row,) = [row for row in ruled.tapgrant("doctor", "--json").json if row["object"] == "bridge br0"]
    assert not row["ok"] and "/sys does not show this network namespace" in row["text"]
    assert agree(ruled, "bridge=br7").code == 3


@pytest.mark.parametrize("file, rule", [("passwd", RULE.replace("*", ALICE)), ("group", RULE.replace("*", f"%{ALICE}")), ("subuid", RULE),
                                        ("passwd", RULE + "dev = {user}-*\n")])
def test_what_may_not_be_read_is_not_known(ruled, file, rule):
    """The helper reads it as root, and grants."""
    ruled.policy(rule)
    ruled.run("chmod", "0600", f"/etc/{file}")
    assert ruled.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 0
    for words in (["--net", "bridge=br0"], []):
        check = ruled.tapgrant("check", "--json", *words)
        assert (check.code, check.json["object"], check.json["reason"]) == (1, f"/etc/{file}", "you may not read it"), check
    assert ruled.tapgrant("check", "--user", ALICE, "--net", "bridge=br0", user=None).code == 0


@pytest.mark.parametrize("file", ["passwd", "group"])
def test_another_users_groups_are_not_known_where_the_files_are_hidden(ruled, file):
    ruled.run("chmod", "0600", f"/etc/{file}")
    check = ruled.tapgrant("check", "--user", BOB, "--net", "bridge=br0")
    assert check.code == 1 and f"/etc/{file}: you may not read it" in check.err


def test_too_few_descriptors_are_no_denial(ruled):
    ruled.policy(RULE.replace("*", ALICE))
    said = set()
    for limit in range(4, 12):
        check = ruled.tapgrant("check", "--net", "bridge=br0", extra=["prlimit", f"--nofile={limit}:{limit}"])
        said.add(check.code)
    assert 3 not in said and 0 in said, said


def test_an_id_without_an_account_is_answered(ruled):
    ruled.policy(RULE.replace("*", "5000-5999"))
    answer = ruled.tapgrant("check", "--user", "5000", "--net", "bridge=br0")
    assert answer.code == 0 and "note: uid 5000 has no account here: no group of it is known" in answer.out
    assert ruled.tapgrant("check", "--user", "6000", "--net", "bridge=br0").code == 3
    assert ruled.tapgrant("check", "--user", "no-such-user", "--net", "bridge=br0").code == 2


def test_an_installed_policy_of_interfaces_is_a_policy(ruled):
    text = "[interface web]\ndev = web0\nmanaged = no\n"
    ruled.policy(text)
    assert agree(ruled).code == 3
    ruled.root(POLICY.with_name("policy.new")).write_text(text)
    assert ruled.tapgrant("lint", "--installed", POLICY.with_name("policy.new")).code == 2, "it is to become the policy"
    for words in ([], [POLICY], ["--installed", POLICY]):
        result = ruled.tapgrant("lint", *words)
        assert result.code == 2 and f"{POLICY}:1: unknown section" in result.err, words
    (ruled.folder / "policy.conf").write_text(text)
    assert ruled.tapgrant("lint", ruled.folder / "policy.conf").code == 0, "a file elsewhere can be either"


def name_service(host, passwd, nsswitch="extrausers files"):
    """libnss-extrausers stands for LDAP, and is asked first."""
    host.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/var/lib/extrausers")
    host.root("/var/lib/extrausers/passwd").write_text(passwd)
    host.root("/var/lib/extrausers/group").write_text("")
    host.root("/dev/shm/nsswitch").write_text(f"passwd: {nsswitch}\ngroup: {nsswitch}\n")
    host.bind("/dev/shm/nsswitch", "/etc/nsswitch.conf")


def test_numeric_has_the_ids_that_the_helper_has(ruled):
    """A name in both is the files' account, and a line that libc refuses is one for the helper all the same."""
    ruled.root("/etc/passwd").open("a").write("both:x:7001:7001::/:/bin/sh\nshort:x:7002\n")
    name_service(ruled, "both:x:8001:8001::/:/bin/sh\nonly:x:8002:8002::/:/bin/sh\n")
    ruled.policy(RULE.replace("*", f"both short {ALICE}"))
    numeric = ruled.tapgrant("lint", "--numeric")
    assert numeric.code == 0 and f"user = 7001 7002 {uid(ALICE)}\n" in numeric.out
    ruled.policy(RULE.replace("*", "both only"))
    numeric = ruled.tapgrant("lint", "--numeric")
    assert numeric.code == 2 and "user = 7001 8002\n" in numeric.out
    assert "user only is not in /etc/passwd; the name service has it as 8002: write 8002" in numeric.err


def test_numeric_prints_nothing_where_the_files_are_hidden(ruled):
    ruled.policy(RULE.replace("*", ALICE))
    ruled.run("chmod", "0600", "/etc/passwd")
    numeric = ruled.tapgrant("lint", "--numeric")
    assert (numeric.code, numeric.out) == (2, "") and "/etc/passwd: you may not read it" in numeric.err


def declared(host, text, name="web.conf", folder=POLICY.parent / "interfaces.d"):
    host.run("mkdir", "-p", folder)
    host.root(folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize("text, fault", [
    (DEFINITION.format("no-such-user") + "bridge = br0\nisolate = no\nlock-mac = no\n",
     "3: [interface web]: no user 'no-such-user' is known"),
    (DEFINITION.format(ALICE) + "bridge = br7\nisolate = no\nlock-mac = no\n", "4: [interface web]: bridge br7: there is none"),
    (DEFINITION.format(ALICE) + "bridge = lo\nisolate = no\nlock-mac = no\n", "4: [interface web]: bridge lo: is no bridge")])
def test_lint_refuses_what_apply_refuses(linted, text, fault):
    path = declared(linted, text)
    for words in ([], [path.parent], [path], ["--json", path]):
        lint = linted.tapgrant("lint", *words)
        assert lint.code == 2 and (f"{path}:{fault}" in lint.err or fault[3:] in lint.out), (words, lint)
    apply = linted.run(APPLY, check=False)
    assert apply.code == 1 and fault.partition("]: ")[2] in apply.err, apply
    assert linted.tapgrant("lint", "--syntax", path).code == 0
    declared(linted, text.replace("no-such-user", ALICE).replace("br7", "br0").replace("= lo", "= br0"))
    assert linted.tapgrant("lint").err == "" and linted.run(APPLY).code == 0


def test_apply_tells_all_faults_of_a_definition_at_once(linted):
    path = declared(linted, DEFINITION.format("no-such-user") + "bridge = br7\nisolate = no\nlock-mac = no\n")
    apply = linted.run(APPLY, check=False)
    assert apply.code == 1 and "no user 'no-such-user' is known" in apply.err and "bridge br7: there is none" in apply.err
    lint = linted.tapgrant("lint", path)
    assert [line.split(":")[1] for line in lint.err.splitlines()] == ["3", "4"], lint


def test_a_tap_that_two_files_declare_is_a_fault_of_the_second(linted):
    for name in ("a.conf", "b.conf"):
        path = declared(linted, DEFINITION.format(ALICE), name)
    for words in ([], [path.parent], [path.parent / "a.conf", path]):
        lint = linted.tapgrant("lint", *words)
        assert lint.code == 2 and lint.err == f"{path}:1: [interface web]: the label 'web' is in {path.parent}/a.conf:1 already\n"
    assert lint.err.partition(": ")[2].strip() in linted.run(APPLY, check=False).err
    declared(linted, DEFINITION.format(ALICE).replace("interface web", "interface other"), "b.conf")
    assert linted.tapgrant("lint").err == f"{path}:2: [interface other]: 'dev' value 'web0' is in {path.parent}/a.conf:2 already\n"
    assert linted.tapgrant("lint", path).code == 0


def test_lint_without_a_file_looks_at_all_that_is_installed(linted):
    assert linted.tapgrant("lint").code == 0
    path = declared(linted, "[rule x]\nuser = *\nbridge = none\n")
    lint = linted.tapgrant("lint")
    assert lint.code == 2 and f"{path}:1: unknown section" in lint.err, "what lies there is read as definitions"
    declared(linted, DEFINITION.format(ALICE))
    assert linted.tapgrant("lint").code == 0
    linted.run("chmod", "0666", path)
    assert "is not owned by root, or others can write it or its folder" in linted.tapgrant("lint").err
    linted.run("chmod", "0644", path)
    linted.run("chmod", "0777", path.parent)
    assert linted.tapgrant("lint").err.startswith(f"{path.parent}: is not owned by root, or others")
    linted.run("chmod", "0750", path.parent)
    assert linted.tapgrant("lint").err == f"{path.parent}: warning: you may not read it, so what it declares is not checked\n"
    assert linted.tapgrant("lint").code == 0 and linted.tapgrant("lint", user=None).err == ""


def test_lint_of_a_folder_that_is_not_installed(linted):
    folder = linted.folder / "repository"
    folder.mkdir(mode=0o777)
    (folder / "policy.conf").write_text(RULE.replace("*", "no-such-user %no-such-group").replace("br0", "br7"))
    (folder / "taps.conf").write_text(DEFINITION.format("no-such-user") + "bridge = br7\nisolate = no\nlock-mac = no\n")
    (folder / "notes.txt").write_text("no policy\n")
    lint = linted.tapgrant("lint", folder)
    assert lint.code == 2 and {line.split(":")[0].rpartition("/")[2] for line in lint.err.splitlines()} == {"policy.conf", "taps.conf"}
    assert linted.tapgrant("lint", "--syntax", folder).err == ""
    (folder / "policy.conf").write_text(RULE + RULE.replace("lab", "again") + "colour = red\n")
    assert f"{folder}/policy.conf:11: unknown key: colour" in linted.tapgrant("lint", "--syntax", folder).err
    (folder / "policy.conf").write_text(RULE + RULE.replace("lab", "again"))
    assert "rule again can never grant" in linted.tapgrant("lint", "--syntax", folder).err


def test_syntax_asks_neither_accounts_nor_links(linted):
    linted.policy(RULE.replace("*", f"{ALICE} no-such-user %7 5-9").replace("br0", "br7") + "dev = {user}-*\n")
    linted.run("chmod", "0666", "/etc/passwd")
    seen = linted.run("strace", "-f", "-e", "trace=openat,socket,connect", TAPGRANT, "lint", "--syntax", check=False)
    assert seen.code == 0 and not re.search("passwd|/etc/group|nsswitch|subuid|AF_", seen.err), seen
    assert linted.tapgrant("lint", "--syntax", "--numeric").code == 2


def test_lint_of_standard_input(linted):
    def lint(text, *words):
        return subprocess.run(linted.command([TAPGRANT, "lint", *words, "-"], ALICE), input=text, capture_output=True, text=True,
                              timeout=20, check=False)
    assert lint(RULE.replace("*", ALICE)).stderr == ""
    result = lint(RULE + "colour = red\n")
    assert result.returncode == 2 and result.stderr.startswith("-:6: unknown key: colour")
    assert f"user = {uid(ALICE)}\n" in lint(RULE.replace("*", ALICE), "--numeric").stdout
    assert lint(DEFINITION.format(ALICE).replace("web0", "all")).stderr.startswith("-:2: ")


@pytest.mark.parametrize("bridges, words", [("br0", "for br0 alone; rule later (line 7) still grants them *"), ("br*", "none"),
                                            ("br0 none", "still grants them *"), ("* none", None), ("*", "still grants them none")])
def test_whom_a_rule_takes_out_in_part_only(linted, bridges, words):
    out = RULE.replace("*", ALICE).replace("br0", bridges) + "max = 0\n"
    later = RULE.replace("lab", "later").replace("br0", "* none").replace("*\nbridge", "1000-59999\nbridge")
    others = (out + later.replace("1000-59999", BOB), out, out + later + "max = 0\n")
    for text, told in ((out + later, words), *((text, None) for text in others)):
        linted.policy(text)
        rows = [line for line in linted.tapgrant("lint").err.splitlines() if "takes its users out" in line]
        assert [f"{POLICY}:3: warning: rule lab (max = 0)" in row and told in row for row in rows] == [True] * (told is not None), rows


def test_whom_a_rule_takes_out_of_a_group(linted):
    linted.root("/etc/group").open("a").write(f"tgteam:x:77001:{ALICE}\n")
    out = RULE.replace("*", "{}") + "max = 0\n" + RULE.replace("lab", "later").replace("*", "%tgteam").replace("br0", "br0 none")
    for user, told in ((ALICE, True), (BOB, False)):
        linted.policy(out.replace("{}", user))
        assert ("takes its users out" in linted.tapgrant("lint").err) == told


# One name, asked for by several ------------------------------------------------------------------------------------------


def test_all_who_create_one_tap_at_once_get_it(ruled):
    """One of them makes it; for the others it is there, and is what they ask for."""
    ruled.policy(RULE + "dev = vm-*\n")
    spec = ["--net", "bridge=br0,dev=vm-web"]
    racing = [ruled.start(TAPGRANT, "create", *spec, user=ALICE) for _ in range(4)]
    ends = [(*process.communicate(timeout=30), process.returncode) for process in racing]
    assert {(out, err) for out, err, _ in ends} == {("vm-web\n", "")} and {code for _, _, code in ends} == {0}, ends


WAYS_OUT = re.compile("hint: ask for another dev=")


def test_the_hint_of_a_taken_name_looks_at_whose_it_is(ruled):
    ruled.policy(RULE + "dev = vm-*\n")
    ruled.tapgrant("create", "--net", "bridge=br0,dev=vm-web", check=True)
    assert ruled.tapgrant("create", "--json", "--net", "bridge=br0,dev=vm-web", user=BOB).json["reason_code"] == "name_taken"
    for verb in (["create"], ["run"]):
        words = [*verb, "--net", "bridge=br0,dev=vm-web", *(["--", "true"] if verb == ["run"] else [])]
        other = ruled.tapgrant(*words, user=BOB)
        assert other.code == 4 and f"was granted to uid {uid(ALICE)}, and this is uid {uid(BOB)}\n" in other.err
        assert WAYS_OUT.search(other.err) and "delete" not in other.err and "managed=no" not in other.err
    own = ruled.tapgrant("create", "--json", "--net", "dev=vm-web")
    assert own.json["reason_code"] == "name_taken" and own.json["hint"] == "add managed=no to use it as it is, or tapgrant delete vm-web"
    ruled.tap("vm-root", None)
    assert WAYS_OUT.search(ruled.tapgrant("create", "--net", "bridge=br0,dev=vm-root").err)
    ruled.tap("vm-mine", ALICE)
    mine = ruled.tapgrant("create", "--net", "bridge=br0,dev=vm-mine").err
    assert "hint: add managed=no to use it as it is, or ask for another dev=" in mine
    ruled.run("ip", "link", "add", "vm-link", "type", "bridge")
    assert WAYS_OUT.search(ruled.tapgrant("create", "--net", "bridge=br0,dev=vm-link").err)


def test_a_tap_that_is_being_made_is_told_as_such(ruled):
    """As the helper has it before it is given to its user: root's, with the slot of its user."""
    ruled.policy(RULE + "dev = vm-*\n")
    keep = ruled.start("/usr/bin/python3", "-c", """if True:
        import fcntl, struct, sys
        tun = open("/dev/net/tun", "r+b", buffering=0)
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"vm-new", 0x0002 | 0x1000))
        fcntl.ioctl(tun, 0x400454cc, 0)
        print("made", flush=True)
        sys.stdin.read()
    """)
    assert keep.stdout.readline() == "made\n"
    ruled.run("ip", "link", "property", "add", "dev", "vm-new", "altname", f"quota.tapgrant.{uid(ALICE)}.lab.0")
    for user, hint in ((ALICE, "try again"), (BOB, "ask for another dev=")):
        made = ruled.tapgrant("create", "--net", "bridge=br0,dev=vm-new", user=user)
        assert made.code == 4 and made.err == f"tapgrant: interface vm-new: is being made for uid {uid(ALICE)}\nhint: {hint}\n"


# sudo --------------------------------------------------------------------------------------------------------------------


def test_sudo_is_told_where_it_is_the_cause(ruled):
    ruled.policy(RULE.replace("*", ALICE) + "dev = vm-*\n")
    sudo = ["env", f"SUDO_UID={uid(ALICE)}", f"SUDO_USER={ALICE}", TAPGRANT]
    denied = ruled.run(*sudo, "run", "--net", "bridge=br0", "--", "true", check=False)
    assert denied.code == 3 and "no rule names root for br0\n" in denied.err
    assert f"hint: run it without sudo: root asks now, and the policy allows it to {ALICE}\n" in denied.err
    assert "sudo" not in ruled.run(*sudo, "run", "--net", "bridge=br9", "--", "true", check=False).err, "it is not the cause"
    assert f"for {ALICE}: tapgrant check --user {ALICE}" in ruled.run(*sudo, "check", "--net", "bridge=br0", check=False).err
    ruled.policy(RULE + "dev = vm-*\n")
    made = ruled.run(*sudo, "create", "--net", "bridge=br0,dev=vm-x")
    assert f"interface vm-x: warning: it is root's, because of sudo, and not {ALICE}'s\n" in made.err
    assert "sudo" not in ruled.run("env", f"SUDO_UID={uid(ALICE)}", TAPGRANT, "check", "--net", "bridge=br0", user=ALICE).err


# check -------------------------------------------------------------------------------------------------------------------


def test_check_without_interfaces_lists_what_the_user_may_have(ruled):
    ruled.bridge("br1")
    ruled.policy(RULE.replace("lab", "first").replace("br0", "br1 none") + "max = 2\nqueues = 4\ndev = vm-*\n"
                 + RULE.replace("lab", "out").replace("*", BOB) + "max = 0\n"
                 + RULE.replace("lab", "second").replace("br0", "* none") + RULE.replace("lab", "never").replace("*", BOB))
    ruled.hold("bridge=br1")
    listed = ruled.tapgrant("check", "--json").json
    assert [(row["rule"], row["line"], row["bridges"], row["max"], row["used"]) for row in listed] == [
        ("first", 1, ["none", "br1"], 2, 1), ("second", 15, ["br0"], 8, 0)]
    assert listed[0]["limits"] == {"isolate": False, "lock_mac": False, "dev": "vm-*", "guest_mac": None, "host_mac": None, "mtu": None,
                                   "queues": 4, "allow_unpinned_bridge": None, "allow_ra_bridge": None, "allow_other_netns": None}
    text = ruled.tapgrant("check").out
    assert f"rule first ({POLICY}:1): 1 of 2 used\n  bridge = none br1\n" in text and "  queues = 4\n" in text
    assert [row["rule"] for row in ruled.tapgrant("check", "--json", "--user", BOB).json] == ["first"]
    (answer,) = ruled.tapgrant("check", "--json", "--net", "bridge=br1").json
    assert (answer["used"], answer["max"]) == (1, 2)
    ruled.policy(RULE.replace("*", BOB))
    nothing = ruled.tapgrant("check")
    assert nothing.code == 3 and nothing.out == f"no rule gives {ALICE} anything\n"
    ruled.policy("colour = red\n")
    assert ruled.tapgrant("check").code == 3 and f"{POLICY}:1: key before a section" in ruled.tapgrant("check").err


def test_check_of_another_policy(ruled):
    ruled.policy("")
    other = ruled.folder / "other.conf"
    other.write_text(RULE + "max = 3\n")
    other.chmod(0o666)
    answer = ruled.tapgrant("check", "--policy", other, "--net", "bridge=br0")
    assert answer.code == 0 and f"allowed by rule lab ({other}:1): 0 of 3 used" in answer.out
    assert ruled.tapgrant("check", "--policy", other).code == 0 and ruled.tapgrant("check").code == 3
    other.write_text(RULE + "colour = red\n")
    answer = ruled.tapgrant("check", "--policy", other, "--net", "bridge=br0")
    assert f"nobody is granted anything: {other}:6: unknown key: colour" in answer.out
    assert ruled.tapgrant("check", "--policy", "/nonexistent").code == 2


# In a container ----------------------------------------------------------------------------------------------------------


def turn_away(listener):
    """Takes each connection, and ends it."""
    try:
        while True:
            listener.accept()[0].close()
    except OSError:
        pass


@pytest.fixture
def contained(ruled):
    """The service's socket, as a container has it: it listens in the network namespace of the host."""
    folder = ruled.folder / "run"
    folder.mkdir()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(folder / "socket"))
    (folder / "socket").chmod(0o666)
    listener.listen(64)
    ruled.run("mkdir", "-p", "/run/tapgrant")
    ruled.bind(folder, "/run/tapgrant")
    threading.Thread(target=turn_away, args=(listener,), daemon=True).start()
    yield ruled
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_in_a_container_the_answer_is_on_the_host(contained):
    command = f"tapgrant check --user {uid(ALICE)} --other-netns"
    check = contained.tapgrant("check", "--json", "--net", "bridge=br0", "--net", "bridge=br(0)")
    assert check.code == 1 and check.json["reason_code"] == "on_host"
    assert check.json["reason"].startswith("the answer is on the host")
    assert check.json["hint"] == f"{command} --net bridge=br0 --net 'bridge=br(0)'"
    assert contained.tapgrant("check", "--json").json["hint"] == command
    assert contained.tapgrant("check", "--json", "--user", BOB).json["hint"] == command.replace(str(uid(ALICE)), str(uid(BOB)))
    (contained.folder / "mine.conf").write_text(RULE)
    assert contained.tapgrant("check", "--policy", contained.folder / "mine.conf", "--net", "bridge=br0").code == 0
    mapped = contained.run("unshare", "--user", "--map-root-user", TAPGRANT, "check", "--json", user=ALICE, check=False)
    assert mapped.json["hint"] == command, "the id that the host has"


def test_doctor_in_a_container_names_the_host(contained):
    rows = contained.tapgrant("doctor", "--json").json
    (row,) = [row for row in rows if row["object"] == "policy"]
    assert row["text"].startswith("the answer is on the host") and row["hint"] == f"tapgrant check --user {uid(ALICE)} --other-netns"
    assert not [row for row in rows if row["object"] in ("bridge br0", str(POLICY))]


def test_a_socket_that_nobody_listens_at_is_no_container(contained):
    contained.root("/run/tapgrant/socket").unlink()
    left = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    left.bind(str(contained.folder / "run/socket"))
    left.close()
    assert contained.tapgrant("check", "--net", "bridge=br0").code == 0


# Reasons for programs ----------------------------------------------------------------------------------------------------


def test_each_reason_has_its_word(ruled):
    """Of what the command meets itself; those of the service and of versions are where these are tested."""
    ruled.policy(RULE.replace("lock-mac = no", "lock-mac = yes") + "dev = vm-*\nguest-mac = *\nmax = 1\n")

    def word(*specs, verb="create", user=ALICE):
        words = [word for spec in specs for word in ("--net", spec)]
        return ruled.tapgrant(verb, "--json", *words, user=user).json["reason_code"]
    assert word("mtu=1") == "usage" and word("bridge=br9") == "denied"
    assert word("bridge=br0", "bridge=br0") == "over_quota"
    assert word("bridge=br0,guest-mac=02:00:00:00:00:01") == "address_taken", "the bridge's own"
    ruled.run("sysctl", "-qw", "net.ipv6.conf.br0.accept_ra=2")
    assert word("bridge=br0") == "unfit_bridge"
    ruled.run("sysctl", "-qw", "net.ipv6.conf.br0.accept_ra=0")
    ruled.hold("bridge=br0,dev=vm-held")
    assert word("bridge=br0,dev=vm-held") == "name_taken"
    ruled.tap("vm-free", ALICE)
    held = ruled.hold("managed=no,dev=vm-free")
    assert held.first_line.startswith("held")
    run = ruled.run("/usr/bin/python3", "-c", SHOW_WORD, "managed=no,dev=vm-free", "managed=no,dev=vm-none", user=ALICE)
    assert run.out.split() == ["in_use", "missing"]
    ruled.run("chmod", "0600", "/dev/net/tun")
    assert word("bridge=br0") == "no_tun"


SHOW_WORD = f"""if True:
    import ctypes, sys
    library = ctypes.CDLL("{PREFIX}/lib/x86_64-linux-gnu/libtapgrant.so.0")
    for spec in sys.argv[1:]:
        error, device = ctypes.create_string_buffer(2000), ctypes.c_void_p()
        library.tapgrant_open(spec.encode(), ctypes.byref(device), error)
        print(error.raw[4 + 128 + 640 + 480:].split(b"\\0")[0].decode())
"""
