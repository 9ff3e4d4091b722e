# SPDX-License-Identifier: LGPL-2.1-or-later
"""What managed='no' is to libvirt (11.3.0; domain_conf.c, domain_validate.c, domain_interface.c), row by row, here."""
import re
from pathlib import Path

import pytest

from host import ALICE, uid

# A row of libvirt's behaviour that has a counterpart here, and the tests that hold us to it.
ROWS = {
    "managed is yes or no; any other value is an error": ["test_all_faults_are_told_with_file_and_line", "test_libvirts_sentences"],
    "absent is not written back, and behaves as yes": ["test_managed_is_written_back_only_if_it_was_given"],
    "only type ethernet, checked first": ["test_libvirts_sentences"],
    "a reserved name is kept with managed=no, and dropped of what is saved otherwise":
        ["test_show_drops_generated_names_of_saved_definitions_only"],
    "managed is written also where the name was dropped": ["test_managed_is_written_where_the_name_was_dropped"],
    "live and saved are the same with managed=no": ["test_live_and_saved_are_the_same_of_an_unmanaged_one"],
    "no check of the name's length or bytes before it is opened": ["test_what_does_not_exist_is_never_made_root_too",
                                                                  "test_names_are_not_checked_before_they_are_opened"],
    "VNET_HDR is set on opening, as asked": ["test_vnet_hdr_follows_the_opener"],
    "a name is needed": ["test_libvirts_sentences"],
    "it has to exist": ["test_what_does_not_exist_is_never_made_root_too"],
    "an alternative name will do, and the kernel's is then known": ["test_an_alternative_name_opens_and_the_kernels_is_reported"],
    "what vanishes before it is opened is not made": ["test_a_device_that_vanishes_while_it_is_opened"],
    "a macvtap is opened by its node": ["test_a_macvtap_is_opened_and_unchanged", "test_queues_and_vnet_hdr_are_as_asked",
                                        "test_libvirt_on_a_macvtap"],
    "a macvtap without its node is no tap with a wrong argument": [
        "test_a_missing_node_is_said_with_the_command_that_makes_it"],
    "multi-queue if and only if several queues": ["test_an_administrators_tap_is_opened_and_unchanged",
                                                  "test_queues_that_do_not_fit_are_said"],
    "EPERM, EBUSY and EINVAL each have their sentence": ["test_what_libvirt_refuses_by_one_errno_has_its_own_sentence_here",
                                                         "test_a_held_tap_names_its_holder", "test_another_kind_is_named"],
    "address, MTU, flags, persistence stay; nothing is deleted": ["test_an_administrators_tap_is_opened_and_unchanged",
                                                                  "test_libvirt_leaves_the_mtu_and_address_of_an_unmanaged_tap"],
    "keys that cannot be kept are refused": ["test_keys_that_would_be_ignored_are_refused"],
    "script and downscript run all the same": ["test_a_script_runs_after_opening_as_the_caller_with_the_devices_name",
                                               "test_a_domain_of_a_script_runs_it_with_the_name_as_tapgrant_does"],
    "a script that fails is a failure": ["test_a_script_that_fails_ends_it"],
    "the program gets descriptors and never the name": ["test_qemu_on_an_administrators_tap_through_run"],
    "the guest's address may begin with fe": ["test_the_guests_address_may_begin_with_fe"],
    "a crash leaves the tap": ["test_a_crash_leaves_the_tap"],
    "two that want one tap are told when the second opens it": ["test_a_held_tap_names_its_holder"],
    "the helper is not called": ["test_an_administrators_tap_is_opened_and_unchanged"],
}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_its_tests(row):
    tests = "".join(path.read_text() for path in Path(__file__).parents[1].glob("*/test_*.py"))
    assert ROWS[row] and set(ROWS[row]) <= set(re.findall(r"^def (test_\w+)", tests, re.M))


@pytest.mark.parametrize("spec, sentence", [
    ("managed=maybe", "invalid 'managed' value 'maybe'"), ("managed=NO,dev=x", "invalid 'managed' value 'NO'"),
    ("managed=no,bridge=br0", "unmanaged target dev is not supported on interfaces of type 'bridge'"),
    ("managed=no,type=bridge,dev=x", "unmanaged target dev is not supported on interfaces of type 'bridge'"),
    ("managed=no", "target dev must be supplied when managed='no'")])
def test_libvirts_sentences(lab, spec, sentence):
    result = lab.tapgrant("run", "--net", spec, "--", "true")
    assert result.code == 2 and result.err.splitlines()[0] == f"tapgrant: --net: {sentence}"


@pytest.mark.parametrize("key", ["host-mac=fe:54:00:12:34:56", "mtu=1500", "persist=yes", "persist=no"])
def test_keys_that_would_be_ignored_are_refused(lab, key):
    lab.tap()
    result = lab.tapgrant("run", "--net", f"managed=no,dev=mytap0,{key}", "--", "true")
    assert result.code == 2 and f"'{key.split('=')[0]}' has no meaning with managed=no" in result.err


def test_managed_is_written_where_the_name_was_dropped(host):
    path = host.folder / "d.conf"
    path.write_text("[interface a]\ndev = tg6\nmanaged = yes\n")
    assert host.tapgrant("show", "--inactive", path, check=True).out == "[interface a]\nmanaged = yes\n"


@pytest.mark.parametrize("name", ["tg5", "vnet5", "mytap0"])
def test_live_and_saved_are_the_same_of_an_unmanaged_one(host, name):
    path = host.folder / "d.conf"
    path.write_text(f"[interface a]\ndev = {name}\nmanaged = no\n")
    live, saved = (host.tapgrant("show", *words, path, check=True).out for words in ([], ["--inactive"]))
    assert live == saved == path.read_text()


def test_names_are_not_checked_before_they_are_opened(host):
    path = host.folder / "d.conf"
    path.write_text("[interface a]\ndev = a-name-of-19-bytes-\nmanaged = no\n")
    assert host.tapgrant("lint", path).code == 0
    result = host.tapgrant("run", "-f", path, "--", "true")
    assert result.code == 4 and "target managed='no' but specified dev doesn't exist" in result.err


def test_the_guests_address_may_begin_with_fe(lab):
    lab.tap()
    result = lab.tapgrant("run", "--net", "managed=no,dev=mytap0,guest-mac=fe:11:22:33:44:55", "--", "echo", "{guest-mac}",
                          check=True)
    assert result.out == "fe:11:22:33:44:55\n"


def test_a_crash_leaves_the_tap(lab):
    name = f"u{uid(ALICE)}-vm1"
    lab.tapgrant("create", "--net", f"dev={name},bridge=br0", check=True)
    before = {key: lab.link(name)[key] for key in ("ifindex", "address", "mtu", "master", "ifalias", "altnames")}
    process = lab.hold(f"managed=no,dev={name}")
    lab.end(process)
    assert {key: lab.link(name)[key] for key in before} == before
    assert lab.tapgrant("run", "--net", f"managed=no,dev={name}", "--", "true").code == 0
