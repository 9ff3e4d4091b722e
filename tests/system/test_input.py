# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is wrong with a request is said before anything is executed; what is wrong with the host, with its remedy."""
import os
import re
import struct

import pytest

from host import ALICE, HELPER, PREFIX, TAPGRANT, uid

MARK = "#!/bin/sh\ntouch /dev/shm/executed\n"
BAD = {
    "dev": ["abcdefghijklmnop", "tap%d", "../x", "1x", "-x", "a.b", "a b", "all", "default", "none", "tg0", "tg12", "\x1b[31m",
            "é", "x\n"],
    "bridge": ["abcdefghijklmnop", "a/b", "a b", "\x9b"],
    "guest-mac": ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "52:54:00:12:34", "52:54:00:12:34:5g",
                  "52-54-00-12-34-56", "52:54:00:12:34:56:78"],
    "host-mac": ["03:00:00:00:00:01", "x"],
    "mtu": ["67", "65522", "0", "-1", "1500.0", "0x5dc", "01500", "99999999999999999999", " 1500"],
    "queues": ["0", "254", "-1", "two", "4294967297"],
    "vnet-hdr": ["on", "YES", "1"],
    "persist": ["maybe"],
    "type": ["network"],
}


@pytest.fixture
def marked(lab):
    """A lab whose helper leaves a mark when it is executed."""
    double = lab.folder / "helper"
    double.write_text(MARK)
    double.chmod(0o755)
    lab.bind(double, HELPER)
    yield lab
    assert not lab.root("/dev/shm/executed").exists(), "the helper was executed"
    assert lab.taps() == []


def refused(result):
    assert result.code == 2 and not result.out
    line = result.err.splitlines()[0]
    assert line.startswith("tapgrant: ") and line.isprintable() and result.err.isascii()
    return line


@pytest.mark.parametrize("key, value", [(key, value) for key, values in BAD.items() for value in values])
def test_a_bad_value_is_said_with_what_is_allowed(marked, key, value):
    line = refused(marked.tapgrant("run", "--net", f"{key}={value}", "--", "true"))
    shown = "".join(c if c.isascii() and c.isprintable() else "".join(f"\\x{b:02x}" for b in c.encode()) for c in value)
    assert f"invalid '{key}' value '{shown}' (" in line


@pytest.mark.parametrize("spec, words", [
    ("colour=red", "unknown key 'colour' (dev, type, "),
    ("mac=52:54:00:12:34:56", "guest-mac"),
    ("mac=52:54:00:12:34:56", "host-mac"),
    ("owner=1000", "tapgrant-apply"), ("isolate=yes", "tapgrant-apply"), ("lock-mac=yes", "tapgrant-apply"),
    ("bridge", "not key=value"), ("bridge=br0,", "comma"), (",bridge=br0", "not key=value"), ("bridge=", "no value"),
    ("mtu=1500,mtu=1500", "given twice"), ("type=bridge", "needs a bridge="),
    ("type=ethernet,bridge=br0", "type=ethernet has no bridge"), ("x" * 2000 + "=1", "1023"),
    ("guest-mac=52:54:00:00:00:01,host-mac=52:54:00:00:00:01", "same as guest-mac"),
    ("dev=a,,b", "invalid 'dev' value 'a,b'"),
    ("managed=maybe", "invalid 'managed' value 'maybe'"), ("managed=NO", "invalid 'managed' value 'NO'"),
    ("managed=", "invalid 'managed' value ''"),
    ("managed=no,bridge=br0", "unmanaged target dev is not supported on interfaces of type 'bridge'"),
    ("managed=no,type=bridge", "unmanaged target dev is not supported on interfaces of type 'bridge'"),
    ("managed=no", "target dev must be supplied when managed='no'"),
    ("managed=no,dev=x,mtu=1500", "'mtu' has no meaning with managed=no"),
    ("managed=no,dev=x,host-mac=02:00:00:00:00:01", "'host-mac' has no meaning with managed=no"),
    ("managed=no,dev=x,persist=no", "'persist' has no meaning with managed=no")])
def test_a_description_that_makes_no_sense(marked, spec, words):
    assert words in refused(marked.tapgrant("run", "--net", spec, "--", "true"))


