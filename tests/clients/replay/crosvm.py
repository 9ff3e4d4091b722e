# SPDX-License-Identifier: LGPL-2.1-or-later
"""What crosvm does with a tap (net_util/src/sys/linux/tap.rs): by name (tap-name=) or with a descriptor (tap-fd=), whose flags
it requires; for each further queue it opens the name again and sets the device up, which an unprivileged process may not.
Says what it got, sends one frame, and stays.  Arguments: DEV QUEUES, or fd=N QUEUES."""
import errno
import fcntl
import os
import socket
import struct
import sys

TUNSETIFF, TUNGETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x800454D2, 0x400454D0, 0x400454D8
SIOCGIFFLAGS, SIOCSIFFLAGS, UP, RUNNING = 0x8913, 0x8914, 1, 0x40
TAP, NO_PI, VNET_HDR, MULTI_QUEUE = 0x0002, 0x1000, 0x4000, 0x0100
dev, queues = sys.argv[1], int(sys.argv[2])
wanted = TAP | NO_PI | VNET_HDR | (MULTI_QUEUE if queues > 1 else 0)
step = "open"


def open_named(name):
    """Tap::new_with_name()."""
    global step
    step = "open /dev/net/tun"
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    step = "TUNSETIFF"
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), wanted))
    return tap


try:
    tap = int(dev[3:]) if dev.startswith("fd=") else open_named(dev)
    step = "TUNGETIFF"
    name, flags = struct.unpack("16sH22x", fcntl.ioctl(tap, TUNGETIFF, bytes(40)))
    if flags & wanted != wanted:
        sys.exit(f"Missing flags: {wanted & ~flags:#x}")
    step = "TUNSETOFFLOAD"
    fcntl.ioctl(tap, TUNSETOFFLOAD, 0x17)
    step = "TUNSETVNETHDRSZ"
    fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", 12))
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(1, queues):  # into_mq_taps()
        open_named(name.rstrip(b"\0").decode())
        step = "SIOCSIFFLAGS"
        up = struct.unpack("16sH22x", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16s24x", name)))[1] | UP | RUNNING
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name, up))
    step = "write"
    os.write(tap, bytes(12) + bytes.fromhex("ffffffffffff52540012345660aa") + bytes(46))
except OSError as error:
    sys.exit(f"{step}: {errno.errorcode[error.errno]}")
print("ok", flush=True)
sys.stdin.read()
