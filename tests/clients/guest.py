# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole Linux guest for QEMU under TCG: Debian's cloud kernel, unpacked and not installed, and busybox."""
import os
import re
import shutil
import subprocess
from pathlib import Path

MODULES = ["virtio_net", "virtio_pci"]

INIT = """#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for module in $(cat /modules/order); do insmod /modules/$module; done
for word in $(cat /proc/cmdline); do case $word in ping=*) targets=$(echo ${word#ping=} | tr , ' ');; other=*) other=${word#other=};; esac; done
ip link set eth0 up
udhcpc -q -n -t 20 -T 1 -i eth0 -s /bin/dhcp >/dev/null && echo "GUEST address $(ip -4 -o addr show eth0 | awk '{print $4}')"
echo "GUEST mac $(cat /sys/class/net/eth0/address) mtu $(cat /sys/class/net/eth0/mtu) queues $(ls -d /sys/class/net/eth0/queues/rx-* | wc -l)"
reach() { for target in $targets; do ping -c 2 -W ${1:-5} $target >/dev/null && echo "GUEST reached $target"; done; }
reach
if [ -n "$other" ]; then
    own=$(cat /sys/class/net/eth0/address)
    ip link set eth0 address $other; echo "GUEST mac $(cat /sys/class/net/eth0/address)"; reach 2
    ip link set eth0 address $own; echo "GUEST mac $(cat /sys/class/net/eth0/address)"; reach
fi
echo GUEST done
poweroff -f
"""

DHCP = """#!/bin/sh
[ "$1" = bound ] && ip addr add "$ip/${mask:-24}" dev "$interface"
exit 0
"""


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **options)


# Packages that the run fetched and did not install (tests/tools/packages.sh).
PACKAGES = Path(os.environ.get("TAPGRANT_PACKAGES", "/nonexistent"))


def unpack_kernel(folder):
    """Debian's cloud kernel, unpacked into FOLDER/kernel and not installed: its version."""
    package = next(PACKAGES.glob("linux-image-*.deb"))
    run("dpkg", "-x", package, folder / "kernel")
    return package.name.split("_")[0].removeprefix("linux-image-")


class Guest:
    """Downloads and builds once for a whole test run, into FOLDER."""

    def __init__(self, folder):
        version = unpack_kernel(folder)
        self.kernel = next((folder / "kernel/boot").glob("vmlinuz-*"))
        self.initrd = folder / "initrd"
        self.build(folder / "root", version)
        for path in (self.kernel, self.initrd):
            path.chmod(0o644)

    def build(self, root, version):
        (root / "bin").mkdir(parents=True)
        for name in ("proc", "sys", "dev", "modules"):
            (root / name).mkdir()
        shutil.copy("/bin/busybox", root / "bin/busybox")
        (root / "bin/sh").symlink_to("busybox")
        for name, text in (("init", INIT), ("bin/dhcp", DHCP)):
            (root / name).write_text(text)
            (root / name).chmod(0o755)
        run("depmod", "-b", root.parent / "kernel", version)
        self.version = version
        self.add_modules(root, MODULES)
        self.archive(root, self.initrd)

    def add_modules(self, root, names):
        """The modules and what they need into ROOT/modules, their order into ROOT/modules/order."""
        order = []
        for module in names:
            shown = run("modprobe", "-d", self.kernel.parents[1], "-S", self.version, "--show-depends", module).stdout
            order += [line.split()[1] for line in shown.splitlines() if line.startswith("insmod")]
        order = list(dict.fromkeys(order))
        (root / "modules").mkdir(exist_ok=True)
        for path in order:
            shutil.copy(path, root / "modules")
        (root / "modules/order").write_text("\n".join(Path(path).name for path in order))

    def archive(self, root, path):
        """ROOT as an initrd at PATH."""
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, check=True, capture_output=True,
                                 input="\n".join(str(entry.relative_to(root)) for entry in root.rglob("*")).encode()).stdout
        path.write_bytes(archive)
        return path

    def qemu(self, netdev, device, ping, other=""):
        """PING: addresses that the guest tries to reach; OTHER: an Ethernet address that it takes for a while, and tries again."""
        return ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-m", "256", "-smp", "2", "-nodefaults", "-display", "none",
                "-no-reboot", "-serial", "stdio", "-kernel", self.kernel, "-initrd", self.initrd,
                "-append", f"console=ttyS0 quiet panic=-1 ping={ping} other={other}", "-netdev", netdev, "-device", device]


def said(output):
    """What the guest said."""
    return re.findall(r"GUEST (.*?)\r?$", output, re.M)


def answering(netdev):
    """A QEMU without a guest, which answers as 10.88.0.2 and gives addresses from 10.88.0.15 on, through NETDEV (id t0)."""
    return ["qemu-system-x86_64", "-M", "none", "-nodefaults", "-display", "none", "-netdev", netdev, "-netdev",
            "user,id=u0,net=10.88.0.0/24,host=10.88.0.2,dhcpstart=10.88.0.15,restrict=on",
            "-netdev", "hubport,hubid=0,id=p0,netdev=t0", "-netdev", "hubport,hubid=0,id=p1,netdev=u0"]
