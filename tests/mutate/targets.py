# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tests a mutant of a file has to get past: in stages, what is quick and what should notice it first.

UNIT is all unit tests.  Any other stage is words for pytest, below tests/.
"""
import re

UNIT = "unit"
MODEL = ["unit/differential", "--cases=2000"]

STAGES = {
    r"conf/policy/(accounts|parse|values)\.c|conf/policy/policy\.h": [
        UNIT, MODEL, ["system/test_denial.py"]],
    r"conf/file/trusted\.c": [
        UNIT, ["system/test_denial.py"], ["hostile/test_cve_policy.py", "hostile/test_trace_list.py"]],
    r"helper/setuid/start\.c": [
        ["system/test_input.py", "hostile/test_oracle.py", "-k", "not faults and not limit"], ["hostile/test_inherit.py"],
        ["system/test_safety.py", "hostile/test_cve_process.py", "hostile/test_cve_descriptors.py"],
        ["hostile/test_trace_list.py", "hostile/test_confinement.py"]],
    r"helper/privilege/privilege\.c": [
        ["system/test_grant.py", "hostile/test_filter.py"], ["hostile/test_confinement.py", "hostile/test_cve_process.py"],
        ["system/test_safety.py", "hostile/test_inherit.py"], ["hostile/test_trace_list.py", "hostile/test_sweep.py"]],
    r"helper/grant/request\.c": [
        UNIT, ["system/test_library.py", "hostile/test_attacks.py"],
        ["hostile/test_cve_descriptors.py", "hostile/test_cve_names.py", "hostile/test_inherit.py"], ["hostile/test_trace_list.py"]],
    r"helper/grant/reply\.c": [
        ["hostile/test_log.py", "system/test_grant.py"], ["hostile/test_cve_descriptors.py", "clients/test_clients.py"],
        ["hostile/test_trace_list.py", "hostile/test_sweep.py", "hostile/test_cve_process.py"]],
    r"helper/setuid/main\.c|helper/grant/stages\.h": [
        ["system/test_grant.py", "system/test_denial.py"],
        ["system/test_quota.py", "system/test_port.py", "hostile/test_log.py", "system/test_existing.py"],
        ["hostile/test_attacks.py", "hostile/test_inherit.py", "system/test_safety.py", "hostile/test_cve_policy.py"],
        ["hostile/test_trace_list.py", "hostile/test_confinement.py", "hostile/test_sweep.py", "hostile/test_cve_network.py"]],
    r"helper/link/.*\.[ch]": [
        ["system/test_port.py", "system/test_grant.py"],
        ["system/test_read_back.py", "system/test_safety.py", "hostile/test_attacks.py", "system/test_denial.py"],
        ["system/test_apply.py", "system/test_unbridged_frames.py", "hostile/test_cve_network.py", "system/test_quota.py"],
        ["hostile/test_trace_list.py", "system/test_apply_safety.py", "system/test_shared_bridge.py", "hostile/test_sweep.py"]],
    r"wire/.*\.[ch]": [
        UNIT, ["system/test_grant.py", "system/test_library.py"], ["system/test_definitions.py", "hostile/test_cve_names.py"],
        ["clients/test_import.py", "system/test_apply.py"]],
}
WHOLE = ["system", "hostile", "clients"]


def stages(file):
    for pattern, found in STAGES.items():
        if re.fullmatch(pattern, file):
            return found
    return [UNIT, ["system/test_grant.py", "system/test_denial.py"]]
