# SPDX-License-Identifier: LGPL-2.1-or-later
"""A grant costs no more than it did, in what can be counted and is the same on every run: system calls of the installed helper,
and instructions of its own code.  What was counted when guard.json was written may grow by a tenth; who makes it grow further
writes the new numbers there, and says why."""
import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from ask_helper import interface, receive_all, request
from calls import trace
from host import Host

TOP = Path(__file__).resolve().parents[2]
GUARD = json.loads(Path(__file__).with_name("guard.json").read_text())
RULE = "[rule {name}]\nuser = *\nbridge = {bridge}\nisolate = yes\nlock-mac = yes\nmax = 256\n"
POLICIES = {"grant": RULE.format(name="lab", bridge="br0"),
            "grant, 100 rules": "".join(RULE.format(name=f"r{n}", bridge="other*") for n in range(99)) + RULE.format(name="lab", bridge="br0")}


def check(what, counted):
    known = GUARD[what]
    print(f"{what}: {counted}, of {known}")
    assert counted <= known * 1.1, f"{what}: {counted}, more than a tenth above {known} (tests/bench/guard.json)"
    assert counted >= known * 0.5, f"{what}: {counted}, less than half of {known}: is it counted? then write it down"


@pytest.fixture
def lab():
    host = Host()
    host.bridge("br0")
    host.listen_log()
    yield host
    host.close()


def test_a_grant_makes_no_more_system_calls_than_it_did(lab):
    lab.policy(POLICIES["grant"])
    check("system calls of a grant", len(trace(lab, request(interface()))))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The helper's sources with the two that valgrind cannot follow left empty: a start that needs setuid, and the filter."""
    folder = tmp_path_factory.mktemp("guard")
    (folder / "plain.c").write_text('#include "helper/privilege/privilege.h"\n#include "helper/setuid/start.h"\n'
                                    "int start_clean(void) { return 0; }\n"
                                    "int privilege_enter(uid_t uid, gid_t gid) { (void)uid; (void)gid; return 0; }\n"
                                    "int privilege_leave(uid_t uid, gid_t gid) { (void)uid; (void)gid; return 0; }\n")
    sources = [TOP / "helper/setuid/main.c", *sorted(TOP.glob("helper/link/*.c")), *sorted(TOP.glob("helper/grant/*.c"))]
    sources.extend(TOP / "wire" / name for name in ("mac.c", "message.c", "wire.c"))
    subprocess.run(["cc", "-std=c11", "-O2", "-g", "-D_GNU_SOURCE", f'-DPOLICY_FOLDER="{folder}"', f"-I{TOP}",
                    "-o", folder / "plain", folder / "plain.c", *sources, TOP / "conf/file/trusted.c", TOP / "conf/ini/ini.c", *sorted(TOP.glob("conf/policy/*.c")), "-linih", "-lmnl"],
                   check=True)
    return folder


def count_instructions(host, plain):
    """Those of main() and what it calls; not the loader's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(request(interface()))
        done = subprocess.run(host.command(["valgrind", "--tool=callgrind", "--toggle-collect=main", f"--callgrind-out-file={plain / 'out'}",
                                            plain / "plain"]), stdin=theirs, capture_output=True, text=True, timeout=60)
        status, _, descriptors = receive_all(ours)
        for descriptor in descriptors:
            os.close(descriptor)
    assert status == "granted", done.stderr
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


@pytest.mark.parametrize("case", POLICIES)
def test_a_grant_takes_no_more_instructions_than_it_did(lab, plain, case):
    shutil.chown(plain, 0, 0)
    plain.chmod(0o755)
    (plain / "policy.conf").write_text(POLICIES[case])
    check(f"instructions of a {case}", count_instructions(lab, plain))
