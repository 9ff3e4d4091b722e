# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed units, the account, and the library on a host where the service listens."""
import shutil
import subprocess

from daemon import ACCOUNT, SERVICE, Service
from host import ALICE, HELPER, PREFIX

UNITS = PREFIX / "lib/systemd/system"


def test_the_unit_leaves_little_to_a_service_that_is_in_other_hands():
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", UNITS / "tapgrant.service"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_units_name_what_is_installed():
    service, socket = ((UNITS / f"tapgrant.{kind}").read_text() for kind in ("service", "socket"))
    assert f"ExecStart={SERVICE}\n" in service and f"User={ACCOUNT}\n" in service
    assert "ListenSequentialPacket=/run/tapgrant/socket\n" in socket and "SocketMode=0666\n" in socket
    assert "@" not in socket and (PREFIX / "lib/sysusers.d/tapgrant.conf").read_text().splitlines()[1].startswith(f"u {ACCOUNT} ")


def test_systemd_takes_the_units_as_they_are(tmp_path):
    """All but what they name: the account, which is not on this machine."""
    for kind in ("service", "socket"):
        (tmp_path / f"tapgrant.{kind}").write_text((UNITS / f"tapgrant.{kind}").read_text())
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / "tapgrant.socket", tmp_path / "tapgrant.service"],
                          capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "tapgrant" in line]
    assert not ours, ours


def test_the_library_is_served_by_the_service_where_it_listens_and_by_the_helper_elsewhere(lab):
    lab.listen_log()
    lab.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    with Service(lab, path="/run/tapgrant/socket"):
        lab.tapgrant("run", "--net", "bridge=br0", "--", "true", check=True)
        lab.tapgrant("run", "--net", "bridge=br0", "--", "true", check=True, extra=["--no-new-privs"])
    lab.tapgrant("run", "--net", "bridge=br0", "--", "true", check=True)
    ways = [line.rpartition("via=")[2] for line in lab.log_lines() if "verdict=granted" in line]
    assert ways == ["service", "service", "setuid"]
    done = lab.tapgrant("run", "--net", "bridge=br0", "--", "true", extra=["--no-new-privs"])
    assert done.code != 0, done


def copy_helper(host):
    """The helper, as a file of this host alone."""
    copy = host.folder / "helper"
    shutil.copyfile(HELPER, copy)
    copy.chmod(0o4755)
    host.bind(copy, HELPER)
    return HELPER


def test_a_host_that_is_switched_keeps_its_taps_and_counts_them(lab):
    """From the helper to the service and back: a user has one quota, whichever way the taps came."""
    lab.policy("[rule lab]\nuser = *\nbridge = br0\nisolate = no\nlock-mac = no\nmax = 2\n")
    lab.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    lab.hold("bridge=br0")
    lab.run("chmod", "u-s", copy_helper(lab))
    with Service(lab, path="/run/tapgrant/socket"):
        lab.hold("bridge=br0")
        assert lab.taps() == ["tg0", "tg1"]
        assert lab.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 5
    lab.run("chmod", "u+s", HELPER)
    done = lab.tapgrant("run", "--net", "bridge=br0", "--", "true")
    assert done.code == 5 and lab.taps() == ["tg0", "tg1"], done


def test_a_tap_that_was_just_granted_is_held_by_nobody_else(lab):
    """It can be closed, and opened by its name, at once: what was made to stay for a command that cannot run is deleted so."""
    lab.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    with Service(lab, path="/run/tapgrant/socket"):
        for _ in range(10):
            result = lab.tapgrant("run", "--net", "bridge=br0,persist=yes", "--", "/nonexistent", user=ALICE)
            assert result.code == 127 and "in use" not in result.err, result
    assert not lab.taps()
