# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fuzzers, as long as the run has for them (TAPGRANT_FUZZ_SECONDS, 20)."""
import os
import re
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """How many inputs each fuzzer tried, of those that found none that fails."""
    seconds = os.environ.get("TAPGRANT_FUZZ_SECONDS", "20")
    done = subprocess.run([Path(__file__).with_name("run.sh"), seconds, tmp_path_factory.mktemp("fuzz")], capture_output=True,
                          text=True)
    print(done.stdout, done.stderr)
    return {name: int(number) for name, number in re.findall(r"^(\w+): (\d+) inputs in", done.stdout, re.M)}


def test_no_input_makes_policy_request_or_definitions_misbehave(runs):
    assert min(runs.get(name, 0) for name in ("fuzz_policy", "fuzz_request", "fuzz_definitions")) > 100, runs


def test_nothing_that_the_parent_of_the_service_is_told_makes_it_misbehave(runs):
    assert runs.get("fuzz_service", 0) > 100, runs


def test_no_document_makes_the_import_misbehave_or_reads_back_otherwise(runs):
    assert runs.get("fuzz_import", 0) > 100, runs
