# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tests of this folder run by both ways to the privileged step, the setuid helper and the service.

A test whose subject is the privileged step must see the same results and messages whichever way is taken.
"""
import os
from contextlib import contextmanager

from daemon import Service
from host import HELPER

SOCKET = "/run/tapgrant/socket"  # where the library looks

# The modules whose subject is the privileged step: every test of them that has a host runs by both ways.
BOTH = ("test_check", "test_denial", "test_existing", "test_grant", "test_holder", "test_list", "test_mtu", "test_port", "test_quota",
        "test_subordinate")
# The rest, and why one way is enough.
ONE = {
    "apply: it asks neither": ("test_apply", "test_apply_holder", "test_apply_live", "test_apply_safety"),
    "no tap is asked for": ("test_checklist", "test_definitions", "test_doctor", "test_install", "test_lint", "test_unmanaged", "test_macvtap"),
    "what the setuid helper's process is, and what its caller does to it; the service's is in tests/service":
        ("test_few_descriptors", "test_host_death", "test_input", "test_read_back", "test_safety", "test_starvation", "test_trace",
         "test_protocol"),
    "the library or the command, with either way's double or both": ("test_both_ways", "test_cancel", "test_library", "test_one_answer",
                                                                    "test_same_answer", "test_scripts", "test_two_ways"),
    "what a kernel and its programs do with a port that was made, which test_port compares":
        ("test_host_software", "test_kept_settings", "test_shared_bridge", "test_unbridged_frames"),
}
# Tests of these modules that are about the helper alone.
HELPER_ALONE = {
    "its calls are traced": (
        "test_a_claim_costs_the_same_whatever_the_number_of_interfaces", "test_a_request_beyond_max_makes_no_more_than_it_may_hold_and_one",
        "test_a_port_is_found_among_many", "test_a_bridge_that_moves_all_the_same_is_noticed",
        "test_what_was_learned_is_removed_only_where_it_is_in_the_way_and_the_claim_tried_once_more"),
    "it reads as root": ("test_an_unreadable_policy_still_grants", "test_a_file_that_only_root_can_read_serves_the_helper"),
}
# By the service only with --long: what they show of its stages, the others show too, with fewer cases.
LONG = ("test_check", "test_existing", "test_list", "test_subordinate")
LONG_TESTS = ("test_64_callers_at_once_get_8", "test_check_says_what_the_helper_does", "test_users_and_groups_by_name_id_and_range")


def ways_of(module, function):
    if module not in BOTH or any(function in names for names in HELPER_ALONE.values()):
        return ["setuid"]
    if (module in LONG or function in LONG_TESTS) and not os.environ.get("TAPGRANT_LONG"):
        return ["setuid"]
    return ["setuid", "service"]


@contextmanager
def by_service(host):
    """On HOST the service is the only way: the helper is a program that fails."""
    host.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    host.bind("/bin/false", HELPER)
    with Service(host, path=SOCKET) as host.service:
        yield
