# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service first, the setuid helper where it cannot be reached, and never the helper for another answer."""
import re
import subprocess
import textwrap
import time
from pathlib import Path

import pytest

from host import ALICE, BOB, HELPER, PREFIX, TAPGRANT, Result, uid
from linked import build

FAKE = Path(__file__).with_name("fake_service.py")
SOCKET = Path("/run/tapgrant/socket")
RUN = ("run", "--net", "bridge=br0", "--", "echo", "{dev}")
ACCOUNT = 64321  # an id that no account of this machine has


@pytest.fixture
def ways(lab):
    """A lab with a /run of its own, a tap for the fake service to give, and a helper that tells that it was executed."""
    lab.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    lab.run("mkdir", SOCKET.parent)
    lab.tap("mytap0")

    def serve(body, user=None, words=()):
        """A fake service; its user is root, or USER."""
        process = lab.start(*words, "/usr/bin/python3", FAKE, SOCKET, textwrap.dedent(body), user=user)
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        return process

    def spy():
        """From here on the helper is a double that only leaves a mark."""
        double = lab.folder / "helper"
        mark = lab.folder / "executed"
        double.write_text(f"#!/bin/sh\n: >{mark}\n")
        double.chmod(0o755)
        lab.folder.chmod(0o777)
        lab.bind(double, HELPER)
        return mark
    lab.serve, lab.spy = serve, spy
    return lab


def ended(process):
    """What it said, once it has ended by itself."""
    process.wait(timeout=15)
    out, err = process.stdout.read(), process.stderr.read()
    assert process.returncode == 0, err
    return out.split()


def ended_with(process):
    """The same as a Result, whatever its status."""
    out, err = process.communicate(timeout=15)
    return Result(subprocess.CompletedProcess(process.args, process.returncode, out, err))


def granted_by_service(result):
    assert result.code == 0 and result.out == "mytap0\n", result


def granted_by_helper(result):
    assert result.code == 0 and result.out == "tg0\n", result


# Which way ----------------------------------------------------------------------------------------------------------------


def test_the_service_is_asked_first(ways):
    mark = ways.spy()
    service = ways.serve("grant()")
    granted_by_service(ways.tapgrant(*RUN))
    ended(service)
    assert not mark.exists()


@pytest.mark.parametrize("how", ["no folder", "no socket", "nobody listens", "no permission", "no socket but a file"])
def test_where_no_service_can_be_reached_the_helper_is_executed(ways, how):
    if how == "no folder":
        ways.run("rmdir", SOCKET.parent)
    elif how == "nobody listens":
        ended(ways.serve("pass"))
        assert ways.root(SOCKET).is_socket()
    elif how == "no permission":
        ways.serve("grant()")
        ways.root(SOCKET).chmod(0o600)
    elif how == "no socket but a file":
        ways.root(SOCKET).write_text("")
    granted_by_helper(ways.tapgrant(*RUN))


def test_a_full_backlog_is_waited_for_a_second_and_then_left(ways):
    ways.serve("listener.listen(0); say('full'); __import__('time').sleep(60)")
    filler = ("import socket, sys, time\nall = []\nfor n in range(2):\n s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
              " s.setblocking(False)\n try: s.connect(sys.argv[1])\n except BlockingIOError: break\n all.append(s)\n"
              "print(len(all), flush=True)\ntime.sleep(60)\n")
    assert ways.start("/usr/bin/python3", "-c", filler, SOCKET, user=BOB).stdout.readline() == "1\n"
    begun = time.monotonic()
    granted_by_helper(ways.tapgrant(*RUN))
    assert 0.9 < time.monotonic() - begun < 5


def test_a_listener_that_is_neither_root_nor_the_service_is_told_nothing(ways):
    ways.run("chown", str(uid(BOB)), SOCKET.parent)
    service = ways.serve("say(len(take()[1]))", user=BOB)
    granted_by_helper(ways.tapgrant(*RUN))
    assert ended(service) == ["0"]


