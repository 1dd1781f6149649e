/* SPDX-License-Identifier: GPL-2.0-only */
/* Times: of use by the CPU and by DMA, by both at once, and lost for one reason or the other. */
#ifndef INTERVAL_H
#define INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/dmasync_top.h"

/* By enum top_time. */
struct interval {
	uint64_t ns[TOP_NR_TIMES];
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

/*
 * Overlap: the time in which both work, of the time in which they could have. What is missing
 * of it is somewhere in the time in which they do not both work; what is neither waited for
 * nor worked at, there was nothing to do.
 */
uint64_t interval_possible_ns(const struct interval *use);
uint64_t interval_nothing_ns(const struct interval *use, uint64_t window_ns);

#endif /* INTERVAL_H */
