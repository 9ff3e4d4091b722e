# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cloud-hypervisor does with a tap (net_util/src/open_tap.rs and tap.rs): by name, or given descriptors, on which it
repeats TUNSETIFF and ignores EEXIST.  Says what it got, sends one frame on each queue, and stays.  Arguments: DEV QUEUES, or
fd=N:N... QUEUES."""
import errno
import fcntl
import os
import socket
import struct
import sys

TUNGETFEATURES, TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x800454CF, 0x400454CA, 0x400454D0, 0x400454D8
SIOCGIFFLAGS, SIOCSIFFLAGS, UP = 0x8913, 0x8914, 1
TAP, NO_PI, VNET_HDR, MULTI_QUEUE = 0x0002, 0x1000, 0x4000, 0x0100
dev, queues = sys.argv[1], int(sys.argv[2])
wanted = TAP | NO_PI | VNET_HDR | (MULTI_QUEUE if queues > 1 else 0)
step = "tun_flags"


def open_named(name):
    """Tap::open_named(), and with a descriptor Tap::from_tap_fd()."""
    global step
    step = "open /dev/net/tun"
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    features = struct.unpack("I", fcntl.ioctl(tap, TUNGETFEATURES, bytes(4)))[0]
    if features & wanted != wanted:
        sys.exit("features")
    step = "TUNSETIFF"
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), wanted))
    return tap


try:
    if dev.startswith("fd="):
        taps = [int(number) for number in dev[3:].split(":")]
        for tap in taps:
            step = "TUNSETIFF"
            try:
                fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"", wanted))
            except OSError as error:
                if error.errno != errno.EEXIST:
                    raise
    else:
        flags = int(open(f"/sys/class/net/{dev}/tun_flags").read(), 16)
        if flags & MULTI_QUEUE and queues == 1:
            sys.exit("no support on the device side: EINVAL")
        if not flags & MULTI_QUEUE and queues > 1:
            sys.exit("no support on the TAP side: EINVAL")
        taps = [open_named(dev)]
        step = "SIOCSIFFLAGS"
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        flags = struct.unpack("16sH22x", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16s24x", dev.encode())))[1]
        if not flags & UP:
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", dev.encode(), flags | UP))
        taps += [open_named(dev) for _ in range(1, queues)]
    for tap in taps:
        step = "TUNSETVNETHDRSZ"
        fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", 12))
        step = "TUNSETOFFLOAD"
        fcntl.ioctl(tap, TUNSETOFFLOAD, 0x17)
        step = "write"
        os.write(tap, bytes(12) + bytes.fromhex("ffffffffffff52540012345660aa") + bytes(46))
except OSError as error:
    sys.exit(f"{step}: {errno.errorcode[error.errno]}")
print("ok", flush=True)
sys.stdin.read()
