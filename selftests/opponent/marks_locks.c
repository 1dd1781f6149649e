// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": a request whose buffers the opponent does not share takes no lock that the
 * opponent can keep busy. Here the opponent abandons one write access to a buffer of its own, and
 * is gone. Counted: the locks that the victim's pair of acquire and release takes, before and
 * after; once there was a mark somewhere it must not be one more. It shows that only while nothing
 * was abandoned since the framework was loaded, if marks stay for ever: so it is the first of the
 * scenes with marks.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "opponent.h"

#define INSTANCE	"/sys/kernel/tracing/instances/dmabuf_sync_locks"
#define NR_PAIRS	30

static int trace_write(const char *file, const char *text)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Trace the spinlocks that this thread takes. */
static int locks_start(void)
{
	char tid[16];

	snprintf(tid, sizeof(tid), "%d", gettid());
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		return -errno;
	return trace_write("tracing_on", "0") ?:
	       trace_write("set_ftrace_filter", "_raw_spin_lock*") ?:
	       trace_write("set_ftrace_pid", tid) ?: trace_write("current_tracer", "function");
}

static void locks_stop(void)
{
	trace_write("current_tracer", "nop");
	rmdir(INSTANCE);
}

static int locks_count(void)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	char line[512];
	int nr = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		nr += !!strstr(line, ": _raw_spin_lock");
	fclose(file);
	return nr;
}

/* Locks in one pair: the fewest of many, as an interrupt in between takes some, too. */
static int locks_of_pair(int ctx, int fd)
{
	int i, nr, fewest = -1;
	long set;

	for (i = 0; i < NR_PAIRS; i++) {
		trace_write("trace", "\n");
		trace_write("tracing_on", "1");
		set = st_lock_all(ctx, fd, W, 0);
		st_release(ctx, set);
		trace_write("tracing_on", "0");
		nr = set < 0 ? (int)set : locks_count();
		if (nr < 0)
			return nr;
		if (fewest < 0 || nr < fewest)
			fewest = nr;
	}
	return fewest;
}

static int play_abandon(void *arg)
{
	struct st_buffer buf;

	(void)arg;
	return op_buffer(&buf, ST_PAGE) || st_lock_all(st_context_open(), buf.fd, W, TRY) < 0;
}

FIXTURE(locks)
{
	struct st_world w;
};

FIXTURE_SETUP(locks)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(locks)
{
	locks_stop();
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F_TIMEOUT(locks, of_a_pair_are_no_more_when_somebody_has_abandoned_something, 100)
{
	int ctx = self->w.ctx[0], fd = self->w.buf[0].fd, before, after;

	if (locks_start())
		SKIP(return, "no function tracer");
	before = locks_of_pair(ctx, fd);
	ASSERT_LT(0, before);
	ASSERT_EQ(0, op_end(op_start(OP_OPPONENT, play_abandon, NULL)));
	after = locks_of_pair(ctx, fd);
	TH_LOG("a pair takes %d locks, later %d", before, after);
	EXPECT_EQ(before, after);
}

TEST_HARNESS_MAIN
