// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 2: a set is acquired whole or not at all. While it waits it holds nothing;
 * it keeps its place in the queues all the same.
 */
#include <kselftest_harness.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END

FIXTURE(set)
{
	struct st_world w;
};

FIXTURE_SETUP(set)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(set)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static int held(struct st_world *w, unsigned int buf)
{
	return st_query_count(w->ctx[7], w->buf[buf].fd, DMABUF_SYNC_STATE_ACQUIRED);
}

static int queued(struct st_world *w, unsigned int buf)
{
	return st_query_count(w->ctx[7], w->buf[buf].fd, DMABUF_SYNC_STATE_QUEUED);
}

/* Buffers first .. first + nr - 1, whole. */
static long queue_range(struct st_world *w, int ctx, unsigned int first,
			unsigned int nr, uint32_t access)
{
	struct dmabuf_sync_access entries[ST_WORLD];
	unsigned int i;

	for (i = 0; i < nr; i++)
		entries[i] = st_access(w->buf[first + i].fd, access, 0, TO_END);
	return st_lock_set(w->ctx[ctx], entries, nr, DMABUF_SYNC_ACQUIRE_QUEUE);
}

/* Nothing in the way: the whole set is there at once, in one call. */
TEST_F(set, free_set_is_acquired_whole)
{
	struct dmabuf_sync_access entries[ST_WORLD];
	unsigned int i;
	long set;

	for (i = 0; i < ST_WORLD; i++)
		entries[i] = st_access(self->w.buf[i].fd, i % 2 ? R : W, 0, TO_END);
	set = st_lock_set(self->w.ctx[0], entries, ST_WORLD, 0);
	ASSERT_LE(0, set);
	for (i = 0; i < ST_WORLD; i++)
		EXPECT_EQ(1, held(&self->w, i));
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	for (i = 0; i < ST_WORLD; i++)
		EXPECT_EQ(0, held(&self->w, i));
}

/* h: A      set: A B C    The set waits for A, and holds neither B nor C. */
TEST_F(set, waiting_set_holds_nothing)
{
	long h = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long set = queue_range(&self->w, 1, 0, 3, W);

	ASSERT_LE(0, h);
	ASSERT_LE(0, set);
	EXPECT_EQ(1, held(&self->w, 0));
	EXPECT_EQ(0, held(&self->w, 1));
	EXPECT_EQ(0, held(&self->w, 2));
	EXPECT_EQ(1, queued(&self->w, 1));
	EXPECT_EQ(1, queued(&self->w, 2));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], set));
	EXPECT_EQ(1, held(&self->w, 0));
	EXPECT_EQ(1, held(&self->w, 1));
	EXPECT_EQ(1, held(&self->w, 2));
}

/* h: A   set: A B   late: B
 * B is free, but the set asked first: a conflicting request waits behind it.
 */
TEST_F(set, later_request_waits_behind_the_set)
{
	long h = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long set = queue_range(&self->w, 1, 0, 2, W);
	long late = queue_range(&self->w, 2, 1, 1, W);

	ASSERT_LE(0, h);
	ASSERT_LE(0, set);
	ASSERT_LE(0, late);
	EXPECT_EQ(0, held(&self->w, 1));
	EXPECT_TRUE(ST_STAYS(!st_event_pending(self->w.ctx[2], 0)));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], set));
	EXPECT_TRUE(ST_STAYS(!st_event_pending(self->w.ctx[2], 0)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], set));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], late));
}

/* h: A   set reads A B   late reads B: no conflict, no wait. */
TEST_F(set, compatible_request_passes_the_waiting_set)
{
	long h = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long set = queue_range(&self->w, 1, 0, 2, R);

	ASSERT_LE(0, h);
	ASSERT_LE(0, set);
	EXPECT_LE(0, st_lock_all(self->w.ctx[2], self->w.buf[1].fd, R,
				 DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_LE(0, st_lock_all(self->w.ctx[3], self->w.buf[2].fd, W,
				 DMABUF_SYNC_ACQUIRE_NONBLOCK));
}

/* h0: A  h1: B  h2: C   set: A B C   One after the other goes; the set gets all or none. */
TEST_F(set, set_waits_for_its_last_buffer)
{
	long h[3], set;
	unsigned int i, k;

	for (i = 0; i < 3; i++) {
		h[i] = st_lock_all(self->w.ctx[i], self->w.buf[i].fd, W, 0);
		ASSERT_LE(0, h[i]);
	}
	set = queue_range(&self->w, 3, 0, 3, W);
	ASSERT_LE(0, set);
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(ST_STAYS(!st_event_pending(self->w.ctx[3], 0)));
		for (k = 0; k < i; k++)
			EXPECT_EQ(0, held(&self->w, k));
		EXPECT_EQ(0, st_release(self->w.ctx[i], h[i]));
	}
	EXPECT_EQ(0, st_event_result(self->w.ctx[3], set));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(1, held(&self->w, i));
}

/* A free buffer changes hands while the set waits for another: the set starts over. */
TEST_F(set, set_looks_again_at_all_its_buffers)
{
	long a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long b = st_lock_all(self->w.ctx[1], self->w.buf[1].fd, R, 0);
	long set = queue_range(&self->w, 2, 0, 2, W);

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->w.ctx[0], a));
	EXPECT_TRUE(ST_STAYS(!st_event_pending(self->w.ctx[2], 0)));
	EXPECT_EQ(0, held(&self->w, 0));

	EXPECT_EQ(0, st_release(self->w.ctx[1], b));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], set));
}

