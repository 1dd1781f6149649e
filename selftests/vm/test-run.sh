#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: test-run.sh [KERNEL]
#
# Does run keep its word? Streams, exit statuses, death, time limit, two at
# once, leftovers. TAP output, exit status 1 when a test failed. Boots a dozen
# machines: about two minutes on an idle host without KVM.

set -u
dir=$(cd "$(dirname "$0")" && pwd -P)
tmp=$(mktemp -d)
# Where run keeps its own files, so that leftovers can be seen.
mkdir "$tmp/run"
trap 'rm -rf "$tmp"' EXIT
export KERNEL=${1:-$("$dir/kver" --list | head -n 1)}

number=0
failed=0

machine() { TMPDIR=$tmp/run "$dir/run" --no-tty "$@" 2> "$tmp/err"; }

# verdict NAME TEST...: TEST is a condition for [.
verdict() {
	local name=$1
	shift

	number=$((number + 1))
	if [ "$@" ]; then
		echo "ok $number $name"
		return
	fi
	echo "not ok $number $name: [ $* ]"
	sed 's/^/# /' "$tmp/err"
	failed=$((failed + 1))
}

test_streams() {
	local sum

	verdict "input reaches the command, with its end" \
		"$(echo foo | machine -- cat)" = foo
	verdict "output and error are apart" \
		"$(machine -- sh -c 'echo out; echo err >&2' < /dev/null) $(cat "$tmp/err")" = "out err"
	verdict "words arrive as they are" \
		"$(machine -- printf '%s|' 'a b' '' '*' 'A=b' "\$x" < /dev/null)" = "a b||*|A=b|\$x|"
	head -c 3000000 /dev/urandom > "$tmp/random"
	sum=$(sha256sum < "$tmp/random")
	verdict "bytes pass both ways unchanged" \
		"$(machine -- cat < "$tmp/random" | sha256sum)" = "$sum"
	verdict "a process left behind does not keep the machine" \
		"$(machine -- sh -c 'sleep 500 & echo done' < /dev/null)" = "done"
	verdict "the kernel is the one asked for" \
		"$(machine -- uname -r < /dev/null)" = "$("$dir/kver" "$KERNEL")"
}

test_status() {
	machine -- sh -c 'exit 42' < /dev/null
	verdict "exit status passes" $? -eq 42
	machine -- sh -c 'echo "<4>WARNING: made by test-run.sh" > /dev/kmsg' < /dev/null
	verdict "a report in the kernel log fails the run" $? -eq 3
	machine --no-check-log -- sh -c 'echo "<4>WARNING: made by test-run.sh" > /dev/kmsg' < /dev/null
	verdict "unless that is accepted" $? -eq 0
	machine -- sh -c 'echo c > /proc/sysrq-trigger' < /dev/null
	verdict "a panic is noticed" $? -eq 125
	verdict "and shown" "$(grep -c 'Kernel panic' "$tmp/err")" -ge 1
	machine --timeout 40 -- sleep 500 < /dev/null
	verdict "a hang is ended" $? -eq 124
	verdict "with the place where it hangs" "$(grep -c 'vm: process .*(sleep)' "$tmp/err")" -eq 1
	machine --qemu "-device nonsense" -- true < /dev/null
	verdict "QEMU that does not start is told apart" $? -eq 126
	machine -k 1.0 -- true < /dev/null
	verdict "an unknown kernel is refused" $? -eq 2
	machine -- yes < /dev/null | head -n 1 > /dev/null
	verdict "a reader that goes away ends the machine" "${PIPESTATUS[0]}" -eq 141
}

test_two() {
	machine -- sh -c 'sleep 2; echo one' < /dev/null > "$tmp/one" &
	machine -- sh -c 'sleep 2; echo two' < /dev/null > "$tmp/two"
	wait $!
	verdict "two machines at once" "$(cat "$tmp/one" "$tmp/two")" = $'one\ntwo'
}

test_signal() {
	TMPDIR=$tmp/run "$dir/run" -- sh -c 'echo up; sleep 500' < /dev/null > "$tmp/up" 2> "$tmp/err" &
	until [ -s "$tmp/up" ]; do
		kill -0 $! 2>/dev/null || break
		sleep 0.1
	done
	kill -TERM $!
	wait $!
	verdict "a signal ends the machine" $? -eq 143
}

echo "TAP version 13"
test_streams
test_status
test_two
test_signal
verdict "nothing is left behind" "$(ls "$tmp/run")" = ""
echo "1..$number"
[ "$failed" -eq 0 ]
