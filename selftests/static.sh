#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: static.sh SERIES...
#
# Static checks of the tree, in the guest root: sparse on each kernel, checkpatch --strict and
# kernel-doc from the kernel source package, shellcheck, SPDX lines, the packages' versions, quotes
# of code. Each prints what it found; the exit status is 1 if any found something.

set -u
# verdict, at the end of a pipe, sets "failed".
shopt -s lastpipe
cd "$(dirname "$0")/.." || exit 2
[ -e /etc/dmabuf-sync-root ] || exec selftests/vm/in-root selftests/static.sh "$@"

source=$(echo /usr/src/linux-*-partial)
failed=0

sources() { find kernel selftests bpf tools -type f \( "$@" \) | sort; }

# All files that belong to the tree.
files() { find . \( -path ./.git -o -path ./build \) -prune -o -type f -print | sort; }

# Prints what a check says on its standard input; any line is a failure.
verdict() {
	local said

	said=$(cat)
	if [ -n "$said" ]; then
		printf '%s\nstatic: %s: failed\n' "$said" "$1" >&2
		failed=1
	else
		echo "static: $1: ok"
	fi
}

# Sparse up to 0.6.4 cannot evaluate the assertion in MODULE_INFO() of kernels from 6.18 on:
# that message is passed over at lines that expand to one, and nowhere else.
sparse_messages() {
	local dir=$1 line file number

	grep -E '(error|warning): ' | sort -u | while IFS= read -r line; do
		file=${line%%:*}
		[ -e "$file" ] || file=$dir/kernel/$file
		number=${line#*:}
		if [[ $line = *"error: bad constant expression"* ]] &&
		   sed -n "${number%%:*}p" "$file" | grep -qE '^(MODULE_|module_param|DMABUF_SYNC_IMPORT)'; then
			continue
		fi
		echo "$line"
	done
}

# In a folder of its own and from nothing: what is built already is not checked.
check_sparse() {
	local series=$1 dir=$PWD/build/sparse-$1 kdir

	kdir=/lib/modules/$(selftests/vm/kver "$series")/build
	rm -rf "$dir"
	{ make -C kernel sparse W=1 KDIR="$kdir" OUT="$dir" 2>&1 ||
		echo "error: the build with sparse failed"; } |
		sparse_messages "$dir" | verdict "sparse, $series"
}

# checkpatch for the files on standard input, some types of messages left out. It keeps notes in
# the folder it runs in.
checkpatch() {
	local types=$1 tree=$PWD

	sed "s|^|$tree/|" | (cd /tmp && xargs -r perl "$source/scripts/checkpatch.pl" --no-tree --root="$source" \
		--strict --terse --no-summary --show-types --ignore "$types" --file 2>&1) |
		grep -vE 'git: not found|^find: .*include.: No such' | sed "s|^$tree/||"
}

# Left out: in iterators, that arguments are used more than once; in trace headers their own shape;
# in compat that it knows versions; in the list of what tests need that it exports others' symbols; in user space what is about things that only a kernel
# has, and messages for people, which stay on one line.
check_patch() {
	local iterators=MACRO_ARG_REUSE

	{
		sources -path 'kernel/*.[ch]' -o -path 'selftests/modules/*.[ch]' -o -path 'selftests/bench/module/*.[ch]' |
			grep -vE '_trace\.h$|/compat/|tests/exports\.c$' | checkpatch $iterators
		sources -path 'kernel/tests/exports.c' | checkpatch EXPORT_SYMBOL
		sources -name '*_trace.h' | checkpatch OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
		sources -path '*/compat/*.h' | checkpatch LINUX_VERSION_CODE,CONSTANT_COMPARISON
		sources -name '*.[ch]' | grep -vE '^kernel/|^selftests/modules/|^selftests/bench/module/' |
			checkpatch $iterators,CAMELCASE,ARRAY_SIZE,VOLATILE,NEW_TYPEDEFS,USE_NEGATIVE_ERRNO,PREFER_KERNEL_TYPES,BIT_MACRO,COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,LONG_LINE_STRING,SPLIT_STRING,PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME,MACRO_ARG_PRECEDENCE,QUOTED_WHITESPACE_BEFORE_NEWLINE,LINE_SPACING,SPACING
	} | verdict "checkpatch"
}

check_kernel_doc() {
	sources -path 'kernel/*.[ch]' | xargs perl "$source/scripts/kernel-doc" -none -Wall 2>&1 |
		verdict "kernel-doc"
}

check_shell() {
	files | xargs -d '\n' grep -lE '^#!/bin/(ba)?sh' |
		xargs shellcheck -S warning -x -P SCRIPTDIR 2>&1 | verdict "shellcheck"
}

check_spdx() {
	files | grep -vE '^\./(COPYING|tools/libdmabuf-sync/COPYING|README\.md|\.gitignore|kernel/intree/(MAINTAINERS|series/.*)|tools/debian/(changelog|source/format))$' |
		xargs -d '\n' grep -L SPDX-License-Identifier | verdict "SPDX lines"
}

# Lines of code in README.md that are not in the file that a comment names before them.
misquoted() {
	awk '
	function strip(line) { gsub(/^[ \t]+|[ \t]+$/, "", line); return line }
	/^<!-- .* -->$/ { file = $2; delete there; while ((getline line < file) > 0) there[strip(line)] }
	/^[^ <]/ { file = "" }
	/^    / && file && !(strip($0) in there) { print "README.md:" NR ": not in " file ": " strip($0) }
	' README.md
}

# What the packages say about themselves must be what the code says.
check_packages() {
	{
		diff <(sed -n 's/^VERSION ?= //p' tools/Makefile tools/libdmabuf-sync/Makefile | uniq) \
			<(sed -n '1s/.*(\(.*\)).*/\1/p' tools/debian/changelog)
		diff <(make -s -C kernel --eval 'least: ; @echo $(least)' least) \
			<(sed -n 's/^BUILD_EXCLUSIVE_KERNEL_MIN="\(.*\)"/\1/p' tools/debian/dmabuf-sync-dkms.dkms)
	} 2>&1 | verdict "packages"
}

for series; do
	check_sparse "$series"
done
check_patch
check_kernel_doc
check_shell
check_spdx
check_packages
misquoted | verdict "quotes"
exit $failed
