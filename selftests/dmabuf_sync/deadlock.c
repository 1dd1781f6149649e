// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 5: a call that would close a cycle of holders gets EDEADLK at once, over any number
 * of owners and buffers; nobody else does. An owner that has queued a set goes on: it counts
 * as waiting only in its calls.
 */
#include <kselftest_harness.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

/* "At once": far less than any timeout, much more than a slow machine needs. */
#define AT_ONCE_NS	(2 * ST_NSEC_PER_SEC)

FIXTURE(dead)
{
	struct st_world w;
};

FIXTURE_SETUP(dead)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(dead)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static long lock(struct st_world *w, int ctx, int buf, uint32_t access, uint32_t flags)
{
	return st_lock_all(w->ctx[ctx], w->buf[buf].fd, access, flags);
}

static bool waits(struct st_world *w, int ctx)
{
	return !st_event_pending(w->ctx[ctx], 0);
}

/* A call of its own waits. */
static int block(struct st_call *call, struct st_world *w, int ctx, int buf, uint32_t access)
{
	return st_call_wait(call, w->ctx[ctx], w->buf[buf].fd, access);
}

/* o has A and asks for A: an owner is never in its own way. */
TEST_F(dead, aa_is_no_deadlock)
{
	EXPECT_LE(0, lock(&self->w, 0, 0, W, 0));
	EXPECT_LE(0, lock(&self->w, 0, 0, W, 0));
	EXPECT_LE(0, lock(&self->w, 0, 0, R, 0));
}

/* Two sync objects of one driver are two owners: the second waits, that is no cycle. */
TEST_F(dead, aa_over_two_sync_objects_waits)
{
	long first = st_sync_locked(self->w.test, self->w.buf[0].fd, DMA_BUF_ACCESS_DMA_W,
				    0, TO_END, DST_LOCK_WAIT);
	long second = st_sync_new(self->w.test);

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, st_sync_get(self->w.test, second, self->w.buf[0].fd,
				 DMA_BUF_ACCESS_DMA_W, 0, TO_END));
	EXPECT_EQ(-ETIMEDOUT, st_sync_lock(self->w.test, second, DST_LOCK_TIMEOUT,
					   50 * ST_NSEC_PER_MSEC));
}

/* o(A) p(B)  o: B blocks  p: A -> EDEADLK, and o goes on when p lets go. */
TEST_F(dead, abba_second_gets_edeadlk_first_goes_on)
{
	long b = lock(&self->w, 1, 1, W, 0);
	struct st_call o;
	int64_t begin;

	ASSERT_LE(0, b);
	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	begin = st_now_ns();
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, W, 0));
	EXPECT_GT(AT_ONCE_NS, st_now_ns() - begin);
	EXPECT_FALSE(st_call_done(&o));
	EXPECT_EQ(0, st_release(self->w.ctx[1], b));
	EXPECT_LE(0, st_call_end(&o));
}

/* The failed request leaves no trace: the state is as before the call. */
TEST_F(dead, edeadlk_leaves_nothing_behind)
{
	struct st_call o;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, W, 0));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, R, 0));
	EXPECT_EQ(1, st_snapshot_count(self->w.buf[0].ino, NULL));
	EXPECT_EQ(0, st_snapshot_edges(self->w.buf[0].ino));
	EXPECT_EQ(1, st_snapshot_edges(self->w.buf[1].ino));
	EXPECT_TRUE(waits(&self->w, 1));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

/* o(A) p(B)  o: queues B and goes on  p: A waits for o, which releases it. */
TEST_F(dead, queued_set_of_a_holder_closes_no_cycle)
{
	long a = lock(&self->w, 0, 0, W, 0);
	struct st_call p;

	ASSERT_LE(0, a);
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_LE(0, lock(&self->w, 0, 1, W, QUEUE));
	ASSERT_EQ(0, block(&p, &self->w, 1, 0, W));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&p)));
	EXPECT_EQ(0, st_release(self->w.ctx[0], a));
	EXPECT_LE(0, st_call_end(&p));
	EXPECT_TRUE(waits(&self->w, 0));
}

