# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes corpus-request, the valid requests that the fuzzer starts from: /usr/bin/python3 tests/fuzz/make_corpus.py"""
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
