# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tool itself; and by tests/run.sh --long a sample of what it is for."""
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import mutants  # noqa: E402
import targets  # noqa: E402

TOOL = HERE / "run.py"
SOURCE = """\
#include <fcntl.h>
#define MOST 7
#define IS(number) ((number) == 3)
enum answer { YES, NO };
static int twice(int value) { return value * 2; }
int sample(int asked, const char *name) {
    int error = 0;

    if (asked > MOST || IS(asked) || !name) return -1;
    for (int i = 0; i < asked; i++) error += twice(i);
    error = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return error ? NO : YES;
}
"""
EXPECTED = {
    ("if (asked > MOST || IS(asked) || !name)", "if (0)"), ("if (asked > MOST || IS(asked) || !name)", "if (1)"),
    ("if (asked > MOST ||", "if (asked >= MOST ||"), ("asked > MOST || IS(asked)", "(IS(asked)"), ("|| IS(asked)", "MOST || !name"),
    ("MOST || IS(asked)", "MOST && IS(asked)"), ("|| !name", "|| name"), ("return -1", "return 0"), ("return -1", "return 1"),
    ("i < asked", "i <= asked"), ("i++", "i--"), ("error += twice(i)", "error -= twice(i)"), ("error += twice(i);", "i++) ;"),
    ("O_RDONLY | O_CLOEXEC", "O_RDONLY)"), ("O_RDONLY | O_CLOEXEC", "(\"/dev/null\", O_CLOEXEC"), ("null", "nulm"), ("MOST 7", "MOST 8"),
    ("MOST 7", "MOST 6"), ("value * 2", "value / 2"), ("value * 2", "value * (2 + 1)"), ("? NO : YES", "? (NO + 1) : YES"),
}


def made(tmp_path):
    path = tmp_path / "sample.c"
    path.write_text(SOURCE)
    return mutants.of_tree(mutants.syntax_tree(f"cc -std=c11 -D_GNU_SOURCE -c {path}", tmp_path), path, "sample.c")


def test_each_kind_of_fault_is_made(tmp_path):
    found = [(mutant.before, mutant.after) for mutant in made(tmp_path)]
    for before, after in EXPECTED:
        assert any(before in one and after in other for one, other in found), (before, after)


def test_a_mutant_differs_in_its_piece_only_and_no_macro_is_taken_apart(tmp_path):
    found = made(tmp_path)
    assert len({mutant.id for mutant in found}) == len(found) > 30
    for mutant in found:
        assert mutant.mutated != mutant.source == SOURCE.encode()
        assert "#define IS(number) ((number) == 3)" in mutant.mutated.decode()


def test_most_of_them_compile(tmp_path):
    bad = []
    for mutant in made(tmp_path):
        (tmp_path / "mutant.c").write_bytes(mutant.mutated)
        done = subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-w", "-fsyntax-only", tmp_path / "mutant.c"], capture_output=True)
        if done.returncode:
            bad.append((mutant.kind, mutant.after, done.stderr))
    assert not bad


def test_the_tests_that_the_targets_name_are_there():
    for stages in targets.STAGES.values():
        for words in stages:
            names = [word for word in words if "/" in word] if words != targets.UNIT else []
            assert all((HERE.parent / name).exists() for name in names), names


def test_a_sample_of_mutants_is_killed_or_explained(tmp_path):
    """Of the tree as it is, with the seed of the day that TAPGRANT_SEED names."""
    words = ["--work", tmp_path / "work", "--sample", "20", "--seed", os.environ.get("TAPGRANT_SEED", "1")]
    (tmp_path / "work").mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.owner() == "root" and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run([TOOL, "run", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in (tmp_path / "work/results.jsonl").read_text().splitlines()]
    assert len(rows) == 20 and any(row["outcome"] == "killed" for row in rows)
    report = subprocess.run([TOOL, "report", *words], capture_output=True, text=True)
    assert report.returncode == 0, report.stdout
