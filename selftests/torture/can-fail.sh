#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Can the torture fail? Each module in broken/ has one rule of the engine broken on purpose; the
# torture must see it in time, and name the rule. Modules come and go here: none is loaded.
# Needs DMABUF_SYNC_MODULES and DMABUF_SYNC_TESTS (see run-tests.sh).
#
# RULES="RULE..."	only these

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/lib.sh"

here=$(dirname "$0")
limit=160

# What the patch says it is caught as.
caught_as() { sed -n 's/^Caught-as: //p' "$here/broken/$1.patch"; }

# The options that bring about what the rule is about, if the patch names some.
with() { sed -n 's/^With: //p' "$here/broken/$1.patch"; }

# What shows only by waiting is told after a short time. All else gets all the time that the
# torture gives: on a busy host somebody who is well takes seconds, too.
patience() { [[ $1 =~ deadlock|starvation|lost-wakeup ]] && echo 4000 || echo 30000; }

# The torture's output is shown only if it did not do its work.
caught() {
	local rule=$1 begin=$SECONDS said status

	torture_load "$DMABUF_SYNC_MODULES/broken/$rule/dmabuf_sync.ko" || return
	# shellcheck disable=SC2046 # options are words
	said=$(torture_run --seed 1 --seconds $limit --patience "$(patience "$(caught_as "$rule")")" \
		--round 1500 $(with "$rule") 2>&1)
	status=$?
	torture_unload || return
	if [ $status -eq 1 ] && grep -qE "^FAILED ($(caught_as "$rule"))(:|$)" <<< "$said"; then
		echo "after $((SECONDS - begin)) s: ${said##*FAILED }"
		return
	fi
	echo "$said"
	return 1
}

tap_needs_module
rules=${RULES:-$(cd "$here/broken" && echo *.patch | sed 's/\.patch//g')}
for rule in $rules; do
	[ -e "$DMABUF_SYNC_MODULES/broken/$rule/dmabuf_sync.ko" ] ||
		tap_skip_all "no $DMABUF_SYNC_MODULES/broken/$rule: make check builds that for the first kernel only"
done
tap_plan "$(wc -w <<< "$rules")"
torture_unload
for rule in $rules; do
	tap_test "a broken rule is caught: $rule" caught "$rule"
done
tap_end
