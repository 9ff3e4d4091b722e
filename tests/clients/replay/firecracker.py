# SPDX-License-Identifier: LGPL-2.1-or-later
"""What firecracker does with a tap (src/vmm/src/devices/virtio/net/tap.rs, Tap::open_named; device.rs, Net::new): one queue, by
name, never multi-queue.  Says what it got, sends one frame, and stays.  Arguments: DEV QUEUES."""
import errno
import fcntl
import os
import struct
import sys

TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D0, 0x400454D8
TAP, NO_PI, VNET_HDR = 0x0002, 0x1000, 0x4000
CSUM, TSO4, TSO6, UFO = 1, 2, 4, 16
step = "open /dev/net/tun"
try:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    step = "TUNSETIFF"
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", sys.argv[1].encode(), TAP | NO_PI | VNET_HDR))
    step = "TUNSETOFFLOAD"
    fcntl.ioctl(tap, TUNSETOFFLOAD, CSUM | UFO | TSO4 | TSO6)
    step = "TUNSETVNETHDRSZ"
    fcntl.ioctl(tap, TUNSETVNETHDRSZ, struct.pack("i", 12))
    step = "write"
    os.write(tap, bytes(12) + bytes.fromhex("ffffffffffff52540012345660aa") + bytes(46))
except OSError as error:
    sys.exit(f"{step}: {errno.errorcode[error.errno]}")
print("ok", flush=True)
sys.stdin.read()
