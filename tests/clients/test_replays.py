# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that are not packaged: what they ask of the kernel, replayed unprivileged; and that doctor foretells the answer."""
import re
from pathlib import Path

import pytest

from host import ALICE, BOB, TAPGRANT, uid

FOLDER = Path(__file__).with_name("replay")
REPLAYS = {"firecracker": "firecracker.py", "cloud-hypervisor": "cloud_hypervisor.py", "crosvm": "crosvm.py"}
TAP = f"u{uid(ALICE)}-vmm"


class Replay:
    def __init__(self, host, program, words, prefix=()):
        text = (FOLDER / REPLAYS[program]).read_text()
        self.process = host.start(*prefix, "/usr/bin/python3", "-c", text, *words, user=ALICE)
        self.host, self.first = host, self.process.stdout.readline().strip()
        self.error = "" if self.first else self.process.communicate(timeout=20)[1].strip()

    def end(self):
        self.process.communicate(timeout=20)


def doctor(host, program, queues, dev=TAP):
    words = ["--queues", queues] if queues > 1 else []
    result = host.tapgrant("doctor", "--json", dev, "--for", program, *words)
    return result.code, {one["check"]: one for one in result.json}


def received(host, dev=TAP):
    return int(host.run("cat", f"/sys/class/net/{dev}/statistics/rx_packets").out)


@pytest.mark.parametrize("program, queues", [("firecracker", 1), ("cloud-hypervisor", 1), ("cloud-hypervisor", 2), ("crosvm", 1)])
def test_a_tap_of_create_is_what_it_needs(lab, program, queues):
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,queues={queues}", check=True)
    code, found = doctor(lab, program, queues)
    assert code == 0 and found["open"]["ok"] and TAP in found["options"]["text"], found
    before = lab.link(TAP)
    replay = Replay(lab, program, [TAP, queues])
    assert replay.first == "ok", replay.error
    assert received(lab) == queues
    replay.end()
    after = lab.link(TAP)
    for key in ("address", "mtu", "master", "ifalias", "altnames", "ifindex"):
        assert after[key] == before[key], key


@pytest.mark.parametrize("program, queues", [("cloud-hypervisor", 1), ("cloud-hypervisor", 2), ("crosvm", 1)])
def test_descriptors_of_run_are_what_it_needs(lab, program, queues):
    replay = Replay(lab, program, ["fd={fds}", queues], [TAPGRANT, "run", "--net", f"bridge=br0,queues={queues}", "--"])
    assert replay.first == "ok", replay.error
    assert received(lab, "tg0") == queues
    replay.end()
    lab.wait_gone("tg0")


def test_crosvm_refuses_a_descriptor_without_vnet_hdr(lab):
    replay = Replay(lab, "crosvm", ["fd={fd}", 1], [TAPGRANT, "run", "--net", "bridge=br0,vnet-hdr=no", "--"])
    assert replay.error == "Missing flags: 0x4000"


# what is there, the program, its queues: what the kernel answers, at which step
ANSWERS = [
    (["multi_queue"], ALICE, "firecracker", 1, "TUNSETIFF: EINVAL"),
    (["multi_queue"], ALICE, "cloud-hypervisor", 1, "no support on the device side: EINVAL"),
    (["multi_queue"], ALICE, "crosvm", 1, "TUNSETIFF: EINVAL"),
    ([], ALICE, "cloud-hypervisor", 2, "no support on the TAP side: EINVAL"),
    (["multi_queue"], ALICE, "crosvm", 2, "SIOCSIFFLAGS: EPERM"),
    ([], BOB, "firecracker", 1, "TUNSETIFF: EPERM"),
    ([], BOB, "cloud-hypervisor", 1, "TUNSETIFF: EPERM"),
    ([], BOB, "crosvm", 1, "TUNSETIFF: EPERM"),
    (["multi_queue"], BOB, "firecracker", 1, "TUNSETIFF: EINVAL"),
]


@pytest.mark.parametrize("options, owner, program, queues, answer", ANSWERS)
def test_doctor_foretells_the_kernels_answer(host, options, owner, program, queues, answer):
    host.tap(TAP, owner, *options)
    host.run("ip", "link", "set", TAP, "up")
    replay = Replay(host, program, [TAP, queues])
    assert replay.error == answer, (replay.first, replay.error)
    code, found = doctor(host, program, queues)
    assert code == 1 and not found["open"]["ok"], found
    assert answer.split(": ")[1] in found["open"]["text"] and found["open"]["hint"], found


@pytest.mark.parametrize("program", REPLAYS)
def test_doctor_foretells_that_a_held_tap_is_busy(host, program):
    host.tap(TAP)
    host.run("ip", "link", "set", TAP, "up")
    holder = host.hold(f"managed=no,dev={TAP}")
    assert Replay(host, program, [TAP, 1]).error == "TUNSETIFF: EBUSY"
    assert "EBUSY" in doctor(host, program, 1)[1]["open"]["text"]
    host.end(holder)


def test_doctor_foretells_that_cloud_hypervisor_cannot_set_a_tap_up(host):
    host.tap(TAP)
    assert Replay(host, "cloud-hypervisor", [TAP, 1]).error == "SIOCSIFFLAGS: EPERM"
    found = doctor(host, "cloud-hypervisor", 1)[1]
    assert not found["start"]["ok"] and "EPERM" in found["start"]["text"]


@pytest.mark.parametrize("program, queues, fits", [("firecracker", 1, True), ("cloud-hypervisor", 2, False)])
def test_what_doctor_hints_mends_it(lab, program, queues, fits):
    """The hint is a command: of the owner, where tapgrant made the device."""
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,queues={3 - queues}", check=True)
    hint = doctor(lab, program, queues)[1]["open"]["hint"].replace("queues=N", f"queues={queues}")
    assert hint.startswith(f"tapgrant delete {TAP}; tapgrant create --net dev={TAP},bridge=br0,queues="), hint
    lab.run("sh", "-c", re.sub(r"\btapgrant ", f"{TAPGRANT} ", hint), user=ALICE)
    assert doctor(lab, program, queues)[0] == 0
    replay = Replay(lab, program, [TAP, queues])
    assert replay.first == "ok", replay.error
    replay.end()