@pytest.mark.parametrize("account, is_trusted", [("_tapgrant", True), ("tapgrant", False)])
def test_the_services_own_account_may_listen(ways, account, is_trusted):
    with ways.root("/etc/passwd").open("a") as file:
        file.write(f"{account}:x:{ACCOUNT}:{ACCOUNT}::/:/bin/false\n")
    ways.run("chown", str(ACCOUNT), SOCKET.parent)
    ways.run("chmod", "0666", "/dev/net/tun")
    ways.run("ip", "tuntap", "del", "dev", "mytap0", "mode", "tap")
    ways.run("ip", "tuntap", "add", "dev", "mytap0", "mode", "tap", "user", str(ACCOUNT))
    ways.serve("grant()", words=["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups"])
    (granted_by_service if is_trusted else granted_by_helper)(ways.tapgrant(*RUN))


def test_a_service_of_another_network_namespace_leaves_it_to_the_helper(ways):
    service = ways.serve("answer(OTHER_NETNS)")
    granted_by_helper(ways.tapgrant(*RUN))
    ended(service)


# Answers that are not the helper's matter ------------------------------------------------------------------------------------


def test_a_busy_service_is_asked_again(ways):
    mark = ways.spy()
    service = ways.serve("answer(BUSY, BUSY, BUSY); grant()")
    granted_by_service(ways.tapgrant(*RUN))
    ended(service)
    assert not mark.exists()


def test_a_service_that_stays_busy_is_exit_6_after_10_seconds(ways):
    """Whether it says so each time, or says so once, as after a long wait, and then nothing."""
    mark = ways.spy()
    service = ways.serve(f"""
        import time
        kept = []
        while True:
            connection = listener.accept()[0]
            user = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
            if user == {uid(BOB)} and kept:
                kept.append(connection)
                continue
            send(connection, reply(BUSY, 0))
            connection.close()
            if user == {uid(BOB)}:
                kept.append(connection)
            else:
                say(time.monotonic())
    """)
    begun = time.monotonic()
    second = ways.start(TAPGRANT, *RUN, user=BOB)
    for result in (ways.tapgrant(*RUN), ended_with(second)):
        taken = time.monotonic() - begun
        assert result.code == 6 and 9 < taken < 11, (result, taken)
        assert result.err == "tapgrant: service: is busy, and did not take the request within 10 seconds\nhint: try again\n"
    assert not mark.exists()
    ways.end(service)
    at = [float(word) for word in service.stdout.read().split()]
    pauses = [later - earlier for earlier, later in zip(at, at[1:])]
    # it backs off, does not hammer, and no two are the same
    assert 15 < len(at) < 80 and max(pauses) < 0.8 and len({round(pause, 3) for pause in pauses}) > 10, pauses


def test_callers_that_were_refused_together_come_back_apart(ways):
    service = ways.serve("""
        import time
        refused = [listener.accept()[0] for _ in range(8)]
        for connection in refused:
            send(connection, reply(BUSY, 0))
            connection.close()
        for _ in range(8):
            connection, _request = take()
            say(time.monotonic())
            send(connection, reply(DENIED))
            connection.close()
    """)
    callers = [ways.start(TAPGRANT, *RUN, user=ALICE) for _ in range(8)]
    assert {caller.wait(timeout=15) for caller in callers} == {3}
    assert len(set(ended(service))) == 8


def test_a_connection_that_ends_before_an_answer_is_tried_once_more(ways):
    mark = ways.spy()
    service = ways.serve("take()[0].close(); grant()")
    granted_by_service(ways.tapgrant(*RUN))
    ended(service)
    assert not mark.exists()


@pytest.mark.parametrize("end", ["take()[0].close()", "listener.accept()[0].close()", "send(take()[0], b'')"])
def test_a_connection_that_ends_twice_is_an_error(ways, end):
    mark = ways.spy()
    service = ways.serve(f"{end}; {end}")
    result = ways.tapgrant(*RUN)
    assert result.code == 1 and "tapgrant: service: ended the connection before it answered, twice" in result.err, result
    ended(service)
    assert not mark.exists()


def test_a_service_that_is_gone_after_its_end_is_the_helpers_again(ways):
    service = ways.serve("connection = take()[0]; os.unlink(sys.argv[1])")
    granted_by_helper(ways.tapgrant(*RUN))
    ended(service)


