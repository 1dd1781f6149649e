#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The benchmark in small: each case runs with a few operations and with all of its checks. Says
# nothing about costs; "make bench" does. Needs DMABUF_SYNC_MODULES (see run-tests.sh).

. "$(dirname "$0")/../lib/tap.sh"

here=$(cd "$(dirname "$0")" && pwd)
said=$(mktemp) || exit 2
trap 'rm -f "$said"' EXIT

# Both sides of a row have results. The module without tracepoints is not there: "make bench"
# builds it.
row_is_measured() {
	local row=$1 bad

	bad=$(grep -P "\trow=$row\t.*\twhy=" "$said")
	[ -z "$bad" ] || { echo "$bad"; return 1; }
	grep -qP "\trow=$row\tside=ours\t" "$said" &&
		{ [ "$row" = trace_off ] || grep -qP "\trow=$row\tside=(?!ours\t)" "$said"; } && return
	grep -P "\trow=$row\t" "$said"
	return 1
}

all_rows() {
	"$here/rows.sh" "$(basename "$DMABUF_SYNC_MODULES")" quick > "$said"
}

tap_needs_module
[ -e "${DMABUF_SYNC_MODULES:?}/selftests/bench/module/dmabuf_sync_bench.ko" ] ||
	tap_skip_all "the benchmark is for kernels without checkers"
mapfile -t rows < <("${DMABUF_SYNC_TESTS:?}/bench/bench" --list | sort -u)
tap_plan $((${#rows[@]} + 1))
tap_test "all of the benchmark ends well" all_rows
tap_note "$(cat "$said")"
for row in "${rows[@]}"; do
	tap_test "$row is measured, and does not lie" row_is_measured "$row"
done
tap_end
