# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where it is measured: a host of the system tests' kind, with a log that listens, the peers where they are installed, and
the programs that hold the clock (measure.c)."""
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from host import ALICE, POLICY, PREFIX, TAPGRANT, Host, uid  # noqa: E402

PROGRAMS = Path(os.environ.get("TAPGRANT_BENCH", "/nonexistent"))
QEMU = "/usr/lib/qemu/qemu-bridge-helper"
LXC = "/usr/libexec/lxc/lxc-user-nic"
RULE = "[rule lab]\nuser = {user}\nbridge = br0 none\nisolate = {isolate}\nlock-mac = {lock}\nqueues = 8\nmax = 256\n"
IP = shutil.which("ip")
TUNCTL = "/usr/bin/tunctl"


class Lab(Host):
    def __init__(self, policy=None):
        super().__init__()
        self.listen_log()
        self.log.setblocking(True)
        threading.Thread(target=self.drain, daemon=True).start()
        self.policy(policy or RULE.format(user="*", isolate="no", lock="no"))
        self.bridge("br0")
        # another port, or br0 would come up and go down with each tap, which takes the kernel longer than the tap
        self.run("ip", "link", "add", "uplink0", "type", "veth", "peer", "name", "uplink1")
        self.run("ip", "link", "set", "uplink1", "up")
        self.run("ip", "link", "set", "uplink0", "master", "br0", "up")
        self.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.folder)
        self.tools = self.root(self.folder)
        for name in ("smallest", "smallest-static", "now"):
            shutil.copy(PROGRAMS / f"bench-{name}", self.tools / name)
            (self.tools / name).chmod(0o755 if name == "now" else 0o4755)
        if Path(QEMU).exists():
            shutil.copy(QEMU, self.tools / "qemu-bridge-helper")
            (self.tools / "qemu-bridge-helper").chmod(0o4755)
            self.run("mkdir", "-p", "/etc/qemu")
            self.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/etc/qemu")
            (self.root("/etc/qemu/bridge.conf")).write_text("allow br0\n")
        self.container = None
        if Path(LXC).exists():
            for folder in ("/etc/lxc", "/run/lxc"):
                self.run("mkdir", "-p", folder)
                self.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
            self.root("/etc/lxc/lxc-usernet").write_text(f"{ALICE} veth br0 1000\n")
            self.container = self.start("unshare", "-Urn", "sh", "-c", "echo; exec cat", user=ALICE)
            self.container.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def drain(self):
        try:
            while self.log.recv(4096):
                pass
        except OSError:
            pass

    def measure(self, rounds, ways):
        """{name of the way: {"first": [ns until the descriptor], "end": [ns until the end]}}; ways that are None are left out."""
        ways = {name: words for name, words in ways.items() if words}
        words = [word for way in ways.values() for word in (*way, ";")]
        # before everything else that runs: how long others keep a processor is not what is asked
        done = self.run("chrt", "-f", "1", PROGRAMS / "bench-measure", ALICE, rounds, *words, timeout=1800, check=False)
        assert done.code == 0, (list(ways), done.err)
        found = {name: {"first": [], "end": []} for name in ways}
        names = list(ways)
        for line in done.out.splitlines():
            _round, number, first, end = map(int, line.split())
            found[names[number]]["first"].append(first)
            found[names[number]]["end"].append(end)
        return found

    def crowd(self, callers, each, way):
        """(grants in a second, ns of each)"""
        done = self.run(PROGRAMS / "bench-crowd", ALICE, callers, each, *way, ";", timeout=300)
        took = [int(line) for line in done.out.split()]
        return callers * each / (took[-2] / 1e9), took[:-2] + took[-1:]

    # Ways ---------------------------------------------------------------------------------------------------------------

    def helper(self, name, *words):
        return ["helper", self.folder / name, *words] if (self.tools / name).exists() else None

    def qemu(self):
        return self.helper("qemu-bridge-helper", "--use-vnet", "--br=br0", "--fd=3")

    def smallest(self, static=True):
        return self.helper("smallest-static" if static else "smallest", "br0", "3")

    def adapter(self):
        return ["helper", PREFIX / "libexec/tapgrant-bridge-helper", "--use-vnet", "--br=br0", "--fd=3"]

    def lxc(self):
        return ["program", LXC, "create", self.folder, "name", self.container.pid, "veth", "br0"] if self.container else None

    def ip(self):
        """As an administrator would type it, four times; and the same in one batch."""
        steps = [["tuntap", "add", "dev", "typed0", "mode", "tap", "user", ALICE], ["link", "set", "typed0", "address", "fe:54:00:12:34:56"],
                 ["link", "set", "typed0", "master", "br0"], ["link", "set", "typed0", "up"]]
        (self.tools / "batch").write_text("".join(" ".join(step) + "\n" for step in steps))
        typed = [word for step in steps for word in ("+", IP, *step)][1:]
        return ["tool", "typed0", *typed], ["tool", "typed0", IP, "-batch", self.folder / "batch"]

    def tunctl(self):
        if not Path(TUNCTL).exists():
            return None
        return ["tool", "typed0", TUNCTL, "-b", "-u", ALICE, "-t", "typed0", "+", IP, "link", "set", "typed0", "master", "br0", "up"]

    def others(self, count):
        """That many further taps, down and on no bridge, made in one batch."""
        lines = "".join(f"tuntap add dev other{n} mode tap\n" for n in range(count))
        subprocess.run(self.command(["ip", "-batch", "-"]), input=lines, text=True, check=True)
