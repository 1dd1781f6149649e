// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver API, call by call: asynchronous requests, commit, cancel, and the end of a
 * sync object in each of its states.
 */
#include <stdatomic.h>

#include <kselftest_harness.h>

#include "st.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK

FIXTURE(drv)
{
	struct st_world w;
	int fd, test;
	long sync, fence;
};

/* A sync object that wants to write the whole of buffer 0, and a fence for its job. */
FIXTURE_SETUP(drv)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->test = self->w.test;
	self->sync = st_sync_new(self->test);
	ASSERT_LE(0, self->sync);
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, DMA_W, 0, 0));
	self->fence = st_fence_new(self->test, NULL);
	ASSERT_LE(0, self->fence);
}

FIXTURE_TEARDOWN(drv)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Can somebody else write the buffer right now? */
static bool is_free(struct st_world *w)
{
	long set = st_lock_all(w->ctx[6], w->buf[0].fd, W, TRY);

	return set >= 0 && !st_release(w->ctx[6], set);
}

static bool becomes_free(struct st_world *w)
{
	return ST_UNTIL(is_free(w));
}

TEST_F(drv, lock_needs_an_access)
{
	long empty = st_sync_new(self->test);

	ASSERT_LE(0, empty);
	EXPECT_EQ(-EINVAL, st_sync_lock(self->test, empty, DST_LOCK_WAIT, 0));
	EXPECT_EQ(-EINVAL, st_sync_lock(self->test, empty, DST_LOCK_TRY, 0));
	EXPECT_EQ(-EINVAL, st_sync_lock_async(self->test, empty, 0, 0));
	EXPECT_EQ(0, st_test_destroy(self->test, empty));
}

TEST_F(drv, get_refuses_what_a_buffer_cannot_have)
{
	long sync = self->sync;

	EXPECT_EQ(-EINVAL, st_sync_get(self->test, sync, self->fd, 0, 0, 1));
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, sync, self->fd, 4, 0, 1));
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, sync, self->fd, 8 | DMA_R, 0, 1));
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, sync, self->fd, DMA_R, 1, 0));
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, sync, self->fd, DMA_R,
				       ST_WORLD_PAGES * ST_PAGE, 1));
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, sync, self->fd, DMA_R, 1,
				       ST_WORLD_PAGES * ST_PAGE));
	EXPECT_EQ(-EINVAL, st_sync_get(self->test, sync, self->fd, DMA_R, 1,
				       DMABUF_SYNC_TO_END - 1));
	EXPECT_EQ(0, st_sync_get(self->test, sync, self->w.buf[1].fd, DMA_R, 1,
				 DMABUF_SYNC_TO_END));
	EXPECT_EQ(0, st_sync_lock(self->test, sync, DST_LOCK_WAIT, 0));
}

TEST_F(drv, overlapping_accesses_are_refused_by_the_lock)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->fd, DMA_R, 0, 1));
	EXPECT_EQ(-EINVAL, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	EXPECT_TRUE(is_free(&self->w));
}

TEST_F(drv, get_refuses_more_than_a_set_may_have)
{
	long sync = st_sync_new(self->test);
	unsigned int i;

	ASSERT_LE(0, sync);
	for (i = 0; i < DMABUF_SYNC_MAX_SET; i++)
		ASSERT_EQ(0, st_sync_get(self->test, sync, self->fd, DMA_R, i, 1));
	EXPECT_EQ(-E2BIG, st_sync_get(self->test, sync, self->fd, DMA_R, i, 1));
	EXPECT_EQ(0, st_sync_lock(self->test, sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(DMABUF_SYNC_MAX_SET, st_query_count(self->w.ctx[0], self->fd, 0));
}

TEST_F(drv, put_takes_accesses_away)
{
	EXPECT_EQ(-ENOENT, st_sync_put(self->test, self->sync, self->w.buf[1].fd));
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->w.buf[1].fd, DMA_R, 0, 0));
	EXPECT_EQ(0, st_sync_put(self->test, self->sync, self->fd));
	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(0, st_sync_unlock(self->test, self->sync, DST_PROCESS));
	EXPECT_EQ(0, st_sync_put(self->test, self->sync, -1));
	EXPECT_EQ(-EINVAL, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
}

/* A locked object is not changed and not locked again. */
TEST_F(drv, locked_object_is_busy)
{
	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_WAIT, 0));
	EXPECT_EQ(-EBUSY, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(-EBUSY, st_sync_lock_async(self->test, self->sync, 0, 0));
	EXPECT_EQ(-EBUSY, st_sync_get(self->test, self->sync, self->w.buf[1].fd, DMA_R, 0, 0));
	EXPECT_EQ(-EBUSY, st_sync_put(self->test, self->sync, self->fd));
	EXPECT_EQ(-EBUSY, st_sync_put(self->test, self->sync, -1));
	EXPECT_EQ(0, st_sync_unlock(self->test, self->sync, DST_PROCESS));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
}

