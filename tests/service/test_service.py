# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service grants what the policy grants, and has no more privilege for it than it says."""
import re

import pytest

from ask_helper import interface, request
from daemon import state
from host import ALICE, gid, uid


def test_a_request_is_granted_as_the_policy_says(service):
    service.host.listen_log()
    process, answer = service.hold(request(interface(queues=2), interface(bridge=b"")))
    assert (answer["status"], answer["rules"], len(answer["descriptors"])) == ("granted", ["lab", "lab"], 3)
    link = service.host.link(answer["devices"][0])
    assert link["master"] == "br0" and link["ifalias"] == f"tapgrant uid={uid(ALICE)} rule=lab"
    assert link["linkinfo"]["info_data"]["user"] == ALICE
    lines = service.host.log_lines()
    assert len(lines) == 2 and all(re.fullmatch(
        rf"<86>tapgrant\[{service.process.pid}\]: uid={uid(ALICE)} verdict=granted rule=lab device=tg\d .* via=service", line)
        for line in lines), lines
    service.host.end(process)
    service.host.wait_gone(*answer["devices"])


def test_no_process_is_root_and_each_has_the_capabilities_that_it_says(service):
    expected = {"Uid": [str(service.uid)] * 4, "Groups": [], "NoNewPrivs": ["1"], "Seccomp": ["0"]}
    kill, serve, everything = ("%016x" % mask for mask in (1 << 5, 1 << 6 | 1 << 7 | 1 << 12, 1 << 5 | 1 << 6 | 1 << 7 | 1 << 12))
    parent, template, child = service.process.pid, service.template(), service.children()[0]
    for process in (parent, template, child):
        for key, value in expected.items():
            assert state(process, key) == (["2"] if (key, process) == ("Seccomp", child) else value), (process, key)
        assert state(process, "CapBnd") == [everything]
    assert [state(parent, f"Cap{name}") for name in ("Eff", "Prm", "Inh", "Amb")] == [[kill], [everything], [everything], [everything]]
    for process in (template, child):
        assert [state(process, f"Cap{name}") for name in ("Eff", "Prm", "Inh", "Amb")] == [[serve], [serve], ["0" * 16], ["0" * 16]]


OLDER = request(interface(queues=2)[:50], header=20, size=50, reply=0, device=0)


@pytest.mark.parametrize("data, status, descriptors", [
    (OLDER[:20] + OLDER[28:], "granted", 2),
    (request(interface(bridge=b"") + bytes(44), size=100, reply=64, device=120, more=bytes(12)), "granted", 1),
    (request(interface() + b"\0\0\0\1", size=60), "unknown-field", 0)], ids=["older", "newer", "newer, and wants more"])
def test_a_client_of_another_age_is_answered_as_by_the_helper(service, data, status, descriptors):
    """Its request and the room for the reply have other sizes; tests/system/test_protocol.py asks the helper so."""
    answer = service.ask(data=data)
    assert (answer["status"], len(answer["descriptors"])) == (status, descriptors), answer


def test_a_denial_is_one_answer(service):
    service.host.listen_log()
    for data in (request(interface(bridge=b"br9")), request(interface(dev=b"other")), request(interface(queues=9))):
        answer = service.ask(data=data)
        assert (answer["status"], answer["stage"], answer["devices"]) == ("denied", 0, [])
    assert all("verdict=denied" in line for line in service.host.log_lines())
