// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": no shared worker pool. What only a task of the user is interested in, as
 * opening the window of a set that it queued, is done by that task. Here the opponent has buffers
 * of an exporter whose begin_cpu_access takes long, and thousands of queued requests for them. The
 * victim, on buffers of its own, must not notice: everything that it waits for happens while not
 * one of these windows is open yet.
 */
#include <kselftest_harness.h>
#include <fcntl.h>

#include "opponent.h"

/* More than any pool has workers. */
#define NR_BUFFERS	3
#define NR_REQUESTS	1000
#define SLOW_MS		8000

struct stage {
	int fd[NR_BUFFERS];
	int ready, go, err;
};

static int queue_crowd(struct stage *stage, int x, long *held)
{
	unsigned int i, k;
	long ret;
	int y;

	for (i = 0; i < NR_BUFFERS; i++) {
		y = st_context_open();
		held[i] = st_lock_all(x, stage->fd[i], W, TRY);
		ret = held[i];
		for (k = 0; k < NR_REQUESTS && ret >= 0; k++)
			ret = st_lock(y, stage->fd[i], W, k, 1, QUEUE);
		/* A quota of its own is as much as it gets. */
		if (ret < 0 && ret != -ENOLCK)
			return ret;
	}
	return 0;
}

/* All of them wait for X, and then no more; nobody reads the events. */
static int play_crowd(void *arg)
{
	struct stage *stage = arg;
	int x = st_context_open(), i;
	long held[NR_BUFFERS];

	stage->err = queue_crowd(stage, x, held);
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, ST_SOON_MS);
	for (i = 0; !stage->err && i < NR_BUFFERS; i++)
		st_release(x, held[i]);
	op_reach(&stage->ready, 2);
	op_await(&stage->go, 2, 6 * ST_SOON_MS);
	return 0;
}

FIXTURE(pool)
{
	struct st_world w;
	struct st_buffer slow[NR_BUFFERS];
	struct stage *stage;
	pid_t opponent;
};

static int make_slow(FIXTURE_DATA(pool) *self, unsigned int ms)
{
	int i, err = 0;

	for (i = 0; !err && i < NR_BUFFERS; i++)
		err = st_buffer_fault(self->w.test, &self->slow[i], 0, 0, ms);
	return err;
}

FIXTURE_SETUP(pool)
{
	int i;

	ASSERT_EQ(0, st_world_open(&self->w));
	self->stage = st_shared(sizeof(*self->stage));
	for (i = 0; i < NR_BUFFERS; i++) {
		ASSERT_EQ(0, st_buffer_test(self->w.test, &self->slow[i], ST_PAGE, O_RDWR));
		self->stage->fd[i] = self->slow[i].fd;
	}
	self->opponent = op_start(OP_OPPONENT, play_crowd, self->stage);
	ASSERT_TRUE(op_await(&self->stage->ready, 1, 3 * ST_SOON_MS));
	ASSERT_EQ(0, self->stage->err);
	ASSERT_EQ(0, make_slow(self, SLOW_MS));
}

FIXTURE_TEARDOWN(pool)
{
	int i;

	EXPECT_EQ(0, make_slow(self, 0));
	op_reach(&self->stage->go, 2);
	EXPECT_EQ(0, op_end_ms(self->opponent, 9 * ST_SOON_MS));
	for (i = 0; i < NR_BUFFERS; i++)
		st_buffer_close(&self->slow[i]);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* How many of the opponent's windows have been opened since it began to hold things up. */
static unsigned int windows(FIXTURE_DATA(pool) *self, unsigned int before)
{
	struct dst_count count;
	unsigned int nr = 0;
	int i;

	for (i = 0; i < NR_BUFFERS; i++) {
		if (st_buffer_count(self->w.test, &self->slow[i], &count))
			return ~0U;
		nr += count.begin[0] + count.begin[1] + count.begin[2];
	}
	return nr - before;
}

/* From here on the requests can go on, each as soon as its window is open. */
static unsigned int let_go(FIXTURE_DATA(pool) *self)
{
	unsigned int before = windows(self, 0);

	op_reach(&self->stage->go, 1);
	op_await(&self->stage->ready, 2, ST_SOON_MS);
	/* The pool, if there is one, has begun with as many as it takes. */
	st_sleep_ms(200 * st_slowness());
	return before;
}

TEST_F_TIMEOUT(pool, of_exporters_does_not_hold_up_a_drivers_callback, 150)
{
	unsigned int before = let_go(self);
	long id = st_sync_new(self->w.test);

	ASSERT_EQ(0, st_sync_get(self->w.test, id, self->w.buf[0].fd, DMA_BUF_ACCESS_DMA_W, 0,
				 ST_PAGE));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, id, 0, 0));
	EXPECT_EQ(0, st_sync_result(self->w.test, id));
	EXPECT_EQ(0, windows(self, before));
}

TEST_F_TIMEOUT(pool, of_exporters_does_not_hold_up_a_queued_request, 150)
{
	int *ctx = self->w.ctx, fd = self->w.buf[0].fd;
	long held = st_lock_all(ctx[0], fd, W, 0), set = st_lock_all(ctx[1], fd, W, QUEUE);
	unsigned int before = let_go(self);

	EXPECT_EQ(0, st_release(ctx[0], held));
	EXPECT_EQ(0, st_event_result(ctx[1], set));
	EXPECT_EQ(0, windows(self, before));
}

/* A driver that releases a CPU access in an interrupt, where its window cannot be closed. */
TEST_F_TIMEOUT(pool, of_exporters_does_not_hold_up_a_release, 150)
{
	int fd = self->w.buf[0].fd;
	long id = st_sync_locked(self->w.test, fd, W, 0, ST_PAGE, DST_LOCK_WAIT);
	unsigned int before = let_go(self);

	ASSERT_LE(0, id);
	EXPECT_EQ(0, st_sync_unlock(self->w.test, id, DST_HARDIRQ));
	EXPECT_LE(0, st_lock_ms(self->w.ctx[0], fd, W, 0, ST_PAGE, ST_SOON_MS));
	EXPECT_EQ(0, windows(self, before));
}

TEST_HARNESS_MAIN
