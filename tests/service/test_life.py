# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the service starts, ends, and goes on when one of its processes does not."""
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import time
from pathlib import Path

import pytest

from daemon import ACCOUNT, ONE, SERVICE, Service, make_account, state, until
from host import ALICE, BOB, POLICY, uid

CAPABILITIES = "+kill,+setgid,+setuid,+net_admin"
AT_RANDOM = 25


class Activated(Service):
    """Started as a service manager does it: a socket as descriptor 3, the account, its capabilities."""

    def __init__(self, host, *words):
        self.host = host
        self.uid = make_account(host)
        self.socket = host.folder / "activated"
        self.words = words
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(self.socket))
        self.socket.chmod(0o666)
        self.listener.listen(16)
        self.start()
        self.wait_ready()

    def start(self):
        gate = 'exec 3<&"$1"; shift; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'
        descriptor = os.dup(self.listener.fileno())
        self.process = self.host.start(
            "setpriv", "--reuid", self.uid, "--regid", self.uid, "--clear-groups", "--inh-caps", CAPABILITIES,
            "--ambient-caps", CAPABILITIES, "--bounding-set", f"-all,{CAPABILITIES}", "bash", "-c", gate, "bash", descriptor,
            SERVICE, *self.words, pass_fds=[descriptor])
        os.close(descriptor)

    def __exit__(self, *_):
        super().__exit__()
        self.listener.close()


def test_it_serves_the_socket_of_a_service_manager_and_is_never_root(lab):
    with Activated(lab, "--idle", 30) as service:
        assert state(service.process.pid, "Uid") == [str(service.uid)] * 4
        assert service.ask()["status"] == "granted"


def test_it_ends_when_nobody_has_come_and_loses_no_connection(lab):
    with Activated(lab, "--idle", 4) as service:
        assert service.ask()["status"] == "granted"
        assert service.process.wait(timeout=10) == 0
        client = service.start_client()  # in the socket's queue, as in the moment of the end
        time.sleep(0.3)
        service.start()
        assert json.loads(client.stdout.readline())["status"] == "granted"
        assert service.process.wait(timeout=10) == 0


def test_it_ends_with_all_of_its_processes(service):
    until(lambda: len(service.children()) == 4)  # the others come after the first
    processes = [service.process.pid, *service.processes()]
    assert len(processes) == 6
    service.stop()
    assert service.process.returncode == 0
    until(lambda: not any(state(process, "Uid") for process in processes))


def test_what_is_there_is_served_before_it_ends(service):
    """Requests whose children are stopped, and others that wait for a child."""
    clients = [service.start_client("wait") for _ in range(6)]
    assert [client.stdout.readline() for client in clients] == ["connected\n"] * 6
    stopped = service.children()
    for child in stopped:
        os.kill(child, signal.SIGSTOP)
    for client in clients:
        client.stdin.write("\n")
        client.stdin.flush()
    time.sleep(0.3)
    service.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    for child in stopped:
        os.kill(child, signal.SIGCONT)
    assert [json.loads(client.stdout.readline())["status"] for client in clients] == ["granted"] * 6
    assert service.process.wait(timeout=10) == 0


def test_the_end_of_the_parent_is_the_end_of_all_and_leaves_nothing(service):
    """By SIGKILL, with 20 requests open."""
    processes = [service.process.pid, *service.processes()]
    clients = [service.start_client() for _ in range(20)]
    time.sleep(0.4)
    service.process.kill()
    service.process.wait()
    for client in clients:
        answer = client.stdout.readline()
        assert not answer or json.loads(answer)["status"] in (None, "granted")
    until(lambda: not any(state(process, "Uid") for process in processes), 6)
    until(lambda: not service.host.taps())


def test_the_end_of_the_template_brings_another(service):
    template = service.template()
    os.kill(template, signal.SIGKILL)
    until(lambda: service.template() not in (None, template))
    for _ in range(8):
        assert service.ask()["status"] == "granted"


def test_idle_children_that_are_killed_are_replaced(service):
    for _ in range(5):
        for child in service.children():
            os.kill(child, signal.SIGKILL)
        assert service.ask()["status"] == "granted"
    assert len(until(lambda: len(service.children()) == 4 and service.children())) == 4


def canary(process):
    """The 16 random bytes that the process's stack canary is made of, and where its program is."""
    auxiliary = Path(f"/proc/{process}/auxv").read_bytes()
    pairs = dict(struct.iter_unpack("QQ", auxiliary))
    with open(f"/proc/{process}/mem", "rb") as memory:
        memory.seek(pairs[AT_RANDOM])
        return memory.read(16), Path(f"/proc/{process}/maps").read_text().split("-")[0]


