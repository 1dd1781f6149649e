#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What dma_sim is loaded with, how it and dmabuf_copy are unloaded, and dmabuf_copy
# without any engine. Each test begins and ends with both loaded.
# shellcheck disable=SC2317 # functions are called by name

# shellcheck source=selftests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"

modules=${DMABUF_SYNC_MODULES:?}/kernel
align=${DMABUF_SYNC_TESTS:?}/dma/align

load() {
	local name=$1
	shift
	insmod "$modules/drivers/$name.ko" "$@"
}

# The last put of a buffer or a fence comes a little after the close.
unload() { until_true 10000 rmmod "$1" 2> /dev/null; }

opens() { (exec 3<> /dev/dmabuf_copy) 2> /dev/null; }

stays_while_open() {
	local status=0

	exec 3<> /dev/dmabuf_copy || return
	rmmod "$1" 2> /dev/null && status=1
	exec 3>&-
	return "$status"
}

comes_back() { unload "$1" && load "$1" && opens; }

leaves_nothing() {
	unload dma_sim && [ ! -e /sys/kernel/debug/dma_sim ] && [ -z "$(ls /sys/class/dma)" ] &&
		load dma_sim
}

without_an_engine() {
	unload dma_sim && ! opens && load dma_sim && opens
}

refuses_all() {
	local bad

	unload dma_sim || return
	for bad; do
		load dma_sim "$bad" 2> /dev/null && { echo "loaded with $bad"; return 1; }
	done
	load dma_sim
}

aligned() {
	local status

	unload dma_sim && load dma_sim alignment=64 nr_channels=1 || return
	"$align"
	status=$?
	unload dma_sim && load dma_sim && return "$status"
}

tap_plan 8
tap_test "dmabuf_copy finds an engine" opens
tap_test "dma_sim stays while a channel has a client" stays_while_open dma_sim
tap_test "dmabuf_copy stays while it is open" stays_while_open dmabuf_copy
tap_test "dma_sim leaves nothing behind" leaves_nothing
tap_test "dmabuf_copy does not open without an engine" without_an_engine
tap_test "dma_sim refuses bad parameters" refuses_all nr_channels=0 nr_channels=33 \
	alignment=0 alignment=3 alignment=512 nr_descs=1 completion=maybe bandwidth=x \
	latency=99999999999
tap_test "one channel that wants aligned ranges" aligned
tap_test "dmabuf_copy is unloaded and comes back" comes_back dmabuf_copy
tap_end
