# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host's other software, as Debian has it: what it does to taps, and that the example files stop it.

udevd, networkd, NetworkManager and its bus run in the throw-away host, with /run and their folders private.
"""
import re
import struct
import subprocess
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from frames import BROADCAST, IPV6, LLDP, SERVICE, VLAN, Wire, arp, bpdu, frame, heard, mac, one_cpu, router_advertisement, tag, udp
from guest import PACKAGES
from host import ALICE, PREFIX, TAPGRANT, uid
from segment import ADDRESS, Segment, far_away

EXAMPLES = PREFIX / "share/tapgrant/examples"
SOURCES = Path(__file__).resolve().parents[2] / "conf/host"
POLICY = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\ndev = u{uid}-*\nhost-mac = *\n"
MAC = "52:54:00:aa:bb:cc"
OWN_NAME = f"u{uid(ALICE)}-x"
PRIVATE = ("/run", "/etc/systemd/network", "/etc/sysctl.d", "/etc/NetworkManager", "/etc/nftables",
           "/var/lib/NetworkManager")
UDEVD = "/lib/systemd/systemd-udevd"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
# the helper held up for 0.9 s right after it made the tap, which its caller can do, too: by SIGSTOP
SLOWLY = ["strace", "-f", "-u", ALICE, "-o", "/dev/null", "-e", "trace=ioctl", "-e", "inject=ioctl:delay_exit=900000:when=1"]


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("did not come true")


@pytest.fixture
def software(lab):
    lab.policy(POLICY)
    for folder in PRIVATE:
        Path(folder).mkdir(exist_ok=True)  # another worker may use it: it goes with the run
        lab.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
    for path, text in (("/etc/nftables.conf", "flush ruleset\n"), ("/etc/machine-id", "0123456789abcdef" * 2 + "\n")):
        (lab.folder / Path(path).name).write_text(text)
        lab.bind(lab.folder / Path(path).name, path)
    return lab


def put(host, path, text):
    host.root(path).parent.mkdir(parents=True, exist_ok=True)
    host.root(path).write_text(text)


def setting(host, name):
    return host.run("cat", f"/proc/sys/net/{name}").out.strip()


def notes(host):
    """What doctor advises, by its check: {check: hint}."""
    return {row["check"]: row["hint"] for row in host.tapgrant("doctor", "--json").json if row["hint"]}


def follow(host, check):
    """Carries out, as root, what doctor advises, and sees that it advises it no more."""
    host.run("sh", "-ec", notes(host)[check])
    assert check not in notes(host)


def hold(host, net):
    process = host.hold(net)
    assert process.first_line.startswith("held"), process.stderr.read()
    return process


def hold_slowly(host, net):
    """Returns at once; "held" is its first line."""
    return host.start(*SLOWLY, TAPGRANT, "run", "--net", net, "--", "sh", "-c", "echo held; exec cat")


def release(host, process, dev):
    """The tap goes with its holder; killed, strace would leave that running."""
    process.stdin.close()
    process.wait()
    host.wait_gone(dev)


def test_every_example_file_is_installed_as_it_stands():
    assert {path.name: path.read_text() for path in EXAMPLES.iterdir()} == \
        {path.name: path.read_text() for path in SOURCES.iterdir()}
    assert all(path.stat().st_mode & 0o7777 == 0o644 for path in EXAMPLES.iterdir())


# udev -------------------------------------------------------------------------------------------------------------------


def start_udevd(host, *traced, as_it_is=False):
    """With the example's file, unless AS_IT_IS."""
    if not as_it_is:
        put(host, "/etc/systemd/network/10-tapgrant.link", (EXAMPLES / "10-tapgrant.link").read_text())
    host.start(*traced, UDEVD, **QUIET)
    until(host.root("/run/udev/control").exists)


def when_udev_is_done(host, dev):
    host.run("udevadm", "wait", "--timeout=30", f"/sys/class/net/{dev}")
    host.run("udevadm", "settle")  # and with the programs that it runs
    return host.link(dev)["address"]


