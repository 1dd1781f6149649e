#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: rows.sh BUILD counted|timed|quick|profile [ROW...]     (in the machine: bench.sh and smoke.sh)
#
# Measures rows with the modules of build/BUILD and prints the lines of the program bench (see
# bench.c); a line "cgroup root" or "cgroup memory" says where they were measured.
#
# counted	rows in instructions: the stock kernel first, then with a module without tracepoints
#		if there is one, then with the modules; each in both cgroups
# timed		rows in time: several times, in the root cgroup
# quick		a few of each, in a memory cgroup, to see that it works
# profile	as counted, with few batches, in one cgroup (CGROUP=root or memory); addresses of
#		symbols go to build/bench/kallsyms
#
# The modules are unloaded at the end. Exit status: 1 if a case has no result.

set -u
cd "$(dirname "$0")/../.." || exit 2

usage="usage: rows.sh BUILD counted|timed|quick|profile [ROW...]"
die() { echo "rows.sh: $*" >&2; exit 2; }

[ $# -ge 2 ] || die "$usage"
modules=build/$1 how=$2
shift 2
rows=("$@")
program=build/selftests/bench/bench
cgroup=/sys/fs/cgroup/dmabuf-sync-bench
nr_timed=5
status=0

case $how in
counted) options=() ;;
timed)	options=(--timed) ;;
quick)	options=(--quick) ;;
profile) options=(--profile) ;;
*)	die "$usage" ;;
esac
[ "$(id -u)" -eq 0 ] || die "must be root: run it in the machine (make bench does)"
[ -x $program ] || die "no $program: build it first (make bench does)"
[ ! -e /dev/dmabuf_sync ] || die "dmabuf_sync.ko is loaded already: its peers are measured without it"

cgroup_make() {
	mkdir -p $cgroup && [ -e $cgroup/memory.max ] || die "no memory controller in /sys/fs/cgroup"
}

# The last put of a buffer or a fence comes a little after the last close.
unload() {
	[ -d "/sys/module/$1" ] || return 0
	for _ in {1..100}; do
		rmmod "$1" 2>/dev/null && return
		sleep 0.1
	done
	rmmod "$1"
}

unload_all() { unload dmabuf_sync_bench && unload dmabuf_sync; }

clean_up() {
	local ended=$?

	unload_all || status=1
	[ ! -d $cgroup ] || rmdir $cgroup
	[ $ended -ne 0 ] || ended=$status
	exit $ended
}

in_root() {
	echo "cgroup root"
	$program "${options[@]}" "$@" "${rows[@]}" || status=1
}

in_memory() {
	echo "cgroup memory"
	(echo "$BASHPID" > $cgroup/cgroup.procs && exec $program "${options[@]}" "$@" "${rows[@]}") ||
		status=1
}

in_all() {
	[ "$how" = quick ] || in_root "$@"
	in_memory "$@"
}

# Peers are GEM objects, too, and what locks many of them.
load_all() {
	modprobe -a vgem drm_exec &&
		insmod "$modules/kernel/dmabuf_sync.ko" &&
		insmod "$modules/selftests/bench/module/dmabuf_sync_bench.ko" ||
		die "cannot load the modules"
}

measure_stock() { in_all --stock; }

measure_untraced() {
	local module=$modules/untraced/kernel/dmabuf_sync.ko

	[ -e "$module" ] || return 0
	insmod "$module" || die "cannot load $module"
	in_all --untraced
	unload_all || die "cannot unload $module"
}

trap clean_up EXIT
cgroup_make
case $how in
timed)
	load_all
	for ((nr = 0; nr < nr_timed; nr++)); do
		in_root
	done
	;;
profile)
	"in_${CGROUP:-root}" --stock
	load_all
	"in_${CGROUP:-root}"
	cat /proc/kallsyms > build/bench/kallsyms
	;;
*)
	measure_stock
	measure_untraced
	load_all
	in_all
	;;
esac
