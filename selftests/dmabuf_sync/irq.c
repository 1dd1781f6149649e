// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 7: release works from any context, hard interrupt included, by the owner only.
 */
#include <kselftest_harness.h>

#include "st.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END

FIXTURE(irq)
{
	struct st_world w;
};

FIXTURE_VARIANT(irq)
{
	uint32_t where;
};

FIXTURE_VARIANT_ADD(irq, process) { .where = DST_PROCESS };
FIXTURE_VARIANT_ADD(irq, softirq) { .where = DST_SOFTIRQ };
FIXTURE_VARIANT_ADD(irq, hardirq) { .where = DST_HARDIRQ };

FIXTURE_SETUP(irq)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(irq)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Each kind of waiter follows, whatever the context of the release. */
static void waiters_follow(struct __test_metadata *_metadata, struct st_world *w,
			   long job, long fence, uint32_t where)
{
	long queued = st_lock(w->ctx[0], w->buf[0].fd, W, 0, 1, DMABUF_SYNC_ACQUIRE_QUEUE);
	long sync = st_sync_new(w->test);
	struct st_call call;

	ASSERT_LE(0, queued);
	ASSERT_EQ(0, st_call_lock(&call, w->ctx[1], w->buf[0].fd, W, 1, 1));
	ASSERT_EQ(0, st_sync_get(w->test, sync, w->buf[0].fd, DMA_R, 2, 1));
	ASSERT_EQ(0, st_sync_lock_async(w->test, sync, 0, 0));
	ASSERT_TRUE(ST_UNTIL(st_query_count(w->ctx[2], w->buf[0].fd,
					    DMABUF_SYNC_STATE_QUEUED) == 3));
	EXPECT_EQ(0, fence >= 0 ? st_fence_signal(w->test, fence, where, 0, 0) :
				  st_sync_unlock(w->test, job, where));
	EXPECT_EQ(0, st_event_result(w->ctx[0], queued));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(0, st_sync_result(w->test, sync));
}

TEST_F(irq, unlock_of_dma_accesses_wakes_all_waiters)
{
	long job = st_sync_locked(self->w.test, self->w.buf[0].fd, DMA_W, 0, TO_END, DST_LOCK_TRY);

	ASSERT_LE(0, job);
	waiters_follow(_metadata, &self->w, job, -1, variant->where);
}

/*
 * The buffers of a set that ends are put there, too; where the kernel traces that, it does so with
 * a lock that is not made for interrupts.
 */
TEST_F(irq, end_of_a_set_traces_no_put_of_its_buffers)
{
	long job;
	int puts;

	ASSERT_EQ(0, st_trace_start());
	if (st_trace_also("dma_buf/dma_buf_put")) {
		st_trace_stop();
		SKIP(return, "this kernel does not trace dma_buf_put()");
	}
	job = st_sync_locked(self->w.test, self->w.buf[0].fd, DMA_W, 0, TO_END, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	puts = st_trace_lines(": dma_buf_put: ");
	ASSERT_LE(1, puts);
	EXPECT_EQ(0, st_sync_unlock(self->w.test, job, variant->where));
	EXPECT_EQ(puts, st_trace_lines(": dma_buf_put: "));
	st_trace_stop();
}

TEST_F(irq, unlock_of_cpu_accesses_wakes_all_waiters)
{
	long job = st_sync_locked(self->w.test, self->w.buf[0].fd, W, 0, TO_END, DST_LOCK_TRY);

	ASSERT_LE(0, job);
	waiters_follow(_metadata, &self->w, job, -1, variant->where);
}

#define ROUNDS 100

/* The release may be left to a worker: then the set is that one's, and not released once more. */
TEST_F(irq, object_goes_on_after_an_unlock_of_cpu_accesses)
{
	unsigned int round;
	long job, all;

	for (round = 0; round < ROUNDS; round++) {
		job = st_sync_locked(self->w.test, self->w.buf[0].fd, W, 0, TO_END, DST_LOCK_WAIT);
		ASSERT_LE(0, job);
		ASSERT_EQ(0, st_sync_unlock(self->w.test, job, variant->where));
		ASSERT_EQ(0, st_sync_lock(self->w.test, job, DST_LOCK_WAIT, 0));
		ASSERT_EQ(0, st_sync_unlock(self->w.test, job, variant->where));
		ASSERT_EQ(0, st_test_destroy(self->w.test, job));
	}
	all = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	ASSERT_LE(0, all);
	EXPECT_EQ(1, st_query_count(self->w.ctx[1], self->w.buf[0].fd,
				    DMABUF_SYNC_STATE_ACQUIRED));
}

TEST_F(irq, fence_signal_wakes_all_waiters)
{
	long job = st_sync_locked(self->w.test, self->w.buf[0].fd, DMA_W, 0, TO_END, DST_LOCK_TRY);
	long fence = st_fence_new(self->w.test, NULL);

	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	waiters_follow(_metadata, &self->w, job, fence, variant->where);
}

/* The same by the interrupt of an engine, long after: nobody of user space is running. */
TEST_F(irq, delayed_signal_wakes_a_blocked_reader)
{
	long job = st_sync_locked(self->w.test, self->w.buf[0].fd, DMA_W, 0, TO_END, DST_LOCK_TRY);
	long fence = st_fence_new(self->w.test, NULL);
	int64_t begin = st_now_ns();
	struct st_call call;

	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, variant->where, 0, 100));
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->w.buf[0].fd, R, 0, TO_END));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_LE(begin + 50 * ST_NSEC_PER_MSEC, call.done_ns);
}

/* Another owner's set cannot be released, whatever its number. */
TEST(only_the_owner_releases)
{
	struct st_world w;
	long set, i;

	ASSERT_EQ(0, st_world_open(&w));
	set = st_lock_all(w.ctx[0], w.buf[0].fd, W, 0);
	ASSERT_LE(0, set);
	for (i = 0; i < 64; i++)
		EXPECT_EQ(-ENOENT, st_release(w.ctx[1], i));
	EXPECT_EQ(-ENOENT, st_release(w.ctx[1], set));
	EXPECT_EQ(-EAGAIN, st_lock_all(w.ctx[1], w.buf[0].fd, R, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(0, st_release(w.ctx[0], set));
	EXPECT_EQ(-ENOENT, st_release(w.ctx[0], set));
	EXPECT_TRUE(st_world_close(&w));
}

TEST_HARNESS_MAIN
