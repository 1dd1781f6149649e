// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tracing costs a pair: trace_off (tracepoints that are there and off), trace_event (a tool
 * is attached, or all events are recorded).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define EVENTS		"/sys/kernel/tracing/events/dmabuf_sync"
#define INSTANCE	"/sys/kernel/tracing/instances/dmabuf_sync_bench"
#define RAW		INSTANCE "/per_cpu/cpu0/trace_pipe_raw"

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

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static void child_kill(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/*
 * What trace-cmd does: pages of the ring buffer go to a file by splice(), which waits until the
 * buffer is half full, where read() would be woken by each event.
 */
static void record_pages(int in, int out)
{
	loff_t offset;
	int pipes[2];
	ssize_t got;

	if (in < 0 || out < 0 || pipe(pipes))
		return;
	do {
		offset = 0;
		got = splice(in, NULL, pipes[1], NULL, 16 * ST_PAGE, SPLICE_F_MOVE);
	} while (got > 0 && splice(pipes[0], NULL, out, &offset, got, SPLICE_F_MOVE) == got);
}

static pid_t recorder_start(void)
{
	pid_t pid = st_fork();

	if (pid)
		return pid;
	record_pages(open(RAW, O_RDONLY | O_CLOEXEC), memfd_create("trace", MFD_CLOEXEC));
	_exit(1);
}

static pid_t recorder_attach(struct bench *bench)
{
	bench_expect(bench, !mkdir(INSTANCE, 0700), "no tracing instance: %s", strerror(errno));
	bench_expect(bench, write_text(INSTANCE "/events/dmabuf_sync/enable", "1"),
		     "no event can be recorded");
	return recorder_start();
}

/* Events that were written to the ring buffer since the last call. */
static uint64_t recorder_events(void)
{
	FILE *file = fopen(INSTANCE "/per_cpu/cpu0/stats", "re");
	unsigned long long value, sum = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "entries: %llu", &value) == 1 ||
		    sscanf(line, "overrun: %llu", &value) == 1 ||
		    sscanf(line, "read events: %llu", &value) == 1)
			sum += value;
	fclose(file);
	return sum;
}

static void recorder_detach(struct bench *bench, pid_t pid)
{
	write_text(INSTANCE "/events/dmabuf_sync/enable", "0");
	child_kill(pid);
	bench_expect(bench, !rmdir(INSTANCE), "the tracing instance is still in use");
}

/* The extra of each pair: with the events recorded, less without. */
static int64_t recorder_batch(struct bench *bench, unsigned int nr)
{
	int64_t without = bench_ctx_batch(bench, nr), with;
	pid_t pid = recorder_attach(bench);

	if (bench->why[0])
		return -EBADMSG;
	bench_ctx_batch(bench, nr / 10 + 1);
	with = bench_ctx_batch(bench, nr);
	bench_expect(bench, recorder_events() >= 2ULL * nr, "the events were not recorded");
	recorder_detach(bench, pid);
	return with - without;
}

/**
 * struct top - dmasync-top at work
 * @pid: its process
 * @out: what it says
 */
struct top {
	pid_t pid;
	FILE *out;
};

static void top_exec(int out)
{
	dup2(out, STDOUT_FILENO);
	execl(BENCH_TOP, "dmasync-top", "-b", "-d", "1", (char *)NULL);
	_exit(127);
}

/* It is attached when it has shown a window. */
static bool top_wait(struct top *top, const char *text)
{
	char *line = NULL;
	bool found = false;
	size_t size = 0;

	while (!found && getline(&line, &size, top->out) > 0)
		found = strstr(line, text);
	free(line);
	return found;
}

static struct top top_attach(struct bench *bench)
{
	struct top top = { .pid = -1 };
	int out[2];

	if (!bench_expect(bench, !pipe(out), "no pipe"))
		return top;
	top.pid = st_fork();
	if (!top.pid)
		top_exec(out[1]);
	close(out[1]);
	top.out = fdopen(out[0], "re");
	bench_expect(bench, top_wait(&top, "attached by"), "dmasync-top cannot attach");
	return top;
}

/* It has counted what was done meanwhile. */
static void top_detach(struct bench *bench, struct top *top)
{
	bench_expect(bench, top_wait(top, "udmabuf"), "dmasync-top does not show the buffer");
	child_kill(top->pid);
	fclose(top->out);
}

static int64_t top_batch(struct bench *bench, unsigned int nr)
{
	int64_t without = bench_ctx_batch(bench, nr), with;
	struct top top = top_attach(bench);

	if (bench->why[0])
		return -EBADMSG;
	bench_ctx_batch(bench, nr / 10 + 1);
	with = bench_ctx_batch(bench, nr);
	top_detach(bench, &top);
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
