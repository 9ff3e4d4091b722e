# SPDX-License-Identifier: LGPL-2.1-or-later
"""What holds for all areas: users of each worker, nothing left behind by a test, how tests are shared out, the report.

tests/tools/inside.py starts pytest with several workers.  The controller, which runs no test itself, prints the report.
"""
import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / folder) for folder in ("system", "clients", "hostile", "service")]  # modules that several areas use
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
if WORKER:
    os.environ["TAPGRANT_USERS"] = f"tg{WORKER}-alice tg{WORKER}-bob"
# The areas whose tests take longest are started first, so that no worker ends long after the others.
ORDER = ("selinux", "hostile", "rules", "fuzz", "differential", "clients", "service", "system", "bench")
PR_SET_CHILD_SUBREAPER = 36


def pytest_addoption(parser):
    parser.addoption("--cases", type=int, default=20000, help="generated cases of the differential test")
    parser.addoption("--write-lists", action="store_true", help="write the lists of system calls anew instead of comparing")
    if os.environ.get("TAPGRANT_REPORT"):  # the terminal's plugin has it, which inside.py leaves out
        parser.addoption("--verbose", type=int, default=0, dest="verbose", help="how much of a failed comparison is shown")


def area_of(nodeid):
    """The folder below tests/ that a test is in; unit/ itself has no Python."""
    folders = nodeid.partition("::")[0].split("/")[:-1]
    return "/".join(folders).removeprefix("unit/") or "tests"


# A test has the same name in every worker and every run, whoever its users are.
def pytest_make_parametrize_id(val):
    if not isinstance(val, str) or not WORKER:
        return None
    text = val
    for name in os.environ["TAPGRANT_USERS"].split():
        text = text.replace(name, name.partition("-")[2]).replace(str(pwd.getpwnam(name).pw_uid), "{uid}")
    return text if text != val else None


# How tests are shared out -----------------------------------------------------------------------------------------------


def shares_a_fixture(item):
    """Does it use a fixture that is made once for a file or for all, and takes long?"""
    names = item.fixturenames
    definitions = item._fixtureinfo.name2fixturedefs  # pylint: disable=protected-access
    return any(definition.scope in ("module", "session") and definition.baseid and not name.startswith("installed")
               for name in names for definition in definitions.get(name, ()))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests of one file that share a fixture run in one worker; all others run where there is room."""
    for item in items:
        if not item.get_closest_marker("xdist_group") and shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(Path(item.fspath).stem))
    places = {name: place for place, name in enumerate(ORDER)}
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, places.get(area_of(item.nodeid), len(ORDER))))


# Nothing is left behind by a test ---------------------------------------------------------------------------------------


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than ten seconds; started first")
    if WORKER:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        record_own_children()
        threading.Thread(target=reap_orphans, daemon=True).start()
    elif os.environ.get("TAPGRANT_REPORT"):
        config.pluginmanager.register(Report(os.environ["TAPGRANT_REPORT"]))


def descendants():
    """{process id: its state and words} of all that this process has started, also of what was orphaned since."""
    parents, shown = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        parents[int(folder.name)] = int(parent)
        shown[int(folder.name)] = (state, words)

    def is_ours(process):
        while process > 1 and process != os.getpid():
            process = parents.get(process, 0)
        return process == os.getpid()
    return {process: words for process, words in shown.items() if process != os.getpid() and is_ours(process)}


OWN = set()  # the process ids that this process forked itself, and waits for itself


def record_own_children():
    popen_init, fork = subprocess.Popen.__init__, os.fork

    def recorded_init(self, *arguments, **options):
        popen_init(self, *arguments, **options)
        OWN.add(self.pid)

    def recorded_fork():
        child = fork()
        if child:
            OWN.add(child)
        return child
    subprocess.Popen.__init__, os.fork = recorded_init, recorded_fork


def zombies():
    found = set()
    for file in Path("/proc/self/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            try:
                if Path(f"/proc/{child}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] == "Z":
                    found.add(child)
            except OSError:
                pass
    return found


def reap_orphans():
    """As init does: a daemon that has ended must be gone for those who wait for that, such as libvirt."""
    before = set()
    while True:
        now = zombies()
        for child in now & before - OWN:  # seen twice: its parent has had the time to record it
            try:
                os.waitpid(child, os.WNOHANG)
            except ChildProcessError:
                pass
        before = now
        time.sleep(0.05)


def started_by_test(before, seconds):
    """What runs now and did not before, once what is about to end has ended."""
    deadline = time.monotonic() + seconds
    while True:
        now = descendants()
        left = {process: words for process, (state, words) in now.items() if process not in before and state not in "ZX"}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.01)


def processor_seconds():
    """Of this process and of all that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    item.processes_before = set(descendants()) if WORKER else set()
    item.processor_before = processor_seconds()
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    if outcome.get_result().when == "teardown":
        outcome.get_result().user_properties.append(("processor", processor_seconds() - item.processor_before))


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef, request):
    """What a fixture starts that several tests share may outlive the test that asks for it first."""
    if fixturedef.scope == "function" or not WORKER:
        yield
        return
    before = set(descendants())
    yield
    request.config.shared_processes = getattr(request.config, "shared_processes", set()) | (set(descendants()) - before)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    """A test that leaves a process behind fails, and the process ends with it."""
    outcome = yield
    if not WORKER:
        return
    before = item.processes_before | getattr(item.config, "shared_processes", set())
    left = started_by_test(before, 2)
    for process in left:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    started_by_test(before, 2)
    OWN.intersection_update(descendants())
    if left and not outcome.excinfo:
        raise AssertionError(f"left behind: {left}")


