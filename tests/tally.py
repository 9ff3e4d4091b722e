# SPDX-License-Identifier: LGPL-2.1-or-later
"""tally.py FAILED FILE...: one closing line for the JUnit reports of all runners.

FAILED is 1 if one of the runners said so: it then fails even where no report names a test.  A skipped test is a failed
one: nothing may be left out silently.
"""
import sys
import xml.etree.ElementTree as ElementTree


def main():
    said_failed, *files = sys.argv[1:]
    passed = failed = 0
    for file in files:
        cases = 0
        try:
            cases = 0
            for case in ElementTree.parse(file).iter("testcase"):
                cases += 1
                bad = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
                if bad:
                    print(f"{bad[0]}: {case.get('classname')} {case.get('name')}")
                failed += bool(bad)
                passed += not bad
        except (OSError, ElementTree.ParseError) as error:
            print(f"no report: {file}: {error}")
        if not cases:
            print(f"no test ran: {file}")
            failed += 1
    if said_failed == "1" and not failed:
        print("a runner failed without naming a test")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
