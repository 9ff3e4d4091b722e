# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed units under systemd as process 1: one boot for all tests of this file."""
import contextlib
import json
import os
import re
import signal
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon import ACCOUNT, Service, state, until
from host import ALICE, PREFIX, TAPGRANT, uid
from machine import UNITS, Machine

SOCKET = Path("/run/tapgrant/socket")
POLICY = f"""\
[rule alice]
user = {uid(ALICE)}
bridge = br0
isolate = no
lock-mac = no

[rule team]
user = %vms
bridge = br0
isolate = no
lock-mac = no
"""
PROBE = "/usr/local/lib/probe.py"
# What a line of the unit forbids a process that has root's uid and the unit's capabilities, and what it then meets.
BITES = {
    "ProtectSystem=strict": [("make a file in /etc", "EROFS"), ("make a file in /var/lib", "EROFS")],
    "ProtectHome=yes": [("list /root", "EACCES")],
    "PrivateTmp=yes": [("see a file in the host's /tmp", "ENOENT")],
    "PrivateDevices=yes": [("open a device of the host's", "ENOENT")],
    "ProtectKernelTunables=yes": [("read the kernel's symbols", "EACCES")],
    "ProtectControlGroups=yes": [("make a cgroup", "EROFS")],
    "ProtectKernelModules=yes": [("list the kernel's modules", "EACCES")],
    "RestrictAddressFamilies=": [("make an internet socket", "EAFNOSUPPORT")],
    "RestrictNamespaces=yes": [("make a user namespace", "EPERM")],
    "RestrictSUIDSGID=yes": [("make a setuid file", "EPERM")],
    "MemoryDenyWriteExecute=yes": [("map memory to write and execute", "EPERM")],
    "LockPersonality=yes": [("change the personality", "EPERM")],
    "SystemCallFilter=": [("be traced", "EPERM")],
}
STARTS = 30 if os.environ.get("TAPGRANT_LONG") else 6
NEEDED = ("open the tun device", "set a value of a network device")
KEPT = ("User=", "AmbientCapabilities=", "CapabilityBoundingSet=", "ReadWritePaths=", "BindPaths=", "DeviceAllow=")


@pytest.fixture(scope="module")
def booted():
    """What README says of the first start, done once."""
    machine = Machine()
    try:
        machine.bridge("br0")
        machine.run("groupadd", "--gid", 7777, "vms")
        machine.policy(POLICY)
        machine.run("systemd-sysusers", PREFIX / "lib/sysusers.d/tapgrant.conf")
        machine.systemctl("link", UNITS / "tapgrant.service", UNITS / "tapgrant.socket")
        machine.systemctl("enable", "--now", "tapgrant.socket")
        machine.systemctl("start", "dbus.service")  # systemd-run(1) would: of one test
        yield machine
    finally:
        machine.close()


class Unit(Service):
    """The service as systemd has it: process ids are this machine's."""

    def __init__(self, machine):  # pylint: disable=super-init-not-called
        self.host = machine
        self.socket = SOCKET

    def state(self):
        return self.host.show("tapgrant.service", "ActiveState")

    @property
    def process(self):
        """The parent; its pid is 0 where it does not run."""
        inside = self.host.show("tapgrant.service", "MainPID")
        first = self.host.holder.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return SimpleNamespace(pid=next((int(child) for child in children if state(child, "NSpid")[-1:] == [inside]), 0))

    def children(self):
        """Those that have a filter of their own; those of the unit are everybody's."""
        filters = {process: state(process, "Seccomp_filters") for process in self.processes()}
        least = min(filters.values(), default=None)
        return [process for process, count in filters.items() if count and count != least]

    def ready_children(self):
        return until(lambda: len(self.children()) == 4 and self.children())


@pytest.fixture
def unit(booted):
    """Each test begins with the socket alone."""
    yield Unit(booted)
    booted.systemctl("stop", "tapgrant.service")
    booted.systemctl("reset-failed", "tapgrant.service")
    assert booted.systemctl("is-active", "tapgrant.socket").out == "active\n"


