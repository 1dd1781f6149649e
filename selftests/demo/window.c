// SPDX-License-Identifier: GPL-2.0-only
/* When the CPUs and the engine worked, and how much of it at the same time. */
#include <errno.h>

#include "demo.h"

int window_log_init(struct demo_log *log, unsigned int nr_frames)
{
	struct demo_window *all = st_shared(3UL * nr_frames * sizeof(*all));

	if (!all)
		return demo_fail(-ENOMEM, "no memory for the log of %u frames", nr_frames);
	log->fill = all;
	log->read = all + nr_frames;
	log->dma = all + 2UL * nr_frames;
	return 0;
}

static int64_t window_common(const struct demo_window *a, const struct demo_window *b)
{
	int64_t begin = a->begin_ns > b->begin_ns ? a->begin_ns : b->begin_ns;
	int64_t end = a->end_ns < b->end_ns ? a->end_ns : b->end_ns;

	return end > begin ? end - begin : 0;
}

/* The engine does one job at a time, so its windows do not overlap each other. */
static int64_t window_shared(const struct demo_window *cpu, const struct demo_window *dma,
			     unsigned int nr)
{
	int64_t shared = 0;
	unsigned int i, k;

	for (i = 0; i < nr; i++)
		for (k = 0; k < nr; k++)
			shared += window_common(&cpu[i], &dma[k]);
	return shared;
}

static int64_t window_sum(const struct demo_window *windows, unsigned int nr)
{
	int64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		sum += windows[i].end_ns - windows[i].begin_ns;
	return sum;
}

double window_overlap(const struct demo_log *log, unsigned int nr_frames)
{
	int64_t shared = window_shared(log->fill, log->dma, nr_frames) +
			 window_shared(log->read, log->dma, nr_frames);
	int64_t cpu = window_sum(log->fill, nr_frames) + window_sum(log->read, nr_frames);

	return cpu ? (double)shared / cpu : 0;
}