/* o(A) p(B)  o: B waits for p  p: queues A and goes on. */
TEST_F(dead, request_that_is_queued_does_not_fail)
{
	long b = lock(&self->w, 1, 1, W, 0);
	struct st_call o;
	long a;

	ASSERT_LE(0, b);
	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	a = lock(&self->w, 1, 0, W, QUEUE);
	ASSERT_LE(0, a);
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 1) && !st_call_done(&o)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], b));
	EXPECT_LE(0, st_call_end(&o));
	EXPECT_EQ(0, st_release(self->w.ctx[1], a));
}

/* o(A) p(B) q(C)  o: queues C, B waits for p  p: A -> EDEADLK, for o's call and no more. */
TEST_F(dead, call_counts_beside_a_queued_set)
{
	struct st_call o, q;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_LE(0, lock(&self->w, 2, 2, W, 0));
	ASSERT_LE(0, lock(&self->w, 0, 2, W, QUEUE));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, W, 0));
	ASSERT_EQ(0, block(&q, &self->w, 2, 0, W));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&q) && !st_call_done(&o)));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
	EXPECT_EQ(-EINTR, st_call_quit(&q));
}

/* c(C) p(B)  o: queues C, B waits for p  p: C behind o   c goes: o holds C, p waits for it. */
TEST_F(dead, queued_set_that_is_acquired_closes_the_cycle_of_a_call)
{
	struct st_call o, p;

	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_LE(0, lock(&self->w, 2, 2, W, 0));
	ASSERT_LE(0, lock(&self->w, 0, 2, W, QUEUE));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	ASSERT_EQ(0, block(&p, &self->w, 1, 2, W));
	st_context_reopen(&self->w.ctx[2]);
	EXPECT_EQ(-EDEADLK, st_call_end(&p));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&o)));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

