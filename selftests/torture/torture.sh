#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The torture in some rounds; the modules are loaded before and unloaded after each, and what the
# memory cgroup of a round was charged for must be gone then. Modules come and go here: none is
# loaded. Needs DMABUF_SYNC_MODULES and DMABUF_SYNC_TESTS (see run-tests.sh).
#
# TORTURE_SECONDS	in all (30)
# TORTURE_SEED		of the first round; each next one has one more (default: the time)
# TORTURE_ARGS		more options of the program, see torture --help

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/lib.sh"

seconds=${TORTURE_SECONDS:-30}
seed=${TORTURE_SEED:-$(date +%s)}
rounds=3
cgroup=/sys/fs/cgroup/dmabuf-sync-torture
# Kernel memory that a cgroup may still have when all that it ran is gone: freed slab pages are
# not given back at once.
left_max=$((256 * 1024))

core=$(torture_core)

# The kernel memory of the round.
charged() { awk '$1 == "slab_unreclaimable" { print $2 }' "$cgroup/memory.stat"; }

is_discharged() { [ "$(charged)" -le $left_max ]; }

in_cgroup() { (echo $BASHPID > "$cgroup/cgroup.procs" && "$@"); }

# A round that failed left the modules there. What is asked for in TORTURE_ARGS comes last, and so
# wins.
round() {
	# shellcheck disable=SC2086 # options are words
	torture_unload && torture_load "$core" &&
		in_cgroup torture_run --seed "$1" --seconds $((seconds / rounds)) ${TORTURE_ARGS:-} ||
		return
	torture_unload || { echo "the modules cannot be unloaded"; return 1; }
	until_true 10000 is_discharged && return
	echo "$(charged) bytes of kernel memory are still charged"
	return 1
}

framework_is_built_in || [ -e "$core" ] || tap_skip_all "no $core"
mkdir -p "$cgroup" 2>/dev/null && [ -e "$cgroup/memory.stat" ] ||
	tap_skip_all "no memory controller in /sys/fs/cgroup"
trap 'rmdir "$cgroup" 2>/dev/null' EXIT
tap_plan $rounds
for ((nr = 0; nr < rounds; nr++)); do
	tap_test "torture, seed $((seed + nr))" round $((seed + nr))
done
tap_end
