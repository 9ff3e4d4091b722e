# SPDX-License-Identifier: LGPL-2.1-or-later
"""tapgrant list --tree and --all: bridges, taps, whose, by what, and what was changed behind the tag's back."""
from host import ALICE, BOB, uid
from test_apply import FOLDER, GROUP, OWNER, PERSIST, PLAIN, WEB, apply, declare, hold, let_go  # noqa: F401

GRANT = "[rule lab]\nuser = *\nbridge = br0 none\nisolate = no\nlock-mac = no\n"


def rows(tree):
    return {tap["dev"]: (group["bridge"], tap["user"], tap["rule"], tap["label"], tap["changed"])
            for group in tree for tap in group["taps"]}


def test_the_tree_has_bridges_taps_and_whose_they_are(host, declare):  # noqa: F811
    host.policy(GRANT)
    declare(WEB)
    apply(host)
    process = host.hold("bridge=br0", user=BOB)
    host.tapgrant("create", "--net", "", check=True)
    host.tap("strange", ALICE)
    slots = {row["dev"]: row["slot"] for row in host.tapgrant("list", "--json", user=None, check=True).json}
    tree = host.tapgrant("list", "--tree", user=None, check=True).out.splitlines()
    held = tree[2].rsplit(" ", 1)[1]
    assert tree == ["br0", f"|- web0  {ALICE}  declared=web  persistent up",
                    f"`- tg0  {BOB}  rule=lab slot={slots['tg0']}  transient up  held by {held}",
                    "(no bridge)", f"`- tg1  {ALICE}  rule=lab slot={slots['tg1']}  persistent up"]
    assert process.poll() is None and "strange" in host.tapgrant("list", "--tree", "--all", check=True).out
    assert "declared=web" in host.tapgrant("list", check=True).out
    assert rows(host.tapgrant("list", "--tree", "--all", "--json", check=True).json) == {
        "web0": ("br0", ALICE, None, "web", []), "tg0": ("br0", BOB, "lab", None, []), "tg1": (None, ALICE, "lab", None, []),
        "strange": (None, ALICE, None, None, [])}
    everything = host.tapgrant("list", "--all", "--json", check=True).json
    assert sorted(row["dev"] for row in everything) == ["strange", "tg0", "tg1", "web0"]


def test_what_a_holder_changed_is_marked(host, declare):  # noqa: F811
    host.policy(GRANT)
    declare(WEB)
    apply(host)
    for _ in range(2):
        host.tapgrant("create", "--net", "bridge=br0", check=True)
    let_go(host, hold(host, "tg0", f"{OWNER}={uid(BOB)}"))
    let_go(host, hold(host, "tg1", f"{GROUP}=65534"))
    hold(host, "web0", f"{PERSIST}=0")
    tree = host.tapgrant("list", "--tree", check=True).out
    lines = {line.split()[1]: line for line in tree.splitlines()[1:]}
    assert lines["tg0"].endswith(f"CHANGED: owner is {BOB}") and f"tg0  {ALICE}  " in lines["tg0"]
    assert lines["tg1"].endswith("CHANGED: group is 65534") and lines["web0"].endswith("CHANGED: transient")
    found = rows(host.tapgrant("list", "--tree", "--json", check=True).json)
    assert [found[name][4] for name in ("tg0", "tg1", "web0")] == [["owner"], ["group"], ["persist"]]


def test_a_declared_one_whose_holder_gave_it_away_is_marked(host, declare):  # noqa: F811
    """By its definition, for anybody who may read that; where nobody can tell, nothing is said."""
    declare(WEB + PLAIN)
    declare(WEB.replace(ALICE, BOB), "b.conf")  # refused: the first one counts
    apply(host, check=False)

    def listed():
        tree = host.tapgrant("list", "--tree", check=True)
        lines = {line.split()[1]: line for line in tree.out.splitlines() if line[0] in "|`"}
        found = rows(host.tapgrant("list", "--tree", "--json", check=True).json)
        assert tree.err == ""
        return "CHANGED" in lines["web0"] or "CHANGED" in lines["db0"], lines["web0"], found["web0"][4], found["db0"][4]

    assert listed()[0] is False
    let_go(host, hold(host, "web0", f"{OWNER}={uid(BOB)}"))
    _, web, in_web, in_db = listed()
    assert web.endswith(f"CHANGED: owner is {BOB}, not {ALICE}") and (in_web, in_db) == (["owner"], [])
    (host.root(FOLDER) / "a.conf").chmod(0o600)
    (host.root(FOLDER) / "b.conf").unlink()
    assert listed()[0] is False, "not to be read"
    (host.root(FOLDER) / "a.conf").chmod(0o644)
    declare("[interface web]\ndev = other0\nowner = 1\n")
    assert listed()[0] is False, "another device's"
