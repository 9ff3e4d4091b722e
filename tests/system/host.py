# SPDX-License-Identifier: LGPL-2.1-or-later
"""A throw-away host: network and mount namespaces of its own, on the real kernel, with the installed tapgrant.

What is private: links, /sys, /dev/net/tun (mode 0666 as udev makes it), the policy; passwd, group, subuid and subgid in /etc.
Nothing outside is touched, and all of it goes with the process that holds the namespaces.
"""
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PREFIX = Path(os.environ.get("TAPGRANT_PREFIX", "/nonexistent"))
BUILD = Path(os.environ.get("TAPGRANT_BUILD", PREFIX.parent / "build"))
PROGRAM = BUILD / "tests/throw-away-host"  # tests/tools/host.c
TAPGRANT = PREFIX / "bin/tapgrant"
HELPER = PREFIX / "libexec/tapgrant-helper"
APPLY = PREFIX / "sbin/tapgrant-apply"
POLICY = PREFIX / "etc/tapgrant/policy.conf"
# Two for each worker (tests/conftest.py).  Their gids differ from their uids.
USERS = tuple(os.environ.get("TAPGRANT_USERS", "tg-alice tg-bob").split())
ALICE, BOB = USERS
# The first of each user's subordinate ids on every such host, whatever the machine has.
SUBORDINATE = {ALICE: 100000, BOB: 165536}
SUBORDINATES = 65536


def beside_build(name):
    """A folder for a build of a test's own.  Beside the run's, its sources have the same names: ccache(1) finds their objects."""
    return BUILD.with_name(f"build-{name}-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}")


class Result:
    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __repr__(self):
        return f"<exit {self.code}\nout: {self.out}\nerr: {self.err}>"

    @property
    def json(self):
        return json.loads(self.out)


class Host:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tapgrant-host-", ))
        self.folder.chmod(0o755)
        self.started = []
        self.log = None
        self.service = None  # tests/service/daemon.py; then it is the only way to the privileged step
        self.holder = subprocess.Popen([PROGRAM, "hold", POLICY.parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        ids = "".join(f"{user}:{first}:{SUBORDINATES}\n" for user, first in SUBORDINATE.items())
        for name in ("subuid", "subgid"):
            self.root(f"/etc/{name}").write_text(ids)

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        if self.log:
            self.log.close()
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Commands -------------------------------------------------------------------------------------------------------

    def command(self, words, user=None, extra=()):
        """The words of a command on this host as USER, or as root; EXTRA: options of setpriv(1)."""
        enter = [PROGRAM, "enter", str(self.holder.pid)]
        if user is None:
            return [*enter, "-", *map(str, words)]
        entry = pwd.getpwnam(user)
        identity = ":".join(map(str, [entry.pw_uid, entry.pw_gid, *self.groups_of(user)]))
        return [*enter, identity, self.folder, *(["setpriv", *extra] if extra else []), *map(str, words)]

    def groups_of(self, user):
        """The gids of USER in this host's /etc/group, without its own."""
        lines = [line.split(":") for line in self.root("/etc/group").read_text().splitlines()]
        return [line[2] for line in lines if len(line) == 4 and user in line[3].split(",")]

    def run(self, *words, user=None, check=True, timeout=60, extra=(), **kwargs):
        process = subprocess.run(self.command(words, user, extra), stdin=subprocess.DEVNULL, capture_output=True,
                                 text=True, timeout=timeout, **kwargs)
        result = Result(process)
        if check:
            assert result.code == 0, (words, result)
        return result

    def start(self, *words, user=None, **kwargs):
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | kwargs
        process = subprocess.Popen(self.command(words, user), **options)
        self.started.append(process)
        return process

    def end(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()

    def tapgrant(self, *words, user=ALICE, check=False, **kwargs):
        return self.run(TAPGRANT, *words, user=user, check=check, **kwargs)

    def hold(self, *nets, user=ALICE):
        """tapgrant run in the background, holding the interfaces; returns once it has them, or ended."""
        words = [word for net in nets for word in ("--net", net)]
        process = self.start(TAPGRANT, "run", *words, "--", "sh", "-c", "echo held {fds}; exec cat" if len(nets) == 1 else
                             "echo held; exec cat", user=user)
        process.first_line = process.stdout.readline()
        return process

    # The administrator ----------------------------------------------------------------------------------------------

    def policy(self, text, mode=0o644):
        path = self.root(POLICY)
        path.write_text(text)
        path.chmod(mode)

    def bridge(self, name="br0", *, address="02:00:00:00:00:01", mtu=None, ra=False):
        """A bridge that is fit: its address fixed, no router advertisements taken."""
        self.run("ip", "link", "add", name, *(["address", address] if address else []), "type", "bridge")
        if not ra:
            self.run("sysctl", "-qw", f"net.ipv6.conf.{name}.accept_ra=0")
        if mtu:
            self.run("ip", "link", "set", name, "mtu", mtu)
        self.run("ip", "link", "set", name, "up")

    def steady_bridge(self, name="br0"):
        """One that no tap changes: without a first port, the first tap would give it its carrier, and with it an address."""
        self.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        self.bridge(name)
        self.run("ip", "link", "add", "uplink", "master", name, "up", "type", "veth", "peer", "name", "far")
        self.run("ip", "link", "set", "far", "up")
        self.run("sh", "-c", f"until ip -6 addr show dev {name} | grep -q fe80; do sleep 0.05; done", timeout=10)

    def tap(self, name="mytap0", user=ALICE, *options):
        owner = ["user", user] if user else []
        self.run("ip", "tuntap", "add", "dev", name, "mode", "tap", *owner, *options)

    def root(self, path):
        """A path of this host, seen from outside."""
        return Path(f"/proc/{self.holder.pid}/root{path}")

    def listen_log(self):
        """Puts a log where programs look for it; log_lines() are what came."""
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(str(self.root("/dev/log")))
        self.root("/dev/log").chmod(0o666)
        self.log.setblocking(False)

    def log_lines(self):
        lines = []
        while True:
            try:
                lines.append(self.log.recv(4096).decode())
            except BlockingIOError:
                return lines

    def bind(self, source, target):
        self.run("mount", "--bind", source, target)

    # What the kernel says -------------------------------------------------------------------------------------------

    def links(self, **only):
        links = json.loads(self.run("ip", "-d", "-j", "link", "show").out)
        return [link for link in links if all(link.get(key) == value for key, value in only.items())]

    def link(self, name):
        found = self.links(ifname=name)
        return found[0] if found else None

    def taps(self):
        return sorted(link["ifname"] for link in self.links() if link.get("linkinfo", {}).get("info_kind") == "tun")

    def helpers(self):
        """The helpers that run on this host, by their process ids."""
        return self.run("pgrep", "--ns", self.holder.pid, "--nslist", "net", "-x", "tapgrant-helper", check=False).out.split()

    def wait_gone(self, *names, seconds=5):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not any(self.link(name) for name in names):
                return
            time.sleep(0.01)
        raise AssertionError(f"still there: {[name for name in names if self.link(name)]}")


def uid(user):
    return pwd.getpwnam(user).pw_uid


def gid(user):
    return pwd.getpwnam(user).pw_gid
