# SPDX-License-Identifier: LGPL-2.1-or-later
"""A caller in another network namespace than the service: what it gets, by which of its words and of the policy's, and how it is told."""
import json
import socket
import subprocess
import textwrap

import pytest

from ask_helper import interface, receive_all, request
from daemon import CLIENT, Service
from host import ALICE, HELPER, TAPGRANT, uid
from linked import build

SOCKET = "/run/tapgrant/socket"
RULE = "[rule {name}]\nuser = {user}\nbridge = {bridge}\nisolate = no\nlock-mac = no\ndev = u{{uid}}-*\n{more}"
ALLOW = "allow-other-netns = yes\n"
HOST, OWN = interface(netns=1), interface()
CONTAINER = ("unshare", "--user", "--map-root-user", "--net")  # whoever is in it is root there, and alice on the host
FAR = "no rule of the policy allows it to a process in another network namespace"


def rule(more="", name="lab", user="*", bridge="br0 none"):
    return RULE.format(name=name, user=user, bridge=bridge, more=more)


@pytest.fixture
def far(lab):
    """A lab whose service the library finds, and where it is the only way from a container."""
    lab.policy(rule(ALLOW))
    lab.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    with Service(lab, path=SOCKET) as lab.service:
        yield lab


def contained(host, *words, **kwargs):
    """tapgrant in a network namespace of its own, where no set-user-ID program has privilege."""
    return host.run(*CONTAINER, TAPGRANT, *words, user=ALICE, check=False, **kwargs)


def asks(host, *interfaces, before=CONTAINER):
    return host.service.ask(data=request(*interfaces), before=before)


# What is granted ----------------------------------------------------------------------------------------------------------


def test_netns_host_gives_a_tap_of_the_hosts_where_the_rule_allows_it(far):
    far.listen_log()
    held = far.service.start_client("hold", data=request(HOST), before=CONTAINER)
    answer = json.loads(held.stdout.readline())
    assert (answer["status"], answer["devices"], answer["rules"]) == ("granted", ["tg0"], ["lab"])
    link = far.link("tg0")
    assert link["master"] == "br0" and "UP" in link["flags"] and link["linkinfo"]["info_data"]["user"] == ALICE
    assert link["ifalias"] == f"tapgrant uid={uid(ALICE)} rule=lab"
    (line,) = far.log_lines()
    assert f"uid={uid(ALICE)} verdict=granted rule=lab device=tg0" in line and "via=service" in line
    far.end(held)
    far.wait_gone("tg0")


@pytest.mark.parametrize("more", ["", "allow-other-netns = no\n"])
def test_no_rule_gives_it_without_the_key(far, more):
    far.policy(rule(more))
    answer = asks(far, HOST)
    assert (answer["status"], answer["devices"]) == ("other-netns", [])
    assert not far.taps()


def test_the_key_gives_nothing_that_is_not_asked_for(far):
    for asked, which in (([OWN], 0), ([HOST, OWN], 1), ([OWN, HOST], 0)):
        answer = asks(far, *asked)
        assert (answer["status"], answer["interface"]) == ("other-netns", which)
    assert not far.taps()


def test_in_the_services_own_network_namespace_neither_matters(far):
    for more in ("", ALLOW):
        far.policy(rule(more))
        assert [asks(far, asked, before=())["status"] for asked in (HOST, OWN)] == ["granted", "granted"]
        assert asks(far, HOST, OWN, before=("unshare", "--user"))["status"] == "granted"


def test_the_first_rule_that_names_the_caller_and_the_bridge_decides_this_too(far):
    far.policy(rule(name="first", bridge="br0") + rule(ALLOW))
    assert asks(far, HOST)["status"] == "other-netns"
    assert asks(far, interface(bridge=b"", netns=1))["rules"] == ["lab"]


