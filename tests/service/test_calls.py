# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of system calls of a child: all of it is needed, and nothing else is called.  What else is called ends it: test_crash.py."""
import re
import subprocess
import time
from pathlib import Path

from ask_helper import interface, request
from daemon import Service, state, until
from host import ALICE, BOB, POLICY, uid

GENERATOR = Path(__file__).resolve().parents[2] / "helper/privilege/generate_filter.c"
# Of the list, what a child does not call here, and why.
NOT_HERE = {
    "access": "asked only if a setting of IPv6 is not there",
    "faccessat": "libc has another way", "faccessat2": "libc has another way", "fstat": "libc has another way",
    "statx": "libc has another way", "open": "libc has another way", "clock_gettime": "the kernel's page of code answers it",
    "restart_syscall": "behind a stop by root", "exit": "of a thread",
}
MACHINES = r"\w*(32|64)$|mmap2$"  # names of other machines; those of this one that end so are in THIS
THIS = {"pread64", "newfstatat"}


def rules(count):
    return "".join(f"[rule r{i}]\nuser = {5000 + i}\nbridge = br0\nisolate = no\nlock-mac = no\n" for i in range(count))


def listed():
    text = GENERATOR.read_text()
    names = set()
    for table in ("any_arguments", "service_arguments"):
        names |= set(re.findall(r'"(\w+)"', re.search(rf"{table}\[\] = {{(.*?)}};", text, re.S)[1]))
    names |= {"ioctl", "prctl", "mmap", "openat", "open"}
    return {name for name in names if name in THIS or not re.fullmatch(MACHINES, name)}


def arguments_listed():
    """Those that decide what the call does: requests of ioctl(2), options of prctl(2), flags of openat(2)."""
    text = GENERATOR.read_text()
    return {"ioctl": set(re.findall(r"\bTUN[A-Z]+\b", re.search(r"requests\[\] = {(.*?)};", text, re.S)[1])),
            "prctl": set(re.findall(r"\bPR_\w+\b", re.search(r"sealing\[\] = {(.*?)};", text, re.S)[1])),
            "openat": set(re.findall(r"\bO_\w+\b", re.search(r"to_read = (.*?);", text, re.S)[1]))
            | {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_CLOEXEC"}}


def arguments_of(text):
    return {"ioctl": set(re.findall(r"^ioctl\(\d+, (\w+)", text, re.M)), "prctl": set(re.findall(r"^prctl\((\w+)", text, re.M)),
            "openat": set(re.findall(r"\bO_\w+\b", "\n".join(re.findall(r"^openat\(.*$", text, re.M))))}


def calls_of(service, ask):
    """What the child calls that serves, from the connection on: the names, and all of the lines."""
    tracers = {}
    for child in until(lambda: len(service.children()) == 4 and service.children()):
        file = service.host.folder / f"calls-{child}"
        tracers[child] = (subprocess.Popen(["strace", "-qq", "-o", str(file), "-p", str(child)], stderr=subprocess.DEVNULL), file)
        until(lambda process=child: state(process, "TracerPid") != ["0"])
    ask()
    time.sleep(0.2)
    texts = []
    for tracer, file in tracers.values():
        tracer.terminate()
        tracer.wait()
        texts.append(file.read_text(errors="replace"))
    return set(re.findall(r"^(\w+)\(", "\n".join(texts), re.M)), "\n".join(texts)


def test_each_call_on_the_list_is_made_and_no_other(lab):
    """A grant with all that a port has, a denial, and a large policy that is read again."""
    seen, arguments = set(), {"ioctl": set(), "prctl": set(), "openat": set()}
    rule = f"[rule lab]\nuser = {uid(ALICE)} *\nbridge = br0 none\nisolate = yes\nlock-mac = yes\nqueues = 4\n"
    lab.policy(rule)
    with Service(lab) as service:
        # larger each time, because libc takes memory of a size that was free before from another place
        for data, user, count in ((request(interface(queues=2), interface(bridge=b"")), ALICE, 4000),
                                  (request(interface(bridge=b"br9")), BOB, 5000), (request(interface()), BOB, 6000)):
            lab.root(POLICY).write_text(rules(count) + rule)
            names, text = calls_of(service, lambda asked=data, who=user: service.ask(data=asked, user=who))
            seen |= names
            for name, found in arguments_of(text).items():
                arguments[name] |= found
            for _ in range(5):  # all children have a large one in memory then
                service.ask()
    assert seen <= listed(), seen - listed()
    assert listed() - seen == set(NOT_HERE), listed() - seen
    assert arguments == arguments_listed()
