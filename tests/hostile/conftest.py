# SPDX-License-Identifier: LGPL-2.1-or-later
"""The throw-away host of tests/system, and in it an arena: a resident that starts the helper some hundred times a minute."""
import importlib.util
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SYSTEM = Path(__file__).resolve().parent.parent / "system"
spec = importlib.util.spec_from_file_location("fixtures_of_the_system_tests", SYSTEM / "conftest.py")
fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fixtures)
installed, way, host, lab = fixtures.installed, fixtures.way, fixtures.host, fixtures.lab

from arena import ARENA  # noqa: E402
from calls import TEAM  # noqa: E402
from host import ALICE, HELPER, Host  # noqa: E402


class Arena:
    """One throw-away host with br0; do() starts the helper once and returns what came of it."""

    def __init__(self, policy):
        self.host = Host()
        self.host.policy(policy)
        self.host.root("/etc/group").open("a").write(f"{TEAM}:x:77001:{ALICE}\n")
        self.host.steady_bridge()
        self.host.listen_log()
        self.resident = self.host.start("/usr/bin/python3", ARENA, HELPER, stderr=None)

    def do(self, **job):
        self.resident.stdin.write(json.dumps(job) + "\n")
        self.resident.stdin.flush()
        line = self.resident.stdout.readline()
        assert line, f"the arena ended at {job | {'request': 0}}"
        self.host.log_lines()  # or it fills
        return json.loads(line)


class Arenas(list):
    """Several, for a sweep; in the first also what is done but once."""

    def sweep(self, jobs):
        """(job, what came of it) of each, in the order of the jobs."""
        def part(number):
            return [(job, self[number].do(**job)) for job in jobs[number::len(self)]]
        with ThreadPoolExecutor(len(self)) as pool:
            parts = list(pool.map(part, range(len(self))))
        return [parts[n % len(self)][n // len(self)] for n in range(len(jobs))]


@pytest.fixture
def arenas():
    made = Arenas()

    def make(policy, count=3):
        made.extend(Arena(policy) for _ in range(count))
        return made
    yield make
    for arena in made:
        arena.host.close()


@pytest.fixture
def arena(arenas):
    return lambda policy: arenas(policy, 1)[0]