/* The callback comes from a worker in process context, once, also when nothing is waited for. */
TEST_F(drv, async_callback_comes_once_when_free)
{
	struct dst_wait wait;

	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, 0, 0));
	ASSERT_EQ(0, st_sync_wait(self->test, self->sync, ST_SOON_MS, &wait));
	EXPECT_EQ(0, wait.error);
	EXPECT_EQ(1, wait.in_process);
	EXPECT_EQ(1, wait.calls);
	EXPECT_FALSE(is_free(&self->w));
	EXPECT_EQ(0, st_sync_cancel(self->test, self->sync));
	EXPECT_EQ(0, st_sync_unlock(self->test, self->sync, DST_PROCESS));
	EXPECT_TRUE(is_free(&self->w));
}

/* DMA after CPU: queued while the CPU is at it, called when that is released. */
TEST_F(drv, async_callback_comes_when_the_cpu_releases)
{
	long cpu = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	struct dst_wait wait;

	ASSERT_LE(0, cpu);
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_COMMIT,
					self->fence));
	EXPECT_EQ(-ETIME, st_sync_wait(self->test, self->sync, ST_WHILE_MS, &wait));
	EXPECT_EQ(0, st_release(self->w.ctx[0], cpu));
	EXPECT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_EQ(1, st_query_count(self->w.ctx[0], self->fd, DMABUF_SYNC_STATE_COMMITTED));
	EXPECT_EQ(0, st_fence_signal(self->test, self->fence, DST_HARDIRQ, 0, 0));
	EXPECT_TRUE(becomes_free(&self->w));
}

/* Everything a driver does at the end of a request, from inside its callback. */
TEST_F(drv, callback_may_unlock)
{
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_UNLOCK, 0));
	EXPECT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
}

TEST_F(drv, callback_may_unlock_and_finish)
{
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync,
					DST_READY_UNLOCK | DST_READY_FINI, 0));
	EXPECT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
}

/*
 * A(b0) B(b1)  S(b0 b1)  A goes, S looks, and has to wait for a resv; B goes meanwhile, and tells S
 * to look once more. It need not: it is acquired, and finished in the callback.
 */
TEST_F(drv, callback_may_finish_what_is_to_look_once_more)
{
	int b0 = self->fd, b1 = self->w.buf[1].fd;
	long a = st_lock_all(self->w.ctx[0], b0, W, 0);
	long b = st_lock_all(self->w.ctx[1], b1, W, 0);
	long resv;

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, b1, DMA_W, 0, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync,
					DST_READY_UNLOCK | DST_READY_FINI, 0));
	resv = st_resv_hold(self->test, b0, ST_SOON_MS, false);
	ASSERT_LE(0, resv);
	EXPECT_EQ(0, st_release(self->w.ctx[0], a));
	/* Nothing shows that the worker has got there. */
	st_sleep_ms(ST_WHILE_MS);
	EXPECT_EQ(0, st_release(self->w.ctx[1], b));
	EXPECT_EQ(0, st_test_destroy(self->test, resv));
	EXPECT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_TRUE(is_free(&self->w));
}

TEST_F(drv, callback_may_commit_and_finish)
{
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync,
					DST_READY_COMMIT | DST_READY_FINI, self->fence));
	EXPECT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_FALSE(is_free(&self->w));
	EXPECT_EQ(0, st_fence_signal(self->test, self->fence, DST_HARDIRQ, 0, 0));
	EXPECT_TRUE(is_free(&self->w));
}

/*
 * The callback tells a thread, which releases and finishes the object while the callback is still
 * on its way out: the object stays until it is out. (The test module warns if it does not.)
 */
TEST_F(drv, finish_waits_for_the_callback_to_return_after_unlock)
{
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_LINGER, 0));
	ASSERT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_EQ(0, st_sync_unlock(self->test, self->sync, DST_PROCESS));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
}

TEST_F(drv, finish_waits_for_the_callback_to_return_after_the_fence)
{
	int other = self->w.buf[1].fd;

	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync,
					DST_READY_COMMIT | DST_READY_LINGER, self->fence));
	ASSERT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_EQ(0, st_fence_signal(self->test, self->fence, DST_HARDIRQ, 0, 0));
	EXPECT_TRUE(becomes_free(&self->w));
	/* The object forgets the set that is over. */
	EXPECT_EQ(0, st_sync_get(self->test, self->sync, other, DMA_R, 0, 0));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
}

