# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of dmasync-record for bash.

_dmasync_record_options="-d --duration= -f --flight= --memory= -o --output= --probe= --ring-size= --stacks -t --trigger= -v --verbose
	-? --help --usage -V --version"

# The values of option $1, of which $2 is there.
_dmasync_record_values() {
	case $1 in
	--probe) mapfile -t COMPREPLY < <(compgen -W "tp_btf raw_tp" -- "$2") ;;
	-t | --trigger) mapfile -t COMPREPLY < <(compgen -W "wait= deadlock revoked" -- "$2") ;;
	-o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	esac
}

# "--name=value" is three words to bash: "--name", "=", "value".
_dmasync_record() {
	local word=$2 before=$3

	if [ "$word" = = ]; then
		_dmasync_record_values "$before" ""
	elif [ "$before" = = ]; then
		_dmasync_record_values "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
	elif [ "$before" = -o ] || [ "$before" = -t ]; then
		_dmasync_record_values "$before" "$word"
	else
		mapfile -t COMPREPLY < <(compgen -W "$_dmasync_record_options" -- "$word")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
	fi
}

complete -F _dmasync_record dmasync-record
