// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the CPUs and the engine worked, how much of it at the same time, and why not more: by the
 * definition that dmasync-top has, applied to what the demo knows of itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

int window_log_init(struct demo_log *log, unsigned int nr_frames)
{
	struct demo_window *all = st_shared(DEMO_NR_WINDOWS * nr_frames * sizeof(*all));
	unsigned int kind;

	if (!all)
		return demo_fail(-ENOMEM, "no memory for the log of %u frames", nr_frames);
	for (kind = 0; kind < DEMO_NR_WINDOWS; kind++)
		log->windows[kind] = all + (size_t)kind * nr_frames;
	return 0;
}

/* Something begins to be used, or ends. */
struct window_edge {
	int64_t ns;
	unsigned int use;
	int change;
};

static int window_order(const void *a, const void *b)
{
	const struct window_edge *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

/* A window that never was, or was over at once, has no edges. Return: how many edges there are. */
static size_t window_edges(const struct demo_log *log, unsigned int nr_frames,
			   struct window_edge *edges)
{
	static const unsigned int uses[DEMO_NR_WINDOWS] = {
		[DEMO_FILL] = TOP_USE_CPU,
		[DEMO_READ] = TOP_USE_CPU,
		[DEMO_DMA] = TOP_USE_DMA,
		[DEMO_QUEUED] = TOP_USE_QUEUE,
		[DEMO_CPU_WAITS] = TOP_USE_WAIT + TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA),
		[DEMO_DMA_WAITS] = TOP_USE_WAIT + TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_CPU),
	};
	unsigned int kind, frame;
	size_t nr = 0;

	for (kind = 0; kind < DEMO_NR_WINDOWS; kind++) {
		for (frame = 0; frame < nr_frames; frame++) {
			const struct demo_window *window = &log->windows[kind][frame];

			if (window->end_ns <= window->begin_ns)
				continue;
			edges[nr++] = (struct window_edge){ window->begin_ns, uses[kind], 1 };
			edges[nr++] = (struct window_edge){ window->end_ns, uses[kind], -1 };
		}
	}
	qsort(edges, nr, sizeof(*edges), window_order);
	return nr;
}

static top_u64 window_state(const int *users)
{
	top_u64 state = TOP_BUSY_REST;
	unsigned int use;

	for (use = 0; use < TOP_NR_USES; use++)
		if (users[use])
			state += 1ULL << use * TOP_USE_BITS;
	return state;
}

static void window_sweep(const struct window_edge *edges, size_t nr, struct demo_overlap *overlap)
{
	int users[TOP_NR_USES] = { 0 };
	unsigned int time;
	size_t i;

	for (i = 0; i + 1 < nr; i++) {
		int64_t ns = edges[i + 1].ns - edges[i].ns;
		top_u32 times;

		users[edges[i].use] += edges[i].change;
		times = top_busy_times(top_busy_set(window_state(users)));
		overlap->all_ns += ns;
		for (time = 0; time < TOP_NR_TIMES; time++)
			overlap->ns[time] += times & 1 << time ? ns : 0;
		if (!(times >> TOP_TIME_BOTH))
			overlap->nothing_ns += ns;
	}
}

int window_overlap(const struct demo_log *log, unsigned int nr_frames,
		   struct demo_overlap *overlap)
{
	struct window_edge *edges;

	memset(overlap, 0, sizeof(*overlap));
	edges = calloc(2UL * DEMO_NR_WINDOWS * nr_frames, sizeof(*edges));
	if (!edges)
		return demo_fail(-ENOMEM, "no memory for the overlap of %u frames", nr_frames);
	window_sweep(edges, window_edges(log, nr_frames, edges), overlap);
	free(edges);
	overlap->possible_ns = overlap->ns[TOP_TIME_CPU] < overlap->ns[TOP_TIME_DMA] ?
			       overlap->ns[TOP_TIME_CPU] : overlap->ns[TOP_TIME_DMA];
	return 0;
}
