# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each line of doctor is provoked, and its hint, carried out as root, mends it."""
import pytest

from host import ALICE, BOB, HELPER, POLICY, TAPGRANT, uid

RULE = "[rule lab]\nuser = *\nbridge = br0\nisolate = no\nlock-mac = no\n"
HOST = ["service", "helper", "tun", "kernel", "udev", "nftables", "policy", "bridge"]
DEVICE = ["exists", "owner", "held", "up", "bridge", "port", "queues", "offloads"]


@pytest.fixture
def well(host):
    host.policy(RULE)
    host.bridge("br0")
    host.run("mount", "-t", "tmpfs", "tmpfs", "/run")
    (host.folder / "nftables.conf").write_text('include "/etc/nftables/tapgrant.nft"\n')
    host.bind(host.folder / "nftables.conf", "/etc/nftables.conf")
    assert [row["check"] for row in findings(host)] == HOST
    return host


def findings(host, *words, user=ALICE, **kwargs):
    result = host.tapgrant("doctor", "--json", *words, user=user, **kwargs)
    rows = result.json
    assert result.code == (0 if all(row["ok"] for row in rows) else 1)
    assert all(row["ok"] or row["hint"] for row in rows)
    return rows


def bad(host, *words, **kwargs):
    return {row["check"]: row for row in findings(host, *words, **kwargs) if not row["ok"]}


def mend(host, check, *words, text, **kwargs):
    """The one finding CHECK says TEXT, and is gone once its hint was carried out."""
    found = bad(host, *words, **kwargs)
    assert check in found and text in found[check]["text"], found
    host.run("sh", "-ec", found[check]["hint"])
    left = bad(host, *words, **kwargs)
    assert check not in left, left
    return left


def test_a_host_where_all_is_well(well):
    result = well.tapgrant("doctor", check=True)
    assert [line.split()[0] for line in result.out.splitlines()] == ["ok"] * len(HOST)


def test_a_closed_node(well):
    well.run("chmod", "0600", "/dev/net/tun")
    assert not mend(well, "tun", text="not open to you (owner 0, group 0, mode 0600)")


def test_a_missing_node(well):
    well.run("rm", "/dev/net/tun")
    found = bad(well)["tun"]
    assert "cannot be opened: No such file" in found["text"]
    well.run("sh", "-c", found["hint"])  # modprobe itself fails where the driver is built in
    assert not bad(well)


def double(host, mode, folder=None):
    path = (folder or host.folder) / "helper"
    host.root(path).write_bytes(HELPER.read_bytes())
    host.root(path).chmod(mode)
    host.bind(path, HELPER)


def test_a_helper_that_lost_its_bit_in_a_copy(well):
    double(well, 0o755)
    assert not mend(well, "helper", text="is not setuid root")


def test_a_helper_on_a_nosuid_mount(well):
    well.run("mount", "-t", "tmpfs", "-o", "nosuid", "tmpfs", well.folder)
    double(well, 0o4755)
    assert not mend(well, "helper", text="mounted nosuid")


def test_no_helper(well):
    well.run("mount", "-t", "tmpfs", "tmpfs", HELPER.parent)
    assert "No such file" in bad(well)["helper"]["text"] and "install" in bad(well)["helper"]["hint"]
    well.run("umount", HELPER.parent)
    assert not bad(well)


def test_no_new_privs(well):
    assert "no_new_privs" in bad(well, extra=["--no-new-privs"])["helper"]["text"]


def test_a_user_namespace(well):
    result = well.run("unshare", "-Ur", TAPGRANT, "doctor", "--json", user=ALICE, check=False)
    (row,) = [row for row in result.json if row["check"] == "helper"]
    assert not row["ok"] and "user namespace" in row["text"]


def test_an_old_kernel(well):
    result = well.run("setarch", "--uname-2.6", TAPGRANT, "doctor", "--json", user=ALICE, check=False)
    (row,) = [row for row in result.json if row["check"] == "kernel"]
    assert not row["ok"] and row["text"].startswith("2.6.") and "Linux 5.9" in row["hint"]


def test_udevs_address_policy(well):
    for folder in ("/etc/systemd", "/usr/lib/systemd"):
        well.run("mount", "-t", "tmpfs", "tmpfs", folder)
    well.run("sh", "-ec", "mkdir -p /usr/lib/systemd/network /run/udev; touch /run/udev/control;"
             "printf '[Match]\\nOriginalName=*\\n[Link]\\nMACAddressPolicy=persistent\\n' >/usr/lib/systemd/network/99-default.link")
    assert not mend(well, "udev", text="MACAddressPolicy=persistent")