def test_a_service_that_does_not_answer_is_left_after_10_seconds(ways):
    """Two at the same time: one is never answered; the other's connection ends late, and then the backlog is full."""
    mark = ways.spy()
    ways.serve("""
        import time
        silent, late = take(), take()
        time.sleep(9.5)
        listener.listen(0)
        filler = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        filler.connect(sys.argv[1])
        late[0].close()
        time.sleep(60)
    """)
    begun = time.monotonic()
    callers = [ways.start(TAPGRANT, *RUN, user=ALICE) for _ in range(2)]
    for caller in callers:
        assert caller.wait(timeout=15) == 1 and 9.5 < time.monotonic() - begun < 12
        assert "tapgrant: service: did not answer within 10 seconds" in caller.stderr.read()
    assert not mark.exists()


@pytest.mark.parametrize("data, code, words, reason_code", [
    ("reply(DENIED)", 3, "bridge br0: denied by policy", "denied"),
    ("reply(UNFIT, faults=2)", 3, "bridge br0: the host takes router advertisements on it", "unfit_bridge"),
    ("reply(UNFIT, faults=3 << 30)", 3, "it is not fit for a reason that this library does not know (faults 3221225472)", "unfit_bridge"),
    ("reply(UNFIT, faults=34)", 3, "could become its router; it is not fit for a reason that this library", "unfit_bridge"),
    ("reply(QUOTA)", 5, "rule lab allows 0 at one time, and all are held", "over_quota"),
    ("reply(TAKEN)", 4, "exists already", "name_taken"),
    ("reply(UNPRIVILEGED, 0)", 1, "service: could not take on the ids of this process", "failed"),
    ("reply(FAILED, stage=4, error=24)", 1, "Too many open files (the kernel, at stage device of the service)", "failed"),
    ("reply(FAILED, 0, error=12)", 1, "Cannot allocate memory (the kernel, at stage start of the service)", "failed"),
    ("reply(MALFORMED, 0)", 1, "service: answers what it cannot mean (2)", "failed"),
    ("reply(99, 0)", 1, "service: refuses for a reason that this library does not know (status 99)", "failed"),
    ("reply(12)", 1, "hint: restart the program that uses the library, or upgrade the library", "failed"),
    ("reply(OTHER_VERSION, 0, version=3)", 1, "service: service speaks 3, library 2: restart the program that uses it", "version"),
    ("reply(UNKNOWN, 0, interface_size=50)", 1, "service: is older than the program and does not know: vnet-hdr", "unknown_field"),
    ("reply(UNKNOWN, interface_size=44)", 1, "does not know: queues; vnet-hdr", "unknown_field"),
    ("reply(UNKNOWN, 0)", 1, "does not know: something of the request", "unknown_field"),
    ("reply()", 1, "service: did not give what was asked for", "failed"),
    ("reply()[:-1]", 1, "service: gives an answer of the wrong size", "failed"),
    ("reply(DENIED) + b'x'", 1, "service: gives an answer of the wrong size", "failed"),
    ("reply(GRANTED, 0)", 1, "service: gives an answer of the wrong size", "failed"),
    ("reply(DENIED, interface=1)", 1, "service: gives an answer that contradicts itself", "failed"),
    ("reply(magic=1)", 1, "service: answers in another protocol", "failed"),
    ("b'abc'", 1, "service: answers in another protocol", "failed")])
def test_any_other_answer_is_the_answer(ways, data, code, words, reason_code):
    mark = ways.spy()
    service = ways.serve(f"send(take()[0], {data})")
    result = ways.tapgrant("create", "--json", "--net", "bridge=br0,persist=yes")
    assert result.code == code and words in result.err, result
    assert result.json["code"] == code and result.json["reason_code"] == reason_code
    ended(service)
    assert not mark.exists()


KEYS = [("dev", 16), ("bridge", 32), ("guest-mac", 38), ("host-mac", 44), ("mtu", 48), ("queues", 50), ("vnet-hdr", 52)]  # to byte N