def tap_seen_by_udev(host):
    host.tap("x0", ALICE)
    address = when_udev_is_done(host, "x0")
    assign_type = host.run("cat", "/sys/class/net/x0/addr_assign_type").out.strip()
    host.run("ip", "link", "del", "x0")
    return address, assign_type


def test_udev_gives_a_new_tap_another_address_and_the_link_file_stops_it(software):
    start_udevd(software, as_it_is=True)
    first, assign_type = tap_seen_by_udev(software)
    assert assign_type == "3", "set by somebody, who is udev"
    assert tap_seen_by_udev(software) == (first, "3"), "the same for the same name"
    follow(software, "udev")
    software.run("udevadm", "control", "--reload")
    first, assign_type = tap_seen_by_udev(software)
    assert assign_type == "1", "the kernel's random one"
    assert tap_seen_by_udev(software)[0] != first


@pytest.mark.parametrize("net, dev", [(f"bridge=br0,host-mac={MAC}", "tg0"), (f"host-mac={MAC},dev={OWN_NAME}", OWN_NAME)])
def test_udev_that_looks_before_and_writes_after_the_helper_undoes_its_address_without_the_link_file(software, net, dev):
    """Each of udevd's messages is held up for as long as the helper: of the three, the third one sets the address."""
    start_udevd(software, "strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=sendto", "-e", "inject=sendto:delay_enter=900000",
                as_it_is=True)
    process = hold_slowly(software, net)
    assert process.stdout.readline() == "held\n"
    assert when_udev_is_done(software, dev) != MAC
    release(software, process, dev)
    follow(software, "udev")
    software.run("udevadm", "control", "--reload")
    process = hold_slowly(software, net)
    assert process.stdout.readline() == "held\n"
    assert when_udev_is_done(software, dev) == MAC
    release(software, process, dev)


def test_with_the_link_file_no_tap_of_many_loses_its_address(software):
    """Without it some do, at the speed that both have by themselves: how many is chance."""
    start_udevd(software)
    for _ in range(20):
        process = hold(software, f"bridge=br0,host-mac={MAC}")
        assert when_udev_is_done(software, "tg0") == MAC
        release(software, process, "tg0")


def test_udev_runs_sysctl_on_a_new_interface_and_the_sysctl_file_keeps_the_helpers_settings(software):
    settings = {"ipv4/conf/{}/rp_filter": "1", "ipv4/conf/{}/arp_ignore": "2", "ipv4/conf/{}/forwarding": "0",
                "ipv6/conf/{}/accept_ra": "0", "ipv6/conf/{}/disable_ipv6": "1"}
    put(software, "/etc/sysctl.d/50-default.conf", "net.ipv4.conf.*.rp_filter = 2\nnet.ipv6.conf.*.disable_ipv6 = 0\n")
    start_udevd(software)
    for dev in ("tg0", OWN_NAME):
        process = hold(software, "" if dev == "tg0" else f"dev={dev}")
        when_udev_is_done(software, dev)
        assert setting(software, f"ipv4/conf/{dev}/rp_filter") == "2" and setting(software, f"ipv6/conf/{dev}/disable_ipv6") == "0"
        release(software, process, dev)
    follow(software, "sysctl")
    for dev in ("tg0", OWN_NAME):
        process = hold(software, "" if dev == "tg0" else f"dev={dev}")
        when_udev_is_done(software, dev)
        assert {name: setting(software, name.format(dev)) for name in settings} == settings
        release(software, process, dev)


# networkd ---------------------------------------------------------------------------------------------------------------


def start_bus(host):
    host.run("mkdir", "-p", "/run/dbus")
    host.start("dbus-daemon", "--system", "--nofork", "--nopidfile", **QUIET)
    until(host.root("/run/dbus/system_bus_socket").exists)


