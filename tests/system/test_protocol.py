# SPDX-License-Identifier: LGPL-2.1-or-later
"""The protocol, spoken by another program than the library: by one that is older or newer than the helper, too."""
import os
import re
import socket
import struct
import subprocess
import textwrap
from pathlib import Path

import pytest

from ask_helper import DEVICE, REPLY, STATUS, interface, receive_all, request
from host import ALICE, HELPER, PREFIX

FAKE = Path(__file__).with_name("fake_service.py")
SOCKET = Path("/run/tapgrant/socket")


def ask(host, data, user=ALICE):
    """(status, the reply's bytes, how many descriptors came) of the real setuid helper."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            ours.send(data)
            subprocess.run(host.command([HELPER], user), stdin=theirs, timeout=30, check=False)
        status, reply, descriptors = receive_all(ours)
    for descriptor in descriptors:
        os.close(descriptor)
    host.wait_gone("tg0", "tg1")
    return status, reply, len(descriptors)


def named(device):
    return device[:16].rstrip(b"\0"), device[16:32].rstrip(b"\0"), device[32:68].rstrip(b"\0")


def test_the_reply_tells_what_the_helper_knows(lab):
    for data in (request(interface()), request(interface(bridge=b"br9")), request(interface(), magic=1), b""):
        reply = ask(lab, data)[1]
        assert struct.unpack_from("2I", reply, 32) == (28, 56)


def test_an_older_client_is_granted_what_it_asks_for(lab):
    """Its header ends with the count, its interface with the queues; it has no room for more than a device's name."""
    old = request(interface(queues=2)[:50], header=20, size=50, reply=0, device=0)
    status, reply, descriptors = ask(lab, old[:20] + old[28:])
    assert (status, len(reply), descriptors) == ("granted", REPLY + DEVICE, 2)
    status, reply, descriptors = ask(lab, request(interface(), interface(), device=16))
    assert (status, len(reply), descriptors) == ("granted", REPLY + 2 * 16, 2)
    assert [reply[at:at + 16].rstrip(b"\0") for at in (40, 56)] == [b"tg0", b"tg1"]


def test_a_newer_client_is_granted_what_both_know(lab):
    new = request(interface() + bytes(44), interface(bridge=b"") + bytes(44), size=100, reply=64, device=120, more=bytes(12))
    status, reply, descriptors = ask(lab, new)
    assert (status, len(reply), descriptors) == ("granted", 64 + 2 * 120, 2)
    assert reply[REPLY:64] == bytes(64 - REPLY)
    first, second = reply[64:184], reply[184:]
    assert named(first) == (b"tg0", b"br0", b"lab") and named(second) == (b"tg1", b"", b"lab")
    assert first[DEVICE:] == second[DEVICE:] == bytes(120 - DEVICE)


@pytest.mark.parametrize("data", [
    request(interface() + b"\0\0\0\1", size=60), request(interface(), more=b"\1\0\0\0"),
    request(interface() + bytes(4), interface() + b"\x80" + bytes(3), size=60)])
def test_a_newer_client_that_wants_more_is_told_so(lab, data):
    lab.listen_log()
    status, reply, descriptors = ask(lab, data)
    assert (status, len(reply), descriptors) == ("unknown-field", REPLY, 0)
    assert struct.unpack_from("2I", reply, 32) == (28, 56)
    (line,) = lab.log_lines()
    assert " verdict=unknown-field " in line and " stage=1 " in line


@pytest.mark.parametrize("sizes, length", [({}, REPLY + DEVICE), ({"reply": 0, "device": 0}, REPLY + DEVICE),
                                           ({"reply": 1024, "device": 1024}, 2048), ({"device": 1}, REPLY + 1)])
@pytest.mark.parametrize("bridge, status", [(b"br0", "granted"), (b"br9", "denied")])
def test_a_reply_has_the_size_that_was_asked_for_whatever_it_says(lab, sizes, length, bridge, status):
    told, reply, _ = ask(lab, request(interface(bridge=bridge), **sizes))
    assert (told, len(reply)) == (status, length)


