# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For tests that are scripts:
#
#	. "$(dirname "$0")/../lib/tap.sh"
#	tap_plan 2
#	tap_test "what must hold" command...	ok when the command succeeds
#	tap_skip "what must hold" "reason"
#	tap_end					exit status: 0, 1 failed, 4 all skipped

tap_count=0 tap_failed=0 tap_skipped=0

tap_plan() { echo "TAP version 13"; echo "1..$1"; }

# Explains what follows or what went before.
tap_note() { echo "# ${*//$'\n'/$'\n'# }"; }

tap_test() {
	local name=$1 out
	shift

	tap_count=$((tap_count + 1))
	if out=$("$@" 2>&1); then
		echo "ok $tap_count $name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count $name"
	fi
	[ -z "$out" ] || tap_note "$out"
}

tap_skip() {
	tap_count=$((tap_count + 1))
	tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_count $1 # SKIP $2"
}

# A test that cannot run at all.
tap_skip_all() { echo "1..0 # SKIP $1"; exit 4; }

tap_end() {
	[ "$tap_failed" -eq 0 ] || exit 1
	[ "$tap_skipped" -lt "$tap_count" ] || exit 4
	exit 0
}

# The framework is part of the kernel: it can be neither unloaded nor loaded otherwise.
framework_is_built_in() {
	[ -e /dev/dmabuf_sync ] && [ ! -e /sys/module/dmabuf_sync/initstate ]
}

# For tests that load and unload it.
tap_needs_module() {
	! framework_is_built_in ||
		tap_skip_all "the framework is built into this kernel: there is no module"
}

# until_true MS COMMAND...: try again until it succeeds, at most so long.
until_true() {
	local end=$(($(date +%s%3N) + $1))
	shift

	until "$@"; do
		[ "$(date +%s%3N)" -lt "$end" ] || return 1
		sleep 0.02
	done
}
