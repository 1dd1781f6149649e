// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many processes sleep for one range, and are served in turn: drain. What is measured is the time
 * from the release that lets the first one in to the moment when the last one is in, for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/futex.h>

#include "bench.h"

#define DRAIN_SLEEPERS		1000
#define DRAIN_BATCHES		7

/**
 * struct drain_shared - what all processes see
 * @round: counts batches; a futex, each new value lets all sleepers ask for the range once
 * @end: the sleepers are to end
 * @served: how many had the range in this round
 * @done: the round in which the last one had it; a futex
 * @inside: a process has the range
 * @failed: a call failed, or two processes were inside
 * @last: clock when the last one came in
 */
struct drain_shared {
	uint32_t round;
	uint32_t end;
	uint32_t served;
	uint32_t done;
	uint32_t inside;
	uint32_t failed;
	int64_t last;
};

/**
 * struct drain - a range and who sleeps for it
 * @buf: the buffer, or the file
 * @nr: how many sleep
 * @shared: what all processes see
 * @pids: the processes
 * @by_ioctl: they use contexts; else record locks
 * @ctx: context of the process itself, and of a sleeper after its fork; or -1
 * @set: the set it has
 */
struct drain {
	struct st_buffer buf;
	unsigned int nr;
	struct drain_shared *shared;
	pid_t *pids;
	bool by_ioctl;
	int ctx;
	long set;
};

