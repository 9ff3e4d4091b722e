# SPDX-License-Identifier: LGPL-2.1-or-later
"""The inner process of a run (run.py): mounts, builds, runs the areas, and counts.

As root it is process 1 of a PID namespace.  There nothing can be written but the work folder, /tmp, /etc and /var/lib (what
is written there lies in the work folder), /run, /dev/shm and the kernel's own file systems; all of it goes with the run.
"""
import ctypes
import json
import os
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

# Each area is a folder below tests/ of the same name, but for this one.
AREAS = ("unit", "differential", "rules", "fuzz", "system", "service", "clients", "hostile", "selinux", "bench")
FOLDERS = {"differential": "unit/differential"}
ONLY_LONG = ("mutate",)  # run by --long, and where it is named
WITHOUT_ROOT = ("unit", "rules", "differential", "fuzz")
FETCHING = {"selinux", "system", "clients", "hostile"}  # need packages that are fetched, and not installed
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME, MS_RELATIME = 2, 4, 8, 1024, 2048, 1 << 21
OPTIONS = {"nosuid": MS_NOSUID, "nodev": MS_NODEV, "noexec": MS_NOEXEC, "noatime": MS_NOATIME,
           "nodiratime": MS_NODIRATIME, "relatime": MS_RELATIME}
libc = ctypes.CDLL(None, use_errno=True)


# Mounts ---------------------------------------------------------------------------------------------------------------


def mount(source, target, kind=None, flags=0, data=None):
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), data and data.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(target))


def make_read_only(work):
    """Every mount but the kernel's own, what is private already, and the work folder."""
    keep = ("/proc", "/sys", "/dev", "/run", "/tmp", "/etc", "/var/lib", str(work))
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        target, options = line.split()[4:6]
        target = target.encode().decode("unicode_escape")
        if any(target == path or target.startswith(f"{path}/") for path in keep):
            continue
        flags = sum(flag for word, flag in OPTIONS.items() if word in options.split(","))
        try:
            mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | flags)
        except OSError as error:
            if target == "/":
                raise
            print(f"stays writable: {target}: {error.strerror}")


