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

from model import Case, Link, Void, decide, parse

DRIVER = os.environ.get("TAPGRANT_DRIVER", "")
FIXTURES = Path(__file__).resolve().parents[2] / "data/policy"

PASSWD = b"""\
root:x:0:0:root:/root:/bin/sh
alice:x:1000:1000::/home/alice:/bin/sh
bob:x:1001:1001
broken:x:1002
broken2:x
broken:x:01003:
none:x:1004:1004:::
alice:x:1005:1005:::
second-alice:x:1000:1000:::
we*ird:x:1006:1006:::
:x:1007:1007:::
long:x:4294967295:1:::
max:x:4294967294:1:::
a.b-c_D:x:1008:1008:::
"""
GROUP = b"root:x:0:\nstaff:x:50:alice,bob\nvm:x:100:\nstaff:x:51:\n-odd:x:52:\nlast:x:4294967294"
SUBUID = b"""\
alice:100000:65536
bob:165536:0x10000
carol:0100:07
dave:2000:1
dave:2001:1000
erin:4294967290:100
frank:5000:0
grace:-1:5
"""
# Lines of subuid(5), each with the ids around its own that are then subordinate or not.
SUBUID_LINES = [b"x:1000:1", b"x:1000:1:", b"x:1000:1:more:1", b"x:1001:1", b"x:01750:1", b"x:0x3e8:0X1",
                b"x:0x3E8:1", b"x: 1000:1", b"x:+1000:+1", b"x:1000:1 ", b"x:1000:1\r", b"x:\t1000:\v1", b":1000:1",
                b"x::1", b"x:1000:", b"x:1000", b"x", b"", b"#x:1000:1", b"+x:1000:1", b"-x:1000:1", b" x:1000:1",
                b"x y:1000:1", b"x:0:1000", b"x:0:1001", b"x:999:1", b"x:999:2", b"x:1:18446744073709551615",
                b"x:1:18446744073709551616", b"x:18446744073709551615:2000", b"x:-1:2000", b"x:1:-1",
                b"x:-18446744073709550616:1", b"x:0:-0", b"x:1000:0", b"x:0x:1001", b"x:08:1000", b"x:0:0",
                b"x:1e3:1", b"x:1000:1x", b"x:1,000:1", b"x:--1000:1", b"x:4294967294:1", b"x:4294967295:1",
                b"x:4294967296:1", b"x:1000:1\0", b"x:10\0" + b"00:1", b"x:1000:1" + b" " * 1016,
                b"x" * 1016 + b":1000:1", b"x" * 1017 + b":1000:1", b"1000:1000:1", b"x\xff:1000:1",
                b"x:1000:1\nx:1001:1", b"x:1000:2"]
WHO = [b"*", b"1000", b"1001", b"1000-1001", b"0-4294967294", b"1001-1001", b"2000-3000", b"alice", b"bob", b"none", b"max",
       b"100000-165535", b"100001", b"2000-2001",
       b"%1000", b"%50", b"%100", b"%staff", b"%vm", b"%root", b"a.b-c_D", b"1008", b"0", b"broken"]
BAD_WHO = [b"01000", b"1001-1000", b"-1", b"%", b"%*", b"%1-2", b"4294967295", b"42949672940", b"a*", b"{uid}", b"+1", b"1-",
           b"-", b".a", b"-alice", b"1-2-3", b"a" * 64, b"a/b", b"alice,bob", b"%%1", b"@vm", b"0-04", b"00", b"**"]
LOST_WHO = [b"nobody-here", b"%nobody-here", b"long", b"broken2", b"1-2-a", b"%alice", b"staff", b"a" * 63, b"0x10", b"1e3", b"_",
            b"%last2"]
BRIDGE = [b"br0", b"br1", b"br*", b"*", b"none", b"*0", b"b*r*0", b"br{uid}", b"none*", b"n*", b"br-{user}", b"**", b"Br0", b"br",
          b"br.10", b"br?"[:2] + b"1*", b"{uid}*"]
BAD_BRIDGE = [b"br[0]", b"br?", b"{gid}", b"{uid", b"uid}", b"{USER}", b"br/0", b"br:0", b"br%d", b"{}", b"br\\*", b"{{uid}}", b"!br0",
              b"br0,br1", b"br=0"]
DEV = [b"vm0", b"vm*", b"u{uid}-*", b"{user}-*", b"*", b"*-web", b"u1000*", b"none", b"*vm*0*", b"a{uid}{uid}*"]
MAC = [b"*", b"52:54:00:*", b"52:54:00:12:34:56", b"52:*:00:12:34:56", b"*:*:*:*:*:*", b"FE:*", b"fe:54:00:12:34:56", b"aA:bB:*",
       b"02:00:00:00:00:*", b"*:54:00:12:34:5A"]
