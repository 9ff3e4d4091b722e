# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes corpus-request, corpus-policy and corpus-service, what the fuzzer starts from: /usr/bin/python3 tests/fuzz/make_corpus.py"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
sys.dont_write_bytecode = True

from ask_helper import interface, request  # noqa: E402

GUEST, HOST = bytes.fromhex("525400123456"), bytes.fromhex("fe5400123456")
CORPUS = {
    "plain": request(interface()),
    "without-a-bridge": request(interface(bridge=b"", vnet_hdr=0)),
    "everything": request(interface(b"u1000-web", b"virbr0", GUEST, HOST, 1400, 4)),
    "names-at-the-bounds": request(interface(b"a" * 15, b"b" * 15, mtu=68), interface(b"tg", b"tg0", mtu=65521)),
    "queues-at-the-bound": request(interface(queues=253)),
    "64-interfaces": request(*[interface(queues=3)] * 64),
    "other-version": request(interface(), version=1),
    "longer": request(interface() + bytes(12), interface() + bytes(12), size=64, more=bytes(8)),
    "unknown-field": request(interface() + b"x", size=53),
    "shorter": request(interface()[:50], size=50, header=20, reply=0, device=0)[:20] + interface()[:50],
    "sizes-at-the-bound": request(interface().ljust(1024, b"\0"), size=1024, reply=1024, device=1024, more=bytes(996)),
    "short": request(interface())[:8],
}

for name, data in CORPUS.items():
    (HERE / "corpus-request" / name).write_bytes(data)

# Keys on several lines, in turn, and faulty lines that can have been sections.
LISTS = {
    "lists-in-turn": b"[rule a]\n" + b"user = 1\ndev = x y\nguest-mac = 02:*\nhost-mac = *\nbridge = none\n" * 3 + b"user = 1000\n",
    "sections-that-are-none": b"user = 1\nbridge = none\n [rule a]\n[[\nrule [b]\nuser = 1\n\xef\xbb\xbf[rule c]\n",
    "max-0": b"[rule a]\nuser = 1000\nbridge = none\nmax = 0\n; \xc3\xbc\n[rule b]\nuser = 1000\nbridge = none\n",
}
for name, text in LISTS.items():
    (HERE / "corpus-policy" / name).write_bytes(text)

# A policy for many, a NUL, and a subuid(5) that makes the asker's id a subordinate one, or does not.
RULES = b"[rule a]\nuser = %b\nbridge = none br0\nisolate = no\nlock-mac = no\n"
SUBUIDS = {
    "everybody-and-ranges": (b"*", b"alice:100000:65536\nbob:165536:65536\n"),
    "a-range-of-subordinate-ids": (b"999-1001", b"alice:0x3e0:0100\nx:+1:2:junk"),
    "a-group-of-a-subordinate-id": (b"%50", b"#alice:01750:1\n+nis:1:1\n-:1:1\n:1:1\nx::1\nx:-5:10\n"),
    "counts-at-the-bounds": (b"0-4294967294", b"a:4294967294:1\nb:1:18446744073709551615\nc:0:0\nd:1:18446744073709551616\n"),
}
for name, (who, subuid) in SUBUIDS.items():
    (HERE / "corpus-policy" / name).write_bytes(RULES % who + b"\0" + subuid)

# Steps for fuzz_service.c, each with a number: which uid, client or process.  Process 0 is the template, 1 the first child.
CONNECT, SEND, GO, FORK_AND_TELL, FORK, TELL = 0, 2, 2 | 1 << 4, 4 | 1 << 4, 4, 7
END, TAKE, LEAVE, SAY, ANYTHING, CLOSE, SHUT, REPLY = (9 | how << 4 for how in range(8))
TEMPLATE_ENDS, WAIT, TERMINATE = 8, 13, 14
BEGINNING = [CONNECT, 1, FORK_AND_TELL, 0, FORK_AND_TELL, 0, SEND, 0, TAKE, 1]
SCRIPTS = {
    "a-grant": [*BEGINNING, SAY, 1, 1, 1, LEAVE, 1, REPLY, 1, END, 1, 0, GO, 0],
    "one-that-never-stops": [*BEGINNING, SAY, 1, 1, 255, SAY, 1, 1, 255],
    "a-crash": [*BEGINNING, END, 1, 3, CONNECT, 1, SEND, 1, CONNECT, 2, SEND, 2],
    "a-crash-in-the-last-step": [*BEGINNING, LEAVE, 1, END, 1, 3],
    "a-deadline": [*BEGINNING, *[WAIT, 255] * 2],
    "a-caller-who-goes": [CONNECT, 1, SEND, 0, GO, 0, FORK_AND_TELL, 0],
    "a-silent-one": [CONNECT, 1, *[WAIT, 100] * 2],
    "a-report-that-comes-late": [FORK, 0, FORK, 0, END, 1, 1, TELL, 1, FORK, 255],
    "the-template-ends": [*BEGINNING, FORK, 0, TEMPLATE_ENDS, 201, TEMPLATE_ENDS, 202, FORK_AND_TELL, 0],
    "the-end": [*BEGINNING, CONNECT, 2, SEND, 1, TERMINATE, 1, WAIT, 255],
    "what-is-no-report": [*BEGINNING, ANYTHING, 1, 4, 2, 2, 1, SHUT, 1, CLOSE, 2, TELL, 0, 1, 9, 9, 0],
}
for name, steps in SCRIPTS.items():
    (HERE / "corpus-service" / name).write_bytes(bytes(steps))
