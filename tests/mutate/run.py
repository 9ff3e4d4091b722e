#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a test notice a small fault in privileged code?  README.md says how to use it."""
import argparse
import ctypes
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE))
import mutants  # noqa: E402
import targets  # noqa: E402

EXPLAINED = HERE / "explained.json"
BUILD_SECONDS = 600
NEVER = 4 * 3600
LEAST_SECONDS = 120      # that a stage may take
LONGER = 5               # times what it took without a fault
PR_SET_CHILD_SUBREAPER = 36
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?: - .*)?$", re.M)


def privileged_files():
    return [path.relative_to(TOP).as_posix()
            for folder in ("helper", "wire", "conf/policy", "conf/file") for path in sorted((TOP / folder).rglob("*.[ch]"))]


# Processes ---------------------------------------------------------------------------------------------------------------


def end_strays():
    """What a test left behind has become our child, because we are its subreaper."""
    while True:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if not listed:
            return
        for pid in map(int, listed):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def run(words, seconds, **options):
    """(exit status, or None if it took too long; what it wrote)"""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True, text=True, errors="replace", **options)
    try:
        text = process.communicate(timeout=seconds)[0]
        status = process.returncode
    except subprocess.TimeoutExpired:
        # pytest then still takes down what its tests have put up
        process.send_signal(signal.SIGINT)
        try:
            text = process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text = process.communicate()[0]
        status = None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    end_strays()
    return status, text


# The sources, built and installed --------------------------------------------------------------------------------------------