def test_the_rest_of_the_rule_counts_as_ever(far):
    assert asks(far, interface(dev=b"other", netns=1))["status"] == "denied"
    assert asks(far, interface(queues=2, netns=1))["status"] == "denied"
    assert asks(far, interface(dev=b"u%d-vm" % uid(ALICE), netns=1))["devices"] == [f"u{uid(ALICE)}-vm"]
    far.policy(rule(ALLOW + "max = 1\n"))
    assert asks(far, HOST, HOST)["status"] == "over-quota"
    far.policy(rule(ALLOW + "max = 0\n"))
    assert asks(far, HOST)["status"] == "denied"


def whole_answer(host, data):
    """Every byte of the answer, in the sizes that the library has."""
    program = ("import sys\nsys.path[:0] = sys.argv[1].split(':')\nfrom client import connect\n"
               "connection = connect(sys.argv[2])\nconnection.send(bytes.fromhex(sys.argv[3]))\nprint(connection.recv(65536).hex())\n")
    paths = f"{CLIENT.parent}:{CLIENT.parents[1]}/system"
    return host.run(*CONTAINER, "/usr/bin/python3", "-c", program, paths, SOCKET, data.hex(), user=ALICE).out


def test_who_is_allowed_by_no_rule_learns_nothing_of_the_host(far):
    """Not whether a rule names it, whether there is such a bridge, whether the policy is void: each byte is the same."""
    far.bridge("br1", address=None, ra=True)
    answers = set()
    for policy in (rule(), rule(user="4242"), rule(bridge="br7"), rule("max = 0\n"), rule("queues = 300\n"), "", rule(user="nobody-here")):
        far.policy(policy)
        for bridge in (b"br0", b"br1", b"br9", b"lo"):
            answers.add(whole_answer(far, request(interface(bridge=bridge, netns=1), reply=44)))
    assert len(answers) == 1


def test_what_the_helper_is_asked_for_another_network_namespace_it_refuses(far):
    """It acts in its caller's, and cannot tell whether that is the host's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(request(OWN, HOST))
        subprocess.run(far.command([HELPER], ALICE), stdin=theirs, timeout=30, check=False)
        status, reply, fds = receive_all(ours)
    assert (status, fds) == ("other-netns", []) and int.from_bytes(reply[20:24], "little") == 1
    assert not far.taps()


# What the descriptor can do -------------------------------------------------------------------------------------------------

HOLDER = """
import errno, fcntl, os, struct, sys
fd = int(sys.argv[1])
def attempt(fd, number, argument):
    try:
        fcntl.ioctl(fd, number, argument)
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
SIOCGSKNS, TUNSETIFF = 0x894c, 0x400454ca
print(attempt(fd, SIOCGSKNS, 0), flush=True)
sys.stdin.readline()
for name in sys.argv[2:]:
    print(attempt(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), 0x5002)), flush=True)
"""


def test_what_the_holder_of_a_descriptor_of_the_host_can_do(far):
    """It does not open the host's network namespace.  Once its tap is deleted, it attaches to what its user may open there anyway."""
    far.tap("mine", ALICE)
    far.tap("anothers", "root")
    holder = far.start(*CONTAINER, TAPGRANT, "run", "--net", "bridge=br0,netns=host", "--", "/usr/bin/python3", "-c", HOLDER, "{fd}",
                       "new0", "anothers", "mine", user=ALICE)
    assert holder.stdout.readline() == "EPERM\n", holder.stderr.read()
    far.run("ip", "link", "del", "tg0")
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert [holder.stdout.readline() for _ in range(3)] == ["EPERM\n", "EPERM\n", "done\n"]
    holder.stdin.close()
    holder.wait(timeout=10)


# The library and the command ------------------------------------------------------------------------------------------------


