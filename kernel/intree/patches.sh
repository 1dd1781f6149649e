#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: patches.sh SERIES...      (by "make patches")
#
# Writes this tree as patches for the kernel source of each SERIES: build/patches/SERIES/*.patch,
# for git am. Author and sign-off are git's user.name and user.email, the date is that of the
# tree's last commit: the same tree makes the same patches.
#
# Each patch is the difference between two states of a kernel tree: with the files and edits of
# all patches before it, and with its own ones, too. What names files that come later
# (Makefiles, Kconfig, the list of parts, MAINTAINERS) is cut down to what is there.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# Copies a file to its place as it is in a kernel tree. Makefiles come later.
place() {
	local here=$INTREE_TOP/$1 there=$work/$2

	mkdir -p "${there%/*}"
	case $there in
	*.[ch] | *.rst | */selftests/*/Makefile | */Kbuild)
		sed "${scripts[@]/#/-f}" "$here" | sed -e :a -e '/^\n*$/ { $d; N; b a }' > "$there" ;;
	*)	cp "$here" "$there" ;;
	esac
	[ ! -x "$here" ] || chmod +x "$there"
}

# The list of parts in main.c without those that are not there yet.
stage_main() {
	local main=$1 part

	for part in $(sed -n 's/^\t{ dsync_\([a-z_]*\)_start,.*/\1/p' "$main"); do
		[ -e "${main%/*}/$part.h" ] ||
			sed -i "/^#include \"$part\.h\"/d; /^\t{ dsync_${part}_start,/d" "$main"
	done
}

# Sources of other Kconfig files that are not there yet.
stage_kconfig() {
	local named

	for named in $(sed -n 's/^source "\(.*dmabuf-sync.*\)"/\1/p' "$1"); do
		[ -e "$work/$named" ] || sed -i "\|^source \"$named\"|d" "$1"
	done
	sed -i -e :a -e '/^\n*$/ { $d; N; b a }' "$1"
}

# A Makefile of tests without those that stay here. Folders of scripts have a program to run.
stage_tests() {
	local makefile=$1 dir=${1%/*} line word words

	while IFS= read -r line; do
		if [[ $line =~ ^(TEST_[A-Z_]*PROGS[A-Z_]*\ :=)\ ([a-z0-9_. -]+)$ ]]; then
			words=
			for word in ${BASH_REMATCH[2]}; do
				[ -e "$dir/$word" ] || [ -e "$dir/$word.c" ] || continue
				words+=" $word"
			done
			[ -n "$words" ] || continue
			line=${BASH_REMATCH[1]}$words
		fi
		echo "$line"
	done < "$makefile" > "$makefile.new"
	grep -q '^TEST_GEN_PROGS :=' "$makefile.new" ||
		sed -i 's/^TEST_GEN_PROGS_EXTENDED/TEST_GEN_PROGS/' "$makefile.new"
	mv "$makefile.new" "$makefile"
}

# Our entry in MAINTAINERS, with those of its files that are there.
stage_maintainers() {
	local entry=$work.entry line

	while IFS= read -r line; do
		[[ $line != F:* ]] || [ -e "$work/${line##*$'\t'}" ] || continue
		echo "${line/@M@/$GIT_AUTHOR_NAME <$GIT_AUTHOR_EMAIL>}"
	done < <(sed 1d "$INTREE_DIR/MAINTAINERS") > "$entry"
	grep -q '^F:' "$entry" || { rm "$entry"; return; }
	sed -i "/^DMA-BUF HEAPS FRAMEWORK/ {
		e cat $entry
	}" "$work/MAINTAINERS"
	rm "$entry"
}

is_staged() { [[ " $staged " = *" $1 "* ]]; }

# The work tree with all that belongs to the patches in $staged.
compose() {
	local patch here there line new file kbuilds=()

	git -C "$work" rm -rq --ignore-unmatch .
	(cd "$base" && cp -a --parents "${changed[@]}" "$work")
	while read -r patch file; do
		! is_staged "$patch" || intree_patch "$work" "$file"
	done < <(intree_patches)
	while read -r patch here there; do
		is_staged "$patch" || continue
		place "$here" "$there"
		[[ $here != */Kbuild ]] || kbuilds+=("$there")
	done <<< "$files"
	for file in "${kbuilds[@]}"; do
		awk -f "$INTREE_DIR/kbuild.awk" -v dir="$work/${file%/*}" "$work/$file" "$work/$file" > "$work.kbuild"
		mv "$work.kbuild" "$work/$file"
	done
	while IFS=$'\t' read -r patch file line new; do
		! is_staged "$patch" || intree_edit "$work" "$file" "$line" "$new"
	done < <(intree_edits)
	find "$work" -path '*/dmabuf-sync/Kconfig' | while read -r file; do stage_kconfig "$file"; done
	find "$work" -path '*/dmabuf-sync/*/Makefile' -path '*/selftests/*' | while read -r file; do stage_tests "$file"; done
	find "$work" -path '*/dmabuf-sync/main.c' | while read -r file; do stage_main "$file"; done
	stage_maintainers
}