def test_an_older_service_is_told_by_each_key_that_it_does_not_know(ways):
    """It knows all keys before KEYS[N], for each N."""
    everything = "dev=u1000-a,bridge=br0,guest-mac=52:54:00:00:00:01,host-mac=02:00:00:00:00:02,mtu=1500,queues=2,vnet-hdr=yes"
    sizes = [0, *(end for _, end in KEYS)]
    service = ways.serve(f"for size in {sizes}: send(take()[0], reply(UNKNOWN, 0, interface_size=size))")
    for known in range(len(KEYS)):
        result = ways.tapgrant("run", "--net", everything, "--", "true")
        unknown = "; ".join(key for key, _ in KEYS[known:])
        assert result.code == 1 and result.err == (f"tapgrant: service: is older than the program and does not know: {unknown}\n"
                                                   "hint: upgrade tapgrant on the host, or leave that out\n"), result
    # it says that it knows all of this: then it is something that the program itself does not know it asked for
    assert "does not know: something of the request" in ways.tapgrant("run", "--net", everything, "--", "true").err
    ended(service)


@pytest.mark.parametrize("data, words", [
    ("reply(), os.open('/etc/passwd', 0)", "gave a descriptor that is not the tap's"),
    ("reply(), tap(), tap(b'other')", "gave more descriptors than were asked for"),
    ("reply(DENIED), 0", "contradicts itself"), ("reply(BUSY, 0, version=3), 0", "service speaks 3")])
def test_a_lying_service_is_a_clear_error(ways, data, words):
    ways.tap("other")
    ways.serve(f"send(take()[0], {data})")
    result = ways.tapgrant(*RUN)
    assert result.code == 1 and result.err.startswith("tapgrant: service: ") and words in result.err, result


COUNTED = r"""
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <tapgrant.h>

static int open_files(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count;
}

int main(int argc, char *argv[]) {
    for (int i = 0; argc == 3 && i < atoi(argv[2]); i++) {
        struct tapgrant_device *device;
        struct tapgrant_error error;
        int before = open_files();

        tapgrant_open(argv[1], &device, &error);
        printf("%d %s: %s\n", open_files() - before, error.object, error.reason);
    }
    return 0;
}
"""


def test_no_error_with_the_service_leaves_a_descriptor(ways):
    """Each answer is refused, and comes with descriptors; the last but one is more than the process may have."""
    answers = ["reply(), 0", "reply(), one, two", "reply(DENIED), 0", "reply(UNKNOWN, 0), 0, 0", "reply(0, 0), one", "reply()[:-1], one",
               "reply(version=3), one", "reply(magic=1), one", "b'', 0", "b'', 0", "reply(OTHER_NETNS, 0), 0, 0", "reply(), *[0] * 253",
               "reply(dev=b'other'), one"]
    ways.tap("other")
    ways.spy()
    service = ways.serve("one, two = tap(), tap(b'other')\n" + "".join(f"send(take()[0], {answer})\n" for answer in answers))
    source = ways.folder / "counted.c"
    source.write_text(COUNTED)
    result = ways.run("prlimit", "--nofile=64", build(ways.folder, source), "bridge=br0", len(answers) - 1, user=ALICE)
    counts = [line.split()[0] for line in result.out.splitlines()]
    assert counts == ["0"] * (len(answers) - 1), result
    ended(service)
    assert "recvmsg(2): Too many open files\n" in result.out, result


def test_one_request_has_the_whole_set_and_the_sizes(ways):
    service = ways.serve("""
        connection, request = take()
        say(request[8:28].hex())
        say(len(request))
        send(connection, reply(DENIED, 2, interface=1))
    """)
    result = ways.tapgrant("run", "--net", "bridge=br0", "--net", "bridge=br9", "--", "true")
    assert result.code == 3 and "bridge br9: denied by policy" in result.err
    sizes = b"".join(number.to_bytes(4, "little") for number in (28, 56, 2, 44, 92))
    assert ended(service) == [sizes.hex(), str(28 + 2 * 56)]


# The host program ----------------------------------------------------------------------------------------------------------

