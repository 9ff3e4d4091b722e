# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tests a mutant of a file has to get past: in stages, what is quick and what should notice it first.

UNIT is all unit tests.  Any other stage is words for pytest, in tests/.
"""

# The code that runs with privilege.
FOLDERS = ("wire", "helper", "conf/file", "conf/ini", "conf/policy")

UNIT = "unit"
MODEL = ["unit/differential", "--cases", "2000"]
WHOLE = ["system", "hostile"]

# By the beginning of the file's name: the first that fits.
STAGES = {
    "conf/policy/": [UNIT, MODEL, ["system/test_denial.py"]],
    "conf/ini/": [UNIT, MODEL, ["system/test_denial.py", "system/test_definitions.py"]],
    "conf/file/": [UNIT, ["system/test_denial.py"], ["hostile/test_cve_policy.py", "hostile/test_trace_list.py"]],
    "wire/": [UNIT, ["system/test_grant.py", "hostile/test_cve_names.py"], ["system/test_library.py", "system/test_definitions.py"]],
    "helper/setuid/start": [
        ["system/test_denial.py::test_a_denial_is_one_answer", "hostile/test_oracle.py", "-k", "not faults and not limit"],
        ["hostile/test_inherit.py", "hostile/test_cve_descriptors.py"],
        ["hostile/test_trace_list.py", "hostile/test_confinement.py", "system/test_safety.py", "hostile/test_cve_process.py"]],
    "helper/service/connections": [UNIT, ["service/test_bounds.py"]],
    "helper/service/fresh": [["service/test_fresh.py"]],
    "helper/service/": [
        ["service/test_service.py", "service/test_identity.py"], ["service/test_life.py", "service/test_caller.py", "service/test_crash.py"],
        ["service/test_bounds.py", "service/test_fresh.py", "service/test_faults.py"]],
    "helper/privilege/service": [["service/test_service.py", "service/test_identity.py"], ["service/test_caller.py", "service/test_faults.py"]],
    "helper/privilege/": [
        ["hostile/test_lies.py", "hostile/test_filter.py"], ["hostile/test_confinement.py", "hostile/test_cve_process.py"],
        ["hostile/test_trace_list.py", "hostile/test_inherit.py", "system/test_safety.py"]],
    "helper/link/": [
        ["system/test_port.py", "system/test_grant.py"],
        ["system/test_read_back.py", "system/test_safety.py", "hostile/test_attacks.py"],
        ["system/test_apply.py", "system/test_unbridged_frames.py", "hostile/test_cve_network.py"],
        ["hostile/test_trace_list.py", "system/test_apply_safety.py", "system/test_shared_bridge.py"]],
    "helper/grant/request": [
        UNIT, ["hostile/test_attacks.py", "hostile/test_cve_descriptors.py"], ["hostile/test_inherit.py", "hostile/test_trace_list.py"]],
    "helper/": [
        ["system/test_grant.py", "system/test_denial.py", "hostile/test_log.py"],
        ["system/test_quota.py", "system/test_port.py", "hostile/test_attacks.py", "hostile/test_cve_descriptors.py"],
        ["hostile/test_inherit.py", "system/test_safety.py", "hostile/test_cve_policy.py", "hostile/test_cve_process.py"],
        ["hostile/test_trace_list.py", "hostile/test_confinement.py", "hostile/test_sweep.py"]],
}


def stages(file):
    return next(found for beginning, found in STAGES.items() if file.startswith(beginning))
