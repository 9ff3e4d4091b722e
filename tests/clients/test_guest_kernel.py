# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed programs on Debian's own kernel (6.1), in a guest: what this host's kernel may lack, as bridges that filter by
VLAN.  The guest runs the script below as root and ends; each line that it says is an answer of the kernel's."""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from guest import run, said
from host import APPLY, HELPER, POLICY, PREFIX, TAPGRANT
from test_clients import guest  # noqa: F401 (fixture)

MODULES = ["tun", "bridge", "veth", "bonding", "vrf", "team"]
PROGRAMS = ["/usr/sbin/ip", "/usr/sbin/bridge", "/usr/bin/setpriv"]

INIT = f"""#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /tmp
for module in $(cat /modules/order); do insmod /modules/$module; done
mkdir -p /dev/net; [ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200; chmod 0666 /dev/net/tun
ip() {{ /usr/sbin/ip "$@"; }}  # not busybox
say() {{ echo "GUEST $*"; }}
as() {{ user=$1; shift; /usr/bin/setpriv --reuid $user --regid $user --clear-groups env {TAPGRANT} "$@"; }}
entry() {{ bridge fdb show br $1 | awk -v mac=$2 '$1 == mac && /master/ {{ sub(/ *$/, ""); print }}' | sort | tr '\\n' ';'; }}
say kernel $(uname -r)
ip link set lo up
ip link add br0 address 02:00:00:00:00:01 type bridge vlan_filtering 1 vlan_default_pvid 7
ip link add br1 address 02:00:00:00:00:02 type bridge
for bridge in br0 br1; do echo 0 > /proc/sys/net/ipv6/conf/$bridge/accept_ra; ip link set $bridge up; done

as 1000 create --net bridge=br0,guest-mac=52:54:00:00:00:01 --net bridge=br1,guest-mac=52:54:00:00:00:02 > /tmp/made 2>&1; say created $? $(cat /tmp/made)
for port in tg0 tg1; do say $port $(ip -j -d link show dev $port); done
say vlan $(entry br0 52:54:00:00:00:01)
say plain $(entry br1 52:54:00:00:00:02)
as 1001 create --net bridge=br0,guest-mac=52:54:00:00:00:01 2>/tmp/err; say taken $? $(head -1 /tmp/err)

# another port, in the same VLAN, has merely learned the address
ip link add victim type veth peer name far; ip link set far up; ip link set victim master br0 up
until bridge link show dev victim | grep -q 'state forwarding'; do sleep 0.1; done
bridge fdb add 52:54:00:00:00:03 dev victim master dynamic vlan 7; say learned $(entry br0 52:54:00:00:00:03)
as 1001 create --net bridge=br0,guest-mac=52:54:00:00:00:03 > /tmp/made; say claimed $? $(entry br0 52:54:00:00:00:03)
bridge fdb add 52:54:00:00:00:04 dev victim master static vlan 7
as 1001 create --net bridge=br0,guest-mac=52:54:00:00:00:04 2>/tmp/err; say set $? $(head -1 /tmp/err); say still $(entry br0 52:54:00:00:00:04)
as 1000 create --net bridge=none > /tmp/made; say alone $? $(cat /tmp/made) $(cat /proc/sys/net/ipv4/conf/tg*/forwarding | tr '\\n' ' ')
say taps $(ls /sys/class/net | grep '^tg')
as 1001 check --net bridge=br2 >/dev/null; say denied $?
# other links that ports can be given to: that they are there is said, too
ip link show bond0 >/dev/null 2>&1 || ip link add bond0 type bond
ip link add vrf0 type vrf table 10; ip link add team0 type team
for link in bond0 vrf0 team0; do
    ip link set $link up
    as 1000 create --net bridge=$link >/dev/null 2>/tmp/err; code=$?
    say $link $code $(ip -d -j link show dev $link | grep -o '"info_kind":"[a-z]*"') ports $(ip -o link show master $link | wc -l) $(head -1 /tmp/err)
done
say left $(ls /sys/class/net | grep '^tg')

# a declared port, corrected: in its VLAN, in the one that somebody moved it to, and on another bridge
declare() {{ printf '[interface web]\\ndev = web0\\nowner = 1000\\nlock-mac = yes\\nbridge = %s\\nguest-mac = 52:54:00:00:01:0%s\\nisolate = %s\\n' "$@" > /tmp/web.conf; }}
apply() {{ say $1 $({APPLY} /tmp/web.conf 2>&1 | tr '\\n' ';'); }}
ties() {{ bridge fdb show br $1 | awk '$2 == "dev" && $3 == "web0" && /sticky/ {{ printf "%s%s ", substr($1, 16), $4 == "vlan" ? "/" $5 : "" }}'; }}
declare br0 1 no; apply declared; say tied1 $(ties br0)
declare br0 2 yes; apply corrected; say tied2 $(ties br0)
bridge vlan del dev web0 vid 7; bridge vlan add dev web0 vid 30 pvid untagged; bridge fdb add 52:54:00:00:01:02 dev web0 master static sticky vlan 30
apply moved; say tied3 $(ties br0)
declare br0 3 no; apply other; say tied4 $(ties br0); apply same; say vlans $(bridge vlan show dev web0 | grep -o '[0-9][0-9]* PVID')
bridge fdb add 52:54:00:00:01:04 dev victim master dynamic vlan 30
bridge vlan add dev victim vid 30; bridge fdb add 52:54:00:00:01:05 dev victim master static vlan 30
bridge fdb add 52:54:00:00:01:04 dev victim master dynamic vlan 30; declare br0 4 no; apply learned4; say tied5 $(ties br0)
declare br0 5 no; apply set5; say tied6 $(ties br0)
declare br1 5 no; apply elsewhere; say tied7 $(ties br1)
say done
poweroff -f
"""

