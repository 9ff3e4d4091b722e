# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames between the ports of a shared bridge, against the committed table, which SECURITY.md shows."""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from experiments import EXPERIMENTS
from host import Host
from segment import ADDRESS, BRIDGE, CELLS, Segment, far_away

TABLE = Path(__file__).with_name("shared_bridge.table")
SECURITY = Path(__file__).parents[2] / "SECURITY.md"


def rows():
    lines = [line.strip("|").split("|") for line in TABLE.read_text().splitlines()]
    return {first.strip(): [cell.strip() for cell in cells] for first, *cells in lines[2:]}


@pytest.fixture(scope="module")
def hosts():
    """One for each column: so the columns are measured at once."""
    made = {cell: Host() for cell in CELLS}
    yield {cell: (host, far_away(host)) for cell, host in made.items()}
    for host in made.values():
        host.close()


def measure(host, far, cell, name):
    function, options = EXPERIMENTS[name]
    with Segment(host, far, cell, **options) as segment:
        return function(segment)


def test_the_table_has_every_experiment_and_security_md_shows_it():
    assert list(rows()) == list(EXPERIMENTS)
    assert TABLE.read_text() in SECURITY.read_text()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_frames_go_where_the_table_says(hosts, name):
    with ThreadPoolExecutor(len(CELLS)) as pool:
        measured = list(pool.map(lambda cell: measure(*hosts[cell], cell, name), CELLS))
    assert measured == rows()[name]


@pytest.mark.parametrize("cell", CELLS)
def test_a_port_has_no_ipv6_address_and_leaves_the_bridge_as_it_was(hosts, cell):
    host, far = hosts[cell]
    with Segment(host, far, cell) as segment:
        for name in ADDRESS:
            assert not host.run("ip", "-6", "address", "show", "dev", segment.ends[name].name).out
        link = host.link("br0")
        assert (link["address"], link["mtu"]) == (BRIDGE, 1500)
        assert host.root("/sys/class/net/br0/addr_assign_type").read_text() == "3\n"
