// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 11: each CPU access that is acquired has had one begin_cpu_access, and has one
 * matching end when it is over, whichever way it ends. DMA accesses have none.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <signal.h>

#include "st.h"

#define RW	DMA_BUF_ACCESS_RW
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(window)
{
	struct st_world w;
	struct st_buffer a, b;
	int test;
};

FIXTURE_SETUP(window)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->test = self->w.test;
	ASSERT_EQ(0, st_buffer_test(self->test, &self->a, 4 * ST_PAGE, O_RDWR));
	ASSERT_EQ(0, st_buffer_test(self->test, &self->b, 4 * ST_PAGE, O_RDWR));
}

static int count_total(int test, struct st_buffer *buf, bool end)
{
	struct dst_count count;

	if (st_buffer_count(test, buf, &count))
		return -1;
	return end ? count.end[0] + count.end[1] + count.end[2] :
		     count.begin[0] + count.begin[1] + count.begin[2];
}

static bool is_balanced(int test, struct st_buffer *buf)
{
	return count_total(test, buf, false) == count_total(test, buf, true);
}

/* At the end of each test every window is closed again. */
FIXTURE_TEARDOWN(window)
{
	bool closed = st_world_close(&self->w);
	int test = st_test_open();

	EXPECT_TRUE(closed);
	EXPECT_TRUE(ST_UNTIL(is_balanced(test, &self->a)));
	EXPECT_TRUE(ST_UNTIL(is_balanced(test, &self->b)));
	close(test);
	st_buffer_close(&self->a);
	st_buffer_close(&self->b);
}

/* A writer fetches what is there: the end of its window passes on all bytes, not its own only. */
TEST_F(window, direction_follows_the_mode)
{
	static const struct {
		uint32_t access;
		int dir;
	} modes[] = { { RW, 0 }, { W, 0 }, { R, 2 } };
	struct dst_count before, count;
	unsigned int i;
	long set;

	for (i = 0; i < ST_ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(0, st_buffer_count(self->test, &self->a, &before));
		set = st_lock_all(self->w.ctx[0], self->a.fd, modes[i].access, 0);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, st_buffer_count(self->test, &self->a, &count));
		EXPECT_EQ(before.begin[modes[i].dir] + 1, count.begin[modes[i].dir]);
		EXPECT_EQ(before.end[modes[i].dir], count.end[modes[i].dir]);
		EXPECT_EQ(i + 1, count.begin[0] + count.begin[1] + count.begin[2]);
		EXPECT_EQ(0, st_release(self->w.ctx[0], set));
		ASSERT_EQ(0, st_buffer_count(self->test, &self->a, &count));
		EXPECT_EQ(before.end[modes[i].dir] + 1, count.end[modes[i].dir]);
	}
}

TEST_F(window, waiting_opens_none)
{
	long set, h = st_lock_all(self->w.ctx[0], self->a.fd, W, 0);

	ASSERT_LE(0, h);
	set = st_lock_all(self->w.ctx[1], self->a.fd, W, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_EQ(1, count_total(self->test, &self->a, false));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], set));
	EXPECT_EQ(2, count_total(self->test, &self->a, false));
	EXPECT_EQ(1, count_total(self->test, &self->a, true));
	EXPECT_EQ(0, st_release(self->w.ctx[1], set));
	EXPECT_EQ(2, count_total(self->test, &self->a, true));
}

TEST_F(window, refused_and_cancelled_requests_open_none)
{
	long set;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->a.fd, W, 0));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->a.fd, W, TRY));
	EXPECT_EQ(-ETIMEDOUT, st_lock_ms(self->w.ctx[1], self->a.fd, W, 0, TO_END, 10));
	set = st_lock_all(self->w.ctx[1], self->a.fd, W, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->w.ctx[1], set));
	EXPECT_EQ(1, count_total(self->test, &self->a, false));
	EXPECT_EQ(0, count_total(self->test, &self->a, true));
}

TEST_F(window, dma_accesses_open_none)
{
	long job = st_sync_locked(self->test, self->a.fd, DMA_BUF_ACCESS_DMA_RW, 0, TO_END,
				  DST_LOCK_WAIT);

	ASSERT_LE(0, job);
	EXPECT_EQ(0, st_test_destroy(self->test, job));
	EXPECT_EQ(0, count_total(self->test, &self->a, false));
	EXPECT_EQ(0, count_total(self->test, &self->a, true));
}

/* The window opens only when the stock driver's engine is done with the buffer. */
TEST_F(window, opens_after_the_fence_wait)
{
	long fence = st_fence_stock(self->test, self->a.fd, DST_USAGE_WRITE);
	long set = st_lock_all(self->w.ctx[0], self->a.fd, R, QUEUE);

	ASSERT_LE(0, set);
	EXPECT_TRUE(ST_STAYS(count_total(self->test, &self->a, false) == 0));
	EXPECT_EQ(0, st_fence_signal(self->test, fence, DST_HARDIRQ, 0, 0));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
	EXPECT_EQ(1, count_total(self->test, &self->a, false));
}

TEST_F(window, close_and_kill_close_it)
{
	pid_t pid;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->a.fd, RW, 0));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(1, count_total(self->test, &self->a, true));
	pid = st_fork();
	if (!pid) {
		st_lock_all(st_context_open(), self->b.fd, RW, 0);
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(count_total(self->test, &self->b, false) == 1));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_TRUE(ST_UNTIL(count_total(self->test, &self->b, true) == 1));
}

