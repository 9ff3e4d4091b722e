# SPDX-License-Identifier: LGPL-2.1-or-later
"""tapgrant-apply: what is removed and what never is; killed anywhere, run twice at once, with a thousand taps."""
import os
import pty
import re
import select
import time

import pytest

from host import ALICE, APPLY, BOB, uid
from test_apply import (CARRIER, FOLDER, MULTI_QUEUE, PLAIN, PYTHON, SINGLE, WEB, apply, assert_web, declare, hold, let_go,  # noqa: F401
                        state)

LONG = bool(os.environ.get("TAPGRANT_LONG"))
GRANT = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\nqueues = 2\n"


def many(count, bridge="br0"):
    return "".join(f"[interface i{n}]\ndev = i{n}\nowner = {ALICE}\nbridge = {bridge}\n"
                   f"guest-mac = 52:54:00:00:{n >> 8:02x}:{n & 255:02x}\n" for n in range(count))


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_prune_removes_its_own_that_are_not_declared_and_nothing_else(host, declare):  # noqa: F811
    host.policy(GRANT)
    declare(WEB + PLAIN + many(3))
    apply(host)
    host.hold("bridge=br0")
    host.tapgrant("create", "--net", "bridge=br0", "--net", "bridge=br0,queues=2", check=True, user=BOB)
    host.tap("admin0", None)
    host.tap("bystander", ALICE)
    host.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    host.run("ip", "link", "set", "veth0", "alias", "tapgrant declared=veth")
    for name in ("bystander", "admin0", "tg0", "i0", "i1", "web0"):
        host.run("ip", "link", "set", name, "group", "77")
    declare(WEB)
    kept = ["admin0", "bystander", "tg0", "tg1", "tg2", "veth0", "web0"]
    before = state(host, *kept)
    assert host.taps() == ["admin0", "bystander", "db0", "i0", "i1", "i2", "tg0", "tg1", "tg2", "web0"]
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n", "without --prune they stay"
    result = apply(host, "--prune")
    assert result.out.splitlines() == ["removed db0", "removed i0", "removed i1", "removed i2",
                                       "created 0, changed 0, unchanged 1, removed 4"]
    assert state(host, *kept) == before
    assert apply(host, "--prune").out == "created 0, changed 0, unchanged 1, removed 0\n"


@pytest.mark.parametrize("how", ["bad definition", "unknown owner", "label twice", "not a file", "unreadable", "no folder"])
def test_prune_and_reap_remove_nothing_unless_all_was_read(host, declare, how):  # noqa: F811
    host.policy(GRANT)
    declare(WEB + PLAIN)
    apply(host)
    host.tapgrant("create", "--net", "bridge=br0", check=True)
    declare({"bad definition": WEB + "[interface x]\n", "unknown owner": WEB + "[interface x]\ndev = x0\nowner = nobody-knows\n",
             "label twice": WEB}.get(how, WEB))
    other = host.root(FOLDER) / "b.conf"
    if how == "label twice":
        declare(WEB.replace("web0", "web1"), "b.conf")
    elif how == "not a file":
        other.mkdir()
    elif how == "unreadable":
        other.symlink_to("nowhere")
    elif how == "no folder":
        (host.root(FOLDER) / "a.conf").unlink()
        host.root(FOLDER).rmdir()
    for words in (["--prune"], ["--reap"], ["--prune", "--reap"]):
        result = apply(host, *words, "--force", check=False)
        assert result.code == 1 and f"tapgrant: {', '.join(words)}: nothing is removed" in result.err, result
        assert host.taps() == ["db0", "tg0", "web0"]


@pytest.mark.parametrize("queues, flags", [(1, SINGLE), (2, MULTI_QUEUE)])
@pytest.mark.parametrize("hidden", [False, True])
def test_one_in_use_is_not_removed_without_force(host, declare, queues, flags, hidden):  # noqa: F811
    """HIDDEN: its holder took the carrier away, by which use shows."""
    declare(WEB + f"queues = {queues}\n" + PLAIN)
    apply(host)
    holder = hold(host, "web0", *([f"{CARRIER}=0"] if hidden else []), flags=flags)
    declare("; nothing\n")
    before = state(host, "web0")
    result = apply(host, "--prune", check=False)
    assert result.code == 1 and "interface web0: " in result.err and "is in use: not removed" in result.err, result
    assert "removed 1, failed 1" in result.out and host.taps() == ["web0"] and state(host, "web0") == before
    who = f"cut off for good: {PYTHON} (pid {holder.pid}) of {ALICE}"
    assert apply(host, "--prune", "--force", "--dry-run").out.startswith(f"-[interface web]\n-dev = web0\n ; {who}\n")
    assert apply(host, "--prune", "--force").out.startswith(f"removed web0; {who}\n") and host.taps() == []
    let_go(host, holder)


