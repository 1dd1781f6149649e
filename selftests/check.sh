#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh SERIES...     (by "make check", which builds everything first)
#
# Runs all tests: those of the machine's own scripts and of the model here, all others in
# machines, one for each kernel, all at the same time, since tests wait most of theirs. The end
# is one line, "N passed, N failed, N skipped".
#
# TESTS, DIFFERENTIAL, TORTURE_...	as for run-tests.sh: which tests, and how

set -u
cd "$(dirname "$0")/.." || exit 2

# shellcheck source=selftests/machines.sh
. selftests/machines.sh

# Longest that the tests may take on one kernel, in seconds.
limit=$((3600 + ${TORTURE_SECONDS:-0}))

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

[ $# -gt 0 ] || { echo "usage: check.sh SERIES..." >&2; exit 2; }
for series; do
	machine_start "$series" $limit -k "$series" --iommu --
done
host_tests selftests/vm/test-check-log.sh
host_tests selftests/model/check-model.sh
for series; do
	echo "check: Linux $series (build/$series/tests.log)"
	machine_end "$series"
done
machines_end