/* One set, three ranges of one buffer, of which one is taken. */
TEST_F(set, ranges_of_one_buffer_are_acquired_together)
{
	struct dmabuf_sync_access entries[] = {
		st_access(self->w.buf[0].fd, W, 0, 10),
		st_access(self->w.buf[0].fd, R, 100, 10),
		st_access(self->w.buf[0].fd, W, ST_PAGE, ST_PAGE),
	};
	long h = st_lock(self->w.ctx[0], self->w.buf[0].fd, W, ST_PAGE + 5, 1, 0);
	long set = st_lock_set(self->w.ctx[1], entries, 3, DMABUF_SYNC_ACQUIRE_QUEUE);

	ASSERT_LE(0, h);
	ASSERT_LE(0, set);
	EXPECT_EQ(1, held(&self->w, 0));
	EXPECT_EQ(3, queued(&self->w, 0));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], set));
	EXPECT_EQ(3, held(&self->w, 0));
	EXPECT_EQ(0, queued(&self->w, 0));
}

/* A set refused without waiting leaves nothing behind. */
TEST_F(set, refused_set_leaves_nothing)
{
	struct dmabuf_sync_access entries[] = {
		st_access(self->w.buf[1].fd, W, 0, TO_END),
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[2].fd, W, 0, TO_END),
	};
	long h = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);

	ASSERT_LE(0, h);
	EXPECT_EQ(-EAGAIN, st_lock_set(self->w.ctx[1], entries, 3, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(1, st_snapshot(0, NULL, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[2], self->w.buf[1].fd, W,
				 DMABUF_SYNC_ACQUIRE_NONBLOCK));
}

/* A cancelled set leaves its queues, and the next in line goes on. */
TEST_F(set, cancelled_set_lets_the_next_go)
{
	long h = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long set = queue_range(&self->w, 1, 0, 2, W);
	long late = queue_range(&self->w, 2, 1, 1, W);

	ASSERT_LE(0, h);
	ASSERT_LE(0, set);
	ASSERT_LE(0, late);
	EXPECT_EQ(0, st_release(self->w.ctx[1], set));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], late));
	EXPECT_EQ(0, queued(&self->w, 0));
	EXPECT_EQ(-ENOENT, st_release(self->w.ctx[1], set));
}

/* As many accesses as a set may have. */
TEST_F(set, largest_set_is_acquired)
{
	struct dmabuf_sync_access entries[DMABUF_SYNC_MAX_SET];
	unsigned int i;
	long set;

	for (i = 0; i < DMABUF_SYNC_MAX_SET; i++)
		entries[i] = st_access(self->w.buf[i % ST_WORLD].fd, W, i / ST_WORLD * 16, 16);
	set = st_lock_set(self->w.ctx[0], entries, DMABUF_SYNC_MAX_SET, 0);
	ASSERT_LE(0, set);
	EXPECT_EQ(DMABUF_SYNC_MAX_SET / ST_WORLD, held(&self->w, 3));
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
}

/* Opposite orders, again and again, from two threads: sets never deadlock. */
struct hammer {
	struct st_world *w;
	unsigned int ctx;
	bool backwards;
	int failed;
};

static void *hammer_thread(void *arg)
{
	struct hammer *hammer = arg;
	struct dmabuf_sync_access entries[ST_WORLD];
	unsigned int i, round;
	long set;

	for (i = 0; i < ST_WORLD; i++)
		entries[i] = st_access(hammer->w->buf[hammer->backwards ? ST_WORLD - 1 - i :
						      i].fd, W, 0, TO_END);
	for (round = 0; round < 200 && !hammer->failed; round++) {
		set = st_lock_set(hammer->w->ctx[hammer->ctx], entries, ST_WORLD, 0);
		if (set < 0)
			hammer->failed = set;
		else
			hammer->failed = st_release(hammer->w->ctx[hammer->ctx], set);
	}
	return NULL;
}

TEST_F(set, opposite_orders_do_not_deadlock)
{
	struct hammer hammers[4];
	pthread_t threads[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		hammers[i] = (struct hammer){ &self->w, i, i % 2, 0 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, hammer_thread, &hammers[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, hammers[i].failed);
	}
}

TEST_HARNESS_MAIN
