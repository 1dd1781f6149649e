// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases, and what a context is told by events: with DMABUF_SYNC_ACQUIRE_NOTIFY that somebody
 * waits, and that its lease is over; of a queued set that was acquired, and whose event nobody has
 * read, that it has lost it again.
 */
#include <kselftest_harness.h>
#include <poll.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define NOTIFY	DMABUF_SYNC_ACQUIRE_NOTIFY

FIXTURE(told)
{
	struct st_world w;
	unsigned int before;
	int *ctx, fd;
};

FIXTURE_SETUP(told)
{
	self->before = st_lease_get();
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(told)
{
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->before));
}

static int next_type(int ctx, long set)
{
	struct dmabuf_sync_event event;
	int ret = st_event_read(ctx, &event, ST_SOON_MS);

	if (ret)
		return ret;
	if (event.set != set || event.length != sizeof(event) || event.result)
		return -EBADMSG;
	return event.type;
}

static int polled(int ctx)
{
	struct pollfd pfd = { .fd = ctx, .events = POLLIN | POLLPRI };

	poll(&pfd, 1, 0);
	return pfd.revents;
}

/* A set that somebody waits for, with a long lease; there is a notice to read. */
static long hold_wanted(FIXTURE_DATA(told) *self, struct st_call *call)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, NOTIFY);
	int ret;

	if (held < 0 || polled(self->ctx[0]))
		return held < 0 ? held : -EBUSY;
	ret = st_lease_set(ST_LEASE_LONG_MS) ?: st_call_wait(call, self->ctx[1], self->fd, R);
	if (ret)
		return ret;
	return ST_UNTIL(polled(self->ctx[0]) == (POLLIN | POLLPRI)) ? held : -ETIME;
}

TEST_F(told, holder_is_notified_and_gives_way)
{
	struct st_call call;
	long held = hold_wanted(self, &call);

	ASSERT_LE(0, held);
	EXPECT_EQ(DMABUF_SYNC_EVENT_WANTED, next_type(self->ctx[0], held));
	EXPECT_EQ(0, polled(self->ctx[0]));
	EXPECT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(0, call.status);
}

TEST_F(told, notice_goes_with_the_set)
{
	struct st_call call;
	long held = hold_wanted(self, &call);

	ASSERT_LE(0, held);
	EXPECT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_EQ(0, polled(self->ctx[0]));
	EXPECT_LE(0, st_call_end(&call));
}

TEST_F(told, holder_is_told_that_it_is_over)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, NOTIFY);

	ASSERT_LE(0, held);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_EQ(DMABUF_SYNC_EVENT_WANTED, next_type(self->ctx[0], held));
	EXPECT_EQ(POLLIN | POLLPRI, polled(self->ctx[0]));
	EXPECT_EQ(DMABUF_SYNC_EVENT_REVOKED, next_type(self->ctx[0], held));
	EXPECT_EQ(0, polled(self->ctx[0]));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
}

TEST_F(told, without_the_flag_there_is_no_event)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, 0);

	ASSERT_LE(0, held);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_EQ(0, polled(self->ctx[0]));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
}

/* The event of the acquisition comes first, whatever happened before it was read. */
TEST_F(told, queued_set_is_notified_once_it_was_told)
{
	struct st_call call;
	long held, set;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_LONG_MS));
	held = st_lock_all(self->ctx[0], self->fd, W, 0);
	set = st_lock_all(self->ctx[1], self->fd, W, QUEUE | NOTIFY);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[2], self->fd, W));
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_TRUE(ST_UNTIL(polled(self->ctx[1]) == POLLIN));
	EXPECT_EQ(DMABUF_SYNC_EVENT_READY, next_type(self->ctx[1], set));
	EXPECT_EQ(DMABUF_SYNC_EVENT_WANTED, next_type(self->ctx[1], set));
	EXPECT_EQ(0, st_release(self->ctx[1], set));
	EXPECT_LE(0, st_call_end(&call));
}

/* It was handed over, and its owner does not look. */
TEST_F(told, queued_set_whose_event_nobody_reads_ends)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, 0), set;
	struct dmabuf_sync_event event;
	uint32_t status = ~0;

	set = st_lock_all(self->ctx[1], self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	ASSERT_LE(0, st_lease_wait(self->ctx[2], self->fd, R, &status));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, st_event_read(self->ctx[1], &event, ST_SOON_MS));
	EXPECT_EQ(DMABUF_SYNC_EVENT_READY, event.type);
	EXPECT_EQ(-EOWNERDEAD, event.result);
	EXPECT_EQ(-ENOENT, st_release(self->ctx[1], set));
}

/* It had not to wait. */
TEST_F(told, free_set_whose_event_nobody_reads_ends)
{
	long set = st_lock_all(self->ctx[0], self->fd, W, QUEUE);
	struct dmabuf_sync_event event;

	ASSERT_LE(0, set);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, R, NULL));
	ASSERT_EQ(0, st_event_read(self->ctx[0], &event, ST_SOON_MS));
	EXPECT_EQ(-EOWNERDEAD, event.result);
	EXPECT_EQ(-ENOENT, st_release(self->ctx[0], set));
}

/* It has waited for the fence of a stock driver, and nobody looks whether that has signaled. */
TEST_F(told, queued_set_behind_a_fence_ends)
{
	long fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE), set;
	struct st_call call;

	ASSERT_LE(0, fence);
	set = st_lock_all(self->ctx[0], self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_FALSE(st_event_pending(self->ctx[0], 0));
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[1], self->fd, R));
	EXPECT_TRUE(ST_LEASE_STAYS(!st_call_done(&call)));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_PROCESS, 0, 0));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(-EOWNERDEAD, st_event_result(self->ctx[0], set));
}

TEST_F(told, queued_set_that_ended_is_released_as_one)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, 0), set;

	set = st_lock_all(self->ctx[1], self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	ASSERT_LE(0, st_lease_wait(self->ctx[2], self->fd, R, NULL));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[1], set));
	EXPECT_EQ(0, polled(self->ctx[1]));
}

TEST_HARNESS_MAIN