PROGRAM = r"""
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <tapgrant.h>
#include <unistd.h>

_Static_assert(sizeof(struct tapgrant_error) == 1284, "programs have one on their stack");
_Static_assert(offsetof(struct tapgrant_error, hint) == 772, "and find the hint there");

static volatile sig_atomic_t alarms;

static void on_alarm(int number) {
    alarms += number == SIGALRM;
}

int main(int argc, char *argv[]) {
    const struct itimerval often = {{0, 2000}, {0, 2000}};
    struct sigaction action = {.sa_handler = on_alarm};
    struct tapgrant_device *device;
    struct tapgrant_error error;
    int code;

    if (argc > 2) {
        sigaction(SIGALRM, &action, NULL); /* without SA_RESTART */
        setitimer(ITIMER_REAL, &often, NULL);
    }
    if (write(1, "begin\n", 6) != 6) {
        return 9;
    }
    code = tapgrant_open(argv[1], &device, &error);
    if (write(1, "end\n", 4) != 4) {
        return 9;
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    if (code) {
        fprintf(stderr, "%s: %s (%s)\n", error.object, error.reason, error.reason_code);
        return code;
    }
    printf("%s %d\n", tapgrant_name(device), alarms > 0);
    tapgrant_close(device);
    return 0;
}
"""


@pytest.fixture
def program(ways):
    source = ways.folder / "program.c"
    source.write_text("#include <stddef.h>\n" + PROGRAM)
    return build(ways.folder, source)


def test_through_the_service_the_library_makes_no_process_and_touches_no_signal(ways, program):
    """Only the calls between the two lines that the program writes are the library's."""
    service = ways.serve("answer(BUSY, BUSY); take()[0].close(); grant()")
    ways.folder.chmod(0o777)
    result = ways.run("strace", "-f", "-o", ways.folder / "trace", program, "bridge=br0", user=ALICE)
    assert "mytap0" in result.out
    ended(service)
    text = (ways.folder / "trace").read_text()
    between = text.split('write(1, "begin')[1].split('write(1, "end')[0]
    calls = set(re.findall(r"^\d+ +(\w+)\(", between, re.M))
    assert {"connect", "sendto", "recvmsg", "poll"} <= calls, calls
    forbidden = {"clone", "clone3", "fork", "vfork", "execve", "wait4", "waitid", "rt_sigprocmask", "rt_sigaction", "setitimer",
                 "alarm", "kill", "tgkill", "prctl", "unshare", "setns", "chdir", "umask"}
    assert not calls & forbidden, calls & forbidden
    # a sandbox can let the library make the calls that its page names, and no others but for memory and files
    page = (PREFIX / "share/man/man3/libtapgrant.3").read_text()
    listed = set(re.findall(r"^\.Xr (\w+) 2", page.split("must let the library make these")[1].split("\n.Pp\n")[0], re.M))
    usual = {"close", "read", "write", "openat", "fstat", "newfstatat", "lseek", "brk", "mmap", "munmap", "mprotect", "rt_sigreturn"}
    assert calls - usual <= listed, calls - usual - listed


def test_signals_of_the_host_program_disturb_nothing(ways, program):
    service = ways.serve("""
        import time
        answer(BUSY, BUSY, BUSY)
        connection, _ = take()
        time.sleep(0.3)
        send(connection, reply(), tap())
    """)
    result = ways.run(program, "bridge=br0", "signals", user=ALICE)
    assert result.out.splitlines()[-1] == "mytap0 1"
    ended(service)


CANCELLED = r"""
#include <pthread.h>
#include <stdio.h>
#include <tapgrant.h>

static int code = -1;

static void *open_cancelled(void *spec) {
    struct tapgrant_device *device;

    pthread_cancel(pthread_self());
    code = tapgrant_open(spec, &device, NULL);
    pthread_testcancel();
    return NULL;
}

int main(int argc, char *argv[]) {
    pthread_t thread;
    void *result;

    if (argc != 2 || pthread_create(&thread, NULL, open_cancelled, argv[1]) || pthread_join(thread, &result)) {
        return 9;
    }
    printf("%d %d\n", code, result == PTHREAD_CANCELED);
    return 0;
}
"""


