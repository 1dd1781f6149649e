// SPDX-License-Identifier: GPL-2.0-only
#include "interval.h"

#include "../bpf/dmasync_top.h"

/*
 * The programs take their time before they change a sum, and the reader takes its own before it
 * reads: an honest sum may be off by a little for each time that a processor stood still in
 * between, as those of a machine on a busy host do. One that was read in the middle of a
 * change is off by the time since boot, which is more than @begin_ns.
 */
static bool interval_sum(int64_t sum, bool open, uint64_t begin_ns,
			 uint64_t now_ns, uint64_t *ns)
{
	int64_t longest = now_ns - begin_ns, slack = begin_ns / 2;

	if (open)
		sum += now_ns;
	if (sum < -slack || sum > longest + slack)
		return false;
	*ns = sum < 0 ? 0 : sum;
	return true;
}

bool interval_read(const struct top_busy *busy, uint64_t begin_ns,
		   uint64_t now_ns, struct interval *interval)
{
	bool cpu = TOP_BUSY_CPU(busy->state), dma = TOP_BUSY_DMA(busy->state);

	return interval_sum(busy->cpu_ns, cpu, begin_ns, now_ns,
			    &interval->cpu_ns) &&
	       interval_sum(busy->dma_ns, dma, begin_ns, now_ns,
			    &interval->dma_ns) &&
	       interval_sum(busy->both_ns, cpu && dma, begin_ns, now_ns,
			    &interval->both_ns);
}

static uint64_t interval_between(uint64_t now, uint64_t before, uint64_t window)
{
	uint64_t ns = now > before ? now - before : 0;

	return ns < window ? ns : window;
}

void interval_diff(const struct interval *now, const struct interval *before,
		   uint64_t window_ns, struct interval *diff)
{
	diff->cpu_ns = interval_between(now->cpu_ns, before->cpu_ns, window_ns);
	diff->dma_ns = interval_between(now->dma_ns, before->dma_ns, window_ns);
	diff->both_ns = interval_between(now->both_ns, before->both_ns,
					 window_ns);
}
