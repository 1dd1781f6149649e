// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tracing costs a pair: trace_off (tracepoints that are there and off), trace_event (a tool
 * is attached, or all events are recorded).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"
#include "recorder.h"
#include "tool.h"

#define EVENTS		"/sys/kernel/tracing/events/dmabuf_sync"

static bool events_are_there(void)
{
	return !access(EVENTS "/enable", F_OK);
}

/* Not one of them is recorded. */
static bool events_are_off(void)
{
	char state = '?';
	int fd = open(EVENTS "/enable", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &state, 1) != 1)
		state = '?';
	close(fd);
	return state == '0';
}

static int off_open(struct bench *bench)
{
	bench_expect(bench, events_are_off(), "the trace events are not off");
	return bench_ctx_open(bench);
}

static int none_open(struct bench *bench)
{
	bench_expect(bench, !events_are_there(), "the tracepoints are not compiled out");
	return bench_ctx_open(bench);
}

/* The extra of each pair: with the events recorded, less without. */
static int64_t recorder_batch(struct bench *bench, unsigned int nr)
{
	int64_t without = bench_ctx_batch(bench, nr), with;
	struct bench_recorder recorder;
	struct bench_recorded all;

	bench_recorder_start(bench, &recorder, 1);
	bench_ctx_batch(bench, nr / 10 + 1);
	with = bench_ctx_batch(bench, nr);
	all = bench_recorder_count();
	bench_expect(bench, !all.lost && all.kept >= 2ULL * nr, "the events were not recorded");
	bench_recorder_end(bench, &recorder);
	return with - without;
}

/* The same with dmasync-top, which has counted what was done meanwhile. */
static int64_t top_batch(struct bench *bench, unsigned int nr)
{
	static char *const args[] = { "dmasync-top", "-b", "-d", "1", NULL };
	int64_t without = bench_ctx_batch(bench, nr), with;
	struct bench_tool tool;

	bench_tool_start(bench, &tool, BENCH_TOP, args);
	bench_expect(bench, bench_tool_says(&tool, "attached by"), "dmasync-top cannot attach");
	bench_ctx_batch(bench, nr / 10 + 1);
	with = bench_ctx_batch(bench, nr);
	bench_expect(bench, bench_tool_says(&tool, "udmabuf"),
		     "dmasync-top does not show the buffer");
	bench_expect(bench, !bench_tool_end(&tool), "dmasync-top did not end well");
	return with - without;
}

const struct bench_case bench_trace_cases[] = {
	{
		.row = "trace_off", .side = "compiled out", .stage = BENCH_UNTRACED,
		.nr_batches = 31,
		.open = none_open, .batch = bench_ctx_batch, .close = bench_ctx_close,
	}, {
		.row = "trace_off", .side = "ours", .stage = BENCH_LOADED,
		.nr_batches = 31,
		.open = off_open, .batch = bench_ctx_batch, .close = bench_ctx_close,
	}, {
		.row = "trace_event", .side = "the same events recorded", .stage = BENCH_LOADED,
		.nr = 1000, .nr_batches = 5,
		.open = off_open, .batch = recorder_batch, .close = bench_ctx_close,
	}, {
		.row = "trace_event", .side = "ours", .stage = BENCH_LOADED,
		.nr = 1000, .nr_batches = 5,
		.open = off_open, .batch = top_batch, .close = bench_ctx_close,
	},
	{ }
};
