#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The manual page against --help and against what stands on the screen.

set -u
cd "$(dirname "$0")" || exit 2
. ../lib/tap.sh
. ./help.sh

tree=../..
page=$tree/docs/man/dmasync-top.8
top=${DMASYNC_TOP:-$tree/build/tools/dmasync-top}

[ -x "$top" ] || tap_skip_all "no $top: make -C tools"

same_options() {
	diff <(options_of_help "$top" | own_options) <(options_of_page "$page")
}

# Lines on standard input that do not begin an item of the page.
not_an_item() {
	local title missing=0

	while IFS= read -r title; do
		grep -qx "\.It $title" "$page" && continue
		echo "not in the manual page: $title"
		missing=1
	done
	return $missing
}

row_columns() { titles "$tree"/tools/lib/table_{buffer,group,window}.[ch] | grep -vx SIZE | not_an_item; }

losses() {
	grep -oE '^	\{ "lost_[a-z]+", "[a-z: ]+"' "$tree/tools/top/table_summary.c" |
		sed -E 's/.*"(lost: )?([a-z]+)"/\2/' | not_an_item
}

# "< > sort column, r reverse, ... and Home scroll ...": characters that begin a part, and names.
keys_of_help() {
	"$top" --help | sed -n '/^Keys: /,$p' | tr '\n' ' ' | sed 's/^Keys: //; s/, /\n/g' |
		grep -oE '^(. )+|Home|Tab|Space|Left|Right|Escape'
}

keys() {
	local key missing=0

	for key in $(keys_of_help); do
		grep -qE "^\.Ql $key( |$)" "$page" && continue
		echo "not in the manual page: key $key"
		missing=1
	done
	return $missing
}

pair_columns() { titles "$tree/tools/lib/table_pair.c" | not_an_item; }

tap_plan 5
tap_test "options" same_options
tap_test "columns of buffers and groups" row_columns
tap_test "columns of pairs" pair_columns
tap_test "what can be lost" losses
tap_test "keys" keys
tap_end
