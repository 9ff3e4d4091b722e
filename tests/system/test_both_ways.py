# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of the tests that run by both ways, and the fixture that makes the service the only way."""
from pathlib import Path

from host import HELPER
from ways import BOTH, HELPER_ALONE, LONG, LONG_TESTS, ONE, by_service

HERE = Path(__file__).parent


def test_every_module_is_in_the_list_once():
    listed = [*BOTH, *(module for modules in ONE.values() for module in modules)]
    assert sorted(listed) == sorted(path.stem for path in HERE.glob("test_*.py"))


def test_every_exception_is_of_a_module_that_runs_by_both():
    assert set(LONG) < set(BOTH)
    texts = "".join((HERE / f"{module}.py").read_text() for module in BOTH)
    for name in [*LONG_TESTS, *(name for names in HELPER_ALONE.values() for name in names)]:
        assert f"def {name}(" in texts, name


def test_on_a_host_by_service_only_the_service_grants(lab):
    lab.listen_log()
    with by_service(lab):
        assert lab.tapgrant("create", "--net", "bridge=br0").code == 0
        assert lab.tapgrant("create", "--net", "bridge=br9").code == 3
    assert [line.rpartition("via=")[2] for line in lab.log_lines()] == ["service", "service"]
    result = lab.tapgrant("create", "--net", "bridge=br0")
    assert result.code == 1 and str(HELPER) in result.err, result
