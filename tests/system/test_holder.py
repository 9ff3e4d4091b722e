# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the holder of a tap's descriptor can change of what it was granted, and what it cannot."""
import json

from host import ALICE, BOB, TAPGRANT, uid

RULE = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = yes\nlock-mac = yes\nmax = 1\n"
TAP, NO_PI, MULTI_QUEUE = 0x0002, 0x1000, 0x0100
ALL = 256  # MAX_TAP_QUEUES, drivers/net/tun.c
# Makes the tap of the descriptor its user's, attaches to it by its name until the kernel says no, and tells how often it did.
ATTACH = """
import errno, fcntl, json, os, struct, sys
fd, name, flags = int(sys.argv[1].split(':')[0]), sys.argv[2].encode(), int(sys.argv[3])
fcntl.ioctl(fd, 0x400454cc, os.getuid())  # TUNSETOWNER
held, refused = [], None
while not refused:
    held.append(os.open('/dev/net/tun', os.O_RDWR))
    try:
        fcntl.ioctl(held[-1], 0x400454ca, struct.pack('16sH22x', name, flags))  # TUNSETIFF
    except OSError as error:
        refused = errno.errorcode[error.errno]
print(json.dumps([len(held) - 1, refused]), flush=True)
sys.stdin.read()
"""
# Everything that could be changed of the tap, each tried: "done", or the kernel's error.
TRY = """
import errno, fcntl, json, socket, struct, sys
fd, name, other = int(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3])
tried = {}
def attempt(what, target, number, argument):
    try:
        fcntl.ioctl(target, number, argument)
        tried[what] = 'done'
    except OSError as error:
        tried[what] = errno.errorcode[error.errno]
control = socket.socket()
attempt('carrier', fd, 0x400454e2, struct.pack('i', 0))                             # TUNSETCARRIER
attempt('address', fd, 0x8924, struct.pack('16sH6s16x', name, 1, bytes([2] * 6)))   # SIOCSIFHWADDR
attempt('header', fd, 0x400454d8, struct.pack('i', 12))                             # TUNSETVNETHDRSZ
attempt('persistence', fd, 0x400454cb, 1)                                           # TUNSETPERSIST
attempt('group', fd, 0x400454ce, 65534)                                             # TUNSETGROUP
attempt('owner', fd, 0x400454cc, other)                                             # TUNSETOWNER
attempt('type', fd, 0x400454cd, 280)                                                # TUNSETLINK: ARPHRD_CAN
attempt('mtu', control, 0x8922, struct.pack('16si20x', name, 1400))                 # SIOCSIFMTU
attempt('down', control, 0x8914, struct.pack('16sH22x', name, 0))                   # SIOCSIFFLAGS
attempt('name', control, 0x8923, struct.pack('16s16s8x', name, b'other'))           # SIOCSIFNAME
attempt('bridge', control, 0x89a3, struct.pack('16si20x', b'br0', socket.if_nametoindex(sys.argv[2])))  # SIOCBRDELIF
print(json.dumps(tried), flush=True)
sys.stdin.read()
"""


def hold(host, spec, code, *words):
    """As the caller: what the program prints that holds the interface, and goes on holding it."""
    process = host.start(TAPGRANT, "run", "--net", spec, "--", "/usr/bin/python3", "-c", code, "{fds}", "{dev}", *words, user=ALICE)
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)


def test_queues_binds_the_request_and_not_the_holder(lab):
    """The rule says two; the owner attaches by name to as many as the kernel has. It counts as one interface."""
    lab.policy(RULE + "queues = 2\n")
    assert lab.tapgrant("run", "--net", "bridge=br0,queues=3", "--", "true").code == 3
    assert hold(lab, "bridge=br0,queues=2", ATTACH, TAP | NO_PI | MULTI_QUEUE) == [ALL - 2, "E2BIG"]
    assert lab.link("tg0")["linkinfo"]["info_data"]["numqueues"] == ALL
    assert lab.tapgrant("run", "--net", "bridge=br0", "--", "true").code == 5


def test_an_owner_that_is_another_would_not_bind_it_either(lab):
    """Nothing that the helper could leave undone closes this: the holder makes itself the owner first."""
    lab.run("ip", "tuntap", "add", "dev", "roots", "mode", "tap", "multi_queue", "user", "root")
    code = ("import fcntl,os,struct,sys; fd = os.open('/dev/net/tun', os.O_RDWR);"
            "fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'roots', int(sys.argv[1]))); os.set_inheritable(fd, True);"
            "os.execvp(sys.argv[2], [word.replace('{fd}', str(fd)) for word in sys.argv[2:]])")
    flags = TAP | NO_PI | MULTI_QUEUE
    alice = ["setpriv", "--reuid", uid(ALICE), "--clear-groups", "--inh-caps=-all", "/usr/bin/python3", "-c", ATTACH, "{fd}", "roots", flags]
    process = lab.start("/usr/bin/python3", "-c", code, flags, *alice)
    assert json.loads(process.stdout.readline()) == [ALL - 1, "E2BIG"]


def test_one_queue_stays_one(lab):
    """Without the key, or with queues = 1, the device is of the kind that has one queue for good."""
    lab.policy(RULE)
    for flags, refused in ((TAP | NO_PI | MULTI_QUEUE, "EINVAL"), (TAP | NO_PI, "EBUSY")):
        assert hold(lab, "bridge=br0", ATTACH, flags) == [0, refused]
        lab.end(lab.started[-1])
        lab.wait_gone("tg0")


def test_what_the_holder_can_change_and_what_it_cannot(lab):
    """Each tried, and read back from the kernel."""
    lab.policy(RULE)
    tried = hold(lab, "bridge=br0", TRY, uid(BOB))
    can = {"carrier", "address", "header", "persistence", "group", "owner"}
    assert {what for what, came in tried.items() if came == "done"} == can, tried
    assert {tried[what] for what in ("mtu", "down", "name", "bridge")} == {"EPERM"} and tried["type"] == "EBUSY"
    link = lab.link("tg0")
    tun, port = link["linkinfo"]["info_data"], link["linkinfo"]["info_slave_data"]
    assert (link["address"], tun["user"], tun["persist"]) == ("02:02:02:02:02:02", BOB, True)
    assert lab.run("cat", "/sys/class/net/tg0/carrier").out == "0\n"
    assert "UP" in link["flags"] and (link["mtu"], link["master"], port["isolated"], port["locked"]) == (1500, "br0", True, True)
