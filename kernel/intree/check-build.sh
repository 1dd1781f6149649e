#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check-build.sh SERIES base|patch|last     (in the guest root, by check.sh)
#
# Builds the kernel tree of SERIES at /run/bind/SERIES/tree: "base" as it is, "patch" with what
# the patches applied so far have, "last" all variants of the whole series. Prints what the
# compilers and sparse complain about, and nothing else. Folders beside the tree:
#
#	y m	linked kernels with the new options y and m; go on from the base
#	warn	drivers/dma-buf alone, with W=1 and sparse
#	least	the same without what can be left out; 32 for 32 bits
#	log	what make said last

set -u
here=$PWD/kernel/intree
dir=/run/bind/$1
tree=$dir/tree
log=$dir/log
options="DMABUF_SYNC DMABUF_COPY DMA_SIM DMABUF_SYNC_KUNIT_TEST"
selftests="dmabuf-sync/dma dmabuf-sync/dmabuf_sync dmabuf-sync/fcntl dmabuf-sync/torture"

# configure OUT VALUE [FRAGMENT]: the new options get VALUE, as far as the tree has them.
configure() {
	local out=$dir/$1 value=$2 fragment=${3:-$here/check.config} option

	mkdir -p "$out"
	{
		cat "$fragment"
		for option in $options; do
			echo "CONFIG_$option=$value"
		done
	} > "$out/fragment"
	make -s -C "$tree" O="$out" KCONFIG_ALLCONFIG="$out/fragment" allnoconfig > "$log" 2>&1 ||
		{ tail -n 5 "$log"; exit; }
}

# Passed over: sparse up to 0.6.4 cannot evaluate the assertion in MODULE_INFO() of kernels from
# 6.18 on, and complains about trace headers of the kernel's own.
messages() {
	local line file number

	grep -aE '(warning|error|WARNING|ERROR|Warning|Error): |undefined reference|\*\*\* ' "$log" | sort -u |
	while IFS= read -r line; do
		file=${line%%:*}
		number=${line#*:}
		case $line in
		*/include/trace/events/dma_fence.h:*" warning: "*) continue ;;
		*"error: bad constant expression"*)
			sed -n "${number%%:*}p" "$file" 2> /dev/null |
				grep -qE '^(MODULE_|module_param)' && continue ;;
		esac
		echo "${line//"$tree/"/}"
	done
}

# build OUT ARGUMENT...: a failure is one, also when nothing has the shape of a message.
build() {
	local out=$dir/$1
	shift

	make -C "$tree" O="$out" "$@" > "$log" 2>&1 || echo "error: make $* failed" >> "$log"
	messages
	cp "$log" "$out/log"
}

# The touched folder, with all that can be said about it.
build_warn() {
	local out=$1
	shift

	build "$out" W=1 C=1 CF=-D__typeof_unqual__=__typeof__ "$@" drivers/dma-buf/
}

base() {
	[ ! -e "$dir/base.stamp" ] || return
	configure y n
	build y vmlinux modules > "$dir/base.messages"
	if [ -s "$dir/base.messages" ]; then
		cat "$dir/base.messages"
		return
	fi
	rm -rf "$dir/m"
	cp -a "$dir/y" "$dir/m"
	touch "$dir/base.stamp"
}

patch() {
	local value

	configure warn y
	build_warn warn
	for value in y m; do
		configure $value $value
		build $value vmlinux modules
	done
}

last() {
	configure warn m
	build_warn warn
	configure least y "$here/check-least.config"
	build_warn least
	sed 's/CONFIG_64BIT=y/CONFIG_X86_32=y/; /IA32_EMULATION/d' "$here/check.config" > "$dir/32.config"
	configure 32 m "$dir/32.config"
	build_warn 32
	build m headers
	build m TARGETS="$selftests" FORCE_TARGETS=1 KDIR="$dir/m" kselftest-all
}

case $2 in
base | patch | last) "$2" ;;
*)	echo "check-build.sh: '$2' is none of base, patch, last" >&2; exit 2 ;;
esac
