# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a granted, managed interface is, in the kernel."""
import re

import pytest

from host import ALICE, BOB, Host, uid

RULE = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\n"


def info(link):
    return link["linkinfo"]["info_data"]


def test_a_bridged_tap_is_up_on_its_bridge_and_its_users(lab):
    (name,) = lab.tapgrant("create", "--net", "bridge=br0", check=True).out.split()
    link = lab.link(name)
    assert re.fullmatch("tg[0-9]+", name)
    assert link["master"] == "br0" and "UP" in link["flags"] and link["mtu"] == 1500
    assert link["address"].startswith("fe:")
    assert link["ifalias"] == f"tapgrant uid={uid(ALICE)} rule=lab"
    assert re.fullmatch(rf"quota\.tapgrant\.{uid(ALICE)}\.lab\.[0-7]", link["altnames"][0])
    assert info(link)["user"] == ALICE and "group" not in info(link)
    assert link["inet6_addr_gen_mode"] == "none"
    assert not lab.run("ip", "-6", "addr", "show", "dev", name).out


def test_a_transient_tap_goes_with_its_last_descriptor(lab):
    process = lab.hold("bridge=br0")
    assert lab.taps() == ["tg0"]
    lab.end(process)
    lab.wait_gone("tg0")


def test_name_and_addresses_are_what_was_asked(lab):
    name = f"u{uid(ALICE)}-vm1"
    lab.tapgrant("create", "--net", f"dev={name},bridge=br0,guest-mac=52:54:00:12:34:56", check=True)
    assert lab.link(name)["address"] == "fe:54:00:12:34:56"
    lab.tapgrant("create", "--net", f"dev={name}b,host-mac=02:00:00:00:00:09", check=True)
    assert lab.link(f"{name}b")["address"] == "02:00:00:00:00:09"
    lab.tapgrant("create", "--net", f"dev={name}c,guest-mac=fe:54:00:12:34:57", check=True)
    assert lab.link(f"{name}c")["address"] == "fa:54:00:12:34:57"


def test_the_mtu_is_the_bridges_and_leaves_the_bridges_alone(host):
    host.policy(RULE + "mtu = 1280-9000\n")
    host.bridge("br0", mtu=4000)
    host.run("ip", "link", "add", "uplink", "mtu", "4000", "master", "br0", "type", "veth", "peer", "name", "far")
    host.tapgrant("create", "--net", "bridge=br0", check=True)
    assert host.link("tg0")["mtu"] == 4000
    host.tapgrant("create", "--net", "bridge=br0,mtu=9000", check=True)
    assert host.link("tg1")["mtu"] == 9000 and host.link("br0")["mtu"] == 4000
    refused = host.tapgrant("create", "--net", "bridge=br0,mtu=1400")
    assert refused.code == 3 and "below its own" in refused.err and host.link("br0")["mtu"] == 4000
    assert len(host.taps()) == 2


@pytest.mark.parametrize("bridge", ["none", "br0"])
def test_the_host_hears_no_router_on_a_tap_and_forwards_nothing(lab, bridge):
    """On a port neither: its bridge may be deleted while it is there."""
    lab.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    lab.tapgrant("create", "--net", f"bridge={bridge}", check=True)
    link = lab.link("tg0")
    assert link.get("master", "none") == bridge and "UP" in link["flags"] and link["mtu"] == 1500
    wanted = {"ipv4.conf.tg0.forwarding": "0", "ipv4.conf.tg0.rp_filter": "1", "ipv4.conf.tg0.arp_ignore": "2",
              "ipv6.conf.tg0.accept_ra": "0", "ipv6.conf.tg0.disable_ipv6": "1", "ipv6.conf.tg0.addr_gen_mode": "1"}
    for key, value in wanted.items():
        assert lab.run("sysctl", "-n", f"net.{key}").out.strip() == value, key


def test_several_queues_are_one_device(lab):
    process = lab.hold("bridge=br0,queues=3")
    assert len(process.first_line.split()[1].split(":")) == 3
    assert info(lab.link("tg0"))["multi_queue"] and info(lab.link("tg0"))["numqueues"] == 3
    lab.end(process)
    lab.wait_gone("tg0")


def test_vnet_hdr_is_as_asked(lab):
    lab.tapgrant("create", "--net", "bridge=br0", "--net", "bridge=br0,vnet-hdr=no", check=True)
    assert info(lab.link("tg0"))["vnet_hdr"] and not info(lab.link("tg1"))["vnet_hdr"]


