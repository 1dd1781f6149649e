# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of dmasync-exporter for bash.

_dmasync_exporter_options="-l --listen= --label-by= --max-labels= --min-interval= --max-accesses=
	--max-buffers= -v --verbose -? --help --usage -V --version"

# The values of option $1, of which $2 is there.
_dmasync_exporter_values() {
	case $1 in
	-l | --listen)
		mapfile -t COMPREPLY < <(compgen -W "127.0.0.1:9788 0.0.0.0:9788 [::1]:9788 [::]:9788" -- "$2")
		;;
	--label-by) mapfile -t COMPREPLY < <(compgen -W "exporter name none" -- "$2") ;;
	esac
}

# "--name=value" is three words to bash: "--name", "=", "value".
_dmasync_exporter() {
	local word=$2 before=$3

	if [ "$word" = = ]; then
		_dmasync_exporter_values "$before" ""
	elif [ "$before" = = ]; then
		_dmasync_exporter_values "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
	elif [ "$before" = -l ]; then
		_dmasync_exporter_values -l "$word"
	else
		mapfile -t COMPREPLY < <(compgen -W "$_dmasync_exporter_options" -- "$word")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
	fi
}

complete -F _dmasync_exporter dmasync-exporter
