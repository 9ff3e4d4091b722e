# SPDX-License-Identifier: LGPL-2.1-or-later
"""Threads that are cancelled while they are in libtapgrant."""
import os

import pytest

from host import ALICE, uid
from linked import PROGRAMS, build, exported

ROUNDS = 220 if os.environ.get("TAPGRANT_LONG") else 90
OWN = f"u{uid(ALICE)}-own"


@pytest.fixture
def crowded(lab):
    """A lab whose quota a round cannot reach that ends before the kernel has removed the tap of the round before."""
    lab.policy("[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\ndev = u{uid}-*\nmax = 64\n")
    lab.tap("mytap0")
    return lab


def test_no_public_function_is_left_by_a_cancelled_thread(crowded):
    """The request is there before the call: the first cancellation point would end the thread."""
    names = exported()
    result = crowded.run(build(crowded.folder, PROGRAMS / "pending.c"), *names, user=ALICE, check=False, timeout=120)
    assert result.code == 0, result
    assert sorted(result.out.splitlines()) == sorted(2 * [f"{name} returned" for name in names])


@pytest.mark.parametrize("how", ["once", "loop"])
@pytest.mark.parametrize("kind", ["deferred", "asynchronous"])
def test_a_thread_cancelled_at_any_time_leaves_the_program_whole(crowded, how, kind):
    """From before the first system call to behind the last, which is after some 10 ms."""
    program = build(crowded.folder, PROGRAMS / "cancelled.c")
    microseconds = 60000 if how == "loop" else 20000
    result = crowded.run(program, "bridge=br0", ROUNDS, microseconds, how, kind, user=ALICE, timeout=600)
    assert result.out == f"clean {ROUNDS}\n", result


@pytest.mark.parametrize("spec", ["managed=no,dev=mytap0", f"dev={OWN},bridge=br0"])
def test_nor_while_it_opens_a_tap_that_exists(crowded, spec):
    crowded.tapgrant("create", "--net", f"dev={OWN},bridge=br0", check=True)
    program = build(crowded.folder, PROGRAMS / "cancelled.c")
    result = crowded.run(program, spec, ROUNDS, 3000, "loop", "deferred", user=ALICE, timeout=600)
    assert result.out == f"clean {ROUNDS}\n", result
