#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make install" says where it cannot work: at once, by the names of Debian's packages, and
# before it builds anything. The kernels are folders that only look like their headers. Where it
# can work, it builds and installs from nothing.
# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

tree=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT

# The headers of kernel RELEASE, with lines for its configuration.
headers() {
	local release=$1 kdir=$dir/$1
	shift

	mkdir -p "$kdir/include/config"
	printf 'modules:\n\t@echo compiling\n' > "$kdir/Makefile"
	echo "$release" > "$kdir/include/config/kernel.release"
	printf '%s\n' "$@" > "$kdir/include/config/auto.conf"
	echo 'CC = $(CROSS_COMPILE)gcc-14' > "$kdir/.kernelvariables"
	touch "$kdir/vmlinux"
}

usual=(CONFIG_MODULES=y CONFIG_DMA_SHARED_BUFFER=y CONFIG_DEBUG_INFO_BTF_MODULES=y)

# A folder for PATH: this system's programs, except for some.
programs_without() {
	local name

	rm -rf "${dir:?}/bin"
	mkdir "$dir/bin"
	ln -sf /usr/bin/* /usr/sbin/* "$dir/bin"
	for name; do
		rm -f "$dir/bin/$name"
	done
}

# make, with KDIR; it has to fail without having built. What it said is in "said".
refused() {
	local kdir=$1
	shift

	said=$(make -C "$tree" --no-print-directory KDIR="$kdir" OUT="$dir/out" HOST_TOOLS="$dir/tools" "$@" 2>&1) &&
		{ echo "not refused: $said"; return 1; }
	[ ! -e "$dir/out" ] && [ ! -e "$dir/tools" ] && [[ $said != *compiling* ]] ||
		{ echo "it began to build: $said"; return 1; }
}

# The first line holds all of these.
first_line_has() {
	local line=${said%%$'\n'*} word

	for word; do
		[[ $line == *"$word"* ]] || { echo "not in the first line: $word"; echo "$said"; return 1; }
	done
}

refuses_old_kernel() {
	headers 6.1.0-42-amd64 "${usual[@]}"
	refused "$dir/6.1.0-42-amd64" install && first_line_has 6.1.0-42-amd64 "6.12 or newer" bookworm-backports
}

# By number, not by letter.
compares_versions() {
	local release

	for release in 5.10.0 6.2.0 6.9.12 6.11.99; do
		headers $release "${usual[@]}"
		refused "$dir/$release" install-module && first_line_has "too old" || return
	done
	for release in 6.12.0 6.12.118+deb13-amd64 6.100.1 7.3.4 10.0.0-rc1; do
		headers $release "${usual[@]}"
		make -s -C "$tree/kernel" KDIR="$dir/$release" ready || return
	done
}

names_all_packages() {
	headers 6.12.0 "${usual[@]}"
	programs_without gcc gcc-14 x86_64-linux-gnu-gcc x86_64-linux-gnu-gcc-14 pahole clang pkg-config pkgconf
	PATH=$dir/bin refused "$dir/6.12.0" BPFTOOL=no-bpftool install &&
		first_line_has "apt install" gcc-14 pahole "gcc " clang bpftool pkg-config libbpf-dev libjson-c-dev libncurses-dev zlib1g-dev
}

# What only the tools need is not asked for.
names_packages_of_the_modules_only() {
	headers 6.12.0 "${usual[@]}"
	programs_without gcc gcc-14 x86_64-linux-gnu-gcc x86_64-linux-gnu-gcc-14 clang
	PATH=$dir/bin refused "$dir/6.12.0" install-module && first_line_has gcc-14 || return
	[[ $said != *clang* ]] || { echo "$said"; return 1; }
}

names_headers() {
	refused /lib/modules/9.9.9-none/build install && first_line_has linux-headers-9.9.9-none KDIR=
}

refuses_what_is_no_kernel() {
	mkdir -p "$dir/nothing"
	refused "$dir/nothing" install && first_line_has "$dir/nothing" KDIR=
}

refuses_kernel_without_dma_buf() {
	headers 6.12.1 CONFIG_MODULES=y '# CONFIG_DMA_SHARED_BUFFER is not set'
	refused "$dir/6.12.1" install && first_line_has 6.12.1 CONFIG_DMA_SHARED_BUFFER
}

# The tools are made for the types of a kernel.
asks_for_types() {
	headers 6.12.0 "${usual[@]}"
	refused "$dir/6.12.0" install VMLINUX_BTF= && first_line_has "apt install" "linux-headers-$(uname -r)"
}

# For the first kernel that has headers here.
installs_from_nothing() {
	local kdir

	kdir=$(printf '%s\n' /lib/modules/*/build | head -n 1)
	make -C "$tree" --no-print-directory KDIR="$kdir" OUT="$dir/new" DESTDIR="$dir/stage" install-module > "$dir/said" 2>&1 &&
		[ "$(find "$dir/stage" -name 'dmabuf_sync.ko*' | wc -l)" -eq 1 ] || { cat "$dir/said"; return 1; }
}

tap_plan 9
tap_test "refuses a kernel that is too old in the first line" refuses_old_kernel
tap_test "compares versions as numbers" compares_versions
tap_test "names all packages that are missing at once" names_all_packages
tap_test "asks for no tools where only modules are wanted" names_packages_of_the_modules_only
tap_test "names the headers' package, and KDIR" names_headers
tap_test "refuses a folder that is no kernel" refuses_what_is_no_kernel
tap_test "refuses a kernel without dma-buf" refuses_kernel_without_dma_buf
tap_test "asks for headers where there are no types" asks_for_types
tap_test "builds and installs from nothing" installs_from_nothing
tap_end
