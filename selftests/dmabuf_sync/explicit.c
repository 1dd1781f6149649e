// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver keeps the fence of a job out of the implicit synchronization of a buffer: stock users
 * of the resv do not wait for it, memory management does, and so do all users of the framework.
 */
#include <kselftest_harness.h>
#include <poll.h>

#include "st.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define X_R	(DMA_R | DST_EXPLICIT)
#define X_W	(DMA_W | DST_EXPLICIT)
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(explicit)
{
	struct st_world w;
	int fd, other, test;
	long sync, fence;
	struct dst_fence told;
};

/* A sync object that has no access yet, and a fence for its job. */
FIXTURE_SETUP(explicit)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->other = self->w.buf[1].fd;
	self->test = self->w.test;
	self->sync = st_sync_new(self->test);
	ASSERT_LE(0, self->sync);
	self->fence = st_fence_new(self->test, &self->told);
	ASSERT_LE(0, self->fence);
}

FIXTURE_TEARDOWN(explicit)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Commit what @sync asks for. Return: 0 or a negative errno. */
static int commit(int test, long sync, long fence)
{
	return st_sync_lock(test, sync, DST_LOCK_TRY, 0) ?: st_sync_commit(test, sync, fence);
}

static int signal_now(int test, long fence, int error)
{
	return st_fence_signal(test, fence, DST_HARDIRQ, error, 0);
}

/* The strongest usage of the fences in the buffer's resv, or -ENOENT. */
static int usage_of(int test, int fd)
{
	int usage, nr;

	for (usage = DST_USAGE_KERNEL; usage <= DST_USAGE_BOOKKEEP; usage++) {
		nr = st_resv_count(test, fd, usage);
		if (nr)
			return nr < 0 ? nr : usage;
	}
	return -ENOENT;
}

static bool is_free(struct st_world *w)
{
	long set = st_lock_all(w->ctx[6], w->buf[0].fd, W, TRY);

	return set >= 0 && !st_release(w->ctx[6], set);
}

TEST_F(explicit, write_is_for_memory_management_alone)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	EXPECT_EQ(-ENOENT, usage_of(self->test, self->fd));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(DST_USAGE_BOOKKEEP, usage_of(self->test, self->fd));
	EXPECT_EQ(1, st_resv_count(self->test, self->fd, DST_USAGE_BOOKKEEP));
	ASSERT_EQ(0, signal_now(self->test, self->fence, 0));
	EXPECT_EQ(-ENOENT, usage_of(self->test, self->fd));
}

TEST_F(explicit, read_is_for_memory_management_alone)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_R, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(DST_USAGE_BOOKKEEP, usage_of(self->test, self->fd));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
}

/* A job that says so of one buffer, and not of the other. */
TEST_F(explicit, is_said_of_each_access)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->other, DMA_R, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(DST_USAGE_BOOKKEEP, usage_of(self->test, self->fd));
	EXPECT_EQ(DST_USAGE_READ, usage_of(self->test, self->other));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
}

/* The write is nobody's business: what is published is the read. */
TEST_F(explicit, write_beside_a_read_of_the_same_buffer_publishes_the_read)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, ST_PAGE));
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, DMA_R, ST_PAGE, ST_PAGE));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(DST_USAGE_READ, usage_of(self->test, self->fd));
	EXPECT_EQ(1, st_resv_count(self->test, self->fd, DST_USAGE_BOOKKEEP));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
}

TEST_F(explicit, read_beside_a_write_of_the_same_buffer_publishes_the_write)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_R, 0, ST_PAGE));
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, DMA_W, ST_PAGE, ST_PAGE));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(DST_USAGE_WRITE, usage_of(self->test, self->fd));
	EXPECT_EQ(1, st_resv_count(self->test, self->fd, DST_USAGE_BOOKKEEP));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
}

/* Said of the accesses, not of the object: the next job is published again. */
TEST_F(explicit, object_is_used_for_both)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	ASSERT_EQ(0, signal_now(self->test, self->fence, 0));
	ASSERT_EQ(0, st_sync_put(self->test, self->sync, self->fd));
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, DMA_W, 0, 0));
	self->fence = st_fence_new(self->test, NULL);
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(DST_USAGE_WRITE, usage_of(self->test, self->fd));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
}

/*
 * job      XXXXXXXX........  nothing of it in the resv
 * context  ..qqqqqqHHHH....  waits for it all the same
 */
