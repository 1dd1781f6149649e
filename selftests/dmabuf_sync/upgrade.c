// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 4: no deadlock by queueing. An owner never waits behind a queued request that
 * itself waits for that owner: it overtakes. A queue may be overtaken, a holder may not:
 * two upgraders are a cycle of holders.
 */
#include <kselftest_harness.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(up)
{
	struct st_world w;
	int fd;
};

FIXTURE_SETUP(up)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(up)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static bool waits(struct st_world *w, int ctx)
{
	return !st_event_pending(w->ctx[ctx], 0);
}

/* o(R) -> o(W): alone, it is there at once. */
TEST_F(up, lone_reader_becomes_writer)
{
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, TRY));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->fd, R, TRY));
}

/* o(R) p(R)  o: W   The upgrade waits for p alone. */
TEST_F(up, upgrade_waits_for_the_other_reader)
{
	long p, w;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	p = st_lock_all(self->w.ctx[1], self->fd, R, 0);
	ASSERT_LE(0, p);
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[0], self->fd, W, TRY));
	w = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);
	ASSERT_LE(0, w);
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 0)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], p));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], w));
}

/* o(R) p(R)  o: W  p: W   Each waits for the other's read: the second one closes it. */
TEST_F(up, second_upgrader_gets_edeadlk)
{
	struct st_call o;
	long p;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	p = st_lock_all(self->w.ctx[1], self->fd, R, 0);
	ASSERT_LE(0, p);
	ASSERT_EQ(0, st_call_wait(&o, self->w.ctx[0], self->fd, W));
	EXPECT_EQ(-EDEADLK, st_lock_all(self->w.ctx[1], self->fd, W, 0));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->fd, W, TRY));
	EXPECT_FALSE(st_call_done(&o));
	EXPECT_EQ(0, st_release(self->w.ctx[1], p));
	EXPECT_LE(0, st_call_end(&o));
}

/* The same queued: neither fails, and the first to let its read go lets the other one in. */
TEST_F(up, queued_upgraders_wait_for_each_other)
{
	long o, p, w;

	o = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	p = st_lock_all(self->w.ctx[1], self->fd, R, 0);
	ASSERT_LE(0, o);
	ASSERT_LE(0, p);
	w = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);
	ASSERT_LE(0, w);
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, QUEUE));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 0) && waits(&self->w, 1)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], p));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], w));
	EXPECT_EQ(0, st_release(self->w.ctx[0], w));
	EXPECT_EQ(0, st_release(self->w.ctx[0], o));
	EXPECT_TRUE(st_event_pending(self->w.ctx[1], ST_SOON_MS));
}

/* o(R)  p: W waits for o   o: W   Behind p it would wait for itself: it overtakes. */
TEST_F(up, upgrade_overtakes_a_writer_that_waits_for_it)
{
	long r = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	long p = st_lock_all(self->w.ctx[1], self->fd, W, QUEUE);
	long w;

	ASSERT_LE(0, r);
	ASSERT_LE(0, p);
	w = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, w);
	EXPECT_EQ(0, st_release(self->w.ctx[0], r));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 1)));
	EXPECT_EQ(0, st_release(self->w.ctx[0], w));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], p));
}

/* The same without blocking: there is no conflict, so it must not fail. */
TEST_F(up, nonblocking_upgrade_overtakes_a_writer_that_waits_for_it)
{
	long r = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	long p = st_lock_all(self->w.ctx[1], self->fd, W, QUEUE);

	ASSERT_LE(0, r);
	ASSERT_LE(0, p);
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, TRY));
}

/* o(R)  p: W waits for o   o: R once more, as nested code does. */
TEST_F(up, second_read_overtakes_a_writer_that_waits_for_it)
{
	long r = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	long p = st_lock_all(self->w.ctx[1], self->fd, W, QUEUE);
	struct st_call call;

	ASSERT_LE(0, r);
	ASSERT_LE(0, p);
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->fd, R, 0, TO_END));
	EXPECT_LE(0, st_call_end(&call));
}

/* o(A)  p: set A B waits for o   o: B   B is free, but p queues there: o overtakes. */
TEST_F(up, second_buffer_overtakes_a_set_that_waits_for_it)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	long a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long p = st_lock_set(self->w.ctx[1], both, 2, QUEUE);
	struct st_call call;
	long b;

	ASSERT_LE(0, a);
	ASSERT_LE(0, p);
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->w.buf[1].fd, W, 0, TO_END));
	b = st_call_end(&call);
	ASSERT_LE(0, b);
	EXPECT_TRUE(waits(&self->w, 1));
	EXPECT_EQ(0, st_release(self->w.ctx[0], a));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 1)));
	EXPECT_EQ(0, st_release(self->w.ctx[0], b));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], p));
}

