#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check-text.sh SERIES PART     (in the guest root, by check.sh)
#
# checkpatch --strict for each patch and kernel-doc for each file of the kernel, those of the kernel
# of SERIES, from its part at /run/bind/PART. Prints what they find, and nothing else.

set -u
series=$1
part=/run/bind/$2
tree=build/patches/$series.am

# Left out: that MAINTAINERS might need an update with new files (check.sh looks); in iterators
# that arguments are used more than once; in the list of what tests need that it exports others'
# symbols; in trace headers their own shape. In user space: what is about things that only a
# kernel has.
kernel_types=FILE_PATH_CHANGES,MACRO_ARG_REUSE
passed_over='(tests/exports\.c:[0-9]+: [A-Z]+:EXPORT_SYMBOL|_trace\.h:[0-9]+: [A-Z]+:(OPEN_ENDED_LINE|PARENTHESIS_ALIGNMENT)):|git: not found'
user_types=CAMELCASE,ARRAY_SIZE,VOLATILE,NEW_TYPEDEFS,USE_NEGATIVE_ERRNO,PREFER_KERNEL_TYPES,BIT_MACRO,COMPLEX_MACRO,MULTISTATEMENT_MACRO_USE_DO_WHILE,LONG_LINE_STRING,SPLIT_STRING,PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME,MACRO_ARG_PRECEDENCE,QUOTED_WHITESPACE_BEFORE_NEWLINE,LINE_SPACING,SPACING

for patch in "$PWD/build/patches/$series"/[0-9]*.patch; do
	types=$kernel_types
	case $patch in
	*/0000-*) continue ;;
	*-selftests-* | *-guides-*) types+=,$user_types ;;
	esac
	(cd /tmp && perl "$part/scripts/checkpatch.pl" --no-tree --root="$part" --strict --terse --showfile \
		--no-summary --show-types --ignore "$types" "$patch" 2>&1) | grep -vE "$passed_over"
done

# A script of perl or of python, as the kernel has it.
find "$tree" '(' -path '*dmabuf*' -o -name 'videobuf2-sync.*' ')' ! -path '*/tools/*' -name '*.[ch]' -exec "$part/scripts/kernel-doc" -none -Wall {} + 2>&1
