#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a test notice a small fault in privileged code?  README.md says how to use it."""
import argparse
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
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import inside  # noqa: E402
import mutants  # noqa: E402
import run as runner  # noqa: E402
import targets  # noqa: E402

EXPLAINED = HERE / "explained.json"
BUILD_SECONDS = 900
NEVER = 8 * 3600
LEAST_SECONDS = 120      # that a stage may take
LONGER = 5               # times what it took without a fault
TEST_SECONDS = 120       # that a single test may take
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:@\S+)?(?: - .*)?$", re.M)
OF_ONE_START = ("tmp", "overlay", "accounts", "pytest", "home")


def privileged_files(top):
    paths = [path for folder in targets.FOLDERS for path in (top / folder).rglob("*.[ch]")]
    return [path.relative_to(top).as_posix() for path in sorted(paths)]


# Processes ----------------------------------------------------------------------------------------------------


def end_strays():
    """Whatever a test left: this is process 1 of its PID namespace, so that nobody else is meant."""
    assert os.getpid() == 1
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def run(words, seconds, **options):
    """(exit status, or None if it took too long; what it wrote)"""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    try:
        text = process.communicate(timeout=seconds)[0]
        status = process.returncode
    except subprocess.TimeoutExpired:
        status, text = None, ""
    end_strays()
    return status, text


# The sources, built and installed -----------------------------------------------------------------------------


class Place:
    """A copy of the sources, its build and its installation, in a folder that stays."""

    def __init__(self, options):
        self.work = options.work
        self.jobs = options.jobs
        self.tree, self.build, self.prefix = self.work / "tree", self.work / "build", self.work / "prefix"
        self.reference = None

    def copy(self):
        """What is the same is left alone, so that it is not built again."""
        self.work.mkdir(mode=0o755, parents=True, exist_ok=True)
        names = runner.listed_by_git() or [path.relative_to(TOP).as_posix() for path in TOP.rglob("*")]
        wanted = {name for name in names if (TOP / name).is_file()}
        for name in sorted(wanted):
            here, there = TOP / name, self.tree / name
            there.parent.mkdir(parents=True, exist_ok=True)
            if not there.exists() or there.read_bytes() != here.read_bytes():
                shutil.copy(here, there)
        for path in [path for path in self.tree.rglob("*") if path.is_file()]:
            if path.relative_to(self.tree).as_posix() not in wanted:
                path.unlink()

    def set_up(self):
        if not (self.build / "build.ninja").exists():
            words = ["meson", "setup", self.build, self.tree, "--prefix", self.prefix,
                     "--libexecdir", "libexec", "-Dtests=true"]
            status, text = run(words, BUILD_SECONDS)
            if status != 0:
                sys.exit(text)

    def install(self):
        return run(["meson", "install", "-C", self.build, "--quiet"], BUILD_SECONDS)

    def must_install(self):
        status, text = self.install()
        if status != 0:
            sys.exit(text)

    def code(self):
        """A digest of the machine code that is installed, without what only debuggers read."""
        digest = hashlib.sha256()
        paths = sorted(path for path in self.prefix.rglob("*") if path.is_file() and not path.is_symlink())
        for path in paths:
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

    # Tests ----------------------------------------------------------------------------------------------------

    def units(self):
        return [path for path in sorted((self.build / "tests").glob("unit-*")) if path.is_file()]

    def build_units(self):
        """Without all else: most mutants of what unit tests cover get no further."""
        names = [path.relative_to(self.build) for path in self.units()]
        return run(["ninja", "-C", self.build, *names], BUILD_SECONDS)[0] == 0

    def unit(self, seconds):
        """The first unit test that fails, or None."""
        for program in self.units():
            status, _ = run([program], seconds)
            if status != 0:
                return program.name if status is not None else f"{program.name}: took too long"
        return None

    def pytest(self, words, seconds):
        environment = os.environ | {
            "TAPGRANT_PREFIX": str(self.prefix), "TAPGRANT_BUILD": str(self.build), "TMPDIR": "/tmp",
            "TAPGRANT_DRIVER": str(self.build / "tests/differential-driver"), "HOME": str(self.work / "home"),
            "TAPGRANT_USERS": "tg0-alice tg0-bob", "TAPGRANT_LONG": ""}
        command = ["/usr/bin/python3", "-m", "pytest", "--maxfail=1", "-q", "--tb=no", "-rfE",
                   "-p", "no:cacheprovider", "-p", "timeout", f"--timeout={TEST_SECONDS}", "-c", "/dev/null",
                   "--rootdir", self.tree / "tests", "--confcutdir", self.tree / "tests",
                   "--basetemp", self.work / "pytest"]
        if self.jobs > 1:
            command += ["-p", "xdist", "-n", str(self.jobs), "--dist", "loadgroup"]
        return run([*command, *words], seconds, env=environment, cwd=self.tree / "tests")

    def system(self, words, seconds):
        """The first test that fails, twice, or None: one that fails once has met the machine, not the mutant."""
        met = []
        while True:
            status, text = self.pytest([*words, *(f"--deselect={name}" for name in met)], seconds)
            if status is None:
                return "took too long"
            failed = FAILED.findall(text)
            if status == 0:
                return None
            if not failed:
                return f"pytest ended with status {status}: {text[-300:]}"
            if self.pytest([failed[0]], seconds)[0] != 0:
                return failed[0]
            met.append(failed[0])

    def stage(self, words, seconds):
        return self.unit(seconds) if words == targets.UNIT else self.system(words, seconds)


# Results ------------------------------------------------------------------------------------------------------