def test_a_note_is_no_failure(well):
    (well.folder / "nftables.conf").write_text("flush ruleset\n# tapgrant\n")
    assert not bad(well)
    lines = well.tapgrant("doctor", check=True).out.splitlines()
    (note,) = [at for at, line in enumerate(lines) if line.startswith("warn ")]
    assert lines[note].startswith("warn nftables: ") and lines[note + 1].startswith("     hint: install ")


@pytest.mark.parametrize("check, runs, file, text", [
    ("networkd", "/run/systemd/netif/state", "/etc/systemd/network/x.network", "[Match]\nName = tg* quota.tapgrant.*\n"),
    ("networkmanager", "/run/NetworkManager/x", "/etc/NetworkManager/conf.d/x.conf",
     "[keyfile]\nunmanaged-devices += interface-name:tg*\n")])
def test_software_is_noted_only_where_it_runs_and_has_no_file_for_taps(well, check, runs, file, text):
    """A file of one's own counts as the example does."""
    def checks(good):
        return [row["check"] for row in findings(well) if (row["hint"] is None) == good]
    folder = "/etc/systemd" if check == "networkd" else "/etc"
    well.run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={well.folder}:{folder}", folder)
    assert check not in checks(True) + checks(False)
    well.run("sh", "-ec", f"mkdir -p {runs.rpartition('/')[0]}; touch {runs}")
    assert checks(False) == [check]
    below = well.folder / file.removeprefix(folder + "/")
    below.parent.mkdir(parents=True)
    below.write_text(text)
    well.run("umount", folder)
    well.run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={well.folder}:{folder}", folder)
    assert check in checks(True) and not checks(False)


@pytest.mark.parametrize("spoil, text", [
    (["chmod", "0664", POLICY], "others can write"), (["chown", ALICE, POLICY], "not root's"),
    (["chmod", "0777", POLICY.parent], "others can write"), (["chmod", "0640", POLICY], "not readable by you"),
    (["rm", POLICY], "does not exist")])
def test_a_policy_that_cannot_be_used(well, spoil, text):
    well.run(*spoil)
    found = bad(well)["policy"]
    assert text in found["text"]
    well.run("sh", "-ec", found["hint"].replace(", or ask as root", "").replace(", and write a rule", ""))
    assert not bad(well)


def test_a_policy_with_faults_tells_each_line(well):
    well.policy(RULE + "colour = red\nmax = 257\n")
    rows = [row for row in findings(well) if not row["ok"]]
    assert [row["object"] for row in rows] == [f"{POLICY}:6", f"{POLICY}:7"]
    assert "unknown key" in rows[0]["text"] and "bad value" in rows[1]["text"]


def test_a_name_that_nobody_has(well):
    well.policy(RULE.replace("*", "nobody-has-this-name"))
    assert "not in /etc/passwd" in bad(well)["policy"]["text"]


def test_a_missing_bridge(well):
    well.policy(RULE.replace("br0", "br7"))
    assert not mend(well, "bridge", text="does not exist")
    assert well.tapgrant("run", "--net", "bridge=br7", "--", "true").code == 0


def test_what_is_no_bridge(well):
    well.run("ip", "link", "add", "br7", "type", "veth", "peer", "name", "other")
    well.policy(RULE.replace("br0", "br7"))
    assert bad(well)["bridge"]["text"] == "is no bridge"


def test_an_unpinned_bridge_that_takes_router_advertisements(well):
    well.policy(RULE.replace("br0", "br*"))
    well.bridge("br8", address=None, ra=True)
    found = bad(well)
    assert set(found) == {"pinned", "ra"}
    assert set(mend(well, "pinned", text="MAC address is not fixed")) == {"ra"}
    assert not mend(well, "ra", text="router advertisements")


def test_what_a_rule_waives_is_no_finding(well):
    well.bridge("br8", address=None, ra=True)
    well.policy(RULE.replace("br0", "br8") + "allow-unpinned-bridge = yes\nallow-ra-bridge = yes\n")
    assert not bad(well)


def warned(host, check, *words):
    return [row for row in findings(host, *words) if row["check"] == check and row["ok"] and row["hint"]]


def test_what_stands_on_a_bridge_and_takes_router_advertisements(well):
    """The helper asks of the bridge only: it is a warning."""
    well.run("ip", "link", "add", "link", "br0", "name", "mv0", "type", "macvlan")
    (found,) = warned(well, "ra")
    assert found["object"] == "interface mv0" and "stands on bridge br0" in found["text"]
    well.policy(RULE + "allow-ra-bridge = yes\n")
    assert not warned(well, "ra")
    well.policy(RULE)
    well.run("sh", "-ec", found["hint"])
    assert not warned(well, "ra") and not bad(well)


