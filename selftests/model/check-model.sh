#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check-model.sh [--all] [NAME...]
#
# Has spin prove the protocol of dsync.pml, and find the fault in each broken variant. The table
# below has a configuration on each line; without --all only the quick ones run, in less than a
# minute on an idle machine. Names pick some. TAP output; exit status 1 if a proof fails or does not
# come to its end, or if a broken variant is not caught.
#
# Runs in the guest root, which has the compiler; spin comes from the host (vm/packages).

set -u
cd "$(dirname "$0")/../.." || exit 2
out=build/model
mkdir -p $out || exit 2
if [ ! -e /etc/dmabuf-sync-root ]; then
	command -v spin > /dev/null || selftests/vm/setup || exit 2
	cp "$(command -v spin)" $out/spin || exit 2
	exec selftests/vm/in-root selftests/model/check-model.sh "$@"
fi

# Most memory that a proof may take, in MB.
memory=4000

# When  Name  Verdict  Menus (of sets 0, 1, ..., or "first: ... then: ...")  More definitions
#
# holds: no error in any state. ends: and no task runs in circles. served: every waiter is, under
# weak fairness. stuck, rule, passed-over: the broken rule shows as a state in which tasks sleep for
# ever, as an assertion, as a waiter that is not served.
table() {
	cat <<-'END'
	quick  two        holds   first:W0+W1 then:W0+W1
	quick  upgrade    ends    R0 W0 R0 W0 W0 NONE
	quick  fair       served  W0 NONE R0 NONE R0 NONE
	quick  both       served  W01 NONE W0 NONE W1 NONE
	quick  queue      passed-over  W0 NONE R0 NONE R0 NONE       -DBREAK_QUEUE
	quick  watchers   stuck   W0 NONE W0 NONE NONE NONE          -DBREAK_WATCHERS
	quick  handover   rule    W0 W01 W0 NONE NONE NONE           -DBREAK_HANDOVER -DREVOKES=1
	quick  mark       rule    W01 NONE W0 NONE NONE NONE         -DBREAK_MARK
	quick  link       stuck   W0 NONE W01 NONE NONE NONE         -DBREAK_LINK
	quick  serve      stuck   R0 NONE W0 NONE R0 NONE            -DBREAK_CANCEL_SERVE -DCANCELS=1
	quick  publish    stuck   W0 W1 W1 W0 NONE NONE              -DBREAK_PUBLISH
	quick  verify     rule    R0 W1 W1 W0 R0 W0                  -DBREAK_VERIFY
	quick  cancel     rule    W0 NONE W0 NONE NONE NONE          -DBREAK_CANCEL -DCANCELS=1
	quick  end        rule    W0 NONE W0 NONE NONE NONE          -DBREAK_END -DREVOKES=1
	quick  enter      rule    W0 NONE W01 NONE NONE NONE         -DBREAK_ENTER -DKILLS=1
	quick  job        rule    W0 W1 W1 W0 NONE NONE              -DBREAK_JOB -DJOBS
	quick  overtake   stuck   R0 W0 W0 NONE NONE NONE            -DBREAK_OVERTAKE
	quick  kick       stuck   R0 W0 W0 NONE NONE NONE            -DBREAK_KICK
	quick  strange    stuck   WL0 WH0 WH0 W0 WH0 NONE            -DBREAK_STRANGE -DREVOKES=1
	quick  again      stuck   WL0 WH0 WH0 W0 WH0 NONE            -DBREAK_AGAIN -DREVOKES=1
	quick  async      stuck   W0 NONE W1 NONE W1 NONE W0 W1      -DBREAK_ASYNC_SEARCH -DFOUR -DASYNC
	quick  goes-on    rule    W0 NONE W1 NONE W1 W0 NONE NONE    -DBREAK_ASYNC_WAIT -DFOUR -DASYNC
	quick  queues     holds   W0 NONE W1 NONE W1 W0 NONE NONE    -DFOUR -DASYNC
	full   held-up    stuck   WL1 R0 WH1 WL1 RH0 WH0 WX          -DBREAK_HELD_UP -DFIVE
	full   five       holds   WL1 R0 WH1 WL1 RH0 WH0 WX          -DFIVE
	full   all-w0     holds   first:W0+W1+R0+W01 then:NONE+W0+W1+R0+W01  -DFIRST_0=W0
	full   all-w1     holds   first:W0+W1+R0+W01 then:NONE+W0+W1+R0+W01  -DFIRST_0=W1
	full   all-r0     holds   first:W0+W1+R0+W01 then:NONE+W0+W1+R0+W01  -DFIRST_0=R0
	full   all-w01    holds   first:W0+W1+R0+W01 then:NONE+W0+W1+R0+W01  -DFIRST_0=W01
	full   modes      holds   first:W0+R1 then:R0W1+W0R1+R01
	full   ranges     holds   first:WL0+WH0+RL0 then:W0+WH0+WL0
	full   circles    ends    first:W0+R0+W1 then:NONE+W0+W01
	full   signals    holds   first:W0+W1 then:W0+W01            -DCANCELS=1
	full   death      holds   first:W0+W1 then:W0+W01            -DKILLS=1
	full   revoked    holds   first:W0+W1 then:W0+W01            -DREVOKES=1
	full   jobs       holds   first:W0+W1 then:NONE+W0+W01       -DJOBS
	full   switches   holds   W0 W01 W1 W0 W1 NONE               -DJOBS -DKILLS=1 -DREVOKES=1 -DCANCELS=1
	full   steps      holds   first:W0+W1 then:W0+W1             -DFINE
	full   threads    holds   W0 NONE+W1 W0+W1 NONE W0+W1 W0 W1 W0  -DFOUR
	full   requests   holds   W0 NONE+W1 W0+W1 NONE W0+W1 W0 W1 W1  -DFOUR -DASYNC
	full   for-ever   served  first:W0+W1+R0+W01+WL0 then:NONE
	END
}

