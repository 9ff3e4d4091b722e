# SPDX-License-Identifier: LGPL-2.1-or-later
"""libtapgrant in other people's processes: unnoticed by them, and believing nothing of what a helper answers."""
import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from host import ALICE, HELPER, PREFIX
from linked import build

ASK_HELPER = Path(__file__).with_name("ask_helper.py")

DOUBLE = """\
#!/usr/bin/python3
import array, os, socket, struct, sys, time, fcntl
me = socket.socket(fileno=0)
asked = me.recv(65536)
MAGIC, VERSION = 0x74617067, 2
def reply(status=0, count=1, dev=b"tg0", magic=MAGIC, version=VERSION, interface=0):
    device = struct.pack("16s16s36s6s6sIIHH", dev, b"br0", b"lab", bytes(6), bytes(6), 7, 1500, 1, 0)
    return struct.pack("11I", magic, version, status, 0, 0, interface, 0, count, 28, 56, 0) + device
def send(data, *fds):
    me.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
def tap(name=b"tg0", flags=0x5002):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", name, flags))
    return fd
"""

# The double's behaviour, and what the library must say of it.
LIES = {
    "no descriptor": ("send(reply())", "did not give what was asked for"),
    "two descriptors": ("t = tap(b'mytap0'); send(reply(dev=b'mytap0'), t, t)", "more descriptors than were asked for"),
    "253 descriptors": ("t = tap(b'mytap0'); send(reply(dev=b'mytap0'), *[t] * 253)", "more descriptors than were asked for"),
    "a file": ("send(reply(), os.open('/etc/passwd', 0))", "a descriptor that is not the tap's"),
    "a pipe": ("send(reply(), os.pipe()[0])", "a descriptor that is not the tap's"),
    "an unset tun": ("send(reply(), os.open('/dev/net/tun', 2))", "a descriptor that is not the tap's"),
    "another tap": ("send(reply(dev=b'other'), tap(b'mytap0'))", "a descriptor that is not the tap's"),
    "without vnet-hdr": ("send(reply(dev=b'mytap0'), tap(b'mytap0', 0x1002))", "a descriptor that is not the tap's"),
    "a refusal with a descriptor": ("send(reply(4, 0), 0)", "contradicts itself"),
    "an index out of range": ("send(reply(4, 0, interface=64))", "contradicts itself"),
    "too many devices": ("send(reply(count=2))", "contradicts itself"),
    "a name without an end": ("send(reply(dev=b'x' * 16), tap(b'mytap0'))", "did not give what was asked for"),
    "an unknown status": ("send(reply(99, 0))", "refuses for a reason that this library does not know (status 99)"),
    "another protocol": ("send(reply(magic=1))", "another protocol"),
    "a short answer": ("send(reply()[:-1])", "the wrong size"),
    "a long answer": ("send(reply() + b'x')", "the wrong size"),
    "three bytes": ("send(b'abc')", "another protocol"),
    "another version": ("send(reply(version=3)[:12])", "helper speaks 3, library 2: restart the program that uses it"),
    "an early end": ("sys.exit(3)", "ended with status 3 and no answer"),
    "a crash": ("os.kill(os.getpid(), 9)", "was ended by signal 9 before it answered"),
    "silence": ("time.sleep(30)", "did not end within 5 seconds"),
    "an answer and no end": ("send(reply(4, 0)); time.sleep(30)", "did not end within 5 seconds"),
}


@pytest.fixture
def lied_to(lab):
    """A lab whose helper is a double that the test writes."""
    path = lab.folder / "helper"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    lab.bind(path, HELPER)
    lab.tap("mytap0")

    def lie(body):
        path.write_text(DOUBLE + body + "\n")
    lab.lie = lie
    return lab


@pytest.mark.parametrize("name", LIES)
def test_a_lying_helper_is_a_clear_error(lied_to, name):
    body, words = LIES[name]
    lied_to.lie(body)
    result = lied_to.tapgrant("run", "--net", "bridge=br0", "--", "true")
    assert result.code == 1 and result.out == "" and words in result.err, result
    assert result.err.startswith(f"tapgrant: {HELPER}: ")


def test_the_truth_from_a_double_is_taken(lied_to):
    """The doubles above are refused for their lies alone."""
    lied_to.lie("send(reply(dev=b'mytap0'), tap(b'mytap0'))")
    assert lied_to.tapgrant("run", "--net", "bridge=br0", "--", "echo", "{dev}").out == "mytap0\n"


def test_a_helpers_chatter_is_not_read(lied_to):
    lied_to.lie("sys.stderr.write('x' * 1000000); send(reply(4, 0))")
    assert lied_to.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 3


# The helper, asked by hand ---------------------------------------------------------------------------------------------


