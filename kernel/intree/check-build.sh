#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check-build.sh KIND VALUE     (in the guest root, by check.sh)
#
# Builds the kernel tree at /run/bind/tree with the new options set to VALUE, in the folder that is
# at /run/bind/out: all kinds have the same path there, because a copy of what was built under
# another one would be built again. Prints what compilers and sparse complain about, and nothing
# else; all that make said is in OUT/log.
#
#	link		the kernel and its modules
#	warn		drivers/dma-buf and videobuf2 alone, with W=1 and sparse
#	least		the same with as little else as possible
#	32		the same for 32 bits
#	selftests	the tests, against what "link" has built there

set -u
here=$PWD/kernel/intree
tree=/run/bind/tree
out=/run/bind/out
log=$out/log
value=$2
options="DMABUF_SYNC DMABUF_COPY DMA_SIM DMA_EDU DMABUF_SYNC_KUNIT_TEST MEDIA_SUPPORT VIDEO_DEV VIDEO_VIM2M"
selftests="dmabuf-sync/dma dmabuf-sync/dmabuf_sync dmabuf-sync/fcntl dmabuf-sync/torture"

# The configuration on standard input; the new options, as far as the tree has them.
configure() {
	local option

	{
		cat
		for option in $options; do
			echo "CONFIG_$option=$value"
		done
	} > "$out/fragment"
	make -s -C "$tree" O=$out KCONFIG_ALLCONFIG=$out/fragment allnoconfig > "$log" 2>&1 ||
		{ tail -n 5 "$log"; exit; }
}

# Passed over: sparse up to 0.6.4 cannot evaluate the assertion in MODULE_INFO() of kernels from
# 6.18 on, and complains about some headers of the kernel's own: about a trace header, and for 32
# bits about a constant.
messages() {
	local line file number

	grep -aE '(warning|error|WARNING|ERROR|Warning|Error): |undefined reference|\*\*\* ' "$log" | sort -u |
	while IFS= read -r line; do
		file=${line%%:*}
		number=${line#*:}
		case $line in
		*/include/trace/events/dma_fence.h:*" warning: "*) continue ;;
		*/include/linux/hash.h:*" warning: cast truncates bits "*) continue ;;
		*"error: bad constant expression"*)
			sed -n "${number%%:*}p" "$file" 2> /dev/null |
				grep -qE '^(MODULE_|module_param)' && continue ;;
		esac
		echo "${line//"$tree/"/}"
	done
}

# A failure is one also when nothing has the shape of a message.
build() {
	make -C "$tree" O=$out "$@" > "$log" 2>&1 || echo "error: make $* failed" >> "$log"
	messages
}

build_warn() {
	build W=1 C=1 CF=-D__typeof_unqual__=__typeof__ drivers/dma-buf/ drivers/media/common/videobuf2/
}

bits_32() { sed 's/CONFIG_64BIT=y/CONFIG_X86_32=y/; /IA32_EMULATION/d' "$here/check.config"; }

case $1 in
link)	configure < "$here/check.config"
	build vmlinux modules
	;;
warn)	configure < "$here/check.config"
	build_warn
	;;
least)	configure < "$here/check-least.config"
	build_warn
	;;
32)	bits_32 | configure
	build_warn
	;;
selftests)
	build headers
	build TARGETS="$selftests" FORCE_TARGETS=1 KDIR=$out kselftest-all
	;;
*)	echo "check-build.sh: '$1' is no kind of build" >&2; exit 2 ;;
esac