def test_whoever_attaches_while_it_is_removed_finds_it_held_or_gone(host, declare):  # noqa: F811
    """Between the last look and the removal, held open here, its owner cannot begin to use it."""
    declare(WEB + "queues = 2\n" + PLAIN)
    apply(host)
    declare("; nothing\n")
    call = removal_call(host, WEB + "queues = 2\n" + PLAIN)
    process = host.start("strace", "-o", "/dev/null", "-e", f"inject=sendto:delay_enter=3000000:when={call}", APPLY, "--prune")
    wait_for(lambda: host.link("web0")["group"] != "default" and host.link("db0")["group"] != "default")
    for user, name, flags, error in ((ALICE, "web0", MULTI_QUEUE, "not permitted"), (BOB, "db0", SINGLE, "busy")):
        late = host.start("/usr/bin/python3", "-c", "import fcntl,os,struct,sys;fcntl.ioctl(os.open('/dev/net/tun',2),0x400454ca,"
                          "struct.pack('16sH22x',sys.argv[1].encode(),int(sys.argv[2])))", name, flags, user=user)
        assert error in late.communicate(timeout=10)[1]
    assert process.wait(timeout=20) == 0 and host.taps() == []


def test_one_that_got_all_its_queues_meanwhile_is_in_use(host, declare):  # noqa: F811
    """The kernel then refuses a further one, with an error of its own."""
    declare(WEB + "queues = 2\n")
    apply(host)
    declare("; nothing\n")
    # each try to attach has two ioctls, of which the second is TUNSETIFF
    result = host.run("strace", "-o", "/dev/null", "-e", "inject=ioctl:error=E2BIG:when=2+2", APPLY, "--prune", check=False)
    assert result.code == 1 and "interface web0: is in use: not removed\n" in result.err and host.taps() == ["web0"], result


def removal_call(host, declared):
    """Which sendto(2) of apply --prune is the removal; behind it is DECLARED there again."""
    host.run("strace", "-o", f"{host.folder}/trace", "-e", "trace=sendto", APPLY, "--prune")
    path = host.root(FOLDER) / "a.conf"
    now = path.read_text()
    path.write_text(declared)
    apply(host)
    path.write_text(now)
    calls = re.findall(r"^sendto\(.*", (host.folder / "trace").read_text(), re.M)
    return next(n for n, call in enumerate(calls, 1) if "RTM_DELLINK" in call)


def test_the_group_that_is_removed_was_seen_to_be_empty(host, declare):  # noqa: F811
    """The first random number is made to be a group that somebody uses."""
    declare(WEB)
    apply(host)
    host.tap("bystander", ALICE)
    host.run("ip", "link", "set", "bystander", "group", str(0x74000005))
    declare("; nothing\n")
    trace = host.folder / "trace"
    host.run("strace", "-o", trace, "-e", "trace=getrandom", "-e", "inject=getrandom:poke_exit=@arg1=05000000:when=1", APPLY,
             "--prune")
    assert host.taps() == ["bystander"] and trace.read_text().count("\ngetrandom(") >= 1


def test_a_stranger_that_joins_the_group_is_noticed(host, declare):  # noqa: F811
    """Before the group is listed again the administrator, of all groups, chooses this one for another device."""
    text = WEB + PLAIN
    declare(text)
    apply(host)
    host.tap("bystander", ALICE)
    declare("; nothing\n")
    call = removal_call(host, text) - 2  # links and addresses are listed before it
    process = host.start("strace", "-o", "/dev/null", "-e", f"inject=sendto:delay_enter=1500000:when={call}", APPLY, "--prune")
    group = wait_for(lambda: next((link["group"] for link in [host.link("web0")] if link["group"] != "default" and
                                   host.link("db0")["group"] == link["group"]), None))
    host.run("ip", "link", "set", "bystander", "group", group)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and out.endswith("removed 2\n"), (out, err)
    assert host.taps() == ["bystander"], "the two went by another group"


def test_reap_removes_users_leftovers_and_the_dry_run_lists_them(host, declare):  # noqa: F811
    host.policy(GRANT)
    declare(WEB)
    apply(host)
    for _ in range(3):
        host.tapgrant("create", "--net", "bridge=br0", check=True)
    host.tapgrant("create", "--net", "bridge=br0,queues=2", check=True)
    host.hold("bridge=br0")
    host.tap("admin0", ALICE)
    used = [hold(host, "tg1"), hold(host, "tg3", flags=MULTI_QUEUE)]
    assert apply(host).out == "created 0, changed 0, unchanged 1, removed 0\n"
    listed = apply(host, "--reap", "--dry-run").out
    rule = f"-; tapgrant uid={uid(ALICE)} rule=lab"
    assert listed.splitlines() == [rule, "-dev = tg0", rule, "-dev = tg2", "to create 0, to change 0, unchanged 1, to remove 2"]
    assert apply(host, "--reap", "--force").out.splitlines() == ["removed tg0", "removed tg2",
                                                                "created 0, changed 0, unchanged 1, removed 2"]
    assert host.taps() == ["admin0", "tg1", "tg3", "tg4", "web0"]
    for process in used:
        let_go(host, process)


