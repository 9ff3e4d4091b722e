# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cases are made of: words that are valid, bad or unknown, and policies, accounts and requests at random.

The model is compared with them (test_model.py), and the installed programs with each other (tests/system/test_same_answer.py).
"""
from model import Case, Link

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
FLAGS = (b"allow-unpinned-bridge", b"allow-ra-bridge", b"allow-other-netns")
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
    for pool, rate in ((HARMLESS, 0.3), (FURTHER, 0.1), (VOIDING, 0.04)):
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
    link = Link(maybe(0.05, STRANGE_LINKS, rng.choice(VALID_LINKS)), rng.choice([1500, 1400, 1400, 9000, 9000, 9000, 1000, 1000, 1000]), maybe(0.04, ["veth"], "bridge"),
                rng.random() < 0.7, rng.random() < 0.3, rng.choice([()] * 5 + [(9000,), (1280, 65521)]))
    return Case(policy_text(rng), account_text(rng, PASSWD), account_text(rng, GROUP), subuid_text(rng),
                maybe(0.2, [0, 1001, 1004, 1005, 1006, 1007, 1008, 4294967294, 77, 2000, 2001, 100001], 1000),
                rng.choice([1000, 1000, 50, 100]),
                [rng.choice([50, 51, 52, 100, 1000, 4294967294]) for _ in range(rng.choice([0, 0, 1, 2]))],
                maybe(0.15, DEVS, b""), maybe(0.85, [b"br0", b"br1", b"alias"], b""), maybe(0.35, MACS, bytes(6)),
                maybe(0.2, MACS, bytes(6)), maybe(0.75, [68, 1280, 1400, 1400, 1500, 1501, 9000, 9001, 65521], 0), maybe(0.25, [2, 4, 5, 253], 1),
                maybe(0.96, [link], None), rng.random() < 0.05, rng.randrange(2))
