# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a granted port of a bridge is made to be by its rule, as the kernel shows it; what passes it: test_shared_bridge.py."""
import json
import re
import time

import pytest

from host import ALICE, TAPGRANT

RULE = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = {isolate}\nlock-mac = {lock}\nguest-mac = 52:54:00:*\nhost-mac = *\n"
GUEST = "52:54:00:12:34:56"


def lab_with(host, lock="yes", isolate="no", **bridge):
    host.policy(RULE.format(lock=lock, isolate=isolate))
    host.bridge("br0", **bridge)
    return host


def port(host, name="tg0"):
    return host.link(name)["linkinfo"]["info_slave_data"]


def entries(host, mac, bridge="br0"):
    """The forwarding table's entries for MAC: (port, state, flags)."""
    table = json.loads(host.run("bridge", "-j", "fdb", "show", "br", bridge).out)
    return [(entry["ifname"], entry["state"], entry["flags"]) for entry in table if entry["mac"] == mac and "master" in entry]


def victim(host):
    """Another port, with a carrier: without one it learns nothing."""
    host.run("ip", "link", "add", "victim", "type", "veth", "peer", "name", "far")
    host.run("ip", "link", "set", "far", "up")
    host.run("ip", "link", "set", "victim", "master", "br0", "up")
    deadline = time.monotonic() + 10
    while port(host, "victim")["state"] != "forwarding":
        assert time.monotonic() < deadline


@pytest.mark.parametrize("isolate", ["no", "yes"])
@pytest.mark.parametrize("lock", ["no", "yes"])
def test_a_port_is_what_its_rule_makes_it(host, lock, isolate):
    lab_with(host, lock, isolate)
    host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST}", check=True)
    now = port(host)
    assert now["locked"] == (lock == "yes") and now["learning"] == (lock == "no") and now["isolated"] == (isolate == "yes")
    assert now["guard"] and now["root_block"]
    assert not (now["hairpin"] or now["fastleave"] or now["proxy_arp"] or now["proxy_arp_wifi"])
    assert entries(host, GUEST) == ([("tg0", "static", ["sticky"])] if lock == "yes" else [])


def test_a_list_has_the_addresses_that_the_ports_are_locked_to(host):
    lab_with(host)
    host.bridge("br1")
    host.policy(RULE.format(lock="yes", isolate="no").replace("br0", "br0 br1"))
    made = host.tapgrant("create", "--json", "--net", f"bridge=br0,guest-mac={GUEST}", "--net", "bridge=br1", "--net", "bridge=br0",
                         "--net", "bridge=none", check=True).json
    assert all(interface["guest_mac"] for interface in made[:3]) and len({interface["guest_mac"] for interface in made}) == 4
    listed = host.tapgrant("list", "--json", check=True).json
    assert {one["dev"]: one["guest_mac"] for one in listed} == {one["dev"]: one["guest_mac"] for one in made}


def test_a_locked_port_without_an_address_asked_gets_one(host):
    lab_with(host)
    made = host.tapgrant("create", "--net", "bridge=br0", "--net", "bridge=br0", "--json", check=True).json
    macs = [interface["guest_mac"] for interface in made]
    assert len(set(macs)) == 2
    for interface in made:
        mac = interface["guest_mac"]
        assert re.fullmatch("[0-9a-f][26ae](:[0-9a-f]{2}){5}", mac)
        assert interface["host_mac"] != mac and interface["host_mac"][2:] == mac[2:]
        assert [entry[0] for entry in entries(host, mac)] == [interface["dev"]]
    run = host.tapgrant("run", "--net", "bridge=br0", "--", "echo", "{guest-mac}", check=True)
    assert re.fullmatch("[0-9a-f][26ae](:[0-9a-f]{2}){5}\n", run.out)


def test_a_tap_without_a_bridge_is_not_locked(host):
    lab_with(host)
    (made,) = host.tapgrant("create", "--net", "bridge=none", "--json", check=True).json
    assert made.get("guest_mac") is None


def test_the_taps_own_address_is_never_the_guests(host):
    lab_with(host)
    (made,) = host.tapgrant("create", "--net", "bridge=br0,guest-mac=52:54:00:00:00:01", "--json", check=True).json
    assert made["host_mac"] == "fe:54:00:00:00:01"
    refused = host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST},host-mac={GUEST}")
    assert refused.code == 2 and len(host.taps()) == 1


def test_what_another_port_learned_gives_way(host):
    lab_with(host)
    victim(host)
    host.run("bridge", "fdb", "add", GUEST, "dev", "victim", "master", "dynamic")
    host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST}", check=True)
    assert [entry[0] for entry in entries(host, GUEST)] == ["tg0"]


