#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: deb.sh DIR [VERSION]      (in the guest root, by make deb)
#
# Lays out Debian's source package in DIR, with tools/debian as its debian/, and builds it and the
# packages there, unless DIR has newer ones than the tree. VERSION: another one than that of
# the changelog, to try an upgrade. The same tree gives the same bytes, wherever it lies.

set -eu
cd "$(dirname "$0")/.."

die() { echo "deb.sh: $*" >&2; exit 1; }

parts=(kernel bpf tools docs/man README.md COPYING)

changelog() { dpkg-parsechangelog -l tools/debian/changelog -S "$1"; }

is_new() {
	local changes

	changes=$(echo "$dir"/*.changes)
	[ -e "$changes" ] && [ -z "$(find "${parts[@]}" -newer "$changes" -print -quit)" ]
}

# One more entry, in the words of the last one.
set_version() {
	local log=$1/debian/changelog

	sed "/^ -- /q; 1s/(.*)/($version)/" "$log" > "$log.new"
	echo >> "$log.new"
	cat "$log" >> "$log.new"
	mv "$log.new" "$log"
}

# Modes and times are those that any checkout gives.
lay_out() {
	local source=$1

	rm -rf "$dir"
	mkdir -p "$source"
	cp -r --parents "${parts[@]}" "$source"
	mv "$source/tools/debian" "$source/debian"
	[ "$version" = "$(changelog Version)" ] || set_version "$source"
	chmod -R u=rwX,go=rX "$source"
	find "$source" -exec touch --no-dereference --date="@$(changelog Timestamp)" {} +
}

# The root has what build-essential stands for, but not that package itself.
build() {
	(cd "$1" && dpkg-buildpackage --no-sign --ignore-builtin-builddeps) > "$dir/build.log" 2>&1 ||
		{ cat "$dir/build.log" >&2; die "the packages cannot be built; the output above is also in $dir/build.log"; }
}

[ $# -ge 1 ] || die "usage: deb.sh DIR [VERSION]"
dir=$1 version=${2:-$(changelog Version)}
is_new && exit
echo "deb: building packages, version $version"
lay_out "$dir/dmabuf-sync-$version"
build "$dir/dmabuf-sync-$version"
