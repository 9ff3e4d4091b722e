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
def test_a_port_is_what_its_rule_makes_of_it_and_the_bridge_as_it_was(hosts, cell):
    host, far = hosts[cell]
    lock, isolate = (word == "yes" for word in CELLS[cell])
    with Segment(host, far, cell) as segment:
        for name, address in ADDRESS.items():
            port = segment.port(segment.ends[name].name)
            wanted = {"guard": True, "root_block": True, "hairpin": False, "fastleave": False, "proxy_arp": False,
                      "proxy_arp_wifi": False, "locked": lock, "learning": not lock, "isolated": isolate}
            assert {key: port[key] for key in wanted if key in port} == {key: wanted[key] for key in wanted if key in port}
            assert set(wanted) - set(port) <= {"proxy_arp", "proxy_arp_wifi"}  # ip-link(8) has these
            entry = [entry for entry in segment.entries(address) if entry["ifname"] == port["ifname"]]
            assert [(one["state"], "sticky" in one["flags"]) for one in entry] == ([("static", True)] if lock else [("", False)])
            assert segment.ends[name].host_mac not in (address, BRIDGE)
            assert not host.run("ip", "-6", "address", "show", "dev", port["ifname"]).out
        link = host.link("br0")
        assert (link["address"], link["mtu"]) == (BRIDGE, 1500)