@pytest.mark.parametrize("words", [
    ["run"], ["run", "--", "true"], ["run", "--net"], ["run", "--net", "bridge=br0"], ["run", "--frob", "--", "true"],
    ["create"], ["create", "--net", "bridge=br0", "extra"], ["delete"],
    ["delete", "--frob"], ["list", "extra"], ["list", "--tre"], ["create", "--ne", "bridge=br0"], ["delete", "--js", "tg0"],
    ["show", "--inact", "-"], ["import", "--own", "1", "-"], ["create", "--net", "dev=a", "--net", "dev=a"],
    ["create", *["--net", "bridge=br0"] * 65],
    ["create", *["--net", "bridge=br0,queues=200"] * 2]])
def test_a_command_line_that_makes_no_sense(marked, words):
    refused(marked.tapgrant(*words))


@pytest.mark.parametrize("spec, words", [("bridge=br0,", "a comma at the end"), ("managed=no,dev=x", "managed=no is for one"),
                                         ("persist=no", "persist=no has no meaning here"),
                                         ("script=/bin/true", "script and downscript are for run"),
                                         ("downscript=/bin/true", "script and downscript are for run")])
def test_create_speaks_of_what_its_user_wrote(marked, spec, words):
    assert words in refused(marked.tapgrant("create", "--net", spec))


def test_create_takes_persist_yes_as_well(lab):
    assert lab.tapgrant("create", "--net", "bridge=br0,persist=yes", check=True).out == "tg0\n"


@pytest.mark.parametrize("words", [["create", "--net", "bridge=br0"], ["list", "--json"], ["create", "--json", "--net", ""]])
def test_output_that_cannot_be_written_is_a_failure(lab, words):
    result = lab.run("sh", "-c", 'exec "$@" >/dev/full', "sh", TAPGRANT, *words, user=ALICE, check=False)
    assert result.code == 1 and "standard output: cannot be written" in result.err


def test_closed_standard_descriptors_get_no_tap(lab):
    """What is said on descriptor 2 must not be sent into a tap that was opened there."""
    lab.tap("mytap0", None)
    script = 'exec "$@" 0<&- 2>&-'
    result = lab.run("sh", "-c", script, "sh", TAPGRANT, "run", "--net", "managed=no,dev=mytap0", "--", "echo", "{fd}", user=ALICE)
    assert int(result.out) > 2


@pytest.mark.parametrize("spec", ["bridge=br0", "managed=no,dev=mytap0"])
def test_no_descriptors_left_is_said(lab, spec):
    lab.tap("mytap0")
    said = set()
    for files in range(3, 10):
        result = lab.run("prlimit", f"--nofile={files}:{files}", TAPGRANT, "run", "--net", spec, "--", "true", user=ALICE,
                         check=False)
        assert result.code in (0, 1, 3, 127) and "vanished" not in result.err, result
        if result.code == 1 and "open files" in result.err:
            said.add("hint: raise the limit" in result.err)
    assert said <= {True}


def test_an_error_is_an_object_too(lab):
    result = lab.tapgrant("create", "--json", "--net", "bridge=br9")
    assert result.code == 3
    assert result.json == {"error": "denied", "code": 3, "reason_code": "denied", "object": "bridge br9", "reason": "denied by policy: br9 does not exist",
                           "hint": "tapgrant check --net bridge=br9,persist=yes"}


# The host's fault -------------------------------------------------------------------------------------------------------


def failed(result, *words):
    assert result.code == 1 and not result.out, result
    reason, hint = result.err.splitlines()
    assert hint.startswith("hint: ")
    for word in words:
        assert word in result.err, result
    return hint.removeprefix("hint: ")


def ask(host, **kwargs):
    result = host.tapgrant("run", "--net", "bridge=br0", "--", "true", **kwargs)
    assert host.taps() == []
    return result


def copy_helper(host, mode):
    """Another helper in its place: chown and cp drop the setuid bit, so the mode comes last."""
    copy = host.folder / "helper"
    copy.write_bytes(HELPER.read_bytes())
    copy.chmod(mode)
    host.bind(copy, HELPER)


def test_no_helper(lab):
    lab.run("mount", "-t", "tmpfs", "tmpfs", HELPER.parent)
    failed(ask(lab), str(HELPER), "No such file", "install")