def test_the_rp_filter_of_all_that_undoes_a_taps_own(well):
    well.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=2")
    assert not warned(well, "rp_filter"), "without taps without a bridge it is nobody's matter"
    well.policy(RULE.replace("br0", "br0 none"))
    (found,) = warned(well, "rp_filter")
    assert "makes the 1 of a tap without a bridge 2" in found["text"]
    well.run("sh", "-ec", found["hint"])
    assert not warned(well, "rp_filter")


def test_a_rule_that_grants_nothing_asks_for_no_bridge_and_no_setting(well):
    """max = 0: it has none to make, and nobody's tap stands on what it names."""
    well.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=2")
    out = RULE.replace("[rule lab]", "[rule out]").replace("br0", "br-gone none") + "max = 0\n"
    assert "[rule out]" in out and "br-gone none" in out
    well.policy(out + RULE)
    assert "br-gone" not in well.tapgrant("doctor").out
    assert not warned(well, "rp_filter")
    well.policy(out.replace("max = 0\n", "") + RULE)
    assert "br-gone" in well.tapgrant("doctor").out and warned(well, "rp_filter")


def test_a_full_bridge(well):
    batch = "".join(f"tuntap add dev p{n} mode tap\nlink set p{n} master br0\n" for n in range(1023))
    (well.folder / "batch").write_text(batch)
    well.run("ip", "-batch", well.folder / "batch")
    assert "all 1023 ports are taken" in bad(well)["ports"]["text"]
    result = well.tapgrant("run", "--net", "bridge=br0", "--", "true")
    assert result.code == 1 and "is full: a bridge has at most 1023 ports" in result.err
    well.run("ip", "link", "del", "p0")
    assert not bad(well)


# A device ---------------------------------------------------------------------------------------------------------------


def test_a_device_with_which_all_is_well(well):
    well.tapgrant("create", "--net", "bridge=br0", check=True)
    rows = findings(well, "tg0")
    assert [row["check"] for row in rows] == DEVICE and all(row["ok"] for row in rows)


@pytest.mark.parametrize("lock, isolate", [("yes", "no"), ("no", "yes"), ("no", "no")])
def test_a_port_that_was_taken_off_its_bridge_and_put_back(well, lock, isolate):
    rule = RULE.replace("isolate = no", f"isolate = {isolate}").replace("lock-mac = no", f"lock-mac = {lock}")
    well.policy(rule)
    (made,) = well.tapgrant("create", "--net", "bridge=br0", "--json", check=True).json
    assert not warned(well, "port", "tg0")
    (port,) = [row for row in findings(well, "tg0") if row["check"] == "port"]
    assert port["text"] == ("locked to " + made["guest_mac"] if lock == "yes" else "not locked") + (
        "; isolated" if isolate == "yes" else "; not isolated") + "; BPDU guard and root block"
    well.run("ip", "link", "set", "tg0", "nomaster")
    well.run("ip", "link", "set", "tg0", "master", "br0")
    (found,) = warned(well, "port", "tg0")
    assert found["text"].startswith("not locked; not isolated; without BPDU guard or root block: ")
    assert (f"not what rule lab says (lock-mac = {lock}, isolate = {isolate})" in found["text"]) == ("yes" in (lock, isolate))
    if lock == "yes":
        assert "ask for it anew" in found["hint"], "nobody knows the guest's address any more"
        well.policy(rule, mode=0o600)
        (found,) = warned(well, "port", "tg0")
        assert found["text"].endswith("not as tapgrant made it"), "who may not read the policy is told what is always so"
    else:
        well.run("sh", "-ec", found["hint"])
        assert not warned(well, "port", "tg0")


def test_a_lock_that_somebody_took_off(well):
    well.policy(RULE.replace("lock-mac = no", "lock-mac = yes"))
    well.tapgrant("create", "--net", "bridge=br0", check=True)
    well.run("bridge", "link", "set", "dev", "tg0", "locked", "off")
    (found,) = warned(well, "port", "tg0")
    assert "not locked" in found["text"] and "lock-mac = yes" in found["text"]


def test_the_port_of_somebody_elses_tap_is_only_told(well):
    well.tap("x0", ALICE)
    well.run("ip", "link", "set", "x0", "master", "br0", "up")
    assert not warned(well, "port", "x0") and "port" in [row["check"] for row in findings(well, "x0")]


def test_a_missing_device(well):
    assert "held" not in mend(well, "exists", "x0", text="does not exist")


def test_another_kind_of_device(well):
    assert "is no tap but of kind bridge" in bad(well, "br0")["exists"]["text"]


@pytest.mark.parametrize("owner, text", [(BOB, f"belongs to uid "), (None, "has no owner")])
def test_a_device_of_another(well, owner, text):
    well.tap("x0", owner)
    mend(well, "owner", "x0", text=text)
    assert well.link("x0")["linkinfo"]["info_data"]["user"] == ALICE and uid(ALICE)


