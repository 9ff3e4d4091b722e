# SPDX-License-Identifier: LGPL-2.1-or-later
"""A throw-away machine whose process 1 is systemd, with the units as they are installed.

It has namespaces of its own, and an overlay of this machine's files.  Of the kernel's settings it can write those of its own
network namespace alone.  All of it goes with process 1, but for a cgroup, which close() removes.
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

from daemon import ACCOUNT, until
from host import POLICY, PREFIX, Host, gid, uid

UNITS = PREFIX / "lib/systemd/system"
CGROUP = "tapgrant-machine"
NAMESPACES = ("mount", "pid", "cgroup", "uts", "ipc", "net")
ENVIRONMENT = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LC_ALL=C.UTF-8")
# What takes time and is not needed, or is the business of the machine below.
MASKED = """
    dev-hugepages.mount dev-mqueue.mount kmod-static-nodes.service ldconfig.service proc-sys-fs-binfmt_misc.automount
    sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount
    systemd-binfmt.service systemd-firstboot.service systemd-hwdb-update.service systemd-journal-catalog-update.service
    systemd-journal-flush.service systemd-machine-id-commit.service systemd-modules-load.service systemd-random-seed.service
    systemd-sysctl.service systemd-sysusers.service systemd-udev-trigger.service systemd-udevd.service
    systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-update-utmp.service systemd-tmpfiles-clean.timer
    systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service
""".split()

# FOLDER CGROUP COMMAND: an overlay of this machine's files at FOLDER/place/root; executes COMMAND in a cgroup of its own.
PREPARE = r"""
place=$1/place root=$1/place/root
mount -t tmpfs -o mode=0755 tmpfs "$place"
mkdir "$place/cgroup" "$place/upper" "$place/work" "$root"
mount -t cgroup2 cgroup2 "$place/cgroup"
for left in "$place/cgroup/${2%.*}".*; do # by a run that was killed
    if grep -qs "populated 0" "$left/cgroup.events"; then find "$left" -depth -type d -exec rmdir {} +; fi
done
mkdir "$place/cgroup/$2"
echo $$ >"$place/cgroup/$2/cgroup.procs"
mount -t overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" overlay "$root"
# neither this machine's services nor what would mount its disks
rm -rf "$root"/etc/systemd/system/* "$root"/etc/systemd/system-generators "$root"/lib/systemd/system-generators
cp -a "$1/files/." "$root/"
shift 2
exec "$@"
"""

# FOLDER PREFIX POLICY: becomes process 1.
ENTER = r"""
cd "$1/place/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -o remount,bind,ro sys
for folder in dev run tmp; do mount -t tmpfs -o mode=0755 tmpfs $folder; done
chmod 1777 tmp
make() { mknod -m 666 "dev/$1" c $2 $3; }
mkdir dev/pts dev/shm dev/net
chmod 1777 dev/shm
make null 1 3; make zero 1 5; make full 1 7; make random 1 8; make urandom 1 9; make tty 5 0; make net/tun 10 200
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for name in stdin:0 stdout:1 stderr:2; do ln -s "fd/${name#*:}" "dev/${name%:*}"; done
mkdir -p "./$2" mnt
mount --bind "$2" "./$2"
mount -t tmpfs -o mode=0755 tmpfs "./$3"
pivot_root . mnt
umount -l /mnt
exec env -i container=unshare PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=console --show-status=no
"""

# FOLDER CGROUP: what was in it may still be ending.
REMOVE = r"""
mount -t cgroup2 cgroup2 "$1"
for try in $(seq 50); do
    find "$1/$2" -depth -type d -exec rmdir {} + 2>/dev/null
    [ ! -e "$1/$2" ] && exit
    sleep 0.1
done
exit 1
"""


class Machine(Host):
    """run(), start(), tapgrant() and the rest of a Host, on a machine with systemd."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.folder = Path(tempfile.mkdtemp(prefix="tapgrant-machine-"))
        self.folder.chmod(0o755)
        self.started = []
        self.log = None
        self.cgroup = f"{CGROUP}.{os.getpid()}"
        (self.folder / "place").mkdir()
        self.write_files(self.folder / "files")
        self.console = open(self.folder / "console", "w+", encoding="utf-8")
        first = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private",
                 "sh", "-euc", PREPARE, "sh", self.folder, self.cgroup]
        second = ["unshare", "--fork", "--kill-child", "--propagation", "private", *(f"--{name}" for name in NAMESPACES),
                  "sh", "-euc", ENTER, "sh", self.folder, PREFIX, POLICY.parent]
        self.unshare = subprocess.Popen([*map(str, first), *map(str, second)], stdin=subprocess.DEVNULL, stdout=self.console,
                                        stderr=subprocess.STDOUT)
        try:
            self.holder = SimpleNamespace(pid=until(self.find_first_process, 20))
            until(lambda: self.systemctl("is-system-running", check=False).out.strip() in ("running", "degraded"), 30)
            assert self.systemctl("list-units", "--failed", "--plain", "--no-legend").out == ""
        except BaseException:
            self.close()
            raise

    @staticmethod
    def write_files(folder):
        """What this machine has of its own: accounts but for the service's, an id, its units."""
        for name in ("passwd", "group", "subuid", "subgid"):
            lines = Path("/etc", name).read_text(encoding="utf-8").splitlines(keepends=True)
            write(folder / "etc" / name, "".join(line for line in lines if not line.startswith(f"{ACCOUNT}:")))
        write(folder / "etc/machine-id", f"{os.getpid():032x}\n")
        units = folder / "etc/systemd/system"
        for name in MASKED:
            link(units / name, "/dev/null")
        link(units / "default.target", "/lib/systemd/system/basic.target")
        # the unit hides /var/tmp, which is where the tests are installed
        write(units / "tapgrant.service.d/place.conf", f"[Service]\nBindReadOnlyPaths={PREFIX}\n")

    def find_first_process(self):
        assert self.unshare.poll() is None, self.said()
        for child in Path(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children").read_text().split():
            try:
                if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return int(child)
            except FileNotFoundError:
                pass  # one of those that set the machine up, and are gone
        return None

    def said(self):
        return Path(self.console.name).read_text(encoding="utf-8", errors="replace")

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        self.unshare.kill()  # process 1 goes with it, and with that all others
        self.unshare.wait()
        self.console.close()
        subprocess.run(["unshare", "--mount", "sh", "-uc", REMOVE, "sh", self.folder / "place", self.cgroup], check=True)
        shutil.rmtree(self.folder)

    def command(self, words, user=None, extra=()):
        enter = ["nsenter", "--target", self.holder.pid, *(f"--{name}" for name in NAMESPACES), "--", *ENVIRONMENT]
        if user is not None:
            groups = ",".join(map(str, self.groups_of(user)))
            enter += ["setpriv", "--reuid", uid(user), "--regid", gid(user), f"--groups={groups}" if groups else "--clear-groups"]
        elif extra:
            enter += ["setpriv"]
        return [str(word) for word in (*enter, *extra, *words)]

    def systemctl(self, *words, check=True):
        return self.run("systemctl", *words, check=check)

    def show(self, unit, name):
        return self.systemctl("show", "--value", "-p", name, unit).out.strip()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
