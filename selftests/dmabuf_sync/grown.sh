#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The ABI grows: programs of today on a module whose structures are longer, as a later version's
# will be. Needs DMABUF_SYNC_MODULES and DMABUF_SYNC_TESTS (see run-tests.sh).

# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

grown=${DMABUF_SYNC_MODULES:-}/broken/grown/dmabuf_sync.ko
core=${DMABUF_SYNC_MODULES:-}/kernel/dmabuf_sync.ko
test=${DMABUF_SYNC_MODULES:-}/selftests/modules/dmabuf_sync_test.ko
programs="versions queued setfd query lease_events"

tap_needs_module
[ -e "$grown" ] || tap_skip_all "no $grown: selftests/torture/build-broken.sh makes it"
[ -x "${DMABUF_SYNC_TESTS:-}/dmabuf_sync/versions" ] ||
	tap_skip_all "DMABUF_SYNC_TESTS names no folder with dmabuf_sync/versions"

unload() { [ ! -d "/sys/module/$1" ] || until_true 10000 rmmod "$1" 2>/dev/null; }
all_unload() { unload dmabuf_sync_test && unload dmabuf_sync; }

# Programs hold what they like for as long as they like.
all_load() { insmod "$1" lease_ms=3600000 && insmod "$test"; }

# The tests that follow find both modules loaded again.
restore() { all_unload && all_load "$core"; }
trap restore EXIT

# The output is shown only if a test failed.
passes() {
	local said

	said=$(GROWN=1 "$DMABUF_SYNC_TESTS/dmabuf_sync/$1") && return
	echo "$said"
	return 1
}

tap_plan "$(wc -w <<< "x $programs")"
tap_test "a module with longer structures" eval 'all_unload && all_load "$grown"'
for program in $programs; do
	tap_test "$program, built with the shorter ones" passes "$program"
done
tap_end
