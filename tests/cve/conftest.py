# SPDX-License-Identifier: LGPL-2.1-or-later
"""The arena of tests/hostile, and with it the throw-away host of tests/system."""
import importlib.util
import sys
from pathlib import Path

HOSTILE = Path(__file__).resolve().parent.parent / "hostile"
sys.path.insert(0, str(HOSTILE))
spec = importlib.util.spec_from_file_location("fixtures_of_the_hostile_tests", HOSTILE / "conftest.py")
fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fixtures)
installed, host, lab, arena, arenas = (getattr(fixtures, name) for name in ("installed", "host", "lab", "arena", "arenas"))
