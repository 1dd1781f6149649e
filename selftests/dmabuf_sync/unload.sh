#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module: refuses to go while it is in use, goes cleanly when it is not, comes back.
# Needs DMABUF_SYNC_MODULES, the folder that holds kernel/dmabuf_sync.ko (see run-tests.sh).

# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

core=${DMABUF_SYNC_MODULES:-}/kernel/dmabuf_sync.ko
test=${DMABUF_SYNC_MODULES:-}/selftests/modules/dmabuf_sync_test.ko
hold=${DMABUF_SYNC_TESTS:-}/dmabuf_sync/hold
tap_needs_module
[ -e "$core" ] || tap_skip_all "DMABUF_SYNC_MODULES names no folder with kernel/dmabuf_sync.ko"
[ -x "$hold" ] || tap_skip_all "DMABUF_SYNC_TESTS names no folder with dmabuf_sync/hold"

core_load() { insmod "$core"; }
all_load() { core_load && insmod "$test"; }

# The last put of a buffer or fence comes a little after the close.
unload() { [ ! -d "/sys/module/$1" ] || until_true 10000 rmmod "$1" 2>/dev/null; }
core_unload() { unload dmabuf_sync; }
test_unload() { unload dmabuf_sync_test; }
all_unload() { test_unload && core_unload; }

dir=$(mktemp -d)
mkfifo "$dir/in"

# holding WHAT...: a process that has these; give_up ends it.
holding() {
	: > "$dir/out"
	"$hold" "$@" < "$dir/in" > "$dir/out" &
	hold_pid=$!
	exec 7> "$dir/in"
	until_true 10000 grep -q ready "$dir/out"
}

give_up() { exec 7>&-; wait "$hold_pid"; }

kill_holder() { kill -KILL "$hold_pid" && ! wait "$hold_pid"; }

refuses() { ! rmmod dmabuf_sync 2>/dev/null && [ -e /dev/dmabuf_sync ]; }

refuses_while_holding() {
	all_unload && core_load && holding "$@" || return
	refuses || { give_up; return 1; }
	give_up && core_unload && core_load
}

refuses_for_a_driver() {
	all_unload && all_load && refuses && test_unload && core_unload && core_load
}

# The test module can go only when its fences are gone, and the framework after it.
refuses_while_a_job_runs() {
	all_unload && all_load && holding job || return
	if rmmod dmabuf_sync_test 2>/dev/null; then
		give_up
		return 1
	fi
	refuses || return
	give_up && all_unload && core_load
}

leaves_nothing() {
	core_unload && [ ! -e /dev/dmabuf_sync ] && [ ! -e /sys/kernel/debug/dmabuf_sync ] &&
		[ ! -e /sys/kernel/tracing/events/dmabuf_sync ] && ! grep -qw dmabuf_sync /proc/modules &&
		core_load
}

unloads_after_kill() {
	local round

	for round in 1 2 3; do
		echo "round $round"
		holding open acquire queue timeline point && kill_holder && core_unload && core_load || return
	done
}

reloads() {
	local round

	all_unload || return
	for round in {1..6}; do
		echo "round $round"
		core_load && holding acquire queue && give_up && core_unload || return
	done
	core_load
}

unloads_while_tracing() {
	local events=/sys/kernel/tracing/events/dmabuf_sync/enable

	echo 1 > "$events" && holding acquire && give_up && core_unload && core_load &&
		[ "$(cat "$events")" = 0 ]
	echo > /sys/kernel/tracing/trace
}

# The tests that follow find both modules loaded again.
restore() {
	rm -r "$dir"
	[ -d /sys/module/dmabuf_sync ] || core_load
	[ -d /sys/module/dmabuf_sync_test ] || insmod "$test"
}
trap restore EXIT

tap_plan 9
tap_test "refuses while a context is open" refuses_while_holding open
tap_test "refuses while an access is held" refuses_while_holding acquire
tap_test "refuses while a timeline is open" refuses_while_holding timeline
tap_test "refuses while a driver uses it" refuses_for_a_driver
tap_test "refuses while a committed job runs" refuses_while_a_job_runs
tap_test "leaves no device, no file and no event behind" leaves_nothing
tap_test "unloads after its users were killed" unloads_after_kill
tap_test "loads and unloads 6 times" reloads
tap_test "unloads while its events are enabled" unloads_while_tracing
tap_end
