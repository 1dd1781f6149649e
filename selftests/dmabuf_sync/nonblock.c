// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 6: NONBLOCK never sleeps for another owner, a job or a fence, and never fails
 * when no conflict exists. And the two ways to wait with an end: deadline and timeout.
 */
#include <kselftest_harness.h>
#include <time.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK

/* The longest of many calls: a call that slept for the holder would take 5 s. */
#define NEVER_SLEEPS_NS	(st_slowness() * ST_NSEC_PER_SEC)
#define ROUNDS		200

FIXTURE(nb)
{
	struct st_world w;
	int fd;
};

FIXTURE_SETUP(nb)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(nb)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Try again and again; the longest call, or an error when one did not say EAGAIN. */
static int64_t longest_eagain(int ctx, int fd, uint32_t access)
{
	int64_t begin, longest = 0;
	unsigned int i;
	long ret;

	for (i = 0; i < ROUNDS; i++) {
		begin = st_now_ns();
		ret = st_lock_all(ctx, fd, access, TRY);
		if (st_now_ns() - begin > longest)
			longest = st_now_ns() - begin;
		if (ret != -EAGAIN)
			return INT64_MAX;
	}
	return longest;
}

TEST_F(nb, behind_a_holder_says_eagain_at_once)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	EXPECT_GT(NEVER_SLEEPS_NS, longest_eagain(self->w.ctx[1], self->fd, R));
	EXPECT_GT(NEVER_SLEEPS_NS, longest_eagain(self->w.ctx[1], self->fd, W));
}

TEST_F(nb, behind_a_queued_request_says_eagain_at_once)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, DMABUF_SYNC_ACQUIRE_QUEUE));
	EXPECT_GT(NEVER_SLEEPS_NS, longest_eagain(self->w.ctx[2], self->fd, R));
}

TEST_F(nb, behind_a_dma_job_says_eagain_at_once)
{
	long fence = st_fence_new(self->w.test, NULL);
	long job = st_sync_locked(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END,
				  DST_LOCK_TRY);

	ASSERT_LE(0, fence);
	ASSERT_LE(0, job);
	EXPECT_GT(NEVER_SLEEPS_NS, longest_eagain(self->w.ctx[0], self->fd, R));
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	EXPECT_GT(NEVER_SLEEPS_NS, longest_eagain(self->w.ctx[0], self->fd, R));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, TRY));
}

/* A reader is kept out by WRITE fences of stock drivers only, a writer by READ ones, too. */
TEST_F(nb, behind_a_stock_fence_says_eagain_at_once)
{
	long read = st_fence_stock(self->w.test, self->fd, DST_USAGE_READ);
	long write;

	ASSERT_LE(0, read);
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, TRY));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_GT(NEVER_SLEEPS_NS, longest_eagain(self->w.ctx[0], self->fd, W));
	write = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE);
	ASSERT_LE(0, write);
	EXPECT_GT(NEVER_SLEEPS_NS, longest_eagain(self->w.ctx[0], self->fd, R));
	EXPECT_EQ(0, st_fence_signal(self->w.test, write, DST_HARDIRQ, 0, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, TRY));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, st_fence_signal(self->w.test, read, DST_SOFTIRQ, 0, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, TRY));
}

TEST_F(nb, driver_trylock_says_eagain_at_once)
{
	long sync = st_sync_new(self->w.test);
	int64_t begin = st_now_ns();
	unsigned int i;

	ASSERT_LE(0, sync);
	ASSERT_EQ(0, st_sync_get(self->w.test, sync, self->fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	for (i = 0; i < ROUNDS; i++)
		EXPECT_EQ(-EAGAIN, st_sync_lock(self->w.test, sync, DST_LOCK_TRY, 0));
	EXPECT_GT(NEVER_SLEEPS_NS, st_now_ns() - begin);
	EXPECT_EQ(-EAGAIN, st_single_lock(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W,
					  false));
}

/* Threads that work on ranges of their own never see EAGAIN from each other. */
struct lane {
	int ctx, fd, nr, failed;
};

static void *lane_thread(void *arg)
{
	struct lane *lane = arg;
	unsigned int i;
	long set;

	for (i = 0; i < 2000 && !lane->failed; i++) {
		set = st_lock(lane->ctx, lane->fd, W, lane->nr * 64, 64, TRY);
		lane->failed = set < 0 ? set : st_release(lane->ctx, set);
	}
	return NULL;
}

TEST_F(nb, never_fails_without_a_conflict)
{
	struct lane lanes[4];
	pthread_t threads[4];
	int i;

	for (i = 0; i < 4; i++) {
		lanes[i] = (struct lane){ self->w.ctx[i], self->fd, i, 0 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, lane_thread, &lanes[i]));
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, lanes[i].failed);
	}
}

/* What was released is free for the very next call, from whatever context. */
TEST_F(nb, succeeds_right_after_a_release)
{
	unsigned int i;
	long set;

	for (i = 0; i < ROUNDS; i++) {
		int ctx = self->w.ctx[i % 2];

		set = st_lock_all(ctx, self->fd, W, TRY);
		ASSERT_LE(0, set) TH_LOG("round %u", i);
		ASSERT_EQ(0, st_release(ctx, set));
	}
	for (i = 0; i < ROUNDS; i++) {
		set = st_sync_locked(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END,
				     DST_LOCK_TRY);
		ASSERT_LE(0, set) TH_LOG("round %u", i);
		ASSERT_EQ(0, st_sync_unlock(self->w.test, set, i % 3));
		EXPECT_EQ(0, st_test_destroy(self->w.test, set));
	}
}

/* A fence in the buffer of somebody else's range: the framework's job is no obstacle. */
TEST_F(nb, succeeds_beside_a_job_on_other_bytes)
{
	long fence = st_fence_new(self->w.test, NULL);
	long job = st_sync_locked(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W, 0, ST_PAGE,
				  DST_LOCK_TRY);

	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	EXPECT_LE(0, st_lock(self->w.ctx[0], self->fd, W, ST_PAGE, ST_PAGE, TRY));
	EXPECT_EQ(-EAGAIN, st_lock(self->w.ctx[0], self->fd, W, 0, ST_PAGE, TRY));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
}

FIXTURE(deadline)
{
	struct st_world w;
	int fd;
	struct dmabuf_sync_access entry;
};

FIXTURE_SETUP(deadline)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->entry = st_access(self->fd, W, 0, TO_END);
}

FIXTURE_TEARDOWN(deadline)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Not before the deadline, and not long after it. */
TEST_F(deadline, etimedout_comes_at_the_deadline)
{
	int64_t deadline;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	deadline = st_now_ns() + 100 * ST_NSEC_PER_MSEC;
	EXPECT_EQ(-ETIMEDOUT, st_acquire(self->w.ctx[1], &self->entry, 1, 0, deadline, 0,
					 NULL));
	EXPECT_LE(deadline, st_now_ns());
	EXPECT_GT(deadline + 2 * ST_NSEC_PER_SEC, st_now_ns());
	EXPECT_EQ(1, st_snapshot(0, NULL, 0));
}

TEST_F(deadline, passed_deadline_fails_only_if_it_would_wait)
{
	EXPECT_EQ(0, st_acquire(self->w.ctx[0], &self->entry, 1, 0, 1, 0, NULL));
	EXPECT_EQ(-ETIMEDOUT, st_acquire(self->w.ctx[1], &self->entry, 1, 0, 1, 0, NULL));
}

TEST_F(deadline, release_before_the_deadline_acquires)
{
	long set = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	struct st_call call;

	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_call_start(&call, self->w.ctx[1], &self->entry, 1,
				   st_now_ns() + 20 * ST_NSEC_PER_SEC));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[2], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_LE(0, st_call_end(&call));
}