def test_a_helper_that_is_not_setuid(lab):
    copy_helper(lab, 0o755)
    hint = failed(ask(lab), "is not setuid root")
    lab.run("sh", "-ec", hint)
    assert ask(lab).code == 0


def test_a_helper_for_a_group(lab):
    copy_helper(lab, 0o4750)
    failed(ask(lab), "Permission denied", "only members of group 0 may")


def test_a_nosuid_mount(lab):
    lab.run("mount", "-t", "tmpfs", "-o", "nosuid", "tmpfs", lab.folder)
    copy = lab.root(lab.folder / "helper")
    copy.write_bytes(HELPER.read_bytes())
    copy.chmod(0o4755)
    lab.bind(lab.folder / "helper", HELPER)
    failed(ask(lab), "mounted nosuid", "remount,suid")


def test_no_new_privs(lab):
    failed(ask(lab, extra=["--no-new-privs"]), "no_new_privs", "tapgrant run")


def test_a_user_namespace(lab):
    for options in ("-Ur", "-Urn"):
        result = lab.run("unshare", options, TAPGRANT, "run", "--net", "bridge=br0", "--", "true", user=ALICE, check=False)
        failed(result, "user namespace", "outside the namespace")


def test_a_traced_caller(lab):
    result = lab.run("strace", "-f", "-o", "/dev/null", TAPGRANT, "run", "--net", "bridge=br0", "--", "true", user=ALICE,
                     check=False)
    failed(result, "traced")


def test_no_tun_node(lab):
    lab.run("rm", "/dev/net/tun")
    failed(ask(lab), "/dev/net/tun: does not exist", "modprobe tun")


def test_a_tun_node_whose_mode_is_not_why(lab):
    """An access list: others may, this user may not.  Where SELinux refuses: tests/selinux."""
    entries = [(1, 6, -1), (2, 0, uid(ALICE)), (4, 6, -1), (16, 6, -1), (32, 6, -1)]  # linux/posix_acl.h: the second is the user's
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    lab.run("python3", "-c", f"import os; os.setxattr('/dev/net/tun', 'system.posix_acl_access', {acl!r})")
    failed(ask(lab), f"a security module or access list refuses what its mode (0666) allows uid {uid(ALICE)}", "getfacl /dev/net/tun")


def test_a_closed_tun_node(lab):
    lab.run("chmod", "0600", "/dev/net/tun")
    failed(ask(lab), f"/dev/net/tun: uid {uid(ALICE)} may not open it", "chmod 0666 /dev/net/tun")
    lab.run("chmod", "0666", "/dev/net/tun")
    assert ask(lab).code == 0


@pytest.mark.parametrize("spec", ["bridge=br0", "managed=no,dev=mytap0"])
def test_a_tun_node_without_its_driver(lab, spec):
    lab.tap("mytap0")
    lab.run("sh", "-c", "rm /dev/net/tun; mknod -m 0666 /dev/net/tun c 10 254")
    failed(lab.tapgrant("run", "--net", spec, "--", "true"), "/dev/net/tun: ", "modprobe tun")


def test_a_tun_node_for_a_group(lab):
    lab.run("sh", "-c", "chmod 0660 /dev/net/tun; chgrp 77002 /dev/net/tun")
    failed(ask(lab), "add the user to group 77002")
    lab.root("/etc/group").open("a").write(f"tgtun:x:77002:{ALICE}\n")
    assert ask(lab).code == 0


def test_the_installed_mode_and_what_the_helper_needs():
    mode = HELPER.stat()
    assert (mode.st_mode & 0o7777, mode.st_uid, mode.st_gid) == (0o4755, 0, 0)
    needed = re.findall(r"NEEDED.*\[(.*)\]", os.popen(f"readelf -d {HELPER}").read())
    assert {re.sub(r"\.so.*", "", name) for name in needed} <= {
        "libcap-ng", "libmnl", "libinih", "libc", "ld-linux-x86-64"}
    flags = os.popen(f"readelf -dW {HELPER}").read()
    assert "BIND_NOW" in flags and "PIE" in flags
    assert PREFIX.as_posix() not in flags.split("RPATH")[-1] or "RUNPATH" not in flags
