# SPDX-License-Identifier: LGPL-2.1-or-later
import os
from contextlib import nullcontext

import pytest

from host import HELPER, Host
from ways import by_service, ways_of

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
    """As root nothing is left out: a missing or unprivileged helper is a failure, not a skip."""
    assert os.geteuid() == 0, "the system tests need root"
    mode = HELPER.stat().st_mode
    assert mode & 0o4000, f"{HELPER} is not setuid"


def pytest_generate_tests(metafunc):
    ways = ways_of(metafunc.module.__name__, metafunc.function.__name__)
    if "way" in metafunc.fixturenames and len(ways) > 1:
        metafunc.parametrize("way", ways)


@pytest.fixture
def way():
    """To the privileged step: "setuid" or "service"."""
    return "setuid"


@pytest.fixture
def host(way):
    a_host = Host()
    try:
        with by_service(a_host) if way == "service" else nullcontext():
            yield a_host
    finally:
        a_host.close()


@pytest.fixture
def lab(host):
    """A host with the bridge br0 and a policy that lets everybody use it."""
    host.policy(POLICY)
    host.bridge("br0")
    return host
