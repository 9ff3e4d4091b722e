# SPDX-License-Identifier: LGPL-2.1-or-later
"""managed=no: what exists is opened, nothing about it changes, and the helper is never executed."""
import time

import pytest

from host import ALICE, BOB, HELPER, TAPGRANT, uid

TUNSETIFF = 0x400454CA
TAP, NO_PI, MULTI_QUEUE = 2, 0x1000, 0x100


@pytest.fixture
def plain(host):
    """A host with no policy, whose helper leaves a mark; no test of this file may leave one."""
    double = host.folder / "helper"
    double.write_text("#!/bin/sh\ntouch /dev/shm/executed\n")
    double.chmod(0o755)
    host.bind(double, HELPER)
    yield host
    assert not host.root("/dev/shm/executed").exists(), "the helper was executed"


def ask(host, spec, user=ALICE, command=("echo", "{fds}", "{dev}")):
    return host.tapgrant("run", "--net", f"managed=no,{spec}", "--", *command, user=user)


def refused(result, *words, code=4):
    assert result.code == code and not result.out, result
    reason, hint = result.err.splitlines()
    assert hint.startswith("hint: ")
    for word in words:
        assert word in result.err, result
    return result


def everything(host, name):
    """All that the kernel tells of a device but what its opener's own presence changes."""
    link = host.link(name)
    link["flags"] = sorted(set(link["flags"]) - {"LOWER_UP", "NO-CARRIER"})
    for key in ("operstate", "num_tx_queues", "num_rx_queues"):
        link.pop(key)
    for key in ("numqueues", "numdisabled", "vnet_hdr", "pi"):
        link["linkinfo"]["info_data"].pop(key, None)
    port = link["linkinfo"].get("info_slave_data", {})
    for key in [key for key in port if key == "state" or key.endswith("_timer")]:
        port.pop(key)  # spanning tree's, which follow the carrier
    return link


@pytest.mark.parametrize("queues", [1, 2])
def test_an_administrators_tap_is_opened_and_unchanged(plain, queues):
    plain.bridge("br0")
    plain.tap("mytap0", ALICE, *(["multi_queue"] if queues > 1 else []))
    plain.run("ip", "link", "set", "mytap0", "mtu", "1400", "address", "02:00:00:00:00:55", "alias", "the lab's", "up",
              "master", "br0")
    before = everything(plain, "mytap0")
    process = plain.hold(f"managed=no,dev=mytap0,queues={queues}")
    assert len(process.first_line.split()[1].split(":")) == queues
    assert everything(plain, "mytap0") == before
    plain.end(process)
    time.sleep(0.05)
    assert everything(plain, "mytap0") == before


@pytest.mark.parametrize("vnet_hdr", ["yes", "no"])
def test_vnet_hdr_follows_the_opener(plain, vnet_hdr):
    plain.tap()
    plain.hold(f"managed=no,dev=mytap0,vnet-hdr={vnet_hdr}")
    assert plain.link("mytap0")["linkinfo"]["info_data"]["vnet_hdr"] == (vnet_hdr == "yes")


def test_an_alternative_name_opens_and_the_kernels_is_reported(plain):
    plain.tap()
    for altname in ("short-alt", "a-much-longer-alternative-name-of-the-tap"):
        plain.run("ip", "link", "property", "add", "dev", "mytap0", "altname", altname)
        assert ask(plain, f"dev={altname}").out.split()[1] == "mytap0"


@pytest.mark.parametrize("user", [ALICE, None])
@pytest.mark.parametrize("name", ["mytap0", "tap%d", "tg5", "a-name-far-longer-than-any-interface", "x/../y", "a b"])
def test_what_does_not_exist_is_never_made_root_too(plain, user, name):
    refused(ask(plain, f"dev={name}", user=user), "target managed='no' but specified dev doesn't exist")
    assert plain.taps() == []


@pytest.mark.parametrize("kind, options", [("bridge", []), ("veth", ["peer", "name", "y0"])])
def test_another_kind_is_named(plain, kind, options):
    plain.run("ip", "link", "add", "x0", "type", kind, *options)
    refused(ask(plain, "dev=x0"), f"is no tap but of kind {kind}")


def test_a_tun_device_is_no_tap(plain):
    plain.run("ip", "tuntap", "add", "dev", "x0", "mode", "tun", "user", ALICE)
    refused(ask(plain, "dev=x0"), "is no tap but of kind tun")


def test_anothers_tap_is_refused(plain):
    plain.tap("x0", BOB)
    refused(ask(plain, "dev=x0"), f"belongs to uid {uid(BOB)}, and this is uid {uid(ALICE)}")


def test_a_groups_tap_is_refused_to_others(plain):
    plain.run("ip", "tuntap", "add", "dev", "x0", "mode", "tap", "group", BOB)
    refused(ask(plain, "dev=x0"), "group")
    assert ask(plain, "dev=x0", user=BOB).code == 0


def test_a_held_tap_names_its_holder(plain):
    plain.tap()
    process = plain.hold("managed=no,dev=mytap0")
    refused(ask(plain, "dev=mytap0"), "is held by another process", "hint: process ")
    plain.end(process)
    assert ask(plain, "dev=mytap0").code == 0


def test_queues_that_do_not_fit_are_said(plain):
    plain.tap()
    refused(ask(plain, "dev=mytap0,queues=2"), "has one queue, and 2 are asked for", "multi_queue")


def test_one_queue_of_a_multi_queue_tap_opens(plain):
    """The most common EINVAL of all: the device's own flag is used, whatever is asked."""
    plain.tap("mytap0", ALICE, "multi_queue")
    assert ask(plain, "dev=mytap0").code == 0


