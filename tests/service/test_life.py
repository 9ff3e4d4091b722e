# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the service starts, ends, and goes on when one of its processes does not."""
import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import time

import pytest

from daemon import ACCOUNT, ONE, SERVICE, Resident, Service, make_account, open_files, state, until
from host import ALICE, POLICY

CAPABILITIES = "+kill,+setgid,+setuid,+net_admin"


# Starts the service in each of the ways of a list, as a service manager would.  A single way has to work, and is ended.
MANAGER = """
import json, os, signal, socket, subprocess, sys
def become(way):
    made = socket.socket(socket.AF_UNIX, getattr(socket, way["kind"])) if way["kind"] else None
    if made and way["listens"]:
        made.bind("")
        made.listen(1)
    os.closerange(3, 4)
    if made and made.fileno() != 3:
        os.dup2(made.fileno(), 3)
    words = {name: way[name].replace("own", str(os.getpid())) for name in ("LISTEN_PID", "LISTEN_FDS") if way[name] is not None}
    os.execve(sys.argv[1], ["tapgrantd"], words)
results = []
for way in json.loads(sys.argv[2]):
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(tell, 2)
        become(way)
    os.close(tell)
    if len(json.loads(sys.argv[2])) == 1:
        import time
        time.sleep(0.3)
        os.kill(child, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    results.append((code, os.read(told, 4096).decode()))
    os.close(told)
print(json.dumps(results))
"""
SILENT = ("import socket, sys\n"
          "made = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(20)]\n"
          "for one in made:\n"
          "    one.connect(sys.argv[1])\n"
          "print('connected', flush=True)\n"
          "sys.stdin.read()\n")


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


def test_a_connection_in_the_moment_of_the_end_is_the_next_ones(lab):
    """It comes when the parent has decided to end, and still has the socket open."""
    with Activated(lab, "--idle", 1) as service:
        told = lab.folder / "end"
        tracer = subprocess.Popen(["strace", "-qq", "-o", told, "-p", str(service.process.pid), "-e", "trace=exit_group",
                                   "-e", "inject=exit_group:delay_enter=400000"])
        until(lambda: told.exists() and told.read_text(), 8)
        assert service.process.poll() is None
        client = service.start_client()
        assert service.process.wait(timeout=5) == 0
        tracer.wait()
        service.start()
        assert json.loads(client.stdout.readline())["status"] == "granted"


def test_it_ends_with_all_of_its_processes(service):
    processes = [service.process.pid, *until(lambda: len(service.processes()) == 5 and service.processes())]
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
    until(service.is_quiet)


def test_children_that_cannot_get_ready_are_not_tried_without_a_pause(service):
    """Or the service would do nothing but that for as long as the fault stays, and fill the log."""
    service.host.listen_log()
    file = service.host.folder / "forks"
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", file, "-p", str(service.template()), "-e", "trace=clone,socket",
                               "-e", "inject=socket:error=EMFILE"], stderr=subprocess.DEVNULL)
    until(lambda: state(service.template(), "TracerPid") != ["0"])
    for child in service.children():
        os.kill(child, signal.SIGKILL)
    time.sleep(1.2)
    tracer.terminate()
    tracer.wait()
    forks = re.findall(r"clone\(", file.read_text())
    assert 4 < len(forks) < 40, len(forks)
    (line,) = [line for line in service.host.log_lines() if "has ended" in line]
    assert line.startswith("<83>tapgrant[") and re.search(r"a process that was to serve has ended \((status 1|signal 9)\)", line), line
    assert service.ask()["status"] == "granted"


def test_where_no_process_can_be_made_callers_wait_until_one_can(service):
    """Neither a template, by the parent, nor a child, by the template."""
    resident = Resident(service)
    assert resident.do(of="template", inject=["clone", 1, "error=EAGAIN"])["status"] == "granted"
    tracer = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(service.process.pid), "-e", "trace=clone",
                               "-e", "inject=clone:error=EAGAIN:when=1..2"])
    until(lambda: state(service.process.pid, "TracerPid") != ["0"])
    for process in service.processes():
        os.kill(process, signal.SIGKILL)
    until(lambda: not service.processes())
    begun = time.monotonic()
    assert resident.do()["status"] == "granted"
    assert time.monotonic() - begun > 0.4
    tracer.terminate()
    tracer.wait()


