#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: irqsoff.sh BUILD     (in the machine, of one processor whose time is instructions:
#	selftests/vm/run -k IMAGE --icount -- selftests/debug/irqsoff.sh 6.12-debug-module)
#
# Runs tests of build/BUILD, one by one, with the irqsoff tracer, and says for each what the longest
# time with interrupts off was, in us, and from which function to which. That is of the whole
# kernel: the framework's own longest time is not above it. Where the framework is in the stack of
# the longest one, and that is above the limit, it is a failure.
#
# TESTS="GLOB..."	instead of opponent/irqoff_*
# LIMIT_US=N		the limit (100)
# KEEP=DIR		the traces go there
#
# Needs a kernel with CONFIG_IRQSOFF_TRACER, as the debug kernels are. KASAN makes all of it some
# two to four times as long.

set -u
cd "$(dirname "$0")/../.." || exit 2

die() { echo "irqsoff: $*" >&2; exit 2; }

tracing=/sys/kernel/tracing
limit=${LIMIT_US:-100}
failed=0
read -r -a globs <<< "${TESTS:-opponent/irqoff_*}"

# Does TESTS name this one?
selected() {
	local glob

	for glob in "${globs[@]}"; do
		# shellcheck disable=SC2053 # the right side is a pattern
		[[ $1 == $glob ]] && return
	done
	return 1
}

named_tests() {
	local folder program

	while IFS=: read -r folder program; do
		! selected "$folder/$program" || echo "$folder/$program"
	done < build/selftests/tests.list
}

# The tracer's header has "latency: 42 us", and "=> started at: f" and "=> ended at:   g".
from_to() {
	sed -nE 's/^# +=> (started|ended) at: +//p' "$1" | paste -s -d ' ' | sed 's/ / -> /'
}

# report TEST FILE
report() {
	local us ours=

	us=$(<$tracing/tracing_max_latency)
	cat $tracing/trace > "$2"
	grep -qE '\[dmabuf_(sync|copy)' "$2" && ours=" (the framework)"
	echo "irqsoff: $1: $us us, $(from_to "$2")$ours"
	[ -z "$ours" ] || [ "$us" -le "$limit" ] || failed=1
}

run_one() {
	local file

	file=${KEEP:-/tmp}/irqsoff-${1//\//-}
	echo 0 > $tracing/tracing_max_latency
	TESTS=$1 selftests/run-tests.sh "$build" || failed=1
	report "$1" "$file"
}

[ $# -eq 1 ] || die "usage: irqsoff.sh BUILD, such as 6.12-debug-module"
build=$1
grep -qw irqsoff $tracing/available_tracers 2>/dev/null || die "the kernel has no irqsoff tracer"
echo 0 > $tracing/options/function-trace
echo irqsoff > $tracing/current_tracer
trap 'echo nop > $tracing/current_tracer' EXIT
mapfile -t tests < <(named_tests)
[ ${#tests[@]} -gt 0 ] || die "no test is named by TESTS='${TESTS:-}'"
for test in "${tests[@]}"; do
	run_one "$test"
done
exit $failed
