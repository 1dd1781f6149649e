#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The samples of the guides do what they say, over and over.

. "$(dirname "$0")/../lib/tap.sh"

here=${DMABUF_SYNC_TESTS:-$(dirname "$0")}/samples
rounds=5

# says NAME: on standard input, what it prints each time.
says() {
	local expected said i

	expected=$(cat)
	for ((i = 0; i < rounds; i++)); do
		said=$(timeout 30 "$here/$1" 2>&1) || { echo "status $?: $said"; return 1; }
		[ "$said" = "$expected" ] || { echo "$said"; return 1; }
	done
}

tap_plan 6
tap_test "lock: two processes exclude each other" says lock <<- END
	two processes, 500 times each: 1000
END
tap_test "context: sets, and owners that die or stop" says context <<- END
	copied a page
	a former owner died while it was writing
	copied a page
	a former owner was too slow, and may still be writing
	copied a page
END
tap_test "eventloop: waits, and gives way" says eventloop <<- END
	queued
	acquired
	somebody waits: give way
END
tap_test "handover: a set goes from process to process" says handover <<- END
	the rival sees 'p' and 'c'
END
tap_test "pubsub: a subscriber that is stopped does not stop the others" says pubsub <<- END
	subscriber 1 was revoked: the others go on
	subscriber 0: 20 frames
	subscriber 1: 4 frames, then its lease was over
	subscriber 2: 20 frames
END
tap_test "timeline: each update is read once" says timeline <<- END
	updates: 200, read once each: 200
END
tap_end
