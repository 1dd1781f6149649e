#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: build.sh module SERIES | build.sh variants SERIES [rules] | build.sh untraced SERIES |
#        build.sh user    (in the guest root, by make)
#
# Builds the modules for a kernel of the guest root; those and variants of them that tests need
# (torture/build-broken.sh); them once more without tracepoints for the benchmark; or the tools
# and tests. Says one line when all is well and everything the compiler said when not.

set -eu

log=build/$1${2:+-$2}.log
mkdir -p build

# kbuild does not build test modules again when nothing but versions of symbols has changed.
forget_stale() {
	cmp -s "$1/kernel/Module.symvers" "$1/selftests.symvers" && return
	rm -rf "$1/selftests"
	cp "$1/kernel/Module.symvers" "$1/selftests.symvers"
}

# The shell does not end by itself at a failure in here: these functions are conditions.
modules() {
	kdir=/lib/modules/$(selftests/vm/kver "$1")/build
	out=$PWD/build/$1
	make -C kernel W=1 KDIR="$kdir" OUT="$out" &&
		forget_stale "$out" &&
		make -C selftests/modules W=1 KDIR="$kdir" OUT="$out" &&
		make -C selftests/bench/module W=1 KDIR="$kdir" OUT="$out"
}

variants() {
	selftests/torture/build-broken.sh "/lib/modules/$(selftests/vm/kver "$1")/build" "$PWD/build/$1" ${2:+"$2"}
}

# The kernel's own switch for files without tracepoints.
untraced() {
	kdir=/lib/modules/$(selftests/vm/kver "$1")/build
	make -C kernel KDIR="$kdir" OUT="$PWD/build/$1/untraced" KCFLAGS=-DNOTRACE
}

user() {
	make -C tools &&
		make -C selftests &&
		make -C selftests/demo
}

what=$1
shift
case $what in
module)	echo "build: modules for $1" ;;
variants) echo "build: variants of the module for $1 that tests need" ;;
untraced) echo "build: modules for $1, without tracepoints" ;;
user)	echo "build: tools and tests" ;;
*)	echo "build.sh: '$what' is neither module, variants, untraced nor user" >&2; exit 2 ;;
esac
[ "$what" = module ] && what=modules
if ! "$what" "$@" > "$log" 2>&1; then
	cat "$log" >&2
	echo "build: failed; the output above is also in $log" >&2
	exit 1
fi
# Warnings are shown, and are errors for CI.
if grep -nE "warning:|WARNING:" "$log" >&2; then
	[ -z "${CI:-}" ] || exit 1
fi
