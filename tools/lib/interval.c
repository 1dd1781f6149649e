// SPDX-License-Identifier: GPL-2.0-only
#include "interval.h"

#include "../../bpf/dmasync_top.h"

/*
 * The programs take their time before they change a sum, and the reader takes its own after it has
 * read: an honest sum may be off by a little for each time that a processor stood still in
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
	uint32_t times = top_busy_times(top_busy_set(busy->state)), i;

	for (i = 0; i < TOP_NR_TIMES; i++)
		if (!interval_sum(busy->ns[i], times & 1 << i, begin_ns, now_ns,
				  &interval->ns[i]))
			return false;
	return true;
}

static uint64_t interval_between(uint64_t now, uint64_t before, uint64_t window)
{
	uint64_t ns = now > before ? now - before : 0;

	return ns < window ? ns : window;
}

void interval_diff(const struct interval *now, const struct interval *before,
		   uint64_t window_ns, struct interval *diff)
{
	uint64_t both;
	unsigned int i;

	for (i = 0; i < TOP_NR_TIMES; i++)
		diff->ns[i] = interval_between(now->ns[i], before->ns[i], window_ns);
	/* What was counted up to a time after it ended is taken off the next time. */
	both = interval_possible_ns(diff);
	if (diff->ns[TOP_TIME_BOTH] > both)
		diff->ns[TOP_TIME_BOTH] = both;
}

uint64_t interval_possible_ns(const struct interval *use)
{
	uint64_t cpu = use->ns[TOP_TIME_CPU], dma = use->ns[TOP_TIME_DMA];

	return cpu < dma ? cpu : dma;
}

uint64_t interval_nothing_ns(const struct interval *use, uint64_t window_ns)
{
	uint64_t ns = use->ns[TOP_TIME_BOTH];
	unsigned int i;

	for (i = TOP_TIME_LOST; i < TOP_NR_TIMES; i++)
		ns += use->ns[i];
	return interval_between(window_ns, ns, window_ns);
}