TEST_F(explicit, context_waits_for_the_job)
{
	long set;

	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	set = st_lock_all(self->w.ctx[0], self->fd, R, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_TRUE(ST_STAYS(!st_event_pending(self->w.ctx[0], 0)));
	ASSERT_EQ(0, signal_now(self->test, self->fence, 0));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
}

TEST_F(explicit, writer_waits_for_the_read)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_R, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[0], self->fd, W, TRY));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, TRY));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
}

/* poll() of the buffer asks the framework as well as the fences. */
TEST_F(explicit, poll_of_the_buffer_waits_for_the_job)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN };

	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(0, signal_now(self->test, self->fence, 0));
	EXPECT_EQ(1, poll(&pfd, 1, ST_SOON_MS));
	EXPECT_EQ(POLLIN, pfd.revents);
}

/* What the job waits for is as ever: it is its own fence that is not for stock drivers. */
TEST_F(explicit, job_waits_for_fences_of_stock_drivers)
{
	long stock = st_fence_stock(self->test, self->fd, DST_USAGE_READ);

	ASSERT_LE(0, stock);
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	EXPECT_EQ(-EAGAIN, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	ASSERT_EQ(0, signal_now(self->test, stock, 0));
	EXPECT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
}

/* One that came after the acquisition holds the commit. */
TEST_F(explicit, commit_waits_for_a_late_fence_of_a_stock_driver)
{
	struct dst_wait wait;
	long cpu, stock;

	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	cpu = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, cpu);
	stock = st_fence_stock(self->test, self->fd, DST_USAGE_WRITE);
	ASSERT_LE(0, stock);
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_COMMIT, self->fence));
	ASSERT_EQ(0, st_release(self->w.ctx[0], cpu));
	EXPECT_EQ(-ETIME, st_sync_wait(self->test, self->sync, ST_WHILE_MS, &wait));
	ASSERT_EQ(0, signal_now(self->test, stock, 0));
	EXPECT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_EQ(DST_USAGE_BOOKKEEP, usage_of(self->test, self->fd));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
}

/* A job that follows is told of it, where the resv tells nothing. */
TEST_F(explicit, follower_is_told_the_fence)
{
	long follower = st_sync_follower(self->test);
	long fence = st_fence_new(self->test, NULL);
	struct dst_after after;

	ASSERT_LE(0, follower);
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	ASSERT_EQ(0, st_sync_get(self->test, follower, self->fd, X_R, 0, 0));
	ASSERT_EQ(0, st_sync_lock(self->test, follower, DST_LOCK_TRY, 0));
	ASSERT_EQ(1, st_sync_commit_after(self->test, follower, fence, &after));
	EXPECT_EQ(self->told.context, after.contexts[0]);
	EXPECT_EQ(self->told.seqno, after.seqnos[0]);
	EXPECT_EQ(DST_USAGE_BOOKKEEP, usage_of(self->test, self->fd));
	EXPECT_EQ(0, signal_now(self->test, self->fence, 0));
	EXPECT_EQ(0, signal_now(self->test, fence, 0));
}

TEST_F(explicit, failed_job_releases)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	EXPECT_FALSE(is_free(&self->w));
	ASSERT_EQ(0, signal_now(self->test, self->fence, -EIO));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(-ENOENT, usage_of(self->test, self->fd));
}

TEST_F(explicit, cancelled_request_leaves_nothing)
{
	long cpu = st_lock_all(self->w.ctx[0], self->fd, W, 0);

	ASSERT_LE(0, cpu);
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_COMMIT, self->fence));
	EXPECT_EQ(1, st_sync_cancel(self->test, self->sync));
	ASSERT_EQ(0, st_release(self->w.ctx[0], cpu));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(-ENOENT, usage_of(self->test, self->fd));
}

/* The fence releases the bytes, whether the object is there or not. */
TEST_F(explicit, finished_object_leaves_the_job_to_its_fence)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, X_W, 0, 0));
	ASSERT_EQ(0, commit(self->test, self->sync, self->fence));
	ASSERT_EQ(0, st_test_destroy(self->test, self->sync));
	EXPECT_FALSE(is_free(&self->w));
	ASSERT_EQ(0, signal_now(self->test, self->fence, 0));
	EXPECT_TRUE(is_free(&self->w));
}

TEST_F(explicit, cpu_access_cannot_be)
{
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, self->sync, self->fd, W | DST_EXPLICIT, 0, 0));
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, self->sync, self->fd, DST_EXPLICIT, 0, 0));
	EXPECT_EQ(-EINVAL, st_lock_all(self->w.ctx[0], self->fd, W | DST_EXPLICIT, TRY));
	EXPECT_EQ(-EINVAL, st_single_lock(self->test, self->fd, R | DST_EXPLICIT, false));
}

TEST_HARNESS_MAIN
