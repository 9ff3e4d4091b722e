# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system calls of a grant, a denial and a failure, each with what it is done to, are the committed ones.

A new line is a decision: look at it, then write the lists anew: pytest --write-lists tests/hostile/test_trace_list.py
"""
import re
from pathlib import Path

import pytest

from ask_helper import interface, request
from calls import POLICY, STRICT, trace
from host import ALICE, POLICY as POLICY_FILE

HERE = Path(__file__).parent
FIRST = "close_range("  # of the helper's own; before it the dynamic loader, and libcap-ng's constructor
SETS = {"0": "none", "1<<CAP_NET_ADMIN": "net_admin"}


def thing(text):
    """What a descriptor is: its class, not its number."""
    number, shown = re.match(r"(-?\d+|AT_FDCWD)(?:<(.*)>)?$", text).groups()
    if number == "AT_FDCWD" or not shown and number != "0":
        return ""
    if number == "0" and not (shown or "").startswith("/"):
        return "request"
    for start, word in (("NETLINK:[ROUTE", "netlink"), ("NETLINK", "netlink"), ("UNIX", "log"), ("/dev/net/tun", "tun")):
        if shown.startswith(start):
            return word
    return path(re.sub(r"<char .*", "", shown))


def path(name):
    """Without what differs from host to host: prefix, library folders, names of taps, process ids."""
    name = re.sub(r"(^| )/(?:usr/)?lib\S*/(lib[\w-]+\.so)[.\d]*", r"\1\2", name)
    name = re.sub(r"^/proc/\d+/", "/proc/PID/", re.sub(r"/conf/tg\d+/", "/conf/TAP/", name))
    return re.sub(r"policy\.conf$", "POLICY", name.replace(f"{POLICY_FILE.parent}", "FOLDER"))


def called(line):
    """A line of the list."""
    name, rest = line.split("(", 1)
    first = re.match(r"((?:-?\d+|AT_FDCWD)(?:<.*?>)?)(?=, |\))", rest)
    flags = re.search(r"\b(O_[A-Z_|]+)", rest)
    words = [name]
    if name in ("openat", "access", "stat", "newfstatat", "readlink", "readlinkat"):
        quoted = re.search(r'"([^"]*)"', rest).group(1)
        words += [path(quoted) if quoted else thing(first.group(1)), flags.group(1) if flags else ""]
        if quoted and first and thing(first.group(1)):
            words[1] = f"{thing(first.group(1))}/{words[1]}"
    elif name == "ioctl":
        words += [thing(first.group(1)), rest.split(", ")[1].rstrip(")= 0123456789")]
    elif name in ("sendto", "sendmsg", "recvfrom", "recvmsg"):
        words += [thing(first.group(1)), *sorted(set(re.findall(r"nlmsg_type=((?:RTM|NLMSG)_\w+)", rest.split("= ")[0] + rest)))[:9]]
        if name == "sendto" and words[1] == "netlink":
            words += sorted(set(re.findall(r"nla_type=(?:[A-Z_]+\|)?((?:IFLA|NDA)_\w+|0x\w+ /\* IFLA_\w+ \*/)", rest)))
    elif name in ("socket", "connect"):
        words += [re.sub(r"\d+<.*?>, |\)? = .*|, \d+\)$", "", rest) if name == "socket" else
                  re.search(r"sa_family=(\w+)", rest).group(1)]
    elif name in ("prctl", "getsockopt", "setsockopt", "setitimer", "prlimit64", "fcntl", "close_range", "umask", "dup2", "arch_prctl",
                  "mprotect"):
        words += re.findall(r"\b(?:PR_(?!CAPBSET_DROP)[A-Z_]+|PR_CAPBSET_DROP|SO_\w+|ITIMER_\w+|RLIMIT_\w+|F_\w+|ARCH_\w+|PROT_EXEC)\b", rest)
    elif name == "capset":
        names = re.search(r"permitted=([^,}]*)", rest).group(1).replace("1<<", "").split("|")
        words += names if len(names) < 6 else ["all"]
    elif name in ("setresuid", "setresgid", "setgroups"):
        words += [re.sub(r"\b[1-9]\d{3,}\b", "CALLER", rest.split(")")[0])]
    elif first and name != "exit_group":
        words += [thing(first.group(1))]
    return " ".join(word for word in words if word)


def listed(lines):
    first = next(n for n, line in enumerate(lines) if line.startswith(FIRST))
    return {called(line) for line in lines[:first]}, {called(line) for line in lines[first:]}


def ready(host, policy):
    host.policy(policy)
    host.bridge("br0")
    host.listen_log()
    host.root("/etc/group").open("a").write(f"tgteam:x:77001:{ALICE}\n")


def grant(host):
    ready(host, POLICY)
    lines = [trace(host)]
    host.policy(POLICY.replace("yes", "no"))
    return lines + [trace(host, request(interface(guest_mac=b"\x52\x54\0\0\0\1", vnet_hdr=0)))]


def denial(host):
    ready(host, STRICT)
    return [trace(host, code=1), trace(host, request(interface(bridge=b"br9")), code=1),
            trace(host, request(interface(bridge=b"lo")), code=1)]


def failure(host):
    """Malformed, name taken, over quota, an unfit bridge, an MTU above its own, no descriptor, no right to the node."""
    ready(host, POLICY + "dev = *\nmax = 1\nmtu = 68-65521\n")
    host.tap("taken", None)
    lines = [trace(host, b"x" * 100, code=1), trace(host, request(interface(dev=b"taken")), code=1), trace(host, code=1),
             trace(host, request(interface(mtu=68)), code=1), trace(host, request(interface(mtu=9000)), code=1)]
    host.run("chmod", "0600", "/dev/net/tun")
    return lines + [trace(host, request(interface()), code=1)]


def compare(name, found, pytestconfig):
    file = HERE / f"trace-{name}.list"
    if pytestconfig.getoption("write_lists"):
        file.write_text("".join(f"{line}\n" for line in sorted(found)))
    return set(file.read_text().splitlines())


@pytest.mark.parametrize("of", [grant, denial, failure], ids=lambda of: of.__name__)
def test_the_system_calls_are_the_committed_ones(host, of, pytestconfig):
    found = [listed(lines) for lines in of(host)]
    own = set().union(*[calls for _, calls in found])
    assert own == compare(of.__name__, own, pytestconfig)
    loader = set().union(*[calls for calls, _ in found])
    assert loader <= compare("loader", loader, pytestconfig), "of the dynamic loader and libcap-ng's constructor"


def test_no_list_has_a_call_that_would_be_news_to_a_reviewer():
    """No program is started, no thread, no terminal, no other socket; names are never given to an ioctl."""
    lists = {file.name: file.read_text() for file in HERE.glob("trace-*.list")}
    assert len(lists) == 4
    for name, text in lists.items():
        assert not re.search(r"^(execve|clone|fork|vfork|kill|ptrace|unlink|rename|chmod|chown|mount|setns|unshare|bpf|recvfrom log|"
                             r"ioctl \S+ (?:SIOC|TIOC|TC)\w*|socket (?!AF_UNIX, SOCK_DGRAM|AF_NETLINK))", text, re.M), name
    # the caller's socket is looked at, read once before anything is done, and written once
    assert set(re.findall(r"^(\w+) request", lists["trace-grant.list"], re.M)) == {"recvmsg", "sendmsg"}


@pytest.mark.parametrize("words", [
    ["LD_PRELOAD=/dev/shm/fifo", "LD_AUDIT=/dev/shm/fifo", "LD_LIBRARY_PATH=/dev/shm"], ["GLIBC_TUNABLES=glibc.malloc.check=3"],
    ["GCONV_PATH=/dev/shm/fifo", "NLSPATH=/dev/shm/fifo", "LOCPATH=/dev/shm/fifo", "LANG=xx_XX", "LC_ALL=xx_XX"],
    ["TZ=/etc/shadow", "TZDIR=/dev/shm/fifo"], ["MALLOC_TRACE=/dev/shm/fifo", "MALLOC_CHECK_=3", "MALLOC_PERTURB_=1"],
    ["RES_OPTIONS=debug", "HOSTALIASES=/dev/shm/fifo", "TMPDIR=/dev/shm/fifo"], ["LD_PROFILE=libc.so.6", "LD_PROFILE_OUTPUT=/dev/shm"]])
def test_no_environment_changes_a_single_system_call(host, words):
    """Whatever a variable names is a FIFO, on which who opens it would wait."""
    ready(host, POLICY)
    host.run("mkfifo", "-m", "0666", "/dev/shm/fifo")

    def parts(lines):
        own = next(n for n, line in enumerate(lines) if line.startswith(FIRST))
        return set(map(called, lines[:own])), list(map(called, lines[own:]))
    loader, own = parts(trace(host))
    with_loader, with_own = parts(trace(host, words=[part for word in words for part in ("-E", word)]))
    assert with_own == own
    more = with_loader - loader
    # this glibc would profile a setuid program, into a folder that only root can make; and says that it cannot, on 2
    assert not more or words[0].startswith("LD_PROFILE") and all("/var/profile/" in call or call.startswith("writev") for call in more)


def test_a_name_is_refused_before_any_device_is_touched(host):
    """Every byte value but the allowed ones, alone, at the beginning and in the middle: no socket to the kernel says its name."""
    ready(host, POLICY + "dev = *\n")
    for byte in [0x00, 0x01, 0x09, 0x0a, 0x1b, 0x20, 0x25, 0x2e, 0x2f, 0x3a, 0x7f, 0x80, 0x9b, 0xa0, 0xff]:
        lines = trace(host, request(interface(dev=b"a" + bytes([byte]) + b"b")), code=1)
        assert not [line for line in lines if re.match(r"ioctl|getgroups|sendto\(\d+<NETLINK", line)], byte
