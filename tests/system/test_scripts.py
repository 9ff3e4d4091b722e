# SPDX-License-Identifier: LGPL-2.1-or-later
"""script and downscript: run by the command, as the caller, with the device's name, on both roads."""
import os
import pty
import signal
import time

import pytest

from host import ALICE, PREFIX, TAPGRANT, uid

TAP = f"u{uid(ALICE)}-s"
ROADS = {"managed": f"dev={TAP},bridge=br0", "unmanaged": f"managed=no,dev={TAP}"}
TELL = """\
#!/bin/sh
echo "$0 $# $1 $(id -ru) $(id -u) $(cat /sys/class/net/$1/carrier 2>&1) $(wc -c)" >>/dev/shm/said
test -e /dev/shm/fail-"$(basename "$0")" && exit 3
exit 0
"""


@pytest.fixture(params=ROADS)
def road(lab, request):
    """road(words...) runs with scripts; road.said() is what they said: (name, arguments, device, uid, euid, carrier, input)."""
    if request.param == "unmanaged":
        lab.tap(TAP)
        lab.run("ip", "link", "set", TAP, "up")
    for name in ("up", "down"):
        path = lab.root(f"/dev/shm/{name}")
        path.write_text(TELL)
        path.chmod(0o755)
    said = lab.root("/dev/shm/said")
    said.write_text("")
    said.chmod(0o666)

    def spec(keys):
        return ROADS[request.param] + "".join(f",{key}=/dev/shm/{value}" for key, value in keys.items())

    def run(*words, **keys):
        return lab.tapgrant("run", "--net", spec(keys), "--", *words)

    run.host, run.spec, run.name = lab, spec, request.param
    run.said = lambda: [line.removeprefix("/dev/shm/").split() for line in said.read_text().splitlines()]
    return run


def by_alice(name, carrier="1"):
    return [name, "1", TAP, str(uid(ALICE)), str(uid(ALICE)), carrier, "0"]


def gone(road):
    """The managed device is gone, the other one is there and free."""
    if road.name == "managed":
        road.host.wait_gone(TAP)
    else:
        assert road.host.link(TAP)


def test_a_script_runs_after_opening_as_the_caller_with_the_devices_name(road):
    result = road("cat", "/dev/shm/said", script="up")
    assert result.code == 0 and result.out.split() == ["/dev/shm/up", *by_alice("up")[1:]], "before the command"
    assert road.said() == [by_alice("up")]


def test_a_script_that_fails_ends_it(road):
    road.host.root("/dev/shm/fail-up").write_text("")
    result = road("touch", "/dev/shm/ran", script="up", downscript="down")
    assert result.code == 1 and result.err == f"tapgrant: /dev/shm/up: ended with status 3 for {TAP}\n"
    assert not road.host.root("/dev/shm/ran").exists() and [line[0] for line in road.said()] == ["up"]
    gone(road)


@pytest.mark.parametrize("mode, text, says", [(0o644, TELL, "Permission denied"), (0o755, "no interpreter", "Exec format error"),
                                              (None, None, "No such file")])
def test_a_script_that_cannot_be_run_is_said(road, mode, text, says):
    if mode:
        road.host.root("/dev/shm/other").write_text(text)
        road.host.root("/dev/shm/other").chmod(mode)
    result = road("true", script="other")
    assert result.code == 1 and f"tapgrant: /dev/shm/other: cannot be run for {TAP}: {says}" in result.err, result
    gone(road)


def test_a_downscript_runs_after_closing_and_the_status_is_the_commands(road):
    result = road("sh", "-c", "test -s /dev/shm/said && exit 7", script="up", downscript="down")
    assert result.code == 7
    up, down = road.said()
    assert up == by_alice("up") and down[:5] == by_alice("down")[:5]
    if road.name == "unmanaged":
        assert down == by_alice("down", "0"), "nobody holds it any more"
    gone(road)


def test_a_command_that_a_signal_ends_gives_its_number(road):
    assert road("sh", "-c", "kill -9 $$", downscript="down").code == 128 + 9
    assert [line[0] for line in road.said()] == ["down"]


def test_a_downscript_that_fails_is_said_and_no_success(road):
    road.host.root("/dev/shm/fail-down").write_text("")
    result = road("true", downscript="down")
    assert result.code == 1 and result.err == f"tapgrant: /dev/shm/down: ended with status 3 for {TAP}\n"
    assert road("sh", "-c", "exit 9", downscript="down").code == 9


