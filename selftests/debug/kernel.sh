#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kernel.sh stock|intree|kcsan SERIES     (by check-debug.sh)
#
# Makes sure of a debug kernel: of the source as Debian has it, with this tree's patch series
# in it, or of the source as it is with KCSAN instead of the other checkers. Builds its modules,
# too, and prints the path of its image. The kernels are kept in the cache, in
# debug-SERIES/stock/kernel, debug-SERIES/intree/kernel and debug-SERIES/kcsan/kernel.

set -euo pipefail
# shellcheck source=selftests/vm/lib.sh
. "$(dirname "$0")/../vm/lib.sh"

# Source and objects of three kernels, in MB.
KERNELS_NEED_MB=8500

# The copy shares the source's files, which nobody writes to, and makes the second kernel a
# matter of what the patches touch.
copy_stock() {
	[ ! -e "$cache/intree/kernel" ] || return 0
	vm_say "copying the stock debug kernel, to begin with"
	rm -rf "$cache/intree"
	mkdir -p "$cache/intree/tmp"
	cp -al "$cache/stock/kernel/source" "$cache/intree/tmp/"
	cp -a --reflink=auto "$cache/stock/kernel/out" "$cache/intree/tmp/"
	mv "$cache/intree/tmp" "$cache/intree/kernel"
}

need_space() {
	local free

	[ ! -e "$cache" ] || return 0
	mkdir -p "${cache%/*}"
	free=$(df --output=avail --block-size=1M "${cache%/*}" | tail -n 1)
	[ "$free" -ge $KERNELS_NEED_MB ] ||
		vm_die "${cache%/*} has $((free)) MB left and the debug kernels need $KERNELS_NEED_MB: make room or set XDG_CACHE_HOME"
}

# Another version, or other fixes: nothing that was made of the former source is of use.
forget_other_source() {
	local now

	now=$(cat "$tarball" "$VM_TREE"/selftests/debug/fixes/*.patch | sha256sum)
	[ "$(cat "$cache/source" 2>/dev/null)" != "$now" ] || return 0
	rm -rf "$cache/stock" "$cache/intree" "$cache/kcsan"
	echo "$now" > "$cache/source"
}

build() {
	local bind=(--bind "$cache/$form/kernel" --bind "${tarball%/*}")

	[ "$form" = stock ] || bind+=(--bind "$cache/stock")
	mkdir -p "$cache/$form/kernel" "$cache/stock/kernel" "${log%/*}"
	vm_say "debug kernel, $form: building it or making sure that it is current (log: build/${log##*build/})"
	if ! "$VM_DIR/in-root" "${bind[@]}" selftests/debug/build.sh "$form" "$series" \
	     "/run/bind/$(basename "${tarball%/*}")/${tarball##*/}" > "$log" 2>&1 < /dev/null; then
		tail -n 40 "$log" >&2
		vm_die "the debug kernel ($form) cannot be built; the whole log is $log"
	fi
}

[[ $# -eq 2 && $1 =~ ^(stock|intree|kcsan)$ ]] || vm_die "usage: kernel.sh stock|intree|kcsan SERIES"
form=$1 series=$2
cache=$(vm_cache)/debug-$series
log=$VM_TREE/build/debug/kernel-$form.log
tarball=$("$VM_DIR/kernel-source" "$series")
need_space
mkdir -p "$cache"
exec 9> "$cache/lock"
flock -n 9 || { vm_say "another build of debug kernels is at work; waiting for it"; flock 9; }
forget_other_source
if [ "$form" = intree ]; then
	[ -e "$cache/stock/kernel/state" ] || vm_die "build the stock debug kernel first: kernel.sh stock $series"
	copy_stock
fi
build
echo "$cache/$form/kernel/out/arch/x86/boot/bzImage"
