#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit tests of kernel/tests: the module runs them when it is loaded and says in the kernel log
# how they went. Each is a test of this script. Needs a kernel with KUnit, as the debug kernel is.

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/lib.sh"

core=${DMABUF_SYNC_MODULES:?}/kernel/dmabuf_sync.ko
tests=$DMABUF_SYNC_MODULES/kernel/dmabuf_sync_kunit.ko
mark="dmabuf_sync_kunit: $$"

# The kernel log since the mark, without time and level.
log() { dmesg | sed "1,/$mark/d; s/^\[[^]]*\] //"; }

# One line of the log for each test: "ok 1 name" within a suite is indented once more.
results() { sed -nE 's/^    (ok|not ok) [0-9]+ ([a-z0-9_]+).*/\1 \2/p'; }

[ -e "$tests" ] || tap_skip_all "this kernel has no KUnit"
modprobe -q kunit
torture_unload
echo "$mark" > /dev/kmsg
torture_load_core "$core" && insmod "$tests"
loaded=$?
said=$(log)
torture_gone dmabuf_sync_kunit && torture_unload
[ $loaded -eq 0 ] || { echo "Bail out! the modules cannot be loaded"; exit 1; }
mapfile -t lines < <(results <<< "$said")
tap_plan $((${#lines[@]} + 1))
for line in "${lines[@]}"; do
	tap_test "${line#* }" [ "${line%% *}" = ok ]
done
tap_test "six suites" [ "$(grep -cE '^ok [0-9]+ dmabuf_sync_' <<< "$said")" -eq 6 ]
[ "$tap_failed" -eq 0 ] || tap_note "$said"
tap_end