def test_run_opens_it_from_a_container(far):
    code = "import fcntl, sys; print(fcntl.ioctl(int(sys.argv[1]), 0x800454d2, bytes(40))[:3].decode())"
    result = contained(far, "run", "--net", "bridge=br0,netns=host", "--", "/usr/bin/python3", "-c", code, "{fd}")
    assert (result.code, result.out) == (0, "tg0\n"), result
    # on the host it is what it is without the key
    result = far.tapgrant("run", "--net", "bridge=br0,netns=host", "--", "echo", "{dev}")
    assert (result.code, result.out) == (0, "tg0\n"), result


def test_a_name_that_is_a_device_here_too_is_not_taken_for_it(far):
    """Of the caller's own namespace nothing is opened, and no word of the command stands for it."""
    name = f"u{uid(ALICE)}-vm"
    spec = f"dev={name},bridge=br0,netns=host"
    make = f"ip tuntap add dev {name} mode tap && exec "
    result = far.run(*CONTAINER, "sh", "-c", f"{make} {TAPGRANT} run --net {spec} -- echo '{{fd}}'", user=ALICE, check=False)
    assert result.code == 0 and result.out.strip().isdigit(), result
    result = contained(far, "run", "--net", spec, "--", "echo", "{dev}")
    assert result.code == 2 and f"{{dev}} stands for nothing: {name} is in another network namespace: use {{fd}} or {{fds}}" in result.err
    far.tap(name)
    result = contained(far, "run", "--net", spec, "--", "true")
    assert result.code == 4 and result.err == (f"tapgrant: interface {name}: exists already in the service's network namespace\n"
                                               "hint: ask for another dev=, or leave it out\n"), result


@pytest.mark.parametrize("words, reason", [
    (["create", "--net", "bridge=br0,netns=host"], "neither opened again nor deleted: it is for run"),
    (["run", "--net", "bridge=br0,netns=host,persist=yes", "--", "true"], "'persist' is not for netns=host: "),
    (["run", "--net", "bridge=br0,netns=host,script=/bin/true", "--", "true"], "'script' is not for netns=host: "),
    (["run", "--net", "managed=no,dev=mytap0,netns=host", "--", "true"], "'netns' has no meaning with managed=no")])
def test_what_could_not_be_done_there_is_refused_here(far, words, reason):
    result = contained(far, *words)
    assert result.code == 2 and reason in result.err, result
    assert not far.taps()


def test_what_no_rule_allows_is_told_with_the_command_that_shows_why(far):
    far.policy(rule())
    result = contained(far, "run", "--net", "bridge=br0,netns=host", "--", "true")
    assert result.code == 3 and result.err == (
        f"tapgrant: bridge br0: {FAR}\n"
        "hint: on the host: tapgrant check --user UID --other-netns --net bridge=br0,netns=host\n"), result
    # a network namespace alone, without a user namespace, as a system container has it: its user is the host's
    result = far.run("unshare", "--net", "setpriv", f"--reuid={uid(ALICE)}", "--clear-groups", TAPGRANT, "run", "--net",
                     "bridge=br0,netns=host", "--", "true", check=False)
    hint = result.err.splitlines()[1]
    assert hint == f"hint: on the host: tapgrant check --user {uid(ALICE)} --other-netns --net bridge=br0,netns=host"
    result = far.run(TAPGRANT, *hint.partition("tapgrant ")[2].split(), check=False)
    assert result.code == 3 and "allow-other-netns: 'no' allows no caller in another network namespace" in result.out, result


def test_a_denial_of_the_rest_has_that_hint_too(far):
    result = contained(far, "run", "--net", "bridge=br0,netns=host,mtu=9000", "--", "true")
    assert result.code == 3 and result.err == (
        "tapgrant: bridge br0: denied by policy\n"
        "hint: on the host: tapgrant check --user UID --other-netns --net bridge=br0,netns=host,mtu=9000\n"), result


