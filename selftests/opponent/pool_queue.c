// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": no shared worker pool. Here thousands of queued requests of the opponent can go
 * on at once. A queued request of the victim, for a buffer of its own, can go on a moment later
 * and must not wait for any of them: when the release that lets it in returns, it is acquired.
 *
 *	opponent	|-- readers, acquired one after the other --|
 *	victim		  |-| one request
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_BUFFERS	4
#define NR_REQUESTS	1024

/**
 * struct stage - shared memory
 * @fd: buffers of the opponent
 * @nr: its requests, all in all; or a negative errno
 * @ready: how far it is
 * @go: how far it may go
 */
struct stage {
	int fd[NR_BUFFERS];
	int nr, ready, go;
};

static int queue_crowd(struct stage *stage, int x, long *held)
{
	int i, ret, nr = 0;

	for (i = 0; i < NR_BUFFERS; i++) {
		held[i] = st_lock_all(x, stage->fd[i], W, TRY);
		if (held[i] < 0)
			return held[i];
		ret = op_queue_many(st_context_open(), stage->fd[i], R, 0, TO_END, NR_REQUESTS);
		if (ret < 0)
			return ret;
		nr += ret;
	}
	return nr;
}

/* All of them wait for X, and then no more. */
static int play_crowd(void *arg)
{
	struct stage *stage = arg;
	long held[NR_BUFFERS];
	int x = st_context_open(), i;

	stage->nr = queue_crowd(stage, x, held);
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, ST_SOON_MS);
	for (i = 0; stage->nr > 0 && i < NR_BUFFERS; i++)
		st_release(x, held[i]);
	op_reach(&stage->ready, 2);
	op_await(&stage->go, 2, 6 * ST_SOON_MS);
	return 0;
}

FIXTURE(pool)
{
	struct st_world w;
	struct stage *stage;
	pid_t opponent;
};

FIXTURE_SETUP(pool)
{
	int i;

	ASSERT_EQ(0, st_world_open(&self->w));
	self->stage = st_shared(sizeof(*self->stage));
	for (i = 0; i < NR_BUFFERS; i++)
		self->stage->fd[i] = self->w.buf[i].fd;
	self->opponent = op_start(OP_OPPONENT, play_crowd, self->stage);
	ASSERT_TRUE(op_await(&self->stage->ready, 1, 3 * ST_SOON_MS));
	ASSERT_LT(0, self->stage->nr);
}

FIXTURE_TEARDOWN(pool)
{
	op_reach(&self->stage->go, 2);
	EXPECT_EQ(0, op_end_ms(self->opponent, 9 * ST_SOON_MS));
	EXPECT_TRUE(st_world_close(&self->w));
}

/* So many of the opponent's requests are acquired. */
static int acquired(FIXTURE_DATA(pool) *self)
{
	int i, nr = self->stage->nr;

	for (i = 0; i < NR_BUFFERS; i++)
		nr -= st_query_count(self->w.ctx[0], self->stage->fd[i],
				     DMABUF_SYNC_STATE_QUEUED);
	return nr;
}

TEST_F_TIMEOUT(pool, of_requests_does_not_hold_up_a_queued_request, 100)
{
	int *ctx = self->w.ctx, fd = self->w.buf[NR_BUFFERS].fd;
	long held = st_lock_all(ctx[0], fd, W, 0), set = st_lock_all(ctx[1], fd, W, QUEUE);

	op_reach(&self->stage->go, 1);
	ASSERT_TRUE(op_await(&self->stage->ready, 2, ST_SOON_MS));
	TH_LOG("of %d requests, %d are acquired", self->stage->nr, acquired(self));
	EXPECT_FALSE(st_event_pending(ctx[1], 0));
	EXPECT_EQ(0, st_release(ctx[0], held));
	EXPECT_TRUE(st_event_pending(ctx[1], 0));
	EXPECT_EQ(0, st_event_result(ctx[1], set));
}

TEST_HARNESS_MAIN
