#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh [--quick] SERIES...      (by "make check-patches"; --quick by "make static")
#
# Generates the patches for each SERIES and checks them as a maintainer would. --quick: git am
# takes them one by one; checkpatch --strict and kernel-doc of that kernel have nothing to say;
# MAINTAINERS has each new file. Without it also: after each patch the kernel is built with the
# new options y and m, and the touched folders with W=1 and sparse; after the last one for
# 32 bits, without what can be left out, and the selftests.
#
# Unpacked sources and what was built of them are kept in the cache, 3 GB each: an interrupted
# check goes on there.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$INTREE_TOP"

failed=0

# Prints what a check says on its standard input; any line is a failure.
verdict() {
	local said

	said=$(cat)
	if [ -n "$said" ]; then
		printf '%s\npatches, %s: %s: failed\n' "$said" "$series" "$1" >&2
		failed=1
	else
		echo "patches, $series: $1: ok"
	fi
}

# Applies the patches in a repository of the touched files, as the one who gets them would.
check_am() {
	local tree=$1 file

	rm -rf "$tree"
	mkdir -p "$tree"
	mapfile -t changed < <(intree_changed)
	(cd "$part" && cp -a --parents "${changed[@]}" "$tree")
	git -C "$tree" init -q
	git -C "$tree" add -A
	git -C "$tree" -c user.name=base -c user.email=base@localhost commit -qm base
	for file in build/patches/"$series"/[0-9]*.patch; do
		[[ $file != */0000-* ]] || continue
		git -C "$tree" -c user.name=check -c user.email=check@localhost -c commit.gpgSign=false \
			am -q --whitespace=error-all "$PWD/$file" 2>&1 || { echo "$file"; return; }
		[ ! -e "$tree/drivers/dma-buf/dmabuf-sync" ] || check_includes "$tree" "$(basename "$file" .patch)"
	done
}

# Includes of files that come with a later patch, or not at all.
check_includes() {
	local tree=$1 file name

	(cd "$tree" && grep -rE '^#include "' drivers/dma-buf/dmabuf-sync --include='*.[ch]') |
		sed -E 's/^([^:]*):#include "(.*)"$/\1 \2/' | while read -r file name; do
		[ -e "$tree/${file%/*}/$name" ] || echo "$2: $file includes $name, which is not there"
	done
}

# New files without a maintainer of their own.
check_maintainers() {
	local tree=$1 file

	for file in $(git -C "$tree" diff --name-only --diff-filter=A "$(git -C "$tree" rev-list --max-parents=0 HEAD)"); do
		awk -v file="$file" '
			/^DMA-BUF ACCESS CONTROL/ { ours = 1 }
			/^$/ { ours = 0 }
			ours && /^F:/ && index(file, $2) == 1 { found = 1 }
			END { exit !found }' "$tree/MAINTAINERS" || echo "MAINTAINERS does not have $file"
	done
}

check_quick() {
	local series=$1 part tree

	part=$(kernel/intree/source-part "$series")
	tree=$INTREE_TOP/build/patches/$series.am
	kernel/intree/patches.sh "$series"
	check_am "$tree" | verdict "git am"
	check_maintainers "$tree" | verdict "MAINTAINERS"
	selftests/vm/in-root --bind "$part" kernel/intree/check-text.sh "$series" "${part##*/}" | verdict "checkpatch, kernel-doc"
	rm -rf "$tree"
}

# A tree as unpacked, whatever an earlier check has left in it.
tree_restore() {
	local tree=$1 file

	find "$tree" -name dmabuf-sync -prune -exec rm -r {} +
	while read -r file; do
		[ -e "$part/$file" ] || rm -f "${tree:?}/$file"
	done < <(cat "$tree.touched" 2> /dev/null)
	for file in $(intree_changed); do
		cmp -s "$part/$file" "$tree/$file" || cp "$part/$file" "$tree/$file"
	done
	sed -n 's,^+++ b/,,p' build/patches/"$series"/*.patch > "$tree.touched"
}

tree_unpack() {
	local tree=$1

	[ ! -e "$tree" ] || return 0
	echo "patches, $series: unpacking the source, once"
	rm -rf "$tree.tmp"
	mkdir -p "$tree.tmp"
	tar -x -f "$(selftests/vm/kernel-source "$series")" -C "$tree.tmp" --strip-components=1
	mv -T "$tree.tmp" "$tree"
}

# build FOLDER KIND VALUE: what the compilers say.
build() {
	mkdir -p "$dir/$1/out"
	selftests/vm/in-root --bind "$tree" --bind "$dir/$1/out" kernel/intree/check-build.sh "$2" "$3"
}

# The kernel as it is, which is what takes long: once, for both values of the options.
build_base() {
	local said

	[ ! -e "$dir/base.stamp" ] || return 0
	echo "patches, $series: building the kernel without the patches, once"
	said=$(build y link n)
	verdict "the kernel as it is" <<< "$said"
	[ -z "$said" ] || return 0
	rm -rf "$dir/m"
	cp -a "$dir/y" "$dir/m"
	touch "$dir/base.stamp"
}

build_patch() {
	build y link y
	build m link m
	build warn warn y
}

build_last() {
	build warn warn m
	build least least y
	build 32 32 m
	build m selftests m
}

check_full() {
	local series=$1 part dir tree file

	part=$(kernel/intree/source-part "$series")
	dir=$(dirname "$(dirname "$(dirname "$part")")")/intree/$series
	tree=$dir/tree
	mkdir -p "$dir"
	exec 8> "$dir/lock"
	flock -n 8 || intree_die "another check works in $dir"
	tree_unpack "$tree"
	tree_restore "$tree"
	build_base
	for file in build/patches/"$series"/*.patch; do
		[[ $file != */0000-* ]] || continue
		intree_apply "$tree" < "$file" || intree_die "$file does not apply to $tree"
		build_patch | verdict "$(basename "$file" .patch)"
	done
	build_last | verdict "32 bits, least options, selftests"
}

# A series that is only checked needs no author.
if ! git config user.name > /dev/null || ! git config user.email > /dev/null; then
	export GIT_AUTHOR_NAME=nobody GIT_AUTHOR_EMAIL=nobody@localhost
fi

quick=
[ "${1:-}" != --quick ] || { quick=1; shift; }
[ $# -gt 0 ] || intree_die "usage: check.sh [--quick] SERIES..."
# verdict, at the end of a pipe, sets "failed".
shopt -s lastpipe
for series; do
	check_quick "$series"
	[ -n "$quick" ] || check_full "$series"
done
exit $failed
