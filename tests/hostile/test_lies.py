# SPDX-License-Identifier: LGPL-2.1-or-later
"""The drop of privilege with one call that the kernel acknowledges and does not make: what does not follow is noticed."""
import re

import pytest

from ask_helper import interface, request
from calls import POLICY, numbered, trace
from host import HELPER

# A call, which of those that fit (0: the first), and the answer; None: it ends without one.
LIES = {
    "one capability stays in the bounding set": (r"prctl\(PR_CAPBSET_DROP, CAP_SYS_ADMIN", 0, "unprivileged"),
    "the first of all stays there": (r"prctl\(PR_CAPBSET_DROP, CAP_CHOWN", 0, "unprivileged"),
    "the last of all stays there": (r"prctl\(PR_CAPBSET_DROP, CAP_CHECKPOINT_RESTORE", 0, "unprivileged"),
    "the user ids stay": (r"setresuid\((?!-1)", 0, "unprivileged"),
    "the capabilities stay": (r"capset\(.*permitted=1<<CAP_NET_ADMIN,", 0, "unprivileged"),
    "all capabilities come back": (r"capset\(.*CAP_CHOWN", 0, "unprivileged"),
    "the user id comes back": (r"setresuid\(-1, 0", 0, "unprivileged"),
    "the group id comes back": (r"setresgid\(-1, 0", 0, "unprivileged"),
    "it could gain new privileges": (r"prctl\(PR_SET_NO_NEW_PRIVS", 0, "unprivileged"),
    "the last capability stays": (r"capset\(.*permitted=0,", -1, None),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_was_acknowledged_and_not_done_is_noticed(arena, lie):
    pattern, which, answer = LIES[lie]
    one = arena(POLICY)
    name, when, _ = [point for point in numbered(trace(one.host)) if re.search(pattern, point[2])][which]
    result = one.do(request=request(interface()).hex(), inject=[name, when, "retval=0"])
    assert (result["answer"], result["status"], result["wrong"]) == (answer, 1, []), result


@pytest.fixture
def setgid(lab):
    """The helper made setgid as well, of a group that nobody is in."""
    copy = lab.folder / "helper"
    lab.run("cp", HELPER, copy)
    lab.run("chown", "root:77002", copy)
    lab.run("chmod", "6755", copy)
    lab.bind(copy, HELPER)
    return lab


def test_the_group_of_a_setgid_bit_is_given_up(setgid):
    setgid.policy(POLICY)
    lines = trace(setgid, request(interface()))
    read_back = [line for line in lines if line.startswith("getresgid")]
    assert read_back and all(len(set(re.findall(r"\d+", line.split("=")[0]))) == 1 for line in read_back), read_back


def test_a_group_that_stays_is_noticed(setgid):
    setgid.policy(POLICY)
    for when in (1, 2):  # the drop; and the attempt to have it back
        lines = trace(setgid, request(interface()), code=1, words=["-e", f"inject=setresgid:retval=0:when={when}"])
        assert not any("TUNSETIFF" in line for line in lines)
        assert any(line.startswith("capset(") and "permitted=0, inheritable=0" in line for line in lines), "it gives up the rest"
    assert not setgid.taps()
