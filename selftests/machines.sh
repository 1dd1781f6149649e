# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What check.sh and debug/check-debug.sh share: tests in machines, and their totals.

passed=0 failed=0 skipped=0

# Which tests, and how: taken from the environment.
asked=()
for name in TESTS DIFFERENTIAL TORTURE_SECONDS TORTURE_SEED TORTURE_ARGS; do
	[ -z "${!name:-}" ] || asked+=("$name=${!name}")
done

# machine_tests BUILD LIMIT RUN-OPTION... -- [NAME=VALUE]...: run-tests.sh BUILD in a machine that
# may take LIMIT seconds, with NAME=VALUE, whatever was asked for. A machine that dies, or whose
# kernel complains outside of a test, is a failure of its own.
machine_tests() {
	local build=$1 limit=$2 totals=build/$1/tests.totals options=() status p=0 f=0 s=0
	shift 2

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	rm -f "$totals"
	selftests/vm/run "${options[@]}" --cpus 2 --timeout "$limit" -- \
		env "${asked[@]}" "$@" selftests/run-tests.sh "$build"
	status=$?
	if [ -r "$totals" ]; then
		read -r p f s < "$totals"
	fi
	if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then
		echo "not ok - $build: the machine ended with status $status"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# The last line, and the exit status.
machines_end() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}
