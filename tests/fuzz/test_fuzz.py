# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fuzzers, as long as the run has for them (TAPGRANT_FUZZ_SECONDS, 20)."""
import os
import re
import subprocess
from pathlib import Path


def test_no_input_makes_policy_request_or_definitions_misbehave(tmp_path):
    seconds = os.environ.get("TAPGRANT_FUZZ_SECONDS", "20")
    done = subprocess.run([Path(__file__).with_name("run.sh"), seconds, tmp_path], capture_output=True, text=True)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    runs = [int(number) for number in re.findall(r"(\d+) inputs in", done.stdout)]
    assert len(runs) == 3 and min(runs) > 100
