# SPDX-License-Identifier: LGPL-2.1-or-later
"""N1 to N8 of SECURITY.md's table: names and identities, asked for and in the policy."""
import os
import string

import pytest

from ask_helper import interface, request
from host import ALICE, BOB, uid

LONG = os.environ.get("TAPGRANT_LONG") == "1"
RULE = "[rule lab]\nuser = {who}\nbridge = {bridge}\nisolate = no\nlock-mac = no\n"
ANY = RULE.format(who="*", bridge="br0 none") + "dev = *\n"
ALLOWED = (string.ascii_letters + string.digits + "_-").encode()


def raw(arena, **asked):
    """The answer of the installed helper to a request that no library would send."""
    result = arena.do(request=request(interface(**asked)).hex())
    assert result["wrong"] == [], result
    return result["answer"]


def run(host, spec, user=ALICE):
    return host.tapgrant("run", "--net", spec, "--", "true", user=user).code


@pytest.mark.parametrize("field", ["dev", "bridge"])
def test_names_of_16_bytes_and_more_are_refused_not_cut(arena, field):
    """CVE-2019-13164: what is cut to 15 bytes is another interface's name."""
    one = arena(ANY)
    assert raw(one, **{field: b"a" * 15}) == ("granted" if field == "dev" else "denied")
    assert raw(one, **{field: b"a" * 16}) == "malformed"


def test_a_longer_name_in_the_policy_is_not_the_shorter_bridges(host):
    host.bridge("abcdefghijklmno")
    for name, code in {"abcdefghijklmno": 0, "abcdefghijklmnop": 3, "abcdefghijklmnopqrstuvwxyz": 3, "abcdefghijklmn": 3}.items():
        host.policy(RULE.format(who="*", bridge=name))
        assert run(host, "bridge=abcdefghijklmno") == code, name


@pytest.mark.parametrize("name", [b"%d", b"a%s", b"%n", b"tap%d", b"tap%d%d", b"%", b"100%"])
def test_no_template_reaches_the_kernel(arena, name):
    assert raw(arena(ANY), dev=name) == "malformed"


def test_every_byte_value_alone_and_in_the_middle(arena):
    """CVE-2013-4343: a helper that forwards names is the way to a kernel that mishandles them."""
    one = arena(ANY)
    around = {1, 31, 32, 33, 44, 45, 46, 47, 48, 57, 58, 64, 65, 90, 91, 94, 95, 96, 97, 122, 123, 126, 127, 128, 255}
    for byte in range(1, 256) if LONG else sorted(around):
        text, in_the_middle = bytes([byte]), b"a" + bytes([byte]) + b"b"
        assert raw(one, dev=in_the_middle) == ("granted" if byte in ALLOWED else "malformed"), byte
        letter = chr(byte).isascii() and chr(byte).isalpha()
        assert raw(one, dev=text) == ("granted" if letter else "malformed"), byte
    for byte in [*range(1, 33), 0x2f, *range(127, 256)] if LONG else [1, 9, 10, 31, 32, 0x2f, 127, 128, 255]:
        assert raw(one, bridge=b"b" + bytes([byte])) == "malformed", byte


@pytest.mark.parametrize("name", ["all", "default", "none", "tg0", "tg99", "0", "10", "-f", ".", "..", "a.b", "bonding_masters/"])
def test_names_that_mean_something_elsewhere_are_refused(arena, name):
    assert raw(arena(ANY), dev=name.encode()) == "malformed"


@pytest.mark.parametrize("name", ["eth1", "en5", "virbr9", "docker0", "wg0", "lan1"])
def test_without_a_key_no_name_can_be_chosen_that_something_else_trusts(host, name):
    host.bridge("br0")
    host.policy(RULE.format(who="*", bridge="br0 none"))
    assert run(host, f"dev={name}") == 3


@pytest.mark.parametrize("who", ["-1", "4294967295", "4294967296", "18446744073709551616", "+0", "0x0", "00", "01", "0-", "-0", "1-0",
                                 "1e3", "#0", "0,1", "\uff11", "%-1", "%4294967295"])
def test_ids_that_overflow_or_mean_nobody_void_the_policy(host, who):
    """CVE-2019-14287: -1 is "no change" to the kernel, and was root."""
    host.bridge("br0")
    host.policy(RULE.format(who="*", bridge="br0"))
    assert run(host, "bridge=br0") == 0
    host.policy(RULE.format(who=f"* {who}", bridge="br0"))
    assert [run(host, "bridge=br0", user) for user in (ALICE, BOB, None)] == [3, 3, 3]


def test_no_part_of_a_name_is_the_name(host):
    """CVE-2026-39402 and the two before it: users al, alice; bridges vx, vx0, vx00; a rule for one of each."""
    short = ALICE[:-1]
    host.root("/etc/passwd").open("a").write(f"{short}:x:77003:77003::/:/bin/sh\n{ALICE}x:x:77004:77004::/:/bin/sh\n")
    bridges = ["vx", "vx0", "vx00"]
    for name in bridges:
        host.bridge(name)
    for named in bridges:
        for who in (short, ALICE, f"{ALICE}x", str(uid(ALICE))[:-1], f"{uid(ALICE)}0"):
            host.policy(RULE.format(who=who, bridge=named))
            told = {asked for asked in bridges if run(host, f"bridge={asked}") == 0}
            assert told == ({named} if who == ALICE else set()), (who, named)