/* The same with a driver's DMA job in the queue. */
TEST_F(up, second_buffer_overtakes_a_dma_job_that_waits_for_it)
{
	long a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long job = st_sync_new(self->w.test);
	struct st_call call;

	ASSERT_LE(0, a);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_get(self->w.test, job, self->w.buf[0].fd, DMA_BUF_ACCESS_DMA_R,
				 0, TO_END));
	ASSERT_EQ(0, st_sync_get(self->w.test, job, self->w.buf[1].fd, DMA_BUF_ACCESS_DMA_W,
				 0, TO_END));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, job, 0, 0));
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->w.buf[1].fd, R, 0, TO_END));
	EXPECT_LE(0, st_call_end(&call));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, st_sync_result(self->w.test, job));
}

/* o(A)  p: A B waits for o   q: B C behind p   o: C
 * o would wait behind q, q behind p, p for o: over two queues it is a cycle all the same.
 */
TEST_F(up, overtakes_over_two_queues)
{
	struct dmabuf_sync_access ab[] = {
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	struct dmabuf_sync_access bc[] = {
		st_access(self->w.buf[1].fd, W, 0, TO_END),
		st_access(self->w.buf[2].fd, W, 0, TO_END),
	};
	long a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long p = st_lock_set(self->w.ctx[1], ab, 2, QUEUE);
	long q = st_lock_set(self->w.ctx[2], bc, 2, QUEUE);
	struct st_call call;
	long c;

	ASSERT_LE(0, a);
	ASSERT_LE(0, p);
	ASSERT_LE(0, q);
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->w.buf[2].fd, W, 0, TO_END));
	c = st_call_end(&call);
	ASSERT_LE(0, c);
	EXPECT_EQ(0, st_release(self->w.ctx[0], a));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], p));
	EXPECT_EQ(0, st_release(self->w.ctx[0], c));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 2)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], p));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], q));
}

/* o(A) p(B)  q: A B waits for both   o: B   p holds B: o waits for p, not behind q. */
TEST_F(up, overtakes_the_queue_but_not_the_holder)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	long a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long b = st_lock_all(self->w.ctx[1], self->w.buf[1].fd, W, 0);
	long q = st_lock_set(self->w.ctx[2], both, 2, QUEUE);
	long ob;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, q);
	ob = st_lock_all(self->w.ctx[0], self->w.buf[1].fd, W, QUEUE);
	ASSERT_LE(0, ob);
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 0)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], b));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], ob));
	EXPECT_TRUE(waits(&self->w, 2));
	EXPECT_EQ(0, st_release(self->w.ctx[0], a));
	EXPECT_EQ(0, st_release(self->w.ctx[0], ob));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], q));
}

/* o(A) p(B)  s: B waits for p   o: B   s does not wait for o: o stays behind it. */
TEST_F(up, queue_that_does_not_wait_for_the_owner_is_not_overtaken)
{
	long a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long b = st_lock_all(self->w.ctx[1], self->w.buf[1].fd, W, 0);
	long s = st_lock_all(self->w.ctx[2], self->w.buf[1].fd, W, QUEUE);
	long ob;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_LE(0, s);
	ob = st_lock_all(self->w.ctx[0], self->w.buf[1].fd, W, QUEUE);
	ASSERT_LE(0, ob);
	EXPECT_EQ(0, st_release(self->w.ctx[1], b));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], s));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 0)));
	EXPECT_EQ(0, st_release(self->w.ctx[2], s));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], ob));
}

/* The queue comes to wait for the owner only later: o is already behind it then.
 *
 *	o(C) h(A)  q: A B waits for h   o: B waits behind q
 *	h: C waits for o, o waits behind q, q waits for h: now o may overtake q
 */
TEST_F(up, waits_behind_a_queue_until_that_waits_for_the_owner)
{
	struct dmabuf_sync_access ab[] = {
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	long c = st_lock_all(self->w.ctx[1], self->w.buf[2].fd, W, 0);
	long h = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	long q = st_lock_set(self->w.ctx[2], ab, 2, QUEUE);
	long ob = st_lock_all(self->w.ctx[1], self->w.buf[1].fd, W, QUEUE);
	long hc;

	ASSERT_LE(0, c);
	ASSERT_LE(0, h);
	ASSERT_LE(0, q);
	ASSERT_LE(0, ob);
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 1)));
	hc = st_lock_all(self->w.ctx[0], self->w.buf[2].fd, W, QUEUE);
	ASSERT_LE(0, hc);
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], ob));
	EXPECT_TRUE(waits(&self->w, 0));
	EXPECT_TRUE(waits(&self->w, 2));
	st_context_reopen(&self->w.ctx[1]);
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], hc));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], q));
}