def make_mounts_private(work):
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount(work, work, None, MS_BIND)
    if "nosuid" in mount_options(work):
        raise SystemExit(f"tests/run.sh: {work} is mounted nosuid; set TMPDIR to a folder on another file system")
    mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)  # of this network namespace
    for target, mode in (("/dev/shm", "1777"), ("/run", "0755")):
        mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode}")
    (work / "tmp").mkdir()
    (work / "tmp").chmod(0o1777)
    mount(work / "tmp", "/tmp", None, MS_BIND)
    for folder in ("/etc", "/var/lib"):
        mount_overlay(folder, work / "overlay" / folder.strip("/").replace("/", "-"))
    for file in (work / "accounts").iterdir():
        Path("/etc", file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    make_read_only(work)


def mount_overlay(folder, place):
    """What is written to FOLDER goes to PLACE."""
    for name in ("upper", "work"):
        (place / name).mkdir(parents=True)
    (place / "upper").chmod(0o755)
    mount("overlay", folder, "overlay", 0, f"lowerdir={folder},upperdir={place}/upper,workdir={place}/work")


def mount_options(path):
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return next(line.split()[5] for line in reversed(lines) if line.split()[4] == str(path)).split(",")


# Build ----------------------------------------------------------------------------------------------------------------


class Failed(Exception):
    """A step without which the tests cannot run."""


def run(log, *words, environment=()):
    with open(log, "ab") as output:
        done = subprocess.run([str(word) for word in words], stdout=output, stderr=subprocess.STDOUT, check=False,
                              env=os.environ | dict(environment))
    if done.returncode:
        print("".join(open(log, encoding="utf-8", errors="replace").readlines()[-30:]))
        raise Failed(f"failed: {' '.join(map(str, words))}")


def set_up_build(work):
    """The one build of all areas but unit's second, sanitized one."""
    options = [] if os.geteuid() == 0 else ["-Dprivilege=none"]
    run(work / "build.log", "meson", "setup", work / "build", work / "source", "--prefix", work / "prefix",
        "--libexecdir", "libexec", "-Dtests=true", *options)


def build_and_install(work):
    run(work / "build.log", "meson", "install", "-C", work / "build")


# The areas --------------------------------------------------------------------------------------------------------------


class Tally:
    """What has passed and failed, by area."""

    def __init__(self):
        self.passed, self.failed, self.failures = 0, 0, []

    def add(self, passed, failures):
        self.passed += passed
        self.failed += len(failures)
        self.failures += failures


def read_unit_report(path):
    """(how many passed, the failures) of a JUnit report of meson's.  A skipped test is a failed one."""
    passed, failures = 0, []
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        return 0, [f"unit: no report: {error}"]
    for case in cases:
        if any(part.tag in ("failure", "error", "skipped") for part in case):
            failures.append(f"unit: {case.get('classname')}: {case.get('name')}\n"
                            f"    again: tests/run.sh unit -k {case.get('classname').split('.')[-1]}")
        else:
            passed += 1
    return passed, failures or ([] if cases else [f"unit: no test ran: {path}"])


def run_unit_tests(work, options, tally):
    """The programs of tests/unit, as they are installed and with AddressSanitizer and UndefinedBehaviorSanitizer."""
    begun = time.monotonic()
    passed, failures = 0, []
    source = work / "source"
    native = next(path for path in (source / "native/dev.ini", source / "dev.ini") if path.exists())
    run(work / "sanitized.log", "meson", "setup", work / "sanitized", source, "--native-file", native)
    for build in (work / "build", work / "sanitized"):
        listed = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True)
        programs = [(test["name"], test["cmd"][0]) for test in json.loads(listed.stdout)]
        chosen = [(name, path) for name, path in programs if options.expression in name]
        if not chosen:
            continue
        run(work / "unit.log", "ninja", "-C", build, *(os.path.relpath(path, build) for _, path in chosen))
        with open(work / "unit.log", "ab") as log:
            done = subprocess.run(["meson", "test", "--no-rebuild", "-C", build, "--print-errorlogs", *(name for name, _ in chosen)],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            log.write(done.stdout.encode())
        if done.returncode:
            print(done.stdout)
        counted = read_unit_report(build / "meson-logs/testlog.junit.xml")
        passed += counted[0]
        failures += counted[1] or (["unit: meson test failed and named no test"] if done.returncode else [])
    tally.add(passed, failures)
    print_area("unit", passed, len(failures), time.monotonic() - begun)


def print_area(name, passed, failed, seconds):
    print(f"{name:13} {passed:5} passed, {failed} failed, {seconds:4.0f} s", flush=True)


def pytest_words(work, options, areas):
    words = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "xdist", "-p", "timeout",
             "--timeout=3000" if options.long else "--timeout=900", "-n", str(options.jobs), "--dist", "loadgroup",
             "--basetemp", work / "pytest", "--rootdir", work / "source/tests", "--confcutdir", work / "source/tests", "-c", "/dev/null",
             "--cases=200000" if options.long else "--cases=20000"]
    if options.expression:
        words += ["-k", options.expression]
    if options.write_lists:
        words += ["--write-lists"]
    return words + [work / "source" / (area if "::" in area else f"tests/{FOLDERS.get(area, area)}") for area in areas]


