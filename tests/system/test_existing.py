# SPDX-License-Identifier: LGPL-2.1-or-later
"""A managed interface whose device is there: one's own, if it is what is asked, without the helper; otherwise what differs."""
import pytest

from host import ALICE, BOB, HELPER, uid
from test_unmanaged import attach

TAP = f"u{uid(ALICE)}-vm1"
MAC, HOST_MAC = "52:54:00:12:34:56", "fe:54:00:12:34:56"


@pytest.fixture
def made(lab):
    """A tap of ALICE's on br0, of tapgrant create; and a helper that from now on nobody may execute."""
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,guest-mac={MAC}", check=True)
    double = lab.folder / "helper"
    double.write_text("#!/bin/sh\ntouch /dev/shm/executed\n")
    double.chmod(0o755)
    lab.bind(double, HELPER)
    yield lab
    assert not lab.root("/dev/shm/executed").exists(), "the helper was executed"


def settings(host, name=TAP):
    link = host.link(name)
    info = link["linkinfo"]["info_data"]
    return (link["ifindex"], link["address"], link["mtu"], link["master"], link["altnames"], link["ifalias"],
            "UP" in link["flags"], info["user"], info["persist"])


@pytest.mark.parametrize("keys", ["", f",guest-mac={MAC}", f",host-mac={HOST_MAC}", ",mtu=1500", ",persist=yes", ",queues=1",
                                  ",managed=yes,type=bridge"])
def test_ones_own_tap_that_is_what_is_asked_is_opened_as_it_is(made, keys):
    before = settings(made)
    process = made.hold(f"dev={TAP},bridge=br0{keys}")
    assert process.first_line.startswith("held "), process.stderr.read()
    assert made.link(TAP)["linkinfo"]["info_data"]["persist"] and "LOWER_UP" in made.link(TAP)["flags"], "it is attached"
    made.end(process)
    assert settings(made) == before


@pytest.mark.parametrize("asked, differs", [
    ("", "is on bridge br0, not on none"), ("bridge=br1", "is on bridge br0, not on bridge br1"),
    ("bridge=nosuch", "is on bridge br0, not on bridge nosuch"),
    ("bridge=br0,mtu=1400", "has the MTU 1500, not 1400"), ("bridge=br0,queues=2", "has one queue, and 2 are asked for"),
    ("bridge=br0,host-mac=fe:00:00:00:00:01", f"has the host-mac {HOST_MAC}, not fe:00:00:00:00:01"),
    ("bridge=br0,guest-mac=52:54:00:00:00:01", f"has the host-mac {HOST_MAC}, not fe:54:00:00:00:01"),
    ("bridge=br0,persist=no", "is persistent, and persist=no is asked for"),
    ("mtu=1400,queues=3", "is on bridge br0, not on none; has the MTU 1500, not 1400; has one queue, and 3 are asked for")])
def test_what_differs_is_named_and_nothing_is_changed(made, asked, differs):
    made.bridge("br1")
    before = settings(made)
    result = made.tapgrant("run", "--net", f"dev={TAP}" + (f",{asked}" if asked else ""), "--", "true")
    assert result.code == 4
    assert result.err == (f"tapgrant: interface {TAP}: exists already, and {differs}\n"
                          f"hint: add managed=no to use it as it is, or tapgrant delete {TAP}\n")
    assert settings(made) == before


def test_the_address_that_its_port_is_locked_to_is_the_guests(lab):
    lab.policy("[rule lab]\nuser = *\nbridge = br0\nisolate = no\nlock-mac = yes\ndev = *\nguest-mac = *\nhost-mac = *\n")
    host_mac = "host-mac=fe:00:00:00:00:09"
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,guest-mac={MAC},{host_mac}", check=True)
    asked = f"dev={TAP},bridge=br0,{host_mac}"
    assert lab.tapgrant("run", "--net", asked, "--", "echo", "{guest-mac}", check=True).out == f"{MAC}\n"
    assert lab.tapgrant("run", "--net", f"{asked},guest-mac={MAC}", "--", "true").code == 0
    result = lab.tapgrant("run", "--net", f"{asked},guest-mac=52:54:00:00:00:01", "--", "true")
    assert result.code == 4 and f"is locked to the guest-mac {MAC}, not 52:54:00:00:00:01" in result.err, result