def test_what_was_learned_is_removed_only_where_it_is_in_the_way_and_the_claim_tried_once_more(host):
    lab_with(host)
    victim(host)
    host.run("bridge", "fdb", "add", GUEST, "dev", "victim", "master", "dynamic")
    trace = host.folder / "trace"
    host.run("strace", "-u", ALICE, "-f", "-e", "trace=sendto", "-o", trace, TAPGRANT, "create", "--net", f"bridge=br0,guest-mac={GUEST}")
    sent = re.findall("RTM_(NEWLINKPROP|SETLINK|NEWNEIGH|DELNEIGH)", trace.read_text())
    assert sent == ["NEWLINKPROP", "SETLINK", "SETLINK", "NEWNEIGH", "DELNEIGH", "NEWNEIGH", "SETLINK"]
    assert [entry[0] for entry in entries(host, GUEST)] == ["tg0"]


@pytest.mark.parametrize("how", ["static", "local", "of a control plane", "the bridge's own", "another granted port's"])
def test_what_somebody_set_does_not(host, how):
    lab_with(host)
    victim(host)
    if how == "the bridge's own":
        host.run("ip", "link", "set", "br0", "address", GUEST)
    elif how == "another granted port's":
        host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST}", check=True)
    else:
        how = {"of a control plane": "dynamic extern_learn"}.get(how, how)
        host.run("bridge", "fdb", "add", GUEST, "dev", "victim", "master", *how.split())
    before, taps = entries(host, GUEST), host.taps()
    refused = host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST}")
    assert refused.code == 1 and f"guest-mac {GUEST}" in refused.err and "another port" in refused.err, refused
    assert "hint: " in refused.err
    assert before and entries(host, GUEST) == before and host.taps() == taps


@pytest.mark.parametrize("how", ["static", "dynamic"])
def test_a_guests_address_is_not_given_to_a_tap(host, how):
    """The kernel would take it from the guest, a static entry too (br_fdb_add_local)."""
    lab_with(host)
    victim(host)
    host.run("bridge", "fdb", "add", GUEST, "dev", "victim", "master", how)
    before = entries(host, GUEST)
    refused = host.tapgrant("create", "--net", f"bridge=br0,host-mac={GUEST}")
    assert refused.code == 1 and f"host-mac {GUEST}" in refused.err and "another port" in refused.err, refused
    assert "the bridge itself" not in refused.err and "made from" not in refused.err
    assert before and entries(host, GUEST) == before and not host.taps()


def test_an_address_that_was_made_for_the_tap_is_said_to_be_its_own(host):
    """Only guest-mac was asked for, and another port has what is made from it."""
    lab_with(host)
    victim(host)
    host.run("bridge", "fdb", "add", "fe:54:00:12:34:56", "dev", "victim", "master", "static")
    refused = host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST}")
    assert refused.code == 1 and "host-mac fe:54:00:12:34:56: another port of bridge br0 has this address, which was to be the tap's " \
        "own and is made from guest-mac" in refused.err and "ask for another host-mac=" in refused.err, refused
    host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST},host-mac=02:00:00:00:00:77", check=True)


def test_the_bridges_own_address_as_a_taps_is_no_conflict(host):
    """It is a local entry already, and stays one: a message about host-mac has no words of the bridge itself."""
    lab_with(host, lock="no")
    host.tapgrant("create", "--net", "bridge=br0,host-mac=02:00:00:00:00:01", check=True)
    assert host.link("br0")["address"] == host.link("tg0")["address"] == "02:00:00:00:00:01"


@pytest.mark.parametrize("lock", ["yes", "no"])
def test_one_guests_address_twice_in_a_request(host, lock):
    lab_with(host, lock)
    nets = ["--net", f"bridge=br0,guest-mac={GUEST}"] * 2
    result = host.tapgrant("create", *nets)
    assert result.code == (1 if lock == "yes" else 0)
    assert ("another interface of this request asks for it on bridge br0, too" in result.err) == (lock == "yes"), result
    assert len(host.taps()) == (0 if lock == "yes" else 2)


def test_two_taps_may_have_one_address_of_their_own(host):
    """As where one guest's tap is not gone yet when its next one is made."""
    lab_with(host, lock="no")
    for _ in range(2):
        host.tapgrant("create", "--net", f"bridge=br0,guest-mac={GUEST}", check=True)
    assert [host.link(name)["address"] for name in ("tg0", "tg1")] == ["fe:54:00:12:34:56"] * 2


def test_the_claim_goes_with_its_device(host):
    lab_with(host)
    process = host.hold(f"bridge=br0,guest-mac={GUEST}")
    assert [entry[0] for entry in entries(host, GUEST)] == ["tg0"]
    host.end(process)
    host.wait_gone("tg0")
    assert not entries(host, GUEST)


def test_no_other_port_is_touched(host):
    lab_with(host, isolate="yes")
    host.tap("other", ALICE)
    host.run("ip", "link", "set", "other", "master", "br0", "up")
    before = port(host, "other"), host.link("br0")["address"], host.link("br0")["mtu"]
    host.tapgrant("create", "--net", "bridge=br0", check=True)
    after = port(host, "other"), host.link("br0")["address"], host.link("br0")["mtu"]
    for now in (before[0], after[0]):
        for timer in [key for key in now if "timer" in key]:
            now.pop(timer)
    assert before == after