def run_pytest(work, options, areas, tally):
    environment = os.environ | {
        "TAPGRANT_PREFIX": str(work / "prefix"), "TAPGRANT_BUILD": str(work / "build"),
        "TAPGRANT_DRIVER": str(work / "build/tests/differential-driver"),
        "TAPGRANT_PACKAGES": str(work / "packages"), "TAPGRANT_REPORT": str(work / "pytest.json"), "HOME": str(work / "home"),
        "TAPGRANT_DURATIONS": str(options.durations), "TAPGRANT_LONG": "1" if options.long else "",
        "TAPGRANT_FUZZ_SECONDS": "300" if options.long else "20"}
    words = pytest_words(work, options, areas)
    done = subprocess.run([str(word) for word in words], env=environment, cwd=work, check=False)
    try:
        report = json.loads((work / "pytest.json").read_text(encoding="utf-8"))
        tally.add(report["passed"], report["failures"])
        if done.returncode not in (0, 1):
            tally.add(0, [f"pytest ended with status {done.returncode}"])
    except (OSError, ValueError) as error:
        tally.add(0, [f"pytest ended with status {done.returncode} and without a report: {error}"])


def chosen_areas(options):
    areas = options.areas or (AREAS + ONLY_LONG if options.long else AREAS)
    if os.geteuid() == 0:
        return list(areas)
    left_out = [area for area in areas if area.split("::")[0].removeprefix("tests/").split("/")[0] not in WITHOUT_ROOT]
    if left_out:
        print(f"Not root.  Left out: {' '.join(left_out)}; and of the other areas, what needs files that root owns.")
    return [area for area in areas if area not in left_out]


def run_areas(work, options, tally):
    areas = chosen_areas(options)
    others = [area for area in areas if area != "unit"]
    set_up_build(work)
    threads = []
    if others:
        begun = time.monotonic()
        build_and_install(work)
        print(f"built and installed into a private prefix, {time.monotonic() - begun:.0f} s", flush=True)
        threads.append(threading.Thread(target=guarded, args=(tally, run_pytest, work, options, others, tally)))
    if "unit" in areas:
        threads.append(threading.Thread(target=guarded, args=(tally, run_unit_tests, work, options, tally)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def guarded(tally, function, *arguments):
    """In a thread, where nobody would see an exception."""
    try:
        function(*arguments)
    except Exception as error:  # pylint: disable=broad-except
        tally.add(0, [f"{function.__name__}: {error}"])


# What is still there ----------------------------------------------------------------------------------------------------


def processes_left():
    """Processes of this PID namespace other than this one, once what is about to end has ended."""
    deadline = time.monotonic() + 5
    while True:
        reap()
        left = []
        for folder in Path("/proc").glob("[0-9]*"):
            if folder.name == "1":
                continue
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                left.append(f"process {folder.name}: {words or (folder / 'comm').read_text().strip()}")
            except OSError:
                continue
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def make_temporary_folder(work, as_root):
    """A short path, since those of sockets end at 107 bytes (unix(7)) and libvirt adds 60 to it.

    Not /tmp itself: QEMU takes exactly this word for /var/tmp, where nothing can be written.
    """
    folder = Path("/tmp/t") if as_root else work / "tmp"  # as root /tmp is WORK/tmp
    folder.mkdir(exist_ok=True)
    folder.chmod(0o1777)
    return str(folder)


def main(work, options):
    as_root = os.geteuid() == 0
    if as_root:
        make_mounts_private(work)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name in ("home", "packages", "tmp"):
        (work / name).mkdir(exist_ok=True)
    os.environ["TMPDIR"] = make_temporary_folder(work, as_root)
    # meson uses ccache(1) where it is: several builds of a run have sources in common
    os.environ.update(CCACHE_DIR=str(work / "ccache"), CCACHE_BASEDIR=str(work), CCACHE_NOHASHDIR="1")
    begun = time.monotonic()
    tally = Tally()
    try:
        run_areas(work, options, tally)
    except Failed as error:
        tally.add(0, [str(error)])
    if as_root:
        tally.add(0, [f"left behind at the end of all tests: {what}" for what in processes_left()])
    if not tally.passed and not tally.failed:
        tally.add(0, ["no test was chosen"])
    if tally.failures:
        print("\nFailed:\n" + "\n".join(tally.failures))
    print(f"{time.monotonic() - begun:.0f} s")
    (work / "tally.json").write_text(json.dumps({"passed": tally.passed, "failed": tally.failed}), encoding="utf-8")
    return 1 if tally.failed else 0
