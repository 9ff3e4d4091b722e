# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the house, executable: sizes, and what the privileged part and the library may not use."""
import json
import re
import subprocess
from pathlib import Path

import pytest
import style

TOP = Path(__file__).resolve().parents[2]
# Tokens, but { } ( ) ; and commas: what the readable code measured, and a twentieth more.
LIMIT = 17500
GENERATOR = TOP / "helper/privilege/generate_filter.c"
# In the same folders, and for other programs than the helper.
UNPRIVILEGED = {TOP / file for file in ("conf/file/plain.c", "conf/file/reason.c", "conf/policy/name.c", "wire/text.c", "wire/text.h")}
PRIVILEGED = sorted(path for folder in ("wire", "helper", "conf/file", "conf/ini", "conf/policy") for path in (TOP / folder).rglob("*.[ch]")
                    if path not in {GENERATOR, *UNPRIVILEGED})
SOURCES = sorted(path for folder in ("wire", "helper", "conf", "apply", "lib", "cli") for path in (TOP / folder).rglob("*.[ch]"))


def code(path):
    """The file's lines without comments, strings emptied; numbered from 1, blank ones left out."""
    text = path.read_text()
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match.group().count("\n"), text, flags=re.S)
    text = re.sub(r'"(?:\\.|[^"\\])*"', '""', re.sub(r"'(?:\\.|[^'\\])'", "0", text))
    text = re.sub(r"//.*", "", text)
    return {number: line for number, line in enumerate(text.splitlines(), 1) if line.strip()}


SETUID, SERVICE = "helper/tapgrant-helper.p/", "helper/tapgrantd.p/"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """{program: the sources that meson compiles into it}, of the two that run with privilege."""
    build = tmp_path_factory.mktemp("size") / "build"
    subprocess.run(["meson", "setup", build, TOP, "-Dprivilege=none"], check=True, capture_output=True)
    entries = json.loads((build / "compile_commands.json").read_text())
    return {program: {Path(build, entry["file"]).resolve() for entry in entries
                      if entry["output"].startswith((program, "helper/libtapgrant-link.a.p/"))} for program in (SETUID, SERVICE)}


def with_headers(paths):
    """The files, and what they include of ours, directly or through others; what the build generates is none."""
    found, left = set(), set(paths)
    while left:
        path = left.pop()
        found.add(path)
        headers = (TOP / header for header in re.findall(r'^#include "(.*)"', path.read_text(), re.M))
        left |= {header for header in headers if header.exists()} - found
    return found


def tables(path, program):
    """The tables of a generator that decide what it generates for that program."""
    found = re.findall(r"^static const [^;]*;", style.without_comments(path.read_text()), re.M)
    of_service = [table for table in found if re.search(r"service_arguments|sealing", table)]
    assert len(of_service) == 2
    return "".join(of_service if program == SERVICE else [table for table in found if table not in of_service])


def sizes_of(paths):
    return {path.relative_to(TOP).as_posix(): style.light_tokens(path.read_text()) for path in sorted(paths)}


def test_the_size_of_the_privileged_part_is_known_and_bounded(compiled):
    helper = sizes_of(with_headers(compiled[SETUID]))
    helper[GENERATOR.relative_to(TOP).as_posix()] = style.light_tokens(tables(GENERATOR, SETUID))
    beside = sizes_of(with_headers(compiled[SERVICE]) - with_headers(compiled[SETUID]))
    beside[GENERATOR.relative_to(TOP).as_posix()] = style.light_tokens(tables(GENERATOR, SERVICE))
    print(f"tokens compiled into the setuid helper: {sum(helper.values())}", helper)
    print(f"tokens that the service has beside these: {sum(beside.values())}", beside)
    for sizes in (helper, beside):
        assert len(sizes) > 15 and min(sizes.values()) > 5, sizes
    assert sum(helper.values()) <= LIMIT, sum(helper.values())


def test_what_is_compiled_with_privilege_is_what_is_counted(compiled):
    both = compiled[SETUID] | compiled[SERVICE]
    assert {path for path in PRIVILEGED if path.suffix == ".c"} == both
    assert with_headers(both) <= set(PRIVILEGED)
    assert not [path for path in compiled[SETUID] if path.is_relative_to(TOP / "helper/service")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(TOP).as_posix())
def test_a_file_is_written_in_the_style(path):
    """What can be read from its tokens; test_style.py reads the syntax trees."""
    assert not style.text_findings(path.read_text())