@pytest.mark.parametrize("sizes", [{"reply": 39}, {"reply": 1025}, {"device": 1025}, {"header": 19}, {"header": 1025}, {"size": 0},
                                   {"size": 49}, {"size": 1025}, {"reply": 2 ** 32 - 1}, {"device": 2 ** 32 - 1}])
def test_a_size_beyond_the_bounds_is_malformed(lab, sizes):
    status, reply, _ = ask(lab, request(interface(), **sizes))
    assert (status, len(reply)) == ("malformed", REPLY)


TOP = Path(__file__).resolve().parents[2]
NEWER = [  # what the next version may add: to each structure, at its end
    ("wire/wire.h", "    struct wire_interface interface[WIRE_INTERFACES];\n};",
     "    uint32_t added[3];\n    struct wire_interface interface[WIRE_INTERFACES];\n};"),
    ("wire/wire.h", "    uint32_t netns;    /* enum wire_netns */\n", "    uint32_t netns;\n    uint32_t future;\n    uint8_t more[12];\n"),
    ("wire/wire.h", "    struct wire_device device[WIRE_INTERFACES];", "    uint32_t added[4];\n    struct wire_device device[WIRE_INTERFACES];"),
    ("wire/wire.h", "    uint16_t slot; /*", "    uint16_t slot;\n    uint8_t more[28]; /*"),
    ("lib/managed/managed.c", "&request->interface[i]);\n", "&request->interface[i]);\n        request->interface[i].future = FUTURE;\n"),
    ("lib/managed/explain.c", "sizeof(shape.netns)},\n",
     "sizeof(shape.netns)},\n    {\"future\", offsetof(struct wire_interface, future), sizeof(shape.future)},\n")]
PROGRAM = r"""
#include "lib/tapgrant.h"
#include <stdio.h>

int main(int argc, char *argv[]) {
    struct tapgrant_device *devices[2];
    struct tapgrant_error error;

    if (tapgrant_open_set((const char *const *)argv + 1, (size_t)argc - 1, devices, &error)) {
        printf("%s: %s (%s)\n", error.object, error.reason, error.reason_code);
        return error.code;
    }
    for (int i = 0; i < argc - 1; i++) {
        printf("%s %s %s %u\n", tapgrant_name(devices[i]), tapgrant_bridge(devices[i]), tapgrant_rule(devices[i]), tapgrant_mtu(devices[i]));
        tapgrant_close(devices[i]);
    }
    return 0;
}
"""


def newer_program(folder, future):
    """PROGRAM with the library of the next version, whose requests have FUTURE in a field that is new."""
    changed = {}
    for name, old, new in NEWER:
        text = changed.get(name) or (TOP / name).read_text()
        assert text.count(old) == 1, (name, old, text.count(old))
        changed[name] = text.replace(old, new)
    # it is the next one whose layout the assertions are about
    changed["wire/wire.h"] = re.sub(r"^_Static_assert\(WIRE_RE(QUEST|PLY)_HEADER == .*?;\n", "", changed["wire/wire.h"], flags=re.M)
    changed["wire/wire.h"] = re.sub(r"^_Static_assert\(offsetof.*?;\n", "", changed["wire/wire.h"], flags=re.M)
    for name, text in [*changed.items(), ("program.c", PROGRAM)]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    paths = [*(TOP / "lib").rglob("*.c"), *(TOP / "conf/interface").glob("*.c"), *(TOP / "wire").glob("*.c")]
    sources = [folder / name if name in changed else TOP / name for name in (str(path.relative_to(TOP)) for path in paths)]
    words = [f'-DHELPER_PATH="{HELPER}"', f'-DSOCKET_PATH="{SOCKET}"', '-DSERVICE_PATH="/x"', '-DSERVICE_USER="_tapgrant"',
             '-DTAPGRANT_VERSION="9.9.9"']
    program = folder / f"newer{future}"
    subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", f"-DFUTURE={future}", *words, f"-I{folder}", f"-I{TOP}", "-o", program,
                    folder / "program.c", *sources, "-lmnl", "-pthread"], check=True)
    return program


