# SPDX-License-Identifier: LGPL-2.1-or-later
"""Definition files: shown, linted, and in the place of --net."""
import pytest

from host import ALICE, TAPGRANT, uid

FILE = """\
; the lab's
[interface web]
mtu=1500
dev = u{uid}-web
bridge   = br0
guest-mac = 52:54:00:AB:CD:01

[interface uplink]
managed = no
dev = mytap0
"""
CANONICAL = """\
[interface web]
dev = u{uid}-web
bridge = br0
guest-mac = 52:54:00:ab:cd:01
mtu = 1500

[interface uplink]
dev = mytap0
managed = no
"""


@pytest.fixture
def write(host):
    def write_file(text, name="d.conf"):
        path = host.folder / name
        path.write_text(text.replace("{uid}", str(uid(ALICE))))
        return path
    return write_file


def faults(result, path):
    """(line, reason) of each fault that the command tells; it tells nothing else."""
    assert result.code == 2 and result.out == "", result
    lines = [line for line in result.err.splitlines() if not line.startswith("hint: ")]
    found = []
    for line in lines:
        begin = f"tapgrant: {path}:"
        assert line.startswith(begin), result
        number, reason = line[len(begin):].split(": ", 1)
        found.append((int(number), reason))
    return found


def test_show_writes_the_canonical_form_and_showing_that_changes_nothing(host, write):
    once = host.tapgrant("show", write(FILE), check=True).out
    assert once == CANONICAL.replace("{uid}", str(uid(ALICE)))
    assert host.tapgrant("show", write(once, "again.conf"), check=True).out == once


def test_show_reads_standard_input(host):
    process = host.start(TAPGRANT, "show", "-", user=ALICE)
    out, err = process.communicate("[interface a]\nqueues=2\n", timeout=20)
    assert (process.returncode, out, err) == (0, "[interface a]\nqueues = 2\n", "")


def test_show_drops_generated_names_of_saved_definitions_only(host, write):
    path = write("[interface a]\ndev = tg3\nmanaged = yes\n[interface b]\ndev = tg4\nmanaged = no\n[interface c]\ndev = vnet0\n")
    live = "[interface a]\ndev = tg3\nmanaged = yes\n\n[interface b]\ndev = tg4\nmanaged = no\n\n[interface c]\ndev = vnet0\n"
    assert host.tapgrant("show", path, check=True).out == live
    assert host.tapgrant("show", "--inactive", path, check=True).out == live.replace("dev = tg3\n", "")


def test_managed_is_written_back_only_if_it_was_given(host, write):
    for managed in ("", "managed = yes\n", "managed = no\n"):
        text = f"[interface a]\ndev = keep0\n{managed}"
        assert host.tapgrant("show", "--inactive", write(text), check=True).out == text


def test_show_prints_json_with_the_keys_given(host, write):
    path = write("[interface a]\ndev = vm\nbridge = none\nhost-mac = fe:54:00:12:34:56\nqueues = 2\nvnet-hdr = no\n"
                 "script = /etc/up\n[interface b]\n")
    assert host.tapgrant("show", "--json", path, check=True).json == [
        {"label": "a", "dev": "vm", "bridge": None, "host_mac": "fe:54:00:12:34:56", "queues": 2, "vnet_hdr": False,
         "script": "/etc/up"}, {"label": "b"}]


@pytest.mark.parametrize("verb", [["show"], ["create", "-f"], ["check", "-f"], ["run", "-f"]])
def test_all_faults_are_told_with_file_and_line(host, write, verb):
    path = write("[interface a]\nmtu = 9\nmanaged = maybe\n[interface a]\nowner = alice\n[interface b]\nmanaged = no\n")
    words = ["--", "true"] if verb[0] == "run" else []
    assert faults(host.tapgrant(*verb, path, *words), path) == [
        (2, "invalid 'mtu' value '9' (68-65521)"), (3, "invalid 'managed' value 'maybe'"),
        (5, "'owner' is for tapgrant-apply's definitions only"), (6, "target dev must be supplied when managed='no'"),
        (4, "repeated section: [interface a] is on line 1")]


def test_faults_as_json_are_all_in_one_object(host, write):
    path = write("[interface a]\nmtu = 9\nqueues = 0\n")
    result = host.tapgrant("show", "--json", path)
    assert result.code == 2 and result.json["code"] == 2 and result.json["object"] == f"{path}:2"
    assert [fault["line"] for fault in result.json["faults"]] == [2, 3]


