#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: report.py JSON FILE...

Makes the table of the benchmark, and the file JSON, of what rows.sh said in each FILE.
Exit status: 1 if a row has no result.
"""

import json
import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# The same benchmark repeats within 0.3 %: a ratio that is above its goal by less meets it.
REPEATS = 0.003


class Goal:
    """A line of the file goals."""

    def __init__(self, line):
        self.row, self.text, self.peer = line.split("\t")
        words = self.text.split()
        self.absolute = len(words) > 1
        self.least = words[0].startswith(">=")
        self.value = float(words[0].lstrip(">="))

    def met(self, value, ratio):
        """Is it, by a row that costs value?"""
        if self.absolute:
            return value <= self.value
        if self.least:
            return ratio >= self.value * (1 - REPEATS)
        return ratio <= self.value * (1 + REPEATS)


def read_goals():
    """The goals, in order."""
    with open(os.path.join(HERE, "goals"), encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file]
    return [Goal(line) for line in lines if line and not line.startswith("#")]


def read_cases(files):
    """What was measured: {(row, cgroup): {side: [values, ...]}}, and lines about the host."""
    cases, about = {}, []
    for name in files:
        cgroup = None
        with open(name, encoding="utf-8") as file:
            for line in file:
                words = line.rstrip("\n").split("\t")
                if words[0].startswith("cgroup "):
                    cgroup = words[0].split()[1]
                elif words[0] == "host":
                    about.append(words[1])
                elif words[0] == "case":
                    values = dict(word.split("=", 1) for word in words[1:])
                    sides = cases.setdefault((values["row"], cgroup), {})
                    sides.setdefault(values["side"], []).append(values)
    return cases, about


def describe(runs):
    """How a cost came about."""
    case = runs[0]
    text = "%s batches of %s, low %s high %s mean %s" % (
        case["batches"], case["nr"], min(float(run["low"]) for run in runs),
        max(float(run["high"]) for run in runs),
        round(statistics.mean(float(run["mean"]) for run in runs), 1))
    if len(runs) > 1:
        text = "%d runs of %s" % (len(runs), text)
    return text + ("; " + case["note"] if case["note"] else "")


def problem(sides, peer):
    """Why there is no result, or None."""
    for side in ("ours", peer):
        if side not in sides:
            return "%s: not measured" % side
        for run in sides[side]:
            if "why" in run:
                return "%s: %s" % (side, run["why"])
    if len(sides["ours"]) != len(sides[peer]):
        return "not as many runs of the one as of the other"
    return None


def ratio_of(ours, peer):
    """Of two costs. A peer that loses nothing counts as one that loses one."""
    return ours / (peer or 1)


def summary(goal, runs):
    """What a row costs by its runs. Where nothing is allowed one batch is enough."""
    if goal.absolute and goal.value == 0:
        return max(float(run["high"]) for run in runs)
    return statistics.median(float(run["median"]) for run in runs)


def make_entry(name, goal, sides, about):
    """An entry of the list. Runs of both sides that belong together are compared."""
    entry = {"name": name, "value": None, "unit": None, "peer": None, "ratio": None,
             "goal": goal.value, "met": False, "detail": problem(sides, goal.peer)}
    if entry["detail"]:
        return entry
    ours, peer = sides["ours"], sides[goal.peer]
    ratios = [ratio_of(summary(goal, [a]), summary(goal, [b])) for a, b in zip(ours, peer)]
    entry["value"] = round(summary(goal, ours), 1)
    entry["peer"] = round(summary(goal, peer), 1)
    entry["unit"] = ours[0]["unit"]
    entry["ratio"] = round(statistics.median(ratios), 4)
    entry["met"] = goal.met(entry["value"], entry["ratio"])
    entry["detail"] = "goal %s; ours: %s; peer, %s: %s" % (
        goal.text, describe(ours), goal.peer, describe(peer))
    if len(ratios) > 1:
        entry["detail"] += "; ratios from %.3f to %.3f; %s" % (
            min(ratios), max(ratios), ", ".join(about))
    return entry


def make_entries(goals, cases, about):
    """The list: each goal, in each cgroup that its row was measured in."""
    entries = []
    for goal in goals:
        peers = [other.peer for other in goals if other.row == goal.row]
        for cgroup in ("root", "memory"):
            sides = cases.get((goal.row, cgroup))
            if not sides:
                continue
            name = goal.row if goal.peer == peers[0] else "%s/%d" % (
                goal.row, peers.index(goal.peer) + 1)
            name += "@memcg" if cgroup == "memory" else ""
            entries.append(make_entry(name, goal, sides, about))
    return entries


def print_table(entries):
    """The same for people."""
    form = "%-22s %12s %12s %-12s %8s %8s  %s"
    print(form % ("row", "ours", "peer", "unit", "ratio", "goal", ""))
    for entry in entries:
        if entry["ratio"] is None:
            print("%-22s no result: %s" % (entry["name"], entry["detail"]))
            continue
        print(form % (entry["name"], "%.0f" % entry["value"], "%.0f" % entry["peer"],
                      entry["unit"], "%.3f" % entry["ratio"], "%g" % entry["goal"],
                      "met" if entry["met"] else "NOT met"))


def main():
    """See above."""
    cases, about = read_cases(sys.argv[2:])
    entries = make_entries(read_goals(), cases, about)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(entries, file, indent=1)
        file.write("\n")
    print_table(entries)
    if about:
        print("rows in time: " + ", ".join(about))
    missing = sum(entry["ratio"] is None for entry in entries)
    print("%d of %d goals met, %d without a result" % (
        sum(entry["met"] for entry in entries), len(entries), missing))
    return 1 if missing or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
