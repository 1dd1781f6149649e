#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The demo workload: right with all its options, wrong when it acquires nothing, twice as
# fast as the conventional way, and it leaves dma_sim as it was.

set -u

demo=${DMABUF_SYNC_TESTS:?is not set: run by run-tests.sh}/../demo/dmasync-demo
bandwidth=/sys/module/dma_sim/parameters/bandwidth
# Least speed-up, in hundredths; the best of some trials counts.
least=180
trials=3
nr=0
out=

[ -x "$demo" ] || { echo "1..0 # SKIP no $demo: build it first"; exit 4; }
[ -e "$bandwidth" ] || { echo "1..0 # SKIP dma_sim is not loaded"; exit 4; }

# result WHETHER NAME [WHY]: the exit status of the condition says whether.
result() {
	nr=$((nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $nr $2${3:+ # $3}"
	else
		# shellcheck disable=SC2001 # each line gets a mark
		sed 's/^/# /' <<< "$out"
		echo "not ok $nr $2${3:+ # $3}"
		failed=1
	fi
}

run() { out=$("$demo" "$@" 2>&1 < /dev/null); }

last_line_is_right() {
	local form='^demo: conventional [0-9.]+ frames/s, overlapped [0-9.]+ frames/s, speed-up [0-9]+\.[0-9][0-9], CPU/DMA overlap [0-9]+ %$'

	[[ $(tail -n 1 <<< "$out") =~ $form ]]
}

right() {
	local name=$1
	shift

	run --frames 12 --stage-ms 20 --frame-size 64K "$@" && last_line_is_right
	result $? "$name"
}

# The mistake is named: a frame, a byte.
wrong_without_accesses() {
	run --frames 12 --stage-ms 20 --frame-size 64K --unsynchronized
	[ $? -eq 1 ] && grep -qE 'frame [0-9]+, byte [0-9]+' <<< "$out"
	result $? "$1"
}

refused() {
	run "$@"
	[ $? -eq 2 ] && [ "$(wc -l <<< "$out")" -eq 1 ]
	result $? "refuses $*"
}

restored_when_killed() {
	local before pid

	before=$(< $bandwidth)
	"$demo" --frames 100000 --frame-size 64K > /dev/null 2>&1 < /dev/null &
	pid=$!
	until [ "$(< $bandwidth)" != "$before" ] || ! kill -0 $pid; do
		sleep 0.05
	done
	kill $pid
	wait $pid
	[ $? -eq 143 ] && [ "$(< $bandwidth)" = "$before" ]
	result $? "$1"
}

# Speed-up of the last run in hundredths.
speed_up() { sed -n 's/.*speed-up \([0-9]*\)\.\([0-9][0-9]\).*/\1\2/p' <<< "$out"; }

# Did the conventional way take the time that its stages have by themselves? When not, the
# machine had other things to do, and the speed-up tells nothing.
machine_was_free() {
	awk '/a frame:/ { sub(/.*: fill /, ""); nominal = $1 + $4 + $7 }
	     /^demo: conventional [0-9]/ { rate = $3 }
	     END { exit !(nominal * rate > 900) }' <<< "$out"
}

twice_as_fast() {
	local try best=0

	for ((try = 0; try < trials; try++)); do
		run --frames 60 || { result 1 "$1"; return; }
		machine_was_free || continue
		[ "$(speed_up)" -gt "$best" ] && best=$(speed_up)
		[ "$best" -ge $least ] && { result 0 "$1" "$(speed_up) %"; return; }
	done
	if [ "$best" -eq 0 ]; then
		result 0 "$1" "SKIP the host is too busy for it to be measured"
	else
		result 1 "$1" "$best %, $least % expected"
	fi
}

failed=0
before=$(< $bandwidth)
echo "1..17"
right "udmabuf to heap"
right "heap to udmabuf" --src heap --dst udmabuf
right "udmabuf to udmabuf" --dst udmabuf
right "heap to heap" --src heap
right "two processes" --processes
right "one slot" --slots 1
right "many slots" --slots 32
right "fewer frames than slots" --frames 2 --slots 8
right "stages of different length" --fill-ms 15 --read-ms 2 --dma-ms 5 --seed 7
wrong_without_accesses "without accesses wrong bytes are found"
refused --frames 0
refused --frame-size 5000
refused --src disk
refused --stage-ms 0
restored_when_killed "a killed demo puts the bandwidth back"
twice_as_fast "overlapped stages are nearly twice as fast"
[ "$(< $bandwidth)" = "$before" ]
result $? "the bandwidth is as before"
exit $failed