@pytest.mark.parametrize("last, code", [("bridge=br9", 3), (f"dev=u{{uid}}-x,bridge=br0", 4)])
def test_a_set_is_all_or_none(lab, last, code):
    last = last.format(uid=uid(ALICE))
    lab.tap(f"u{uid(ALICE)}-x", BOB)
    before = lab.taps()
    result = lab.tapgrant("create", "--net", "bridge=br0", "--net", "bridge=none", "--net", last)
    assert result.code == code and not result.out
    lab.wait_gone("tg0", "tg1")
    assert lab.taps() == before


def test_a_set_of_the_largest_size(lab):
    lab.policy(RULE + "max = 64\nqueues = 4\n")
    process = lab.hold(*["bridge=br0,queues=3"] * 61, *["bridge=br0,queues=4"] * 2, "bridge=br0,queues=2")
    assert process.first_line == "held\n" and len(lab.taps()) == 64
    result = lab.tapgrant("create", *["--net", "bridge=br0,queues=4"] * 64)
    assert result.code == 2 and "253" in result.err


def test_an_existing_name_is_refused_with_what_to_do(lab):
    name = f"u{uid(ALICE)}-vm1"
    lab.tap(name, BOB)
    before = lab.link(name)
    result = lab.tapgrant("create", "--net", f"dev={name}")
    assert result.code == 4
    assert result.err == (f"tapgrant: interface {name}: exists already, and was not made by tapgrant for a user\n"
                          "hint: ask for another dev=: this name is not this user's\n")
    assert lab.link(name) == before


def test_an_alternative_name_of_another_device_is_taken_too(lab):
    name = f"u{uid(ALICE)}-alt"
    lab.tap("victim", BOB)
    lab.run("ip", "link", "property", "add", "dev", "victim", "altname", name)
    assert lab.tapgrant("create", "--net", f"dev={name}").code == 4
    assert lab.taps() == ["victim"] and info(lab.link("victim"))["user"] == BOB


def test_a_bridge_may_be_asked_for_by_its_alternative_name_if_its_own_is_granted(lab):
    lab.run("ip", "link", "property", "add", "dev", "br0", "altname", "uplink")
    created = lab.tapgrant("create", "--json", "--net", "bridge=uplink", check=True)
    assert created.json[0]["bridge"] == "br0" and lab.link("tg0")["master"] == "br0"


def test_each_decision_is_logged(lab):
    lab.listen_log()
    lab.tapgrant("create", "--net", "bridge=br0", check=True)
    lab.tapgrant("create", "--net", "bridge=br9")
    granted, denied = lab.log_lines()
    alice = uid(ALICE)
    assert re.fullmatch(rf"<86>tapgrant\[\d+\]: uid={alice} verdict=granted rule=lab device=tg0 index=\d+ bridge=br0 .*",
                        granted)
    assert re.fullmatch(rf"<85>tapgrant\[\d+\]: uid={alice} verdict=denied rule= device= index=0 bridge=br9 .*", denied)


def test_root_asks_by_the_same_policy(lab):
    lab.tapgrant("create", "--net", "bridge=br0", user=None, check=True)
    assert info(lab.link("tg0"))["user"] == "root"
    assert lab.tapgrant("create", "--net", "bridge=br9", user=None).code == 3


def test_create_prints_names_and_objects(lab):
    assert lab.tapgrant("create", "--net", "bridge=br0", "--net", "", check=True).out == "tg0\ntg1\n"
    (made,) = lab.tapgrant("create", "--json", "--net", "bridge=br0,guest-mac=52:54:00:00:00:01", check=True).json
    assert made == {"dev": "tg2", "ifindex": lab.link("tg2")["ifindex"], "uid": uid(ALICE), "user": ALICE, "rule": "lab",
                    "slot": made["slot"], "bridge": "br0", "host_mac": "fe:54:00:00:00:01",
                    "guest_mac": "52:54:00:00:00:01", "mtu": 1500, "queues": 1, "persist": True, "up": True,
                    "held_by": made["held_by"]}


def test_a_tap_of_that_name_in_another_namespace_is_not_this_one(lab):
    other = Host()
    try:
        other.policy("[rule lab]\nuser = *\nbridge = none\n")
        process = other.hold("bridge=none")
        assert other.taps() == ["tg0"] and process.first_line.startswith("held")
        lab.tapgrant("create", "--net", "bridge=br0", check=True)
        assert lab.tapgrant("list", "--json", user=None, check=True).json[0]["held_by"] == []
        other.end(process)
    finally:
        other.close()


