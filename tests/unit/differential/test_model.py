# SPDX-License-Identifier: LGPL-2.1-or-later
"""The helper's policy code against the model in Python: the same answer to every case, its rule and reason included."""
import itertools
import os
import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from cases import (BAD_BRIDGE, BAD_MAC, BAD_WHO, BRIDGE, DEV, DEVS, FURTHER, GROUP, HARMLESS, LOST_WHO, MAC, MACS, PASSWD, STRANGE_LINKS,
                   SUBUID, SUBUID_LINES, VALID_LINKS, VOIDING, WHO, case_of)
from model import Case, Link, Void, decide, parse

DRIVER = os.environ.get("TAPGRANT_DRIVER", "")
FIXTURES = Path(__file__).resolve().parents[2] / "data/policy"

def ask(cases):
    assert DRIVER, "TAPGRANT_DRIVER is not set"
    return ask_lines("\n".join(map(encode, cases)) + "\n")


def ask_lines(lines):
    done = subprocess.run([DRIVER], input=lines, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0 and not done.stderr, done
    return [tuple(line.split(" ")) for line in done.stdout.splitlines()]


def encode(case):
    def data(value):
        return "!" if value is None else value.hex() or "-"
    link = case.link or Link(b"")
    return " ".join([
        data(case.policy), data(case.passwd), data(case.group), data(case.subuid), str(case.uid), str(case.gid),
        ",".join(map(str, case.groups)) or "-", data(case.dev), data(case.bridge), data(case.guest_mac), data(case.host_mac),
        str(case.mtu), str(case.queues), data(link.name), str(link.mtu), str(min(link.others, default=0)),
        str(int(link.kind == "bridge")), str(int(link.pinned)), str(int(link.takes_ra)),
        str(int(case.other_netns)), str(case.netns)])


def agree(cases):
    answers = ask(cases)
    assert len(answers) == len(cases)
    for case, said in zip(cases, answers):
        assert said == decide(case), case
    return answers


def outcome(answer):
    """What is to be frequent: void, no rule, each key that denies, grants of fit bridges, each fault."""
    if answer[0] == "denied":
        return [f"denied {answer[2]}" if len(answer) > 1 else "denied"]
    return [f"fault {fault}" for fault in answer[2].split("+")] if answer[0] == "granted" else ["void"]


def test_20000_cases_and_more(request):
    count = request.config.getoption("--cases")
    rng = random.Random(20261122)
    seen, done = Counter(), 0
    while done < count:
        batch = [case_of(rng) for _ in range(min(20000, count - done))]
        done += len(batch)
        for answer in agree(batch):
            seen.update(outcome(answer))
    classes = ["void", "denied", *(f"denied {key}" for key in ("allow-other-netns", "max", "dev", "guest-mac", "host-mac", "mtu", "queues")),
               *(f"fault {fault}" for fault in ("-", "unpinned", "ra", "mtu", "raised", "ipv6"))]
    assert set(seen) == set(classes)
    assert all(seen[name] >= count * 0.01 for name in classes), seen


# Small domains, whole ------------------------------------------------------------------------------------------------------

LABS = b"[rule r]\nuser = %b\nbridge = %b\nisolate = no\nlock-mac = no\nmtu = 1400\nqueues = 2\nhost-mac = 52:*\nguest-mac = 52:54:*\n"


def test_every_who_word_with_every_bridge_word_and_request():
    requests = list(itertools.product([0, 1399, 1400, 1500], [1, 2, 3], [bytes(6), MACS[0], MACS[3]]))
    assert agree([
        Case(LABS % (who, bridge), PASSWD, GROUP, groups=[50], bridge=b"br0", mtu=mtu, queues=queues, guest_mac=mac, host_mac=mac,
             link=Link(b"br0", 1500))
        for who, bridge in itertools.product(WHO + BAD_WHO[:6] + LOST_WHO[:4], BRIDGE + BAD_BRIDGE[:4]) for mtu, queues, mac in requests])


CALLERS = [0, 1000, 1001, 1004, 1005, 1008, 2000, 2001, 2002, 100001, 4294967294]


def test_every_who_word_with_every_caller():
    assert agree([
        Case(LABS % (who, b"none"), PASSWD, GROUP, SUBUID, uid, gid, groups)
        for who, uid, gid, groups in itertools.product(WHO + BAD_WHO + LOST_WHO, CALLERS, [0, 50, 1000],
                                                       [[], [100], [51, 50]])])


RULE_FOR = b"[rule r]\nuser = %b\nbridge = none\n"


def test_every_line_of_subuid_with_every_who_word():
    """1000 and 1001 are of the line or not, before other lines, behind them, and without a newline at the end."""
    texts = [text for line in SUBUID_LINES for text in (line + b"\n", line, SUBUID + line + b"\n", line + b"\n" + SUBUID)]
    assert agree([Case(RULE_FOR % who, PASSWD, GROUP, text, uid, groups=[50])
                  for text in [*texts, None, SUBUID] for who in WHO for uid in (999, 1000, 1001, 4294967294)])


def test_every_number_of_subuid_as_start_and_as_count():
    numbers = [sign + digits for sign in (b"", b"+", b"-", b" ", b" -", b"- ") for digits in (
        b"0", b"1", b"00", b"07", b"08", b"010", b"0x", b"0x0", b"0x10", b"0Xf", b"0xg", b"9", b"1000", b"65536",
        b"2147483648", b"4294967294", b"4294967295", b"4294967296", b"9223372036854775808", b"18446744073709551615",
        b"18446744073709551616", b"99999999999999999999", b"")]
    answers = agree([Case(RULE_FOR % b"*", subuid=b"x:%b:%b\n" % pair, uid=uid)
                     for pair in itertools.product(numbers, numbers) for uid in (0, 8, 16, 1000, 4294967294)])
    assert 0.02 < sum(answer == ("denied",) for answer in answers) / len(answers) < 0.9, "both are there"


def test_ranges_beside_and_over_lines_of_subuid():
    """All ranges over the bounds of lines that overlap, touch, and leave a hole."""
    text = b"a:10:10\na:20:5\nb:15:8\nb:30:1\n"
    bounds = (9, 10, 11, 14, 15, 19, 20, 22, 23, 24, 25, 29, 30, 31)
    assert agree([Case(RULE_FOR % b"%d-%d" % (low, high), subuid=text, uid=uid)
                  for low in bounds for high in bounds if low <= high for uid in bounds])


def test_every_bridge_word_with_every_link():
    links = [None, *(Link(name, kind=kind) for name in {*VALID_LINKS, *STRANGE_LINKS} for kind in ("bridge", "veth"))]
    assert agree([Case(LABS % (b"*", word), PASSWD, GROUP, SUBUID, uid, bridge=asked, link=link)
                  for word, link, asked, uid in itertools.product(BRIDGE + BAD_BRIDGE, links, [b"", b"br0"], [1000, 1001, 1006, 1007])])


@pytest.mark.parametrize("words, key, field", [(DEV + BAD_BRIDGE, b"dev", "dev"), (MAC + BAD_MAC, b"guest-mac", "guest_mac"),
                                               (MAC + BAD_MAC, b"host-mac", "host_mac")])
def test_every_pattern_with_every_text(words, key, field):
    text = b"[rule r]\nuser = *\nbridge = none\n" + key + b" = %b\n"
    assert agree([Case(text % b" ".join(pair), PASSWD, GROUP, **{field: value})
                  for pair in itertools.product(words, words) for value in (DEVS if field == "dev" else MACS)])


def test_every_voiding_line_at_every_place():
    lines = (LABS % (b"*", b"br0")).splitlines()
    assert agree([Case(b"\n".join([*lines[:at], line, *lines[at:], b""]), bridge=b"br0", link=Link(b"br0"))
                  for line in VOIDING + HARMLESS + FURTHER for at in range(len(lines) + 1)])


def test_every_byte_in_every_place_of_a_line():
    texts = [b"[rule r]\nuser = *\nbridge = none\n", b"; c\n", b"dev = a*\n", b"max = 1\n"]
    base = b"".join(texts)
    assert agree([Case(base[:at] + bytes([byte]) + base[at + cut:])
                  for at in range(len(base)) for byte in range(256) for cut in (0, 1)])


@pytest.mark.parametrize("size", [16777215, 16777216, 16777217])
def test_a_policy_has_at_most_16_mebibytes(size):
    rule = b"[rule r]\nuser = *\nbridge = none\n"
    text = b"#" + b"x" * 99 + b"\n"
    filler = text * ((size - len(rule)) // len(text))
    assert agree([Case(rule + filler + b"\n" * (size - len(rule) - len(filler)))])


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.conf")), ids=lambda path: path.stem)
def test_the_model_says_of_the_fixtures_what_they_say(path):
    try:
        parse(path.read_bytes())
        assert path.stem.startswith("accept-")
    except Void:
        assert path.stem.startswith("reject-")


# Shrunk by hypothesis ------------------------------------------------------------------------------------------------------

SETTINGS = settings(max_examples=400, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def driver():
    """One that stays, so that an example costs no process."""
    assert DRIVER, "TAPGRANT_DRIVER is not set"
    process = subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def one(case):
        process.stdin.write(encode(case) + "\n")
        process.stdin.flush()
        return tuple(process.stdout.readline().rstrip("\n").split(" "))
    yield one
    process.stdin.close()
    assert process.wait() == 0
    process.stdout.close()


@SETTINGS
@given(rng=strategies.randoms(use_true_random=False))
def test_a_structured_case(driver, rng):
    case = case_of(rng)
    assert driver(case) == decide(case), case


KEY_LINES = strategies.tuples(
    strategies.sampled_from([b"user", b"bridge", b"dev", b"guest-mac", b"host-mac", b"mtu", b"queues", b"max", b"isolate"]),
    strategies.text(alphabet="*%-.:{}uidser0159afzAZ_ =;#", max_size=12)).map(lambda pair: pair[0] + b" = " + pair[1].encode())
LINES = strategies.one_of(
    strategies.sampled_from([b"[rule a]", b"[rule b]", b"user = *", b"bridge = none", b"bridge = br0", b"isolate = no", b"lock-mac = no",
                             *HARMLESS, *FURTHER, *VOIDING]), KEY_LINES, strategies.binary(max_size=8))


@SETTINGS
@given(lines=strategies.lists(LINES, max_size=8), head=strategies.booleans(), bridge=strategies.sampled_from([b"", b"br0"]),
       dev=strategies.sampled_from([b"", *DEVS]), mac=strategies.sampled_from([bytes(6), *MACS]),
       passwd=strategies.lists(strategies.text(alphabet="alice:x019 -*", max_size=14), max_size=3))
def test_any_lines(driver, lines, head, bridge, dev, mac, passwd):
    start = [b"[rule r]", b"user = *", b"bridge = none br0", b"isolate = no", b"lock-mac = no"] if head else []
    accounts = "\n".join([*passwd, "alice:x:1000:"]).encode()
    case = Case(b"".join(line + b"\n" for line in [*start, *lines]), accounts, accounts, accounts, 1000, dev=dev,
                bridge=bridge, guest_mac=mac, link=Link(b"br0"))
    assert driver(case) == decide(case), case
