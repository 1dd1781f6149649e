#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh SERIES...     (by "make check", which builds everything first)
#
# Runs all tests: those of the machine's own scripts here, all others in the machine, on each
# kernel. The end is one line, "N passed, N failed, N skipped".

set -u
cd "$(dirname "$0")/.." || exit 2

# Longest that the tests may take on one kernel, in seconds.
limit=2400
passed=0 failed=0 skipped=0

# Count the TAP of a script that runs on the host.
host_tests() {
	local out

	echo "check: $1"
	out=$("$1" 2>&1)
	echo "$out"
	passed=$((passed + $(grep -c '^ok ' <<< "$out")))
	failed=$((failed + $(grep -c '^not ok ' <<< "$out")))
	grep -q '^1\.\.' <<< "$out" || failed=$((failed + 1))
}

# A machine that dies or whose kernel complains outside of a test is a failure of its own.
machine_tests() {
	local series=$1 totals=build/$1/tests.totals status p=0 f=0 s=0

	echo "check: Linux $series"
	rm -f "$totals"
	selftests/vm/run -k "$series" --cpus 2 --timeout $limit -- selftests/run-tests.sh "$series"
	status=$?
	if [ -r "$totals" ]; then
		read -r p f s < "$totals"
	fi
	if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "not ok - Linux $series: the machine ended with status $status"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

[ $# -gt 0 ] || { echo "usage: check.sh SERIES..." >&2; exit 2; }
host_tests selftests/vm/test-check-log.sh
for series; do
	machine_tests "$series"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