@pytest.mark.parametrize("name", ["SEGV", "ABRT", "SYS"])
def test_a_crash_brings_new_addresses_and_makes_its_user_wait(service, name):
    """Sent by root, because no request is known that crashes a child; the parent sees no difference."""
    service.host.listen_log()
    template, before = service.template(), canary(service.template())
    assert all(canary(child) == before for child in service.children())
    tracers = []
    for child in service.children():
        tracers.append(subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(child), "-e", "trace=recvmsg",
                                         "-e", "inject=recvmsg:when=2:delay_exit=700000"], stderr=subprocess.DEVNULL))
        until(lambda process=child: state(process, "TracerPid") != ["0"])
    client = service.start_client()
    alice = str(uid(ALICE))
    child = until(lambda: next((child for child in service.children() if state(child, "Uid")[1:2] == [alice]), None))
    time.sleep(0.1)
    service.host.run("kill", f"-{name}", child)
    assert json.loads(client.stdout.readline())["status"] is None
    for tracer in tracers:
        tracer.terminate()
        tracer.wait()
    assert service.ask()["status"] == "busy"
    assert service.ask(user=BOB)["status"] == "granted"
    assert service.template() != template
    after = canary(service.template())
    assert after[0] != before[0] and after[1] != before[1]
    until(lambda: len(service.children()) == 4)
    assert all(canary(child) == after for child in service.children())
    lines = [line for line in service.host.log_lines() if "has ended by signal" in line]
    assert len(lines) == 1 and f"uid={alice}:" in lines[0], lines


def test_two_services_do_not_share_a_path(service):
    second = service.host.run(SERVICE, "--listen", service.socket, check=False)
    assert second.code == 1 and "another service listens at the path" in second.err
    assert service.ask()["status"] == "granted"


def test_the_socket_that_an_ended_one_left_is_made_anew(lab):
    with Service(lab) as service:
        first = service.socket
    assert first.is_socket()
    with Service(lab) as service:
        assert service.ask()["status"] == "granted"
        assert stat.S_IMODE(first.stat().st_mode) == 0o666 and first.stat().st_uid == 0
        assert stat.S_IMODE(first.parent.stat().st_mode) == 0o755


def test_it_refuses_a_folder_that_others_can_write_and_a_file_in_its_place(host):
    make_account(host)
    (host.folder / "open").mkdir()
    (host.folder / "open").chmod(0o777)
    done = host.run(SERVICE, "--listen", host.folder / "open/socket", check=False)
    assert done.code == 1 and "others can write it" in done.err
    (host.folder / "closed").mkdir()
    (host.folder / "closed/socket").write_text("")
    done = host.run(SERVICE, "--listen", host.folder / "closed/socket", check=False)
    assert done.code == 1 and "no socket" in done.err and (host.folder / "closed/socket").exists()


def test_it_refuses_to_start_without_its_account(host):
    passwd = host.root("/etc/passwd")
    passwd.write_text("".join(f"{line}\n" for line in passwd.read_text().splitlines() if not line.startswith(f"{ACCOUNT}:")))
    done = host.run(SERVICE, "--listen", host.folder / "run/socket", check=False)
    assert (done.code, done.err) == (1, f"tapgrantd: {ACCOUNT}: /etc/passwd has no such account, or has it as root\n")
    with open(passwd, "a", encoding="utf-8") as file:
        file.write(f"{ACCOUNT}:x:0:0::/:/bin/false\n")
    assert host.run(SERVICE, "--listen", host.folder / "run/socket", check=False).code == 1


def test_it_refuses_to_start_without_privilege_or_in_a_user_namespace(lab):
    make_account(lab)
    done = lab.run(SERVICE, user=ALICE, check=False)
    assert done.code == 1 and "use --listen PATH, as root" in done.err
    done = lab.run("unshare", "--user", "--map-root-user", SERVICE, "--listen", lab.folder / "run/socket", user=ALICE, check=False)
    assert done.code == 1 and "user namespace" in done.err
    assert not (lab.folder / "run").exists()
    for words in (["--idle"], ["--idle", "-1"], ["--listen"], ["--other", "x"], ["x"]):
        assert lab.run(SERVICE, *words, check=False).code == 2


def test_the_policy_may_be_for_the_services_group_alone(service):
    service.host.root(POLICY).chmod(0o640)
    os.chown(service.host.root(POLICY), 0, service.uid)
    assert service.ask()["status"] == "granted"
    os.chown(service.host.root(POLICY), 0, 0)
    assert service.ask()["status"] == "denied"


def test_it_closes_a_connection_that_says_nothing_for_two_seconds(service):
    begun = time.monotonic()
    assert service.ask(data=b"")["status"] is None
    assert 1.9 < time.monotonic() - begun < 4


def test_a_log_that_comes_later_or_is_made_anew_is_found(service):
    assert service.ask()["status"] == "granted"
    for _ in range(2):
        service.host.listen_log()
        service.ask(data=ONE)
        assert len(service.host.log_lines()) == 1
        service.host.log.close()
        service.host.root("/dev/log").unlink()
