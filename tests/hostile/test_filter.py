# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system call filter: what is not on its list ends the helper."""
import os
import subprocess
from pathlib import Path

import pytest

from ask_helper import interface, request
from calls import POLICY
from host import HELPER

TOP = Path(__file__).resolve().parents[2]
SIGSYS = 31

# Linked into a helper that is otherwise the same: one further system call, in front of one that it has behind the drop.
ONE_MORE = """
#include <sys/syscall.h>
#include <unistd.h>
long __real_getrandom(void *buffer, unsigned long size, unsigned flags);
long __wrap_getrandom(void *buffer, unsigned long size, unsigned flags) {{
    {call};
    return __real_getrandom(buffer, size, flags);
}}
"""
CALLS = {"none": "", "getppid": "syscall(SYS_getppid)", "another socket": "syscall(SYS_socket, 2, 2, 0)", "execve": "syscall(SYS_execve, 0, 0, 0)",
         "another ioctl": "syscall(SYS_ioctl, 3, 0x8913, 0)", "setuid": "syscall(SYS_setuid, 0)", "mprotect": "syscall(SYS_mprotect, 0, 0, 4)"}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The project's own build, filter and all, with one object more in its programs."""
    folder = tmp_path_factory.mktemp("one-more")
    source, thing = folder / "more.c", folder / "more.o"
    source.write_text(ONE_MORE.format(call=CALLS["none"]))
    subprocess.run(["cc", "-fPIC", "-c", "-o", thing, source], check=True)
    subprocess.run(["meson", "setup", folder / "build", TOP, "--prefix", HELPER.parent.parent, "--libexecdir", "libexec",
                    f"-Dc_link_args=-Wl,--wrap=getrandom,{thing}"], check=True, capture_output=True)

    def with_call(name):
        source.write_text(ONE_MORE.format(call=CALLS[name]))
        subprocess.run(["cc", "-fPIC", "-c", "-o", thing, source], check=True)
        program = folder / "build/helper/tapgrant-helper"
        program.unlink(missing_ok=True)
        subprocess.run(["ninja", "-C", folder / "build", "helper/tapgrant-helper"], check=True, capture_output=True)
        return program.read_bytes()
    return with_call


@pytest.mark.parametrize("call", CALLS)
def test_one_more_system_call_ends_the_helper(arena, build, call):
    """None: the build itself is a good one."""
    one = arena(POLICY)
    copy = one.host.folder / "helper"
    copy.write_bytes(build(call))
    os.chmod(copy, 0o4755)
    one.host.bind(copy, HELPER)
    result = one.do(request=request(interface()).hex())
    assert result["wrong"] == []
    assert (result["answer"], result["status"]) == (("granted", 0) if call == "none" else (None, -SIGSYS)), result
