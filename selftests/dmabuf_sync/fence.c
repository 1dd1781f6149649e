// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 10, the waiting side: an access waits for the fences that stock drivers have
 * in the resv, and for no others; a job's own fence gets there with the right usage.
 */
#include <kselftest_harness.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>

#include "st.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(fence)
{
	struct st_world w;
	int fd, test;
};

FIXTURE_SETUP(fence)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->test = self->w.test;
}

FIXTURE_TEARDOWN(fence)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static bool pending(struct st_world *w, int ctx)
{
	return !st_event_pending(w->ctx[ctx], 0);
}

static int signal_now(struct st_world *w, long fence)
{
	return st_fence_signal(w->test, fence, DST_HARDIRQ, 0, 0);
}

TEST_F(fence, reader_waits_for_a_write_fence)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	long set = st_lock_all(self->w.ctx[0], self->fd, R, QUEUE);

	ASSERT_LE(0, fence);
	ASSERT_LE(0, set);
	EXPECT_TRUE(ST_STAYS(pending(&self->w, 0)));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
}

TEST_F(fence, reader_does_not_wait_for_a_read_fence)
{
	ASSERT_LE(0, st_fence_stock(self->test, self->fd, DST_USAGE_READ));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
}

TEST_F(fence, writer_waits_for_a_read_fence)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_READ);
	long set = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);

	ASSERT_LE(0, fence);
	ASSERT_LE(0, set);
	EXPECT_TRUE(ST_STAYS(pending(&self->w, 0)));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
}

/* Bookkeeping fences are nobody's business but the driver's. */
TEST_F(fence, nobody_waits_for_a_bookkeep_fence)
{
	ASSERT_LE(0, st_fence_stock(self->test, self->fd, DST_USAGE_BOOKKEEP));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
}

/* Kernel fences come before everything, for readers as well. */
TEST_F(fence, reader_waits_for_a_kernel_fence)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_KERNEL);

	ASSERT_LE(0, fence);
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[0], self->fd, R, TRY));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, TRY));
}

TEST_F(fence, writer_waits_for_all_of_many_fences)
{
	long fence[5], set;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		fence[i] = st_fence_stock(self->test, self->fd,
					  i % 2 ? DST_USAGE_READ : DST_USAGE_WRITE);
		ASSERT_LE(0, fence[i]);
	}
	set = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	for (i = 5; i-- > 0; ) {
		EXPECT_TRUE(ST_STAYS(pending(&self->w, 0)));
		EXPECT_EQ(0, signal_now(&self->w, fence[i]));
	}
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
}

/* A set waits for the fences of each of its buffers. */
TEST_F(fence, set_waits_for_fences_of_all_its_buffers)
{
	struct dmabuf_sync_access entries[3];
	long fence[3], set;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		entries[i] = st_access(self->w.buf[i].fd, R, 0, TO_END);
		fence[i] = st_fence_stock(self->test, self->w.buf[i].fd, DST_USAGE_WRITE);
		ASSERT_LE(0, fence[i]);
	}
	set = st_lock_set(self->w.ctx[0], entries, 3, QUEUE);
	ASSERT_LE(0, set);
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(ST_STAYS(pending(&self->w, 0)));
		EXPECT_EQ(0, signal_now(&self->w, fence[i]));
	}
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
}

TEST_F(fence, blocked_reader_wakes_when_the_fence_signals)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	struct st_call call;

	ASSERT_LE(0, fence);
	ASSERT_EQ(0, st_fence_signal(self->test, fence, DST_HARDIRQ, 0, 100));
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->fd, R, 0, TO_END));
	EXPECT_LE(0, st_call_end(&call));
}

/* A failed stock job has ended, too. */
TEST_F(fence, fence_with_an_error_ends_the_wait)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	long set = st_lock_all(self->w.ctx[0], self->fd, R, QUEUE);

	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_fence_signal(self->test, fence, DST_SOFTIRQ, -EIO, 0));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
}

/* While it waits for fences, the access is held: others queue behind it. */
TEST_F(fence, access_that_waits_for_a_fence_excludes_others)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	long first = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);
	long second = st_lock_all(self->w.ctx[1], self->fd, W, QUEUE);

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	EXPECT_EQ(1, st_query_count(self->w.ctx[2], self->fd, DMABUF_SYNC_STATE_ACQUIRED));
	EXPECT_EQ(1, st_query_count(self->w.ctx[2], self->fd, DMABUF_SYNC_STATE_QUEUED));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], first));
	EXPECT_TRUE(ST_STAYS(pending(&self->w, 1)));
	EXPECT_EQ(0, st_release(self->w.ctx[0], first));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], second));
}

/* Cancelled in the middle of a fence wait: the fence must not touch it any more. */
TEST_F(fence, cancel_while_waiting_for_a_fence)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	long set = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);

	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_TRUE(pending(&self->w, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, TRY));
}

TEST_F(fence, close_while_waiting_for_a_fence)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, QUEUE));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_EQ(0, signal_now(&self->w, fence));
}

/* A driver's request waits as well, before its callback. */
TEST_F(fence, async_driver_request_waits_for_stock_fences)
{
	long fence = st_fence_stock(self->test, self->fd, DST_USAGE_READ);
	long sync = st_sync_new(self->test);
	struct dst_wait wait;

	ASSERT_EQ(0, st_sync_get(self->test, sync, self->fd, DMA_W, 0, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, sync, 0, 0));
	EXPECT_EQ(-ETIME, st_sync_wait(self->test, sync, ST_WHILE_MS, &wait));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_EQ(0, st_sync_result(self->test, sync));
}

