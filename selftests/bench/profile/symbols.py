#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: symbols.py KALLSYMS COUNTS FILE

Makes tables of what the plugin wrote into COUNTS: instructions per operation, by symbol of
KALLSYMS, for each case that rows.sh has in FILE.
"""

import bisect
import sys

# Symbols below this part of the whole are one line.
LEAST = 0.002


def read_symbols(name):
    """The kernel's functions, by address: [(address, symbol), ...]."""
    symbols = []
    with open(name, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[1] in "tTwW":
                module = " " + words[3] if len(words) > 3 else ""
                symbols.append((int(words[0], 16), words[2] + module))
    return sorted(symbols)


def read_dumps(name, symbols):
    """What each dump has: [{symbol: count}, ...]."""
    addresses = [address for address, _ in symbols]
    dumps = []
    with open(name, encoding="utf-8") as file:
        for line in file:
            if line == "dump\n":
                dumps.append({})
                continue
            address, count = line.split()
            address = int(address, 16)
            symbol = "(user space)"
            if address:
                symbol = symbols[bisect.bisect_right(addresses, address) - 1][1]
            dumps[-1][symbol] = dumps[-1].get(symbol, 0) + int(count)
    return dumps


def read_cases(name):
    """The cases that were measured, in order."""
    cases = []
    with open(name, encoding="utf-8") as file:
        for line in file:
            words = line.rstrip("\n").split("\t")
            if words[0] == "case":
                cases.append(dict(word.split("=", 1) for word in words[1:]))
    return cases


def origin(symbol):
    """Where a symbol belongs to."""
    if symbol == "(user space)":
        return "user space"
    return symbol.split()[1] if " " in symbol else "kernel"


def print_case(case, counts):
    """The table of a case."""
    operations = int(case["nr"]) * int(case["batches"])
    total = sum(counts.values()) / operations
    print("\n%s, %s: %.0f instructions per operation (by the clock: %s)\n" % (
        case["row"], case["side"], total, case["mean"]))
    parts = {}
    for symbol, count in counts.items():
        parts[origin(symbol)] = parts.get(origin(symbol), 0) + count / operations
    for part, cost in sorted(parts.items(), key=lambda item: -item[1]):
        if cost >= LEAST * total:
            print("%10.1f %5.1f%%  all of %s" % (cost, 100 * cost / total, part))
    print()
    rest = 0
    for symbol, count in sorted(counts.items(), key=lambda item: -item[1]):
        cost = count / operations
        if cost < LEAST * total:
            rest += cost
        else:
            print("%10.1f %5.1f%%  %s" % (cost, 100 * cost / total, symbol))
    print("%10.1f %5.1f%%  all others" % (rest, 100 * rest / total))


def main():
    """See above."""
    dumps = read_dumps(sys.argv[2], read_symbols(sys.argv[1]))
    cases = read_cases(sys.argv[3])
    if len(cases) != len(dumps):
        print("symbols.py: %d cases, but %d profiles" % (len(cases), len(dumps)),
              file=sys.stderr)
        return 1
    failed = 0
    for case, counts in zip(cases, dumps):
        if "why" in case:
            print("\n%s, %s: no result: %s" % (case["row"], case["side"], case["why"]))
            failed = 1
        else:
            print_case(case, counts)
    return failed


if __name__ == "__main__":
    sys.exit(main())