def ask_by_hand(host, body):
    code = textwrap.dedent(f"""
        import os, socket, subprocess, sys
        sys.path.insert(0, {str(ASK_HELPER.parent)!r})
        from ask_helper import interface, receive, request
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        helper = {str(HELPER)!r}
    """) + textwrap.dedent(body) + textwrap.dedent("""
        status = subprocess.run([helper], stdin=theirs, timeout=10).returncode
        theirs.close()
        ours.setblocking(False)
        try:
            answer = receive(ours)
        except ConnectionResetError:
            answer = receive(ours)
        print(status, answer and answer[0], len(answer[1]) if answer else 0)
    """)
    return host.run("/usr/bin/python3", "-c", code, user=ALICE).out.strip()


@pytest.mark.parametrize("body, answer", [
    ("ours.send(request(interface()))", "0 granted 1"),
    ("ours.send(request(interface(), interface(bridge=b'')))", "0 granted 2"),
    ("ours.send(request(interface(), version=3))", "1 version 0"),
    ("ours.send(request(interface(), version=1))", "1 version 0"),
    ("ours.send(request(interface(), version=0)[:8])", "1 version 0"),
    ("ours.send(request(interface(), magic=1))", "1 malformed 0"),
    ("ours.send(request(interface())[:-1])", "1 malformed 0"),
    ("ours.send(request(interface()) + b'x')", "1 malformed 0"),
    ("ours.send(b'')", "1 malformed 0"),
    ("ours.send(request(interface(), size=53))", "1 malformed 0"),
    ("ours.send(request(interface(), header=2 ** 32 - 1, size=81))", "1 malformed 0"),
    ("ours.send(request(interface(), count=2))", "1 malformed 0"),
    ("ours.send(request(interface(), count=0))", "1 malformed 0"),
    ("ours.send(request(interface(), count=65))", "1 malformed 0"),
    ("ours.send(request(interface(), count=4294967295))", "1 malformed 0"),
    ("ours.send(request(interface(queues=200), interface(queues=54)))", "1 malformed 0"),
    ("ours.send(request(interface(dev=b'tap%d')))", "1 malformed 0"),
    ("ours.send(request(interface(dev=b'tg5')))", "1 malformed 0"),
    ("ours.send(request(interface(dev=b'x' * 16)))", "1 malformed 0"),
    ("ours.send(request(interface(dev=b'ok\\0bad')))", "1 malformed 0"),
    ("ours.send(request(interface(bridge=b'none')))", "1 malformed 0"),
    ("ours.send(request(interface(guest_mac=b'\\1\\0\\0\\0\\0\\1')))", "1 malformed 0"),
    ("ours.send(request(interface(mtu=67)))", "1 malformed 0"),
    ("ours.send(request(interface(queues=0)))", "1 malformed 0"),
    ("ours.send(request(interface(vnet_hdr=2)))", "1 malformed 0"),
    ("socket.send_fds(ours, [request(interface())], [0])", "1 malformed 0"),
    ("pass", "1 failed 0"),
    ("ours, theirs = socket.socketpair(); ours.send(request(interface()))", "1 None 0"),
    ("ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); ours.send(request(interface())); "
     "ours.settimeout(1)", "1 None 0")])
def test_the_helper_takes_one_well_formed_request(lab, body, answer):
    if "SOCK_DGRAM" in body:
        with pytest.raises(AssertionError, match="BlockingIOError"):
            ask_by_hand(lab, body)  # no datagram ever comes
    else:
        assert ask_by_hand(lab, body) == answer
    lab.wait_gone("tg0", "tg1")


def test_the_helper_reads_neither_arguments_nor_environment(lab):
    body = """
        ours.send(request(interface()))
        os.environ.update(LD_PRELOAD="/nonexistent", GLIBC_TUNABLES="x=y", TZ="/etc/shadow", MALLOC_TRACE="/tmp/x")
        real = subprocess.run
        subprocess.run = lambda words, **options: real([*words, "--help", "-x", "%n" * 500], **options)
    """
    assert ask_by_hand(lab, body) == "0 granted 1"


# A program that links it -----------------------------------------------------------------------------------------------