/* end_cpu_access may sleep: an unlock in an interrupt leaves it to a worker. */
TEST_F(window, unlock_from_hard_interrupt_closes_it)
{
	long sync = st_sync_locked(self->test, self->a.fd, W, 0, TO_END, DST_LOCK_WAIT);

	ASSERT_LE(0, sync);
	EXPECT_EQ(1, count_total(self->test, &self->a, false));
	EXPECT_EQ(0, st_sync_unlock(self->test, sync, DST_HARDIRQ));
	EXPECT_TRUE(ST_UNTIL(count_total(self->test, &self->a, true) == 1));
	EXPECT_TRUE(ST_UNTIL(st_snapshot(0, NULL, 0) == 0));
}

/* A set over two buffers, the second of which fails: the first window is closed again. */
TEST_F(window, failing_exporter_fails_the_set)
{
	struct dmabuf_sync_access entries[] = {
		st_access(self->a.fd, W, 0, TO_END), st_access(self->b.fd, W, 0, TO_END),
	};

	ASSERT_EQ(0, st_buffer_fault(self->test, &self->b, 1, -EIO, 0));
	EXPECT_EQ(-EIO, st_lock_set(self->w.ctx[0], entries, 2, 0));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_TRUE(is_balanced(self->test, &self->a));
	EXPECT_EQ(0, count_total(self->test, &self->b, true));
	/* The fault is used up; nothing stuck. */
	EXPECT_LE(0, st_lock_set(self->w.ctx[0], entries, 2, 0));
}

TEST_F(window, failing_exporter_fails_every_kind_of_request)
{
	long sync = st_sync_new(self->test), h, set;
	struct dmabuf_sync_event event;

	ASSERT_EQ(0, st_buffer_fault(self->test, &self->a, 3, -ENXIO, 0));
	EXPECT_EQ(-ENXIO, st_lock_all(self->w.ctx[0], self->a.fd, R, TRY));
	EXPECT_EQ(-ENXIO, st_lock_all(self->w.ctx[0], self->a.fd, R, QUEUE));
	ASSERT_EQ(0, st_sync_get(self->test, sync, self->a.fd, R, 0, 0));
	EXPECT_EQ(-ENXIO, st_sync_lock(self->test, sync, DST_LOCK_WAIT, 0));
	/* And one that had to wait: the event tells. */
	h = st_lock_all(self->w.ctx[0], self->a.fd, W, 0);
	ASSERT_LE(0, h);
	set = st_lock_all(self->w.ctx[1], self->a.fd, R, QUEUE);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->a, 1, -ENXIO, 0));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	ASSERT_EQ(0, st_event_read(self->w.ctx[1], &event, ST_SOON_MS));
	EXPECT_EQ(-ENXIO, event.result);
	EXPECT_EQ(-ENOENT, st_release(self->w.ctx[1], set));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
}

/* An abandoned mark that a failed set took over is still told to the next writer. */
TEST_F(window, failed_set_does_not_swallow_the_abandoned_flag)
{
	struct dmabuf_sync_access entry = st_access(self->a.fd, W, 0, TO_END);
	struct dmabuf_sync_acquire out;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->a.fd, W, 0));
	st_context_reopen(&self->w.ctx[0]);
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->a, 1, -EIO, 0));
	EXPECT_EQ(-EIO, st_lock_all(self->w.ctx[0], self->a.fd, W, 0));
	ASSERT_EQ(0, st_acquire(self->w.ctx[0], &entry, 1, 0, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
}

/* A slow exporter delays its own buffer's user, and nobody else's. */
TEST_F(window, slow_exporter_does_not_hold_up_other_buffers)
{
	struct st_call call;
	int64_t begin;

	ASSERT_EQ(0, st_buffer_fault(self->test, &self->a, 0, 0, 1500));
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->a.fd, W, 0, TO_END));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[7], self->a.fd, 0) == 1));
	begin = st_now_ns();
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->b.fd, W, 0));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[2], self->a.fd, R, TRY));
	EXPECT_FALSE(st_call_done(&call));
	EXPECT_GT(begin + ST_NSEC_PER_SEC, st_now_ns());
	EXPECT_LE(0, st_call_end(&call));
}

/* Stock udmabuf loses a mapping when two first calls meet: here no two of a buffer do. */
TEST_F(window, calls_of_one_buffer_do_not_meet)
{
	struct st_call calls[4];
	struct dst_count count;
	unsigned int i;

	ASSERT_EQ(0, st_buffer_fault(self->test, &self->a, 0, 0, 20));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, st_call_lock(&calls[i], self->w.ctx[i], self->a.fd, R, 0, TO_END));
	for (i = 0; i < 4; i++)
		EXPECT_LE(0, st_call_end(&calls[i]));
	ASSERT_EQ(0, st_buffer_count(self->test, &self->a, &count));
	EXPECT_EQ(1, count.calls_max);
}

/* A release always succeeds. */
TEST_F(window, failing_end_is_the_end)
{
	long set = st_lock_all(self->w.ctx[0], self->a.fd, W, 0);

	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_buffer_fault_end(self->test, &self->a, 1, -EINTR));
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	set = st_lock_all(self->w.ctx[1], self->a.fd, W, TRY);
	EXPECT_LE(0, set);
	EXPECT_EQ(0, st_release(self->w.ctx[1], set));
}

/* -EINTR of an exporter is passed on as it is, and nothing is left. */
TEST_F(window, interrupted_exporter_is_reported)
{
	ASSERT_EQ(0, st_buffer_fault(self->test, &self->a, 1, -EINTR, 0));
	EXPECT_EQ(-EINTR, st_lock_all(self->w.ctx[0], self->a.fd, W, 0));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->a.fd, W, TRY));
}

TEST_HARNESS_MAIN
