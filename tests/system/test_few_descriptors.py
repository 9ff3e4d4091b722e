# SPDX-License-Identifier: LGPL-2.1-or-later
"""libtapgrant in a program that has few descriptors left: what failed is named, and nothing else is blamed for it."""
import re

import pytest

from host import ALICE, TAPGRANT, uid
from linked import PROGRAMS, build
from test_macvtap import macvtap, plain  # noqa: F401 (fixtures)

OWN = f"u{uid(ALICE)}-own"
LACK = "Too many open files"
HINT = "raise the limit of open files: ulimit -n"
LOOKUP = f"cannot be looked up by rtnetlink(7): {LACK}"


@pytest.fixture
def narrow(lab):
    """few(CALL, ARGUMENT) is what CALL says with 0, 1, 2, ... free descriptors."""
    program = build(lab.folder, PROGRAMS / "few.c")
    lab.tap("mytap0")
    lab.tap("many0", ALICE, "multi_queue")
    lab.tapgrant("create", "--net", f"dev={OWN},bridge=br0", check=True)
    lab.few = lambda *words: lab.run(program, *words, user=ALICE).out.splitlines()
    return lab


def lacks(*said):
    return [f"{room} 1 {text} | {HINT}" for room, text in enumerate(said)]


@pytest.mark.parametrize("words, said", [
    (("open", "bridge=br0"), [f"socketpair(2): {LACK}"] * 2 + [f"recvmsg(2): {LACK}"]),
    (("open", "bridge=br0,queues=3"), [f"socketpair(2): {LACK}"] * 2 + [f"recvmsg(2): {LACK}"] * 3),
    (("open", f"dev={OWN},bridge=br0"), [f"interface {OWN}: {LOOKUP}"] * 2),
    (("open", "managed=no,dev=mytap0"), [f"interface mytap0: {LOOKUP}"] * 2),
    (("open", "managed=no,dev=many0,queues=2"), [f"interface many0: {LOOKUP}", f"open(2) of /dev/net/tun: {LACK}",
                                                 f"interface many0: {LOOKUP}"]),
    (("find", "mytap0"), [f"interface mytap0: {LOOKUP}"]),
    (("list", ""), [f"the links: {LOOKUP}"]),
    (("delete", OWN), [f"interface {OWN}: {LOOKUP}"] * 2)])
def test_what_failed_is_named(narrow, words, said):
    assert narrow.few(*words) == [*lacks(*said), f"{len(said)} done"]


def test_a_process_that_may_have_no_child_is_told_which_limit_it_is(lab):
    result = lab.run("prlimit", "--nproc=1:1", TAPGRANT, "run", "--net", "bridge=br0", "--", "true", user=ALICE, check=False)
    assert result.code == 1 and result.err == (
        "tapgrant: clone(2): Resource temporarily unavailable\n"
        "hint: raise the limit of processes: ulimit -u, or pids.max of its control group\n"), result


def test_the_helper_makes_nothing_that_cannot_be_received(narrow):
    narrow.few("open", "bridge=br0,queues=3")
    narrow.wait_gone("tg0", "tg1", "tg2")


@pytest.mark.parametrize("words, reason", [(("open", "managed=no,dev=mytap0"), "is held by another process"),
                                           (("delete", OWN), "is in use")])
def test_who_holds_it_is_not_said_to_be_hidden_where_nobody_looked(narrow, words, reason):
    narrow.hold("managed=no,dev=mytap0")
    holder = narrow.hold(f"dev={OWN},bridge=br0") if words[1] == OWN else None
    first, *others, last = narrow.few(*words)
    assert LOOKUP in first and others
    for line in others:
        assert reason in line and f"who holds it cannot be looked up in /proc: {LACK}; root finds it" in line
    assert reason in last and re.search(r"process \d+ holds it", last) and (not holder or str(holder.pid) in last)


def test_a_macvtap_of_which_the_node_cannot_be_opened(macvtap):  # noqa: F811
    program = build(macvtap.folder, PROGRAMS / "few.c")
    *lines, last = macvtap.run(program, "open", "managed=no,dev=mv0", user=ALICE).out.splitlines()
    assert last.endswith(" done") and lines
    for line in lines:
        assert re.fullmatch(rf"\d 1 (interface mv0: {re.escape(LOOKUP)}|open\(2\) of {macvtap.node}: {LACK}|"
                            rf"open\(2\) below /proc: {LACK}) \| {HINT}", line), line