@pytest.mark.parametrize("options", [[], ["multi_queue"]])
def test_a_held_device(well, options):
    well.tap("x0", ALICE, *options)
    well.hold("managed=no,dev=x0")
    mend(well, "held", "x0", text="holds it")


def test_a_device_that_is_down(well):
    well.tap("x0")
    assert not mend(well, "up", "x0", text="down: no traffic flows")


@pytest.mark.parametrize("words", [["--frob"], ["a", "b"]])
def test_a_command_line_that_makes_no_sense(well, words):
    assert well.tapgrant("doctor", *words).code == 2


@pytest.mark.parametrize("program, queues, option", [
    ("qemu", 1, "ifname=mytap0,script=no,downscript=no"), ("qemu", 2, ",queues=2"),
    ("libvirt", 1, "<target dev='mytap0' managed='no'/>"), ("libvirt", 2, "<driver queues='2'/>"),
    ("firecracker", 1, '"host_dev_name": "mytap0"'), ("cloud-hypervisor", 2, "tap=mytap0,num_queues=4"),
    ("crosvm", 1, "tap-name=mytap0")])
def test_a_program_is_told_its_options(host, program, queues, option):
    host.tap("mytap0", ALICE, *(["multi_queue"] if queues > 1 else []))
    host.run("ip", "link", "set", "mytap0", "up")
    result = host.tapgrant("doctor", "mytap0", "--for", program, *(["--queues", queues] if queues > 1 else []))
    assert result.code == 0 and option in result.out, result
    assert f"{program} can open it, with {queues} queue" in result.out


def test_libvirts_trap_is_warned_of_and_is_no_fault(host):
    host.tap("mytap0")
    host.run("ip", "link", "set", "mytap0", "up")
    result = host.tapgrant("doctor", "mytap0", "--for", "libvirt")
    assert result.code == 0
    assert "warn interface mytap0: without managed='no' libvirt refuses an existing tap of one's own, and deletes it" in result.out
    warned = [one for one in host.tapgrant("doctor", "--json", "mytap0", "--for", "libvirt").json if one["check"] == "managed"]
    assert warned[0]["ok"] and warned[0]["hint"] == "write managed='no'"


def test_a_programs_options_are_told_without_a_device_too(well):
    result = well.tapgrant("doctor", "--for=firecracker")
    assert result.code == 0 and '"host_dev_name": "NAME"' in result.out


@pytest.mark.parametrize("words", [["--for", "xen"], ["--for"], ["--queues", "2"], ["x", "--for", "qemu", "--queues", "0"],
                                   ["x", "--for", "qemu", "--queues", "257"], ["x", "--for", "qemu", "--queues", "2x"]])
def test_programs_and_queues_that_make_no_sense(well, words):
    assert well.tapgrant("doctor", *words).code == 2


@pytest.mark.parametrize("program", ["qemu", "libvirt", "cloud-hypervisor"])
def test_as_many_queues_as_the_kernel_has(host, program):
    host.tap("mytap0", ALICE, "multi_queue")
    host.run("ip", "link", "set", "mytap0", "up")
    result = host.tapgrant("doctor", "mytap0", "--for", program, "--queues", 256)
    assert result.code == 0 and f"{program} can open it, with 256 queues" in result.out, result


HOLD = """
import fcntl, struct, sys
queue = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(queue, 0x400454ca, struct.pack("16sH22x", b"mytap0", int(sys.argv[1], 0)))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("options, flags", [([], "0x1002"), (["multi_queue"], "0x1102")])
def test_a_holder_that_one_may_not_see(host, options, flags):
    """Root's, say: the kernel says that it is there, and a program would get EBUSY or a share of the traffic."""
    host.tap("mytap0", ALICE, *options)
    host.run("ip", "link", "set", "mytap0", "up")
    queues = ["--queues", "2"] if options else []
    assert not bad(host, "mytap0", "--for", "qemu", *queues)
    holder = host.start("/usr/bin/python3", "-c", HOLD, flags)
    assert holder.stdout.readline() == "held\n"
    found = bad(host, "mytap0", "--for", "qemu", *queues)
    assert "a process that you may not see holds it" in found["held"]["text"], found
    assert options or "qemu gets EBUSY" in found["open"]["text"]
    opened = host.tapgrant("run", "--net", "managed=no,dev=mytap0", "--", "true")
    assert opened.code == 4 and "root finds it with tapgrant doctor mytap0" in opened.err, opened
    seen = bad(host, "mytap0", user=None)["held"]
    assert seen["hint"].startswith("kill "), "it names one to root"
    host.end(holder)
    assert not bad(host, "mytap0", "--for", "qemu", *queues)