@contextlib.contextmanager
def with_options(machine, name, text):
    """A drop-in for the service."""
    path = machine.root(f"/run/systemd/system/tapgrant.service.d/{name}.conf")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[Service]\n{text}")
    machine.systemctl("daemon-reload")
    try:
        yield
    finally:
        path.unlink()
        machine.systemctl("daemon-reload")


def settings(machine, tap):
    """What a restart must leave; not counters and timers."""
    link = machine.link(tap)
    return [link[key] for key in ("ifindex", "address", "mtu", "master", "ifalias", "altnames", "flags", "operstate")]


def socket_is_there(machine):
    folder, socket = (machine.root(path).stat() for path in (SOCKET.parent, SOCKET))
    assert (stat.S_IMODE(folder.st_mode), folder.st_uid) == (0o755, 0)
    assert stat.S_ISSOCK(socket.st_mode) and (stat.S_IMODE(socket.st_mode), socket.st_uid) == (0o666, 0)
    return True


def test_the_first_connection_starts_it_and_it_is_never_root(unit):
    assert unit.state() == "inactive" and socket_is_there(unit.host)
    unit.host.tapgrant("run", "--net", "bridge=br0", "--", "true", check=True, extra=["--no-new-privs"])
    assert unit.state() == "active"
    account = unit.host.run("id", "-u", ACCOUNT).out.strip()
    for process in (unit.process.pid, *unit.processes()):
        assert state(process, "Uid") == [account] * 4 and state(process, "NoNewPrivs") == ["1"]


def test_its_lines_in_the_journal_are_its_units(unit):
    unit.ask()
    message = f"uid={uid(ALICE)} verdict=granted"
    lines = until(lambda: [line for line in map(json.loads, unit.host.run(
        "journalctl", "--boot", "--output=json", "--unit=tapgrant.service", f"--grep={message}", check=False).out.splitlines())])
    assert all("via=service" in line["MESSAGE"] and line["_SYSTEMD_UNIT"] == "tapgrant.service" for line in lines)


def test_it_ends_when_idle_and_is_started_again(unit):
    with with_options(unit.host, "idle", f"ExecStart=\nExecStart={PREFIX}/libexec/tapgrantd --idle 1\n"):
        assert unit.ask()["status"] == "granted"
        first = unit.process.pid
        until(lambda: not state(first, "Uid"))
        until(lambda: unit.state() == "inactive")
        assert unit.host.show("tapgrant.service", "Result") == "success"
        assert socket_is_there(unit.host)
        assert unit.ask()["status"] == "granted"


@pytest.mark.parametrize("units", [["tapgrant.service"], ["tapgrant.socket", "tapgrant.service"]], ids=lambda units: f"{len(units)} units")
def test_a_tap_that_is_held_stays_where_it_is_restarted(unit, units):
    holder = unit.host.hold("bridge=br0")
    (tap,) = unit.host.taps()
    first, before = unit.process.pid, settings(unit.host, tap)
    unit.host.systemctl("restart", *units)
    assert settings(unit.host, tap) == before and "br0" in before
    assert unit.ask()["status"] == "granted" and unit.process.pid not in (0, first)
    assert socket_is_there(unit.host)
    holder.stdin.close()
    unit.host.wait_gone(tap)


def test_requests_during_a_restart_are_served(unit):
    """One that a child has, by the old service; one that comes meanwhile, by the new one."""
    assert unit.ask()["status"] == "granted"
    first, children = unit.process.pid, unit.ready_children()
    processes = Path(f"/proc/{first}/task/{first}/children")
    before = len(processes.read_text().split())
    for child in children:
        os.kill(child, signal.SIGSTOP)
    served = unit.start_client()
    until(lambda: len(processes.read_text().split()) > before)  # another child is made ready, because one has it
    unit.host.systemctl("restart", "--no-block", "tapgrant.service")
    until(lambda: unit.state() == "deactivating")
    meanwhile = unit.start_client("wait")
    assert meanwhile.stdout.readline() == "connected\n" and state(first, "Uid")
    for child in children:
        os.kill(child, signal.SIGCONT)
    meanwhile.stdin.write("\n")
    meanwhile.stdin.flush()
    assert [json.loads(client.stdout.readline())["status"] for client in (served, meanwhile)] == ["granted"] * 2
    assert until(lambda: unit.process.pid) != first