def test_reap_frees_a_declared_name_from_a_users_leftover(host, declare):  # noqa: F811
    host.policy(GRANT + "dev = *\n")
    host.tapgrant("create", "--net", "dev=web0", check=True)
    declare(WEB)
    result = apply(host, check=False)
    assert result.code == 1 and "web0 exists and is a user's" in result.err
    assert apply(host, "--reap", "--dry-run").out.splitlines()[-1] == "to create 1, to change 0, unchanged 0, to remove 1"
    assert apply(host, "--reap").out.splitlines()[-1] == "created 1, changed 0, unchanged 0, removed 1"
    assert_web(host)
    declare(WEB.split("owner")[0] + "managed = no\n")
    apply(host, "--reap", "--prune")
    assert_web(host)


def assert_nothing_half_made(host, count):
    """Who is up, or its owner's, is complete: on its bridge, tagged, with its addresses."""
    for link in host.links():
        tun = link.get("linkinfo", {}).get("info_data", {})
        if link.get("linkinfo", {}).get("info_kind") != "tun" or ("UP" not in link["flags"] and tun.get("user") != ALICE):
            continue
        n = int(link["ifname"][1:])
        assert link["ifalias"] == f"tapgrant declared=i{n}" and link["master"] == "br0", link
        assert link["address"] == f"fe:54:00:00:{n >> 8:02x}:{n & 255:02x}" and n < count, link
        port = link["linkinfo"]["info_slave_data"]
        assert port["guard"] and port["root_block"] and port["isolated"], link
        assert tun.get("user") in (ALICE, "root"), link


def assert_on_the_owners_bridge(host):
    for link in host.links():
        tun = link.get("linkinfo", {}).get("info_data", {})
        assert (tun.get("user"), link.get("master")) not in ((ALICE, "br1"), (BOB, "br0")), link


def points(host, sample, *words):
    """(system call, how manieth of its name) of a run: each that may touch the network, of a sample."""
    host.run("strace", "-o", f"{host.folder}/trace", APPLY, *words)
    counted, found = {}, []
    for name in re.findall(r"^(\w+)\(", (host.folder / "trace").read_text(), re.M):
        counted[name] = counted.get(name, 0) + 1
        if name in ("openat", "ioctl", "sendto", "recvfrom", "recvmsg", "write", "close"):
            found.append((name, counted[name]))
    return found[::sample]


def kill(host, point, *words):
    name, when = point
    return host.run("strace", "-o", "/dev/null", "-e", f"inject={name}:signal=KILL:when={when}", APPLY, *words, check=False)


@pytest.mark.parametrize("sweep", ["create", "change", "prune"])
def test_killed_anywhere_the_next_run_completes_the_work(host, declare, sweep):  # noqa: F811
    count = 20
    text = many(count).replace("guest-mac", "isolate = yes\nguest-mac")
    other = text.replace("br0", "br1").replace(ALICE, BOB)
    host.bridge("br1", address="02:00:00:00:00:02")
    before, after, words = {"create": ("; nothing\n", text, []), "change": (other, text, []),
                            "prune": (text, "; nothing\n", ["--prune"])}[sweep]

    def prepare():
        declare("; nothing\n")
        apply(host, "--prune", "--force")
        declare(before)
        apply(host)
        declare(after)

    prepare()
    sweep_points = points(host, 1 if LONG else 37, *words)
    assert len(sweep_points) > (100 if LONG else 3)
    for point in sweep_points:
        prepare()
        kill(host, point, *words)
        if sweep == "create":
            assert_nothing_half_made(host, count)
        assert_on_the_owners_bridge(host)
        result = apply(host, *words)
        assert result.code == 0, (point, result)
        if sweep == "prune":
            assert host.taps() == [], point
            continue
        assert_nothing_half_made(host, count)
        taps = [link for link in host.links() if link.get("linkinfo", {}).get("info_kind") == "tun"]
        assert len(taps) == count and all("UP" in link["flags"] and link["master"] == "br0" for link in taps), point
        assert all(link["linkinfo"]["info_data"]["user"] == ALICE and link["linkinfo"]["info_data"]["persist"] for link in taps)
        assert apply(host).out == f"created 0, changed 0, unchanged {count}, removed 0\n", point