def start_networkd(host, network=None):
    for folder in ("links", "leases", "lldp"):
        host.run("install", "-d", "-o", "systemd-network", f"/run/systemd/netif/{folder}")
    host.run("chown", "systemd-network:", "/run/systemd/netif")
    if network:
        put(host, "/etc/systemd/network/50-own.network", network)
    host.start("/lib/systemd/systemd-networkd", **QUIET)
    until(host.root("/run/systemd/netif/state").exists)
    until(host.root(f"/run/systemd/netif/links/{host.link('br0')['ifindex']}").exists)


def without_udev(host):
    """networkd expects no udev where /sys cannot be written, and looks at a link at once."""
    host.run("mount", "-o", "remount,ro,bind", "/sys")


def networkd_state(host, dev):
    """What networkd has made of the link, once it has seen that it is up: from then on it does not look again."""
    path = host.root(f"/run/systemd/netif/links/{host.link(dev)['ifindex']}")
    found = dict(re.findall("^(.*?)=(.*)$", path.read_text() if path.exists() else "", re.M))
    seen = found.get("OPER_STATE") in ("carrier", "degraded", "routable", "enslaved", "degraded-carrier")
    return seen and found["ADMIN_STATE"] not in ("pending", "initialized") and found["ADMIN_STATE"]


ALL = "[Match]\nName=*\n[Network]\nDHCP=yes\n"


def test_networkd_configures_a_tap_by_a_match_of_everything_and_the_network_file_stops_it(software):
    start_bus(software)
    start_udevd(software)
    start_networkd(software, ALL)
    for dev in ("tg0", OWN_NAME):
        process = hold(software, "" if dev == "tg0" else f"dev={dev}")
        assert until(lambda: networkd_state(software, dev)) == "configuring"
        until(lambda: setting(software, f"ipv6/conf/{dev}/disable_ipv6") == "0")  # the helper's 1 is undone
        release(software, process, dev)
    until(lambda: software.run("networkctl", "list", check=False).code == 0)
    follow(software, "networkd")
    for dev in ("tg0", OWN_NAME):
        process = hold(software, "" if dev == "tg0" else f"dev={dev}")
        assert until(lambda: networkd_state(software, dev)) == "unmanaged"
        assert setting(software, f"ipv6/conf/{dev}/disable_ipv6") == "1"
        release(software, process, dev)


@pytest.mark.parametrize("match, captured", [
    ("Name=*", True), ("Name=!quota.tapgrant.*", True), ("Type=ether", True), ("Name=*lab*", True),
    ("Name=quota.tapgrant.*.lab.*", True), ("Name=quota.tapgrant.*.other.*", False), ("Name=lab*", False),
    ("Name=*\nKind=!tun", False), ("Type=ether\nKind=!*", False)])
def test_which_matches_of_networkd_capture_a_tap_of_tapgrant(software, match, captured):
    without_udev(software)
    start_networkd(software, f"[Match]\n{match}\n[Network]\nDHCP=yes\n")
    hold(software, f"dev={OWN_NAME}")
    assert until(lambda: networkd_state(software, OWN_NAME)) == ("configuring" if captured else "unmanaged")


def is_touched(host, dev):
    """Set up, by somebody else than the helper, which does it last."""
    link = host.link(dev) or {}
    return "UP" in link.get("flags", []) and not link.get("altnames")


def test_by_the_alternative_name_alone_networkd_configures_a_tap_before_it_leaves_it(software):
    """It may look at a tap that has no alternative name yet: the file goes by names as well."""
    without_udev(software)
    put(software, "/etc/systemd/network/10-tapgrant.network", "[Match]\nName=quota.tapgrant.*\n[Link]\nUnmanaged=yes\n")
    start_networkd(software, ALL)
    hold_slowly(software, f"dev={OWN_NAME}")
    until(lambda: is_touched(software, OWN_NAME))


