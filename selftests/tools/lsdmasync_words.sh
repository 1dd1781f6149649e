#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The options of lsdmasync are those of its manual page and its completion, and the page has its
# columns.
# shellcheck disable=SC2317 # functions are called by name

set -u
cd "$(dirname "$0")" || exit 2
. ../lib/tap.sh
. ./help.sh

tree=../..
page=$tree/docs/man/lsdmasync.8
ls=${LSDMASYNC:-$tree/build/tools/lsdmasync}
files=$tree/tools/completion

[ -x "$ls" ] || tap_skip_all "no $ls: make -C tools"
. "$files/lsdmasync.bash"

page_has_the_options() { diff <(options_of_help "$ls" | own_options) <(options_of_page "$page"); }

page_has_the_columns() {
	diff <(titles "$tree/tools/ls/ls_table.c") <(sed -n '/^\.Ss Columns/,/^\.Sh/s/^\.It //p' "$page" | sed 's/, /\n/g')
}

# What bash offers for these words, of which the last one is being typed.
bash_offers() {
	COMP_WORDS=(lsdmasync "$@") COMP_CWORD=$#
	_lsdmasync lsdmasync "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}" 2> /dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}

# Do the options on standard input say what --help says?
same_options() {
	local help

	help=$(options_of_help "$ls") && sed "s/=$//" | sort -u | diff <(echo "$help") -
}

fish_offers() { fish --no-config -c "source $files/lsdmasync.fish; complete -C 'lsdmasync $1'" | cut -f 1; }

# shellcheck disable=SC2016 # for zsh
zsh_says() { zsh -f -c '_arguments() { shift; print -rl -- "$@" }; . $1' zsh "$files/_lsdmasync"; }

bash_options() { bash_offers - | same_options; }
fish_options() { { fish_offers -; fish_offers --; } | same_options; }
zsh_options() { zsh_says | sed -E 's/^\([^)]*\)//; s/\\//' | grep -oE -- '^--?[a-zA-Z?][a-z-]*' | same_options; }

bash_processes() { bash_offers -p "$$" | grep -qx "$$" && bash_offers --pid = "$$" | grep -qx "$$"; }

tap_plan 6
tap_test "manual page: options" page_has_the_options
tap_test "manual page: columns" page_has_the_columns
tap_test "bash: options" bash_options
tap_test "fish: options" fish_options
tap_test "zsh: options" zsh_options
tap_test "bash: processes" bash_processes
tap_end
