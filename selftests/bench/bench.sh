#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bench.sh SERIES     (by "make bench", which builds everything first)
#
# Boots a machine that counts instructions, and one with two processors for the rows that are in
# time, measures the rows that BENCH names ("ctx_pair set_*"; default: all), prints a table and
# writes build/bench.json. docs/performance.rst says how to read it. Exit status: 1 if a row has
# no result; a goal that is not met is no failure.

set -u
cd "$(dirname "$0")/../.." || exit 2
[ $# -eq 1 ] || { echo "usage: bench.sh SERIES" >&2; exit 2; }

series=$1
dir=build/bench
# One instruction is one nanosecond. Without these flags each byte of a "rep movsb" is an
# instruction, and the kernel uses it.
cpu="-cpu max,erms=off,fsrm=off,fsrs=off,fzrm=off"
timed_rows="handoff_2 scale_2 trace_loss"
status=0
read -r -a rows <<< "${BENCH:-}"

# Does BENCH ask for a row that is in time (or, with !, for one that is not)?
asks_for() {
	local row pattern

	[ ${#rows[@]} -gt 0 ] || return 0
	for row; do
		for pattern in "${rows[@]}"; do
			# shellcheck disable=SC2053 # the right side is a pattern
			[[ $row == $pattern ]] && return
		done
	done
	return 1
}

host_load() {
	local load

	read -r load _ < /proc/loadavg
	printf 'host\thost load %s %s on %s CPUs\n' "$load" "$1" "$(nproc)"
}

counted() {
	echo "bench: counting instructions on Linux $series"
	selftests/vm/run -k "$series" --icount --qemu "$cpu" --timeout 720 -- \
		selftests/bench/rows.sh "$series" counted "${rows[@]}" > $dir/counted.txt || status=1
}

timed() {
	echo "bench: taking the time on Linux $series, two processors"
	host_load before > $dir/timed.txt
	selftests/vm/run -k "$series" --cpus 2 --timeout 300 -- \
		selftests/bench/rows.sh "$series" timed "${rows[@]}" >> $dir/timed.txt || status=1
	host_load after >> $dir/timed.txt
}

mapfile -t counted_rows < <(cut -f1 selftests/bench/goals | grep -vE "^(#|$|${timed_rows// /|})")
mkdir -p $dir
rm -f $dir/*.txt build/bench.json
# shellcheck disable=SC2086 # rows are words
! asks_for $timed_rows || timed
! asks_for trace_off || selftests/vm/in-root selftests/build.sh untraced "$series" || exit
! asks_for "${counted_rows[@]}" || counted
[ -n "$(find $dir -name '*.txt')" ] || { echo "bench.sh: no row is named by BENCH='$BENCH'" >&2; exit 2; }
selftests/vm/in-root selftests/bench/report.py build/bench.json $dir/*.txt || status=1
exit $status
