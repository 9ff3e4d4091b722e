# SPDX-License-Identifier: LGPL-2.1-or-later
"""P1 to P17 of SECURITY.md's table: the process, its privilege, its log.  Most of them are in tests/hostile."""
import json
import os
import re
import socket
import subprocess

import pytest

from ask_helper import interface, receive_all, request
from calls import ASKED, POLICY
from host import ALICE, HELPER, POLICY as POLICY_FILE, uid
from test_denial import CAUSES, RULE

KEYS = ["uid", "verdict", "rule", "device", "index", "bridge", "stage", "error", "via"]


def log_of(arena, **job):
    """The lines that a run logs, each as its fields."""
    arena.host.log_lines()
    arena.resident.stdin.write(json.dumps(job) + "\n")
    arena.resident.stdin.flush()
    result = json.loads(arena.resident.stdout.readline())
    lines = arena.host.log_lines()
    for line in lines:
        head, fields = re.fullmatch(r"<(\d+)>tapgrant\[\d+\]: (.*)", line).groups()
        assert head in ("85", "86") and line.isascii() and line.isprintable(), line  # authpriv, notice or info
        assert [field.split("=")[0] for field in fields.split(" ")] == KEYS, line
        assert f"uid={uid(ALICE)} " in line
    return result["answer"], [dict(field.split("=", 1) for field in line.split(": ", 1)[1].split(" ")) for line in lines]


@pytest.mark.parametrize("setup", ["argv NULL", "argv empty text", "argv of 2 KiB", "argv of 100 KiB"])
def test_the_log_has_no_name_from_the_caller(arena, setup):
    """CVE-2023-6246: argv[0] of a setuid program was syslog(3)'s identity."""
    answer, lines = log_of(arena(POLICY), request=ASKED.hex(), setup=[setup])
    assert answer == "granted" and [line["device"] for line in lines] == ["tg0", "tg1"]


@pytest.mark.parametrize("field, value", [
    ("dev", b"a\nb"), ("dev", b"\x1b[31m"), ("dev", b"a uid=0"), ("dev", b"\x9bq"), ("bridge", b"br0 uid=0"), ("bridge", b"br0\n<0>x"),
    ("bridge", b"\x9b2J"), ("bridge", b"br\x7f"), ("bridge", b"x" * 16)])
def test_what_was_not_validated_is_not_logged(arena, field, value):
    """CVE-2023-28486, CVE-2011-0721: control characters, a second line, further fields."""
    answer, (line,) = log_of(arena(POLICY), request=request(interface(**{field: value})).hex())
    assert answer == line["verdict"] == "malformed" and line["device"] == line["bridge"] == line["rule"] == ""


def test_a_name_that_looks_like_a_field_stays_in_its_own(arena):
    answer, (line,) = log_of(arena(POLICY), request=request(interface(bridge=b"verdict=granted")).hex())
    assert answer == line["verdict"] == "denied" and line["bridge"] == "verdict=granted"


@pytest.mark.parametrize("log", ["none", "full", "of another kind"])
def test_a_log_that_takes_nothing_holds_nobody(lab, log):
    if log == "full":
        lab.listen_log()
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        sender.connect(str(lab.root("/dev/log")))
        with pytest.raises(BlockingIOError):
            while True:
                sender.send(b"x" * 1000)
    if log == "of another kind":
        lab.run("mkfifo", "/dev/log")
    assert lab.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 0


def test_where_the_helper_lies_does_not_matter(lab):
    """CVE-2021-44730: found relative to /proc/self/exe, what belongs to it was the attacker's.  It reads the compiled-in policy."""
    lab.run("mount", "-t", "tmpfs", "tmpfs", lab.folder)
    lab.run("mkdir", "-p", lab.folder / "libexec", lab.folder / "etc/tapgrant")
    lab.root(lab.folder / "etc/tapgrant/policy.conf").write_text("[rule evil]\nuser = *\nbridge = * none\nisolate = no\nlock-mac = no\n")
    copy = lab.folder / "libexec/tapgrant-helper"
    lab.root(copy).write_bytes(HELPER.read_bytes())
    lab.root(copy).chmod(0o4755)
    lab.bind(copy, HELPER)
    lab.policy("")
    assert lab.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 3


def test_a_caller_who_is_root_in_his_namespace_is_nobody_here(lab):
    """CVE-2017-5985, CVE-2018-7169."""
    for options in (["-Ur"], ["-Urn"], ["-U"], ["-Urm"]):
        done = lab.run("unshare", *options, HELPER, user=ALICE, check=False)
        assert done.code == 1 and lab.taps() == [], options


def test_nobody_can_speak_to_the_helpers_netlink_socket(arena):
    """CVE-2009-1185, CVE-2012-3520: messages that were not the kernel's were believed.  Its socket is connected to the kernel."""
    one = arena(POLICY)
    told = one.do(request=ASKED.hex(), stop=["connect", 2], poke=["forged as caller", "forged as root", "continue"])
    assert told["wrong"] == [] and told["answer"] == "granted", told
    assert told["seen"]["forged as caller"] in ("EPERM", "ECONNREFUSED") and told["seen"]["forged as root"] == "ECONNREFUSED"


def asked(host):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        ours.send(request(interface()))
        with theirs:
            done = subprocess.run(host.command([HELPER], ALICE), stdin=theirs, capture_output=True, timeout=10, check=False)
        answer, reply, descriptors = receive_all(ours)
    assert not descriptors
    return done.returncode, answer, reply, done.stdout, done.stderr


def test_a_denial_is_one_answer_in_every_byte(host):
    """CVE-2018-6556, CVE-2022-47952: wording, status, and here every byte of the answer, are the same for all causes."""
    seen = {}
    for name, cause in CAUSES.items():
        for link in host.links():
            if link["ifname"] != "lo":
                host.run("ip", "link", "del", link["ifname"], check=False)
        host.run("sh", "-c", "umount -q $0; mount -t tmpfs -o mode=0755 tmpfs $0", POLICY_FILE.parent)
        host.bridge("br0")
        host.policy(RULE)
        cause(host)
        seen[name] = asked(host)
    assert set(seen.values()) == {seen["no rule"]} and seen["no rule"][:2] == (1, "denied"), seen


def test_the_hardening_of_the_binary():
    """CVE-2021-3156 and the like: what a mistake in boring code meets."""
    headers = os.popen(f"readelf -lW {HELPER}").read()
    assert re.search(r"GNU_STACK\s.* RW ", headers) and "GNU_RELRO" in headers and not re.search(r"LOAD .* RWE", headers)
    symbols = os.popen(f"nm -D {HELPER}").read()
    assert "__stack_chk_fail" in symbols and "__snprintf_chk" in symbols
    assert not re.search(r" U (getenv|secure_getenv|system|popen|dlopen|exec\w+|v?fork|strcpy|strcat|gets|atoi|__strcpy_chk|__strcat_chk)@",
                         symbols)
