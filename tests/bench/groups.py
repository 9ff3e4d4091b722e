# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured, in groups; each group's ways run in turns, round by round."""
import subprocess
import time

from lab import ALICE, POLICY, PREFIX, RULE, TAPGRANT, Lab, uid

LIBRARY = ["library", "bridge=br0"]


def middle(row, key="end"):
    return row[f"{key}_us"]["median"]


def merge(into, found):
    for name, samples in found.items():
        kept = into.setdefault(name, {"first": [], "end": []})
        for key in kept:
            kept[key] += samples[key]


def one(table, rounds):
    """One interface; every peer."""
    table.title("One interface on a bridge")
    with Lab() as lab:
        typed, batch = lab.ip()
        ways = {"floor: in process, nothing checked": ["floor", "br0"], "in process, all of the helper's steps": ["secure", "br0"],
                "smallest setuid helper, static": lab.smallest(), "smallest setuid helper, dynamic": lab.smallest(False),
                "libtapgrant": LIBRARY, "tapgrant-bridge-helper": lab.adapter(), "qemu-bridge-helper": lab.qemu(),
                "tapgrant run, to exec": ["run", TAPGRANT, "run", "--net", "bridge=br0", "--", lab.folder / "now"],
                "the same command alone": ["run", lab.folder / "now"]}
        slow = {"ip, four commands": typed, "ip -batch": batch, "tunctl, ip link set": lab.tunctl(), "lxc-user-nic (veth)": lab.lxc()}
        found = lab.measure(rounds, ways) | lab.measure(max(rounds // 5, 5), slow)
        rows = {name: table.row("one", name, found[name]) if name in found else table.absent("one", name, "not installed")
                for name in ways | slow}
    library, adapter, qemu = rows["libtapgrant"], rows["tapgrant-bridge-helper"], rows["qemu-bridge-helper"]
    static, dynamic = (rows[f"smallest setuid helper, {kind}"] for kind in ("static", "dynamic"))
    detail = "both to the end, when the caller can go on"
    if qemu:
        table.goal("grant, of qemu-bridge-helper", middle(library) / middle(qemu), 0.5, detail)
        table.goal("tapgrant-bridge-helper, of qemu-bridge-helper", middle(adapter) / middle(qemu), 0.8, detail)
        table.goal("(the smallest setuid helper, of qemu-bridge-helper)", middle(static) / middle(qemu), 0.5,
                   "which checks nothing")
    table.goal("grant, of the smallest helper (static)", middle(library) / middle(static), 1.35, detail)
    table.goal("grant, of the smallest helper (dynamic)", middle(library) / middle(dynamic), 1.35, detail)


def sets(table, rounds):
    """Several interfaces in one request."""
    table.title("Interfaces of one request")
    with Lab() as lab:
        ways = {(kind, n): ["floor", "br0", n] if kind == "floor" else ["library"] + ["bridge=br0"] * n
                for n in (1, 2, 8, 32) for kind in ("floor", "libtapgrant")}
        found = lab.measure(max(rounds // 8, 5), ways)
    rows = {way: table.row("sets", f"{way[0]}, {way[1]}", samples, kind=way[0], count=way[1]) for way, samples in found.items()}
    further = {kind: (middle(rows[kind, 32]) - middle(rows[kind, 1])) / 31 for kind in ("floor", "libtapgrant")}
    table.goal("each further interface, of the floor", further["libtapgrant"] / further["floor"], 1.3,
               f"{further['libtapgrant']:.0f} us, floor {further['floor']:.0f} us")


def others(table, rounds):
    """Other taps on the host."""
    table.title("With other taps on the host")
    middles = {}
    for count in (0, 100, 1000, 4000):
        with Lab() as lab:
            lab.others(count)
            ways = {"floor": ["floor", "br0"], "libtapgrant": LIBRARY, "qemu-bridge-helper": lab.qemu()}
            for name, samples in lab.measure(max(rounds // 3, 5), ways).items():
                row = table.row("others", f"{name}, {count} others", samples, kind=name, count=count)
                middles[name, count] = middle(row)
    if ("qemu-bridge-helper", 1000) in middles:
        table.goal("grant with 1,000 others, of qemu-bridge-helper", middles["libtapgrant", 1000] / middles["qemu-bridge-helper", 1000], 0.5)
    growth = {name: middles[name, 1000] - middles[name, 0] for name in ("floor", "libtapgrant")}
    table.goal("growth with 1,000 others, of the floor's", growth["libtapgrant"] / max(growth["floor"], 1), 1.3,
               f"{growth['libtapgrant']:.0f} us, floor {growth['floor']:.0f} us; two medians' difference, noisy")


def policy_of(count, who):
    """COUNT rules, of which the last is the one."""
    rule = "[rule r{n}]\nuser = {user}\nbridge = {bridge}\nisolate = no\nlock-mac = no\nmax = 256\n"
    return "".join(rule.format(n=n, user=who, bridge="br0" if n == count - 1 else "other*") for n in range(count))


def rules(table, rounds):
    """Rules, with ids and with names."""
    table.title("Rules of the policy; the last one grants")
    found = {}
    many = "".join(f"filler{n}:x:{20000 + n}:{20000 + n}::/:/bin/false\n" for n in range(10000))
    with Lab() as lab:
        short = lab.root("/etc/passwd").read_text()
        # of 1,000 rules with names each looks its name up: of 10,000 lines fewer rounds
        cases = [(1, uid(ALICE), short), (100, uid(ALICE), short), (1000, uid(ALICE), short), (1, ALICE, short), (100, ALICE, short),
                 (1000, ALICE, short), (1, ALICE, many + short), (1000, ALICE, many + short)]
        for _turn in range(5):
            for count, who, passwd in cases:
                lab.root("/etc/passwd").write_text(passwd)
                lab.policy(policy_of(count, who))
                name = f"{count} with {'names' if who == ALICE else 'ids'}" + (", 10,000 lines in passwd" if passwd != short else "")
                merge(found, lab.measure(max(rounds // 10, 3) + 1, {name: LIBRARY}))
    rows = {name: table.row("rules", name, samples, count=int(name.split()[0]), kind=name.split(None, 1)[1])
            for name, samples in found.items()}
    table.goal("1,000 rules with ids, of one", middle(rows["1000 with ids"]) / middle(rows["1 with ids"]), 1.15)


def settings(table, rounds):
    """What a rule or a request asks for."""
    table.title("Quota, queues, lock-mac and isolate")
    found = {}
    for most in (8, 256):
        with Lab(RULE.format(user="*", isolate="no", lock="no").replace("max = 256", f"max = {most}")) as lab:
            merge(found, lab.measure(max(rounds // 3, 5), {f"max = {most}, none held": LIBRARY}))
            for n in range(0, most - 1, 60):
                held = lab.hold(*["bridge=br0"] * min(60, most - 1 - n))
                assert held.first_line.startswith("held"), held.stderr.read()
            merge(found, lab.measure(max(rounds // 3, 5), {f"max = {most}, all but one held": LIBRARY}))
    with Lab() as lab:
        merge(found, lab.measure(max(rounds // 3, 5), {f"queues = {n}": ["library", f"bridge=br0,queues={n}"] for n in (1, 2, 8)}))
        for _turn in range(5):
            for lock in ("no", "yes"):
                lab.policy(RULE.format(user="*", isolate=lock, lock=lock) + "guest-mac = *\n")
                merge(found, lab.measure(max(rounds // 15, 3), {f"lock-mac and isolate = {lock}": ["library", "bridge=br0,guest-mac=52:54:00:12:34:56"]}))
    for name, samples in found.items():
        table.row("settings", name, samples)


def unmanaged(table, rounds):
    """A tap that exists."""
    table.title("A tap that exists (managed=no)")
    with Lab() as lab:
        lab.tap("mytap0")
        lab.run("ip", "link", "set", "mytap0", "master", "br0", "up")
        found = lab.measure(rounds * 3, {"open and TUNSETIFF of the same tap": ["open", "mytap0"], "libtapgrant, managed=no": ["unmanaged", "mytap0"]})
        new = lab.measure(rounds, {"open and TUNSETIFF of a new tap": ["create", "new"]})
    rows = {name: table.row("unmanaged", name, samples) for name, samples in (found | new).items()}
    bare, ours, made = (middle(rows[name]) for name in ("open and TUNSETIFF of the same tap", "libtapgrant, managed=no",
                                                        "open and TUNSETIFF of a new tap"))
    table.goal("unmanaged open, of open and TUNSETIFF", ours / made, 1.2, "of a new tap: the 0.35 ms of the goal")
    table.goal("(unmanaged open, of the two calls on the same tap)", ours / bare, 1.2, f"{ours:.0f} us, bare {bare:.0f} us")


def timed(function):
    began = time.monotonic_ns()
    function()
    return time.monotonic_ns() - began


def apply(table, _rounds, count=1000):
    """Many taps at once."""
    table.title(f"{count} taps of the administrator's")
    program = PREFIX / "sbin/tapgrant-apply"
    mac = lambda n: f"fe:00:00:00:{n >> 8:02x}:{n & 0xff:02x}"  # noqa: E731
    made = [(f"tuntap add dev declared{n} mode tap user {ALICE}\n", f"link set dev declared{n} ",
             [f"alias declared=d{n} ", f"address {mac(n)} ", "mtu 1500 ", "master br0 ", "up "]) for n in range(count)]
    batch = "".join(f"{add}{change}{''.join(settings)}\n" for add, change, settings in made)
    single = "".join(add + "".join(f"{change}{setting}\n" for setting in settings) for add, change, settings in made)
    definitions = "".join(f"[interface d{n}]\ndev = declared{n}\nbridge = br0\nowner = {ALICE}\n\n" for n in range(count))
    names = ["ip -batch, two lines each", "ip -batch, link del of 20", "tapgrant-apply, create", "tapgrant-apply, again", "tapgrant-apply --prune",
             "ip -batch, a line for each setting"]
    found = {}
    for _turn in range(7):
        with Lab() as lab:
            ip = lambda text: subprocess.run(lab.command(["ip", "-batch", "-"]), input=text, text=True, check=True)  # noqa: E731,B023
            found.setdefault(names[0], []).append(timed(lambda: ip(batch)))
            found.setdefault(names[1], []).append(timed(lambda: ip("".join(f"link del declared{n}\n" for n in range(20)))))
        with Lab() as lab:
            found.setdefault(names[5], []).append(timed(lambda: ip(single)))
        if not program.exists():
            continue
        with Lab() as lab:
            folder = lab.root(POLICY.parent / "interfaces.d")
            folder.mkdir()
            (folder / "all.conf").write_text(definitions)
            for name, words in ((names[2], []), (names[3], []), (names[4], ["--prune"])):
                if words:  # nothing is declared any longer but one, which is there
                    (folder / "all.conf").write_text(definitions.split("\n\n")[0] + "\n")
                found.setdefault(name, []).append(timed(lambda words=words: lab.run(program, *words, timeout=600)))
    rows = {name: table.row("apply", name, found[name]) if name in found else table.absent("apply", name, "not built") for name in names}
    if names[2] in found:
        created = middle(rows[names[2]])
        table.goal("tapgrant-apply, of ip -batch", created / middle(rows[names[5]]), 1.0, f"{created / count / 1000:.2f} ms each")
        table.goal("(tapgrant-apply, of the shortest batch)", created / middle(rows[names[0]]), 1.0, "all settings of a tap in one line")
        table.goal("a second run, of the first", middle(rows[names[3]]) / created, 0.2)
        table.goal("remove all, of one by one", middle(rows[names[4]]) / (middle(rows[names[1]]) / 20 * count), 1 / 40)


def callers(table, _rounds):
    """Many callers at once, each of whom asks four times."""
    table.title("Callers at once, four grants each")
    with Lab() as lab:
        ways = {"libtapgrant": LIBRARY, "smallest setuid helper, static": lab.smallest(), "qemu-bridge-helper": lab.qemu()}
        for count in (1, 4, 16, 64):
            for name, way in ways.items():
                if not way:
                    continue
                rate, took = lab.crowd(count, 4, way)
                table.row("callers", f"{name}, {count}", took, kind=name, count=count, per_second=round(rate), worst_us=round(max(took) / 1000))
                print(f"  {'':44} {rate:10.0f} a second, the worst {max(took) / 1e6:.1f} ms")


GROUPS = {"one": one, "sets": sets, "others": others, "rules": rules, "settings": settings, "unmanaged": unmanaged, "apply": apply,
          "callers": callers}
