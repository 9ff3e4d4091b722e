# SPDX-License-Identifier: LGPL-2.1-or-later
"""The throw-away host of tests/system, for the programs and guests that use its taps."""
import importlib.util
from pathlib import Path

SYSTEM = Path(__file__).resolve().parent.parent / "system"
spec = importlib.util.spec_from_file_location("fixtures_of_the_system_tests", SYSTEM / "conftest.py")
fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fixtures)
installed, way, host, lab = fixtures.installed, fixtures.way, fixtures.host, fixtures.lab