def test_a_file_that_cannot_be_read_is_said(host):
    result = host.tapgrant("show", host.folder / "nosuch")
    assert result.code == 2 and "cannot be read: No such file or directory" in result.err
    assert host.tapgrant("show", host.folder).code == 2


def test_lint_tells_the_faults_of_definitions(host, write):
    path = write("[interface a]\nmtu = 9\nmanaged = maybe\n")
    result = host.tapgrant("lint", path)
    assert result.code == 2 and result.err == (f"{path}:2: invalid 'mtu' value '9' (68-65521)\n"
                                               f"{path}:3: invalid 'managed' value 'maybe' (managed is yes or no)\n")
    assert host.tapgrant("lint", write(FILE)).err == ""


def test_lint_knows_the_administrators_definitions(host, write):
    host.bridge("br0")
    path = write(f"[interface a]\nowner = {ALICE}\ndev = web0\nbridge = br0\nguest-mac = 52:54:00:ab:cd:01\nisolate = yes\n"
                 "lock-mac = yes\n")
    assert (host.tapgrant("lint", path).code, host.tapgrant("lint", path).err) == (0, "")
    path = write(f"[interface a]\nowner = {ALICE}\npersist = yes\nscript = /x\n")
    assert [line.split(": ")[0][len(str(path)) + 1:] for line in host.tapgrant("lint", path).err.splitlines()] == ["1", "3", "4"]


def test_run_takes_interfaces_from_a_file_and_names_them_by_label(lab, write):
    lab.tap()
    result = lab.tapgrant("run", "-f", write(FILE), "--", "echo", "{web.dev}", "{1.dev}", "{web.guest-mac}", "{uplink.fd}",
                          "{0.fd}", "{other}", check=True)
    dev, uplink, mac, fd, zero, other = result.out.split()
    assert (dev, uplink, mac, other) == (f"u{uid(ALICE)}-web", "mytap0", "52:54:00:ab:cd:01", "{other}")
    assert fd != zero and fd.isdigit() and zero.isdigit()


def test_run_refuses_a_label_that_no_interface_has(lab, write):
    path = write("[interface web]\nbridge = br0\n")
    result = lab.tapgrant("run", "-f", path, "--", "echo", "{wbe.fd}")
    assert result.code == 2 and "no interface has the label wbe" in result.err
    assert lab.taps() == []


def test_create_takes_interfaces_from_a_file(lab, write):
    path = write("[interface web]\ndev = u{uid}-web\nbridge = br0\nmtu = 1500\nqueues = 2\n[interface any]\nbridge = br0\ndev = tg99\n")
    names = lab.tapgrant("create", "-f", path, check=True).out.split()
    assert names == [f"u{uid(ALICE)}-web", "tg0"], "a generated name is not asked for again"
    assert lab.link(names[0])["linkinfo"]["info_data"]["multi_queue"] and lab.link(names[0])["linkinfo"]["info_data"]["persist"]


def test_create_makes_none_if_one_of_the_file_is_unmanaged(lab, write):
    path = write(FILE)
    result = lab.tapgrant("create", "-f", path)
    assert result.code == 2 and result.err.startswith(f"tapgrant: {path}:8: create makes managed interfaces"), result
    assert lab.taps() == []


def test_check_answers_for_each_label(lab, write):
    path = write("[interface web]\nbridge = br0\n[interface db]\nbridge = br0\nmtu = 1000\n[interface up]\ndev = x\nmanaged = no\n")
    result = lab.tapgrant("check", "--json", "-f", path)
    assert result.code == 3
    assert [(one["label"], one["verdict"]) for one in result.json] == [("web", "allow"), ("db", "deny"), ("up", "allow")]
    assert f"{path}:3: [interface db]:" in lab.tapgrant("check", "-f", path).out


@pytest.mark.parametrize("words, says", [
    (["-f", "{file}", "--net", "bridge=br0"], "not from both"), (["-f", "{file}", "-f", "{file}"], "-f is given twice"),
    (["-f"], "-f needs a value"), (["-f", "{empty}"], "has no [interface LABEL]"), (["-f", "{many}"], "65 interfaces (at once")])
def test_what_is_no_use_of_a_file_is_said(lab, write, words, says):
    files = {"{file}": write("[interface a]\n"), "{empty}": write("; none\n", "e.conf"),
             "{many}": write("".join(f"[interface i{n}]\n" for n in range(65)), "m.conf")}
    result = lab.tapgrant("check", *[files.get(word, word) for word in words])
    assert result.code == 2 and says in result.err, result