def test_a_command_that_cannot_be_run_is_undone(road):
    result = road("/nosuch", script="up", downscript="down")
    assert result.code == 127 and "tapgrant: /nosuch: cannot be run" in result.err
    assert [line[0] for line in road.said()] == ["up", "down"]
    gone(road)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_are_passed_on_to_the_command(road, number):
    command = ("trap 'echo term; exit 40' TERM; trap 'echo int; exit 41' INT; trap 'echo hup; exit 42' HUP; echo ready;"
               "while :; do sleep 0.02; done")
    process = road.host.start(TAPGRANT, "run", "--net", road.spec({"downscript": "down"}), "--", "sh", "-c", command, user=ALICE)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    name, code = {signal.SIGTERM: ("term", 40), signal.SIGINT: ("int", 41), signal.SIGHUP: ("hup", 42)}[number]
    assert (out, process.returncode) == (f"{name}\n", code)
    assert [line[0] for line in road.said()] == ["down"]
    gone(road)


IGNORE = "import os, signal, sys; signal.signal(int(sys.argv[1]), signal.SIG_IGN); os.execv(sys.argv[2], sys.argv[2:])"


@pytest.mark.parametrize("scripts", [{}, {"downscript": "down"}], ids=["becomes the command", "stays above it"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_that_was_ignored_stays_ignored(road, number, scripts):
    """Under nohup(1), or as a shell's background job: the command goes on, and its status and the downscript come at its end."""
    command = "grep SigIgn /proc/$$/status; read line; exit 7"
    process = road.host.start("/usr/bin/python3", "-c", IGNORE, int(number), TAPGRANT, "run", "--net", road.spec(scripts), "--",
                              "sh", "-c", command, user=ALICE)
    ignored = int(process.stdout.readline().split()[1], 16)
    assert ignored & 1 << number - 1, f"{ignored:x}"
    process.send_signal(number)
    process.communicate("go\n", timeout=20)
    assert process.returncode == 7
    assert [line[0] for line in road.said()] == list(scripts.values())
    gone(road)


def test_without_a_downscript_it_becomes_the_command(road):
    process = road.host.start(TAPGRANT, "run", "--net", road.spec({"script": "up"}), "--", "sh", "-c", "echo $$; exec cat",
                              user=ALICE)
    assert int(process.stdout.readline()) > 0
    deadline = time.monotonic() + 5
    while not road.host.root("/proc").joinpath(str(process.pid), "comm").read_text() == "cat\n":
        assert time.monotonic() < deadline
    process.communicate(timeout=20)


def test_the_command_alone_holds_the_queues(road):
    """What stays above it has closed them: the device does not outlive a command that is killed with it."""
    command = "for p in /proc/$PPID/fdinfo/*; do grep -h iff: $p; done 2>/dev/null; echo end"
    process = road.host.start(TAPGRANT, "run", "--net", road.spec({"downscript": "down"}), "--", "sh", "-c",
                              f"read line; {command}", user=ALICE)
    process.stdin.write("go\n")
    process.stdin.flush()
    out, _ = process.communicate(timeout=20)
    assert out == "end\n"


def test_scripts_of_a_file_and_of_several_interfaces(lab):
    for name in ("up", "down", "up2", "down2"):
        lab.root(f"/dev/shm/{name}").write_text(TELL)
        lab.root(f"/dev/shm/{name}").chmod(0o755)
    lab.root("/dev/shm/said").write_text("")
    lab.root("/dev/shm/said").chmod(0o666)
    path = lab.folder / "d.conf"
    path.write_text("[interface a]\nbridge = br0\nscript = /dev/shm/up\ndownscript = /dev/shm/down\n"
                    "[interface b]\nbridge = br0\nscript = /dev/shm/up2\ndownscript = /dev/shm/down2\n")
    lab.tapgrant("run", "-f", path, "--", "true", check=True)
    order = [line.split()[0].split("/")[-1] for line in lab.root("/dev/shm/said").read_text().splitlines()]
    assert order == ["up", "up2", "down2", "down"]
    lab.root("/dev/shm/said").write_text("")
    lab.root("/dev/shm/fail-up2").write_text("")
    assert lab.tapgrant("run", "-f", path, "--", "true").code == 1
    order = [line.split()[0].split("/")[-1] for line in lab.root("/dev/shm/said").read_text().splitlines()]
    assert order == ["up", "up2", "down"], "what was opened is closed; what failed was not"


OPEN = """
import ctypes, sys
library, error, device = ctypes.CDLL(sys.argv[1]), ctypes.create_string_buffer(4 + 128 + 640 + 512), ctypes.c_void_p()
print(library.tapgrant_open(sys.argv[2].encode(), ctypes.byref(device), error), error.raw[132:].split(b"\\0")[0].decode())
"""


@pytest.mark.parametrize("key", ["script", "downscript"])
def test_neither_library_nor_create_runs_a_script(lab, key):
    result = lab.tapgrant("create", "--net", f"bridge=br0,{key}=/bin/true")
    assert result.code == 2 and "script and downscript are for run" in result.err
    library = next((PREFIX / "lib").rglob("libtapgrant.so"))
    result = lab.run("/usr/bin/python3", "-c", OPEN, library, f"bridge=br0,{key}=/bin/true", user=ALICE)
    assert result.out == f"2 '{key}' is run by tapgrant run, and by no program itself\n"
    assert lab.taps() == []


def test_what_the_terminal_sends_is_not_passed_on(lab):
    """The whole foreground gets it anyway, and the command would get it twice.  Here it has left the foreground."""
    lab.root("/dev/shm/down").write_text(TELL)
    lab.root("/dev/shm/down").chmod(0o755)
    (lab.folder / "tell").write_text("import os, signal\nos.setpgid(0, 0)\nboth = [signal.SIGINT, signal.SIGTERM]\n"
                                     "signal.pthread_sigmask(signal.SIG_BLOCK, both)\nprint(os.getppid(), flush=True)\ngot = []\n"
                                     "while signal.SIGTERM not in got: got.append(signal.sigwaitinfo(both).si_signo)\n"
                                     "print('told', *map(int, got))\n")
    run = f"exec {TAPGRANT} run --net bridge=br0,downscript=/dev/shm/down -- /usr/bin/python3 {lab.folder}/tell"
    process = lab.start("script", "-qec", run, "/dev/null", user=ALICE)
    above = int(process.stdout.readline())
    process.stdin.write("\x03")
    process.stdin.flush()
    assert process.stdout.read(2) == "^C", "the terminal has sent it"
    os.kill(above, signal.SIGTERM)
    assert process.stdout.readline().strip() == f"told {int(signal.SIGTERM)}"
    assert process.wait(timeout=20) == 0


def test_scripts_run_where_the_death_of_children_is_ignored(road):
    """As under a supervisor that never waits: nobody could wait for a script, which was then taken for a failure."""
    ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    spec = road.spec({"script": "up", "downscript": "down"})
    road.host.run("/usr/bin/python3", "-c", ignoring, TAPGRANT, "run", "--net", spec, "--", "true", user=ALICE)
    assert [line[0] for line in road.said()] == ["up", "down"]
    command = "import signal; print(signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN)"
    result = road.host.run("/usr/bin/python3", "-c", ignoring, TAPGRANT, "run", "--net", road.spec({"script": "up"}), "--",
                           "/usr/bin/python3", "-c", command, user=ALICE)
    assert result.out == "True\n", "the command has it as it was"


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_command_is_told_of_a_terminal_that_hung_up(road):
    """The kernel tells it the leader of the session alone, which we are under ssh -t or in a terminal's window."""
    command = "trap 'echo hup >>/dev/shm/said; exit 42' HUP; echo ready; while :; do sleep 0.02; done"
    leader, terminal = pty.fork()
    if not leader:
        words = road.host.command([TAPGRANT, "run", "--net", road.spec({"downscript": "down"}), "--", "sh", "-c", command], ALICE)
        os.execvp(words[0], words)
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        assert b"ready" in screen.readline()
    ended = []
    try:
        wait_for(lambda: ended.append(os.waitpid(leader, os.WNOHANG)) or ended[-1][0])
    except AssertionError:
        os.kill(leader, signal.SIGTERM)
        raise
    assert os.waitstatus_to_exitcode(ended[-1][1]) == 42
    assert [line[0] for line in road.said()] == ["hup", "down"]
    gone(road)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_script_runs_does_not_leave_it_undone(road, number):
    """It ended us alone: the script went on, no command came, and no downscript either."""
    slow = road.host.root("/dev/shm/slow")
    slow.write_text("#!/bin/sh\necho slow >>/dev/shm/said\nuntil test -e /dev/shm/go; do sleep 0.02; done\n")
    slow.chmod(0o755)
    process = road.host.start(TAPGRANT, "run", "--net", road.spec({"script": "slow", "downscript": "down"}), "--", "sleep", "20",
                              user=ALICE)
    wait_for(road.said)
    process.send_signal(number)
    road.host.root("/dev/shm/go").write_text("")
    assert process.wait(timeout=10) == 128 + number
    assert [line[0] for line in road.said()] == ["slow", "down"]
    gone(road)
