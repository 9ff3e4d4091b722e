# SPDX-License-Identifier: LGPL-2.1-or-later
"""max: counted by the kernel's own name table, whatever callers and holders do."""
import statistics
import time

from host import ALICE, BOB, TAPGRANT, uid

RULE = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\n"

POWERS = """
import fcntl, sys
fd = int(sys.argv[1])
fcntl.ioctl(fd, 0x400454cc, int(sys.argv[2]))  # TUNSETOWNER: to another
fcntl.ioctl(fd, 0x400454ce, 65534)             # TUNSETGROUP
fcntl.ioctl(fd, 0x400454cb, 1)                 # TUNSETPERSIST
print('done', flush=True)
sys.stdin.read()
"""


def ask(host, user=ALICE):
    return host.tapgrant("run", "--net", "bridge=br0", "--", "true", user=user)


def test_64_callers_at_once_get_8(host):
    host.policy(RULE + "max = 8\n")
    host.bridge("br0")
    processes = [host.start(TAPGRANT, "run", "--net", "bridge=br0", "--", "sh", "-c", "echo granted; exec cat", user=ALICE)
                 for _ in range(64)]
    lines = [process.stdout.readline() for process in processes]
    assert lines.count("granted\n") == 8 and len(host.taps()) == 8
    refused = [process for process, line in zip(processes, lines) if not line]
    for process in refused:
        assert process.wait() == 5
        assert "rule lab allows 8 at one time" in process.stderr.read()
    assert ask(host, user=BOB).code == 0, "another user's are another count"
    for process in processes:
        if process not in refused:
            host.end(process)
    host.wait_gone(*(f"tg{n}" for n in range(64)))
    assert ask(host).code == 0


def test_the_holder_cannot_shed_its_slot(host):
    host.policy(RULE + "max = 1\n")
    host.bridge("br0")
    process = host.start(TAPGRANT, "run", "--net", "bridge=br0", "--", "/usr/bin/python3", "-c", POWERS, "{fd}",
                         str(uid(BOB)), user=ALICE)
    assert process.stdout.readline() == "done\n", process.stderr.read()
    assert host.link("tg0")["linkinfo"]["info_data"]["user"] == BOB
    assert ask(host).code == 5
    host.end(process)
    time.sleep(0.1)
    assert host.taps() == ["tg0"] and ask(host).code == 5, "made persistent, and it still counts"
    (row,) = host.tapgrant("list", "--json", check=True).json
    assert row["uid"] == uid(ALICE) and row["rule"] == "lab" and row["slot"] == 0
    assert ask(host, user=BOB).code == 0, "nor does it count against whom it was given to"


def test_each_rule_has_its_own_count_and_a_set_takes_what_it_needs(host):
    host.policy(RULE.replace("br0 none", "br0") + "max = 2\n" + RULE.replace("lab", "alone").replace("br0 none", "none"))
    host.bridge("br0")
    assert host.tapgrant("create", *["--net", "bridge=br0"] * 3).code == 5
    host.wait_gone("tg0", "tg1")
    host.tapgrant("create", *["--net", "bridge=br0"] * 2, check=True)
    host.tapgrant("create", *["--net", "bridge=none"] * 8, check=True)
    assert host.tapgrant("create", "--net", "bridge=none").code == 5
    host.tapgrant("delete", "tg0", check=True)
    assert ask(host).code == 0


def test_absent_max_is_8(host):
    host.policy(RULE)
    host.bridge("br0")
    assert host.tapgrant("create", *["--net", "bridge=br0"] * 9).code == 5
    host.tapgrant("create", *["--net", "bridge=br0"] * 8, check=True)


def test_no_interface_can_squat_a_slot(host):
    """A slot's name is longer than any interface's; and an alternative name needs the privilege to give one."""
    name = f"quota.tapgrant.{uid(ALICE)}.lab.0"
    assert len("quota.tapgrant.0.a.0") >= 16
    host.tap("mine", ALICE)
    done = host.run("ip", "link", "property", "add", "dev", "mine", "altname", name, user=ALICE, check=False)
    assert done.code != 0 and "Operation not permitted" in done.err


def claims(host, count):
    times = []
    for _ in range(count):
        trace = host.run("strace", "-u", ALICE, "-f", "-e", "trace=sendto", "-o", f"{host.folder}/trace", TAPGRANT, "run",
                         "--net", "bridge=br0", "--", "true")
        assert trace.code == 0
        times.append(open(f"{host.folder}/trace").read().count("RTM_NEWLINKPROP"))
    return statistics.median(times)


def test_a_claim_costs_the_same_whatever_the_number_of_interfaces(host):
    """In messages to the kernel, which is what it costs: a free slot is one message, with 0 or with 200 other taps."""
    host.policy(RULE + "max = 256\n")
    host.bridge("br0")
    before = claims(host, 5)
    batch = "".join(f"tuntap add dev other{n} mode tap\n" for n in range(200))
    host.run("ip", "-batch", "-", check=False)
    (host.folder / "batch").write_text(batch)
    host.run("ip", "-batch", host.folder / "batch")
    assert claims(host, 5) == before == 1


def test_a_request_beyond_max_makes_no_more_than_it_may_hold_and_one(host):
    """Each device has its slot before the next is made: nobody makes 64 to be refused the second."""
    host.policy(RULE + "max = 1\n")
    host.bridge("br0")
    words = [word for _ in range(20) for word in ("--net", "bridge=br0")]
    result = host.run("strace", "-u", ALICE, "-f", "-e", "trace=ioctl", "-o", f"{host.folder}/trace", TAPGRANT, "create", *words,
                      check=False)
    assert result.code == 5 and open(f"{host.folder}/trace").read().count("TUNSETIFF") == 2
    host.wait_gone("tg0", "tg1")
