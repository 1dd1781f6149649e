# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the scripts of the torture share. After ../lib/tap.sh; they load the modules themselves.

# A build that counts its steps, where there is one.
torture_core() {
	local counted=${DMABUF_SYNC_MODULES:?}/broken/counted/dmabuf_sync.ko

	[ ! -e "$counted" ] || { echo "$counted"; return; }
	echo "$DMABUF_SYNC_MODULES/kernel/dmabuf_sync.ko"
}

# A framework that is built in is there already. Actors hold what they like for as long as they like.
torture_load_core() { framework_is_built_in || insmod "$1" lease_ms=3600000; }

torture_load() {
	torture_load_core "$1" && insmod "${DMABUF_SYNC_MODULES:?}/selftests/modules/dmabuf_sync_test.ko"
}

torture_gone() { [ ! -d "/sys/module/$1" ] || until_true 20000 rmmod "$1" 2>/dev/null; }

torture_unload() {
	torture_gone dmabuf_sync_test || return
	framework_is_built_in || torture_gone dmabuf_sync
}

torture_run() { "${DMABUF_SYNC_TESTS:?}/torture/torture" "$@"; }
