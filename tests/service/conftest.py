# SPDX-License-Identifier: LGPL-2.1-or-later
import os

import pytest

from daemon import SERVICE, Service
from host import HELPER, Host

POLICY = """\
[rule lab]
user = *
bridge = br0 none
isolate = no
lock-mac = no
dev = u{uid}-*
mtu = 1280-9000
queues = 8
host-mac = *
"""


@pytest.fixture(scope="session", autouse=True)
def installed():
    """As root nothing is left out."""
    assert os.geteuid() == 0, "the tests of the service need root"
    assert SERVICE.stat().st_mode & 0o7777 == 0o755, f"{SERVICE} has privilege of its own"
    assert HELPER.exists()


@pytest.fixture
def host():
    a_host = Host()
    yield a_host
    a_host.close()


@pytest.fixture
def lab(host):
    """A host with the bridge br0 and a policy that lets everybody use it."""
    host.policy(POLICY)
    host.bridge("br0")
    return host


@pytest.fixture
def service(lab):
    """The service on that host, listening."""
    with Service(lab) as a_service:
        yield a_service