class Place:
    """A copy of the sources, its build and its installation."""

    def __init__(self, work):
        self.work = work
        self.tree, self.build, self.prefix = work / "tree", work / "build", work / "prefix"
        self.reference = None

    def prepare(self):
        self.work.mkdir(mode=0o755, exist_ok=True)
        self.copy()
        if not (self.build / "build.ninja").exists():
            words = ["meson", "setup", self.build, self.tree, "--prefix", self.prefix, "--libexecdir", "libexec", "-Dtests=true"]
            status, text = run(words, BUILD_SECONDS)
            if status != 0:
                sys.exit(text)
        self.must_install()
        self.reference = self.code()

    def copy(self):
        """What git knows or would take; what is the same is left alone, so that it is not built again."""
        words = ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(words, capture_output=True, check=True, text=True).stdout.split("\0")
        wanted = {name for name in names if name and (TOP / name).is_file()}
        for name in wanted:
            here, there = TOP / name, self.tree / name
            there.parent.mkdir(parents=True, exist_ok=True)
            if not there.exists() or there.read_bytes() != here.read_bytes():
                shutil.copy(here, there)
        for path in [path for path in self.tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts]:
            if path.relative_to(self.tree).as_posix() not in wanted:
                path.unlink()

    def install(self):
        return run(["meson", "install", "-C", self.build, "--quiet"], BUILD_SECONDS)

    def must_install(self):
        status, text = self.install()
        if status != 0:
            sys.exit(text)

    def code(self):
        """A digest of the machine code that is installed, without what only debuggers read."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self.prefix.rglob("*") if path.is_file() and not path.is_symlink()):
            if path.read_bytes()[:4] == b"\x7fELF":
                stripped = self.work / "stripped"
                words = ["objcopy", "--strip-all", "--remove-section=.note.gnu.build-id", path, stripped]
                subprocess.run(words, check=True)
                digest.update(path.name.encode() + stripped.read_bytes())
        return digest.hexdigest()

    def put(self, mutant):
        (self.tree / mutant.file).write_bytes(mutant.mutated)

    def take_back(self, mutant):
        (self.tree / mutant.file).write_bytes(mutant.source)

    # Tests ------------------------------------------------------------------------------------------------------------

    def units(self):
        return [path for path in sorted((self.build / "tests").glob("unit-*")) if path.is_file()]

    def build_units(self):
        """Without all else: most mutants of what unit tests cover get no further."""
        return run(["ninja", "-C", self.build, *[path.relative_to(self.build) for path in self.units()]], BUILD_SECONDS)[0] == 0

    def unit(self, seconds):
        """The first unit test that fails, or None."""
        for program in self.units():
            status, _ = run([program], seconds)
            if status != 0:
                return program.name if status is not None else f"{program.name}: took too long"
        return None

    def pytest(self, words, seconds):
        environment = os.environ | {
            "TAPGRANT_PREFIX": str(self.prefix), "PYTHONDONTWRITEBYTECODE": "1",
            "TAPGRANT_DRIVER": str(self.build / "tests/differential-driver")}
        command = ["/usr/bin/python3", "-m", "pytest", "-x", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider",
                   "--basetemp", self.work / "pytest", *words]
        return run(command, seconds, env=environment, cwd=self.work)

    def system(self, words, seconds):
        """The first test that fails, twice, or None: one that fails once has met the machine, not the mutant."""
        words = [self.tree / "tests" / word if (self.tree / "tests" / word).exists() else word for word in words]
        met = []
        while True:
            status, text = self.pytest([*words, *(word for name in met for word in ("--deselect", name))], seconds)
            if status is None:
                return "took too long"
            failed = FAILED.findall(text)
            if status == 0:
                return None
            if not failed:
                return f"pytest ended with status {status}"
            name = str((self.work / failed[0].split("::")[0]).resolve()) + failed[0][len(failed[0].split("::")[0]):]
            status, _ = self.pytest([name], seconds)
            if status != 0:
                return failed[0].split("tests/", 1)[-1]
            met.append(name)

    def stage(self, words, seconds):
        return self.unit(seconds) if words == targets.UNIT else self.system(words, seconds)


# Results ---------------------------------------------------------------------------------------------------------------------


class Results:
    """A file of one JSON object a line; the last one of a mutant counts."""

    def __init__(self, path):
        self.path = path
        self.rows = {}
        if path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self.rows[row["id"]] = row

    def add(self, mutant, outcome, by, seconds):
        row = {"id": mutant.id, "file": mutant.file, "line": mutant.line, "kind": mutant.kind, "outcome": outcome, "by": by,
               "seconds": round(seconds, 1), "before": mutant.before, "after": mutant.after}
        self.rows[mutant.id] = row
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        return row


class Times:
    """How long each stage may take: measured without any fault, and then it must pass."""

    def __init__(self, place):
        self.place = place
        self.file = place.work / "times.json"
        self.measured = json.loads(self.file.read_text()) if self.file.exists() else {}

    def limit(self, words, mutant):
        name = json.dumps(words)
        if name not in self.measured:
            self.place.take_back(mutant)
            self.place.must_install()
            begun = time.monotonic()
            by = self.place.stage(words, NEVER)
            if by:
                sys.exit(f"without any fault {by} fails")
            self.measured[name] = time.monotonic() - begun
            print(f"{self.measured[name]:6.0f} s  {name}", flush=True)
            self.file.write_text(json.dumps(self.measured))
            self.place.put(mutant)
            self.place.must_install()
        return max(LEAST_SECONDS, LONGER * self.measured[name])


def try_one(place, times, mutant, whole):
    """(outcome, by what)"""
    stages = targets.stages(mutant.file) + ([targets.WHOLE] if whole else [])
    place.put(mutant)
    try:
        if stages[0] == targets.UNIT:
            by = place.build_units() and place.unit(LEAST_SECONDS)
            if by:
                return "killed", by
        status, _ = place.install()
        if status != 0:
            return "not built", None
        if place.code() == place.reference:
            return "same code", None
        for words in stages:
            by = place.stage(words, times.limit(words, mutant))
            if by:
                return "killed", by
        return "survived", None
    finally:
        place.take_back(mutant)


# What is asked for -----------------------------------------------------------------------------------------------------------


def chosen(place, options):
    """All mutants of the files, or the sample of them."""
    files = options.files or privileged_files()
    found = [mutant for file in files for mutant in mutants.of_file(place.tree, place.build, file)]
    if options.sample and options.sample < len(found):
        found = random.Random(options.seed).sample(found, options.sample)
    return sorted(found, key=lambda mutant: (mutant.file, mutant.begin, mutant.text))


def command_run(options):
    if os.geteuid():
        sys.exit("the system tests need root")
    os.nice(options.nice)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    place = Place(options.work)
    place.prepare()
    results = Results(options.results or options.work / "results.jsonl")
    wanted = chosen(place, options)
    again = set(options.again or ())
    left = [mutant for mutant in wanted if results.rows.get(mutant.id, {"outcome": None})["outcome"] in {None, *again}]
    print(f"{len(wanted)} mutants, {len(left)} to do", flush=True)
    times = Times(place)
    for number, mutant in enumerate(left, 1):
        begun = time.monotonic()
        outcome, by = try_one(place, times, mutant, options.whole)
        row = results.add(mutant, outcome, by, time.monotonic() - begun)
        print(f"{number}/{len(left)} {row['seconds']:6.1f} s  {outcome}  {mutant.file}:{mutant.line}  {by or ''}", flush=True)
        if outcome == "survived":
            print(f"    - {mutant.before}\n    + {mutant.after}", flush=True)


def explanation(row, explained):
    for one in explained:
        if one["file"] == row["file"] and one["before"] in row["before"] and one["after"] in row["after"]:
            return one["why"]
    return None


def command_report(options):
    place = Place(options.work)
    results = Results(options.results or options.work / "results.jsonl")
    now = {mutant.id for mutant in chosen(place, options)}
    rows = [row for row in results.rows.values() if row["id"] in now]
    explained = json.loads(EXPLAINED.read_text())
    unexplained = [row for row in rows if row["outcome"] == "survived" and not explanation(row, explained)]
    for row in unexplained:
        print(f"{row['file']}:{row['line']}: {row['kind']}\n    - {row['before']}\n    + {row['after']}")
    counts = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    print(f"{len(now)} mutants, {len(rows)} tested: " + ", ".join(f"{counts[word]} {word}" for word in sorted(counts)))
    print(f"{len(unexplained)} survivors without an explanation")
    return 1 if unexplained else 0


def command_list(options):
    place = Place(options.work)
    place.prepare()
    for mutant in chosen(place, options):
        print(f"{mutant.id} {mutant.file}:{mutant.line} {mutant.kind}\n    - {mutant.before}\n    + {mutant.after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["run", "report", "list"])
    parser.add_argument("files", nargs="*", help="below the top of the sources; none: all privileged ones")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/tapgrant-mutate"), help="folder for copy, build and results")
    parser.add_argument("--results", type=Path, help="the file of results; absent: results.jsonl in the folder")
    parser.add_argument("--sample", type=int, help="no more than so many, chosen at random")
    parser.add_argument("--seed", type=int, default=1, help="of the choice")
    parser.add_argument("--again", action="append", choices=["survived", "killed", "not built"], help="test these outcomes anew")
    parser.add_argument("--whole", action="store_true", help="a survivor has to get past all system tests and attacks as well")
    parser.add_argument("--nice", type=int, default=19)
    options = parser.parse_intermixed_args()
    return {"run": command_run, "report": command_report, "list": command_list}[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
