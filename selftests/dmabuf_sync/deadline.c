// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines of queued requests: each ends in time, whether somebody looks or not, and what was
 * acquired by then stays.
 */
#include <kselftest_harness.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define TO_END	DMABUF_SYNC_TO_END
#define SHORT_NS	(50 * ST_NSEC_PER_MSEC)

FIXTURE(deadline)
{
	struct st_world w;
	int *ctx, fd;
	long held;
};

/* Buffer 0 is held. */
FIXTURE_SETUP(deadline)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
	self->held = st_lock_all(self->ctx[0], self->fd, R, 0);
	ASSERT_LE(0, self->held);
}

FIXTURE_TEARDOWN(deadline)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Return: the set, or a negative errno. */
static long queue_until(int ctx, int fd, uint32_t access, int64_t deadline_ns, uint32_t flags)
{
	struct dmabuf_sync_access entry = st_access(fd, access, 0, TO_END);
	struct dmabuf_sync_acquire out;
	int err = st_acquire(ctx, &entry, 1, QUEUE | flags, deadline_ns, 0, &out);

	return err ?: (long)out.set;
}

static bool has_passed(int64_t deadline_ns)
{
	return st_now_ns() > deadline_ns;
}

TEST_F(deadline, request_ends_with_an_event)
{
	const int64_t deadline_ns = st_now_ns() + SHORT_NS;
	long set = queue_until(self->ctx[1], self->fd, W, deadline_ns, 0);

	ASSERT_LT(0, set);
	EXPECT_EQ(-ETIMEDOUT, st_event_result(self->ctx[1], set));
	EXPECT_TRUE(has_passed(deadline_ns));
	EXPECT_EQ(-ENOENT, st_release(self->ctx[1], set));
	EXPECT_EQ(1, st_query_count(self->ctx[2], self->fd, 0));
}

/* h(R)  w: W with a deadline  r: R      w's user never looks; r goes on nevertheless. */
TEST_F(deadline, those_behind_go_on_though_nobody_looks)
{
	const int64_t deadline_ns = st_now_ns() + SHORT_NS;
	long r;

	ASSERT_LT(0, queue_until(self->ctx[1], self->fd, W, deadline_ns, 0));
	r = st_lock_all(self->ctx[2], self->fd, R, 0);
	EXPECT_LT(0, r);
	EXPECT_TRUE(has_passed(deadline_ns));
	EXPECT_EQ(2, st_query_count(self->ctx[2], self->fd, 0));
}

/* Of several buffers, too, which is looked at in another way. */
TEST_F(deadline, set_of_several_buffers_ends)
{
	struct dmabuf_sync_access entries[] = {
		st_access(self->fd, W, 0, TO_END), st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	struct dmabuf_sync_acquire out;

	ASSERT_EQ(0, st_acquire(self->ctx[1], entries, 2, QUEUE, st_now_ns() + SHORT_NS, 0,
				&out));
	EXPECT_LT(0, st_lock_all(self->ctx[2], self->w.buf[1].fd, W, 0));
	EXPECT_EQ(-ETIMEDOUT, st_event_result(self->ctx[1], out.set));
}

/* Though nobody has read it by the deadline. */
TEST_F(deadline, what_was_acquired_stays)
{
	const int64_t deadline_ns = st_now_ns() + 10 * SHORT_NS;
	long set = queue_until(self->ctx[1], self->fd, W, deadline_ns, 0);

	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_release(self->ctx[0], self->held));
	if (has_passed(deadline_ns))
		SKIP(return, "the machine is too busy");
	EXPECT_TRUE(ST_UNTIL(has_passed(deadline_ns + SHORT_NS)));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->ctx[2], self->fd, R, TRY));
	EXPECT_EQ(0, st_event_result(self->ctx[1], set));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
}

/* Nor has it waited any more, for a fence, when the time has come. */
TEST_F(deadline, what_has_no_fence_to_wait_for_any_more_stays)
{
	const int64_t deadline_ns = st_now_ns() + 10 * SHORT_NS;
	int test = self->w.test, fd = self->w.buf[1].fd;
	long fence = st_fence_stock(test, fd, DST_USAGE_WRITE), set;

	ASSERT_LE(0, fence);
	set = queue_until(self->ctx[1], fd, W, deadline_ns, 0);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, st_fence_signal(test, fence, DST_PROCESS, 0, 0));
	if (has_passed(deadline_ns))
		SKIP(return, "the machine is too busy");
	EXPECT_TRUE(ST_UNTIL(has_passed(deadline_ns + SHORT_NS)));
	EXPECT_EQ(0, st_event_result(self->ctx[1], set));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
}