/* Without blocking there is nothing to deadlock: it would have to wait, so EAGAIN. */
TEST_F(dead, nonblocking_request_gets_eagain_in_a_cycle)
{
	struct st_call o;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_EQ(-EAGAIN, lock(&self->w, 1, 0, W, TRY));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

/* A deadline does not hide it: EDEADLK, and not ETIMEDOUT later. */
TEST_F(dead, deadline_does_not_turn_edeadlk_into_etimedout)
{
	struct st_call o;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_EQ(-EDEADLK, st_lock_ms(self->w.ctx[1], self->w.buf[0].fd, W, 0, TO_END, 3000));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

/* Disjoint ranges of two buffers: who would only meet in the same buffer does not wait. */
TEST_F(dead, disjoint_ranges_close_no_cycle)
{
	ASSERT_LE(0, st_lock(self->w.ctx[0], self->w.buf[0].fd, W, 0, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[1], self->w.buf[1].fd, W, 0, 10, 0));
	ASSERT_LE(0, st_lock(self->w.ctx[0], self->w.buf[1].fd, W, 5, 10, QUEUE));
	EXPECT_LE(0, st_lock(self->w.ctx[1], self->w.buf[0].fd, W, 10, 10, 0));
}

/* Readers that share are no edge: o(A:R) p(B:R)  o: B R  p: A R. */
TEST_F(dead, readers_close_no_cycle)
{
	ASSERT_LE(0, lock(&self->w, 0, 0, R, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, R, 0));
	EXPECT_LE(0, lock(&self->w, 0, 1, R, 0));
	EXPECT_LE(0, lock(&self->w, 1, 0, R, 0));
}

/* The cycle goes through one of many readers: o(A) p1 p2 p3(B:R)  o: B W  p2: A. */
TEST_F(dead, cycle_through_one_of_many_readers)
{
	struct st_call o;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, R, 0));
	ASSERT_LE(0, lock(&self->w, 2, 1, R, 0));
	ASSERT_LE(0, lock(&self->w, 3, 1, R, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 2, 0, R, 0));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 3, 0, R, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

/* The cycle goes through one buffer of a large set. */
TEST_F(dead, cycle_through_one_buffer_of_a_set)
{
	struct dmabuf_sync_access entries[5];
	struct st_call o;
	unsigned int i;

	for (i = 0; i < 5; i++)
		entries[i] = st_access(self->w.buf[1 + i].fd, W, 0, TO_END);
	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 4, W, 0));
	ASSERT_EQ(0, st_call_start(&o, self->w.ctx[0], entries, 5, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[7], self->w.buf[5].fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

/* The closing request itself is a set, of which one buffer closes the cycle. */
TEST_F(dead, set_that_closes_a_cycle_gets_edeadlk)
{
	struct dmabuf_sync_access entries[5];
	struct st_call o;
	unsigned int i;

	for (i = 0; i < 5; i++)
		entries[i] = st_access(self->w.buf[i].fd, R, 0, TO_END);
	ASSERT_LE(0, lock(&self->w, 0, 3, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 5, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 5, W));
	EXPECT_EQ(-EDEADLK, st_lock_set(self->w.ctx[1], entries, 5, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

/* o waits for two things at once, in two threads; each of them can close a cycle. */
TEST_F(dead, owner_with_two_waiting_calls_closes_either_cycle)
{
	struct st_call first, second;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_LE(0, lock(&self->w, 2, 2, W, 0));
	ASSERT_EQ(0, block(&first, &self->w, 0, 1, W));
	ASSERT_EQ(0, block(&second, &self->w, 0, 2, W));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, W, 0));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 2, 0, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&first));
	EXPECT_EQ(-EINTR, st_call_quit(&second));
}

/* p(B) q(C)   o: B waits for p   p: C waits for q   o: D, which is free. */
TEST_F(dead, acquiring_a_free_buffer_while_waiting_closes_nothing)
{
	struct st_call o, p;

	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_LE(0, lock(&self->w, 2, 2, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	ASSERT_EQ(0, block(&p, &self->w, 1, 2, W));
	EXPECT_LE(0, lock(&self->w, 0, 3, W, 0));
	EXPECT_LE(0, lock(&self->w, 0, 4, W, TRY));
	/* Now p asks for D, which o has: p -> o -> p. */
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 3, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
	EXPECT_EQ(-EINTR, st_call_quit(&p));
}

/* A long chain that does not close is no deadlock: the last owner gets its free buffer. */
TEST_F(dead, open_chain_is_no_deadlock)
{
	struct st_call calls[6];
	int i;

	for (i = 0; i < 7; i++)
		ASSERT_LE(0, lock(&self->w, i, i, W, 0));
	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, block(&calls[i], &self->w, i, i + 1, W));
	EXPECT_LE(0, lock(&self->w, 6, 7, W, 0));
	for (i = 6; i > 0; i--) {
		EXPECT_FALSE(st_call_done(&calls[i - 1]));
		st_context_reopen(&self->w.ctx[i]);
		EXPECT_LE(0, st_call_end(&calls[i - 1]));
	}
}

/* Two ways from o to p, neither back: no deadlock.  o -> p, o -> q -> p. */
TEST_F(dead, diamond_is_no_deadlock)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->w.buf[1].fd, W, 0, TO_END),
		st_access(self->w.buf[2].fd, W, 0, TO_END),
	};
	struct st_call o, q;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_LE(0, lock(&self->w, 2, 2, W, 0));
	ASSERT_EQ(0, block(&q, &self->w, 2, 1, W));
	ASSERT_EQ(0, st_call_start(&o, self->w.ctx[0], both, 2, 0));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&o) && !st_call_done(&q)));
	st_context_reopen(&self->w.ctx[1]);
	EXPECT_LE(0, st_call_end(&q));
	st_context_reopen(&self->w.ctx[2]);
	EXPECT_LE(0, st_call_end(&o));
}

/* Once an edge is gone, the same request is no deadlock any more. */
TEST_F(dead, cancelled_edge_opens_the_cycle)
{
	struct st_call o, p;

	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&o));
	ASSERT_EQ(0, block(&p, &self->w, 1, 0, W));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 0, 1, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&p));
}

/* A driver's job waits in the middle of the queue; the cycle of holders is found behind it.
 *
 *	o(A) p(B)   dma: A B queued first   o: B   p: A -> EDEADLK
 */
