# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module on the host: built, linked into all of Debian's reference policy, and asked."""
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import HERE, MAKEFILE, TO_CIL, TOP, UNPROVED, ioctl_numbers, run, unproved

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("selinux")]  # they share one build of the policy

# What is committed.  -ds: rules that name the type itself; the others have base's for all domains, too.
QUERIES = {
    "what the helper may do": "-A -s tapgrant_t",
    "what it may do while it attaches": "-A -s tapgrant_attach_t",
    "what the helper becomes when it executes": "-T -s tapgrant_t -c process",
    "who may become the helper": "-A -t tapgrant_t -c process -p transition,dyntransition",
    "who may become the helper while it attaches": "-A -t tapgrant_attach_t -c process -p transition,dyntransition",
    "who may attach to a tap of the helper's": "-A -t tapgrant_t -c tun_socket",
    "who may attach to one of several queues": "-A -t tapgrant_attach_t -c tun_socket",
    "which ioctls may be called on taps": "--allowxperm -t tun_tap_device_t",
    "what callers may do": "-A -s tapgrant_caller -ds",
    "what holders of descriptors may do": "-A -s tapgrant_client -ds",
    "what owners of taps may do": "-A -s tapgrant_owner -ds",
    "what tapgrant-apply may do, by rules of its own": "-A -s tapgrant_apply_t -ds",
    "who may become tapgrant-apply": "-A -t tapgrant_apply_t -c process -p transition,dyntransition",
    "who may write the policy": "-A -t tapgrant_conf_t -c file -p write",
}


@pytest.fixture(scope="session")
def answers(lab):
    """What sesearch says of the whole policy."""
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda query: run("sesearch", *query.split(), lab.folder / "release").stdout, QUERIES.values())
        return dict(zip(QUERIES, ["\n".join(sorted(filter(None, text.splitlines()))) for text in said]))


def permissions(text, kind):
    """Of the allow rules for objects of the class KIND."""
    found = re.findall(rf":{kind} (\{{.*?\}}|\w+);", text)
    return set(re.findall(r"\w+", " ".join(found)))


def test_the_rules_are_those_of_the_committed_list(lab, answers):
    found = "\n".join(f"# {title}: sesearch {QUERIES[title]}\n{text}\n" for title, text in answers.items())
    (lab.folder / "rules.txt").write_text(found)
    assert found == (HERE / "rules.txt").read_text(), f"{lab.folder}/rules.txt is what the policy has"


def test_the_helper_executes_nothing_and_becomes_nobody(answers):
    may = answers["what the helper may do"]
    assert "execute_no_trans" not in may
    assert not permissions(may, "process") & {"transition", "setexec"}
    # but for the domain that attaches, and back
    found = {side: re.findall(r"^allow (\S+) (\S+):process \{?[^};]*\bdyntransition\b", answers[question], re.M)
             for side, question in (("to", "who may become the helper while it attaches"), ("back", "who may become the helper"))}
    assert found == {"to": [("tapgrant_t", "tapgrant_attach_t")], "back": [("tapgrant_attach_t", "tapgrant_t")]}
    assert answers["what the helper becomes when it executes"] == ""


def test_the_helper_has_no_capability_but_two(answers):
    may = answers["what the helper may do"]
    assert permissions(may, "capability") == {"net_admin", "setpcap"}
    assert not permissions(may, "(?:capability2|cap_userns|cap2_userns)")


def test_the_helper_writes_nothing_but_settings_and_its_sockets(answers):
    may = answers["what the helper may do"]
    changes = "write|append|create|setattr|unlink|add_name"
    written = set(re.findall(rf"^allow \S+ (\w+):(?:file|dir|lnk_file) \{{[^}}]*\b(?:{changes})\b", may, re.M))
    assert written == {"sysctl_net_t", "tapgrant_t"}  # its own entries in /proc
    made = set(re.findall(r":(\w+_socket|socket) \{?[^};]*\bcreate\b", may))
    assert made == {"netlink_route_socket", "tun_socket", "unix_dgram_socket", "unix_stream_socket"}


def test_what_makes_taps_attaches_to_none_and_what_attaches_makes_none(answers):
    assert permissions(answers["what the helper may do"], "tun_socket") == {"create"}
    attaching = answers["what it may do while it attaches"]
    assert permissions(attaching, "tun_socket") == {"relabelfrom", "relabelto"}
    assert permissions(attaching, "capability") == {"net_admin"}
    targets = re.findall(r"^allow tapgrant_attach_t (\w+):tun_socket", attaching, re.M)
    assert set(targets) == {"tapgrant_t", "tapgrant_attach_t"}


def test_the_helpers_ioctls_are_those_of_its_system_call_filter(answers):
    names = re.findall(r"\bTUN[A-Z]+\b", (TOP / "helper/privilege/generate_filter.c").read_text())
    header = Path("/usr/include/linux/if_tun.h").read_text()
    filtered = {0x5400 | int(re.search(rf"#define {name}\s+_IO\w*\('T', (\d+)", header).group(1)) for name in names}
    rules = re.findall(r"^allowxperm tapgrant(?:_attach)?_t \S+ ioctl \{(.*)\};", answers["which ioctls may be called on taps"], re.M)
    assert len(rules) == 2 and len(filtered) > 10 and set(ioctl_numbers(" ".join(rules))) == filtered


def test_login_users_and_libvirt_start_the_helper_and_nobody_else(answers):
    said = re.findall(r"^allow (\w+) ", answers["who may become the helper"], re.M)
    assert set(said) - {"tapgrant_attach_t"} == {"user_t", "staff_t", "sysadm_t", "unconfined_t", "virtd_t"}


