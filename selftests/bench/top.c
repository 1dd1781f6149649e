// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dmasync-top takes while 1000 buffers are accessed 100 000 times a second, one refresh a
 * second on a terminal: top_cost (its process; what its programs add to an access is trace_event)
 * and top_memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "recorder.h"
#include "tool.h"

#define TOP_BUFFERS	1000
/* A burst of one access for each buffer. */
#define TOP_BURSTS	100
#define TOP_BURST_NS	(ST_NSEC_PER_SEC / TOP_BURSTS)
/* A refresh may fall into the last one. */
#define TOP_LATE_NS	(2 * TOP_BURST_NS)
/* Until it has shown the first window. */
#define TOP_WARM_UP	10

/**
 * struct top_scene - buffers in use, and who watches
 * @ctx: their user
 * @nr: how many there are
 * @fds: their descriptors
 * @tool: dmasync-top, or not started
 * @recorder: or the events recorded
 */
struct top_scene {
	int ctx;
	unsigned int nr;
	int fds[TOP_BUFFERS];
	struct bench_tool tool;
	struct bench_recorder recorder;
};

static int scene_open(struct bench *bench, unsigned int nr)
{
	struct top_scene *scene = calloc(1, sizeof(*scene));
	struct st_buffer buf;

	bench->priv = scene;
	if (!bench_expect(bench, scene, "no memory"))
		return -ENOMEM;
	bench_expect_files(bench, TOP_BUFFERS + 100);
	scene->ctx = bench_expect_context(bench);
	while (scene->nr < nr && !st_buffer_heap(&buf, ST_PAGE, O_RDWR))
		scene->fds[scene->nr++] = buf.fd;
	bench_expect(bench, scene->nr == nr, "only %u buffers", scene->nr);
	return 0;
}

static void burst(struct bench *bench, struct top_scene *scene)
{
	unsigned int i;

	for (i = 0; i < TOP_BUFFERS; i++) {
		struct dmabuf_sync_access access =
			st_access(scene->fds[i % scene->nr], DMA_BUF_ACCESS_W, 0,
				  DMABUF_SYNC_TO_END);

		bench_pairs(bench, scene->ctx, &access, 1);
	}
}

/* A second of accesses. Return: how late the last burst was, in ns. */
static int64_t second(struct bench *bench, struct top_scene *scene)
{
	int64_t next_ns = st_now_ns();
	struct timespec until;
	unsigned int i;

	for (i = 0; i < TOP_BURSTS; i++) {
		burst(bench, scene);
		if (scene->tool.pid > 0)
			bench_tool_read(&scene->tool);
		next_ns += TOP_BURST_NS;
		until = (struct timespec){ next_ns / ST_NSEC_PER_SEC, next_ns % ST_NSEC_PER_SEC };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	return st_now_ns() - next_ns;
}

/* It has a row for a buffer of the heap, and all of them in its sums. */
static void top_begin(struct bench *bench, struct top_scene *scene)
{
	static char *const args[] = { "dmasync-top", "-d", "1", NULL };
	unsigned int i;

	bench_tool_start(bench, &scene->tool, BENCH_TOP, args);
	for (i = 0; i < TOP_WARM_UP && !strstr(scene->tool.said, "system"); i++)
		second(bench, scene);
	bench_expect(bench, strstr(scene->tool.said, "system"),
		     "dmasync-top does not show the buffers");
}

static int top_open(struct bench *bench)
{
	int ret = scene_open(bench, bench->quick ? 10 : TOP_BUFFERS);

	if (!ret && !bench->why[0])
		top_begin(bench, bench->priv);
	return ret;
}

static int top_open_one(struct bench *bench)
{
	int ret = scene_open(bench, 1);

	if (!ret && !bench->why[0])
		top_begin(bench, bench->priv);
	return ret;
}

/* What it runs in a second. */
static int64_t top_cost(struct bench *bench, unsigned int nr)
{
	struct top_scene *scene = bench->priv;
	int64_t begin = bench_process_ran_ns(bench, scene->tool.pid), late_ns = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		late_ns += second(bench, scene);
	bench_expect(bench, late_ns < nr * TOP_LATE_NS || bench->quick,
		     "the accesses take longer than a second");
	return bench_process_ran_ns(bench, scene->tool.pid) - begin;
}

static int64_t top_memory(struct bench *bench, unsigned int nr)
{
	struct top_scene *scene = bench->priv;

	second(bench, scene);
	return bench_process_memory(bench, scene->tool.pid) * nr;
}

static void scene_close(struct bench *bench)
{
	struct top_scene *scene = bench->priv;

	if (!scene)
		return;
	if (scene->tool.pid > 0)
		bench_expect(bench, !bench_tool_end(&scene->tool), "dmasync-top did not end well");
	if (scene->recorder.nr)
		bench_recorder_end(bench, &scene->recorder);
	while (scene->nr)
		close(scene->fds[--scene->nr]);
	if (scene->ctx > 0)
		close(scene->ctx);
	free(scene);
}

/* Who takes the pages of the ring buffer. */
static int recorder_open(struct bench *bench)
{
	int ret = scene_open(bench, bench->quick ? 10 : TOP_BUFFERS);
	struct top_scene *scene = bench->priv;

	if (!ret && !bench->why[0])
		bench_recorder_start(bench, &scene->recorder, 1);
	return ret;
}

static int64_t recorder_cost(struct bench *bench, unsigned int nr)
{
	struct top_scene *scene = bench->priv;
	int64_t begin = bench_process_ran_ns(bench, scene->recorder.pids[0]);
	uint64_t made = (uint64_t)nr * TOP_BURSTS * TOP_BUFFERS * 2;
	uint64_t kept = bench_recorder_count().kept;
	struct bench_recorded all;
	unsigned int i;

	for (i = 0; i < nr; i++)
		second(bench, scene);
	all = bench_recorder_count();
	bench_expect(bench, !all.lost && all.kept - kept >= made, "the events were not recorded");
	return bench_process_ran_ns(bench, scene->recorder.pids[0]) - begin;
}

const struct bench_case bench_top_cases[] = {
	{
		.row = "top_cost", .side = "the same events recorded", .stage = BENCH_LOADED,
		.nr = 1, .nr_quick = 1, .nr_batches = 3,
		.open = recorder_open, .batch = recorder_cost, .close = scene_close,
	}, {
		.row = "top_cost", .side = "ours", .stage = BENCH_LOADED,
		.nr = 1, .nr_quick = 1, .nr_batches = 3,
		.open = top_open, .batch = top_cost, .close = scene_close,
	}, {
		.row = "top_memory", .side = "with one buffer", .unit = "bytes",
		.stage = BENCH_LOADED, .nr = 1, .nr_quick = 1, .nr_batches = 1,
		.open = top_open_one, .batch = top_memory, .close = scene_close,
	}, {
		.row = "top_memory", .side = "ours", .unit = "bytes", .stage = BENCH_LOADED,
		.nr = 1, .nr_quick = 1, .nr_batches = 1,
		.open = top_open, .batch = top_memory, .close = scene_close,
	},
	{ }
};