def test_a_program_with_a_newer_library_works_with_this_helper(lab):
    program = newer_program(lab.folder, 0)
    assert lab.run(program, "bridge=br0", "bridge=br0,mtu=1500", user=ALICE).out == "tg0 br0 lab 1500\ntg1 br0 lab 1500\n"
    result = lab.run(program, "bridge=br0", "bridge=br9", user=ALICE, check=False)
    assert result.code == 3 and result.out == "bridge br9: denied by policy (denied)\n"


def test_a_program_with_a_newer_library_is_told_which_key_this_helper_does_not_know(lab):
    result = lab.run(newer_program(lab.folder, 7), "bridge=br0", user=ALICE, check=False)
    assert result.code == 1
    assert result.out == f"{HELPER}: is older than the program and does not know: future (unknown_field)\n"


def test_a_program_of_the_version_before_is_told_the_version(lab):
    """Its request: 12 bytes and 64 interfaces.  It looks at magic, version and status, and at nothing else."""
    old = struct.pack("3I", 0x74617067, 1, 1) + interface().ljust(52 * 64, b"\0")
    status, reply, _ = ask(lab, old)
    assert status == "version" and struct.unpack_from("3I", reply) == (0x74617067, 2, STATUS.index("version"))
    assert len(reply) >= 12


def test_the_client_of_the_manual_page_is_granted_a_tap(lab):
    page = (PREFIX / "share/man/man7/tapgrant-protocol.7").read_text()
    code = page.split(".Bd -literal\n")[1].split(".Ed")[0].replace("\\e", "\\")
    assert str(SOCKET) in code
    lab.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    lab.run("mkdir", SOCKET.parent)
    lab.tap("mytap0")
    body = textwrap.dedent("""
        connection, request = take()
        assert len(request) == 80, len(request)
        held = tap()
        send(connection, reply(is_elsewhere=None), held)  # of the size that it asks for
    """)
    service = lab.start("/usr/bin/python3", FAKE, SOCKET, body)
    assert service.stdout.readline() == "ready\n"
    result = lab.run("/usr/bin/python3", "-c", code, user=ALICE)
    assert re.fullmatch(r"mytap0 \[\d+\]\n", result.out), result


def test_the_tables_of_the_manual_page_are_the_structures():
    """Field by field, as the compiler has them."""
    page = (PREFIX / "share/man/man7/tapgrant-protocol.7").read_text()
    tables = [re.findall(r"^\.It (\d+) Ta (\d+) Ta (\w+) Ta ", table, re.M) for table in re.findall(r"\.Bl -column.*?\.El", page, re.S)]
    top = Path(__file__).resolve().parents[2]
    checks = ""
    for struct_name, rows in zip(("request", "interface", "reply", "device"), tables, strict=True):
        for offset, size, field in rows:
            name = f"struct wire_{struct_name}"
            checks += f'_Static_assert(offsetof({name}, {field}) == {offset}, "{field}");\n'
            checks += f'_Static_assert(sizeof((({name} *)0)->{field}) == {size}, "{field}");\n'
    checks += "".join(f"_Static_assert(WIRE_{word.upper().replace('-', '_')} == {number}, \"{word}\");\n"
                      for number, word in re.findall(r"^\.It (\d+) ([\w-]+)$", page, re.M)
                      if word not in ("version", "unknown-field"))
    checks += '_Static_assert(WIRE_OTHER_VERSION == 1 && WIRE_UNKNOWN_FIELD == 11, "");\n'
    assert checks.count("_Static_assert") > 60
    subprocess.run(["cc", "-std=c11", f"-I{top}", "-fsyntax-only", "-x", "c", "-"], check=True, text=True,
                   input=f'#include "wire/wire.h"\n{checks}')
