# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the documents beside it, as virt-install and virsh print them: sudo TAPGRANT_PREFIX=... /usr/bin/python3 make_documents.py

They are committed because virt-install takes seconds, and draws UUIDs and addresses; test_import.py runs it for a few.
"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / name) for name in ("system", "clients")]
sys.dont_write_bytecode = True

from host import ALICE, Host  # noqa: E402
from test_libvirt import Libvirt  # noqa: E402

NETWORKS = {
    "bridge": ["bridge=br0"],
    "bridge-type": ["type=bridge,source=br0"],
    "bridge-virtio": ["bridge=br0,model=virtio"],
    "bridge-e1000": ["bridge=br0,model=e1000,mac=52:54:00:aa:bb:01"],
    "bridge-e1000e": ["bridge=br0,model=e1000e"],
    "bridge-rtl8139": ["bridge=br0,model=rtl8139"],
    "bridge-vmxnet3": ["bridge=br0,model=vmxnet3"],
    "bridge-virtio-transitional": ["bridge=br0,model=virtio-transitional"],
    "bridge-mac": ["bridge=br0,mac=52:54:00:AA:BB:02"],
    "bridge-target": ["bridge=br0,target.dev=lan0"],
    "bridge-target-vnet": ["bridge=br0,target.dev=vnet4"],
    "bridge-target-managed-yes": ["bridge=br0,target.dev=lan0,xpath1.set=./target/@managed=yes"],
    "bridge-queues": ["bridge=br0,model=virtio,driver.name=vhost,driver.queues=4"],
    "bridge-queues-e1000": ["bridge=br0,model=e1000,driver.queues=4"],
    "bridge-mtu": ["bridge=br0,mtu.size=1400"],
    "bridge-mtu-jumbo": ["bridge=br0,model=virtio,mtu.size=9000"],
    "bridge-isolated": ["bridge=br0,xpath1.set=./port/@isolated=yes"],
    "bridge-vlan": ["bridge=br0,xpath1.set=./vlan/tag/@id=42"],
    "bridge-openvswitch": ["bridge=ovs0,virtualport.type=openvswitch"],
    "bridge-filter": ["bridge=br0,filterref.filter=clean-traffic"],
    "bridge-link-down": ["bridge=br0,link.state=down"],
    "bridge-boot-and-rom": ["bridge=br0,boot.order=1,rom.bar=off"],
    "bridge-long-name": ["bridge=a-bridge-name-1"],
    "ethernet": ["type=ethernet"],
    "ethernet-target": ["type=ethernet,target.dev=mytap0"],
    "ethernet-unmanaged": ["type=ethernet,target.dev=mytap0,xpath1.set=./target/@managed=no"],
    "ethernet-unmanaged-vnet": ["type=ethernet,target.dev=vnet5,xpath1.set=./target/@managed=no"],
    "ethernet-unmanaged-macvtap": ["type=ethernet,target.dev=macvtap1,xpath1.set=./target/@managed=no,model=virtio"],
    "ethernet-unmanaged-tg": ["type=ethernet,target.dev=tg3,xpath1.set=./target/@managed=no"],
    "ethernet-unmanaged-queues": ["type=ethernet,target.dev=mytap0,xpath1.set=./target/@managed=no,model=virtio,driver.queues=2"],
    "ethernet-unmanaged-mtu": ["type=ethernet,target.dev=mytap0,xpath1.set=./target/@managed=no,mtu.size=9000"],
    "ethernet-unmanaged-mac": ["type=ethernet,target.dev=tap.7,xpath1.set=./target/@managed=no,mac=fe:54:00:aa:bb:03"],
    "ethernet-managed-yes": ["type=ethernet,target.dev=keep0,xpath1.set=./target/@managed=yes"],
    "ethernet-managed-yes-vnet": ["type=ethernet,target.dev=vnet6,xpath1.set=./target/@managed=yes"],
    "ethernet-script": ["type=ethernet,xpath1.set=./script/@path=/etc/qemu-ifup,xpath2.set=./downscript/@path=/etc/qemu-ifdown"],
    "two-bridges": ["bridge=br0,mac=52:54:00:aa:bb:04", "bridge=br1,model=e1000"],
    "both-roads": ["bridge=br0", "type=ethernet,target.dev=mytap0,xpath1.set=./target/@managed=no"],
    "user": ["user"],
    "user-and-bridge": ["user", "bridge=br0"],
    "network": ["network=default"],
    "direct-and-ethernet": ["type=direct,source=eth0,source.mode=bridge", "type=ethernet,target.dev=own0"],
    "none": ["none"],
}
VIRT_INSTALL = ["virt-install", "--print-xml", "--memory", "64", "--disk", "none", "--graphics", "none", "--check", "all=off"]
# The steps of an installation, a document each; another machine; a libvirt that fills in more.
OTHERS = {
    "installation": ["--osinfo", "debian11", "--location", "{tree},kernel=linux,initrd=initrd.gz", "--network", "bridge=br0"],
    "i686": ["--osinfo", "generic", "--pxe", "--arch", "i686", "--network",
             "type=ethernet,target.dev=mytap0,xpath1.set=./target/@managed=no,model=virtio,mac=fe:11:22:33:44:55"],
    "q35-uuid-title": ["--osinfo", "debian11", "--pxe", "--machine", "q35", "--metadata", "title=A title,description=a -- b",
                       "--network", "bridge=br0"],
}
DUMPED = ["bridge-virtio", "bridge-target-vnet", "ethernet-unmanaged", "ethernet-managed-yes-vnet", "two-bridges", "both-roads",
          "i686"]


def words(libvirt, name, *more):
    return libvirt.words(*VIRT_INSTALL, "--connect", f"qemu:///session?socket={libvirt.home}/run/libvirt/libvirt-sock",
                         "--virt-type", "qemu", "--name", name, *more)


def document(libvirt, name):
    """What virt-install prints for one of NETWORKS."""
    more = [word for network in NETWORKS[name] for word in ("--network", network)]
    return libvirt.host.run(*words(libvirt, name, "--osinfo", "generic", "--pxe", *more), user=ALICE).out


def last(text):
    """virt-install prints a document for each step; the last is the machine as it stays."""
    return text[text.rindex("<domain"):]


def main():
    host = Host()
    libvirt = Libvirt(host)
    tree = libvirt.home / "tree"
    tree.mkdir()
    for name in ("linux", "initrd.gz"):
        (tree / name).write_text("")
    try:
        texts = {name: document(libvirt, name) for name in NETWORKS}
        for name, more in OTHERS.items():
            texts[name] = host.run(*words(libvirt, name, *[word.format(tree=tree) for word in more]), user=ALICE).out
        for name in DUMPED:
            libvirt.virsh("define", libvirt.file("d.xml", last(texts[name])))
            texts[f"dumped-{name}"] = libvirt.virsh("dumpxml", "--inactive", name).out
        for name, text in texts.items():
            (HERE / f"{name}.xml").write_text(text.replace(str(libvirt.home), "/home/alice"))
    finally:
        libvirt.close()
        host.close()


if __name__ == "__main__":
    main()
