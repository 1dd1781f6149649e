#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: build.sh stock|intree|kcsan SERIES TARBALL     (in the guest root, by kernel.sh)
#
# Builds a debug kernel in /run/bind/kernel, in its folders source and out, and the modules of
# its tests in build/SERIES-debug-module (stock), -builtin (intree) or -kcsan. The in-tree one
# has the patch series in its source; kernel.sh made it as a copy of the stock one, which is in
# /run/bind/stock/kernel then. That with KCSAN has the source of the stock one.
#
# What is current is not built again. After an interruption the build goes on where it was.

set -euo pipefail
shopt -s nullglob

top=$PWD
here=$top/selftests/debug
dir=/run/bind/kernel
source=$dir/source out=$dir/out
stock=/run/bind/stock/kernel/source

say() { echo "== $*"; }
die() { echo "build.sh: $*" >&2; exit 1; }

# What the kernel depends on, but for the tarball, which kernel.sh knows, and the patches' dates.
state() {
	sha256sum "${configs[@]}"
	echo "${scope[@]}"
	[ ${#patches[@]} -eq 0 ] || sed '/^Date: /d' "${patches[@]}" | sha256sum
}

# apply DIR PATCH...
apply() {
	local dir=$1 patch
	shift

	for patch; do
		(cd "$dir" && busybox patch -p1 -i "$patch") ||
			die "${patch##*/} does not apply to ${tarball##*/}"
	done
}

# Both kernels have the fixes: without these the checkers report what is not our fault.
unpack() {
	[ ! -e "$source" ] || return 0
	say "unpacking the source"
	rm -rf "$source.tmp"
	mkdir "$source.tmp"
	tar -xf "$tarball" -C "$source.tmp" --strip-components=1
	apply "$source.tmp" "$here"/fixes/*.patch
	mv "$source.tmp" "$source"
}

# copy_changed FROM TO FILE...: only what differs gets a new date, and is compiled again. The
# in-tree source shares its files with the stock one (hard links): they are replaced.
copy_changed() {
	local from=$1 to=$2 file
	shift 2

	for file; do
		if [ ! -e "$from/$file" ]; then
			rm -f "$to/$file"
		elif ! cmp -s "$from/$file" "$to/$file"; then
			mkdir -p "$(dirname "$to/$file")"
			cp --remove-destination "$from/$file" "$to/$file"
		fi
	done
}

# Files that the patches change, make or remove.
patched_files() { sed -nE 's,^(---|\+\+\+) [ab]/([^[:space:]]+).*,\2,p' "${patches[@]}"; }

# The file "patched" names all that differs from the stock source, now or before.
apply_patches() {
	local scratch files

	scratch=$(mktemp -d)
	say "applying ${#patches[@]} patches"
	touch "$dir/patched"
	patched_files | sort -u - "$dir/patched" > "$dir/patched.new"
	mv "$dir/patched.new" "$dir/patched"
	mapfile -t files < "$dir/patched"
	copy_changed "$stock" "$scratch" "${files[@]}"
	apply "$scratch" "${patches[@]}"
	copy_changed "$scratch" "$source" "${files[@]}"
	rm -r "$scratch"
}

# KCSAN is for what shares data with the framework. In the rest of the kernel it would report races
# that are not ours, and be slow; only barriers are told to it there, those of locks above all.
# The vDSO runs in user space, where nobody is to be told.
kcsan_scope() {
	local file

	echo KCSAN_SANITIZE=n
	echo KCSAN_INSTRUMENT_BARRIERS=y
	for file in dma-buf dma-fence dma-fence-array dma-fence-chain dma-resv locks rbtree xarray; do
		echo "KCSAN_SANITIZE_$file.o=y"
	done
	for file in vclock_gettime vgetcpu vgetrandom vdso32/vclock_gettime vdso32/vgetcpu; do
		echo "KCSAN_INSTRUMENT_BARRIERS_$file.o=n"
	done
}

kmake() { make --no-print-directory -C "$source" O="$out" "${scope[@]}" "$@"; }

# An option that kconfig did not take is an error.
configure() {
	local option

	say "configuring"
	mkdir -p "$out"
	kmake -s allnoconfig
	(cd "$out" && "$source/scripts/kconfig/merge_config.sh" -m -O "$out" .config "${configs[@]}") > "$out/merge.log"
	kmake -s olddefconfig
	while IFS= read -r option; do
		grep -qx "$option" "$out/.config" || die "the kernel's configuration does not take $option"
	done < <(grep -hE '^CONFIG_[A-Z0-9_]+=[ym]$' "${configs[@]}")
}

# Whoever was interrupted may have left half a file, which make would believe: what was
# written last is made again.
forget_last() {
	local newest

	[ -e "$out" ] || return 0
	newest=$(find "$out" -type f -printf '%T@\n' | sort -n | tail -n 1)
	[ -z "$newest" ] || find "$out" -type f -newermt "@$((${newest%.*} - 5))" -delete
}

build_kernel() {
	state > "$dir/state.new"
	if cmp -s "$dir/state.new" "$dir/state"; then
		say "the $form kernel is current"
		return
	fi
	[ -e "$dir/state" ] || forget_last
	rm -f "$dir/state"
	unpack
	[ ${#patches[@]} -eq 0 ] || apply_patches
	configure
	say "compiling the $form kernel"
	kmake W=0 bzImage modules
	mv "$dir/state.new" "$dir/state"
}

# build_modules FORM: the framework and its drivers, as run-tests.sh finds modules.
build_modules() {
	local modules=$top/build/$series-debug-$1 file

	say "building the modules"
	if [ "$form" != intree ]; then
		make -C kernel KDIR="$out" OUT="$modules" CONFIG_DMABUF_SYNC_DEBUG=y
		make -C selftests/modules KDIR="$out" OUT="$modules"
		selftests/torture/build-broken.sh "$out" "$modules" rules
		return
	fi
	rm -rf "$modules/kernel"
	(cd "$out/drivers/dma-buf/dmabuf-sync" && find . -name '*.ko' -printf '%P\n') |
		while IFS= read -r file; do
			install -D -m 644 "$out/drivers/dma-buf/dmabuf-sync/$file" "$modules/kernel/$file"
		done
	: > "$modules/kernel/Module.symvers"
	# What the test modules share with the drivers; those in tree do without.
	cp -rT kernel/compat "$modules/kernel/compat"
	make -C selftests/modules KDIR="$out" OUT="$modules"
}

[ $# -eq 3 ] || die "usage: build.sh stock|intree|kcsan SERIES TARBALL"
form=$1 series=$2 tarball=$3
configs=("$here/kernel.config" "$here/checkers.config")
patches=() scope=()
name=module
case $form in
intree)	name=builtin
	configs+=("$here/intree.config")
	mapfile -t patches < <(find "$top/build/patches/$series" -name '*.patch' ! -name '0000-*' | sort)
	[ ${#patches[@]} -gt 0 ] || die "no patches in build/patches/$series: run make patches"
	;;
kcsan)	name=kcsan
	configs=("$here/kernel.config" "$here/kcsan.config")
	source=$stock
	mapfile -t scope < <(kcsan_scope)
	;;
esac
build_kernel
build_modules $name
