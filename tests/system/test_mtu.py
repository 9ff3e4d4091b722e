# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The MTU of a granted tap.  A bridge whose MTU nobody set takes the lowest of its ports' (net/bridge/br_if.c, br_mtu_auto_adjust),
and no port of ours may move it: not while it is made, not when its holder lets go of others.  And below 1280 the kernel forgets
what was said of a tap's IPv6, so that no tap gets so little.
"""
import errno
import re
import threading
import time

import pytest

from ask_helper import interface, request
from by_hand import asked, under_strace

RULE = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\nmtu = 68-65521\nmax = 256\n"
AUTOMATIC, SET = False, True


def bridge(host, mtu=1500, was_set=AUTOMATIC):
    """br0, whose MTU somebody set, or which follows its ports."""
    host.policy(RULE)
    host.bridge("br0")
    if was_set:
        host.run("ip", "link", "set", "br0", "mtu", mtu + 1)
        host.run("ip", "link", "set", "br0", "mtu", mtu)
    assert host.link("br0")["mtu"] == mtu


def port(host, name="uplink", mtu=1500):
    """One that is no tap."""
    host.run("ip", "link", "add", name, "mtu", mtu, "master", "br0", "up", "type", "veth", "peer", "name", f"{name}-far")


def mtu_of(host, name="br0"):
    return host.link(name)["mtu"]


@pytest.mark.parametrize("was_set", [AUTOMATIC, SET])
def test_above_a_bridges_own_only_a_port_that_is_no_tap_allows_one(host, was_set):
    bridge(host, was_set=was_set)
    for holders in range(2):
        refused = host.tapgrant("create", "--net", "bridge=br0,mtu=9000")
        assert refused.code == 3 and not refused.out
        assert refused.err == ("tapgrant: bridge br0: the MTU asked for is above its own and could raise it: no port but taps has that "
                               "or less\nhint: ask for its MTU, or leave mtu= out\n")
        assert len(host.taps()) == holders
        host.tapgrant("create", "--net", "bridge=br0", check=True)  # a tap of the bridge's own is not enough
    port(host)
    host.tapgrant("create", "--net", "bridge=br0,mtu=9000", check=True)
    assert mtu_of(host, "tg2") == 9000 and mtu_of(host) == 1500


@pytest.mark.parametrize("mtu, granted", [(1500, True), (4000, False), (8999, False), (9000, True), (65521, True)])
def test_it_is_not_between_the_bridges_and_that_of_its_other_ports(host, mtu, granted):
    """Of a bridge that is not held down by a set MTU it would be the bridge's, as soon as nobody's port has less."""
    bridge(host, was_set=SET)
    port(host, mtu=9000)
    port(host, "other", mtu=20000)
    result = host.tapgrant("create", "--net", f"bridge=br0,mtu={mtu}")
    assert result.code == (0 if granted else 3) and mtu_of(host) == 1500
    assert [mtu_of(host, name) for name in host.taps()] == [mtu] * granted


def test_whoever_lets_go_of_a_port_does_not_move_the_bridge_with_another(host):
    """The bridge follows its ports; the first one is what holds it where it is."""
    bridge(host)
    first = host.hold("bridge=br0")
    assert host.hold("bridge=br0,mtu=9000").first_line == "", "or the bridge would have 9000 without the first"
    port(host)
    assert host.hold("bridge=br0,mtu=9000").first_line.startswith("held ")
    host.end(first)
    host.wait_gone("tg0")
    assert mtu_of(host) == 1500 and len(host.taps()) == 1


def test_a_port_is_found_among_many(host):
    """The kernel tells of them in several messages, and marks the list where another link comes or goes meanwhile."""
    bridge(host)
    for number in range(60):
        host.tap(f"t{number}", None)
        host.run("ip", "link", "set", f"t{number}", "master", "br0")
    assert asked(host, request(interface(mtu=9000)))[0] == "unfit-bridge"
    port(host)
    status, _, trace = under_strace(host, request(interface(mtu=9000)), "-e", "trace=sendto,recvfrom")
    calls = [line for line in trace.splitlines() if line.startswith("recvfrom(")]
    told = [number for number, line in enumerate(calls, 1) if "NLM_F_MULTI" in line]
    assert status == "granted" and len(told) > 2, "in one message only: no test"
    assert not any("DUMP_INTR" in line for line in calls)
    flags = []

    def disturb():
        until = time.monotonic() + 3
        for number in range(10000):
            host.run("ip", "link", "add", f"d{number}", "type", "bridge")
            if time.monotonic() > until or flags:
                return
    other = threading.Thread(target=disturb)
    other.start()
    status, _, trace = under_strace(host, request(interface(mtu=9000)), "-e", "trace=recvfrom",
                                    "-e", f"inject=recvfrom:delay_enter=500000:when={told[1]}")
    flags.append(True)
    other.join()
    assert "DUMP_INTR" in trace, "not disturbed: no test"
    assert status == "granted"


def test_a_bridge_that_moves_all_the_same_is_noticed(host):
    """The port that held it is taken away after the decision: the tap goes, and the bridge has its own MTU again."""
    bridge(host)
    port(host)
    status, _, trace = under_strace(host, request(interface(mtu=9000)), "-e", "trace=sendto")
    calls = [line for line in trace.splitlines() if line.startswith("sendto(")]
    joins, = [number for number, line in enumerate(calls, 1) if "IFLA_MASTER" in line and "RTM_SETLINK" in line]
    assert status == "granted"
    seen = set()

    def take_away():
        while not host.taps():
            time.sleep(0.01)
        host.run("ip", "link", "del", "uplink")
        while host.taps():
            seen.add(mtu_of(host))
    other = threading.Thread(target=take_away)
    other.start()
    status, error, _ = under_strace(host, request(interface(mtu=9000)), "-e", "trace=sendto", "-e",
                                    f"inject=sendto:delay_enter=1500000:delay_exit=300000:when={joins}")
    other.join()
    assert (status, error) == ("failed", errno.ESTALE)
    assert 9000 in seen, "it did not move: no test"
    assert mtu_of(host) == 1500 and not host.taps()


@pytest.mark.parametrize("mtu", [68, 1000, 1279])
def test_without_a_bridge_it_is_at_least_1280(host, mtu):
    bridge(host)
    refused = host.tapgrant("create", "--net", f"mtu={mtu}")
    assert refused.code == 2 and not host.taps()
    assert refused.err == (f"tapgrant: --net: 'mtu' {mtu} is below 1280: without a bridge the kernel would have no setting that keeps "
                           "IPv6 off\n")
    assert host.tapgrant("check", "--net", f"mtu={mtu}").code == 2
    assert asked(host, request(interface(bridge=b"", mtu=mtu)))[0] == "malformed"
    host.tapgrant("create", "--net", "mtu=1280", check=True)
    assert mtu_of(host, "tg0") == 1280
    assert host.run("sysctl", "-n", "net.ipv6.conf.tg0.disable_ipv6").out == "1\n"


@pytest.mark.parametrize("was_set", [AUTOMATIC, SET])
def test_on_a_bridge_with_less_than_1280_there_is_no_port(host, was_set):
    """Raised by root later, a port of 1000 would have the host's defaults: addresses, and router advertisements taken."""
    host.policy(RULE)
    host.run("ip", "link", "add", "br0", "address", "02:00:00:00:00:01", "mtu", "1000", "type", "bridge")
    port(host, mtu=1000)
    host.run("ip", "link", "set", "br0", "up")
    if was_set:
        host.run("ip", "link", "set", "br0", "mtu", "1001")
        host.run("ip", "link", "set", "br0", "mtu", "1000")
    for spec in ("bridge=br0", "bridge=br0,mtu=1000", "bridge=br0,mtu=1279"):
        refused = host.tapgrant("create", "--net", spec)
        assert refused.code == 3 and not host.taps()
        assert "its MTU is below 1280, where a port has no setting that keeps IPv6 off" in refused.err, refused
        answer, = host.tapgrant("check", "--json", "--net", spec).json
        assert (answer["verdict"], answer["rules"][-1]["failed"]) == ("deny", "mtu"), answer
        assert "the MTU of br0 is 1000: below 1280" in answer["rules"][-1]["detail"]
    host.tapgrant("create", "--net", "bridge=br0,mtu=1280", check=True)
    assert mtu_of(host) == 1000 and mtu_of(host, "tg0") == 1280
    hint = re.search("hint: (.*)", host.tapgrant("create", "--net", "bridge=br0").err).group(1)
    host.run("sh", "-ec", hint)
    host.run("sysctl", "-qw", "net.ipv6.conf.br0.accept_ra=0")  # the bridge's own settings are new, too
    host.tapgrant("create", "--net", "bridge=br0", check=True)
    assert mtu_of(host) == mtu_of(host, "tg1") == 1280


def test_check_says_what_the_helper_does(host):
    """Of every MTU that differs in something, on every kind of bridge."""
    host.policy(RULE)
    host.bridge("br0")
    for own, others in ((1500, []), (1500, [1500]), (1500, [9000]), (1500, [9000, 4000]), (1000, []), (1000, [1000]), (9000, [1500])):
        for number, mtu in enumerate(others):
            port(host, f"p{number}", mtu)
        host.run("ip", "link", "set", "br0", "mtu", own)
        host.run("sysctl", "-qw", "net.ipv6.conf.br0.accept_ra=0", check=False)  # below 1280 there is none
        for mtu in (0, 999, 1000, 1001, 1279, 1280, 1499, 1500, 1501, 4000, 8999, 9000, 9001):
            told, _ = asked(host, request(interface(mtu=mtu)))
            code = host.tapgrant("check", "--net", f"bridge=br0,mtu={mtu}" if mtu else "bridge=br0").code
            assert (told, code) in (("granted", 0), ("unfit-bridge", 3)), (own, others, mtu, told, code)
            assert mtu_of(host) == own
        for number in range(len(others)):
            host.run("ip", "link", "del", f"p{number}")
