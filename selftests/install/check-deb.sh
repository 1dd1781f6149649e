#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check-deb.sh SERIES...     (by "make check-deb")
#
# Builds the packages, looks at them with lintian, builds them again to compare, lets dkms
# build their modules for each kernel, and runs packages.sh with them in the machine. The end is one
# line, "N passed, N failed".

set -u
cd "$(dirname "$0")/../.." || exit 2

passed=0 failed=0
dir=build/deb
# Longest that the packages' test may take in the machine, in seconds.
limit=900
in_root() { selftests/vm/in-root "$@"; }

# check WHAT COMMAND...: counts, as the machine's tests are counted.
check() {
	local what=$1 out
	shift

	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
		echo "ok - $what"
	else
		failed=$((failed + 1))
		echo "$out"
		echo "not ok - $what"
	fi
}

# Another place, another mask of modes, another time zone.
build_again() {
	rm -rf build/again
	in_root env TZ=Asia/Kathmandu bash -c 'umask 077 && tools/deb.sh build/again/deb'
}

count() { grep -c "^$1 " <<< "$2"; }

# The test in a machine, whose status says, too, whether the kernel had something to report.
machine_test() {
	local out status

	out=$(selftests/vm/run -k "$1" --cpus 2 --timeout $limit -- env "DEBS=$dir" selftests/install/packages.sh 2>&1)
	status=$?
	echo "$out"
	passed=$((passed + $(count ok "$out"))) failed=$((failed + $(count "not ok" "$out")))
	[ $status -le 1 ] && grep -q '^1\.\.[1-9]' <<< "$out" && return
	failed=$((failed + 1))
	echo "not ok - $1: the machine ended with status $status"
}

# buildinfo and changes name what was installed when and where they were made.
same_bytes() {
	local file

	build_again || return
	for file in "$dir"/*.{deb,dsc,tar.xz}; do
		cmp "$file" "build/again/deb/${file##*/}" || return
	done
}

lintian_is_content() {
	in_root bash -c 'lintian --fail-on=error,warning,info --display-info --tag-display-limit=0 "$1"/*.changes' \
		lintian "$dir"
}

# A version that comes after the one of the changelog.
build_newer() { in_root tools/deb.sh "$dir-newer" "$(sed -n '1s/.*(\(.*\)).*/\1/p' tools/debian/changelog)+1"; }

# Both versions, as an upgrade needs them.
dkms_builds() {
	in_root selftests/install/dkms-build.sh "$dir" "$1" && in_root selftests/install/dkms-build.sh "$dir-newer" "$1"
}

[ $# -gt 0 ] || { echo "usage: check-deb.sh SERIES..." >&2; exit 2; }
check "the packages can be built" in_root tools/deb.sh "$dir"
check "lintian finds nothing" lintian_is_content
check "a second build gives the same bytes" same_bytes
check "a newer version can be built" build_newer
for series; do
	check "dkms builds the modules for $series" dkms_builds "$series"
	echo "# packages.sh, on $series"
	machine_test "$series"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