TEST_F(deadline, deadline_that_has_passed_fails_only_what_would_wait)
{
	long set = queue_until(self->ctx[1], self->fd, W, 1, 0);

	ASSERT_LT(0, set);
	EXPECT_EQ(-ETIMEDOUT, st_event_result(self->ctx[1], set));
	set = queue_until(self->ctx[1], self->fd, R, 1, 0);
	EXPECT_EQ(0, st_event_result(self->ctx[1], set));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
}

TEST_F(deadline, latest_of_all_times_is_not_an_early_one)
{
	long set = queue_until(self->ctx[1], self->fd, W, INT64_MAX, 0);

	ASSERT_LT(0, set);
	EXPECT_TRUE(ST_STAYS(!st_event_pending(self->ctx[1], 0)));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
	EXPECT_EQ(1, st_query_count(self->ctx[2], self->fd, 0));
}

/* Held, but not ready: it gives the bytes up again. */
TEST_F(deadline, request_that_waits_for_a_fence_ends)
{
	long fence = st_fence_stock(self->w.test, self->w.buf[1].fd, DST_USAGE_WRITE);
	long set;

	ASSERT_LE(0, fence);
	set = queue_until(self->ctx[1], self->w.buf[1].fd, W, st_now_ns() + SHORT_NS, 0);
	ASSERT_LT(0, set);
	EXPECT_EQ(-ETIMEDOUT, st_event_result(self->ctx[1], set));
	EXPECT_EQ(0, st_query_count(self->ctx[2], self->w.buf[1].fd, 0));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_PROCESS, 0, 0));
}

/* A set that is used again has no deadline of before. */
TEST_F(deadline, deadline_goes_with_its_request)
{
	const int64_t deadline_ns = st_now_ns() + SHORT_NS;
	long set = queue_until(self->ctx[1], self->fd, W, deadline_ns, 0);

	ASSERT_LT(0, set);
	EXPECT_EQ(0, st_release(self->ctx[1], set));
	set = queue_until(self->ctx[1], self->fd, W, INT64_MAX, 0);
	ASSERT_LT(0, set);
	EXPECT_TRUE(ST_UNTIL(has_passed(deadline_ns + SHORT_NS)));
	EXPECT_FALSE(st_event_pending(self->ctx[1], 0));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
	set = queue_until(self->ctx[1], self->fd, W, 0, 0);
	ASSERT_LT(0, set);
	EXPECT_EQ(0, st_release(self->ctx[0], self->held));
	EXPECT_EQ(0, st_event_result(self->ctx[1], set));
}

TEST_F(deadline, set_with_a_descriptor_ends)
{
	long set = queue_until(self->ctx[1], self->fd, W, st_now_ns() + SHORT_NS,
			       DMABUF_SYNC_ACQUIRE_FD);
	struct dmabuf_sync_event event;

	ASSERT_LT(0, set);
	ASSERT_EQ(sizeof(event), read(set, &event, sizeof(event)));
	EXPECT_EQ(-ETIMEDOUT, event.result);
	EXPECT_EQ(0, read(set, &event, sizeof(event)));
	close(set);
}

/* Deadlines, releases and the end of the context, all at about the same time. */
TEST_F_TIMEOUT(deadline, races_leave_nothing, 120)
{
	unsigned int round, i;
	int result;
	long set;

	for (round = 0; round < 200; round++) {
		for (i = 0; i < 20; i++)
			ASSERT_LT(0, queue_until(self->ctx[1 + i % 2], self->fd, W,
						 st_now_ns() + i * ST_NSEC_PER_MSEC / 2, 0));
		ASSERT_EQ(0, st_release(self->ctx[0], self->held));
		set = queue_until(self->ctx[3], self->fd, W,
				  st_now_ns() + round % 8 * ST_NSEC_PER_MSEC, 0);
		ASSERT_LT(0, set);
		st_context_reopen(&self->ctx[1]);
		st_context_reopen(&self->ctx[2]);
		result = st_event_result(self->ctx[3], set);
		EXPECT_TRUE(!result || result == -ETIMEDOUT) TH_LOG("%d", result);
		EXPECT_EQ(result ? -ENOENT : 0, st_release(self->ctx[3], set));
		self->held = st_lock_all(self->ctx[0], self->fd, R, TRY);
		ASSERT_LT(0, self->held);
	}
}

TEST_HARNESS_MAIN