# For the same kernel without IPv6
SMALL_INIT = INIT.partition("ip link add br0 ")[0] + """
ip link add br0 address 02:00:00:00:00:01 type bridge; ip link set br0 up
say families $(ip -d -j link show dev br0 | grep -c inet6_addr_gen_mode) $(ls -d /proc/sys/net/ipv6/conf 2>&1)
as 1000 create --net bridge=br0 --net bridge=none >/tmp/made 2>&1; say made $? $(cat /tmp/made)
say stack $(cat /proc/sys/net/ipv4/conf/tg*/rp_filter /proc/sys/net/ipv4/conf/tg*/arp_ignore)
say done
poweroff -f
"""

POLICY_TEXT = "[rule lab]\nuser = *\nbridge = * none\nisolate = yes\nlock-mac = yes\nguest-mac = 52:54:00:*\n"


def libraries(path):
    return {Path(word) for word in run("ldd", path).stdout.split() if word.startswith("/")}


def put(root, path):
    target = root / str(path).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy(path, target)
        target.chmod(path.stat().st_mode & 0o7777)


def boot(guest, tmp_path_factory, init, append=""):  # noqa: F811
    """What the guest said: {word: rest}."""
    root = tmp_path_factory.mktemp("root")
    for name in ("proc", "sys", "dev", "tmp", "etc"):
        (root / name).mkdir()
    for path in [Path("/bin/busybox"), *map(Path, PROGRAMS), TAPGRANT, HELPER, APPLY]:
        put(root, path)
        for library in [] if path.name == "busybox" else libraries(path):
            put(root, library)
    for library in (PREFIX / "lib").rglob("libtapgrant.so.*"):
        put(root, library)
    (root / "bin/sh").symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:::\n")
    (root / "etc/group").write_text("root:x:0:\n")
    put(root, POLICY)
    (root / str(POLICY).lstrip("/")).write_text(POLICY_TEXT)
    guest.add_modules(root, MODULES)
    (root / "init").write_text(init)
    (root / "init").chmod(0o755)
    initrd = guest.archive(root, tmp_path_factory.mktemp("initrd") / "initrd")
    done = subprocess.run(["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-m", "384", "-nodefaults", "-display", "none",
                           "-no-reboot", "-serial", "stdio", "-kernel", guest.kernel, "-initrd", initrd,
                           "-append", f"console=ttyS0 quiet panic=-1 {append}"], capture_output=True, text=True, timeout=180, check=True)
    lines = said(done.stdout)
    assert lines and lines[-1] == "done", done.stdout[-3000:]
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}


@pytest.fixture(scope="module")
def answers(guest, tmp_path_factory):  # noqa: F811
    return boot(guest, tmp_path_factory, INIT)


