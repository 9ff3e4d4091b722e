# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module in an enforcing guest of Debian's own kernel: one boot, whose lines these tests read."""
import os
import re

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("selinux")]  # they share one guest

# The least number of checks of each section of guest/*.sh
SECTIONS = {"explained": 4, "granted": 34, "log": 2, "vlan": 9, "apply": 19, "open": 1, "refused": 44, "attach": 10,
            "client": 17, **({"mutant": 100, "mutant-ioctl": 43} if os.environ.get("TAPGRANT_LONG") else {"mutant": 40, "mutant-ioctl": 14})}


def checks(guest, section):
    return re.findall(rf"^(ok|not ok) - {section}: (.*?)$((?:\n#.*)*)", guest, re.M)


def test_the_guest_enforced_and_passed_to_its_last_line(guest):
    print(guest)
    assert "enforcing 1, as system_u:system_r:labtest_t" in guest
    said = [line for line in guest.splitlines() if line and not line.startswith("[")]
    assert re.fullmatch(r"[1-9]\d* passed, 0 failed", said[-1]), "\n".join(said[-20:])


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_ran_and_passed(guest, section):
    found = checks(guest, section)
    assert len(found) >= SECTIONS[section] and not [check for check in found if check[0] != "ok"], found


def test_each_permission_had_its_mutant(guest, lab):
    said = " ".join(name for _, name, _ in checks(guest, "mutant"))
    for line in lab.mutants:
        number, _, target, kind, permission = line.split()
        assert f"without {target}:{kind} {permission} " in said, line
    said = " ".join(name for _, name, _ in checks(guest, "mutant-ioctl"))
    for line in lab.ioctls:
        assert f"without {line.split()[1]}:ioctl {line.split()[2]} " in said, line


def test_a_kernel_that_does_not_enforce_fails(lab, guest):
    assert not re.search(r"^\d+ passed, 0 failed", lab.boot(lsm="apparmor"), re.M)
