#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh SERIES...     (by "make check", which builds everything first)
#
# Runs all tests: those of the machine's own scripts and of the model here, those that need no
# kernel with the framework in the guest root, once (line "host" of a folder's settings), all
# others in machines, one for each kernel, all at the same time, since tests wait most of theirs;
# what is the same on each kernel, such as what a screen looks like, in the last one alone (line
# "once"). The end is one line, "N passed, N failed, N skipped".
#
# TESTS, DIFFERENTIAL, TORTURE_...	as for run-tests.sh: which tests, and how

set -u
cd "$(dirname "$0")/.." || exit 2

# shellcheck source=selftests/machines.sh
. selftests/machines.sh

# Longest that the tests may take on one kernel, in seconds.
limit=$((4200 + ${TORTURE_SECONDS:-0}))

# host_tests NAME COMMAND...: counts the TAP of a command that runs here.
host_tests() {
	local name=$1 out good bad skips plan
	shift

	echo "check: $name"
	out=$("$@" 2>&1)
	echo "$out"
	bad=$(grep -c '^not ok ' <<< "$out")
	[ "$bad" -eq 0 ] || mapfile -t -O ${#failures[@]} failures < <(grep '^not ok ' <<< "$out" | sed "s|^|failed: $name: |")
	skips=$(grep -cE '^(ok .*|1\.\.0.*)# SKIP' <<< "$out")
	good=$(($(grep -c '^ok ' <<< "$out") - $(grep -c '^ok .*# SKIP' <<< "$out")))
	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' <<< "$out" | head -n 1)
	if ! grep -q '^1\.\.0.*# SKIP' <<< "$out" && [ $((good + bad + skips)) -ne "${plan:-0}" ]; then
		failures+=("failed: $name: $((good + bad + skips)) results, but a plan of ${plan:-none}")
		bad=$((bad + 1))
	fi
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
}

# The tests of a folder that need no kernel with the framework, in the guest root.
folder_host_tests() {
	local folder=$1 programs program file

	read -r -a programs < <(sed -n 's/^host=//p' "selftests/$folder/settings")
	for program in "${programs[@]}"; do
		file=/src/build/selftests/$folder/$program
		[ -x "build/selftests/$folder/$program" ] || file=./$program
		host_tests "$folder/$program" selftests/vm/in-root env DMABUF_SYNC_TESTS=/src/build/selftests \
			sh -c "cd selftests/$folder && exec $file"
	done
}

[ $# -gt 0 ] || { echo "usage: check.sh SERIES..." >&2; exit 2; }
for series; do
	once=no
	[ "$series" != "${!#}" ] || once=yes
	machine_start "$series" $limit -k "$series" --iommu -- ONCE=$once
done
host_tests vm/test-check-log.sh selftests/vm/test-check-log.sh
host_tests model/check-model.sh selftests/model/check-model.sh
if [ -z "${TESTS:-}" ]; then
	for settings in selftests/*/settings; do
		folder=${settings%/settings}
		folder_host_tests "${folder##*/}"
	done
fi
for series; do
	echo "check: Linux $series (build/$series/tests.log)"
	machine_end "$series"
done
machines_end
