// SPDX-License-Identifier: GPL-2.0-only
/* All that is measured, in this order. */
#include "bench.h"

const struct bench_case *const bench_cases[] = {
	bench_pair_cases,
	bench_driver_cases,
	bench_ranges_cases,
	bench_buffers_cases,
	bench_waiters_cases,
	bench_drain_cases,
	bench_ring_cases,
	bench_scale_cases,
	bench_memory_cases,
	bench_trace_cases,
	bench_top_cases,
	bench_loss_cases,
	NULL
};