def test_a_killed_removal_of_what_is_declared_again_leaves_no_trace(host, declare):  # noqa: F811
    text = WEB + "queues = 2\n"
    declare(text)
    apply(host)
    declare("; nothing\n")
    kill(host, ("sendto", removal_call(host, text)), "--prune")
    link = host.link("web0")
    assert link["group"] != "default" and link["linkinfo"]["info_data"]["user"] == "root"
    declare(text)
    assert "changed 1" in apply(host).out
    link = host.link("web0")
    assert link["group"] == "default" and link["linkinfo"]["info_data"]["user"] == ALICE


@pytest.mark.parametrize("words", [[], ["--prune"]])
def test_runs_at_once_end_in_the_declared_state(host, declare, words):  # noqa: F811
    declare(many(150).replace("dev = i", "dev = old"))
    apply(host)
    declare(many(100).replace("guest-mac", "lock-mac = yes\nguest-mac"))
    host.run("ip", "link", "del", "old0")
    runs = [host.start(APPLY, *words) for _ in range(4)]
    out = [process.communicate(timeout=60) for process in runs]
    assert [process.returncode for process in runs] == [0, 0, 0, 0], out
    created = [int(re.search(r"^created (\d+),", text, re.M).group(1)) for text, _ in out]
    assert sum(created) == 100, out
    assert apply(host, *words).out.splitlines()[-1] == "created 0, changed 0, unchanged 100, removed 0"
    assert len(host.taps()) == (100 if words else 249)


def test_on_a_terminal_it_shows_how_far_it_is(host, declare):  # noqa: F811
    declare(many(60))
    main, terminal = pty.openpty()
    process = host.start("strace", "-o", "/dev/null", "-e", "inject=sendto:delay_enter=2000", APPLY, stderr=terminal)
    os.close(terminal)
    shown = b""
    while select.select([main], [], [], 30)[0]:
        try:
            shown += os.read(main, 4096)
        except OSError:
            break
    os.close(main)
    assert process.wait(timeout=30) == 0 and process.stdout.read().endswith("created 60, changed 0, unchanged 0, removed 0\n")
    assert re.search(rb"\r\d+ of 60", shown) and shown.endswith(b"\r")


def test_on_a_terminal_nothing_of_it_stays_where_some_are_removed_too(host, declare):  # noqa: F811
    declare(many(10))
    apply(host)
    declare(many(70).replace("i1\n", "j1\n").replace("interface i1]", "interface j1]"))
    main, terminal = pty.openpty()
    process = host.start("strace", "-o", "/dev/null", "-e", "inject=sendto:delay_enter=3000", APPLY, "--prune", stderr=terminal)
    os.close(terminal)
    shown = b""
    while select.select([main], [], [], 30)[0]:
        try:
            shown += os.read(main, 4096)
        except OSError:
            break
    os.close(main)
    assert process.wait(timeout=30) == 0 and "created 61, changed 0, unchanged 9, removed 1\n" in process.stdout.read()
    assert re.search(rb"\r\d+ of 61", shown) and shown.endswith(b"\r")


def calls(host, *words):
    """How many messages a run sends to the kernel, and how many ioctl(2) it makes."""
    trace = host.folder / "calls"
    host.run("strace", "-f", "-o", trace, "-e", "trace=sendto,ioctl", APPLY, *words, timeout=200)
    text = trace.read_text()
    return [len(re.findall(rf"\b{name}\(", text)) for name in ("sendto", "ioctl")]


def test_a_full_bridge_is_said_to_be_full(host, declare):  # noqa: F811
    declare(many(1024))
    result = apply(host, check=False)
    assert result.code == 1 and "[interface i1023]: bridge br0 has all the ports that it can have" in result.err
    assert "created 1023" in result.out


def test_each_further_tap_costs_a_few_system_calls(host, declare):  # noqa: F811
    """A second run asks the kernel once for all links.  What that takes in time tests/bench measures."""
    counts = {}
    few, many_taps = 20, 1000 if LONG else 200
    for count in (few, many_taps):
        declare(many(count))
        made, looked = calls(host), calls(host)
        declare("; nothing\n")
        counts[count] = (made, looked, calls(host, "--prune"))
        assert host.taps() == []
    (made_few, looked_few, removed_few), (made, looked, removed) = counts.values()
    further = many_taps - few

    def each(larger, smaller):
        return [(more - less) / further for more, less in zip(larger, smaller)]
    assert each(made, made_few)[0] <= 8 and each(made, made_few)[1] <= 6, counts
    assert looked == looked_few == [3, 0], counts
    assert each(removed, removed_few)[0] <= 1 and each(removed, removed_few)[1] <= 2, counts
