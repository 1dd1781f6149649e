#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the header declares, the shared object exports with a version, and the manual page explains.
# shellcheck disable=SC2317 # functions are called by name

cd "$(dirname "$0")" || exit 2
. ../lib/tap.sh

tree=../..
library=$tree/tools/libdmabuf-sync
built=${TOOLS:-$tree/build/tools}/libdmabuf-sync
page=$tree/docs/man/libdmabuf-sync.3

[ -e "$built/libdmabuf-sync.so" ] || tap_skip_all "no $built/libdmabuf-sync.so: make -C tools"

declared() { cat "$library"/*.h | grep -oE '^[a-z0-9_]+ dmasync_[a-z_]+\(' | grep -oE 'dmasync_[a-z_]+' | sort; }

exported() { nm -D --defined-only "$built/libdmabuf-sync.so" | sed -n 's/.* T //p' | sort; }

all_are_exported() { diff <(declared | sed 's/$/@@DMABUF_SYNC_1/') <(exported); }

has_a_soname() { readelf -d "$built/libdmabuf-sync.so" | grep -F 'soname: [libdmabuf-sync.so.1]'; }

# The inline ones are in the page, too.
all_are_explained() {
	diff <(cat "$library"/*.h | grep -oE '^(static inline .*|[a-z0-9_]+ )dmasync_[a-z_]+\(' |
		grep -oE 'dmasync_[a-z_]+\(' | tr -d '(' | sort) \
		<(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/^\.Fn \([a-z_]*\).*/\1/p' "$page" | sort)
}

# Errors that the header names and the page does not, but for those of every system call.
all_errors_are_explained() {
	diff <(grep -ohE -- '-E[A-Z]+' "$library"/*.h | tr -d - | sort -u |
		grep -vE '^(EFAULT|EMFILE|ENFILE|ENOMEM|EACCES)$') \
		<(sed -n 's/^\.It Bq Er //p' "$page" | sort -u)
}

# In the lists of errors, where a reformatted comment would run lines together.
each_error_has_its_line() { ! grep -nP '^ \*.*\w.*-E[A-Z]+\t' "$library"/*.h; }

tap_plan 5
tap_test "the shared object exports what the header declares" all_are_exported
tap_test "it has a SONAME" has_a_soname
tap_test "the manual page has each function" all_are_explained
tap_test "the manual page has each error" all_errors_are_explained
tap_test "the header gives each error a line of its own" each_error_has_its_line
tap_end
