#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: graft.sh [-u] TREE
#
# Grafts kernel/ into the kernel source TREE, for work in tree: links to the files here, at the places
# where the patches put them, and the lines and operations that other files need. Again after
# files have come or gone. -u takes all of it out.

set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# "HERE THERE" of what is linked: the guides and the tests are those of this tree. Without what
# videobuf2 does with it.
links() { intree_files | awk '$1 !~ /^(guides|selftests|videobuf2)$/ { print $2, $3 }'; }

patched() { grep -q dma_buf_set_lock_operation "$tree/drivers/dma-buf/dma-buf.c"; }

# Those of files that are gone, or all with -u; folders that get empty go, too.
unlink_old() {
	local kind=(-xtype l)

	[ -z "$undo" ] || kind=(-type l)
	find "$tree/drivers/dma-buf" "$tree/include" "${kind[@]}" -lname "$INTREE_TOP/*" -delete
	find "$tree/drivers/dma-buf" -depth -type d -path '*/dmabuf-sync*' -empty -delete
}

graft() {
	local here there patch file line new

	unlink_old
	while read -r here there; do
		[ ! -e "$tree/$there" ] || [ -L "$tree/$there" ] ||
			intree_die "$tree/$there is there and no link: does the tree have the patches? Take one without"
		mkdir -p "$tree/${there%/*}"
		ln -sfn "$INTREE_TOP/$here" "$tree/$there"
	done < <(links)
	patched || intree_patch "$tree" dma-buf.patch
	while IFS=$'\t' read -r patch file line new; do
		[ "$patch" = engine ] || continue
		grep -qxF "$new" "$tree/$file" || intree_edit "$tree" "$file" "$line" "$new"
	done < <(intree_edits)
}

ungraft() {
	local patch file line new

	! patched || intree_patch "$tree" dma-buf.patch -R
	while IFS=$'\t' read -r patch file line new; do
		[ "$patch" = engine ] || continue
		{ grep -vxF "$new" "$tree/$file" || :; } > "$tree/$file.new"
		cat "$tree/$file.new" > "$tree/$file"
		rm "$tree/$file.new"
	done < <(intree_edits)
	unlink_old
}

undo=
[ "${1:-}" != -u ] || { undo=1; shift; }
[ $# -eq 1 ] || intree_die "usage: graft.sh [-u] TREE"
[ -e "$1/drivers/dma-buf/dma-buf.c" ] || intree_die "'$1' is no kernel source: it has no drivers/dma-buf/dma-buf.c"
tree=$(cd "$1" && pwd -P)
mapfile -t scripts < <(intree_scripts "$(sed -n 's/^VERSION = //p; s/^PATCHLEVEL = /./p' "$tree/Makefile" | tr -d '\n')")
if [ -n "$undo" ]; then
	ungraft
else
	graft
	echo "grafted: options DMABUF_SYNC, DMABUF_SYNC_DEBUG, DMABUF_COPY, DMA_SIM, DMA_EDU, DMABUF_SYNC_KUNIT_TEST"
fi
