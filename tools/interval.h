/* SPDX-License-Identifier: GPL-2.0-only */
/* Times of use: by the CPU, by DMA, and by both at once. */
#ifndef INTERVAL_H
#define INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

struct top_busy;

struct interval {
	uint64_t cpu_ns;
	uint64_t dma_ns;
	uint64_t both_ns;
};

/*
 * What the sums of bpf/busy.bpf.h say at @now_ns, when they began at @begin_ns or
 * later. False: they were read in the middle of a change; read them again.
 */
bool interval_read(const struct top_busy *busy, uint64_t begin_ns,
		   uint64_t now_ns, struct interval *interval);

/* What came between two readings that were @window_ns apart. */
void interval_diff(const struct interval *now, const struct interval *before,
		   uint64_t window_ns, struct interval *diff);

#endif /* INTERVAL_H */