/* A(linger)  B waits  cancel takes B back, and waits for A. */
TEST_F(drv, cancel_waits_for_the_callback_to_return)
{
	struct dst_wait wait;
	long cpu;

	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_LINGER, 0));
	ASSERT_EQ(0, st_sync_wait(self->test, self->sync, ST_SOON_MS, &wait));
	EXPECT_EQ(1, wait.running);
	EXPECT_EQ(0, st_sync_unlock(self->test, self->sync, DST_PROCESS));
	cpu = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, cpu);
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, 0, 0));
	EXPECT_EQ(1, st_sync_cancel(self->test, self->sync));
	EXPECT_EQ(-ETIME, st_sync_wait(self->test, self->sync, 0, &wait));
	EXPECT_EQ(1, wait.calls);
	EXPECT_EQ(0, wait.running);
	EXPECT_EQ(0, st_release(self->w.ctx[0], cpu));
	EXPECT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
}

/* A(linger)  B is called beside the end of A; the object goes when both have returned. */
TEST_F(drv, callback_comes_beside_the_end_of_the_one_before)
{
	struct dst_wait wait;

	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync,
					DST_READY_UNLOCK | DST_READY_LINGER, 0));
	ASSERT_EQ(0, st_sync_result(self->test, self->sync));
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_LINGER, 0));
	ASSERT_EQ(0, st_sync_wait(self->test, self->sync, ST_SOON_MS, &wait));
	EXPECT_EQ(2, wait.calls);
	EXPECT_EQ(2, wait.running);
	EXPECT_EQ(0, st_sync_unlock(self->test, self->sync, DST_HARDIRQ));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
}

TEST_F(drv, cancelled_request_is_not_called)
{
	struct dst_wait wait;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, 0, 0));
	EXPECT_EQ(1, st_sync_cancel(self->test, self->sync));
	EXPECT_EQ(0, st_sync_cancel(self->test, self->sync));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(-ETIME, st_sync_wait(self->test, self->sync, ST_WHILE_MS, &wait));
	EXPECT_EQ(0, wait.calls);
	EXPECT_TRUE(is_free(&self->w));
	/* It can be used again. */
	EXPECT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
}

/* Cancel against release, again and again: called or cancelled, never both, never neither. */
TEST_F(drv, cancel_races_with_the_callback)
{
	struct dst_wait wait;
	unsigned int round, called = 0;

	for (round = 0; round < 200; round++) {
		long cpu = st_lock_all(self->w.ctx[0], self->fd, W, 0);
		int cancelled, err;

		ASSERT_LE(0, cpu);
		ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, 0, 0));
		ASSERT_EQ(0, st_release(self->w.ctx[0], cpu));
		cancelled = st_sync_cancel(self->test, self->sync);
		err = st_sync_wait(self->test, self->sync, 0, &wait);
		called += !cancelled;
		ASSERT_EQ(cancelled ? -ETIME : 0, err) TH_LOG("round %u", round);
		ASSERT_EQ(called, wait.calls);
		if (!cancelled)
			ASSERT_EQ(0, st_sync_unlock(self->test, self->sync, DST_PROCESS));
	}
}

/* The callback releases, and with that forgets, what somebody is cancelling. */
TEST_F(drv, cancel_races_with_a_callback_that_unlocks)
{
	struct dst_wait wait;
	unsigned int round;

	for (round = 0; round < 200; round++) {
		long cpu = st_lock_all(self->w.ctx[0], self->fd, W, 0);
		int cancelled;

		ASSERT_LE(0, cpu);
		ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, DST_READY_UNLOCK, 0));
		ASSERT_EQ(0, st_release(self->w.ctx[0], cpu));
		cancelled = st_sync_cancel(self->test, self->sync);
		ASSERT_EQ(cancelled ? -ETIME : 0, st_sync_wait(self->test, self->sync, 0, &wait))
			TH_LOG("round %u", round);
		ASSERT_TRUE(is_free(&self->w));
	}
}

struct unlocker {
	int test;
	long sync;
	unsigned int rounds;
	atomic_bool locked;
};

static void *unlock_thread(void *arg)
{
	struct unlocker *u = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < u->rounds; i++) {
		while (!atomic_exchange(&u->locked, false))
			;
		err = st_sync_unlock(u->test, u->sync, DST_HARDIRQ);
	}
	return (void *)(long)err;
}

