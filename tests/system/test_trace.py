# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the helper opens, as the kernel sees it."""
import re

import pytest

from host import ALICE, HELPER, POLICY, TAPGRANT, uid

RULE = "[rule lab]\nuser = {user}\nbridge = br0\nisolate = no\nlock-mac = no\ndev = {dev}\n"
LOADER = {"/etc/ld.so.preload", "/etc/ld.so.cache", "libmnl.so.0", "libc.so.6"}
# libcap-ng: cap_last_cap; /sys: the bridge's address and whether it is fixed; /proc: the tap has no IPv6
ALWAYS = {"/dev/null", str(POLICY.parent), "policy.conf", "/proc/sys/kernel/cap_last_cap", "/dev/net/tun",
          "/sys/class/net/br0/address", "/sys/class/net/br0/addr_assign_type", "/proc/sys/net/ipv6/conf/tg0/accept_ra", "/proc/sys/net/ipv6/conf/tg0/disable_ipv6"}


def helper_calls(host, code=0):
    trace = host.folder / "trace"
    result = host.run("strace", "-u", ALICE, "-f", "-s", "200", "-o", trace, TAPGRANT, "run", "--net", "bridge=br0", "--", "true",
                      check=False)
    assert result.code == code, result
    lines = trace.read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if f'execve("{HELPER}"' in line)
    pid = lines[start].split()[0]
    return [line.split(None, 1)[1] for line in lines[start:] if line.split()[0] == pid]


def opened(calls):
    """Files that it opened, or tried to, but for what the loader looked for in vain."""
    found = [re.match(r'(?:open|openat|openat2)\((?:[^,]*, )?"([^"]*)".*= (-?\d+)', call) for call in calls]
    return {re.sub(r"^/proc/\d+/", "/proc/PID/", re.sub(r"^/(lib|usr/lib)\S*/(lib[^/]*)$", r"\2", match.group(1))) for match in found
            if match and (int(match.group(2)) >= 0 or "/lib" not in match.group(1))}


@pytest.mark.parametrize("user, dev, files", [
    ("{id}", "u{{uid}}-*", set()), ("4 {id}-{id} 5", "u{{uid}}-*", set()), ("*", "u{{uid}}-*", {"subuid"}),
    ("1000-59999", "x", {"subuid"}), ("{id} %5000", "x", {"subuid"}), (ALICE, "u{{uid}}-*", {"passwd", "group"}),
    ("{id}", "{{user}}-*", {"passwd", "group"}), ("*", "{{user}}-*", {"passwd", "group", "subuid"}),
    (f"%{ALICE}", "x", {"passwd", "group", "subuid"}), (f"{ALICE} 0-1", "x", {"passwd", "group", "subuid"})])
def test_each_file_of_accounts_is_read_only_if_a_rule_needs_it(host, user, dev, files):
    """Names need two, {user} as well; *, groups and ranges need the third, and a range of one id is an id."""
    host.bridge("br0")
    host.policy(RULE.format(user=user, dev=dev).format(id=uid(ALICE)))
    assert opened(helper_calls(host)) - LOADER == ALWAYS | files | ({"/etc"} if files else set())


def test_it_talks_to_the_log_the_kernel_and_its_caller_only(host):
    host.bridge("br0")
    host.policy(RULE.format(user=ALICE, dev="{user}-*"))
    sockets = [call for call in helper_calls(host) if call.startswith(("socket(", "connect("))]
    assert len([call for call in sockets if call.startswith("socket(")]) == 2
    assert re.match(r"socket\(AF_UNIX, SOCK_DGRAM", sockets[0]) and '"/dev/log"' in sockets[1]
    assert re.match(r"socket\(AF_NETLINK, .*NETLINK_ROUTE", sockets[2]) and "AF_NETLINK" in sockets[3]


def test_a_denial_opens_no_tun(host):
    host.policy(RULE.format(user="*", dev="x"))
    names = opened(helper_calls(host, 3)) - LOADER
    assert "/dev/net/tun" not in names and not any(name.startswith(("/sys", "/proc/sys/net")) for name in names)