def test_several_queues_are_opened_of_one_that_has_them(lab):
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,queues=3", check=True)
    process = lab.hold(f"dev={TAP},bridge=br0,queues=3")
    assert len(process.first_line.split()[1].split(":")) == 3
    lab.end(process)
    assert "has several queues, and 1 are asked for" in lab.tapgrant("run", "--net", f"dev={TAP},bridge=br0", "--", "true").err


def test_create_again_changes_nothing_and_says_the_same(made):
    before = settings(made)
    again = made.tapgrant("create", "--json", "--net", f"dev={TAP},bridge=br0,guest-mac={MAC}", check=True)
    assert again.json[0]["dev"] == TAP and again.json[0]["rule"] == "lab" and again.json[0]["slot"] is not None
    assert settings(made) == before


def test_what_was_there_stays_when_the_command_cannot_be_run(made):
    before = settings(made)
    assert made.tapgrant("run", "--net", f"dev={TAP},bridge=br0,persist=yes", "--", "/nosuch").code == 127
    assert settings(made) == before


def test_one_that_is_held_names_who_holds_it(made):
    made.hold(f"dev={TAP},bridge=br0")
    result = made.tapgrant("run", "--net", f"dev={TAP},bridge=br0", "--", "true")
    assert result.code == 4 and "is held by another process" in result.err and "hint: process " in result.err, result


def test_a_queue_kept_of_it_by_another_is_noticed(lab):
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,queues=2", check=True)
    attach(lab, TAP, ALICE)
    result = lab.tapgrant("run", "--net", f"dev={TAP},bridge=br0,queues=2", "--", "true")
    assert result.code == 4 and "another process holds 1 of its queues" in result.err


@pytest.mark.parametrize("words", [["run", "--net", f"dev={TAP},bridge=br0,queues=2", "--", "true"], ["delete", TAP]])
def test_who_asks_is_never_named_as_who_holds_it(lab, words):
    """It has a queue of its own by then, and was itself the process to be ended where the other's is not to be seen."""
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0,queues=2", check=True)
    attach(lab, TAP, None)
    result = lab.tapgrant(*words)
    hint = f"hint: the process that holds it is not yours to see: root finds it with tapgrant doctor {TAP}"
    assert result.code == 4 and result.err.splitlines()[1:] == [hint], result
    assert "hint: kill " in lab.tapgrant("doctor", TAP, user=None).out


@pytest.mark.parametrize("make, differs", [
    (["ip", "tuntap", "add", "dev", TAP, "mode", "tap", "user", ALICE], "was not made by tapgrant for a user"),
    (["ip", "tuntap", "add", "dev", TAP, "mode", "tun", "user", ALICE], "is no tap but of kind tun"),
    (["ip", "link", "add", TAP, "type", "bridge"], "is no tap but of kind bridge")])
def test_what_tapgrant_did_not_make_is_left_alone(lab, make, differs):
    lab.run(*make)
    before = lab.link(TAP)
    result = lab.tapgrant("run", "--net", f"dev={TAP},bridge=br0", "--", "true")
    own = differs.startswith("was not made")
    hint = "add managed=no to use it as it is, or ask for another dev=" if own else "ask for another dev=: this name is not this user's"
    assert result.code == 4 and f"exists already, and {differs}\nhint: {hint}\n" in result.err, result
    assert lab.link(TAP) == before


def test_anothers_is_left_alone(lab):
    lab.policy("[rule lab]\nuser = *\nbridge = br0\nisolate = no\n"
               "lock-mac = no\ndev = *\n")
    lab.tapgrant("create", "--net", "dev=shared,bridge=br0", user=BOB, check=True)
    before = settings(lab, "shared")
    result = lab.tapgrant("run", "--net", "dev=shared,bridge=br0", "--", "true")
    assert result.code == 4 and f"was granted to uid {uid(BOB)}, and this is uid {uid(ALICE)}" in result.err
    assert settings(lab, "shared") == before


def test_a_transient_one_is_its_holders(lab):
    lab.hold(f"dev={TAP},bridge=br0")
    result = lab.tapgrant("run", "--net", f"dev={TAP},bridge=br0", "--", "true")
    assert result.code == 4 and "is not persistent: it goes with the process that holds it" in result.err


def test_the_helper_makes_the_others_of_a_set(lab):
    lab.tapgrant("create", "--net", f"dev={TAP},bridge=br0", check=True)
    result = lab.tapgrant("run", "--net", "bridge=br0", "--net", f"dev={TAP},bridge=br0", "--", "echo", "{0.dev}", "{1.dev}",
                          check=True)
    assert result.out == f"tg0 {TAP}\n" and lab.link(TAP)
