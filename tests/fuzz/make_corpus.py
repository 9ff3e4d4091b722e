# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes corpus-request and corpus-policy, what the fuzzer starts from: /usr/bin/python3 tests/fuzz/make_corpus.py"""
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
    "other-version": request(interface(), version=2),
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
