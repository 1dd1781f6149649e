# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of dmasync-report for bash.

_dmasync_report_options="-J --json --csv= --diff= --folded -l --list -g --group= --perfetto= -n --rows= --until=
	-? --help --usage -V --version"

# The values of option $1, of which $2 is there.
_dmasync_report_values() {
	local words

	case $1 in
	--csv) words="recording buffers groups pairs stacks latencies waits chains events" ;;
	-g | --group) words="exporter name process comm engine" ;;
	--diff | --perfetto)
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		return
		;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}

# "--name=value" is three words to bash: "--name", "=", "value".
_dmasync_report() {
	local word=$2 before=$3

	if [ "$word" = = ]; then
		_dmasync_report_values "$before" ""
	elif [ "$before" = = ]; then
		_dmasync_report_values "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
	elif [ "$before" = -g ]; then
		_dmasync_report_values -g "$word"
	elif [[ $word = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$_dmasync_report_options" -- "$word")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -F _dmasync_report dmasync-report