/* The same with a holder that comes in between, and that w does not watch.
 *
 *	o(B0) p(B1) z(A1:R)   x: A1 waits for z   q: A0 B1 waits for p   o: w: A0 A1 R, behind both
 *	z goes: x has A1   p: B0 waits for o, and q with it   x goes: now o may overtake q
 */
TEST_F(up, overtakes_a_queue_that_came_to_wait_for_the_owner_behind_a_holder)
{
	int a = self->w.buf[0].fd, b = self->w.buf[1].fd, *ctx = self->w.ctx;
	struct dmabuf_sync_access both[] = { st_access(a, W, 0, 1), st_access(b, W, 1, 1) };
	long x, w, z = st_lock(ctx[2], a, R, 1, 1, 0);

	ASSERT_LE(0, z);
	ASSERT_LE(0, st_lock(ctx[0], b, W, 0, 1, 0));
	ASSERT_LE(0, st_lock(ctx[1], b, W, 1, 1, 0));
	x = st_lock(ctx[3], a, W, 1, 1, QUEUE);
	ASSERT_LE(0, x);
	ASSERT_LE(0, st_lock_set(ctx[4], both, 2, QUEUE));
	w = st_lock(ctx[0], a, R, 0, 2, QUEUE);
	ASSERT_LE(0, w);
	EXPECT_EQ(0, st_release(ctx[2], z));
	EXPECT_EQ(0, st_event_result(ctx[3], x));
	ASSERT_LE(0, st_lock(ctx[1], b, W, 0, 1, QUEUE));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 0)));
	EXPECT_EQ(0, st_release(ctx[3], x));
	EXPECT_EQ(0, st_event_result(ctx[0], w));
}

TEST_HARNESS_MAIN

/*
 * x(a) p(c) q(d)   o: a and c, queued   s: a+e   p: e, behind s   x lets a go, and o does not look
 * o: d   Now p waits for s, s for o, o for p. Only o could tell: p overtakes s.
 */
TEST_F(up, whoever_blocks_frees_those_who_wait_for_what_it_has_not_looked_at)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[3].fd, W, 0, TO_END),
	};
	int a = both[0].fd, c = self->w.buf[1].fd, d = self->w.buf[2].fd, e = both[1].fd;
	long x = st_lock_all(self->w.ctx[0], a, W, 0);
	long p = st_lock_all(self->w.ctx[1], c, W, 0);
	long q = st_lock_all(self->w.ctx[2], d, W, 0);
	long o = st_lock_all(self->w.ctx[3], a, W, QUEUE);
	struct st_call s, e_of_p, d_of_o;

	ASSERT_LT(0, x);
	ASSERT_LT(0, p);
	ASSERT_LT(0, q);
	ASSERT_LT(0, o);
	ASSERT_LT(0, st_lock_all(self->w.ctx[3], c, W, QUEUE));
	ASSERT_EQ(0, st_call_start(&s, self->w.ctx[4], both, 2, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[5], e, DMABUF_SYNC_STATE_QUEUED) == 1));
	ASSERT_EQ(0, st_call_wait(&e_of_p, self->w.ctx[1], e, W));
	EXPECT_EQ(0, st_release(self->w.ctx[0], x));
	ASSERT_EQ(0, st_call_wait(&d_of_o, self->w.ctx[3], d, W));
	EXPECT_LT(0, st_call_end(&e_of_p));
	EXPECT_FALSE(st_call_done(&s));
	EXPECT_FALSE(st_call_done(&d_of_o));

	EXPECT_EQ(0, st_release(self->w.ctx[2], q));
	EXPECT_LT(0, st_call_end(&d_of_o));
	EXPECT_EQ(0, st_release(self->w.ctx[1], e_of_p.result));
	EXPECT_EQ(0, st_release(self->w.ctx[3], o));
	EXPECT_LT(0, st_call_end(&s));
}

/* b(u) c(u)  o(v)  c: v waits for o  o: u   The first in its way runs, the second waits for it. */
TEST_F(up, cycle_through_the_second_of_two_holders)
{
	int u = self->w.buf[0].fd, v = self->w.buf[1].fd;
	struct st_call call;

	ASSERT_LT(0, st_lock_all(self->w.ctx[1], u, R, 0));
	ASSERT_LT(0, st_lock_all(self->w.ctx[2], u, R, 0));
	ASSERT_LT(0, st_lock_all(self->w.ctx[0], v, W, 0));
	ASSERT_EQ(0, st_call_wait(&call, self->w.ctx[2], v, W));
	EXPECT_EQ(-EDEADLK, st_lock_all(self->w.ctx[0], u, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&call));
}