def test_by_the_network_file_networkd_leaves_a_tap_before_it_has_its_alternative_name(software):
    without_udev(software)
    put(software, "/etc/systemd/network/10-tapgrant.network", (EXAMPLES / "10-tapgrant.network").read_text())
    start_networkd(software, ALL)
    process = hold_slowly(software, f"dev={OWN_NAME}")
    link = until(lambda: software.link(OWN_NAME))
    state = software.root(f"/run/systemd/netif/links/{link['ifindex']}")
    until(lambda: state.exists() and "ADMIN_STATE=unmanaged" in state.read_text())
    link = software.link(OWN_NAME)
    assert "altnames" not in link and "UP" not in link["flags"]
    assert process.stdout.readline() == "held\n"
    assert networkd_state(software, OWN_NAME) in (False, "unmanaged")
    release(software, process, OWN_NAME)


# NetworkManager -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """NetworkManager unpacked and not installed: a package of it would start it on this machine, and at every boot."""
    root = tmp_path_factory.mktemp("network-manager")
    for package in PACKAGES.glob("*.deb"):
        if not package.name.startswith(("linux-image-", "selinux-policy-")):
            subprocess.run(["dpkg", "-x", package, root], check=True)
    return root


@pytest.fixture
def manager(software, unpacked):
    """A host on which NetworkManager runs, with its bus and udev."""
    if (unpacked / "usr").is_dir():  # nothing, where it is installed
        (unpacked / "lib").exists() and software.run("cp", "-a", f"{unpacked}/lib/.", f"{unpacked}/usr/lib/")
        software.run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={unpacked}/usr:/usr", "/usr")
    put(software, "/etc/NetworkManager/NetworkManager.conf",
        "[main]\nplugins=keyfile\ndns=none\nrc-manager=unmanaged\nhostname-mode=none\nno-auto-default=*\n")
    start_bus(software)
    start_udevd(software)
    software.run("udevadm", "trigger", "--settle", "--subsystem-match=net")
    software.start("NetworkManager", "--no-daemon", **QUIET)
    until(lambda: software.run("nmcli", "general", "status", check=False).code == 0)
    return software


def manager_state(host, dev):
    """What NetworkManager has made of the link, once it knows it and udev is done with it."""
    when_udev_is_done(host, dev)
    shown = dict(line.split(":") for line in host.run("nmcli", "-t", "-f", "DEVICE,STATE", "device").out.splitlines())
    return shown.get(dev)


@pytest.mark.parametrize("net, dev", [("bridge=br0", "tg0"), (f"bridge=br0,dev={OWN_NAME}", OWN_NAME)])
def test_network_manager_makes_a_connection_of_a_tap_and_takes_it_off_its_bridge_and_the_file_stops_it(manager, net, dev):
    process = hold(manager, net)
    until(lambda: manager_state(manager, dev) == "connected (externally)")
    manager.run("nmcli", "connection", "up", dev)
    manager.run("nmcli", "connection", "down", dev)
    assert "master" not in manager.link(dev)
    release(manager, process, dev)
    follow(manager, "networkmanager")
    put(manager, "/etc/NetworkManager/conf.d/90-later.conf", "[keyfile]\nunmanaged-devices=interface-name:other0\n")
    manager.run("nmcli", "general", "reload")
    hold(manager, net)
    until(lambda: manager_state(manager, dev))
    manager.run("ip", "link", "add", "later0", "type", "veth", "peer", "name", "later1")
    until(lambda: manager_state(manager, "later0"))  # known after the tap, whose state is no first impression any more
    assert manager_state(manager, dev) == "unmanaged"
    assert "unknown connection" in manager.run("nmcli", "connection", "up", dev, check=False).err
    assert manager.link(dev)["master"] == "br0"


# nftables ---------------------------------------------------------------------------------------------------------------

GUEST, OTHER = ADDRESS["spoofer"], ADDRESS["guest"]
OWN4, OTHER4, ROUTER4, NOBODYS4 = "10.0.0.65", "10.0.0.66", "10.0.0.2", "10.0.0.5"
OWN6, OTHER6, ROUTER6, LINK6, ABSENT6 = "2001:db8::65", "2001:db8::66", "2001:db8::1", "fe80::65", "::"
PROBE = "0.0.0.0"
ELEMENTS = {
    "owned4": f"{ROUTER4}, 10.0.0.64/26", "owned6": ", ".join((OWN6, OTHER6, ROUTER6)),
    "owned6_target": ", ".join(f"0x{ip_address(address).packed.hex()}" for address in (OWN6, OTHER6, ROUTER6)),
    "pair4": f"{GUEST} . {OWN4}, {OTHER} . {OTHER4}", "pair6": f"{GUEST} . {OWN6}, {OTHER} . {OTHER6}",
    "pair6_target": f"{GUEST} . 0x{ip_address(OWN6).packed.hex()}"}


