#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: run-tests.sh BUILD     (in the machine: selftests/vm/run -k KERNEL -- ...)
#
# Runs the test programs of build/selftests with the modules of build/BUILD, which is a series
# such as 6.12 or a build for another kernel, and shows their TAP. A test also fails when the
# kernel log has a report of a bug behind it, when an access is left in the snapshot, when it
# ends before its plan does, or at its time limit, or when a debug build of the framework has
# looked at too many accesses with a buffer locked. On a kernel with kmemleak each folder ends
# with a search for leaks; one is a failure. A framework that is built into the kernel is left
# alone, and tests that would unload it skip.
#
# TESTS="GLOB..."	only these, by "folder/program" or "program"
# ONCE=no		not those that another machine runs, which is the same for them
# TIMEOUT_FACTOR=N	time limits are N times as long (1), for kernels full of checks; tests whose
#			limits depend on the machine use it, too (st_slowness())
# TORTURE_SECONDS=N	time limits are so much longer; see torture/torture.sh
#
# A folder's file "settings" sets its tests' time limit (timeout=SECONDS), a folder of build/BUILD
# whose modules it prefers (modules=FOLDER; "broken/counted": a debug build, which counts steps),
# the tests that need no kernel with the framework (host=PROGRAM...), which check.sh runs, and those
# that are the same on each kernel (once=PROGRAM...), which are left out if ONCE=no. TESTS names
# any of them. Its file "modules" has the modules that its tests need, in order of loading;
# without one they get all.
#
# The end is one line, "N passed, N failed, N skipped". The numbers go into the first line of
# build/BUILD/tests.totals, what failed into those below. Exit status: 0, 1 something failed,
# 2 it could not run.

set -u
cd "$(dirname "$0")/.." || exit 2
top=$PWD

say() { echo "run-tests: $*"; }
die() { echo "run-tests: $*" >&2; exit 2; }

