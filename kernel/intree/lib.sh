# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the scripts of this folder: which file goes where, and what is added to files that the
# kernel tree has.

INTREE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
INTREE_TOP=$(cd "$INTREE_DIR/../.." && pwd -P)

intree_die() { echo "${0##*/}: $*" >&2; exit 2; }

# A list file without its comments and blank lines.
intree_lines() { sed '/^#/d; /^[[:space:]]*$/d' "$1"; }

# The patches in order.
intree_series() {
	local file

	for file in "$INTREE_DIR"/series/[0-9]*; do
		file=${file##*/[0-9][0-9]-}
		[ "$file" = cover ] || echo "$file"
	done
}

# A pattern's folder: all before the part that has the first wildcard.
intree_folder() {
	local literal=${1%%[*?[]*}

	echo "${literal%"${literal##*/}"}"
}

# "PATCH HERE THERE" for each file of the tree that has a place in a kernel tree.
intree_files() {
	local lines file patch here there

	mapfile -t lines < <(intree_lines "$INTREE_DIR/files")
	while IFS= read -r file; do
		patch=
		for line in "${lines[@]}"; do
			read -r patch here there <<< "$line"
			# shellcheck disable=SC2053 # the right side is a pattern
			[[ $file == $here ]] && break
			patch=
		done
		[ -n "$patch" ] || intree_die "kernel/intree/files has no line for $file: say where it goes, or that it stays"
		[ "$patch" != - ] || continue
		[[ $there != */ ]] || there+=${file#"$(intree_folder "$here")"}
		echo "$patch $file $there"
	done < <(cd "$INTREE_TOP" && find kernel docs selftests -type f | LC_ALL=C sort)
}

# New lines for existing files: "PATCH<tab>FILE<tab>LINE<tab>NEW".
intree_edits() { intree_lines "$INTREE_DIR/edits"; }

# Changes to existing files that are more than lines, as "PATCH FILE".
intree_patches() {
	echo lock dma-buf.patch
	echo videobuf2 videobuf2.patch
}

# Files of the kernel tree that are changed.
intree_changed() {
	{
		intree_edits | cut -f2
		sed -n 's,^+++ b/,,p' "$INTREE_DIR"/*.patch
		echo MAINTAINERS
	} | LC_ALL=C sort -u
}

# intree_edit TREE FILE LINE NEW: puts NEW behind the first line that begins with LINE, or, as <LINE,
# before it.
intree_edit() {
	local file=$1/$2 line=${3#<} before=0

	[ "$line" = "$3" ] || before=1
	awk -v line="${line//\\/\\\\}" -v new="${4//\\/\\\\}" -v before=$before '
		!done && index($0, line) == 1 {
			print before ? new "\n" $0 : $0 "\n" new
			done = 1
			next
		}
		{ print }
		END { exit !done }' "$file" > "$file.new" ||
		intree_die "$2 has no line that begins with '$line': kernel/intree/edits does not fit this kernel"
	cat "$file.new" > "$file"
	rm "$file.new"
}

# The sed scripts that make sources those of a kernel series.
intree_scripts() {
	local script=$INTREE_TOP/kernel/compat/$1.sed

	echo "$INTREE_DIR/resolve.sed"
	[ ! -e "$script" ] || echo "$script"
}

# intree_apply TREE [-R]: the patch on standard input, exactly, but for line numbers.
intree_apply() {
	local tree=$1
	shift

	GIT_CEILING_DIRECTORIES=$(dirname "$tree") git -C "$tree" apply --whitespace=nowarn "$@" -
}

# intree_patch TREE FILE [-R]: applies a patch of this folder, edited by the sed scripts in $scripts.
intree_patch() {
	local tree=$1 file=$2
	shift 2

	# shellcheck disable=SC2154 # the caller's
	sed "${scripts[@]/#/-f}" "$INTREE_DIR/$file" | intree_apply "$tree" "$@" ||
		intree_die "kernel/intree/$file does not apply to $tree"
}
