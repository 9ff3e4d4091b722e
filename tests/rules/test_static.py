# SPDX-License-Identifier: LGPL-2.1-or-later
"""Static analysis finds nothing: scan-build in all of it, gcc's in all but apply/ (what that reads lasts as
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
TIDY = ("-*,clang-analyzer-*,bugprone-*,cert-*,-bugprone-easily-swappable-parameters,-bugprone-suspicious-string-compare,"
        "-bugprone-not-null-terminated-result,-bugprone-reserved-identifier,-cert-err33-c,-cert-dcl37-c,-cert-dcl51-cpp,"
        "-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling")


@pytest.fixture(scope="module")
def clang_build(tmp_path_factory):
    build = tmp_path_factory.mktemp("static") / "build"
    subprocess.run(["meson", "setup", build, TOP, "-Dprivilege=none"], env=os.environ | {"CC": "clang"}, check=True, capture_output=True)
    subprocess.run(["ninja", "-C", build, "helper/privilege/filter.inc"], check=True, capture_output=True)
    return build


def test_scan_build(clang_build):
    done = subprocess.run(["scan-build", "--status-bugs", "-o", clang_build.parent, "ninja", "-C", clang_build], capture_output=True,
                          text=True)
    assert done.returncode == 0 and "No bugs found" in done.stdout, done.stdout


def test_clang_tidy(clang_build):
    def tidy(source):
        return subprocess.run(["clang-tidy", "--quiet", "-p", clang_build, f"--checks={TIDY}", "--warnings-as-errors=*", source],
                              capture_output=True, text=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [done.stdout for done in pool.map(tidy, PRIVILEGED) if done.returncode or done.stdout]
    assert not found, "\n".join(found)


def test_gcc_analyzer(clang_build):
    """With the arguments of the build, so that what is given on its command line is known."""
    commands = {Path(clang_build, entry["file"]).resolve(): entry["command"] for entry in
                json.loads((clang_build / "compile_commands.json").read_text()) if "driver" not in entry["output"]}
    def analyze(source):
        words = [word for word in shlex.split(commands[source]) if word.startswith(("-I", "-D", "-std"))]
        done = subprocess.run(["gcc", "-fanalyzer", "-O2", *words, "-c", "-o", "/dev/null", source], cwd=clang_build, capture_output=True,
                              text=True)
        return done.stderr if done.returncode or "-Wanalyzer" in done.stderr else ""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(filter(None, pool.map(analyze, [source for source in ALL if source in commands])))
    assert not found, "\n".join(found)


def test_cppcheck():
    done = subprocess.run(["cppcheck", "--quiet", "--enable=warning,performance,portability", "--std=c11", "--error-exitcode=3",
                           f"-I{TOP}", '-DPOLICY_FOLDER="/x"',
                           "--include=/usr/include/libmnl/libmnl.h", "--suppress=compareBoolExpressionWithInt", *PRIVILEGED], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
