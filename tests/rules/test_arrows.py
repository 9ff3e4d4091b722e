# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who includes whom: the arrows between the folders go one way, and nothing goes in a circle."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

# The headers of a folder that others include; what else is inside stays inside.
SHOWS = {
    "wire": ["names.h", "text.h", "wire.h"],
    "conf/file": ["file.h"],
    "conf/policy": ["policy.h"],
    "conf/interface": ["interface.h"],
    "conf/ini": ["ini.h"],
    "conf/definitions": ["definitions.h"],
    "helper/link": ["link.h"],
    "helper/grant": ["grant.h"],
    "helper/privilege": ["privilege.h", "service.h"],
    "apply/links": ["forwarding.h", "links.h", "tap.h"],
    "lib": ["tapgrant.h"],
    "lib/existing": ["existing.h"],
    "lib/links": ["links.h"],
    "lib/managed": ["managed.h"],
    "cli": ["command.h"],
    "cli/answer": ["answer.h", "denial.h"],
    "cli/definitions": ["read.h"],
    "cli/output": ["json.h", "output.h"],
    "cli/shared": ["accounts.h", "container.h", "discard.h", "host_bridge.h", "interfaces.h", "kept.h", "options.h", "policy_file.h",
                   "sudo.h"],
}
LIBRARY = ["wire", "conf/interface", "lib", "lib/links", "lib/closes.h", "lib/device.h", "lib/error.h"]
COMMAND = ["wire", "conf/file", "conf/policy", "conf/interface", "conf/definitions", "lib", "cli", "cli/answer",
           "cli/definitions", "cli/output", "cli/shared"]
# Each folder, and whom it may include beside itself: a folder, of which that is what it shows, or one header.
ARROWS = {
    "wire": [],
    "conf/file": ["wire"],
    "conf/policy": ["conf/file", "conf/ini", "wire"],
    "conf/interface": ["wire"],
    "conf/ini": ["wire"],
    "conf/definitions": ["conf/interface", "conf/ini", "conf/file", "wire"],
    "helper/link": ["wire"],
    "helper/privilege": ["wire"],
    "helper/grant": ["helper/link", "conf/policy", "wire"],
    "helper/setuid": ["helper/grant", "helper/privilege", "conf/file", "wire"],
    "helper/service": ["helper/grant", "helper/privilege", "helper/link", "conf/policy", "conf/file", "wire"],
    "apply": ["apply/links", "helper/link", "conf/definitions", "conf/interface", "conf/file", "wire"],
    "apply/links": ["helper/link", "conf/definitions", "conf/interface", "wire"],
    "lib": [*LIBRARY, "lib/managed", "lib/existing"],
    "lib/managed": [*LIBRARY, "lib/existing"],
    "lib/existing": LIBRARY,
    "lib/links": ["wire", "lib/error.h"],
    "cli": COMMAND,
    "cli/answer": COMMAND,
    "cli/bridge-helper": COMMAND,
    "cli/check": COMMAND,
    "cli/definitions": COMMAND,
    "cli/doctor": COMMAND,
    "cli/import": COMMAND,
    "cli/import/bridge-conf": [*COMMAND, "cli/import/import.h"],
    "cli/import/libvirt": [*COMMAND, "cli/import/import.h"],
    "cli/lint": COMMAND,
    "cli/list": COMMAND,
    "cli/output": ["conf/interface", "wire", "lib"],
    "cli/run": COMMAND,
    "cli/shared": COMMAND,
    "cli/show": COMMAND,
}
GENERATED = {"helper/privilege/filter.inc", "helper/privilege/service_filter.inc"}
# Arrows, circles and names that are there and should not be: each goes from here with what makes it.
UNWANTED_ARROWS = set()
UNWANTED_CIRCLES = []
UNWANTED_NAMES = set()

SOURCES = sorted(path for room in ("wire", "conf", "helper", "apply", "lib", "cli") for path in (TOP / room).rglob("*.[ch]"))


def name(path):
    return path.relative_to(TOP).as_posix()


INCLUDES = {name(path): re.findall(r'^\s*#\s*include\s+"(.*)"', path.read_text(), re.M) for path in SOURCES}


def folder_of(file):
    return file.rpartition("/")[0]


