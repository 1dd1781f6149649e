// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 10: at commit every fence that is in the resv and was not waited for is waited for
 * first, or handed to the driver. A stock driver can add one at any time: after the access was
 * acquired, or while an earlier fence is waited for.
 *
 *	job		acquired ............. commit -> the engine may start
 *	stock driver		  fence (KERNEL, WRITE, READ) ...... signaled
 *
 * The job's fence must not be published while the stock fence is unsignaled and conflicts, unless
 * the driver was given that fence to wait for.
 */
#include <kselftest_harness.h>

#include "opponent.h"

FIXTURE(commit)
{
	struct st_world w;
	int fd;
	long id, fence;
};

FIXTURE_SETUP(commit)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->fence = st_fence_new(self->w.test, NULL);
	ASSERT_LT(0, self->fence);
}

FIXTURE_TEARDOWN(commit)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/**
 * struct commit_call - a commit in a thread of its own: it may wait
 * @test: the test module
 * @id: the sync object
 * @fence: the job's fence
 * @result: what it returned, once @done
 * @done: it returned
 * @thread: the thread
 */
struct commit_call {
	int test;
	long id, fence;
	int result, done;
	pthread_t thread;
};

static void *commit_thread(void *arg)
{
	struct commit_call *call = arg;

	call->result = st_sync_commit(call->test, call->id, call->fence);
	op_reach(&call->done, 1);
	return NULL;
}

/* The job begins only behind the stock fence: it is not committed before that is signaled. */
static void expect_commit_behind(struct __test_metadata *_metadata, FIXTURE_DATA(commit) *self,
				 long stock)
{
	struct commit_call call = {
		.test = self->w.test, .id = self->id, .fence = self->fence,
	};

	ASSERT_EQ(0, pthread_create(&call.thread, NULL, commit_thread, &call));
	EXPECT_TRUE(ST_STAYS(!op_phase(&call.done))) {
		TH_LOG("commit returned %d while the stock fence is not signaled", call.result);
	}
	EXPECT_EQ(0, st_test_destroy(self->w.test, stock));
	EXPECT_TRUE(op_await(&call.done, 1, ST_SOON_MS));
	pthread_join(call.thread, NULL);
	EXPECT_EQ(0, call.result);
}

/* And so is one on other bytes, or for reading, that does not conflict with the fence. */
static void expect_commit_at_once(struct __test_metadata *_metadata, FIXTURE_DATA(commit) *self)
{
	EXPECT_EQ(0, st_sync_commit(self->w.test, self->id, self->fence));
	EXPECT_EQ(1, st_query_count(self->w.ctx[0], self->fd, DMABUF_SYNC_STATE_COMMITTED));
}

static void job_acquire(struct __test_metadata *_metadata, FIXTURE_DATA(commit) *self,
			uint32_t access)
{
	self->id = st_sync_locked(self->w.test, self->fd, access, 0, ST_PAGE, DST_LOCK_WAIT);
	ASSERT_LT(0, self->id);
}

FIXTURE_VARIANT(commit)
{
	uint32_t access, usage;
	bool conflict;
};

FIXTURE_VARIANT_ADD(commit, write_after_kernel)
{
	.access = DMA_BUF_ACCESS_DMA_W, .usage = DST_USAGE_KERNEL, .conflict = true,
};

FIXTURE_VARIANT_ADD(commit, read_after_kernel)
{
	.access = DMA_BUF_ACCESS_DMA_R, .usage = DST_USAGE_KERNEL, .conflict = true,
};

FIXTURE_VARIANT_ADD(commit, write_after_write)
{
	.access = DMA_BUF_ACCESS_DMA_W, .usage = DST_USAGE_WRITE, .conflict = true,
};

FIXTURE_VARIANT_ADD(commit, read_after_write)
{
	.access = DMA_BUF_ACCESS_DMA_R, .usage = DST_USAGE_WRITE, .conflict = true,
};

FIXTURE_VARIANT_ADD(commit, write_after_read)
{
	.access = DMA_BUF_ACCESS_DMA_W, .usage = DST_USAGE_READ, .conflict = true,
};

FIXTURE_VARIANT_ADD(commit, read_after_read)
{
	.access = DMA_BUF_ACCESS_DMA_R, .usage = DST_USAGE_READ,
};

FIXTURE_VARIANT_ADD(commit, write_after_bookkeep)
{
	.access = DMA_BUF_ACCESS_DMA_W, .usage = DST_USAGE_BOOKKEEP,
};

TEST_F(commit, heeds_a_fence_added_after_the_access_was_acquired)
{
	long stock;

	job_acquire(_metadata, self, variant->access);
	stock = st_fence_stock(self->w.test, self->fd, variant->usage);
	ASSERT_LT(0, stock);
	if (variant->conflict)
		expect_commit_behind(_metadata, self, stock);
	else
		expect_commit_at_once(_metadata, self);
}

/* The second one comes while the request waits for the first. */
TEST_F(commit, heeds_a_fence_added_while_another_one_is_waited_for)
{
	long first, stock;

	first = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE);
	ASSERT_LT(0, first);
	self->id = st_sync_new(self->w.test);
	ASSERT_EQ(0, st_sync_get(self->w.test, self->id, self->fd, variant->access, 0, ST_PAGE));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, self->id, 0, 0));
	stock = st_fence_stock(self->w.test, self->fd, variant->usage);
	ASSERT_LT(0, stock);
	EXPECT_EQ(0, st_test_destroy(self->w.test, first));
	if (variant->conflict) {
		struct dst_wait wait;

		/* Waited for before the callback, or at commit: either will do. */
		if (st_sync_wait(self->w.test, self->id, ST_WHILE_MS, &wait) == -ETIME) {
			EXPECT_EQ(0, st_test_destroy(self->w.test, stock));
			EXPECT_EQ(0, st_sync_result(self->w.test, self->id));
			expect_commit_at_once(_metadata, self);
		} else {
			EXPECT_EQ(0, wait.error);
			expect_commit_behind(_metadata, self, stock);
		}
	} else {
		EXPECT_EQ(0, st_sync_result(self->w.test, self->id));
		expect_commit_at_once(_metadata, self);
	}
}

TEST_HARNESS_MAIN