build=${1:-}
[[ $build =~ ^[0-9]+\.[0-9]+(-[a-z-]+)?$ && $# -eq 1 ]] ||
	die "usage: run-tests.sh BUILD, such as 6.12: a folder of build/"
factor=${TIMEOUT_FACTOR:-1}
[[ $factor =~ ^[1-9][0-9]*$ ]] || die "TIMEOUT_FACTOR='$factor' is not a number above 0"
[ "$(id -u)" -eq 0 ] || die "must be root: run it in the machine, with selftests/vm/run"
[ -e /etc/dmabuf-sync-root ] ||
	die "loads test modules, so it runs in the machine only: selftests/vm/run -k KERNEL -- $0 $build"

export DMABUF_SYNC_MODULES=$top/build/$build DMABUF_SYNC_TESTS=$top/build/selftests
list=$DMABUF_SYNC_TESTS/tests.list
totals=$DMABUF_SYNC_MODULES/tests.totals
snapshot=/sys/kernel/debug/dmabuf_sync/accesses
max_steps=/sys/module/dmabuf_sync/parameters/max_steps
lease_ms=/sys/module/dmabuf_sync/parameters/lease_ms
cgroup=/sys/fs/cgroup/run-tests
[ -e "$list" ] || die "no $list: build the tests first (make check does)"
[ -d "$DMABUF_SYNC_MODULES" ] || die "no $DMABUF_SYNC_MODULES: build the modules first (make check does)"

passed=0 failed=0 skipped=0
failures=()
output=$(mktemp) || exit 2
trap 'rm -f "$output"' EXIT

fail() {
	failed=$((failed + 1))
	failures+=("$1: $2")
	echo "not ok - $1: $2"
}

# Does TESTS name this one?
selected() {
	local test=$1 glob others

	if [ -z "${TESTS:-}" ]; then
		others=$(setting "${test%/*}" host "")
		[ "${ONCE:-}" != no ] || others+=" $(setting "${test%/*}" once "")"
		[[ " $others " != *" ${test##*/} "* ]]
		return
	fi
	set -f
	for glob in $TESTS; do
		# shellcheck disable=SC2053 # the right side is a pattern
		[[ $test == $glob || ${test##*/} == $glob ]] && { set +f; return 0; }
	done
	set +f
	return 1
}

# Processes are slow to start in a machine that is emulated: what follows a test starts few.

# setting FOLDER NAME DEFAULT: a line of a folder's settings.
setting() {
	local line value=$3

	[ ! -e "selftests/$1/settings" ] || while IFS= read -r line; do
		[[ $line != "$2="* ]] || value=${line#*=}
	done < "selftests/$1/settings"
	echo "$value"
}

modules_of() {
	local line

	if [ ! -e "selftests/$1/modules" ]; then
		echo dmabuf_sync dma_sim dmabuf_copy dmabuf_sync_test
		return
	fi
	while IFS= read -r line; do
		echo "${line%%#*}"
	done < "selftests/$1/modules"
}

is_loaded() { [ -d "/sys/module/$1" ]; }

# Loaded, and not built in.
is_loadable() { [ -e "/sys/module/$1/initstate" ]; }

# module_file FOLDER-OF-TESTS MODULE
module_file() {
	local preferred

	preferred=$DMABUF_SYNC_MODULES/$(setting "$1" modules kernel)

	find "$preferred" "$DMABUF_SYNC_MODULES/kernel" "$DMABUF_SYNC_MODULES/selftests" \
		-name "$2.ko" -print -quit
}

modules_load() {
	local module file

	for module in $(modules_of "$1"); do
		is_loaded "$module" && continue
		file=$(module_file "$1" "$module")
		[ -n "$file" ] || { echo "no $module.ko in $DMABUF_SYNC_MODULES"; return 1; }
		insmod "$file" || return
	done
}

# The machine has no udev, which elsewhere says who may open the device; tests drop privileges.
device_open_to_all() { [ ! -c /dev/dmabuf_sync ] || chmod 666 /dev/dmabuf_sync; }

# Tests hold what they like for as long as they like; those that are about leases set their own.
leases_are_long() { [ ! -e "$lease_ms" ] || echo 3600000 > "$lease_ms"; }

modules_are_loaded() {
	local module

	for module in $(modules_of "$1"); do
		is_loaded "$module" || return
	done
}

# The last put of a buffer or a fence comes a little after the last close.
module_unload() {
	is_loadable "$1" || return 0
	for _ in {1..100}; do
		rmmod "$1" 2>/dev/null && return
		sleep 0.1
	done
	rmmod "$1"
}

modules_unload() {
	local module words

	read -r -a words <<< "$(modules_of "$1" | tr '\n' ' ')"
	for module in $(printf '%s\n' "${words[@]}" | tac); do
		module_unload "$module" || return
	done
}

mark() { echo "<5>run-tests: $1" > /dev/kmsg; }

log_is_clean() { dmesg | selftests/vm/check-log --after "$1"; }

# Accesses of a process that was killed go a little after it.
snapshot_is_empty() {
	for _ in {1..50}; do
		[ -s "$snapshot" ] || [ -e "$snapshot" ] || return 0
		[ -z "$(cat "$snapshot")" ] && return
		sleep 0.1
	done
	sed 's/^/# left: /' "$snapshot"
	return 1
}

steps_reset() { [ ! -e "$max_steps" ] || echo 0 > "$max_steps"; }

# A lock is held for DSYNC_MAX_STEPS, and what was begun then.
steps_are_bounded() {
	local steps limit

	read -r steps 2>/dev/null < "$max_steps" || return 0
	limit=$((2 * $(sed -n 's/^#define DSYNC_MAX_STEPS[[:space:]]*//p' kernel/buf.h)))
	[ "$steps" -gt "$limit" ] || return 0
	echo "# $steps accesses looked at with a buffer locked, and $limit is the limit"
	return 1
}

# Leaks since the last search. Only what two scans agree on is one, and only when it is some
# seconds old; the first scan takes care of that. Caches are objects to scan, too: they go first.
nothing_leaks() {
	local file=/sys/kernel/debug/kmemleak leaks

	[ -e $file ] || return 0
	sync
	echo 3 > /proc/sys/vm/drop_caches
	echo scan > $file && echo scan > $file || return
	leaks=$(cat $file)
	echo clear > $file
	[ -n "$leaks" ] || return 0
	sed 's/^/# leak: /' <<< "$leaks"
	return 1
}

# Where the tasks are that did not end in time.
show_stuck() {
	local dir stat stack state

	for dir in /proc/[0-9]*/task/[0-9]*; do
		read -r stat < "$dir/stat" && mapfile -t stack < "$dir/stack" || continue
		state=${stat##*) } state=${state%% *}
		[ "$state" = D ] || [[ ${stack[*]} == *dmabuf_sync* ]] || continue
		echo "# ${stat%)*}) $state"
		printf '#   %s\n' "${stack[@]}"
	done 2>/dev/null
}

# A test is in a cgroup with the clock of its time limit, so that no process of both outlives it.
end_processes() {
	echo 1 > "$cgroup/cgroup.kill"
	for _ in {1..100}; do
		rmdir "$cgroup" 2>/dev/null && return
		sleep 0.05
	done
	echo "# processes that cannot be killed: $(tr '\n' ' ' < "$cgroup/cgroup.procs")"
}

enter_cgroup() { echo "$BASHPID" > "$cgroup/cgroup.procs"; }

# Runs a program with its time limit; what it says goes to the screen and to $output.
run_limited() {
	local seconds=$1 file=$2 watcher status

	mkdir -p "$cgroup" || die "needs cgroup v2 at /sys/fs/cgroup"
	( (enter_cgroup; exec sleep "$seconds") && { show_stuck; echo 1 > "$cgroup/cgroup.kill"; }) &
	watcher=$!
	(enter_cgroup && cd "selftests/$dir" && exec "$file") 2>&1 < /dev/null |
		tee "$output"
	status=${PIPESTATUS[0]}
	kill "$watcher" 2>/dev/null
	wait "$watcher" 2>/dev/null
	end_processes
	return "$status"
}

# A failed test as the end tells it: its result, and below that what it said. Programs do that
# before they give the result, scripts behind it.
failure() {
	local test=$1 result=$2

	echo "$test: ${result#not ok [0-9]* }"
	case $test in
	*.sh)	grep -m 1 -F -x -A 6 -e "$result" "$output" | sed -n '1d; /^#/!q; s/^#/    #/p' ;;
	*)	grep -m 1 -F -x -B 6 -e "$result" "$output" | sed -n 's/^#/    #/p' ;;
	esac
}

# Adds up the results in $output and holds them against the exit status.
judge() {
	local test=$1 status=$2 bad=0 good=0 skips=0 plan='' line

	while IFS= read -r line; do
		case $line in
		'not ok'*)	bad=$((bad + 1)); failures+=("$(failure "$test" "$line")") ;;
		'ok '*'# SKIP'*)	skips=$((skips + 1)) ;;
		ok*)		good=$((good + 1)) ;;
		1..[0-9]*)	[ -n "$plan" ] || { plan=${line#1..}; plan=${plan%%[^0-9]*}; } ;;
		esac
	done < <(grep -E '^(not ok|ok|1\.\.[0-9])' "$output")
	passed=$((passed + good)) skipped=$((skipped + skips))
	failed=$((failed + bad))

	case $status in
	0 | 1)	;;
	4)	[ $((good + bad + skips)) -gt 0 ] || { skipped=$((skipped + 1)); return; } ;;
	137)	fail "$test" "no end within its time limit"; return ;;
	*)	fail "$test" "ended with exit status $status" ;;
	esac
	if [ $((good + bad + skips)) -ne "${plan:-0}" ]; then
		fail "$test" "$((good + bad + skips)) results, but a plan of ${plan:-none}"
	elif [ "$status" -eq 1 ] && [ "$bad" -eq 0 ]; then
		fail "$test" "ended with exit status 1, but reports no failure"
	fi
}

