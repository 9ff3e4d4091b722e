# SPDX-License-Identifier: LGPL-2.1-or-later
import os

import pytest

from lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Programs and policies.  As root nothing is left out: what cannot be made here is a failure."""
    assert os.geteuid() == 0, "labels are extended attributes that only root can write"
    a_lab = Lab(tmp_path_factory.mktemp("selinux"))
    a_lab.policies(a_lab.programs())
    return a_lab


@pytest.fixture(scope="session")
def guest(lab):
    lab.image()
    return lab.boot()