static void futex_wait(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static uint32_t peek(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool record(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return !fcntl(fd, F_SETLKW, &lock);
}

/* Sleep for the range. */
static bool drain_enter(struct drain *drain)
{
	if (!drain->by_ioctl)
		return record(drain->buf.fd, F_WRLCK);
	drain->set = st_lock_all(drain->ctx, drain->buf.fd, DMA_BUF_ACCESS_W, 0);
	return drain->set > 0;
}

static bool drain_leave(struct drain *drain)
{
	if (!drain->by_ioctl)
		return record(drain->buf.fd, F_UNLCK);
	return !st_release(drain->ctx, drain->set);
}

/* Once: the one that has the range is alone. */
static bool sleeper_once(struct bench *bench, struct drain *drain)
{
	struct drain_shared *shared = drain->shared;
	bool alone, last;

	if (!drain_enter(drain))
		return false;
	alone = !__atomic_exchange_n(&shared->inside, 1, __ATOMIC_ACQ_REL);
	last = ++shared->served == drain->nr;
	if (last)
		shared->last = bench_end(bench, 0);
	__atomic_store_n(&shared->inside, 0, __ATOMIC_RELEASE);
	if (!drain_leave(drain))
		return false;
	if (last) {
		__atomic_store_n(&shared->done, shared->round, __ATOMIC_RELEASE);
		futex_wake(&shared->done);
	}
	return alone;
}

static void sleeper(struct bench *bench, struct drain *drain)
{
	struct drain_shared *shared = drain->shared;
	uint32_t seen = 0;

	drain->ctx = drain->by_ioctl ? st_context_open() : -1;
	while (!peek(&shared->end)) {
		if (peek(&shared->round) == seen) {
			futex_wait(&shared->round, seen);
			continue;
		}
		seen = peek(&shared->round);
		if (!shared->end && !sleeper_once(bench, drain))
			__atomic_store_n(&shared->failed, 1, __ATOMIC_RELEASE);
	}
	_exit(0);
}

/* Record locks of this file that wait: lines with an arrow, indented as deep as they wait. */
static unsigned int records_waiting(const struct drain *drain)
{
	FILE *file = fopen("/proc/locks", "re");
	unsigned int count = 0;
	char *line = NULL, inode[32];
	size_t size = 0;

	if (!file)
		return 0;
	snprintf(inode, sizeof(inode), ":%llu ", (unsigned long long)drain->buf.ino);
	while (getline(&line, &size, file) > 0)
		count += strstr(line, "->") && strstr(line, inode);
	free(line);
	fclose(file);
	return count;
}

static bool all_sleep(const struct drain *drain)
{
	int nr = drain->by_ioctl ?
		 st_query_count(drain->ctx, drain->buf.fd, DMABUF_SYNC_STATE_QUEUED) :
		 (int)records_waiting(drain);
	unsigned int i;

	if (nr != (int)drain->nr)
		return false;
	for (i = 0; i < drain->nr; i++)
		if (st_task_state(drain->pids[i]) != 'S')
			return false;
	return true;
}

static void all_fork(struct bench *bench, struct drain *drain)
{
	unsigned int i;

	for (i = 0; i < drain->nr && !bench->why[0]; i++) {
		drain->pids[i] = st_fork();
		if (!drain->pids[i])
			sleeper(bench, drain);
		bench_expect(bench, drain->pids[i] > 0, "only %u processes", i);
	}
}

static struct drain *drain_new(struct bench *bench, bool by_ioctl)
{
	struct drain *drain = calloc(1, sizeof(*drain));

	bench->priv = drain;
	if (!bench_expect(bench, drain, "no memory"))
		return NULL;
	drain->nr = bench->quick ? 20 : DRAIN_SLEEPERS;
	drain->by_ioctl = by_ioctl;
	drain->buf.fd = -1;
	drain->ctx = -1;
	drain->shared = st_shared(sizeof(*drain->shared));
	drain->pids = calloc(drain->nr, sizeof(*drain->pids));
	bench_expect(bench, drain->shared && drain->pids, "no memory");
	return drain;
}

static int drain_open_file(struct bench *bench)
{
	struct drain *drain = drain_new(bench, false);

	if (!drain)
		return -ENOMEM;
	bench_expect_file(bench, &drain->buf, ST_PAGE);
	all_fork(bench, drain);
	return 0;
}

static int drain_open(struct bench *bench)
{
	struct drain *drain = drain_new(bench, true);

	if (!drain)
		return -ENOMEM;
	bench_expect_buffer(bench, &drain->buf, ST_PAGE);
	all_fork(bench, drain);
	drain->ctx = bench_expect_context(bench);
	return 0;
}

static void all_ask(struct bench *bench, struct drain *drain)
{
	bench_expect(bench, drain_enter(drain), "the range cannot be had");
	drain->shared->served = 0;
	__atomic_add_fetch(&drain->shared->round, 1, __ATOMIC_ACQ_REL);
	futex_wake(&drain->shared->round);
	bench_expect(bench, ST_UNTIL(all_sleep(drain)), "not all sleep for the range");
}

/* The last sleeper says when it was in, the one before it then is still on its way to sleep. */
static int64_t drain_batch(struct bench *bench, unsigned int nr)
{
	struct drain *drain = bench->priv;
	struct drain_shared *shared = drain->shared;
	int64_t begin;
	uint32_t done;

	all_ask(bench, drain);
	if (bench->why[0])
		return -EBADMSG;
	begin = bench_begin(bench);
	bench_expect(bench, drain_leave(drain), "the release failed");
	while ((done = peek(&shared->done)) != shared->round)
		futex_wait(&shared->done, done);
	bench_expect(bench, shared->served == drain->nr && !peek(&shared->failed),
		     "a sleeper failed, or two had the range at once");
	return (shared->last - begin) * nr / drain->nr;
}

/* After a failure it may sleep for ever. */
static void sleeper_end(struct bench *bench, pid_t pid)
{
	if (bench->why[0])
		kill(pid, SIGKILL);
	bench_expect(bench, !st_child_wait(pid), "a sleeper died");
}

static void drain_close(struct bench *bench)
{
	struct drain *drain = bench->priv;
	unsigned int i;

	if (!drain)
		return;
	if (drain->shared) {
		__atomic_store_n(&drain->shared->end, 1, __ATOMIC_RELEASE);
		__atomic_add_fetch(&drain->shared->round, 1, __ATOMIC_ACQ_REL);
		futex_wake(&drain->shared->round);
	}
	for (i = 0; drain->pids && i < drain->nr; i++)
		if (drain->pids[i] > 0)
			sleeper_end(bench, drain->pids[i]);
	if (drain->ctx >= 0)
		close(drain->ctx);
	if (drain->buf.fd >= 0)
		st_buffer_close(&drain->buf);
	free(drain->pids);
	free(drain);
}

const struct bench_case bench_drain_cases[] = {
	{
		.row = "drain", .side = "VFS", .stage = BENCH_STOCK,
		.nr = DRAIN_SLEEPERS, .nr_batches = DRAIN_BATCHES,
		.open = drain_open_file, .batch = drain_batch, .close = drain_close,
	}, {
		.row = "drain", .side = "ours", .stage = BENCH_LOADED,
		.nr = DRAIN_SLEEPERS, .nr_batches = DRAIN_BATCHES,
		.open = drain_open, .batch = drain_batch, .close = drain_close,
	},
	{ }
};
