#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: run-demo.sh [OPTION...]     (in the machine: "make demo")
#
# Loads the modules, runs dmasync-demo with the OPTIONs and dmasync-top beside it: on a
# terminal its live view, else three snapshots of the overlapped part. Ends with what
# dmasync-demo has to say, and with its exit status. Unloads what it loaded.
# shellcheck disable=SC2317 # some functions are called by a trap

set -u
cd "$(dirname "$0")/../.." || exit 2

series=$(uname -r | cut -d. -f1,2)
modules=(dmabuf_sync dma_sim dmabuf_copy)
demo=build/demo/dmasync-demo
top=build/tools/dmasync-top
loaded=()
pid=

die() { echo "run-demo: $*" >&2; exit 2; }

module_load() {
	local file

	[ -d "/sys/module/$1" ] && return
	file=$(find "build/$series/kernel" -name "$1.ko" -print -quit)
	[ -n "$file" ] || die "no $1.ko in build/$series: build the modules first (make demo does)"
	insmod "$file" || die "cannot load $file"
	loaded=("$1" "${loaded[@]}")
}

# A buffer's last user lets go of it a little after the last close.
module_unload() {
	local tries=50

	until rmmod "$1" 2>/dev/null; do
		((tries-- > 0)) || { rmmod "$1"; return; }
		sleep 0.1
	done
}

clean_up() {
	local module

	[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null
	for module in "${loaded[@]}"; do
		module_unload "$module"
	done
	rm -f "$said" "$said.top"
}

is_running() { kill -0 "$pid" 2>/dev/null; }

# Until dmasync-demo has said a line that begins so, or has ended.
wait_for_line() {
	until grep -q "^$1" "$said" || ! is_running; do
		sleep 0.1
	done
}

# Ends dmasync-top, whose number is in a file, when dmasync-demo has ended.
end_with_demo() {
	while is_running; do
		sleep 0.2
	done
	kill "$(cat "$said.top")"
}

# dmasync-top in the foreground until dmasync-demo or the user ends it.
watch_live() {
	local watcher

	end_with_demo 2>/dev/null &
	watcher=$!
	(echo "$BASHPID" > "$said.top" && exec "$top")
	kill "$watcher" 2>/dev/null
	is_running && echo "run-demo: waiting for dmasync-demo to end"
}

[ "$(id -u)" -eq 0 ] || die "must be root: run it in the machine, with make demo"
for file in "$demo" "$top"; do
	[ -x "$file" ] || die "no $file: build it first (make demo does)"
done
case " $* " in
*" -h "* | *" --help "*) exec "$demo" --help ;;
esac

said=$(mktemp) || exit 2
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for module in "${modules[@]}"; do
	module_load "$module"
done

if [ -t 0 ] && [ -t 1 ]; then
	"$demo" --frames 250 "$@" > "$said" 2>&1 < /dev/null &
	pid=$!
	watch_live
else
	"$demo" --frames 150 "$@" > "$said" 2>&1 < /dev/null &
	pid=$!
	wait_for_line "demo: conventional:"
	"$top" -b -n 3 -d 1 < /dev/null || echo "run-demo: dmasync-top ended with status $?" >&2
fi

wait "$pid"
status=$?
pid=
cat "$said"
exit $status
