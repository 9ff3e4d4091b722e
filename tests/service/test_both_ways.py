# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system tests whose subject is a privileged step, once more: here the service takes it, and no setuid helper could.

Not here: tests of the command and the library alone, and those that execute or trace the helper itself.
"""
import importlib

import pytest

from daemon import Service
from host import ALICE, HELPER, Host

SUBJECTS = {
    "test_grant": [
        "test_a_bridged_tap_is_up_on_its_bridge_and_its_users", "test_a_transient_tap_goes_with_its_last_descriptor",
        "test_name_and_addresses_are_what_was_asked", "test_the_mtu_is_the_bridges_and_leaves_the_bridges_alone",
        "test_the_host_hears_no_router_on_a_tap_and_forwards_nothing", "test_several_queues_are_one_device", "test_vnet_hdr_is_as_asked",
        "test_a_set_is_all_or_none", "test_an_existing_name_is_refused_with_what_to_do",
        "test_an_alternative_name_of_another_device_is_taken_too",
        "test_a_bridge_may_be_asked_for_by_its_alternative_name_if_its_own_is_granted", "test_root_asks_by_the_same_policy",
        "test_a_tap_of_that_name_in_another_namespace_is_not_this_one"],
    "test_denial": [
        "test_a_denial_is_one_answer", "test_a_rule_with_max_0_refuses_before_any_tap_is_made",
        "test_a_rule_does_not_fall_through_to_a_laxer_one", "test_users_and_groups_by_name_id_and_range",
        "test_supplementary_groups_count", "test_the_users_own_name_in_a_pattern",
        "test_an_unfit_bridge_says_all_that_is_wrong_and_the_commands_mend_it", "test_an_unfit_bridge_can_be_allowed"],
    "test_quota": [
        "test_64_callers_at_once_get_8", "test_the_holder_cannot_shed_its_slot",
        "test_each_rule_has_its_own_count_and_a_set_takes_what_it_needs", "test_absent_max_is_8", "test_no_interface_can_squat_a_slot"],
    "test_port": [
        "test_a_port_is_what_its_rule_makes_it", "test_a_locked_port_without_an_address_asked_gets_one",
        "test_a_tap_without_a_bridge_is_not_locked", "test_what_another_port_learned_gives_way", "test_what_somebody_set_does_not",
        "test_a_guests_address_is_not_given_to_a_tap", "test_one_guests_address_twice_in_a_request",
        "test_the_claim_goes_with_its_device", "test_no_other_port_is_touched"],
    "test_mtu": ["test_it_is_not_between_the_bridges_and_that_of_its_other_ports", "test_on_a_bridge_with_less_than_1280_there_is_no_port"],
}


@pytest.fixture
def host():
    a_host = Host()
    a_host.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    a_host.bind("/bin/false", HELPER)
    with Service(a_host, path="/run/tapgrant/socket"):
        yield a_host
    a_host.close()


for file, names in SUBJECTS.items():
    for name in names:
        globals()[name] = getattr(importlib.import_module(file), name)


def test_the_helper_cannot_take_a_step_here(host):
    """Or the others here would not show what they are to show."""
    host.policy("[rule lab]\nuser = *\nbridge = none\n")
    host.tapgrant("run", "--net", "bridge=none", "--", "true", check=True)
    host.run("rm", "/run/tapgrant/socket")
    assert host.tapgrant("run", "--net", "bridge=none", "--", "true").code == 1


def test_a_tap_that_was_just_granted_is_held_by_nobody_else(host):
    """It can be closed, and opened by its name, at once: what was made to stay for a command that cannot run is deleted so."""
    host.policy("[rule lab]\nuser = *\nbridge = none\n")
    for _ in range(10):
        result = host.tapgrant("run", "--net", "bridge=none,persist=yes", "--", "/nonexistent", user=ALICE)
        assert result.code == 127 and "in use" not in result.err, result
    assert not host.taps()
