# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of lsdmasync for bash.

_lsdmasync_options="-J --json -n --noheadings -p --pid= --ino= -w --waiting
	-? --help --usage -V --version"

# The values of option $1, of which $2 is there.
_lsdmasync_values() {
	[[ $1 = -p || $1 = --pid ]] || return
	mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$2")
}

# "--name=value" is three words to bash: "--name", "=", "value".
_lsdmasync() {
	local word=$2 before=$3

	if [ "$word" = = ]; then
		_lsdmasync_values "$before" ""
	elif [ "$before" = = ]; then
		_lsdmasync_values "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
	elif [ "$before" = -p ]; then
		_lsdmasync_values -p "$word"
	else
		mapfile -t COMPREPLY < <(compgen -W "$_lsdmasync_options" -- "$word")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
	fi
}

complete -F _lsdmasync lsdmasync