TEST_F(dead, cycle_is_found_behind_a_queued_dma_job)
{
	long dma = st_sync_new(self->w.test);
	struct st_call o;

	ASSERT_LE(0, dma);
	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_LE(0, lock(&self->w, 1, 1, W, 0));
	ASSERT_EQ(0, st_sync_get(self->w.test, dma, self->w.buf[0].fd,
				 DMA_BUF_ACCESS_DMA_R, 0, TO_END));
	ASSERT_EQ(0, st_sync_get(self->w.test, dma, self->w.buf[1].fd,
				 DMA_BUF_ACCESS_DMA_W, 0, TO_END));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, dma, 0, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_EQ(-EDEADLK, lock(&self->w, 1, 0, W, 0));
	st_context_reopen(&self->w.ctx[1]);
	EXPECT_LE(0, st_call_end(&o));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, st_sync_result(self->w.test, dma));
}

/* A holder that is a running DMA job waits for nobody: it closes no cycle. */
TEST_F(dead, waiting_for_a_dma_holder_is_no_deadlock)
{
	long dma = st_sync_locked(self->w.test, self->w.buf[1].fd, DMA_BUF_ACCESS_DMA_W,
				  0, TO_END, DST_LOCK_WAIT);
	long other = st_sync_new(self->w.test);
	struct st_call o;

	ASSERT_LE(0, dma);
	ASSERT_LE(0, other);
	ASSERT_LE(0, lock(&self->w, 0, 0, W, 0));
	ASSERT_EQ(0, st_sync_get(self->w.test, other, self->w.buf[0].fd,
				 DMA_BUF_ACCESS_DMA_R, 0, TO_END));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, other, 0, 0));
	ASSERT_EQ(0, block(&o, &self->w, 0, 1, W));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&o)));
	EXPECT_EQ(0, st_test_destroy(self->w.test, dma));
	EXPECT_LE(0, st_call_end(&o));
}

FIXTURE(cycle)
{
	struct st_world w;
};

FIXTURE_VARIANT(cycle)
{
	int nr;
};

FIXTURE_VARIANT_ADD(cycle, owners_2) { .nr = 2 };
FIXTURE_VARIANT_ADD(cycle, owners_3) { .nr = 3 };
FIXTURE_VARIANT_ADD(cycle, owners_4) { .nr = 4 };
FIXTURE_VARIANT_ADD(cycle, owners_5) { .nr = 5 };
FIXTURE_VARIANT_ADD(cycle, owners_6) { .nr = 6 };
FIXTURE_VARIANT_ADD(cycle, owners_7) { .nr = 7 };
FIXTURE_VARIANT_ADD(cycle, owners_8) { .nr = 8 };

FIXTURE_SETUP(cycle)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(cycle)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Owner i has buffer i and waits for buffer i + 1; the last one closes the cycle. */
TEST_F(cycle, last_owner_gets_edeadlk_the_others_go_on)
{
	struct st_call calls[ST_WORLD];
	int i, last = variant->nr - 1;
	int64_t begin;

	for (i = 0; i < variant->nr; i++)
		ASSERT_LE(0, lock(&self->w, i, i, W, 0));
	for (i = 0; i < last; i++)
		ASSERT_EQ(0, block(&calls[i], &self->w, i, i + 1, W));
	begin = st_now_ns();
	EXPECT_EQ(-EDEADLK, lock(&self->w, last, 0, W, 0));
	EXPECT_GT(AT_ONCE_NS, st_now_ns() - begin);
	for (i = last; i > 0; i--) {
		st_context_reopen(&self->w.ctx[i]);
		EXPECT_LE(0, st_call_end(&calls[i - 1]));
	}
}

/* The same with sets that are queued: everybody goes on, and can leave. */
TEST_F(cycle, of_queued_sets_is_none)
{
	int i;

	for (i = 0; i < variant->nr; i++)
		ASSERT_LE(0, lock(&self->w, i, i, W, 0));
	for (i = 0; i < variant->nr; i++)
		ASSERT_LE(0, lock(&self->w, i, (i + 1) % variant->nr, W, QUEUE));
	for (i = 0; i < variant->nr; i++)
		EXPECT_TRUE(waits(&self->w, i));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_TRUE(st_event_pending(self->w.ctx[variant->nr - 1], ST_SOON_MS));
}

TEST_HARNESS_MAIN
