# SPDX-License-Identifier: LGPL-2.1-or-later
"""The runner behind tests/run.sh.

It has two processes.  The outer one makes the work folder, and removes it.  The inner one is process 1 of a PID namespace
and lives in mount, network and IPC namespaces of its own, in which nothing but the work folder can be written.  Whatever a
test starts, mounts or makes therefore ends with the inner process, however that ends: the kernel sees to it.

The outer process holds a lock on WORK/made, in which it writes down what it makes.  The next run finds such a file without
a lock where this one was killed, and removes what stands in it.
"""
import argparse
import ctypes
import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import inside

TOP = Path(__file__).resolve().parents[2]
PREFIX = "tapgrant-tests."
IDS_FROM = 51200  # ordinary accounts, for rules such as user = 1000-59999
USERS_OF_A_WORKER = ("alice", "bob")
GID_OFFSET = 1000  # a test that takes a uid for a gid has to fail
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x08000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="tests/run.sh", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Runs the tests, set-up included.  As root it installs the Debian packages that are missing;\n"
                    "without root it runs what needs none, and says what it leaves out.",
        epilog="areas: " + " ".join(inside.AREAS) + "\nThe last line printed is: N passed, N failed")
    parser.add_argument("areas", nargs="*", metavar="AREA",
                        help="a folder below tests/, or one test as FILE::NAME (default: all)")
    parser.add_argument("-k", metavar="EXPRESSION", dest="expression", default="",
                        help="only tests whose names match, as for pytest -k")
    parser.add_argument("--long", action="store_true",
                        help="whole sweeps, 200,000 policies and five minutes of each fuzzer, in place of samples")
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 1), metavar="N",
                        help="how many tests run side by side; some only wait (default: %(default)s)")
    parser.add_argument("--durations", type=int, default=0, metavar="N", help="list the N slowest tests, with the processor time that each took")
    parser.add_argument("--write-lists", action="store_true",
                        help="write the lists of system calls in tests/hostile anew, where they differ")
    options = parser.parse_intermixed_args()
    for area in options.areas:
        path = TOP / area.split("::")[0]
        if area not in inside.AREAS + inside.ONLY_LONG and not ("::" in area and path.is_file()):
            parser.error(f"{area}: no area of tests; areas: {' '.join(inside.AREAS)}")
    return options


def reset_process():
    """Takes back what the caller left in this process: every test starts from the same state.

    nohup(1) and shells that start background jobs leave signals ignored, and execve(2) keeps that.
    """
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass  # SIGKILL, SIGSTOP
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.umask(0o022)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    if os.geteuid() == 0:
        reset_limits()
        os.setpriority(os.PRIO_PROCESS, 0, 0)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        subprocess.run(["ionice", "-c", "none", "-p", str(os.getpid())], check=True)
        Path("/proc/self/oom_score_adj").write_text("0")


def reset_limits():
    """The kernel's defaults (include/asm-generic/resource.h); of files and processes as many as a fresh system has.

    Containers may withhold CAP_SYS_RESOURCE: then a hard limit that is lower stays.
    """
    most = {
        "CPU": None, "FSIZE": None, "DATA": None, "RSS": None, "AS": None, "STACK": None, "CORE": None,
        "NPROC": 62000, "NOFILE": 20000, "MEMLOCK": 8 << 20, "SIGPENDING": 62000, "MSGQUEUE": 819200,
        "NICE": 0, "RTPRIO": 0,
    }
    soft = {"STACK": 8 << 20, "CORE": 0, "NOFILE": 1024}
    for name, hard in most.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.RLIM_INFINITY if hard is None else hard
        try:
            resource.setrlimit(kind, (soft.get(name, hard), hard))
        except ValueError:
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (min(soft.get(name, hard), hard), hard))


def clean_environment():
    """Nothing of the caller's environment reaches a test, but for what a terminal and CI say."""
    kept = {name: os.environ[name] for name in ("TERM", "COLUMNS", "NO_COLOR", "CI") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1",
                      PYTHONHASHSEED="0")  # every worker has to find the same tests in the same order


class Work:
    """The work folder, and WORK/made, the record of what has to go with it: "folder PATH" and "uid N", a line each."""

    def __init__(self, parent):
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self.folder.chmod(0o755)
        self.record = open(self.folder / "made", "w", encoding="utf-8")
        fcntl.flock(self.record, fcntl.LOCK_EX)
        self.write("folder", self.folder)

    def write(self, kind, what):
        self.record.write(f"{kind} {what}\n")
        self.record.flush()

    def remove(self):
        shutil.rmtree(self.folder)
        self.record.close()