def test_without_ipv6_there_is_nothing_of_it_to_set(guest, tmp_path_factory):  # noqa: F811
    said_of = boot(guest, tmp_path_factory, SMALL_INIT, "ipv6.disable=1")
    assert said_of["families"].startswith("0 ls: ")
    assert said_of["made"] == "0 tg0 tg1" and said_of["stack"] == "1 1 2 2"


def test_the_guests_kernel_is_debians(answers):
    assert answers["kernel"].startswith("6.1.")


def test_ports_are_locked_there_too(answers):
    assert answers["created"] == "0 tg0 tg1"
    for name in ("tg0", "tg1"):
        (link,) = json.loads(answers[name])
        port = link["linkinfo"]["info_slave_data"]
        assert [key for key in ("locked", "isolated", "guard", "root_block") if port[key]] == ["locked", "isolated", "guard", "root_block"]
        assert not any(port[key] for key in ("learning", "hairpin", "fastleave", "proxy_arp", "proxy_arp_wifi"))


def test_the_address_is_kept_in_each_vlan_of_the_port(answers):
    # a bridge that does not filter has its ports' VLAN all the same, for when it will
    assert answers["plain"] == ("52:54:00:00:00:02 dev tg1 sticky master br1 static;"
                                "52:54:00:00:00:02 dev tg1 vlan 1 sticky master br1 static;")
    assert answers["vlan"] == ("52:54:00:00:00:01 dev tg0 sticky master br0 static;"
                               "52:54:00:00:00:01 dev tg0 vlan 7 sticky master br0 static;")
    assert answers["taken"].startswith("1 tapgrant: guest-mac 52:54:00:00:00:01: ")


def test_what_was_learned_in_the_vlan_gives_way_and_what_was_set_does_not(answers):
    assert answers["learned"] == "52:54:00:00:00:03 dev victim vlan 7 master br0;"
    code, first, second = answers["claimed"].replace("0 ", "0;", 1).rstrip(";").split(";")
    assert code == "0" and " dev tg" in first and " dev tg" in second and "vlan 7 sticky" in second
    assert answers["set"].startswith("1 tapgrant: guest-mac 52:54:00:00:00:04: ")
    assert answers["still"] == "52:54:00:00:00:04 dev victim vlan 7 master br0 static;"


@pytest.mark.parametrize("link, kind", [("bond0", "bond"), ("vrf0", "vrf"), ("team0", "team")])
def test_what_takes_ports_and_is_no_bridge_is_denied_and_gets_none(answers, link, kind):
    assert answers[link].startswith(f'3 "info_kind":"{kind}" ports 0 tapgrant: bridge {link}: denied by policy')
    assert answers["left"] == answers["taps"]


def test_the_rest_is_as_on_this_host(answers):
    assert answers["alone"].startswith("0 tg") and answers["denied"] == "3"
    assert answers["taps"] == "tg0 tg1 tg2 tg3"


def test_a_declared_port_is_corrected_in_its_vlan(answers):
    assert answers["declared"].startswith("created web0;") and answers["corrected"].startswith("changed web0: ")
    assert [sorted(answers[word].split()) for word in ("tied1", "tied2")] == [["01", "01/7"], ["02", "02/7"]]


def test_one_that_was_moved_to_another_vlan_stays_there_until_its_bridge_changes(answers):
    """What was set in the VLAN that it left stays there, where the port has no part."""
    for word in ("moved", "same"):
        assert answers[word].startswith("created 0, changed 0, unchanged 1"), answers[word]
    assert answers["other"].startswith("changed web0: ") and sorted(answers["tied4"].split()) == ["02/7", "03", "03/30"]
    assert answers["vlans"] == "30 PVID"
    assert answers["elsewhere"].startswith("changed web0: ") and sorted(answers["tied7"].split()) == ["05", "05/1"]


def test_there_too_what_was_learned_gives_way_and_what_was_set_is_named(answers):
    assert answers["learned4"].startswith("changed web0: ") and sorted(answers["tied5"].split()) == ["02/7", "04", "04/30"]
    assert "guest-mac 52:54:00:00:01:05 is another port's of bridge br0, or its own" in answers["set5"]
    assert sorted(answers["tied6"].split()) == ["02/7", "04", "04/30"]