def neighbour(kind, sender, target):
    """A neighbour solicitation (135) or advertisement (136) from SENDER, of TARGET."""
    body = struct.pack("!BBHI16s", kind, 0, 0, 0, ip_address(target).packed) + tag()
    head = struct.pack("!IHBB16s16s", 6 << 28, len(body), 58, 255, ip_address(sender).packed, ip_address("ff02::1").packed)
    return mac(BROADCAST) + mac(GUEST) + struct.pack("!H", IPV6) + head + body


def tagged(data, *ids, outer=VLAN):
    """With a VLAN tag for each of IDS, of the kind OUTER the first one."""
    kinds = [outer, *[VLAN] * len(ids[1:])]
    return data[:12] + b"".join(struct.pack("!HH", kind, number) for kind, number in zip(kinds, ids)) + data[12:]


def from_port(port, data):
    return data[:34] + struct.pack("!H", port) + data[36:]


def ieee802(data):
    """ARP of the hardware type 6, which Linux takes for Ethernet's (net/ipv4/arp.c, arp_process)."""
    return data[:14] + struct.pack("!H", 6) + data[16:]


# name: (frame, what drops it: None, the file "as it stands", with "elements" in its sets, or by an "option" of it)
FRAMES = {
    "own ARP request": (arp(GUEST, 1, OWN4, ROUTER4), None),
    "own ARP reply": (arp(GUEST, 2, OWN4, ROUTER4), None),
    "ARP probe": (arp(GUEST, 1, PROBE, OWN4), None),
    "ARP of an address that is nobody's": (arp(GUEST, 1, NOBODYS4, ROUTER4), None),
    "own IP": (udp(GUEST, BROADCAST, OWN4, "10.0.0.255"), None),
    "DHCP question": (udp(GUEST, BROADCAST, PROBE, "255.255.255.255", 67), None),
    "own IPv6": (udp(GUEST, BROADCAST, OWN6, "ff02::1"), None),
    "own neighbour solicitation, of the router": (neighbour(135, OWN6, ROUTER6), None),
    "own neighbour advertisement": (neighbour(136, OWN6, OWN6), None),
    "own duplicate address detection": (neighbour(135, ABSENT6, OWN6), None),
    "BPDU": (bpdu(GUEST), "as it stands"),
    "BPDU of PVST+": (bpdu(GUEST, "01:00:0c:cc:cc:cd"), "as it stands"),
    "BPDU with a VLAN tag": (tagged(bpdu(GUEST), 5), "as it stands"),
    "ARP reply as the router, of another hardware type": (ieee802(arp(GUEST, 2, ROUTER4, OTHER4)), "as it stands"),
    "ARP request as the router": (arp(GUEST, 1, ROUTER4, OTHER4), "elements"),
    "ARP reply as the router": (arp(GUEST, 2, ROUTER4, OTHER4), "elements"),
    "ARP reply as another guest": (arp(GUEST, 2, OTHER4, ROUTER4), "elements"),
    "IP as another guest": (udp(GUEST, BROADCAST, OTHER4, "10.0.0.255"), "elements"),
    "IPv6 as another guest": (udp(GUEST, BROADCAST, OTHER6, "ff02::1"), "elements"),
    "neighbour solicitation as another guest": (neighbour(135, OTHER6, ROUTER6), "elements"),
    "neighbour advertisement of the router": (neighbour(136, LINK6, ROUTER6), "elements"),
    "neighbour advertisement of another guest": (neighbour(136, LINK6, OTHER6), "elements"),
    "duplicate address detection of another's": (neighbour(135, ABSENT6, OTHER6), "elements"),
    "router advertisement": (router_advertisement(GUEST), "option"),
    "DHCP answer": (from_port(67, udp(GUEST, BROADCAST, OWN4, "255.255.255.255", 68)), "option"),
    "own ARP with a VLAN tag": (tagged(arp(GUEST, 1, OWN4, ROUTER4), 5), "as it stands"),
}
# whoever gets a tag with the id 0 takes it off, and sees what is in it: hiding the claims behind one, or several, is no way out
TAGS = {"id 0": ([0], VLAN), "id 0 of 802.1ad": ([0], SERVICE), "two of id 0": ([0, 0], VLAN),
        "two of id 0, 802.1ad first": ([0, 0], SERVICE), "three of id 0": ([0, 0, 0], VLAN)}
