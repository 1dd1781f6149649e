#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the system's own tools show of locks is right.

. "$(dirname "$0")/../lib/tap.sh"

here=${DMABUF_SYNC_TESTS:?}/fcntl
core=/sys/module/dmabuf_sync

# holding: a process has bytes 16 to 47 of a buffer locked for writing; give_up ends it.
holding() {
	coproc HOLD { exec "$here/holder"; }
	hold_pid=$HOLD_PID
	read -r ino <&"${HOLD[0]}"
}

# shellcheck disable=SC1083,SC2093 # closes the descriptor that the variable holds
give_up() { exec {HOLD[1]}>&-; wait "$hold_pid"; }

lslocks_shows() {
	lslocks --noheadings --raw --output PID,TYPE,MODE,START,END,INODE | tee /dev/stderr |
		grep -qx "$hold_pid POSIX WRITE 16 47 $ino"
}

proc_locks_shows() { grep -E "POSIX +ADVISORY +WRITE +$hold_pid .*:$ino 16 47$" /proc/locks; }

fdinfo_shows() { grep -hE "^lock:.*POSIX.*WRITE $hold_pid .*:$ino 16 47$" "/proc/$hold_pid/fdinfo/"*; }

nothing_is_left() { ! grep ":$ino " /proc/locks; }

state_is() { [ "$(cat "$core/parameters/fcntl_state")" = "$1" ]; }

tap_plan 5
if framework_is_built_in; then
	tap_skip "the module has fcntl()" "the framework is built into this kernel"
else
	tap_test "the module has fcntl()" state_is on
fi
holding
tap_test "lslocks shows a lock" lslocks_shows
tap_test "/proc/locks shows it" proc_locks_shows
tap_test "fdinfo shows it" fdinfo_shows
give_up
tap_test "nothing is shown when its process is gone" nothing_is_left
tap_end