run_test() {
	local dir=$1 program=$2 test=$1/$2 start=$SECONDS file tag reason

	file=$DMABUF_SYNC_TESTS/$dir/$program
	[ -x "$file" ] || file=$top/selftests/$dir/$program
	[ -x "$file" ] || { fail "$test" "is not there: build the tests"; return; }
	tag="test $test $((++nr_tests))"
	echo "# $test"
	mark "$tag"
	reason=$(modules_load "$dir" 2>&1) || { fail "$test" "modules cannot be loaded: $reason"; return; }
	device_open_to_all
	leases_are_long
	steps_reset
	run_limited $((factor * $(setting "$dir" timeout 60) + ${TORTURE_SECONDS:-0})) "$file"
	judge "$test" $?
	modules_are_loaded "$dir" || fail "$test" "modules that it found loaded are gone"
	log_is_clean "$tag" || fail "$test" "the kernel log has reports (above)"
	snapshot_is_empty || fail "$test" "accesses are left behind (above)"
	steps_are_bounded || fail "$test" "a buffer is locked for too long (above)"
	echo "# $test took $((SECONDS - start)) s"
}

# The modules come with the first test of a folder, or with the next one after a test that has
# unloaded them and failed; they must go after the last one.
run_folder() {
	local dir=$1 program tests=() reason
	shift

	for program; do
		selected "$dir/$program" && tests+=("$program")
	done
	[ ${#tests[@]} -gt 0 ] || return
	mark "folder $dir"
	for program in "${tests[@]}"; do
		run_test "$dir" "$program"
	done
	reason=$(modules_unload "$dir" 2>&1) || fail "$dir" "modules cannot be unloaded: $reason"
	nothing_leaks || fail "$dir" "memory leaks (above)"
	log_is_clean "folder $dir" > /dev/null || [ ${#failures[@]} -gt 0 ] ||
		fail "$dir" "the kernel log has reports"
}

# Any report of a checker turns lockdep off, one of the kernel's own boot as well: nothing that
# follows would be checked.
lockdep_is_on() {
	[ ! -e /proc/lockdep_stats ] || grep -qE 'debug_locks: +1$' /proc/lockdep_stats
}

lockdep_is_on || die "lockdep is off since the boot, dmesg says why: start the machine again"
nr_tests=0
rm -f "$totals"
for folder in $(cut -d: -f1 "$list" | uniq); do
	mapfile -t programs < <(sed -n "s|^$folder:||p" "$list")
	run_folder "$folder" "${programs[@]}"
done
lockdep_is_on || fail "$build" "lockdep was turned off"
[ "$nr_tests" -gt 0 ] || die "no test is named by TESTS='${TESTS:-}'"
echo "$passed $failed $skipped" > "$totals"
for line in "${failures[@]}"; do
	echo "failed on $build: $line"
done | tee -a "$totals"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