HIDDEN = ("ARP request as the router", "IP as another guest", "neighbour advertisement of the router", "router advertisement",
          "DHCP answer")
FRAMES |= {f"{name}, behind {tags}": (tagged(FRAMES[name][0], *ids, outer=outer), "as it stands")
           for name in HIDDEN for tags, (ids, outer) in TAGS.items()}


def dropped(segment):
    """The names of the FRAMES that do not get from the guest to the router."""
    def arrives(data):
        marker = frame(GUEST)
        segment.spoofer.send(data)
        segment.spoofer.send(marker)
        return heard(segment.router, data, marker)
    with one_cpu():
        return {name for name, (data, _) in FRAMES.items() if not arrives(data)}


def load(segment, name, elements=False, options=False, vlans=False):
    """The example, as an administrator would edit it."""
    text = (EXAMPLES / name).read_text().replace('"u1000-web"', f'"{segment.spoofer.name}"')
    if elements:
        for key, value in ELEMENTS.items():
            text, done = re.subn(rf"(set {key} \{{[^#}}]*)# elements = .*", rf"\1elements = {{ {value} }}", text)
            assert done == 1
    if options:
        text, done = re.subn(r"^( +)#(?=icmpv6|udp)", r"\1", text, flags=re.M)
        assert done == 2
    if vlans:
        text, done = re.subn(r"^( +)ether type \{ 8021q, 8021ad \} drop\n +#(.*)\n +#(.*)$", r"\1\2\n\1\3", text, flags=re.M)
        assert done == 1
    (segment.host.folder / name).write_text(text)
    segment.host.run("nft", "-f", segment.host.folder / name)


@pytest.mark.parametrize("name", ["tapgrant.nft", "tapgrant-netdev.nft"])
def test_the_nftables_files_drop_what_they_say_and_nothing_else(host, name):
    with Segment(host, far_away(host), "--") as segment:
        assert dropped(segment) == set(), "without a filter all of them arrive"
        for causes in (["as it stands"], ["as it stands", "elements"], ["as it stands", "elements", "option"]):
            load(segment, name, "elements" in causes, "option" in causes)
            assert dropped(segment) == {frame_name for frame_name, (_, cause) in FRAMES.items() if cause in causes}, causes


def test_the_table_for_taps_without_a_bridge_leaves_bridged_frames_alone(host):
    """With br_netfilter the host's own hooks see them, too, as of the bridge."""
    with Segment(host, far_away(host), "--") as segment:
        host.run("sysctl", "-qw", "net.bridge.bridge-nf-call-ip6tables=1", "net.bridge.bridge-nf-call-iptables=1")
        assert segment.spoofer.name.startswith("tg")
        load(segment, "tapgrant.nft")
        text = (host.folder / "tapgrant.nft").read_text().replace("#iifname @taps drop", "iifname @taps drop")
        (host.folder / "tapgrant.nft").write_text(text)
        host.run("nft", "-f", host.folder / "tapgrant.nft")
        host.run("nft", "add", "rule", "inet", "tapgrant", "prerouting", "iifname", "br0", "counter")
        assert dropped(segment) == {name for name, (_, cause) in FRAMES.items() if cause == "as it stands"}
        assert "packets 0" not in host.run("nft", "list", "chain", "inet", "tapgrant", "prerouting").out, "not seen there: no test"