PROGRAM = r"""
#define _GNU_SOURCE
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tapgrant.h>
#include <unistd.h>

static volatile sig_atomic_t children;
static void on_child(int number) { children += number == SIGCHLD; }

static int open_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static void *open_some(void *argument) {
    for (int i = 0; i < 5; i++) {
        struct tapgrant_device *device;
        struct tapgrant_error error;
        int code = tapgrant_open(argument, &device, &error);
        if (code) fprintf(stderr, "%s: %s\n", error.object, error.reason);
        assert(!code);
        tapgrant_close(device);
    }
    return NULL;
}

int main(void) {
    struct tapgrant_device *device, *two[2], **all;
    struct tapgrant_error error;
    pthread_t thread[4];
    sigset_t before = {0}, after = {0};
    cpu_set_t processors, later;
    size_t count;
    int fds;

    signal(SIGCHLD, on_child);
    sigprocmask(SIG_SETMASK, NULL, &before);
    assert(!sched_getaffinity(0, sizeof(processors), &processors));
    fds = open_descriptors();
    assert(!tapgrant_open("bridge=br0,guest-mac=52:54:00:00:00:01", &device, &error));
    assert(!strcmp(tapgrant_name(device), "tg0") && tapgrant_ifindex(device) > 0 && tapgrant_queues(device) == 1);
    assert(!strcmp(tapgrant_bridge(device), "br0") && !strcmp(tapgrant_rule(device), "lab"));
    assert(tapgrant_slot(device) >= 0 && tapgrant_uid(device) == getuid() && tapgrant_mtu(device) == 1500);
    assert(tapgrant_host_mac(device)[0] == 0xfe && tapgrant_guest_mac(device)[0] == 0x52);
    assert(tapgrant_managed(device) && tapgrant_vnet_hdr(device) && !tapgrant_persist(device) && tapgrant_up(device));
    assert(tapgrant_fd(device, 1) == -1 && !tapgrant_warning(device, 0));
    fds = tapgrant_take_fd(device, 0);
    assert(fds >= 0 && tapgrant_fd(device, 0) == -1);
    close(fds);
    tapgrant_close(device);
    tapgrant_close(NULL);
    fds = open_descriptors();
    assert(tapgrant_open("bridge=br9", &device, &error) == TAPGRANT_DENIED && !device);
    assert(error.code == TAPGRANT_DENIED && !strcmp(error.object, "bridge br9") && error.hint[0]);
    assert(tapgrant_open("bridge=br9", &device, NULL) == TAPGRANT_DENIED);
    assert(tapgrant_open_set((const char *[]){"bridge=br0", "bridge=br9"}, 2, two, &error) == TAPGRANT_DENIED);
    assert(!two[0] && !two[1]);
    assert(!tapgrant_open_set(NULL, 0, NULL, &error));
    assert(tapgrant_delete("nosuch", &error) == TAPGRANT_DEVICE);
    assert(!tapgrant_list(&all, &count, &error));
    tapgrant_list_free(all, count);
    for (int i = 0; i < 4; i++) assert(!pthread_create(&thread[i], NULL, open_some, "bridge=br0"));
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    assert(open_descriptors() == fds);
    sigprocmask(SIG_SETMASK, NULL, &after);
    assert(!memcmp(&before, &after, sizeof(before)));
    assert(!sched_getaffinity(0, sizeof(later), &later) && CPU_EQUAL(&processors, &later));
    assert(!children && waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    /* descriptor 0 closed: the request's socket may itself be 0 */
    close(0);
    assert(!tapgrant_open("bridge=br0", &device, &error));
    tapgrant_close(device);
    puts("unnoticed");
    return 0;
}
"""


def test_a_program_that_links_it_notices_nothing(lab):
    source = lab.folder / "program.c"
    source.write_text(PROGRAM)
    assert lab.run(build(lab.folder, source), user=ALICE).out == "unnoticed\n"
    assert lab.run("valgrind", "-q", "--leak-check=full", "--error-exitcode=9", "--trace-children=no", TAPGRANT_LIST[0],
                   *TAPGRANT_LIST[1:], user=ALICE).code == 0


TAPGRANT_LIST = [PREFIX / "bin/tapgrant", "list"]


def test_only_its_own_names_are_exported():
    library = next(PREFIX.rglob("libtapgrant.so"))
    names = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    exported = {line.split()[-1] for line in names.splitlines()}
    assert all(re.fullmatch(r"tapgrant_\w+@@TAPGRANT_0\.1|TAPGRANT_0\.1", name) for name in exported), exported
    header = (PREFIX / "include/tapgrant.h").read_text()
    declared = set(re.findall(r"\b(tapgrant_\w+)\(", re.sub(r"/\*.*?\*/", "", header, flags=re.S)))
    assert declared == {name.split("@")[0] for name in exported} - {"TAPGRANT_0.1"}


def test_the_header_is_plain_c_and_cxx(tmp_path):
    for compiler, suffix in (("cc", "c"), ("c++", "cc")):
        source = tmp_path / f"include.{suffix}"
        source.write_text("#include <tapgrant.h>\nint main(void) { return 0; }\n")
        subprocess.run([compiler, "-pedantic-errors", "-Wall", "-Wextra", "-Werror", f"-I{PREFIX}/include", "-fsyntax-only",
                        source], check=True)
