#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: initrd-build.sh RELEASE [MODBASE] > INITRD   (in the guest root)
#
# Writes the initial RAM file system for kernel RELEASE: busybox, guest-init
# and the modules without which the root cannot be mounted. MODBASE holds
# lib/modules/RELEASE of a kernel that is not installed; a kernel without
# modules (RELEASE "none") has everything built in.

set -euo pipefail

release=$1
modbase=${2:-/}
modules=(9p 9pnet_virtio overlay)
dir=$(mktemp -d)

# Paths of the modules in the order to load them, what is built in left out.
module_files() {
	local name

	[ "$release" = none ] && return
	for name in "${modules[@]}"; do
		modprobe -d "$modbase" -S "$release" --show-depends "$name" ||
			{ echo "kernel $release has no $name" >&2; return 1; }
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# Busybox loads modules fastest, and in any version, when they are plain.
module_copy() {
	local base=${1##*/}

	case $base in
	*.xz)	xz -dc "$1" > "$dir/modules/${base%.xz}"; base=${base%.xz} ;;
	*.zst)	zstd -dcq "$1" > "$dir/modules/${base%.zst}"; base=${base%.zst} ;;
	*.gz)	gzip -dc "$1" > "$dir/modules/${base%.gz}"; base=${base%.gz} ;;
	*)	cp "$1" "$dir/modules/$base" ;;
	esac
	echo "$base" >> "$dir/modules/order"
}

mkdir "$dir"/{bin,dev,lower,modules,new,proc,sys,upper}
cp /usr/bin/busybox "$dir/bin/"
install -m 755 /src/selftests/vm/guest-init "$dir/init"
: > "$dir/modules/order"
files=$(module_files)
for file in $files; do
	module_copy "$file"
done
cd "$dir"
find . | cpio --quiet -o -H newc -R 0:0