/* An interrupt unlocks while somebody tries to lock the object again: one of them drops the set. */
TEST_F(drv, unlock_races_with_the_next_lock)
{
	struct unlocker u = { .test = self->test, .sync = self->sync, .rounds = 2000 };
	pthread_t thread;
	unsigned int i;
	void *err;
	int ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, unlock_thread, &u));
	for (i = 0; i < u.rounds; i++) {
		do
			ret = st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0);
		while (ret == -EBUSY);
		ASSERT_EQ(0, ret);
		atomic_store(&u.locked, true);
	}
	pthread_join(thread, &err);
	EXPECT_EQ(NULL, err);
}

TEST_F(drv, commit_needs_a_lock)
{
	EXPECT_EQ(-EBUSY, st_sync_commit(self->test, self->sync, self->fence));
	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(0, st_sync_commit(self->test, self->sync, self->fence));
	EXPECT_EQ(-EBUSY, st_sync_commit(self->test, self->sync, self->fence));
	EXPECT_EQ(-EBUSY, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(0, st_fence_signal(self->test, self->fence, DST_PROCESS, 0, 0));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(-EBUSY, st_sync_commit(self->test, self->sync, self->fence));
}

/* Invariant 10: what the CPU holds is never published as a fence. */
TEST_F(drv, commit_refuses_cpu_accesses)
{
	ASSERT_EQ(0, st_sync_get(self->test, self->sync, self->w.buf[1].fd, R, 0, 0));
	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(-EINVAL, st_sync_commit(self->test, self->sync, self->fence));
	EXPECT_FALSE(is_free(&self->w));
	EXPECT_EQ(0, st_sync_unlock(self->test, self->sync, DST_PROCESS));
}

/* An object is reused job after job. */
TEST_F(drv, committed_object_is_locked_again_after_its_fence)
{
	unsigned int i;

	for (i = 0; i < 9; i++) {
		long fence = st_fence_new(self->test, NULL);

		ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_WAIT, 0));
		ASSERT_EQ(0, st_sync_commit(self->test, self->sync, fence));
		ASSERT_EQ(0, st_fence_signal(self->test, fence, i % 3, 0, 0));
		ASSERT_EQ(0, st_test_destroy(self->test, fence));
	}
}

TEST_F(drv, committing_a_signaled_fence_releases_at_once)
{
	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	ASSERT_EQ(0, st_fence_signal(self->test, self->fence, DST_PROCESS, 0, 0));
	EXPECT_EQ(0, st_sync_commit(self->test, self->sync, self->fence));
	EXPECT_TRUE(is_free(&self->w));
}

/* fini of a held object: its write access counts as abandoned. */
TEST_F(drv, fini_while_held_abandons)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);
	struct dmabuf_sync_acquire out;

	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
	ASSERT_EQ(0, st_acquire(self->w.ctx[0], &entry, 1, TRY, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
}

TEST_F(drv, fini_while_queued_cancels)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, 0, 0));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
	EXPECT_EQ(1, st_snapshot(0, NULL, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->fd, R, TRY));
}

TEST_F(drv, fini_after_the_callback_releases)
{
	ASSERT_EQ(0, st_sync_lock_async(self->test, self->sync, 0, 0));
	EXPECT_EQ(0, st_sync_result(self->test, self->sync));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
	EXPECT_TRUE(is_free(&self->w));
}

/* The job goes on without the object; its fence releases. */
TEST_F(drv, fini_while_committed_leaves_it_to_the_fence)
{
	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	ASSERT_EQ(0, st_sync_commit(self->test, self->sync, self->fence));
	EXPECT_EQ(0, st_test_destroy(self->test, self->sync));
	EXPECT_TRUE(ST_STAYS(!is_free(&self->w)));
	EXPECT_EQ(0, st_fence_signal(self->test, self->fence, DST_HARDIRQ, 0, 0));
	EXPECT_TRUE(is_free(&self->w));
}

TEST_F(drv, failed_job_releases_as_well)
{
	ASSERT_EQ(0, st_sync_lock(self->test, self->sync, DST_LOCK_TRY, 0));
	ASSERT_EQ(0, st_sync_commit(self->test, self->sync, self->fence));
	EXPECT_EQ(0, st_fence_signal(self->test, self->fence, DST_HARDIRQ, -EIO, 0));
	EXPECT_TRUE(is_free(&self->w));
}

TEST_F(drv, single_lock_excludes_and_unlocks)
{
	long single = st_single_lock(self->test, self->fd, DMA_W, true);

	ASSERT_LE(0, single);
	EXPECT_FALSE(is_free(&self->w));
	EXPECT_EQ(0, st_test_destroy(self->test, single));
	EXPECT_TRUE(is_free(&self->w));
	EXPECT_EQ(-EINVAL, st_single_lock(self->test, self->fd, 0, true));
}

TEST_HARNESS_MAIN
