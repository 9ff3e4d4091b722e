# SPDX-License-Identifier: LGPL-2.1-or-later
"""What meson install puts where, with which mode."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from host import ALICE, HELPER, POLICY, PREFIX, TAPGRANT, beside_build

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def build():
    """One for all: the options that are tried decide about modes and owners, and compile nothing anew."""
    folder = beside_build("install")
    subprocess.run(["meson", "setup", folder, TOP, "--prefix", "/usr", "--sysconfdir", "/etc", "--libexecdir", "libexec",
                    "-Dselinux=disabled"], check=True, capture_output=True)
    return folder


def install(build, tmp_path, *options):
    root = tmp_path / "root"
    subprocess.run(["meson", "configure", build, "-Dprivilege=both", "-Dgroup=", *options], check=True, capture_output=True)

    def again():
        again.out = subprocess.run(["meson", "install", "-C", build], check=True, capture_output=True, text=True,
                                   env=os.environ | {"DESTDIR": str(root)}).stdout
    again()
    return root, again


@pytest.mark.parametrize("options, mode, group", [
    ([], 0o4755, "root"), ([f"-Dgroup={ALICE}"], 0o4750, ALICE), (["-Dprivilege=none"], 0o755, "root")])
def test_the_helpers_mode(build, tmp_path, options, mode, group):
    root, again = install(build, tmp_path, *options)
    assert "does not exist" not in again.out
    helper = root / "usr/libexec/tapgrant-helper"
    assert (helper.stat().st_mode & 0o7777, helper.owner(), helper.group()) == (mode, "root", group)
    sockets = [unit.read_text() for unit in root.rglob("tapgrant.socket")]
    assert len(sockets) == (options != ["-Dprivilege=none"])
    assert all(f"SocketGroup={group}\nSocketMode={'0660' if options else '0666'}\n" in text for text in sockets)
    library = next(root.rglob("libtapgrant.so.0"))
    assert library.exists() and next(root.rglob("tapgrant.pc")).read_text().count("/usr/libexec/tapgrant-helper") == 1
    dynamic = subprocess.run(["readelf", "-d", root / "usr/bin/tapgrant"], capture_output=True, text=True).stdout
    assert "RUNPATH" not in dynamic and "RPATH" not in dynamic


@pytest.mark.parametrize("privilege, programs, units, setuid", [
    ("both", {"tapgrant-helper", "tapgrantd"}, True, {"tapgrant-helper"}), ("service", {"tapgrantd"}, True, set()),
    ("setuid", {"tapgrant-helper"}, False, {"tapgrant-helper"}), ("none", {"tapgrant-helper", "tapgrantd"}, False, set())])
def test_the_ways_in_that_are_installed(build, tmp_path, privilege, programs, units, setuid):
    root, again = install(build, tmp_path, f"-Dprivilege={privilege}", "-Dgroup=tg-nobody")
    folder = root / "usr/libexec"
    assert {path.name for path in folder.iterdir()} & {"tapgrant-helper", "tapgrantd"} == programs
    assert {path.name for path in root.rglob("*") if path.is_file() and path.stat().st_mode & 0o6000} == setuid
    assert {path.name for path in root.rglob("tapgrant.s*") if path.suffix in (".socket", ".service")} == (
        {"tapgrant.socket", "tapgrant.service"} if units else set())
    assert bool(list(root.rglob("sysusers.d/tapgrant.conf"))) == ("tapgrantd" in programs)
    # the group does not exist: that is left to the packager, and until then nobody but root can execute the helper
    begins = "group tg-nobody (-Dgroup) does not exist here: the package has to make it"
    lines = {line for line in again.out.splitlines() if line.startswith(begins)}
    assert len(lines) == (privilege != "none")
    assert any("and /usr/libexec/tapgrant-helper root:tg-nobody with mode 4750" in line for line in lines) == bool(setuid)
    for helper in (folder / name for name in setuid):
        assert (helper.stat().st_mode & 0o7777, helper.owner(), helper.group()) == (0o4750, "root", "root")


def test_a_policy_is_installed_once_and_never_over_an_edited_one(build, tmp_path):
    root, again = install(build, tmp_path)
    policy = root / "etc/tapgrant/policy.conf"
    assert policy.stat().st_mode & 0o7777 == 0o644 and policy.read_text() == (TOP / "conf/policy/policy.conf").read_text()
    policy.write_text("; mine\n")
    again()
    assert policy.read_text() == "; mine\n"
    policy.unlink()
    policy.symlink_to("not-yet-there")
    again()
    assert policy.is_symlink() and not policy.exists()


@pytest.mark.parametrize("group, line", [
    ("tg-nobody", "group tg-nobody (-Dgroup) does not exist: make it with groupadd tg-nobody, and install again\n"), (ALICE, "")])
def test_without_destdir_a_group_that_does_not_exist_fails_the_installation_with_one_line(group, line):
    result = subprocess.run([TOP / "helper/check-group.sh", group, HELPER], capture_output=True, text=True, check=False,
                            env={name: value for name, value in os.environ.items() if name != "DESTDIR"})
    assert (result.returncode, result.stdout, result.stderr) == (int(line != ""), "", line)


def test_the_socket_has_an_absolute_path(tmp_path):
    result = subprocess.run(["meson", "setup", tmp_path / "build", TOP, "-Drundir=run"], capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "-Drundir must be an absolute path" in result.stdout


def test_the_shipped_policy_parses_and_denies_everything(host):
    host.bridge("br0")
    host.policy((TOP / "conf/policy/policy.conf").read_text())
    assert host.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 3
    # uncommented as its text says, its first example is a policy that grants
    host.policy("")
    keys = set(re.findall(r"^; *([a-z-]+) +=", (TOP / "conf/policy/policy.conf").read_text(), re.M))
    assert keys == {"user", "bridge", "isolate", "lock-mac", "dev", "guest-mac", "host-mac", "mtu", "queues", "max",
                    "allow-unpinned-bridge", "allow-ra-bridge", "allow-other-netns"}


def test_pages_and_messages_name_the_installed_paths():
    pages = {path.name: path.read_text() for path in PREFIX.rglob("*.[1-8]")}
    assert set(pages) == {"tapgrant.1", "tapgrant-helper.8", "tapgrant-bridge-helper.8", "tapgrant-apply.8", "tapgrant_selinux.8", "tapgrantd.8",
                          "tapgrant-policy.5", "tapgrant-interfaces.5", "libtapgrant.3", "tapgrant-protocol.7"}
    assert all("@" not in text for text in pages.values())
    assert str(HELPER) in pages["tapgrant-helper.8"] and str(POLICY) in pages["tapgrant-policy.5"]
    assert TAPGRANT.exists()