def test_the_privileged_part_uses_nothing_forbidden():
    forbidden = (r"\b(goto|strcpy|strcat|strncpy|sprintf|vsprintf|gets|atoi|atol|system|popen|getenv|secure_getenv|dlopen|"
                 r"fork|vfork|exec\w*|getpw\w+|getgr(nam|gid)\w*|if_nametoindex|syslog)\b")
    # of the service: one place that forks, and one that reads what the service manager says
    allowed = {TOP / "helper/service/template.c": "fork()", TOP / "helper/service/listen.c": "getenv(name)"}
    for path in PRIVILEGED:
        for number, line in code(path).items():
            if "#include" not in line:
                line = line.replace(allowed.get(path, "\0"), "")
                assert not re.search(forbidden, line), f"{path}:{number}: {line}"
    for path in (path for path in PRIVILEGED if path.suffix == ".c" and path.is_relative_to(TOP / "helper")):
        assert not re.search(r"\b(malloc|calloc|realloc\w*|strdup|asprintf|fopen|printf|fprintf|puts)\(",
                             "\n".join(code(path).values())), path


def test_the_library_prints_nothing_and_ends_nothing():
    for path in (TOP / "lib").rglob("*.c"):
        text = "\n".join(code(path).values())
        assert not re.search(r"\b(printf|fprintf|puts|fputs|perror|exit|abort|getenv|syslog)\(", text), path
        # the children's own: between clone(2) and execve(2)
        assert path.name == "helper_process.c" or not re.search(r"\b(_exit|signal|sigaction)\(", text), path


PUBLIC = re.compile(r"^\w[\w *]*?\b(tapgrant_\w+)\(([^;{]*)\) \{(?: (.*?) \}$|\n(.*?)^\})", re.M | re.S)


def test_a_public_function_of_the_library_is_uncancelled_or_only_reads():
    """One that only reads is one return, and calls nothing."""
    names = set()
    for path in (TOP / "lib").glob("*.c"):
        for name, _parameters, short, long in PUBLIC.findall("\n".join(code(path).values())):
            names.add(name)
            body = (short or long).strip()
            reads = re.fullmatch(r"return [^;]*;", body) and not re.search(r"\b(?!wire_mac_absent\b)\w+\(", body)
            assert body.startswith("UNCANCELLED;") or reads, name
    header = re.sub(r"/\*.*?\*/", "", (TOP / "lib/tapgrant.h").read_text(), flags=re.S)
    assert names == set(re.findall(r"\b(tapgrant_\w+)\(", header))


def test_every_file_names_its_licence():
    for folder in ("wire", "helper", "conf", "apply", "lib", "cli", "selinux", "tests"):
        for path in (TOP / folder).rglob("*"):
            if path.suffix in (".c", ".h", ".py", ".sh", ".build", ".te", ".if", ".fc"):
                assert "SPDX-License-Identifier: LGPL-2.1-or-later" in path.read_text()[:200], path


@pytest.mark.parametrize("page, least", [("SECURITY.md", 30), ("docs/recipes.md", 10), ("docs/host-software.md", 8), ("docs/firecracker.md", 2),
                                         ("docs/cloud-hypervisor.md", 2), ("docs/crosvm.md", 3)])
def test_every_test_that_a_page_names_exists(page, least):
    named = set(re.findall(r"`(?:\S+\.py: )?(test_\w+)`", (TOP / page).read_text()))
    tests = "".join(path.read_text() for path in (TOP / "tests").rglob("test_*.py"))
    assert len(named) > least and named <= set(re.findall(r"^def (test_\w+)", tests, re.M)), named


ELSEWHERE = [f"{letter}{number}" for letter, last in (("N", 8), ("P", 17), ("F", 6), ("I", 9), ("W", 14)) for number in range(1, last + 1)]


def test_every_hole_of_others_has_our_answer_and_a_test_or_a_reason_why_there_is_none():
    section = (TOP / "SECURITY.md").read_text().split("## What happened elsewhere\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if re.match(r"\| [A-Z]\d", line)]
    assert [row[0] for row in rows] == ELSEWHERE
    tests = "".join(path.read_text() for path in (TOP / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^def (test_\w+)", tests, re.M))
    for _id, elsewhere, answer, proof in rows:
        named = re.findall(r"`(test_\w+)`", proof)
        assert len(elsewhere) > 20 and len(answer) > 10, _id
        assert named and set(named) <= there or re.match(r"No test: .{40}", proof), (_id, proof)


def test_no_two_test_modules_have_one_name():
    """pytest(1) imports them by their base names, and stops at the second."""
    names = [path.name for path in (TOP / "tests").rglob("test_*.py")]
    assert len(names) > 60 and len(set(names)) == len(names)


@pytest.mark.parametrize("page", sorted([*TOP.glob("*/*.[1-8]*"), *TOP.glob("*/*/*.[1-8]*")]), ids=lambda page: page.name)
def test_manual_pages_are_well_formed(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout
