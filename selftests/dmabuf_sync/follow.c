// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA after DMA: jobs that wait for fences by themselves are acquired while others still work, are
 * told which fences they follow, and keep everybody else out until their own one has signaled.
 */
#include <kselftest_harness.h>

#include "st.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define MANY	200

/**
 * struct job - a job that is committed
 * @sync: its sync object
 * @fence: its fence, and what that is called
 */
struct job {
	long sync, fence;
	struct dst_fence told;
};

FIXTURE(follow)
{
	struct st_world w;
	int fd, test;
};

FIXTURE_SETUP(follow)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->test = self->w.test;
}

FIXTURE_TEARDOWN(follow)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* A job that does not follow, locked. Return: 0 or a negative errno. */
static int job_lock(struct st_world *w, struct job *job, uint32_t mode, uint64_t offset,
		    uint64_t length)
{
	job->sync = st_sync_locked(w->test, w->buf[0].fd, mode, offset, length, DST_LOCK_TRY);
	job->fence = st_fence_new(w->test, &job->told);
	return job->sync < 0 ? job->sync : job->fence < 0 ? job->fence : 0;
}

static int job_start(struct st_world *w, struct job *job, uint32_t mode)
{
	return job_lock(w, job, mode, 0, 0) ?: st_sync_commit(w->test, job->sync, job->fence);
}

static int job_end(struct st_world *w, const struct job *job)
{
	return st_fence_signal(w->test, job->fence, DST_HARDIRQ, 0, 0);
}

/* One that follows, not locked. */
static int follower_new(struct st_world *w, struct job *job, uint32_t mode, uint64_t offset,
			uint64_t length)
{
	job->sync = st_sync_follower(w->test);
	job->fence = st_fence_new(w->test, &job->told);
	if (job->sync < 0 || job->fence < 0)
		return -ENOMEM;
	return st_sync_get(w->test, job->sync, w->buf[0].fd, mode, offset, length);
}

static int follower_try(struct st_world *w, struct job *job, uint32_t mode)
{
	return follower_new(w, job, mode, 0, 0) ?:
	       st_sync_lock(w->test, job->sync, DST_LOCK_TRY, 0);
}

static bool names(const struct dst_after *after, const struct job *job)
{
	unsigned int i;

	for (i = 0; i < after->nr && i < DST_MAX_AFTER; i++)
		if (after->contexts[i] == job->told.context &&
		    after->seqnos[i] == job->told.seqno)
			return true;
	return false;
}

static bool is_free(struct st_world *w, uint32_t mode)
{
	long set = st_lock_all(w->ctx[6], w->buf[0].fd, mode, TRY);

	return set >= 0 && !st_release(w->ctx[6], set);
}

/*
 *   A  committed ─────── fence A
 *   B     committed, after A ─────── fence B
 */
TEST_F(follow, job_is_acquired_beside_a_committed_one)
{
	struct dst_after after;
	struct job a, b;

	ASSERT_EQ(0, job_start(&self->w, &a, DMA_W));
	ASSERT_EQ(0, follower_try(&self->w, &b, DMA_W));
	ASSERT_EQ(1, st_sync_commit_after(self->test, b.sync, b.fence, &after));
	EXPECT_TRUE(names(&after, &a));
	EXPECT_EQ(2, st_query_count(self->w.ctx[0], self->fd, DMABUF_SYNC_STATE_COMMITTED));
	EXPECT_EQ(2, st_snapshot_count(self->w.buf[0].ino, "committed"));
	ASSERT_EQ(0, job_end(&self->w, &a));
	EXPECT_FALSE(is_free(&self->w, R));
	ASSERT_EQ(0, job_end(&self->w, &b));
	EXPECT_TRUE(is_free(&self->w, W));
}

/* Whatever the order in which they end. */
TEST_F(follow, cpu_waits_for_all_of_a_chain)
{
	struct job a, b, c;
	long set;

	ASSERT_EQ(0, job_start(&self->w, &a, DMA_W));
	ASSERT_EQ(0, follower_try(&self->w, &b, DMA_W));
	ASSERT_EQ(1, st_sync_commit_after(self->test, b.sync, b.fence, NULL));
	ASSERT_EQ(0, follower_try(&self->w, &c, DMA_R));
	ASSERT_EQ(2, st_sync_commit_after(self->test, c.sync, c.fence, NULL));
	set = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, job_end(&self->w, &b));
	EXPECT_FALSE(st_event_pending(self->w.ctx[0], 0));
	ASSERT_EQ(0, job_end(&self->w, &c));
	EXPECT_FALSE(st_event_pending(self->w.ctx[0], 0));
	ASSERT_EQ(0, job_end(&self->w, &a));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
}

/* Its fence is not there yet: nobody could follow it. */
TEST_F(follow, job_that_is_not_committed_is_waited_for)
{
	struct job a, b, c;
	struct dst_wait wait;

	ASSERT_EQ(0, job_lock(&self->w, &a, DMA_W, 0, 0));
	EXPECT_EQ(-EAGAIN, follower_try(&self->w, &b, DMA_W));
	ASSERT_EQ(0, follower_new(&self->w, &c, DMA_W, 0, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, c.sync,
					DST_READY_COMMIT | DST_READY_AFTER, c.fence));
	EXPECT_EQ(-ETIME, st_sync_wait(self->test, c.sync, 0, &wait));
	ASSERT_EQ(0, st_sync_commit(self->test, a.sync, a.fence));
	EXPECT_EQ(0, st_sync_result(self->test, c.sync));
	EXPECT_EQ(2, st_query_count(self->w.ctx[0], self->fd, DMABUF_SYNC_STATE_COMMITTED));
	EXPECT_EQ(0, job_end(&self->w, &a));
	EXPECT_EQ(0, job_end(&self->w, &c));
}

/* A crowd that waits for one that is not committed: each commit lets the next one in. */
TEST_F(follow, chain_is_committed_from_end_to_end)
{
	struct job first, jobs[16];
	unsigned int i;

	ASSERT_EQ(0, job_lock(&self->w, &first, DMA_W, 0, 0));
	for (i = 0; i < ST_ARRAY_SIZE(jobs); i++) {
		ASSERT_EQ(0, follower_new(&self->w, &jobs[i], DMA_W, 0, 0));
		ASSERT_EQ(0, st_sync_lock_async(self->test, jobs[i].sync,
						DST_READY_COMMIT | DST_READY_AFTER,
						jobs[i].fence));
	}
	ASSERT_EQ(0, st_sync_commit(self->test, first.sync, first.fence));
	for (i = 0; i < ST_ARRAY_SIZE(jobs); i++)
		EXPECT_EQ(0, st_sync_result(self->test, jobs[i].sync));
	EXPECT_EQ(1 + ST_ARRAY_SIZE(jobs),
		  st_query_count(self->w.ctx[0], self->fd, DMABUF_SYNC_STATE_COMMITTED));
	ASSERT_EQ(0, job_end(&self->w, &first));
	for (i = 0; i < ST_ARRAY_SIZE(jobs); i++)
		ASSERT_EQ(0, job_end(&self->w, &jobs[i]));
	EXPECT_TRUE(is_free(&self->w, W));
}

/* a(commits)  cpu: W  b: follows      b comes behind the CPU, which came first. */
TEST_F(follow, earlier_request_goes_first)
{
	struct job a, b;
	long set;

	ASSERT_EQ(0, job_start(&self->w, &a, DMA_W));
	set = st_lock_all(self->w.ctx[0], self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_EQ(-EAGAIN, follower_try(&self->w, &b, DMA_W));
	ASSERT_EQ(0, st_sync_lock_async(self->test, b.sync, DST_READY_COMMIT | DST_READY_AFTER,
					b.fence));
	ASSERT_EQ(0, job_end(&self->w, &a));
	ASSERT_EQ(0, st_event_result(self->w.ctx[0], set));
	EXPECT_EQ(1, st_query_count(self->w.ctx[1], self->fd, DMABUF_SYNC_STATE_QUEUED));
	ASSERT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_EQ(0, st_sync_result(self->test, b.sync));
	EXPECT_EQ(0, job_end(&self->w, &b));
}

TEST_F(follow, cpu_that_holds_is_waited_for)
{
	long set = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	struct job b;

	ASSERT_LE(0, set);
	EXPECT_EQ(-EAGAIN, follower_try(&self->w, &b, DMA_W));
	ASSERT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_EQ(0, st_sync_lock(self->test, b.sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(0, st_sync_unlock(self->test, b.sync, DST_PROCESS));
}

/* Only what conflicts: readers follow no readers, and other bytes concern nobody. */
TEST_F(follow, job_follows_what_conflicts)
{
	struct job a, b, c, d;
	struct dst_after after;

	ASSERT_EQ(0, job_lock(&self->w, &a, DMA_R, 0, ST_PAGE));
	ASSERT_EQ(0, st_sync_commit(self->test, a.sync, a.fence));
	ASSERT_EQ(0, job_lock(&self->w, &b, DMA_W, ST_PAGE, ST_PAGE));
	ASSERT_EQ(0, st_sync_commit(self->test, b.sync, b.fence));
	ASSERT_EQ(0, follower_new(&self->w, &c, DMA_R, 0, ST_PAGE));
	ASSERT_EQ(0, st_sync_lock(self->test, c.sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(0, st_sync_commit_after(self->test, c.sync, c.fence, &after));
	ASSERT_EQ(0, follower_new(&self->w, &d, DMA_W, 0, 2 * ST_PAGE));
	ASSERT_EQ(0, st_sync_lock(self->test, d.sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(3, st_sync_commit_after(self->test, d.sync, d.fence, &after));
	EXPECT_TRUE(names(&after, &a));
	EXPECT_TRUE(names(&after, &b));
	EXPECT_TRUE(names(&after, &c));
	EXPECT_EQ(0, job_end(&self->w, &a));
	EXPECT_EQ(0, job_end(&self->w, &b));
	EXPECT_EQ(0, job_end(&self->w, &c));
	EXPECT_EQ(0, job_end(&self->w, &d));
}

/* A fence of a stock driver, by its usage. */
TEST_F(follow, fences_of_stock_drivers_are_followed)
{
	struct job stock = { 0 }, reader, writer;
	struct dst_after after;

	stock.fence = st_fence_new(self->test, &stock.told);
	ASSERT_LE(0, stock.fence);
	ASSERT_EQ(0, st_fence_publish(self->test, stock.fence, self->fd, DST_USAGE_READ));
	ASSERT_EQ(0, follower_try(&self->w, &reader, DMA_R));
	EXPECT_EQ(0, st_sync_commit_after(self->test, reader.sync, reader.fence, &after));
	ASSERT_EQ(0, follower_try(&self->w, &writer, DMA_W));
	EXPECT_EQ(2, st_sync_commit_after(self->test, writer.sync, writer.fence, &after));
	EXPECT_TRUE(names(&after, &stock));
	EXPECT_TRUE(names(&after, &reader));
	EXPECT_EQ(0, job_end(&self->w, &stock));
	EXPECT_EQ(0, job_end(&self->w, &reader));
	EXPECT_EQ(0, job_end(&self->w, &writer));
}

/* Added between the acquisition and the commit (invariant 10). */
TEST_F(follow, fence_that_comes_meanwhile_is_followed)
{
	struct job stock = { 0 }, writer;
	struct dst_after after;

	stock.fence = st_fence_new(self->test, &stock.told);
	ASSERT_EQ(0, follower_try(&self->w, &writer, DMA_W));
	ASSERT_EQ(0, st_fence_publish(self->test, stock.fence, self->fd, DST_USAGE_KERNEL));
	EXPECT_EQ(1, st_sync_commit_after(self->test, writer.sync, writer.fence, &after));
	EXPECT_TRUE(names(&after, &stock));
	EXPECT_EQ(0, job_end(&self->w, &stock));
	EXPECT_EQ(0, job_end(&self->w, &writer));
}

/* Nobody else's job is in the way of those that do not follow. */
TEST_F(follow, others_wait_as_before)
{
	struct job a, b, c;

	ASSERT_EQ(0, job_start(&self->w, &a, DMA_W));
	ASSERT_EQ(0, follower_try(&self->w, &b, DMA_W));
	EXPECT_EQ(-EAGAIN, job_lock(&self->w, &c, DMA_W, 0, 0));
	ASSERT_EQ(0, st_sync_unlock(self->test, b.sync, DST_HARDIRQ));
	EXPECT_EQ(-EAGAIN, job_lock(&self->w, &c, DMA_W, 0, 0));
	ASSERT_EQ(0, job_end(&self->w, &a));
	EXPECT_EQ(0, job_lock(&self->w, &c, DMA_W, 0, 0));
	EXPECT_EQ(0, st_sync_unlock(self->test, c.sync, DST_PROCESS));
}

/* Two buffers: looked at in another way. */
TEST_F(follow, job_in_several_buffers_follows_in_each)
{
	struct dst_after after;
	struct job a, b, c;

	ASSERT_EQ(0, job_start(&self->w, &a, DMA_W));
	ASSERT_EQ(0, follower_new(&self->w, &b, DMA_R, 0, 0));
	ASSERT_EQ(0, st_sync_get(self->test, b.sync, self->w.buf[1].fd, DMA_W, 0, 0));
	ASSERT_EQ(0, st_sync_lock(self->test, b.sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(1, st_sync_commit_after(self->test, b.sync, b.fence, &after));
	EXPECT_TRUE(names(&after, &a));
	ASSERT_EQ(0, follower_new(&self->w, &c, DMA_W, 0, 0));
	ASSERT_EQ(0, st_sync_get(self->test, c.sync, self->w.buf[1].fd, DMA_R, 0, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, c.sync, 0, 0));
	ASSERT_EQ(0, st_sync_result(self->test, c.sync));
	/* b's fence once, though it is in both buffers. */
	EXPECT_EQ(2, st_sync_commit_after(self->test, c.sync, c.fence, &after));
	EXPECT_TRUE(names(&after, &a) && names(&after, &b));
	EXPECT_EQ(0, job_end(&self->w, &a));
	EXPECT_EQ(0, job_end(&self->w, &b));
	EXPECT_EQ(0, job_end(&self->w, &c));
}

TEST_F(follow, commit_that_follows_nothing_is_refused)
{
	struct job b;

	ASSERT_EQ(0, follower_try(&self->w, &b, DMA_W));
	EXPECT_EQ(-EBUSY, st_sync_lock(self->test, b.sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(-EINVAL, st_sync_commit(self->test, b.sync, b.fence));
	EXPECT_EQ(0, st_sync_commit_after(self->test, b.sync, b.fence, NULL));
	EXPECT_EQ(-EBUSY, st_sync_commit_after(self->test, b.sync, b.fence, NULL));
	EXPECT_EQ(0, job_end(&self->w, &b));
}

TEST_F(follow, cpu_access_cannot_follow)
{
	struct job b;

	ASSERT_EQ(0, follower_new(&self->w, &b, R, 0, 0));
	EXPECT_EQ(-EINVAL, st_sync_lock(self->test, b.sync, DST_LOCK_TRY, 0));
}

/* A job behind many, each of them a reader of some bytes. */
TEST_F_TIMEOUT(follow, many_are_followed, 60)
{
	static struct job readers[MANY];
	struct dst_after after;
	struct job writer;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, job_lock(&self->w, &readers[i], DMA_R, i, 1 + i % 3));
		ASSERT_EQ(0, st_sync_commit(self->test, readers[i].sync, readers[i].fence));
	}
	ASSERT_EQ(0, follower_try(&self->w, &writer, DMA_W));
	EXPECT_EQ(MANY, st_sync_commit_after(self->test, writer.sync, writer.fence, &after));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, job_end(&self->w, &readers[i]));
	EXPECT_FALSE(is_free(&self->w, R));
	EXPECT_EQ(0, job_end(&self->w, &writer));
	EXPECT_TRUE(is_free(&self->w, W));
}

/* All who wait for one commit, though each has many jobs to pass over. */
TEST_F_TIMEOUT(follow, commit_lets_all_in, 60)
{
	static struct job writers[MANY];
	struct job last, readers[4];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, job_lock(&self->w, &writers[i], DMA_W, i, 1));
		ASSERT_EQ(0, st_sync_commit(self->test, writers[i].sync, writers[i].fence));
	}
	ASSERT_EQ(0, job_lock(&self->w, &last, DMA_W, MANY, 1));
	for (i = 0; i < ST_ARRAY_SIZE(readers); i++) {
		ASSERT_EQ(0, follower_new(&self->w, &readers[i], DMA_R, 0, 0));
		ASSERT_EQ(0, st_sync_lock_async(self->test, readers[i].sync,
						DST_READY_COMMIT | DST_READY_AFTER,
						readers[i].fence));
	}
	ASSERT_EQ(0, st_sync_commit(self->test, last.sync, last.fence));
	for (i = 0; i < ST_ARRAY_SIZE(readers); i++)
		EXPECT_EQ(0, st_sync_result(self->test, readers[i].sync));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, job_end(&self->w, &writers[i]));
	EXPECT_EQ(0, job_end(&self->w, &last));
	for (i = 0; i < ST_ARRAY_SIZE(readers); i++)
		EXPECT_EQ(0, job_end(&self->w, &readers[i]));
}

TEST_HARNESS_MAIN
