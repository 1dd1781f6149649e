#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The options of dmasync-record and dmasync-report are those of their manual pages and their
# completion; the page of the latter has its tables and their columns.
# shellcheck disable=SC2317 # functions are called by name

set -u
cd "$(dirname "$0")" || exit 2
. ../lib/tap.sh
. ./help.sh

tree=../..
files=$tree/tools/completion
record=${DMASYNC_RECORD:-$tree/build/tools/dmasync-record}
report=${DMASYNC_REPORT:-$tree/build/tools/dmasync-report}

[ -x "$record" ] && [ -x "$report" ] || tap_skip_all "no $record or no $report: make -C tools"
. "$files/dmasync-record.bash"
. "$files/dmasync-report.bash"

page() { echo "$tree/docs/man/$1.8"; }

page_has_the_options() {
	diff <(options_of_help "$tree/build/tools/$1" | own_options) <(options_of_page "$(page "$1")")
}

# What bash offers for these words, of which the last one is being typed.
bash_offers() {
	local tool=$1

	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"_${tool/-/_}" "$tool" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}" 2> /dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}

# Do the options on standard input say what --help of $1 says?
same_options() {
	local help

	help=$(options_of_help "$tree/build/tools/$1") &&
		grep -oE -- '^--?[a-zA-Z?][a-z-]*' | sort -u | diff <(echo "$help") -
}

fish_offers() { fish --no-config -c "source $files/$1.fish; complete -C '$1 $2'" | cut -f 1; }

# shellcheck disable=SC2016 # for zsh
zsh_says() { zsh -f -c '_arguments() { shift; print -rl -- "$@" }; . $1' zsh "$files/_$1"; }

bash_options() { bash_offers "$1" - | same_options "$1"; }
fish_options() { { fish_offers "$1" -; fish_offers "$1" --; } | same_options "$1"; }
zsh_options() { zsh_says "$1" | sed -E 's/^(\([^)]*\)|\*)//; s/\\//' | same_options "$1"; }

# Names of the tables, as --help has them.
tables() {
	"$report" --help | tr -s '\n ' ' ' | grep -oE 'TABLE as CSV: [a-z, ]*or [a-z]+' |
		sed 's/.*: //; s/ or /, /; s/, /\n/g' | sort
}

values() {
	tables | diff - <(bash_offers dmasync-report --csv = "" | sort) &&
		tables | diff - <(fish_offers dmasync-report "--csv=" | sed 's/--csv=//' | sort) &&
		[ "$(bash_offers dmasync-report -g e)" = $'exporter\nengine' ] &&
		[ "$(bash_offers dmasync-record -t d)" = deadlock ] &&
		[ "$(bash_offers dmasync-record --probe = t)" = tp_btf ]
}

page_has_the_tables() {
	tables | diff - <(sed -n '/^\.Ss Tables/,/^\.Ss Columns/s/^\.It //p' "$(page dmasync-report)" |
		sed 's/ , /\n/g' | sort)
}

page_has_the_columns() {
	titles "$tree"/tools/report/table_{wait,stack}.c | sort -u |
		diff - <(sed -n '/^\.Ss Columns/,/^\.Sh/s/^\.It //p' "$(page dmasync-report)" | sort)
}

page_has_the_losses() {
	grep -oE '"lost_[a-z]+"' "$tree/tools/report/table_recording.c" | sed -E 's/.*_([a-z]+)"/\1/' |
		while read -r loss; do grep -qx "\.It $loss" "$(page dmasync-record)" || echo "$loss"; done |
		diff /dev/null -
}

tap_plan 12
for tool in dmasync-record dmasync-report; do
	tap_test "$tool: manual page: options" page_has_the_options $tool
	tap_test "$tool: bash: options" bash_options $tool
	tap_test "$tool: fish: options" fish_options $tool
	tap_test "$tool: zsh: options" zsh_options $tool
done
tap_test "bash, fish: values" values
tap_test "manual page: tables" page_has_the_tables
tap_test "manual page: columns" page_has_the_columns
tap_test "manual page: what can be lost" page_has_the_losses
tap_end
