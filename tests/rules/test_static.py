# SPDX-License-Identifier: LGPL-2.1-or-later
"""Static analysis finds nothing: clang's analyzer in all of it, gcc's in all but apply/ (what that reads lasts as
long as its process, which gcc calls a leak), the others in what runs setuid."""
import json
import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PRIVILEGED = sorted(path for folder in ("wire", "helper", "conf/file", "conf/ini", "conf/policy") for path in (TOP / folder).rglob("*.c")
                    if path.name not in ("generate_filter.c", "plain.c", "reason.c", "text.c"))
ALL = sorted([*PRIVILEGED, *(path for folder in ("conf", "lib", "cli") for path in (TOP / folder).rglob("*.c") if path not in PRIVILEGED)])
# What is left out of clang-tidy's is style: strcmp without a comparison, parameters of one type, a memcpy that is meant, and the
# results of snprintf, ioctl's like, that bugprone and cert want cast to void.
TIDY = ("-*,bugprone-*,cert-*,-bugprone-easily-swappable-parameters,-bugprone-suspicious-string-compare,"
        "-bugprone-not-null-terminated-result,-bugprone-reserved-identifier,-cert-err33-c,-cert-dcl37-c,-cert-dcl51-cpp")

# How far into a function: 225,000 nodes are clang's own, and take three times as long.
NODES = 225000 if os.environ.get("TAPGRANT_LONG") else 40000
ANALYZE = ["clang", "--analyze", "-Xanalyzer", "-analyzer-output=text", "-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={NODES}"]


@pytest.fixture(scope="module")
def clang_build(tmp_path_factory):
    build = tmp_path_factory.mktemp("static") / "build"
    subprocess.run(["meson", "setup", build, TOP, "-Dprivilege=none"], env=os.environ | {"CC": "clang"}, check=True, capture_output=True)
    subprocess.run(["ninja", "-C", build, "helper/privilege/filter.inc", "helper/privilege/service_filter.inc"], check=True, capture_output=True)
    return build


@pytest.fixture(scope="module")
def arguments(clang_build):
    """{source: the arguments of its compilation that say what it means}; a source that several programs have is here once."""
    entries = json.loads((clang_build / "compile_commands.json").read_text())
    return {Path(clang_build, entry["file"]).resolve(): [word for word in shlex.split(entry["command"])
                                                         if word.startswith(("-I", "-D", "-std"))] for entry in entries}


def run_each(compiler, sources, arguments, folder):
    def run(source):
        done = subprocess.run([*compiler, *arguments[source], source], cwd=folder, capture_output=True, text=True)
        return f"{source}: exit {done.returncode}: {done.stderr}" if done.returncode or done.stderr else ""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(filter(None, pool.map(run, sources)))


def test_clang_analyzer(clang_build, arguments):
    """As scan-build(1) calls it, but for each source once, and without the compilation beside."""
    sources = [source for source in arguments if source.name != "generate_filter.c"]
    assert len(sources) > 100
    found = run_each(ANALYZE, sources, arguments, clang_build)
    assert not found, "\n".join(found)


def test_clang_analyzer_bites(tmp_path):
    (tmp_path / "leak.c").write_text("#include <stdlib.h>\nint f(int n);\nint f(int n) {\n    int *p = malloc(4);\n    return n / (p ? n - n : 1);\n}\n")
    found = run_each(ANALYZE, [tmp_path / "leak.c"], {tmp_path / "leak.c": []}, tmp_path)
    assert len(found) == 1 and "leak" in found[0].lower(), found


def test_clang_tidy(clang_build):
    def tidy(source):
        return subprocess.run(["clang-tidy", "--quiet", "-p", clang_build, f"--checks={TIDY}", "--warnings-as-errors=*", source],
                              capture_output=True, text=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [done.stdout for done in pool.map(tidy, PRIVILEGED) if done.returncode or done.stdout]
    assert not found, "\n".join(found)


def test_gcc_analyzer(clang_build, arguments):
    sources = [source for source in ALL if source in arguments]
    assert len(sources) > 80
    found = run_each(["gcc", "-fanalyzer", "-O2", "-c", "-o", "/dev/null"], sources, arguments, clang_build)
    assert not found, "\n".join(found)


def test_cppcheck():
    done = subprocess.run(["cppcheck", "--quiet", "--enable=warning,performance,portability", "--std=c11", "--error-exitcode=3",
                           f"-I{TOP}", '-DPOLICY_FOLDER="/x"', '-DSERVICE_USER="x"', '-DSERVICE_GROUP=""', '-DTAPGRANT_VERSION="0"',
                           "--include=/usr/include/libmnl/libmnl.h", "--suppress=compareBoolExpressionWithInt", *PRIVILEGED], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