def test_list_says_who_has_what(lab):
    process = lab.hold("bridge=br0", user=BOB)
    lab.tapgrant("create", "--net", "dev=u{}-a".format(uid(ALICE)), check=True)
    lab.tap("strange", BOB)
    rows = lab.tapgrant("list", "--json", user=None, check=True).json
    assert [(row["dev"], row["user"], row["rule"], row["bridge"], row["persist"]) for row in rows] == [
        ("tg0", BOB, "lab", "br0", False), (f"u{uid(ALICE)}-a", ALICE, "lab", None, True)]
    held = [int(pid) for pid in lab.run("cat", f"/proc/{process.pid}/task/{process.pid}/children").out.split()]
    assert rows[0]["held_by"] in ([process.pid], held) and rows[1]["held_by"] == []
    assert "tg0" in lab.tapgrant("list", check=True).out and "strange" not in lab.tapgrant("list", check=True).out


def test_delete_takes_ones_own_and_nothing_else(lab):
    lab.tapgrant("create", "--net", "bridge=br0", "--net", "bridge=br0,queues=2", check=True)
    lab.tapgrant("create", "--net", "bridge=br0", user=BOB, check=True)
    lab.tap("admins", ALICE)
    for name, words in {"tg2": "was granted to uid", "admins": "was not made by tapgrant", "br0": "is no tap",
                        "nosuch": "does not exist", "": "does not exist"}.items():
        result = lab.tapgrant("delete", name)
        assert result.code == 4 and words in result.err and "ip link" not in result.err, result
    lab.tapgrant("delete", "tg0", "tg1", check=True)
    lab.wait_gone("tg0", "tg1")
    assert lab.taps() == ["admins", "tg2"]


def test_delete_leaves_what_is_held(lab):
    process = lab.hold("dev=u{}-h,bridge=br0,persist=yes,queues=2".format(uid(ALICE)))
    result = lab.tapgrant("delete", f"u{uid(ALICE)}-h")
    assert result.code == 4 and "is in use" in result.err and "process" in result.err
    lab.end(process)
    lab.tapgrant("delete", f"u{uid(ALICE)}-h", check=True)


def test_run_replaces_its_placeholders_and_nothing_else(lab):
    one = lab.tapgrant("run", "--net", "bridge=br0,guest-mac=52:54:00:00:00:01", "--", "echo", "{dev}", "x{fd}y{fds}",
                       "{host-mac}/{guest-mac}", "{0.dev}", '{"json": {"fd": 3}}', "{", "{fd", "{0.x}", check=True)
    fd = one.out.split()[1].split("y")[1]
    assert one.out == (f'tg0 x{fd}y{fd} fe:54:00:00:00:01/52:54:00:00:00:01 tg0 {{"json": {{"fd": 3}}}} {{ {{fd '
                       "{0.x}\n")
    two = lab.tapgrant("run", "--net", "bridge=br0", "--net", "queues=2", "--", "echo", "{0.dev}", "{1.dev}", "{1.fds}",
                       check=True)
    assert re.fullmatch(r"tg\d tg\d \d+:\d+\n", two.out)


@pytest.mark.parametrize("nets, word", [(1, "{1.fd}"), (2, "{fd}"), (1, "{guest-mac}"), (2, "{2.dev}")])
def test_a_placeholder_that_stands_for_nothing_is_said(lab, nets, word):
    result = lab.tapgrant("run", *["--net", "bridge=br0"] * nets, "--", "echo", word)
    assert result.code == 2 and word.strip("{}").split(".")[-1] in result.err and not result.out


@pytest.mark.parametrize("command, code", [("/nonexistent/x", 127), ("/etc/passwd", 126), ("/bin/false", 1)])
def test_run_exits_as_env_does(lab, command, code):
    assert lab.tapgrant("run", "--net", "bridge=br0", "--", command).code == code
    lab.wait_gone("tg0")


def test_what_was_made_persistent_for_a_command_that_cannot_run_is_undone(lab):
    assert lab.tapgrant("run", "--net", "bridge=br0,persist=yes", "--", "/nonexistent/x").code == 127
    assert lab.tapgrant("run", "--net", "bridge=br0,persist=yes", "--", "echo", "{guest-mac}").code == 2
    lab.wait_gone("tg0")


def test_list_is_in_the_order_of_indexes(lab):
    lab.tapgrant("create", *["--net", "bridge=br0"] * 8, check=True)
    indexes = [row["ifindex"] for row in lab.tapgrant("list", "--json", check=True).json]
    assert len(indexes) == 8 and indexes == sorted(indexes)


def test_help_and_version():
    import subprocess

    from host import TAPGRANT
    verbs = ("run", "create", "delete", "list", "check", "doctor", "lint", "show", "import")
    for words in (["--help"], ["--version"], *([verb, option] for verb in verbs for option in ("--help", "--version"))):
        done = subprocess.run([TAPGRANT, *words], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout and not done.stderr
    assert subprocess.run([TAPGRANT], capture_output=True).returncode == 2
    assert subprocess.run([TAPGRANT, "frobnicate"], capture_output=True).returncode == 2