/* job     JJJJ............  committed, its fence in the resv of the whole buffer
 * reader  ....RRRR........  of other bytes: does not wait for it
 */
TEST_F(fence, disjoint_range_does_not_wait_for_a_job_of_the_framework)
{
	long fence = st_fence_new(self->test, NULL);
	long job = st_sync_locked(self->test, self->fd, DMA_W, 0, ST_PAGE, DST_LOCK_TRY);
	struct st_call call;

	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->test, job, fence));
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->fd, W, ST_PAGE, ST_PAGE));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(1, st_query_count(self->w.ctx[0], self->fd, DMABUF_SYNC_STATE_COMMITTED));
	EXPECT_EQ(0, signal_now(&self->w, fence));
}

/* Is there no fence left that somebody waits for who reads, or writes? */
static bool is_signaled(int fd, uint32_t flags)
{
	struct dma_buf_export_sync_file arg = { .flags = flags, .fd = -1 };
	struct pollfd pfd = { .events = POLLIN };
	bool signaled;

	if (ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg))
		return false;
	pfd.fd = arg.fd;
	signaled = poll(&pfd, 1, 0) == 1 && pfd.revents & POLLIN;
	close(arg.fd);
	return signaled;
}

/* What the resv's fences let others do. */
static short buffer_lets(int fd)
{
	return (is_signaled(fd, DMA_BUF_SYNC_READ) ? POLLIN : 0) |
	       (is_signaled(fd, DMA_BUF_SYNC_WRITE) ? POLLOUT : 0);
}

TEST_F(fence, committed_reader_publishes_a_read_fence)
{
	long fence = st_fence_new(self->test, NULL);
	long job = st_sync_locked(self->test, self->fd, DMA_R, 0, TO_END, DST_LOCK_TRY);

	ASSERT_LE(0, job);
	EXPECT_EQ(POLLIN | POLLOUT, buffer_lets(self->fd));
	ASSERT_EQ(0, st_sync_commit(self->test, job, fence));
	EXPECT_EQ(POLLIN, buffer_lets(self->fd));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_EQ(POLLIN | POLLOUT, buffer_lets(self->fd));
}

TEST_F(fence, committed_writer_publishes_a_write_fence)
{
	long fence = st_fence_new(self->test, NULL);
	long job = st_sync_locked(self->test, self->fd, DMA_W, 0, TO_END, DST_LOCK_TRY);

	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->test, job, fence));
	EXPECT_EQ(0, buffer_lets(self->fd));
	EXPECT_EQ(0, signal_now(&self->w, fence));
	EXPECT_EQ(POLLIN | POLLOUT, buffer_lets(self->fd));
}

/* What user space can hold back is never a fence: neither held nor queued accesses. */
TEST_F(fence, cpu_accesses_and_queued_jobs_publish_nothing)
{
	long sync = st_sync_new(self->test);

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, QUEUE));
	ASSERT_EQ(0, st_sync_get(self->test, sync, self->fd, DMA_W, 0, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, sync, 0, 0));
	EXPECT_EQ(POLLIN | POLLOUT, buffer_lets(self->fd));
}

/* A stock driver that never stops adding fences cannot keep a waiter for ever. */
TEST_F(fence, waits_only_for_fences_that_were_there)
{
	long first = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	long set = st_lock_all(self->w.ctx[0], self->fd, R, QUEUE), later;

	ASSERT_LE(0, set);
	later = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	ASSERT_LE(0, later);
	EXPECT_EQ(0, signal_now(&self->w, first));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
	EXPECT_EQ(0, signal_now(&self->w, later));
}

/*
 * A stock driver holds the resv for a while: a set of several buffers waits that long and then
 * succeeds.
 */
TEST_F(fence, held_resv_delays_but_does_not_fail)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	long hold = st_resv_hold(self->test, self->fd, 200, false);
	int64_t begin = st_now_ns();

	ASSERT_LE(0, hold);
	EXPECT_LE(0, st_lock_set(self->w.ctx[0], both, 2, TRY));
	EXPECT_LE(begin + 50 * ST_NSEC_PER_MSEC, st_now_ns());
}

/* One buffer needs no resv lock: acquired and released while a stock driver has it. */
TEST_F(fence, one_buffer_does_not_wait_for_the_resv_lock)
{
	long hold = st_resv_hold(self->test, self->fd, 5000, false), set;
	int64_t begin = st_now_ns();

	ASSERT_LE(0, hold);
	set = st_lock_all(self->w.ctx[0], self->fd, W, TRY);
	EXPECT_LE(0, set);
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_GT(begin + 2 * ST_NSEC_PER_SEC, st_now_ns());
	EXPECT_EQ(0, st_test_destroy(self->test, hold));
}

/* Release needs no resv lock: it goes on while a stock driver has it. */
TEST_F(fence, release_does_not_wait_for_the_resv_lock)
{
	long set = st_lock_all(self->w.ctx[0], self->fd, W, 0), hold;
	int64_t begin;

	ASSERT_LE(0, set);
	hold = st_resv_hold(self->test, self->fd, 5000, false);
	ASSERT_LE(0, hold);
	begin = st_now_ns();
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_GT(begin + 2 * ST_NSEC_PER_SEC, st_now_ns());
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_EQ(0, st_test_destroy(self->test, hold));
}

TEST_HARNESS_MAIN
