#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: build-broken.sh KDIR OUT [rules]     (in the guest root, after the modules; by build.sh)
#
# Builds dmabuf_sync.ko as it is into OUT/broken/counted/, and into OUT/broken/grown/ with longer
# structures for user space (dmabuf_sync/grown.sh); with "rules" also once for each patch in
# broken/, which breaks one rule of the engine, into OUT/broken/RULE/. All count their steps
# (CONFIG_DMABUF_SYNC_DEBUG). A patch that does not apply any more is an error. All are built in
# one copy of the sources, OUT/broken/tree, so that only what a patch touches is compiled again.

set -euo pipefail

[[ $# -eq 2 || ($# -eq 3 && $3 = rules) ]] ||
	{ echo "usage: build-broken.sh KDIR OUT [rules]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd -P)
kernel=$(cd "$here/../../kernel" && pwd -P)
kdir=$1 out=$2/broken what=${3:-}
tree=$out/tree

die() { echo "build-broken: $*" >&2; exit 1; }

# What the builds depend on.
state() {
	echo "$kdir"
	(cd "$kernel" && find . -path ./drivers -prune -o -type f -print | sort | xargs sha256sum)
	sha256sum "$here"/broken/*.patch "$0"
}

# Files as they are in the tree. One that was patched gets a new date, and so is compiled again.
copy() {
	cmp -s "$kernel/$1" "$tree/$1" && return
	mkdir -p "$(dirname "$tree/$1")"
	cp "$kernel/$1" "$tree/$1"
}

copy_all() {
	local file

	while IFS= read -r file; do
		copy "$file"
	done < <(cd "$kernel" && find . -path ./drivers -prune -o -type f ! -name Makefile -print)
	mkdir -p "$tree/drivers"
	: > "$tree/drivers/Kbuild"
}

# The structures that tell their size, as a later version may have them.
grow() {
	local header=include/uapi/linux/dmabuf_sync.h

	awk '/^struct dmabuf_sync_(access|acquire|change|release|info|query|lease|caps|event) {/ { grows = 1 }
	     grows && /^};/ { print "\t__u64 grown[2];"; grows = 0 }
	     { print }' "$kernel/$header" > "$tree/$header"
}

# build FOLDER
build() {
	make --no-print-directory -C "$kdir" M="$tree" CONFIG_DMABUF_SYNC=m \
		CONFIG_DMABUF_SYNC_DEBUG=y modules
	mkdir -p "$1"
	cp "$tree/dmabuf_sync.ko" "$1/"
}

build_debug() {
	copy_all
	build "$out/counted"
	grow
	build "$out/grown"
}

build_rules() {
	local patch rule

	for patch in "$here"/broken/*.patch; do
		rule=$(basename "$patch" .patch)
		copy_all
		(cd "$tree" && busybox patch -p2 -i "$patch") ||
			die "$patch does not apply: adapt it to the sources, so that it breaks the same rule"
		build "$out/$rule"
	done
}

# unless_current FUNCTION
unless_current() {
	local stamp=$out/$1.stamp

	state | cmp -s - "$stamp" && return
	rm -f "$stamp"
	"$1"
	state > "$stamp"
}

mkdir -p "$out"
unless_current build_debug
[ -z "$what" ] || unless_current build_rules