def is_allowed(file, header):
    folder = folder_of(file)
    if folder_of(header) == folder:
        return True
    shown = [f"{other}/{shown}" for other in ARROWS[folder] for shown in SHOWS.get(other, [])]
    return header in shown or header in ARROWS[folder]


def circles(graph):
    """The sets of nodes of which each reaches each other one (Tarjan)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            circle = set(stack[stack.index(node):])
            del stack[stack.index(node):]
            if len(circle) > 1 or node in graph.get(node, ()):
                found.append(circle)
    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def test_a_circle_is_found():
    assert circles({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["a"]}) == [{"b", "c"}]
    assert circles({"a": ["a"]}) == [{"a"}]
    assert circles({"a": ["b", "c"], "b": ["c"]}) == []


def test_every_folder_has_its_arrows_and_every_arrow_its_folder():
    assert set(ARROWS) == {folder_of(file) for file in INCLUDES}
    assert {f"{folder}/{header}" for folder, headers in SHOWS.items() for header in headers} <= set(INCLUDES)
    named = {other for others in ARROWS.values() for other in others}
    assert named <= set(ARROWS) | set(INCLUDES), named


def test_every_include_names_the_folder_from_the_top():
    for file, headers in INCLUDES.items():
        for header in headers:
            assert (TOP / header).is_file() or header in GENERATED, (file, header)


def test_the_arrows_are_those_of_the_table():
    wrong = {(file, header) for file, headers in INCLUDES.items() for header in headers if not is_allowed(file, header)}
    assert wrong == UNWANTED_ARROWS


def test_the_table_has_no_circle_between_rooms():
    rooms = {}
    for folder, others in ARROWS.items():
        room = folder.split("/")[0]
        rooms.setdefault(room, set()).update(other.split("/")[0] for other in others if other.split("/")[0] != room)
    assert not circles(rooms)


def test_no_header_includes_itself_through_others():
    assert not circles(INCLUDES)


def symbols(source, compiled):
    """(file, what it defines, what it asks for)."""
    listed = subprocess.run(["nm", "--extern-only", "--format=posix", compiled], capture_output=True, text=True, check=True).stdout
    kinds = dict(line.split()[:2] for line in listed.splitlines())
    return name(source), {symbol for symbol in kinds if kinds[symbol] != "U"}, {symbol for symbol in kinds if kinds[symbol] == "U"}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """The run's own one; or one of ours."""
    if "TAPGRANT_BUILD" in os.environ:
        return Path(os.environ["TAPGRANT_BUILD"])
    folder = tmp_path_factory.mktemp("arrows") / "build"
    subprocess.run(["meson", "setup", folder, TOP, "-Dprivilege=none"], check=True, capture_output=True)
    subprocess.run(["ninja", "-C", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def objects(build):
    """Of each source of ours that is compiled, but the tests': what symbols() says."""
    entries = json.loads((build / "compile_commands.json").read_text())
    compiled = {Path(build, entry["file"]).resolve(): build / entry["output"] for entry in entries}
    left_out = {path for path in SOURCES if path.suffix == ".c"} - set(compiled)
    assert left_out <= {TOP / "cli/import/libvirt/none.c"}, left_out  # in the place of libvirt's, where there is no libxml2
    return [symbols(source, compiled[source]) for source in SOURCES if source in compiled]


@pytest.fixture(scope="module")
def owners(objects):
    """{symbol: the sources that define it}, main and what the compiler makes itself left out."""
    found = {}
    for file, defined, _asked in objects:
        for symbol in {symbol for symbol in defined - {"main"} if not symbol.startswith("DW.ref.")}:
            found.setdefault(symbol, set()).add(file)
    return found


def test_no_two_sources_call_each_other_directly_or_through_others(objects, owners):
    graph = {}
    for file, defined, asked in objects:
        room = file.split("/")[0]
        graph[file] = {owner for symbol in asked - defined for owner in owners.get(symbol, ())
                       if len(owners[symbol]) == 1 or owner.split("/")[0] == room}
    assert sorted(map(sorted, circles(graph))) == sorted(map(sorted, UNWANTED_CIRCLES))


def test_no_two_sources_have_a_symbol_in_common(owners):
    assert {symbol for symbol, files in owners.items() if len(files) > 1} == UNWANTED_NAMES