# The report -------------------------------------------------------------------------------------------------------------


class Report:
    """On the controller: a line for each area, failures at once, progress on a terminal; FILE has it all for inside.py."""

    def __init__(self, file):
        self.file = Path(file)
        self.passed, self.failures, self.outcomes, self.seconds, self.processor = 0, [], {}, {}, {}
        self.areas = {}
        self.collected = 0
        self.terminal = sys.stdout.isatty()

    def say(self, text):
        if self.terminal:
            print("\r\033[K", end="")
        print(text, flush=True)

    @pytest.hookimpl
    def pytest_xdist_node_collection_finished(self, ids):
        if not self.collected:
            self.collected = len(ids)
            for nodeid in ids:
                area = self.areas.setdefault(area_of(nodeid), {"tests": 0, "done": 0, "failed": 0, "begun": None})
                area["tests"] += 1

    @pytest.hookimpl
    def pytest_collectreport(self, report):
        if report.failed:
            self.fail(report.nodeid, str(report.longrepr))

    @pytest.hookimpl
    def pytest_internalerror(self, excrepr):
        self.fail("pytest", str(excrepr))

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report):
        nodeid = report.nodeid.rpartition("@")[0] if "@" in report.nodeid.rpartition("]")[2] else report.nodeid
        area = self.areas.setdefault(area_of(nodeid), {"tests": 0, "done": 0, "failed": 0, "begun": None})
        area["begun"] = area["begun"] or time.monotonic() - report.duration
        self.seconds[nodeid] = self.seconds.get(nodeid, 0) + report.duration
        # a skipped test is a failed one: nothing is left out silently
        if report.failed or report.skipped:
            self.outcomes[nodeid] = False
            self.fail(nodeid, self.text_of(report))
        if report.when == "teardown":
            self.processor[nodeid] = dict(report.user_properties).get("processor", 0)
            area["done"] += 1
            is_passed = self.outcomes.get(nodeid, True)
            self.passed += is_passed
            area["failed"] += not is_passed
            self.progress()
            if area["done"] == area["tests"]:
                self.say(f"{area_of(nodeid):13} {area['done'] - area['failed']:5} passed, {area['failed']} failed, "
                         f"{time.monotonic() - area['begun']:4.0f} s")

    @staticmethod
    def text_of(report):
        if report.skipped:
            return f"skipped: {report.longrepr}"
        return "\n".join([report.longreprtext, *(f"--- {title}\n{text}" for title, text in report.sections)])

    def fail(self, nodeid, text):
        again = f"    again: tests/run.sh 'tests/{nodeid}'" if "::" in nodeid else ""
        self.say(f"FAILED {nodeid}\n{text}\n{again}")
        if not any(failure.startswith(f"{nodeid}\n") for failure in self.failures):
            self.failures.append(f"{nodeid}\n{again}")

    def progress(self):
        done = sum(area["done"] for area in self.areas.values())
        if self.terminal:
            print(f"\r\033[K{done}/{self.collected}, {len(self.failures)} failed", end="", flush=True)

    @pytest.hookimpl
    def pytest_sessionfinish(self):
        undone = sum(area["tests"] - area["done"] for area in self.areas.values())
        if undone > 0:
            self.failures.append(f"{undone} tests did not come to their end")
        slowest = int(os.environ.get("TAPGRANT_DURATIONS") or 0)
        for nodeid, seconds in sorted(self.seconds.items(), key=lambda pair: -pair[1])[:slowest]:
            self.say(f"{seconds:7.2f} s, {self.processor.get(nodeid, 0):7.2f} s of processor  {nodeid}")
        self.file.write_text(json.dumps({"passed": self.passed, "failures": self.failures}), encoding="utf-8")