/* The wait for a stock driver's fence has the same end. */
TEST_F(deadline, etimedout_comes_while_waiting_for_a_fence)
{
	long fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE);

	ASSERT_LE(0, fence);
	EXPECT_EQ(-ETIMEDOUT, st_lock_ms(self->w.ctx[1], self->fd, R, 0, TO_END, 50));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_PROCESS, 0, 0));
	EXPECT_LE(0, st_lock_ms(self->w.ctx[1], self->fd, R, 0, TO_END, ST_SOON_MS));
}

TEST_F(deadline, driver_timeout_ends_the_wait)
{
	long sync = st_sync_new(self->w.test);
	int64_t begin = st_now_ns();

	ASSERT_LE(0, sync);
	ASSERT_EQ(0, st_sync_get(self->w.test, sync, self->fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	EXPECT_EQ(-ETIMEDOUT, st_sync_lock(self->w.test, sync, DST_LOCK_TIMEOUT,
					   50 * ST_NSEC_PER_MSEC));
	EXPECT_LE(begin + 50 * ST_NSEC_PER_MSEC, st_now_ns());
	EXPECT_EQ(-ETIMEDOUT, st_sync_lock(self->w.test, sync, DST_LOCK_TIMEOUT, 0));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, st_sync_lock(self->w.test, sync, DST_LOCK_TIMEOUT, UINT64_MAX));
}

/* A timed-out request leaves its place: the next one does not wait for it. */
TEST_F(deadline, timed_out_request_leaves_the_queue)
{
	long h = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	long later;

	ASSERT_LE(0, h);
	EXPECT_EQ(-ETIMEDOUT, st_lock_ms(self->w.ctx[1], self->fd, W, 0, TO_END, 20));
	later = st_lock_all(self->w.ctx[2], self->fd, R, TRY);
	EXPECT_LE(0, later);
}

/* A wait sleeps: it does not burn the processor. */
TEST_F(deadline, waiting_costs_no_processor_time)
{
	struct timespec before, after;
	int64_t cpu_ns;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	EXPECT_EQ(-ETIMEDOUT, st_lock_ms(self->w.ctx[1], self->fd, W, 0, TO_END, 500));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	cpu_ns = (after.tv_sec - before.tv_sec) * ST_NSEC_PER_SEC +
		 after.tv_nsec - before.tv_nsec;
	EXPECT_GT(100 * ST_NSEC_PER_MSEC, cpu_ns);
}

/**
 * struct jobs - one job after the other, each ended by its fence in hard interrupt
 * @error: of a call that failed
 */
struct jobs {
	struct st_world *w;
	bool stop;
	int error;
};

static void *jobs_thread(void *arg)
{
	struct jobs *jobs = arg;
	int test = jobs->w->test;
	long job, fence;

	while (!jobs->error && !__atomic_load_n(&jobs->stop, __ATOMIC_ACQUIRE)) {
		fence = st_fence_new(test, NULL);
		job = st_sync_locked(test, jobs->w->buf[0].fd, DMA_BUF_ACCESS_DMA_W, 0, 1,
				     DST_LOCK_TRY);
		jobs->error = job < 0 ? job : st_sync_commit(test, job, fence) ?:
			      st_fence_signal(test, fence, DST_HARDIRQ, 0, 0) ?:
			      st_test_destroy(test, job) ?: st_test_destroy(test, fence);
	}
	return NULL;
}

/* Jobs come and go on other bytes: at no moment, not even as they end, are they in the way. */
TEST_F_TIMEOUT(nb, jobs_that_end_on_other_bytes_are_not_in_the_way, 60)
{
	int64_t end_ns = st_now_ns() + 5 * ST_NSEC_PER_SEC;
	struct jobs jobs = { .w = &self->w };
	pthread_t thread;
	long set;

	ASSERT_EQ(0, pthread_create(&thread, NULL, jobs_thread, &jobs));
	do {
		set = st_lock(self->w.ctx[0], self->fd, W, 100, 1, TRY);
		if (set >= 0)
			st_release(self->w.ctx[0], set);
	} while (set >= 0 && st_now_ns() < end_ns);
	__atomic_store_n(&jobs.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_LE(0, set);
	EXPECT_EQ(0, jobs.error);
}

TEST_HARNESS_MAIN