BAD_MAC = [b"52:5*:00:12:34:56", b"52:*:*", b"*:56", b"52", b"52:54:00:12:34", b"52:54:00:12:34:56:*", b"52:54:00:12:34:56:78",
           b"5:54:00:12:34:56", b"52-54-00-12-34-56", b"52:54:00:12:34:5g", b"**", b":*", b"52:", b"525400123456", b"0x:*", b"+1:*"]
NUMBERS = {b"mtu": ([b"1400", b"68-65521", b"68-65521", b"68-65521", b"1280-9000", b"1280-9000", b"1500", b"9000", b"68", b"65521-65521"],
                    [b"67", b"65522", b"9000-1280", b"01400", b"1280-65522", b"67-1500", b"1400 1500", b"1280 - 9000", b"-", b"+1400", b"x"]),
           b"queues": ([b"1", b"2", b"4", b"253"], [b"0", b"254", b"1-4", b"02", b"1 2", b"-1", b"", b"4294967297", b"2-2"]),
           b"max": ([*[b"1", b"8", b"256"] * 5, b"0"], [b"00", b"257", b"1-8", b"many", b"08"])}
FLAGS = (b"allow-unpinned-bridge", b"allow-ra-bridge")
VOIDING = [b"#\xff\x80\xfe", b"; \xc3", b"; \xc2\x9b", b"; \xed\xa0\x80", b"; \xe0\x80\x80", b" [rule a=b]", b"colour = red", b" queues = 1", b"\tqueues = 1", b"queues", b"queues =", b"= 1", b"queues : 1", b"[rule a b]", b"[rule ]",
           b"[rule r0]", b"[rule x] ", b"[Rule x]", b"[rule x", b"[interface a]", b"max = 1 ; one", b"max = 1 # one", b"Max = 1", b" ",
           b"max\t= 1", b"max = 1\r", b"; \0", b"; \x7f", b"dev = \xc3\xbc", b"\xc2\xa0", b"\xef\xbb\xbf; x", b"; " + b"x" * 189, b"[rule " + b"r" * 33 + b"]", b"[rule a.b]",
           b"[rule  x]", b"max=1=1", b"user = * 01", b"[rule lonely]", b"isolate = yes no", b"lock-mac = 1", b"isolate = No", b"]", b"[]",
           b"-", b"--- = 1", b"dev = a b\x0bc", b"[rule x]]", b"[[rule x]", b"include /etc/passwd", b"max = 1\nmax = 1"]
HARMLESS = [b"", b"; \xc3\xbc", b"#\xf0\x9f\x90\xa7\xc2\xa0", b"; comment", b"#comment", b"; [rule r0]", b"; " + b"x" * 188, b"#", b";=;"]
FURTHER = [b"user = 1001", b"bridge = br1 none", b"dev = vm*", b"guest-mac = fe:*", b"host-mac=*", b"user = 01"]
VALID_LINKS = [b"br0", b"br0", b"br0", b"br0", b"br0", b"br1", b"br1000", b"br-alice", b"nix0", b"br.10", b"br1001"]
STRANGE_LINKS = [b"none", b"br\xe9", b"b r0", b"br(0)", b"br;0", b"br\n0", b"123456789012345"]
MACS = [b"\x52\x54\x00\x12\x34\x56", b"\xfe\x54\x00\x12\x34\x56", b"\xaa\xbb\0\0\0\1", b"\2\0\0\0\0\0", b"\2\0\0\0\0\xff"]
DEVS = [b"vm0", b"vm", b"u1000-web", b"alice-web", b"u1001-web", b"xvmy0", b"Vm0", b"a10001000x", b"second-alice-1"]


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
        str(int(link.kind == "bridge")), str(int(link.pinned)), str(int(link.takes_ra))])


def agree(cases):
    answers = ask(cases)
    assert len(answers) == len(cases)
    for case, said in zip(cases, answers):
        assert said == decide(case), case
    return answers


# Cases -------------------------------------------------------------------------------------------------------------------


