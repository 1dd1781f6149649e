// SPDX-License-Identifier: GPL-2.0-only
/* Events that are lost while two processors make as many as they can: trace_loss. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "recorder.h"
#include "tool.h"

#define LOSS_CPUS	2
/* An access that is acquired at once and released. */
#define LOSS_EVENTS	2

/* What one processor does; an exit status. */
static int make_events(struct bench *bench, unsigned int cpu, unsigned int nr)
{
	struct st_buffer buf;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	bench_expect(bench, !sched_setaffinity(0, sizeof(cpus), &cpus), "no processor %u", cpu);
	bench_expect_buffer(bench, &buf, ST_PAGE);
	if (!bench->why[0]) {
		struct dmabuf_sync_access access =
			st_access(buf.fd, DMA_BUF_ACCESS_W, 0, DMABUF_SYNC_TO_END);

		bench_pairs(bench, bench_expect_context(bench), &access, nr);
	}
	return !!bench->why[0];
}

static void make_all(struct bench *bench, unsigned int nr)
{
	pid_t pids[LOSS_CPUS];
	unsigned int cpu;

	for (cpu = 0; cpu < LOSS_CPUS; cpu++) {
		pids[cpu] = st_fork();
		if (!pids[cpu])
			_exit(make_events(bench, cpu, nr));
	}
	for (cpu = 0; cpu < LOSS_CPUS; cpu++)
		bench_expect(bench, !st_child_wait(pids[cpu]), "accesses failed");
}

/* Of a million, once for each of @nr. */
static int64_t of_million(uint64_t lost, uint64_t all, unsigned int nr)
{
	return (int64_t)(lost * 1000000 / (all ?: 1)) * nr;
}

/* The number before, or behind, @text in what the tool said last; 0: it did not say that. */
static uint64_t said_before(const struct bench_tool *tool, const char *text)
{
	const char *at = strstr(tool->said, text);

	while (at && at > tool->said && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at ? strtoull(at, NULL, 10) : 0;
}

static uint64_t said_behind(const struct bench_tool *tool, const char *text)
{
	const char *at = strstr(tool->said, text);

	return at ? strtoull(at + strlen(text), NULL, 10) : 0;
}

static int64_t tool_loss(struct bench *bench, unsigned int nr)
{
	static char *const args[] = { "dmasync-record", "-o", "/dev/null", NULL };
	uint64_t made = (uint64_t)nr * LOSS_CPUS * LOSS_EVENTS, written, lost;
	struct bench_tool tool;
	int status;

	bench_tool_start(bench, &tool, BENCH_RECORD, args);
	if (bench_expect(bench, bench_tool_says(&tool, "attached by"),
			 "dmasync-record cannot attach"))
		make_all(bench, nr);
	status = bench_tool_end(&tool);
	written = said_before(&tool, " records in /dev/null");
	lost = said_behind(&tool, "lost: records ");
	bench_expect(bench, status == (lost ? 2 : 0), "dmasync-record ended with %d", status);
	bench_expect(bench, written + lost >= made, "of %llu events %llu are missing",
		     (unsigned long long)made, (unsigned long long)(made - written - lost));
	return of_million(lost, written + lost, nr);
}

static int64_t recorder_loss(struct bench *bench, unsigned int nr)
{
	uint64_t made = (uint64_t)nr * LOSS_CPUS * LOSS_EVENTS;
	struct bench_recorder recorder;
	struct bench_recorded all;

	bench_recorder_start(bench, &recorder, LOSS_CPUS);
	if (!bench->why[0])
		make_all(bench, nr);
	all = bench_recorder_count();
	bench_recorder_end(bench, &recorder);
	bench_expect(bench, all.kept + all.lost >= made, "of %llu events %llu are missing",
		     (unsigned long long)made,
		     (unsigned long long)(made - all.kept - all.lost));
	return of_million(all.lost, all.kept + all.lost, nr);
}

const struct bench_case bench_loss_cases[] = {
	{
		.row = "trace_loss", .side = "the same events recorded", .stage = BENCH_LOADED,
		.timed = true, .unit = "of a million", .nr = 50000, .nr_quick = 100,
		.nr_batches = 1, .batch = recorder_loss,
	}, {
		.row = "trace_loss", .side = "ours", .stage = BENCH_LOADED, .timed = true,
		.unit = "of a million", .nr = 50000, .nr_quick = 100, .nr_batches = 1,
		.batch = tool_loss,
	},
	{ }
};
