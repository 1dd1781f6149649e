// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": one owner cannot fill a buffer's queue, nor can all owners of one user. A full
 * quota is the opponent's own error. The buffer is shared: somebody holds it, the opponent queues
 * as many requests as it can, and the victim, another user, still gets its place in the queue.
 */
#include <kselftest_harness.h>
#include <fcntl.h>

#include "../fcntl/locks.h"
#include "opponent.h"

/* So many are enough to prove that there is no limit. */
#define MAX_REQUESTS	20000
#define MAX_CONTEXTS	2000

/**
 * struct stage - shared memory
 * @fd: the shared buffer
 * @nr_contexts: that the opponent may use
 * @nr: requests of the opponent that were accepted
 * @err: how the victim's call ended
 * @ready: how far the players are
 * @go: the opponent may go
 */
struct stage {
	int fd, nr_contexts, nr, err;
	int ready, go;
};

static int play_fill(void *arg)
{
	struct stage *stage = arg;
	unsigned int part = MAX_REQUESTS / stage->nr_contexts;
	int i, ctx, nr = 0;

	for (i = 0; i < stage->nr_contexts && nr >= 0; i++) {
		ctx = st_context_open();
		if (ctx < 0)
			break;
		nr = op_queue_many(ctx, stage->fd, W, 0, TO_END, part);
		stage->nr += nr > 0 ? nr : 0;
		/* At a quota of the owner the next one goes on; at one of the user all are done. */
		if (!nr)
			break;
	}
	op_reach(&stage->ready, 1);
	op_await(&stage->go, 1, 6 * ST_SOON_MS);
	return 0;
}

FIXTURE(queue)
{
	struct st_world w;
	struct stage *stage;
	pid_t opponent;
	long held;
};

FIXTURE_VARIANT(queue)
{
	int nr_contexts;
};

FIXTURE_VARIANT_ADD(queue, by_one_context)
{
	.nr_contexts = 1,
};

FIXTURE_VARIANT_ADD(queue, by_many_contexts)
{
	.nr_contexts = MAX_CONTEXTS,
};

FIXTURE_SETUP(queue)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->held = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	ASSERT_LE(0, self->held);
	self->stage = st_shared(sizeof(*self->stage));
	self->stage->fd = self->w.buf[0].fd;
	self->stage->nr_contexts = variant->nr_contexts;
	self->opponent = op_start(OP_OPPONENT, play_fill, self->stage);
	ASSERT_TRUE(op_await(&self->stage->ready, 1, 6 * ST_SOON_MS));
	TH_LOG("the opponent has %d requests in the queue", self->stage->nr);
}

FIXTURE_TEARDOWN(queue)
{
	op_kill(self->opponent);
	EXPECT_TRUE(st_world_close(&self->w));
}

static int play_context(void *arg)
{
	struct stage *stage = arg;
	int ctx = st_context_open();
	long set = st_lock_all(ctx, stage->fd, W, QUEUE);

	stage->err = set < 0 ? set : st_release(ctx, set);
	return 0;
}

TEST_F_TIMEOUT(queue, filled_by_the_opponent_takes_the_victims_request, 120)
{
	ASSERT_EQ(0, op_end(op_start(OP_VICTIM, play_context, self->stage)));
	EXPECT_EQ(0, self->stage->err);
}

/* The same request, and what became of it. */
static int play_blocking(void *arg)
{
	struct stage *stage = arg;
	long set = st_lock_ms(st_context_open(), stage->fd, W, 0, TO_END, 500);

	stage->err = set < 0 ? set : 0;
	return 0;
}

TEST_F_TIMEOUT(queue, filled_by_the_opponent_lets_the_victim_wait, 120)
{
	ASSERT_EQ(0, op_end(op_start(OP_VICTIM, play_blocking, self->stage)));
	EXPECT_EQ(-ETIMEDOUT, self->stage->err);
}

static int play_record(void *arg)
{
	struct stage *stage = arg;

	op_reach(&stage->ready, 2);
	stage->err = lk_wait(stage->fd, F_WRLCK, ALL_BYTES);
	op_reach(&stage->ready, 3);
	return 0;
}

/* It sleeps until the opponent has gone, and has its lock then. */
TEST_F_TIMEOUT(queue, filled_by_the_opponent_lets_a_record_lock_wait, 120)
{
	pid_t victim = op_start(OP_VICTIM, play_record, self->stage);

	ASSERT_TRUE(op_await(&self->stage->ready, 2, ST_SOON_MS));
	EXPECT_TRUE(ST_STAYS(op_phase(&self->stage->ready) == 2));
	op_kill(self->opponent);
	EXPECT_EQ(0, st_release(self->w.ctx[0], self->held));
	EXPECT_EQ(0, op_end(victim));
	EXPECT_EQ(0, self->stage->err);
	self->opponent = op_start(OP_OPPONENT, play_context, self->stage);
}

/* A driver's request is nobody's quota. */
TEST_F_TIMEOUT(queue, filled_by_the_opponent_takes_a_drivers_request, 120)
{
	long id = st_sync_new(self->w.test);

	ASSERT_EQ(0, st_sync_get(self->w.test, id, self->stage->fd, DMA_BUF_ACCESS_DMA_R, 0,
				 ST_PAGE));
	EXPECT_EQ(0, st_sync_lock_async(self->w.test, id, 0, 0));
	EXPECT_EQ(0, st_test_destroy(self->w.test, id));
}

TEST_HARNESS_MAIN