@pytest.mark.parametrize("name", ["tapgrant.nft", "tapgrant-netdev.nft"])
def test_guests_that_use_vlans_have_them_and_still_cannot_hide_behind_id_0(host, name):
    with Segment(host, far_away(host), "--") as segment:
        load(segment, name, elements=True, vlans=True)
        assert dropped(segment) == {frame_name for frame_name, (_, cause) in FRAMES.items()
                                    if cause in ("as it stands", "elements")} - {"own ARP with a VLAN tag"}
        claim, marker = tagged(arp(GUEST, 1, ROUTER4, OTHER4), 5, 5), frame(GUEST)
        with one_cpu():
            segment.spoofer.send(claim)
            segment.spoofer.send(marker)
        assert heard(segment.router, claim, marker), "what is claimed in a VLAN is not filtered, as the file says"


@pytest.mark.parametrize("name", ["tapgrant.nft", "tapgrant-netdev.nft"])
def test_behind_vlan_tags_of_id_0_the_host_itself_is_fooled_only_without_the_files(host, name):
    with Segment(host, far_away(host), "lock") as segment:
        def fooled(ids, outer):
            host.run("ip", "neigh", "replace", ROUTER4, "lladdr", "02:00:00:00:00:ee", "dev", "br0", "nud", "stale")
            segment.spoofer.send(tagged(arp(GUEST, 1, ROUTER4, "10.0.0.1"), *ids, outer=outer))
            segment.speak(segment.spoofer)
            return GUEST in host.run("ip", "-4", "neigh", "show", ROUTER4).out
        without = {tags for tags, how in TAGS.items() if fooled(*how)}
        assert "id 0" in without
        load(segment, name, elements=True)
        assert not [tags for tags, how in TAGS.items() if fooled(*how)]


@pytest.mark.parametrize("name, disabled", [(None, True), ("tapgrant.nft", True), ("tapgrant-netdev.nft", False)])
def test_on_a_bridge_with_stp_only_the_netdev_file_is_before_the_bpdu_guard(host, name, disabled):
    with Segment(host, far_away(host), "--", stp=1) as segment:
        if name:
            load(segment, name)

        def state():
            return host.link(segment.spoofer.name)["linkinfo"]["info_slave_data"]["state"]
        assert state() != "disabled"
        segment.spoofer.send(bpdu(GUEST))
        assert (state() == "disabled") == disabled  # the frame is worked off before write(2) returns


@pytest.mark.parametrize("name, verdict", [(None, "passes"), ("tapgrant.nft", "passes"), ("tapgrant-netdev.nft", "stopped")])
def test_frames_for_the_next_bridge_reach_the_host_unless_the_netdev_file_drops_them(host, name, verdict):
    with Segment(host, far_away(host), "lock+isolate") as segment:
        if name:
            load(segment, name)
        listener = Wire(host.holder.pid, None, None, LLDP)
        # the marker is no link-local frame: nothing stops it
        data, marker = frame("52:54:00:00:00:99", "01:80:c2:00:00:0e", LLDP), frame(GUEST, kind=LLDP)
        with listener, one_cpu():
            segment.spoofer.send(data)
            segment.spoofer.send(marker)
            assert heard(listener, data, marker) == (verdict == "passes")


def test_the_nftables_files_have_the_same_rules():
    def rules(name):
        text = (EXAMPLES / name).read_text()
        return text[text.index("    # Addresses that only"):text.index("    chain ", text.index("chain guest") + 6)]
    assert rules("tapgrant.nft") == rules("tapgrant-netdev.nft")


def test_the_hint_for_nftables_makes_the_file_used_now_and_at_boot(software):
    follow(software, "nftables")
    assert "chain guest" in software.run("nft", "list", "table", "bridge", "tapgrant").out
    software.run("nft", "-f", "/etc/nftables.conf")  # which flushes all that is loaded, first
    assert "chain guest" in software.run("nft", "list", "table", "bridge", "tapgrant").out
