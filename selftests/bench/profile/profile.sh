#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: profile.sh SERIES     (by "make bench-profile", which builds everything first)
#
# Where the instructions of a row go: runs the rows that BENCH names in a machine whose QEMU counts
# each instruction by its address, and prints tables by symbol, which build/bench/profile.txt
# keeps. CGROUP=memory: in a memory cgroup.

set -u -o pipefail
cd "$(dirname "$0")/../../.." || exit 2
[ $# -eq 1 ] || { echo "usage: profile.sh SERIES" >&2; exit 2; }
[ -n "${BENCH:-}" ] || { echo "profile.sh: say which rows: BENCH=\"ctx_pair ...\"" >&2; exit 2; }

series=$1
dir=build/bench
cpu="-cpu max,erms=off,fsrm=off,fsrs=off,fzrm=off"
read -r -a rows <<< "$BENCH"

mkdir -p $dir
selftests/vm/in-root make -s -C selftests/bench/profile || exit
echo "bench: counting instructions by address on Linux $series"
selftests/vm/run -k "$series" --icount --qemu "$cpu" \
	--qemu "-plugin file=$dir/profile.so,out=$dir/profile.counts" --timeout 840 -- \
	env CGROUP="${CGROUP:-root}" selftests/bench/rows.sh "$series" profile "${rows[@]}" \
	> $dir/profile.cases || exit
selftests/vm/in-root selftests/bench/profile/symbols.py $dir/kallsyms $dir/profile.counts \
	$dir/profile.cases | tee $dir/profile.txt