def test_what_is_to_be_done_is_to_be_done_on_the_host(far):
    far.bridge("br1", address=None)
    far.policy(rule(ALLOW + "max = 1\n", bridge="br0 br1"))
    result = contained(far, "run", "--net", "bridge=br1,netns=host", "--", "true")
    assert result.code == 3 and "\nhint: on the host: ip link set br1 address " in result.err, result
    result = contained(far, "run", "--net", "bridge=br0,netns=host", "--net", "bridge=br0,netns=host", "--", "true")
    assert result.code == 5 and "\nhint: on the host: tapgrant list shows them" in result.err, result


def test_without_the_key_and_without_a_helper_one_line_names_both_ways(far):
    result = contained(far, "run", "--net", "bridge=br0", "--", "true")
    line, hint = result.err.splitlines()
    assert result.code == 1 and line == (f"tapgrant: {HELPER}: has no privilege in a user namespace; and the service acts in another "
                                         "network namespace than this process is in")
    assert hint == ("hint: netns=host asks for a tap in the service's network namespace, and a rule with allow-other-netns = yes "
                    "allows it")


def test_without_the_service_the_helper_is_not_asked(far):
    """Also where it could work: it would make the tap in the network namespace of its caller."""
    far.service.stop()
    for words in ((), ("unshare", "--net")):
        result = far.run(*words, "setpriv", f"--reuid={uid(ALICE)}", "--clear-groups", TAPGRANT, "run", "--net", "bridge=br0,netns=host",
                         "--", "true", check=False)
        (line,) = [line for line in result.err.splitlines() if line.startswith("tapgrant: ")]
        assert result.code == 1 and line.startswith(f"tapgrant: service: cannot be reached at {SOCKET}: "), result
        assert line.endswith("; and the setuid helper makes taps only in the network namespace of this process, not for netns=host")
    assert not far.taps()


def test_both_at_once_from_another_network_namespace_are_two_requests(far):
    result = contained(far, "run", "--net", "bridge=br0,netns=host", "--net", "bridge=br0", "--", "true")
    assert result.code == 2 and "interfaces with netns=host and others are asked for at once" in result.err, result
    assert not far.taps()
    assert far.tapgrant("run", "--net", "bridge=br0,netns=host", "--net", "bridge=br0", "--", "true").code == 0


PROGRAM = textwrap.dedent("""
    #include <stdio.h>
    #include <tapgrant.h>
    #include <unistd.h>

    int main(int argc, char *argv[]) {
        struct tapgrant_device *device;
        struct tapgrant_error error;
        pid_t holder;
        int code = tapgrant_open(argv[argc - 1], &device, &error);

        if (code) {
            printf("%d %s\\n", code, error.reason_code);
            return 0;
        }
        printf("%d %zu\\n", tapgrant_other_netns(device), tapgrant_holders(device, &holder, 1));
        tapgrant_close(device);
        return 0;
    }
    """)


def test_a_program_can_tell(far):
    source = far.folder / "program.c"
    source.write_text(PROGRAM)
    program = build(far.folder, source)
    assert far.run(*CONTAINER, program, "bridge=br0,netns=host", user=ALICE).out == "1 0\n"
    assert far.run(program, "bridge=br0,netns=host", user=ALICE).out == "0 1\n"
    far.policy(rule())
    assert far.run(*CONTAINER, program, "bridge=br0,netns=host", user=ALICE).out == "3 other_netns\n"


def test_check_tells_what_the_service_does(far):
    def failed(*words):
        return far.tapgrant("check", "--json", *words).json[0]["rules"][-1]["failed"]
    assert failed("--other-netns", "--net", "bridge=br0,netns=host") is None
    assert failed("--other-netns", "--net", "bridge=br0") == "allow-other-netns"
    assert failed("--other-netns", "--net", "bridge=br0,netns=host,mtu=9000") == "mtu"
    far.policy(rule())
    assert failed("--other-netns", "--net", "bridge=br0,netns=host") == "allow-other-netns"
    assert failed("--net", "bridge=br0,netns=host") is None
    assert far.tapgrant("check", "--other-netns", "--net", "managed=no,dev=mytap0").code == 0
