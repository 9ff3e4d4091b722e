# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs other than QEMU that take a tap, unprivileged, with real packets."""
import os
import re
import shutil
import subprocess
import time

import pytest

from guest import DHCP, INIT, answering, said
from host import ALICE, BOB, TAPGRANT, uid
from test_clients import net, reach  # noqa: F401 (a fixture)

TAP = f"u{uid(ALICE)}-c"


@pytest.fixture
def home(net):  # noqa: F811
    """A folder that ALICE can write."""
    folder = net.folder / "home"
    folder.mkdir(mode=0o700)
    os.chown(folder, uid(ALICE), -1)
    return folder


@pytest.fixture
def tap(net):  # noqa: F811
    net.tapgrant("create", "--net", f"dev={TAP},bridge=br0", check=True)
    yield TAP
    assert net.link(TAP)["master"] == "br0"
    deadline = time.monotonic() + 5
    while net.tapgrant("delete", TAP).code:  # until its holder has ended
        assert time.monotonic() < deadline
        time.sleep(0.05)


def user_mode_initrd(folder):
    """busybox, and the init of the guests; the kernel needs no module, and calls its interface vec0."""
    root = folder / "root"
    for name in ("bin", "proc", "sys", "dev", "modules"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    (root / "modules/order").write_text("")
    for name, text in (("init", INIT.replace("eth0", "vec0")), ("bin/dhcp", DHCP)):
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, check=True, capture_output=True,
                             input="\n".join(str(path.relative_to(root)) for path in root.rglob("*")).encode()).stdout
    (folder / "initrd").write_bytes(archive)
    return folder / "initrd"


# user-mode-linux 6.1 panics where the processor has more state than it knows (AMX): it sets registers of the wrong size.
# Refused PTRACE_GETREGSET at its start, it uses older requests, which know no AVX; and so its programs may not.
OLD_STATE = """
import ctypes, os, struct, sys
code = [(0x20, 0, 0, 0), (0x15, 0, 3, 101), (0x20, 0, 0, 16), (0x15, 0, 1, 0x4204), (0x06, 0, 0, 0x00050005),
        (0x06, 0, 0, 0x7fff0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
filter = ctypes.create_string_buffer(struct.pack("HP", len(code), ctypes.addressof(program)))
libc = ctypes.CDLL(None, use_errno=True)
assert not libc.prctl(38, 1, 0, 0, 0) and not libc.prctl(22, 2, filter), ctypes.get_errno()
os.execvp(sys.argv[1], sys.argv[1:])
"""
WITHOUT_AVX = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512F,-AVX512VL,-AVX512BW,-XSAVE,-XSAVEC"


def test_user_mode_linux_by_fd_through_run(net, home):  # noqa: F811
    """Its vector driver takes a descriptor without vnet-hdr."""
    server = net.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *answering("tap,id=t0,fd={fd}"), user=BOB)
    reach(net)
    initrd = user_mode_initrd(net.folder)
    result = net.tapgrant("run", "--net", "bridge=br0,vnet-hdr=no,guest-mac=52:54:00:12:34:56", "--",
                          "env", f"HOME={home}", "TMPDIR=/dev/shm", "/usr/bin/python3", "-c", OLD_STATE,
                          "linux.uml", "mem=96M", f"initrd={initrd}", "rdinit=/init", "quiet", "panic=-1",
                          "con=null", "con0=null,fd:1", "console=tty0", WITHOUT_AVX,
                          "vec0:transport=fd,fd={fd},vec=0,mac={guest-mac}", "ping=10.88.0.1,10.88.0.2", timeout=60)
    words = said(result.out)
    assert words and words[0].startswith("address 10.88.0."), result
    assert words[1].startswith("mac 52:54:00:12:34:56 mtu 1500")
    assert words[2:] == ["reached 10.88.0.1", "reached 10.88.0.2", "done"], result
    net.wait_gone("tg1")
    net.end(server)


def test_user_mode_linux_by_name_on_a_tap_of_create(net, home, tap):  # noqa: F811
    """It opens the tap itself, and wants no vnet-hdr."""
    server = net.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *answering("tap,id=t0,fd={fd}"), user=BOB)
    reach(net)
    before = net.link(tap)
    result = net.run("env", f"HOME={home}", "TMPDIR=/dev/shm", "/usr/bin/python3", "-c", OLD_STATE,
                     "linux.uml", "mem=96M", f"initrd={user_mode_initrd(net.folder)}", "rdinit=/init", "quiet", "panic=-1",
                     "con=null", "con0=null,fd:1", "console=tty0", WITHOUT_AVX,
                     f"vec0:transport=tap,ifname={tap},mac=52:54:00:12:34:56", "ping=10.88.0.1,10.88.0.2", user=ALICE, check=False,
                     timeout=60)
    words = said(result.out)
    assert words and words[0].startswith("address 10.88.0."), result
    assert words[2:] == ["reached 10.88.0.1", "reached 10.88.0.2", "done"], result
    after = net.link(tap)
    for key in ("ifindex", "address", "mtu", "master", "ifalias", "altnames"):
        assert after[key] == before[key], key
    net.end(server)


def test_vde_plug2tap_on_a_tap_of_create(net, home, tap):  # noqa: F811
    """A switch in user space, slirpvde in it answers as 10.88.0.2."""
    started = [net.start("vde_switch", "-s", home / "ctl", user=ALICE)]
    deadline = time.monotonic() + 5
    while not (home / "ctl/ctl").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    started += [net.start("slirpvde", "-s", home / "ctl", "-n", "10.88.0.0", user=ALICE),
                net.start("vde_plug2tap", "-s", home / "ctl", tap, user=ALICE)]
    reach(net)
    for process in reversed(started):
        net.end(process)


def test_vpcs_on_a_tap_of_create(net, home, tap):  # noqa: F811
    """It wants a terminal."""
    vpcs = net.start("script", "-qec", f"cd {home} && vpcs -i 1 -e -d {tap}", "/dev/null", user=ALICE)
    vpcs.stdin.write("ip 10.88.0.5/24\n")
    vpcs.stdin.flush()
    reach(net, "10.88.0.5", tries=100)
    vpcs.stdin.write("ping 10.88.0.1 -c 1\n")
    vpcs.stdin.flush()
    lines = []
    while not re.search(r"10\.88\.0\.1 icmp_seq=1 ttl=\d+ time=", "".join(lines)):
        lines.append(vpcs.stdout.readline())
        assert lines[-1], lines
    vpcs.stdin.write("quit\n")
    vpcs.stdin.flush()
    assert vpcs.wait(timeout=20) == 0