def test_a_parent_without_a_descriptor_to_spare_lets_callers_wait_for_one(lab):
    """As where the whole host has none (ENFILE)."""
    with Service(lab, before=["prlimit", "--nofile=24:24"]) as service:
        resident, parent = Resident(service), service.process.pid
        until(service.is_quiet)
        files = open_files(parent)
        flood = service.host.start("/usr/bin/python3", "-c", SILENT, service.socket)
        assert flood.stdout.readline() == "connected\n"
        until(lambda: open_files(parent) == 24)
        begun = time.monotonic()
        assert resident.do()["status"] == "granted"
        assert time.monotonic() - begun > 1
        service.host.end(flood)
        until(lambda: open_files(parent) == files)


def test_a_start_with_closed_descriptors_and_ignored_signals_is_as_any_other(lab):
    """A parent that ignores SIGCHLD would never learn that a child has ended, and soon serve nobody."""
    closed = 'exec "$@" <&- >&- 2>&-'
    with Service(lab, before=["env", "--ignore-signal", "--block-signal", "sh", "-c", closed, "sh"]) as service:
        resident = Resident(service)
        assert [resident.do()["status"] for _ in range(12)] == ["granted"] * 12
        for process in (service.process.pid, service.template(), service.children()[0]):
            assert [os.readlink(f"/proc/{process}/fd/{n}") for n in (1, 2)] == ["/dev/null"] * 2
            assert int(state(process, "SigIgn")[0], 16) & 0xffffffff == 0
        assert int(state(service.children()[0], "SigBlk")[0], 16) & 0xffffffff == 0
    assert service.process.returncode == 0


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


def test_it_refuses_a_passwd_that_names_no_account_it_can_become(host):
    passwd = host.root("/etc/passwd")
    others = "".join(f"{line}\n" for line in passwd.read_text().splitlines() if not line.startswith(f"{ACCOUNT}:"))
    wrong = ["", ":", ":x", ":x:", ":x::1", ":x:1", ":x:1:", ":x:1:\n7", ":x:-1:1", ":x:+5:5", ":x: 5:5", ":x:5x:5", ":x:5:5x", ":x:0x5:5",
             ":x:4294967295:5", ":x:5:4294967295", ":x:4294967301:5", ":x:99999999999999999999:5", ":x:0:5", "x:x:5:5"]
    for text in wrong:
        passwd.write_text(f"{others}{ACCOUNT}{text}\n")
        done = host.run(SERVICE, "--listen", host.folder / "run/socket", check=False)
        assert done.code == 1 and f"tapgrantd: {ACCOUNT}: " in done.err, (text, done)
    passwd.chmod(0o666)
    done = host.run(SERVICE, "--listen", host.folder / "run/socket", check=False)
    assert done.code == 1 and "/etc/passwd: cannot be trusted" in done.err, done
    assert not (host.folder / "run").exists()


def test_it_takes_nothing_but_one_listening_socket_of_its_kind_from_a_service_manager(host):
    """What LISTEN_PID and LISTEN_FDS say has to be exactly that."""
    uid_ = make_account(host)
    good = {"kind": "SOCK_SEQPACKET", "listens": True, "LISTEN_PID": "own", "LISTEN_FDS": "1"}
    wrong = [{"kind": None}, {"kind": "SOCK_STREAM"}, {"kind": "SOCK_DGRAM", "listens": False}, {"listens": False},
             {"LISTEN_PID": "1"}, {"LISTEN_PID": ""}, {"LISTEN_PID": None}, {"LISTEN_PID": "0own"}, {"LISTEN_PID": "own "},
             {"LISTEN_PID": "9" * 5000}, {"LISTEN_FDS": "0"}, {"LISTEN_FDS": "2"}, {"LISTEN_FDS": "01"}, {"LISTEN_FDS": "1x"},
             {"LISTEN_FDS": ""}, {"LISTEN_FDS": None}, {"LISTEN_FDS": "4294967297"}]
    words = ["setpriv", "--reuid", uid_, "--regid", uid_, "--clear-groups", "--inh-caps", CAPABILITIES, "--ambient-caps", CAPABILITIES,
             "--bounding-set", f"-all,{CAPABILITIES}", "/usr/bin/python3", "-c", MANAGER, SERVICE]
    done = host.run(*words, json.dumps([good | one for one in wrong]), timeout=20)
    assert len(done.json) == len(wrong)
    for one, (code, text) in zip(wrong, done.json):
        assert code == 1 and text.startswith("tapgrantd: LISTEN_FDS: "), (one, code, text)
    assert host.run(*words, json.dumps([good]), timeout=10).json == [[0, ""]], "it listens, until it is ended"


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
