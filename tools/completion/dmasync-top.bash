# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of dmasync-top for bash.

_dmasync_top_columns="ino name driver tgid buffers exporter size_bytes waiting acquired_per_s contended_percent
	handed_percent wait_avg_ns wait_max_ns oldest_wait_ns hold_cpu_avg_ns
	hold_dma_avg_ns cpu_percent dma_percent queued_percent overlap_percent
	overlap_ns overlap_possible_ns dma_for_cpu_ns cpu_for_dma_ns cpu_for_cpu_ns
	engine_queue_ns nothing_to_do_ns cpu_behind_cpu cpu_behind_dma dma_behind_cpu
	dma_behind_dma cpu_behind_cpu_ns cpu_behind_dma_ns dma_behind_cpu_ns
	dma_behind_dma_ns syncs sync_wait_ns gone held holder_comm holder_tgid holder_tid
	holder_owner
	holder_mode holder_agent holder_engine holder_age_ns acquired contended released
	failed deadlocks abandoned revoked backoffs total_acquired total_contended
	total_released total_failed total_wait_ns total_hold_ns"
_dmasync_top_options="-a --above= -B --buffer= -b --batch -c --comm= --check -d --delay= -g --group= -i --idle -n --count=
	-p --pid= -r --replay= -s --sort= -t --tid= -v --verbose
	-J --json --csv --csv= --forget= --ino= --max-accesses= --max-buffers= --probe= --ring-size=
	-? --help --usage -V --version"

# The values of option $1, of which $2 is there.
_dmasync_top_values() {
	local words sign=

	case $1 in
	-s | --sort)	words=$_dmasync_top_columns ;;
	--csv)		words="summary buffers groups pairs chains events" ;;
	-g | --group)	words="buffer exporter name process comm engine" ;;
	--probe)	words="tp_btf raw_tp" ;;
	-p | --pid | -t | --tid)	words=$(cd /proc && echo [0-9]*) ;;
	-r | --replay)
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		return
		;;
	*)		return ;;
	esac
	[[ $1 != -s && $1 != --sort || $2 != +* ]] || sign=+
	mapfile -t COMPREPLY < <(compgen -P "$sign" -W "$words" -- "${2#"$sign"}")
}

# "--name=value" is three words to bash: "--name", "=", "value".
_dmasync_top() {
	local word=$2 before=$3

	if [ "$word" = = ]; then
		_dmasync_top_values "$before" ""
	elif [ "$before" = = ]; then
		_dmasync_top_values "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
	elif [[ $before == -[gprst] ]]; then
		_dmasync_top_values "$before" "$word"
	else
		mapfile -t COMPREPLY < <(compgen -W "$_dmasync_top_options" -- "$word")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
	fi
}

complete -F _dmasync_top dmasync-top
