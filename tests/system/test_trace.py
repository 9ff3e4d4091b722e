# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the helper opens, as the kernel sees it."""
import re

import pytest

from host import ALICE, HELPER, POLICY, TAPGRANT

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
    ("*", "u{uid}-*", set()), ("0-4000000000 %5000", "u{uid}-*", set()), (ALICE, "u{uid}-*", {"passwd", "group", "/etc"}),
    ("*", "{user}-*", {"passwd", "group", "/etc"}), (f"%{ALICE}", "x", {"passwd", "group", "/etc"}),
    (f"{ALICE} %{ALICE}", "x", {"passwd", "group", "/etc"})])
def test_names_come_from_two_files_and_ids_from_none(host, user, dev, files):
    host.bridge("br0")
    host.policy(RULE.format(user=user, dev=dev))
    assert opened(helper_calls(host)) - LOADER == ALWAYS | files


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