class Results:
    """A file of one JSON object a line; the last one of a mutant counts."""

    def __init__(self, place):
        self.path = place.work / "results.jsonl"
        self.rows = {}
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                row = json.loads(line)
                self.rows[row["id"]] = row

    def add(self, mutant, outcome, by, seconds):
        row = {"id": mutant.id, "file": mutant.file, "line": mutant.line, "kind": mutant.kind,
               "outcome": outcome, "by": by, "seconds": round(seconds, 1),
               "before": mutant.before, "after": mutant.after}
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


def try_one(place, times, mutant, is_whole):
    """(outcome, by what)"""
    stages = targets.stages(mutant.file) + ([targets.WHOLE] if is_whole else [])
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


# What is asked for --------------------------------------------------------------------------------------------


def chosen(place, options):
    """All mutants of the files, or the sample of them."""
    files = [file for file in privileged_files(place.tree)
             if not options.files or any(file.startswith(word) for word in options.files)]
    found = [mutant for file in files for mutant in mutants.of_file(place.tree, place.build, file)]
    if options.sample and options.sample < len(found):
        found = random.Random(options.seed).sample(found, options.sample)
    return sorted(found, key=lambda mutant: (mutant.file, mutant.begin, mutant.text))


def try_all(place, options):
    place.set_up()
    place.must_install()
    place.reference = place.code()
    results, times = Results(place), Times(place)
    again = {None, *(options.again or ())}
    wanted = chosen(place, options)
    left = [mutant for mutant in wanted if results.rows.get(mutant.id, {"outcome": None})["outcome"] in again]
    print(f"{len(wanted)} mutants, {len(left)} to try", flush=True)
    for number, mutant in enumerate(left, 1):
        begun = time.monotonic()
        outcome, by = try_one(place, times, mutant, options.whole)
        row = results.add(mutant, outcome, by, time.monotonic() - begun)
        print(f"{number}/{len(left)} {row['seconds']:6.1f} s  {outcome}  {mutant.file}:{mutant.line}  {by or ''}",
              flush=True)
        if outcome == "survived":
            print(f"    - {mutant.before}\n    + {mutant.after}", flush=True)


class Accounts:
    """What runner.write_accounts() needs of a run: its folder.  The ids go with the namespace."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, _kind, _what):
        pass


def enter_and_try(place, options):
    """In the child: process 1 of namespaces like those of tests/run.sh."""
    status = 1
    try:
        runner.libc.prctl(runner.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        runner.unshare(runner.CLONE_NEWNS | runner.CLONE_NEWIPC | runner.CLONE_NEWNET)
        inside.make_mounts_private(place.work)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        os.nice(options.nice)
        try_all(place, options)
        status = 0
    except SystemExit as error:
        print(error, flush=True)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def command_run(place, options):
    if os.geteuid():
        sys.exit("the system tests need root")
    runner.reset_process()
    runner.clean_environment()
    os.environ["CCACHE_DISABLE"] = "1"  # the cache of the user is out of reach, and no mutant is built twice
    place.copy()
    for name in OF_ONE_START:
        shutil.rmtree(place.work / name, ignore_errors=True)
    (place.work / "home").mkdir()
    runner.write_accounts(Accounts(place.work), place.jobs)
    runner.unshare(runner.CLONE_NEWPID)
    child = os.fork()
    if not child:
        enter_and_try(place, options)
    return runner.wait_for(child)


def explanation(row, explained):
    for one in explained:
        if one["file"] == row["file"] and one["before"] in row["before"] and one["after"] in row["after"]:
            return one["why"]
    return None


def command_report(place, options):
    results = Results(place)
    now = {mutant.id for mutant in chosen(place, options)}
    rows = [row for row in results.rows.values() if row["id"] in now]
    explained = json.loads(EXPLAINED.read_text())
    unexplained = [row for row in rows if row["outcome"] == "survived" and not explanation(row, explained)]
    for row in unexplained:
        print(f"{row['file']}:{row['line']}: {row['kind']}\n    - {row['before']}\n    + {row['after']}")
    for one in explained:
        if not any(explanation(row, [one]) for row in rows if row["outcome"] == "survived"):
            print(f"explained, and no survivor here: {one['file']}: {one['before']}")
    counts = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    print(f"{len(now)} mutants: {len(now) - len(rows)} to try, " +
          ", ".join(f"{counts[word]} {word}" for word in sorted(counts)))
    print(f"{len(unexplained)} survivors without an explanation")
    return 1 if unexplained or len(rows) < len(now) else 0


def command_list(place, options):
    for mutant in chosen(place, options):
        print(f"{mutant.id} {mutant.file}:{mutant.line} {mutant.kind}\n    - {mutant.before}\n    + {mutant.after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["run", "report", "list"], help="report and list need the folder of a run")
    parser.add_argument("files", nargs="*", help="files or folders below the top; none: all privileged code")
    parser.add_argument("--work", type=Path, default=Path("/var/tmp/tapgrant-mutate"),
                        help="the folder of copy, build and results (default: %(default)s)")
    parser.add_argument("--sample", type=int, metavar="N", help="no more than so many, chosen at random")
    parser.add_argument("--seed", type=int, default=1, help="of the choice")
    parser.add_argument("--again", action="append", choices=["survived", "killed", "not built"],
                        help="try those of this outcome anew")
    parser.add_argument("--whole", action="store_true",
                        help="a survivor has to get past all system tests and attacks as well")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="tests side by side")
    parser.add_argument("--nice", type=int, default=19, help="(default: %(default)s)")
    options = parser.parse_intermixed_args()
    commands = {"run": command_run, "report": command_report, "list": command_list}
    return commands[options.command](Place(options), options)


if __name__ == "__main__":
    sys.exit(main())