def test_no_thread_is_cancelled_while_it_asks_the_service(ways):
    """The request to cancel it is there before: the first cancellation point would end the thread."""
    service = ways.serve("answer(BUSY); take()[0].close(); grant()")
    source = ways.folder / "cancelled.c"
    source.write_text(CANCELLED)
    assert ways.run(build(ways.folder, source), "bridge=br0", user=ALICE).out == "0 1\n"
    ended(service)


# Where the setuid helper cannot work -----------------------------------------------------------------------------------------


def test_no_new_privs_does_not_matter_to_the_service(ways):
    service = ways.serve("grant()")
    granted_by_service(ways.tapgrant(*RUN, extra=["--no-new-privs"]))
    ended(service)


@pytest.mark.parametrize("options", ["-U", "-Ur", "-Un", "-Urn"])
def test_a_user_namespace_does_not_matter_to_the_service(ways, options):
    """Root, whose id is not mapped there, is the overflow id."""
    service = ways.serve("grant()")
    granted_by_service(ways.run("unshare", options, TAPGRANT, *RUN, user=ALICE, check=False))
    ended(service)


def test_the_overflow_id_is_nobody_to_trust_outside_of_a_user_namespace(ways):
    ways.run("chown", "65534", SOCKET.parent)
    ways.serve("grant()", words=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    granted_by_helper(ways.tapgrant(*RUN))


def test_a_helper_without_a_chance_is_not_executed(ways):
    trace = ways.folder / "trace"
    ways.folder.chmod(0o777)
    ways.run("strace", "-f", "-e", "trace=execve,clone,clone3,fork,vfork", "-o", trace, TAPGRANT, "run", "--net", "bridge=br0", "--",
             "true", user=ALICE, check=False, extra=["--no-new-privs"])
    assert str(HELPER) not in trace.read_text() and "clone" not in trace.read_text()


def test_root_has_its_privilege_under_no_new_privs_too(ways):
    result = ways.run("setpriv", "--no-new-privs", TAPGRANT, *RUN, check=False)
    granted_by_helper(result)


@pytest.mark.parametrize("how, words", [
    ("no socket", "and the service cannot be reached at /run/tapgrant/socket: No such file or directory"),
    ("nobody listens", "and the service cannot be reached at /run/tapgrant/socket: Connection refused"),
    ("no permission", "and the service cannot be reached at /run/tapgrant/socket: Permission denied"),
    ("another's", f"and the service is not what listens at /run/tapgrant/socket, but a program of user {uid(BOB)}"),
    ("another namespace", "and the service acts in another network namespace than this process is in")])
@pytest.mark.parametrize("lack, why", [
    ("no_new_privs", "has no privilege: this process runs with no_new_privs"), ("bit", "is not setuid root"),
    ("missing", "cannot be executed: No such file or directory")])
def test_where_neither_way_is_open_one_line_says_why_of_both(ways, how, words, lack, why):
    if how == "nobody listens":
        ended(ways.serve("pass"))
    elif how == "no permission":
        ways.serve("pass; take()")
        ways.root(SOCKET).chmod(0o660)
        ways.run("chgrp", "4321", SOCKET)
    elif how == "another's":
        ways.run("chown", str(uid(BOB)), SOCKET.parent)
        ways.serve("take()", user=BOB)
    elif how == "another namespace":
        ways.serve("answer(OTHER_NETNS)")
    if lack == "bit":
        copy = ways.folder / "helper"
        copy.write_bytes(HELPER.read_bytes())
        copy.chmod(0o755)
        ways.bind(copy, HELPER)
    elif lack == "missing":
        ways.run("mount", "-t", "tmpfs", "tmpfs", HELPER.parent)
    result = ways.tapgrant("create", "--json", "--net", "bridge=br0", extra=["--no-new-privs"] if lack == "no_new_privs" else ())
    line, hint = result.err.splitlines()
    assert result.code == 1 and line == f"tapgrant: {HELPER}: {why}; {words}", result
    assert result.json["reason_code"] == "no_access"
    if how == "no permission":
        assert hint == "hint: only members of group 4321 may: add the user to it, and log in again"
    else:
        assert hint.startswith("hint: ") and "systemctl" not in hint  # there is no such unit on this host


@pytest.mark.parametrize("folder", ["/etc/systemd/system", "/usr/lib/systemd/system"])
def test_the_hint_is_the_command_that_opens_the_service_where_it_is_installed(ways, folder):
    ways.run("mount", "-t", "tmpfs", "tmpfs", folder)
    ways.root(f"{folder}/tapgrant.socket").write_text("[Socket]\n")
    ways.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", HELPER.parent)
    ways.root(HELPER.parent / "tapgrantd").write_text("")
    ways.root(HELPER.parent / "tapgrantd").chmod(0o755)
    started_by_hand = [f"hint: start the service, as root: {HELPER.parent / 'tapgrantd'} --listen {SOCKET}"]
    result = ways.tapgrant(*RUN)
    assert result.code == 1 and result.err.splitlines()[1:] == started_by_hand, result  # systemd does not run
    inside = ways.run("unshare", "-Ur", TAPGRANT, *RUN, user=ALICE, check=False)
    assert inside.code == 1 and "--listen" not in inside.err, inside  # the service does not start in a user namespace
    ways.run("mkdir", "-p", "/run/systemd/system")
    result = ways.tapgrant(*RUN, extra=["--no-new-privs"])
    assert result.code == 1 and result.err.splitlines()[1:] == ["hint: systemctl enable --now tapgrant.socket"], result


# The command tells ------------------------------------------------------------------------------------------------------------


def doctor(host, **kwargs):
    result = host.tapgrant("doctor", "--json", **kwargs)
    return {row["check"]: row for row in result.json}


def test_doctor_tells_of_both_ways(ways):
    rows = doctor(ways)
    assert rows["service"]["ok"] and rows["helper"]["ok"]
    assert rows["service"]["text"] == ("cannot be reached at /run/tapgrant/socket: No such file or directory; "
                                       "the setuid helper is used")
    assert rows["helper"]["text"] == "privileged, and answers"
    service = ways.serve("send(take()[0], reply(DENIED))")
    rows = doctor(ways)
    ended(service)
    assert rows["service"]["ok"] and rows["service"]["text"] == "reachable at /run/tapgrant/socket, and answers"
    assert rows["helper"]["ok"] and rows["helper"]["text"] == "privileged, and answers"


def test_doctor_tells_them_for_the_process_that_asks(ways):
    service = ways.serve("send(take()[0], reply(DENIED))")
    rows = doctor(ways, extra=["--no-new-privs"])
    ended(service)
    assert rows["service"]["ok"] and rows["helper"]["ok"]
    assert rows["helper"]["text"] == "has no privilege: this process runs with no_new_privs; the service is used"
    ways.run("rm", SOCKET)
    rows = doctor(ways, extra=["--no-new-privs"])
    assert rows["service"]["text"] == "cannot be reached at /run/tapgrant/socket: No such file or directory"
    assert not rows["helper"]["ok"] and rows["helper"]["hint"]


def test_doctor_blames_a_service_that_answers_with_an_error(ways):
    ways.serve("send(take()[0], reply(OTHER_VERSION, 0, version=3))")
    rows = doctor(ways)
    assert rows["helper"]["ok"] and not rows["service"]["ok"] and "service speaks 3" in rows["service"]["text"]


def test_doctor_warns_of_another_program_at_the_services_socket(ways):
    ways.run("chown", str(uid(BOB)), SOCKET.parent)
    ways.serve("take(); take()", user=BOB)
    result = ways.tapgrant("doctor")
    assert (f"service: is not what listens at {SOCKET}, but a program of user {uid(BOB)}; the setuid helper is used" in result.out
            and f"ls -ld {SOCKET.parent} shows who may: the folder must be root's alone" in result.out), result
    rows = doctor(ways, extra=["--no-new-privs"])
    assert not rows["service"]["ok"] and rows["service"]["hint"] and not rows["helper"]["ok"]


def test_doctor_says_that_another_network_namespace_is_the_helpers(ways):
    ways.serve("answer(OTHER_NETNS)")
    rows = doctor(ways)
    assert rows["service"]["ok"]
    assert rows["service"]["text"] == "acts in another network namespace than this process is in; the setuid helper is used"
