# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the privileged sources are made of, and what they ask of libc while they run."""
import re
import subprocess
from pathlib import Path

import pytest

from ask_helper import interface, request
from calls import POLICY, STRICT
from host import HELPER

TOP = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("wire", "helper", "conf/file", "conf/ini", "conf/policy") for path in (TOP / folder).rglob("*.c")
                 if path.name not in ("generate_filter.c", "plain.c", "reason.c", "text.c"))
FORBIDDEN = set("getenv secure_getenv setenv putenv system popen strcpy stpcpy strcat strncpy strncat sprintf vsprintf gets scanf sscanf atoi "
                "atol atof strtok mktemp tmpfile tempnam fork vfork execve execv execvp posix_spawn clone dlopen setlocale iconv syslog "
                "openlog getpwnam getpwuid getgrnam getgrgid getlogin if_nametoindex getaddrinfo gethostbyname alloca longjmp wordexp glob "
                "rand random srand localtime strftime printf fprintf puts perror".split())
# Of the service: one place starts processes, one reads what the service manager says, one begins without privilege.
ALLOWED = {TOP / "helper/service/template.c": {"fork", "fexecve"}, TOP / "helper/service/listen.c": {"getenv"}}
COMPILE = ["cc", "-std=c11", "-O2", "-D_GNU_SOURCE", "-fno-builtin", f"-I{TOP}", '-DPOLICY_FOLDER="/nonexistent"',
           '-DSERVICE_USER="nobody"', '-DSERVICE_GROUP=""', '-DTAPGRANT_VERSION="0"']


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(TOP).as_posix())
def test_the_privileged_sources_ask_for_no_forbidden_function(source, tmp_path):
    """By their symbols, not by their text."""
    for data in (tmp_path / "helper/privilege/filter.inc", tmp_path / "helper/privilege/service_filter.inc"):  # made while building
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_text("{0, 0, 0, 0},\n")
    subprocess.run([*COMPILE, f"-I{tmp_path}", "-c", "-o", tmp_path / "object.o", source], check=True)
    names = subprocess.run(["nm", "-u", "--format=just-symbols", tmp_path / "object.o"], capture_output=True, text=True, check=True).stdout
    asked = {re.sub(r"^__|_chk$|@.*", "", name) for name in names.split()}
    found = (asked & FORBIDDEN) - ALLOWED.get(source, set())
    assert (asked or source.name == "connections.c") and not found, found  # that one calls nothing


# Interposed in a copy that is not setuid, started by root: each call of the allocator says so on a pipe of its own.
WATCH_HEAP = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int calls, behind, libraries;
static char said[128];

static void tell(const char *what) {
    size_t length = strlen(what);
    memcpy(said, what, length);
    syscall(SYS_pwrite64, syscall(SYS_openat, -100, LOG, 02001 /* O_WRONLY | O_APPEND */), said, length, 0L);
}

#define WATCH(type, name, parameters, arguments)                                         \
    type name parameters {                                                               \
        type (*real) parameters = (type (*) parameters)dlsym(RTLD_NEXT, #name);          \
        if (behind) tell("behind " #name "\n"); else if (!calls++) tell("before\n");      \
        return real arguments;                                                           \
    }
WATCH(void *, malloc, (size_t size), (size))
WATCH(void *, realloc, (void *old, size_t size), (old, size))
WATCH(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
WATCH(int, posix_memalign, (void **to, size_t alignment, size_t size), (to, alignment, size))

/* The drop is behind the policy, and its last step is no_new_privs: from there on. */
int prctl(int option, ...) {
    unsigned long one[4];
    va_list list;
    va_start(list, option);
    for (int i = 0; i < 4; i++) one[i] = va_arg(list, unsigned long);
    va_end(list);
    if (option == PR_SET_NO_NEW_PRIVS) behind = 1, tell("drop\n");
    return (int)syscall(SYS_prctl, option, one[0], one[1], one[2], one[3]);
}
"""


@pytest.mark.parametrize("policy", ["granted", "denied"])
def test_there_is_no_heap_behind_the_policy(lab, policy):
    lab.policy(POLICY if policy == "granted" else STRICT.replace("nobody %tgteam", "root"))
    source, library, log = (lab.folder / name for name in ("watch.c", "watch.so", "log"))
    source.write_text(WATCH_HEAP)
    log.write_text("")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", f'-DLOG="{log}"', "-o", library, source], check=True)
    copy = lab.folder / "helper"
    copy.write_bytes(HELPER.read_bytes())  # not setuid, or the loader would not listen
    copy.chmod(0o755)
    code = ("import os, socket, subprocess, sys; sys.path.insert(0, sys.argv[1]); from ask_helper import interface, receive_all, request;"
            "ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET);"
            "ours.send(request(interface(queues=2), interface(bridge=b'')));"
            "subprocess.run([sys.argv[2]], stdin=theirs, env={'LD_PRELOAD': sys.argv[3]}); theirs.close(); print(receive_all(ours)[0])")
    done = lab.run("/usr/bin/python3", "-c", code, TOP / "tests/system", copy, library)
    assert done.out == f"{policy}\n", done
    assert log.read_text() == "before\ndrop\n"
    assert request(interface())