# The definitions of a line's menus and the rest of it.
definitions() {
	local word nr=0

	for word; do
		case $word in
		first:*) echo "-DFIRST=${word#first:}" ;;
		then:*) echo "-DSECOND=${word#then:}" ;;
		-D*) echo "$word" ;;
		*) echo "-DMENU_$((nr++))=$word" ;;
		esac
	done
}

# Build and run the verifier; its words go to the file "verdict".
verify() {
	local verdict=$1 optimise=$2 flags=(-DSAFETY) options=(-m500000)
	shift 2

	case $verdict in
	ends) flags=(-DNP); options+=(-l) ;;
	served | passed-over) flags=(-DNFAIR=3); options+=(-a -f); set -- "$@" -DFOREVER ;;
	esac
	echo "$@" > defines
	../spin "$@" -a ../../../selftests/model/dsync.pml &&
		gcc $optimise "${flags[@]}" -DCOLLAPSE -DMEMLIM=$memory -o pan pan.c &&
		./pan "${options[@]}" > verdict 2>&1
}

# Is it what it has to be? An end that pan did not reach is none.
judge() {
	grep -qE 'max search depth too small|MEMLIM|Search not completed' verdict &&
		[[ $1 =~ ^(holds|ends|served)$ ]] && return 1
	case $1 in
	holds | ends | served) grep -q 'errors: 0$' verdict ;;
	stuck) grep -q 'invalid end state' verdict ;;
	rule) grep -q 'assertion violated' verdict ;;
	passed-over) grep -q 'acceptance cycle' verdict ;;
	esac
}

figures() {
	awk '/depth reached/ { sub(/.*depth reached /, ""); depth = $1 + 0 }
	     /states, stored/ { states = $1 }
	     /total actual memory/ { memory = $1 }
	     END { printf "%.0f states, depth %d, %.0f MB", states, depth, memory }' verdict
}

# One line of the table. What ends soon is not worth the time of an optimising compiler.
run() {
	local when=$1 name=$2 verdict=$3 seconds=$SECONDS optimise=-O0 result="not ok"
	shift 3

	number=$((number + 1))
	rm -rf "${out:?}/$name"
	mkdir -p "$out/$name"
	[[ $when = full && $verdict =~ ^(holds|ends|served)$ ]] && optimise=-O2
	mapfile -t definitions < <(definitions "$@")
	(cd "$out/$name" && verify "$verdict" $optimise "${definitions[@]}" > build.log 2>&1
		judge "$verdict" 2> /dev/null) && result=ok || failed=$((failed + 1))
	echo "$result $number model: $name: $verdict" \
		"($(cd "$out/$name" && figures 2>/dev/null), $((SECONDS - seconds)) s)"
	[ "$result" = ok ] || sed 's/^/# /' "$out/$name"/{build.log,verdict} 2>/dev/null | head -n 30
}

everything=quick
[ "${1:-}" != --all ] || { everything='quick|full'; shift; }
names=${*:-}
number=0 failed=0

echo "TAP version 13"
while read -r when name rest; do
	if [ -n "$names" ]; then
		[[ " $names " == *" $name "* ]] || continue
	else
		[[ $when =~ ^($everything)$ ]] || continue
	fi
	# shellcheck disable=SC2086 # words
	run "$when" "$name" $rest
done < <(table)
echo "1..$number"
[ $failed -eq 0 ]
