# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures, and compares with the goals: bench.py [--rounds N] [--only GROUP]... [--json FILE] [--plot FILE]; started by run.sh."""
import argparse
import json
import platform
import statistics
import sys

import groups
import plot


def summary(samples):
    """In microseconds."""
    ordered = sorted(samples)
    at = lambda part: round(ordered[min(len(ordered) - 1, int(part * len(ordered)))] / 1000, 1)  # noqa: E731
    return {"runs": len(ordered), "median": round(statistics.median(ordered) / 1000, 1), "p10": at(0.1), "p90": at(0.9)}


class Table:
    """What was measured: rows, and goals that are ratios of rows of one run."""

    def __init__(self):
        self.rows, self.goals, self.notes = [], [], []

    def row(self, group, name, samples, **more):
        """SAMPLES: {"first": [ns], "end": [ns]}, or a list of ns."""
        if not isinstance(samples, dict):
            samples = {"first": samples, "end": samples}
        row = {"group": group, "name": name} | more | {f"{key}_us": summary(values) for key, values in samples.items()}
        self.rows.append(row)
        first, end = row["first_us"], row["end_us"]
        print(f"  {name:44} {first['median']:10.1f} {end['median']:10.1f}   {first['p10']:9.1f} .. {first['p90']:<9.1f} n={first['runs']}")
        return row

    def absent(self, group, name, why):
        self.rows.append({"group": group, "name": name, "absent": why})
        print(f"  {name:44} {why:>10}")

    def goal(self, what, ratio, limit, detail=""):
        self.goals.append({"goal": what, "ratio": round(ratio, 3), "limit": limit, "met": ratio <= limit, "detail": detail})

    def title(self, text):
        print(f"\n{text:46} {'first us':>10} {'end us':>10}   {'p10 .. p90 of first':>22}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--only", action="append", choices=list(groups.GROUPS))
    parser.add_argument("--json")
    parser.add_argument("--plot")
    asked = parser.parse_args()
    table = Table()
    print("first: the descriptor is there, or the command runs; end: what was started has ended, and the caller can go on")
    for name, measure in groups.GROUPS.items():
        if not asked.only or name in asked.only:
            measure(table, asked.rounds)
    print("\nGoals (ratios of medians of one run)")
    for goal in table.goals:
        print(f"  {'met    ' if goal['met'] else 'NOT MET'} {goal['ratio']:7.2f} (goal {goal['limit']:.3g})  {goal['goal']}"
              + (f": {goal['detail']}" if goal["detail"] else ""))
    if asked.json:
        with open(asked.json, "w") as file:
            json.dump({"kernel": platform.release(), "rows": table.rows, "goals": table.goals}, file, indent=1)
            file.write("\n")
    if asked.plot:
        plot.write(asked.plot, table.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
