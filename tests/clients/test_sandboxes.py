# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that no setuid file works for, on a host that has none: the service gives them their taps."""
import shutil

import pytest

from daemon import Service
from guest import answering
from host import ALICE, HELPER, PREFIX, TAPGRANT, uid
from test_clients import net, reach  # noqa: F401 (a fixture)
from test_libvirt import BRIDGE, Libvirt

BRIDGE_HELPER = PREFIX / "libexec/tapgrant-bridge-helper"
SOCKET = "/run/tapgrant/socket"
STRICTEST = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
# A sandbox that has programs, and nothing of the host's but the folder of the socket.
BWRAP = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin",
         "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev",
         "--tmpfs", "/tmp", "--ro-bind", PREFIX, PREFIX]


@pytest.fixture
def served(net):  # noqa: F811
    """br0 with the host's own 10.88.0.1 on it, the service, and no setuid file of tapgrant's."""
    plain = net.folder / "helper"
    shutil.copyfile(HELPER, plain)
    plain.chmod(0o755)
    net.bind(plain, HELPER)
    net.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    with Service(net, path=SOCKET):
        yield net


def test_without_the_service_nothing_of_this_works(net):  # noqa: F811
    done = net.tapgrant("run", "--net", "bridge=br0", "--", "true", extra=["--no-new-privs"])
    assert done.code == 1 and "no_new_privs" in done.err and net.taps() == []


def test_qemu_in_its_strictest_sandbox_by_a_descriptor_of_tapgrant_run(served):
    words = answering("tap,id=t0,fd={fd}") + ["-sandbox", STRICTEST]
    process = served.start(TAPGRANT, "run", "--net", "bridge=br0", "--", *words, user=ALICE)
    reach(served)
    served.end(process)
    served.wait_gone("tg0")


def test_qemu_that_may_gain_no_privilege_by_helper(served):
    """It may start programs; none of them is setuid to any effect."""
    words = answering(f"bridge,id=t0,br=br0,helper={BRIDGE_HELPER}") + ["-sandbox", "on,elevateprivileges=deny"]
    process = served.start(*words, user=ALICE)
    reach(served)
    assert served.link("tg0")["linkinfo"]["info_data"]["user"] == ALICE
    served.end(process)
    served.wait_gone("tg0")


def test_a_program_that_may_gain_no_privilege(served):
    done = served.tapgrant("run", "--net", "bridge=br0", "--", "cat", "/sys/class/net/tg0/brport/bridge/ifindex", check=True,
                           extra=["--no-new-privs"])
    assert int(done.out) == served.link("br0")["ifindex"]


def test_qemu_in_bubblewrap_with_the_hosts_network(served):
    words = [*BWRAP, "--share-net", "--ro-bind", "/run/tapgrant", "/run/tapgrant", TAPGRANT, "run", "--net", "bridge=br0", "--"]
    process = served.start(*words, *answering("tap,id=t0,fd={fd}"), "-sandbox", STRICTEST, user=ALICE)
    reach(served)
    assert served.link("tg0")["linkinfo"]["info_data"]["user"] == ALICE
    served.end(process)
    served.wait_gone("tg0")


def test_in_bubblewrap_without_the_socket_or_with_a_network_of_its_own_there_is_no_tap(served):
    run = [TAPGRANT, "run", "--net", "bridge=br0", "--", "true"]
    done = served.run(*BWRAP, "--share-net", *run, user=ALICE, check=False)
    assert done.code == 1 and f"cannot be reached at {SOCKET}" in done.err, done
    done = served.run(*BWRAP, "--ro-bind", "/run/tapgrant", "/run/tapgrant", *run, user=ALICE, check=False)
    assert done.code == 1 and "another network namespace" in done.err, done
    assert served.taps() == []


def test_libvirts_session_mode_by_bridge_helper_without_a_setuid_file(served):
    libvirt = Libvirt(served)
    try:
        libvirt.define(BRIDGE.format(bridge="br0", model="virtio"))
        libvirt.virsh("start", "vm1", "--paused")
        tap = served.link(libvirt.live_tap())
        assert tap["master"] == "br0" and tap["ifalias"].startswith(f"tapgrant uid={uid(ALICE)} ")
        libvirt.virsh("destroy", "vm1")
        served.wait_gone(tap["ifname"])
    finally:
        libvirt.close()