# Nothing that only the module form has may be left.
check_resolved() {
	local left

	left=$(git -C "$work" grep -nE 'KBUILD_EXTMOD|LINUX_VERSION_CODE|DMABUF_SYNC_IMPORT_NS|compat/(compat|drivers)\.h' -- '*dmabuf*sync*' '*dmabuf_copy*') || return 0
	intree_die "still there after resolving the shims (kernel/intree/resolve.sed, kbuild.awk):
$left"
}

# A message without our SPDX line.
message_text() { sed 1,2d "$1"; }

git_work() { git -C "$work" -c gc.auto=0 "$@"; }

git_start() {
	local name=$1

	rm -rf "$work"
	mkdir -p "$work"
	git -C "$work" init -q -b "$name"
	staged=
	(cd "$base" && cp -a --parents "${changed[@]}" "$work")
	git_work add -A
	git_work commit -q -m "base"
}

generate() {
	local series=$1 out=build/patches/$1 work=$INTREE_TOP/build/patches/$1.work
	local base staged='' patch message nr=0 scripts changed

	mapfile -t scripts < <(intree_scripts "$series")
	mapfile -t changed < <(intree_changed)
	base=$("$INTREE_DIR/source-part" "$series")
	git_start "linux-$series"
	for message in "$INTREE_DIR"/series/[0-9]*; do
		patch=${message##*/[0-9][0-9]-}
		[ "$patch" != cover ] || continue
		staged+=" $patch"
		compose
		git_work add -A
		nr=$((nr + 1))
		GIT_AUTHOR_DATE="$((date + nr)) +0000" GIT_COMMITTER_DATE="$((date + nr)) +0000" \
			git_work commit -q -s -F - < <(message_text "$message")
	done
	check_resolved
	write_patches "$series" "$out"
	rm -rf "$work"
	echo "patches: $nr for Linux $(version_of "$base") in $out"
}

version_of() { sed -n 's/^VERSION = //p; s/^PATCHLEVEL = /./p; s/^SUBLEVEL = /./p' "$1/Makefile" | tr -d '\n'; }

write_patches() {
	local series=$1 out=$2 branch=linux-$1

	git_work config "branch.$branch.description" \
		"$(message_text "$INTREE_DIR"/series/*-cover | sed "s/@VERSION@/$(version_of "$base")/")"
	rm -rf "${out:?}"
	mkdir -p "$out"
	GIT_COMMITTER_DATE="$date +0000" git_work format-patch -q -o "$INTREE_TOP/$out" --stat=80 \
		--cover-letter --cover-from-description=subject --zero-commit --no-signature \
		"$(git_work rev-list --max-parents=0 HEAD)..$branch"
}

# Everything that would make the patches depend on who runs this, but for the name.
identity() {
	local name email

	name=${GIT_AUTHOR_NAME:-$(git -C "$INTREE_TOP" config user.name)} &&
		email=${GIT_AUTHOR_EMAIL:-$(git -C "$INTREE_TOP" config user.email)} ||
		intree_die "patches have an author: git config user.name 'Your Name', git config user.email you@example.org"
	export GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null LC_ALL=C.UTF-8 TZ=UTC
	date=${SOURCE_DATE_EPOCH:-$(git -C "$INTREE_TOP" log -1 --format=%ct)} ||
		intree_die "patches have a date, and this is no git repository: set SOURCE_DATE_EPOCH to the seconds since 1970"
}

[ $# -gt 0 ] || intree_die "usage: patches.sh SERIES..."
command -v git > /dev/null || intree_die "git is not there: install it"
cd "$INTREE_TOP"
identity
files=$(intree_files)
for series; do
	generate "$series"
done