def test_each_assertion_bites(lab):
    """For each neverallow rule the rule that it forbids: the build fails, at that very assertion.  So none is empty.

    With a confined hypervisor beside: as shipped there is none that the assertions on them could be about.
    """
    lines = lab.ours.read_text().splitlines()
    assertions = {number: line for number, line in enumerate(lines, 1) if re.match(r"\s*\(neverallowx? ", line)}
    assert len(assertions) >= 40
    broken = lab.folder / "broken.cil"
    forbidden = [re.sub(r"\(neverallow(x?) ", r"(allow\1 ", line) for line in assertions.values()]
    broken.write_text("\n".join(lines + forbidden) + "\n")
    done = lab.link("broken", broken, lab.labtest, small=True)
    assert done.returncode != 0
    failed = set(map(int, re.findall(rf"neverallowx? check failed at {broken}:(\d+)", done.stderr)))
    assert failed == set(assertions), [assertions[number] for number in set(assertions) - failed]


TOO_MANY = [
    "(allow tapgrant_t self (tun_socket (relabelfrom)))", "(allow tapgrant_attach_t self (tun_socket (create)))",
    "(allow tapgrant_t shadow_t (file (read)))", "(allow tapgrant_t self (capability (net_raw)))",
    "(allow tapgrant_t self (packet_socket (create)))", "(allow tapgrant_t user_t (tun_socket (relabelfrom)))",
    "(allow tapgrant_t tmp_t (file (create)))", "(allow tapgrant_t bin_t (file (execute_no_trans)))",
    "(allow tapgrant_t sysctl_kernel_t (file (write)))", "(allow user_t tapgrant_t (process (ptrace)))",
    "(allow user_t tapgrant_conf_t (file (write)))", "(allowx user_t tun_tap_device_t (ioctl chr_file (0x54cc)))",
    "(allowx tapgrant_t tun_tap_device_t (ioctl chr_file (0x54cb)))", "(allow getty_t tapgrant_t (process (transition)))"]


@pytest.fixture(scope="session")
def refused(lab):
    """The lines of TOO_MANY at which a build with all of them fails, and what it says.  One build for each takes a minute."""
    extra = lab.folder / "extra.cil"
    extra.write_text("\n".join(TOO_MANY) + "\n")
    done = lab.link("extra", lab.ours, extra, small=True)
    assert done.returncode != 0 and re.search("neverallowx? check failed at", done.stderr), done
    return {int(number) for number in re.findall(rf"allowx? at {extra}:(\d+)", done.stderr)}, done.stderr


@pytest.mark.parametrize("rule", TOO_MANY)
def test_one_rule_too_many_fails_the_build(refused, rule):
    lines, said = refused
    assert TOO_MANY.index(rule) + 1 in lines, said


def test_a_build_without_a_fault_passes_the_same_way(lab):
    assert lab.link("faultless", lab.ours, small=True).returncode == 0


def test_files_get_their_labels(lab):
    for path, kind in (("/usr/libexec/tapgrant-helper", "tapgrant_exec_t"), ("/usr/libexec/tapgrant-bridge-helper", "bin_t"),
                       ("/usr/bin/tapgrant", "bin_t"), ("/usr/sbin/tapgrant-apply", "tapgrant_apply_exec_t"),
                       ("/etc/tapgrant", "tapgrant_conf_t"), ("/etc/tapgrant/policy.conf", "tapgrant_conf_t"),
                       ("/etc/tapgrant/interfaces.d/x.conf", "tapgrant_conf_t"), ("/etc/tapgrant.conf", "etc_t"),
                       ("/etc/subuid", "etc_t")):
        said = run("matchpathcon", "-n", "-m", "dir" if path.endswith("tapgrant") and "etc" in path else "file",
                   "-f", lab.folder / "release.contexts", path).stdout
        assert said.split(":")[2] == kind, (path, said)


def test_the_module_is_installed_where_semodule_is_told_to_find_it(lab):
    folder = lab.root / "usr/share/selinux/packages"
    assert {path.name for path in folder.iterdir()} == {"tapgrant.pp", "tapgrant.if"}
    assert run(TO_CIL, folder / "tapgrant.pp").stdout == lab.ours.read_text()


def test_what_has_no_mutant_is_listed_with_its_reason(lab):
    found = unproved(lab.source)
    assert len(found) > 10 and set(found) <= UNPROVED, set(found) - UNPROVED
    assert all(rule in re.sub(r"\s+", " ", lab.source) for rule in UNPROVED), "no longer in the module"


def test_the_pages_example_builds_as_it_says(lab, tmp_path):
    """A module of the site's own, with the interfaces where the page installs them."""
    page = (lab.root / "usr/share/man/man8/tapgrant_selinux.8").read_text()
    example = re.search(r"^(policy_module\(site_hypervisor.*?)^\.Ed", page, re.M | re.S).group(1).replace("\\&", "")
    assert "distributed /usr/share/selinux/packages/tapgrant.if" in page and f"make -f {MAKEFILE} site_hypervisor.pp" in page
    include = tmp_path / "include"
    shutil.copytree(Path(MAKEFILE).parent / "include", include)
    (include / "distributed").mkdir(exist_ok=True)
    shutil.copy(lab.root / "usr/share/selinux/packages/tapgrant.if", include / "distributed")
    (tmp_path / "site_hypervisor.te").write_text(example)
    run("make", "-s", "-f", MAKEFILE, f"HEADERDIR={include}", "NAME=default", "TYPE=mcs", "site_hypervisor.pp", cwd=tmp_path)
    said = run(TO_CIL, tmp_path / "site_hypervisor.pp").stdout
    assert "hypervisor_t" in said and "tapgrant_client" in said