def records(parent):
    """(the record's path, its lines, is its run alive?) of each run of this machine."""
    for path in sorted(Path(parent).glob(f"{PREFIX}*/made")):
        with open(path, encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                alive = False
            except BlockingIOError:
                alive = True
            yield path, [line.split(" ", 1) for line in file.read().splitlines()], alive


def remove_what_dead_runs_left(parent):
    for path, lines, alive in records(parent):
        if alive or path.stat().st_uid != os.geteuid():
            continue
        print(f"Removing what a run that was killed left: {path.parent}", flush=True)
        for kind, what in lines:
            if kind == "folder" and Path(what) == path.parent:
                shutil.rmtree(what, ignore_errors=True)


def free_ids(parent, count):
    """COUNT uids that neither an account nor another run uses, nor their gids."""
    taken = {int(what) for _, lines, alive in records(parent) if alive for kind, what in lines if kind == "uid"}
    for file in ("/etc/passwd", "/etc/group"):
        taken |= {int(line.split(":")[2]) for line in Path(file).read_text(encoding="utf-8").splitlines() if line.count(":") > 2}
    found = []
    for number in range(IDS_FROM, IDS_FROM + GID_OFFSET):
        if number not in taken and number + GID_OFFSET not in taken:
            found.append(number)
        if len(found) == count:
            return found
    raise SystemExit("tests/run.sh: no free user ids are left")


def write_accounts(work, jobs):
    """passwd and group of this run: the machine's, with two users for each worker."""
    folder = work.folder / "accounts"
    folder.mkdir()
    for name in ("passwd", "group", "subuid", "subgid"):
        source = Path("/etc") / name
        (folder / name).write_text(source.read_text(encoding="utf-8") if source.exists() else "", encoding="utf-8")
    names = [f"tg{worker}-{user}" for worker in range(jobs) for user in USERS_OF_A_WORKER]
    with open(folder / "passwd", "a", encoding="utf-8") as passwd, open(folder / "group", "a", encoding="utf-8") as group:
        for name, uid in zip(names, free_ids(work.folder.parent, len(names))):
            work.write("uid", uid)
            passwd.write(f"{name}:x:{uid}:{uid + GID_OFFSET}::/nonexistent:/usr/sbin/nologin\n")
            group.write(f"{name}:x:{uid + GID_OFFSET}:\n")
        write_service_account(work, passwd, group, folder)


def write_service_account(work, passwd, group, folder):
    """The account that the service becomes, where the machine has none."""
    name = "_tapgrant"
    if any(line.startswith(f"{name}:") for line in (folder / "passwd").read_text(encoding="utf-8").splitlines()):
        return
    (uid,) = free_ids(work.folder.parent, 1)
    work.write("uid", uid)
    passwd.write(f"{name}:x:{uid}:{uid + GID_OFFSET}::/nonexistent:/usr/sbin/nologin\n")
    group.write(f"{name}:x:{uid + GID_OFFSET}:\n")


def listed_by_git():
    words = ["git", "-c", f"safe.directory={TOP}", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return []
    return [name for name in listed.split("\0") if name]


def copy_tree(target):
    """The checkout, for users who cannot enter the one that was cloned, and so that nothing is written there."""
    names = listed_by_git()
    if not names:  # an unpacked release
        shutil.copytree(TOP, target, symlinks=True)
    for name in names:
        if (TOP / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, target / name, follow_symlinks=False)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def fetch_packages(work, options):
    """What some tests unpack and do not install: there is no network where they run."""
    chosen = {area.split("::")[0].removeprefix("tests/").split("/")[0] for area in options.areas}
    if not chosen or chosen & inside.FETCHING:
        subprocess.run(["sh", TOP / "tests/tools/packages.sh", "fetch", work.folder / "packages"], check=True)


def start_inner(work, options):
    """Process 1 of new namespaces; it ends with this process."""
    unshare(CLONE_NEWPID)  # of the children; and they have no other than this one
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET)
        status = inside.main(work.folder, options)
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def unshare(flags):
    if libc.unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare(2): the tests need namespaces of their own")


def wait_for(child):
    """The exit status, 128 and the signal's number where a signal ended it."""
    try:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except BaseException:
        os.kill(child, signal.SIGKILL)  # and the kernel ends all others of its namespace
        os.waitpid(child, 0)
        raise
    return status if status >= 0 else 128 - status


def what_is_left(work):
    """What is there of this run although its namespaces and its folder are gone; should be nothing."""
    left = [f"the folder {work.folder}"] if work.folder.exists() else []
    left += [f"the mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
             if str(work.folder) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(work.folder) in words and int(process.name) != os.getpid():
            left.append(f"process {process.name}: {words.split(bytes(1))[0].decode(errors='replace')}")
    return left


def main():
    options = parse_arguments()
    reset_process()
    parent = os.environ.get("TMPDIR", "/var/tmp")
    clean_environment()
    remove_what_dead_runs_left(parent)
    work = Work(parent)
    tally = {"passed": 0, "failed": 0}
    try:
        copy_tree(work.folder / "source")
        if os.geteuid() == 0:
            write_accounts(work, options.jobs)
            fetch_packages(work, options)
            status = wait_for(start_inner(work, options))
        else:
            status = inside.main(work.folder, options)
        if options.write_lists:
            for path in (work.folder / "source/tests/hostile").glob("trace-*.list"):
                shutil.copy(path, TOP / "tests/hostile")
        if (work.folder / "tally.json").exists():
            tally = json.loads((work.folder / "tally.json").read_text(encoding="utf-8"))
        elif not status:
            status = 1
    finally:
        work.remove()
    left = what_is_left(work)
    for what in left:
        print(f"left behind: {what}")
    failed = tally["failed"] + len(left)
    if status and not failed:
        print(f"the run ended with status {status} before its tests did")
        failed = 1
    print(f"{tally['passed']} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