def attach(host, name, user):
    """A queue of a multi-queue tap, held by somebody else."""
    code = ("import fcntl,os,struct,sys,time;fd=os.open('/dev/net/tun',os.O_RDWR);"
            f"fcntl.ioctl(fd,{TUNSETIFF},struct.pack('16sH22x',{name.encode()!r},{TAP | NO_PI | MULTI_QUEUE}));"
            "print('attached',flush=True);time.sleep(60)")
    process = host.start("/usr/bin/python3", "-c", code, user=user)
    assert process.stdout.readline() == "attached\n"
    return process


def test_a_queue_kept_by_another_is_noticed(plain):
    """The attack: who gave the tap away kept a queue of it, and would get a share of the traffic."""
    plain.run("ip", "tuntap", "add", "dev", "mytap0", "mode", "tap", "multi_queue")
    attacker = attach(plain, "mytap0", BOB)
    plain.run("ip", "tuntap", "add", "dev", "unrelated", "mode", "tap", "user", ALICE)
    refused(ask(plain, "dev=mytap0"), "another process holds 1 of its queues")
    plain.end(attacker)
    assert ask(plain, "dev=mytap0").code == 0


def test_a_tap_that_an_attacker_gave_away_and_still_reads_is_noticed(plain):
    """He makes it his victim's by TUNSETOWNER, which its holder may, and keeps the queue."""
    plain.tap("mytap0", BOB, "multi_queue")
    code = ("import fcntl,os,struct,time;fd=os.open('/dev/net/tun',os.O_RDWR);"
            f"fcntl.ioctl(fd,{TUNSETIFF},struct.pack('16sH22x',b'mytap0',{TAP | NO_PI | MULTI_QUEUE}));"
            f"fcntl.ioctl(fd,0x400454cc,{uid(ALICE)});print('given',flush=True);time.sleep(60)")
    attacker = plain.start("/usr/bin/python3", "-c", code, user=BOB)
    assert attacker.stdout.readline() == "given\n" and plain.link("mytap0")["linkinfo"]["info_data"]["user"] == ALICE
    for queues in (1, 2):
        refused(ask(plain, f"dev=mytap0,queues={queues}"), "another process holds 1 of its queues")
    plain.end(attacker)
    assert ask(plain, "dev=mytap0,queues=2").code == 0


def test_no_owner_and_down_are_warned_of(plain):
    plain.tap("mytap0", None)
    result = ask(plain, "dev=mytap0")
    assert result.code == 0 and "warning: it has no owner" in result.err and "warning: it is down" in result.err
    plain.tap("mytap1")
    plain.run("ip", "link", "set", "mytap1", "up")
    assert ask(plain, "dev=mytap1").err == ""


def test_a_closed_node_is_explained(plain):
    plain.tap()
    plain.run("chmod", "0600", "/dev/net/tun")
    refused(ask(plain, "dev=mytap0"), "/dev/net/tun: uid", "chmod 0666", code=1)


def test_a_device_that_vanishes_while_it_is_opened(plain):
    """strace delays the TUNSETIFF; the device goes meanwhile.  As root, where the kernel would make a new one."""
    plain.tap()
    process = plain.start("strace", "-f", "-o", "/dev/null", "-e", "inject=ioctl:delay_enter=600000:when=2",
                          TAPGRANT, "run", "--net", "managed=no,dev=mytap0", "--", "true")
    time.sleep(0.4)
    plain.run("ip", "link", "del", "mytap0")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 4 and "vanished" in err, err
    assert plain.taps() == []


def test_a_device_that_is_renamed_while_it_is_opened(plain):
    """Of that name there is none: the kernel would make it, if it were let; it was said to be held."""
    plain.tap()
    process = plain.start("strace", "-f", "-o", "/dev/shm/trace", "-e", "trace=ioctl", "-e",
                          "inject=ioctl:delay_enter=700000:when=2", TAPGRANT, "run", "--net", "managed=no,dev=mytap0", "--", "true")
    plain.run("sh", "-c", "until grep -q TUNSETIFINDEX /dev/shm/trace; do sleep 0.01; done", timeout=10)
    plain.run("ip", "link", "set", "mytap0", "name", "mytap1")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 4 and "interface mytap0: vanished while it was being opened" in err, err
    assert plain.taps() == ["mytap1"]


def test_a_managed_and_an_unmanaged_one_in_one_set(lab):
    lab.tap("mytap0")
    result = lab.tapgrant("run", "--net", "managed=no,dev=mytap0", "--net", "bridge=br0", "--", "echo", "{0.dev}", "{1.dev}",
                          check=True)
    assert result.out == "mytap0 tg0\n"
    assert lab.tapgrant("run", "--net", "managed=no,dev=nosuch", "--net", "bridge=br0", "--", "true").code == 4


def test_create_makes_managed_ones_only(lab):
    lab.tap()
    result = lab.tapgrant("create", "--net", "managed=no,dev=mytap0")
    assert result.code == 2 and "managed=no" in result.err


def test_a_name_that_would_steer_a_terminal_is_shown_and_not_obeyed(plain):
    """The kernel takes every byte but blanks, '/' and ':' in a name; the command and its scripts get it as it is."""
    plain.tap("mytap0", None)
    plain.run("ip", "link", "set", "mytap0", "name", "a\x1b[2Jz")
    result = ask(plain, "dev=a\x1b[2Jz,script=/bin/false", command=("true",))
    assert result.code == 1 and "\x1b" not in result.err, result
    assert [line for line in result.err.splitlines() if "a\\x1b[2Jz" in line] == result.err.splitlines()
    assert ask(plain, "dev=a\x1b[2Jz", command=("echo", "{dev}")).out == "a\x1b[2Jz\n"
