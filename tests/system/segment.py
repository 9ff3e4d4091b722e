# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shared bridge: three granted ports of real users, and an uplink to another namespace in which the router is."""
import json
import socket
import subprocess
import sys

from ask_helper import STATUS, interface, request
from frames import SIOCSIFHWADDR, Port, Wire, descriptors, frame, heard, mac, one_cpu
from host import ALICE, BOB, HELPER

BRIDGE, ROUTER, NOBODYS = "02:00:00:00:00:01", "02:00:00:00:00:fe", "52:54:00:00:00:99"
ADDRESS = {"spoofer": "52:54:00:00:00:0a", "guest": "52:54:00:00:00:0b", "third": "52:54:00:00:00:0c"}
USER = {"spoofer": ALICE, "guest": BOB, "third": BOB}
CELLS = {"--": ("no", "no"), "lock": ("yes", "no"), "isolate": ("no", "yes"), "lock+isolate": ("yes", "yes")}
RULE = "[rule lab]\nuser = *\nbridge = br0 none\nlock-mac = {}\nisolate = {}\nguest-mac = *\nhost-mac = *\nmax = 64\n{}"
SET_ADDRESS = ("import fcntl, struct, sys; fcntl.ioctl(int(sys.argv[1]), int(sys.argv[2]), "
               "struct.pack('16sH6s16x', b'', 1, bytes.fromhex(sys.argv[3])))")


def grant(host, user, guest_mac=None, bridge="br0", host_mac=None):
    """The port (or tap without a bridge) that the helper gives to USER; or, if it does not, its answer by its word."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asked = {"guest_mac": guest_mac, "host_mac": host_mac}
    asked = {key: mac(value) for key, value in asked.items() if value}
    with ours, theirs:
        ours.send(request(interface(bridge=bridge.encode(), vnet_hdr=0, **asked)))
        subprocess.run(host.command([HELPER], user), stdin=theirs, timeout=30, check=False)
        data, control, _, _ = ours.recvmsg(65536, socket.CMSG_SPACE(4))
    found = descriptors(control)
    return Port(found[0], guest_mac) if found else STATUS[int.from_bytes(data[8:12], sys.byteorder)]


def set_address(host, port, address, user):
    """What the holder of a descriptor can do: gives the tap the address ADDRESS, as USER, who has no privilege."""
    descriptor = str(port.descriptor)
    subprocess.run(host.command([sys.executable, "-c", SET_ADDRESS, descriptor, SIOCSIFHWADDR, mac(address).hex()], user),
                   pass_fds=[port.descriptor], check=True, timeout=30)
    assert port.host_mac == address


def far_away(host):
    """The process id of a new network namespace, for what is behind the uplink."""
    process = host.start("unshare", "--net", "sh", "-c", "echo ready; exec cat")
    assert process.stdout.readline() == "ready\n"
    return process.pid


def batch(host, text):
    subprocess.run(host.command(["ip", "-batch", "-"]), input=text, text=True, check=True, timeout=30)


class Segment:
    """OPTIONS of the ports: the policy's further lines; lock-mac, where it is not the cell's.  The bridge's: STP; accept_ra."""

    def __init__(self, host, far, cell, *, more_rules="", lock=None, stp=0, accept_ra=0):
        self.host, self.cell = host, cell
        batch(host, f"link add br0 address {BRIDGE} type bridge stp_state {stp} mcast_snooping 0\n"
                    f"link add uplink type veth peer name far address {ROUTER}\n"
                    f"link set far netns {far}\nlink set br0 addrgenmode none\nlink set uplink addrgenmode none\n"
                    "link set uplink master br0 up\nlink set br0 up\naddress add 10.0.0.1/24 dev br0\n")
        host.run("nsenter", f"--net=/proc/{far}/ns/net", "ip", "link", "set", "far", "addrgenmode", "none", "up")
        host.run("sysctl", "-qw", f"net.ipv6.conf.br0.accept_ra={accept_ra}")
        self.router = Wire(far, "far", ROUTER)
        self.ends = {"router": self.router}
        self.rules(cell, lock, more_rules)
        self.introduced = not stp  # with STP, ports forward only after some seconds

    def __enter__(self):
        try:
            for name, address in ADDRESS.items():
                self.ends[name] = grant(self.host, USER[name], address)
            _, self.spoofer, self.guest, self.third = self.ends.values()
            for end in self.ends.values() if self.introduced else []:
                self.speak(end)  # so that a bridge that learns has learnt them
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        made = [end for end in self.ends.values() if isinstance(end, Port)]
        for end in [self.router, *made]:
            end.close()
        self.host.wait_gone(*[end.name for end in made])
        batch(self.host, "link del uplink\nlink del br0\n")

    def rules(self, cell, lock=None, more=""):
        a_lock, isolate = CELLS[cell]
        self.host.policy(RULE.format(lock or a_lock, isolate, more))

    # Frames -----------------------------------------------------------------------------------------------------------

    def speak(self, end):
        """END sends a frame to everybody, with its own address, and it has gone through the bridge."""
        data = frame(end.mac)
        end.send(data)
        (self.spoofer if end is self.router else self.router).read_until(data)

    def receivers(self, data, sender):
        """The names of those who get DATA, sent by SENDER."""
        with one_cpu():
            sender.send(data)
            to_router, to_others = frame(self.spoofer.mac), frame(ROUTER)  # nothing stops these
            self.spoofer.send(to_router)
            self.router.send(to_others)
            return [name for name, end in self.ends.items()
                    if heard(end, data, to_router if end is self.router else to_others)]

    def gets(self, name, data):
        """Does NAME get what the spoofer sends?"""
        return "passes" if name in self.receivers(data, self.spoofer) else "stopped"

    # What the kernel says ---------------------------------------------------------------------------------------------

    def port(self, name):
        return json.loads(self.host.run("bridge", "-d", "-j", "link", "show", "dev", name).out)[0]

    def entries(self, address=None):
        """The bridge's forwarding table."""
        table = json.loads(self.host.run("bridge", "-d", "-j", "fdb", "show", "br", "br0").out)
        return [entry for entry in table if address in (None, entry["mac"])]
