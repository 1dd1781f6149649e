#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each shell completes the options that --help has, and the columns that there are. Of zsh
# only its function's words are looked at: it needs a terminal to do more.

set -u
cd "$(dirname "$0")" || exit 2
. ../lib/tap.sh
. ./help.sh

tree=../..
top=${DMASYNC_TOP:-$tree/build/tools/dmasync-top}
files=$tree/tools/completion

[ -x "$top" ] || tap_skip_all "no $top: make -C tools"
. "$files/dmasync-top.bash"

# What bash offers for these words, of which the last one is being typed.
bash_offers() {
	COMP_WORDS=(dmasync-top "$@") COMP_CWORD=$#
	_dmasync_top dmasync-top "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}" 2> /dev/null
	printf '%s\n' "${COMPREPLY[@]}"
}

fish_offers() { fish --no-config -c "source $files/dmasync-top.fish; complete -C 'dmasync-top $*'" | cut -f 1; }

# The function's description of the options.
zsh_says() {
	# shellcheck disable=SC2016 # for zsh
	zsh -f -c '_arguments() { print -rl -- "$@" "$columns[@]" }; . $1' zsh "$files/_dmasync-top"
}

zsh_options() { zsh_says | sed -E 's/^\([^)]*\)//; s/\\//' | grep -oE -- '^--?[a-zA-Z?][a-z-]*'; }

# Do the options on standard input say what --help says?
same_options() {
	local help

	help=$(options_of_help "$top") && sed "s/=$//" | sort -u | diff <(echo "$help") -
}

bash_options() { bash_offers - | same_options; }
fish_options() { { fish_offers -; fish_offers --; } | grep -oE -- '^--?[a-zA-Z?][a-z-]*' | same_options; }
zsh_all_options() { zsh_options | same_options; }

# Are the words on standard input the columns?
all_columns() {
	sort -u | diff <(csv_names "$tree"/tools/lib/table_{buffer,group,window}.[ch] | sort -u) -
}

bash_columns() {
	bash_offers --sort = "" | all_columns && bash_offers -s "" | all_columns &&
		[ "$(bash_offers -s +size)" = +size_bytes ]
}

fish_columns() { fish_offers "-s " | all_columns; }
zsh_columns() { zsh_says | grep -xE '[a-z_]+' | all_columns; }

# Values of the others.
values() {
	[ "$(bash_offers --probe = t)" = tp_btf ] && [ "$(bash_offers --csv = c)" = chains ] &&
		[ "$(bash_offers -g c)" = comm ] && [ "$(fish_offers --group=eng)" = --group=engine ] &&
		bash_offers -p "$$" | grep -qx "$$" && [ "$(bash_offers -r complet)" = completion.sh ] &&
		[ "$(fish_offers --probe=raw)" = --probe=raw_tp ] && [ "$(fish_offers --csv=ch)" = --csv=chains ]
}

tap_plan 7
tap_test "bash: options" bash_options
tap_test "fish: options" fish_options
tap_test "zsh: options" zsh_all_options
tap_test "bash: columns to sort by" bash_columns
tap_test "fish: columns to sort by" fish_columns
tap_test "zsh: columns to sort by" zsh_columns
tap_test "bash, fish: other values" values
tap_end