def test_it_is_started_again_however_often_it_has_failed(unit):
    """Unless told otherwise systemd gives up a service after 5 starts in 10 seconds, and a socket, in a long run, after 20 in 2."""
    starts = unit.host.root("/run/starts")
    with with_options(unit.host, "failing", "ExecStart=\nExecStart=+/bin/sh -c 'echo >>/run/starts; exit 1'\n"):
        client = unit.start_client()
        until(lambda: starts.exists() and len(starts.read_text()) > STARTS, 15)
    assert json.loads(client.stdout.readline())["status"] == "granted"
    starts.unlink()


def test_a_unit_that_makes_up_its_user_and_gains_nothing_is_served_by_its_group(unit):
    """The user id is another one each time, so the rule names a group of the unit's."""
    settings_ = ["DynamicUser=yes", "NoNewPrivileges=yes", "SupplementaryGroups=vms", f"BindReadOnlyPaths={PREFIX}"]
    words = ["systemd-run", "--quiet", "--wait", "--pipe", *(f"--property={setting}" for setting in settings_),
             TAPGRANT, "run", "--net", "bridge=br0", "--", "cat", "/sys/class/net/{dev}/ifalias"]
    alias = re.fullmatch(r"tapgrant uid=(\d+) rule=team\n", unit.host.run(*words).out)
    assert alias and 61184 <= int(alias.group(1)) <= 65519  # systemd.exec(5)


# What a service in other hands cannot do ----------------------------------------------------------------------------------


def probe(machine, is_kept):
    """What the probe does as the unit's program, with the lines of its sandbox that IS_KEPT says."""
    service = (UNITS / "tapgrant.service").read_text().partition("[Service]\n")[2]
    lines = [line for line in service.splitlines() if not line.startswith("ExecStart=") and is_kept(line)]
    command = f"/usr/bin/python3 -B {PROBE} /tmp/of-the-host /dev/of-the-host"
    own = ["Type=oneshot", "SystemCallErrorNumber=EPERM", "StandardOutput=truncate:/run/probe.out", f"ExecStart={command}"]
    machine.root("/run/systemd/system/probe.service").write_text("\n".join(["[Service]", *lines, *own, ""]))
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "probe.service")
    return json.loads(machine.root("/run/probe.out").read_text())


@pytest.fixture
def probed(booted):
    """The machine with the probe, and what it looks for."""
    machine = booted
    machine.root(PROBE).write_text((Path(__file__).resolve().parent / "probe.py").read_text())
    machine.root("/tmp/of-the-host").write_text("")
    machine.root("/usr/lib/modules").mkdir(exist_ok=True)
    if not machine.root("/dev/of-the-host").exists():
        machine.run("mknod", "-m", "666", "/dev/of-the-host", "c", 1, 3)
    return machine


def is_sandbox(line):
    return not line.startswith(KEPT)


def test_each_line_of_the_sandbox_forbids_what_it_is_for(probed):
    """By root's uid with the unit's capabilities: without the lines nothing is in its way."""
    inside = probe(probed, lambda line: True)
    outside = probe(probed, lambda line: not is_sandbox(line))
    for trials in BITES.values():
        for what, refusal in trials:
            assert (inside[what], outside[what]) == (refusal, "done"), what
    assert all(told[what] == "done" for told in (inside, outside) for what in NEEDED)
    assert (inside["umask"], inside["core"], inside["no_new_privs"], inside["files"]) == ("0077", [0, 0], "1", [4096, 4096])
    assert outside["no_new_privs"] == "0" and inside["host name of"] != outside["host name of"]
    assert inside["capabilities"] == outside["capabilities"] == f"{1 << 5 | 1 << 6 | 1 << 7 | 1 << 12:016x}"


@pytest.mark.parametrize("line", BITES if os.environ.get("TAPGRANT_LONG") else list(BITES)[:1])
def test_a_line_that_is_left_out_is_missed(probed, line):
    told = probe(probed, lambda one: not one.startswith(line))
    assert any(told[what] != refusal for what, refusal in BITES[line]), told
