# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What check.sh and debug/check-debug.sh share: tests in machines, and their totals.

passed=0 failed=0 skipped=0

# A line for each failed test, for the end.
failures=()

# Which tests, and how: taken from the environment.
asked=()
for name in TESTS DIFFERENTIAL TORTURE_SECONDS TORTURE_SEED TORTURE_ARGS; do
	[ -z "${!name:-}" ] || asked+=("$name=${!name}")
done

# Process of the machine of each build that has started.
declare -A machine

# machine_start BUILD LIMIT RUN-OPTION... -- [NAME=VALUE]...: run-tests.sh BUILD in a machine that
# may take LIMIT seconds, with NAME=VALUE, whatever was asked for. Its output goes into
# build/BUILD/tests.log. It ends with this script, however that ends.
machine_start() {
	local build=$1 limit=$2 options=()
	shift 2

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	mkdir -p "build/$build"
	rm -f "build/$build/tests.totals"
	setpriv --pdeathsig TERM -- selftests/vm/run "${options[@]}" --cpus 2 --timeout "$limit" --log "build/$build/console.log" -- \
		env "${asked[@]}" "$@" selftests/run-tests.sh "$build" \
		> "build/$build/tests.log" 2>&1 < /dev/null &
	machine[$build]=$!
}

# machine_end BUILD: shows the output of its machine until that ends, and counts its tests. A
# machine that dies, or whose kernel complains outside of a test, is a failure of its own.
machine_end() {
	local build=$1 status p=0 f=0 s=0

	tail -n +1 -f -s 0.1 --pid="${machine[$build]}" "build/$build/tests.log"
	wait "${machine[$build]}"
	status=$?
	unset "machine[$build]"
	if [ -r "build/$build/tests.totals" ]; then
		read -r p f s < "build/$build/tests.totals"
		mapfile -t -O ${#failures[@]} -s 1 failures < "build/$build/tests.totals"
	fi
	if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then
		failures+=("failed on $build: the machine ended with status $status")
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# What failed, the last line, and the exit status.
machines_end() {
	[ ${#failures[@]} -eq 0 ] || printf '%s\n' "${failures[@]}"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}