def some(rng, good, bad, rate):
    chosen = [rng.choice(good) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    if rng.random() < rate:
        chosen.insert(rng.randrange(len(chosen) + 1), rng.choice(bad))
    return rng.choice([b" ", b" ", b"  "]).join(chosen)


def rule_lines(rng, name, bad):
    """A rule, whose values are seldom bad; its keys in any order."""
    who = [b"*"] if rng.random() < 0.6 else WHO
    lines = [(b"user", some(rng, who, LOST_WHO if rng.random() < 0.5 else BAD_WHO, bad)),
             (b"bridge", some(rng, BRIDGE[:5] if rng.random() < 0.6 else BRIDGE, BAD_BRIDGE, bad))]
    if rng.random() > bad:
        lines += [(b"isolate", rng.choice([b"no", b"yes"])), (b"lock-mac", rng.choice([b"no", b"yes"]))]
    for key, good, wrong in ((b"dev", DEV, BAD_BRIDGE), (b"guest-mac", MAC, BAD_MAC), (b"host-mac", MAC, BAD_MAC)):
        if rng.random() < 0.6:
            lines.append((key, some(rng, good, wrong, bad)))
    for key, (good, wrong) in NUMBERS.items():
        if rng.random() < 0.6:
            lines.append((key, rng.choice(wrong if rng.random() < bad else good)))
    lines += [(key, rng.choice([b"yes", b"no", b"true"] if rng.random() < bad else [b"yes", b"no"]))
              for key in FLAGS if rng.random() < 0.4]
    for key, good, wrong in ((b"user", WHO, BAD_WHO), (b"bridge", BRIDGE, BAD_BRIDGE), (b"dev", DEV, BAD_BRIDGE),
                             (b"guest-mac", MAC, BAD_MAC), (b"host-mac", MAC, BAD_MAC)):
        while rng.random() < 0.1:
            lines.append((key, some(rng, good, wrong, bad)))
    rng.shuffle(lines)
    return [b"[rule " + name + b"]", *(key + rng.choice([b" = ", b" = ", b"=", b"  =   "]) + value for key, value in lines)]


def policy_text(rng):
    bad = rng.choice([0, 0, 0, 0, 0.02, 0.2])
    lines = [line for n in range(rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4])) for line in rule_lines(rng, b"r%d" % n, bad)]
    for pool, rate in ((HARMLESS, 0.3), (FURTHER, 0.1), (VOIDING, 0.07)):
        if rng.random() < rate:
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(pool))
    text = b"".join(line + b"\n" for line in lines)
    if text and rng.random() < 0.02:  # any byte anywhere
        at = rng.randrange(len(text))
        text = text[:at] + bytes([rng.randrange(256)]) + text[at + rng.randrange(2):]
    return text[:-1] if text and rng.random() < 0.01 else text


def account_text(rng, text):
    chance = rng.random()
    if chance < 0.02:
        return None
    if chance < 0.04:
        return b""
    if chance < 0.1:
        return b"\n".join(rng.sample(text.split(b"\n"), k=len(text.split(b"\n"))))
    return text


def subuid_text(rng):
    """That of the tests; with a line that may make 1000 or 1001 a subordinate id; or what cannot be read."""
    chance = rng.random()
    if chance < 0.02:
        return None
    if chance < 0.2:
        lines = SUBUID.split(b"\n")
        lines.insert(rng.randrange(len(lines)), rng.choice(SUBUID_LINES))
        return b"\n".join(lines)
    return rng.choice([SUBUID, b"", SUBUID[:-1]])


def case_of(rng):
    def maybe(rate, pool, otherwise):
        return rng.choice(pool) if rng.random() < rate else otherwise
    link = Link(maybe(0.05, STRANGE_LINKS, rng.choice(VALID_LINKS)), rng.choice([1500, 1400, 1400, 9000, 9000, 1000, 1000]), maybe(0.04, ["veth"], "bridge"),
                rng.random() < 0.7, rng.random() < 0.3, rng.choice([()] * 5 + [(9000,), (1280, 65521)]))
    return Case(policy_text(rng), account_text(rng, PASSWD), account_text(rng, GROUP), subuid_text(rng),
                maybe(0.2, [0, 1001, 1004, 1005, 1006, 1007, 1008, 4294967294, 77, 2000, 2001, 100001], 1000),
                rng.choice([1000, 1000, 50, 100]),
                [rng.choice([50, 51, 52, 100, 1000, 4294967294]) for _ in range(rng.choice([0, 0, 1, 2]))],
                maybe(0.15, DEVS, b""), maybe(0.85, [b"br0", b"br1", b"alias"], b""), maybe(0.35, MACS, bytes(6)),
                maybe(0.2, MACS, bytes(6)), maybe(0.75, [68, 1280, 1400, 1400, 1500, 1501, 9000, 9001, 65521], 0), maybe(0.25, [2, 4, 5, 253], 1),
                maybe(0.96, [link], None))


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
    classes = ["void", "denied", *(f"denied {key}" for key in ("max", "dev", "guest-mac", "host-mac", "mtu", "queues")),
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
