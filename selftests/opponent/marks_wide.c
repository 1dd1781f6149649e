// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 8: no other user can make a mark of abandoned bytes appear. Bytes are marked when, and
 * only when, a write access to them was abandoned and none was acquired since.
 *
 *	abandoned	 |wwww|		     |wwww|
 *	marked		 |....|		     |....|
 */
#include <kselftest_harness.h>

#include "opponent.h"

FIXTURE(mark)
{
	struct st_world w;
	int fd;
};

FIXTURE_SETUP(mark)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(mark)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

struct range {
	int fd;
	uint64_t offset, length;
};

static int play_abandon(void *arg)
{
	struct range *range = arg;

	return st_lock(st_context_open(), range->fd, W, range->offset, range->length, 0) < 0;
}

/* By the death of a process of this user. */
static int abandon(uid_t uid, int fd, uint64_t offset, uint64_t length)
{
	struct range range = { fd, offset, length };

	return op_end(op_start(uid, play_abandon, &range));
}

/* Is any byte of the range marked? To read does not change that. */
static int marked(FIXTURE_DATA(mark) *self, uint64_t offset, uint64_t length)
{
	struct dmabuf_sync_access entry = st_access(self->fd, R, offset, length);
	struct dmabuf_sync_acquire out = { 0 };
	int err = st_acquire(self->w.ctx[1], &entry, 1, TRY, 0, 0, &out);

	if (!err)
		err = st_release(self->w.ctx[1], out.set);
	return err ?: out.status == DMABUF_SYNC_STATUS_ABANDONED;
}

static int play_cancel(void *arg)
{
	int fd = *(int *)arg, ctx = st_context_open();
	long set = st_lock_all(ctx, fd, W, QUEUE);

	if (set < 0 || !st_event_pending(ctx, ST_SOON_MS))
		return 1;
	return st_release(ctx, set) ? 2 : 0;
}

/* The opponent asks for all of the buffer and gives up: what was marked is marked, no more. */
TEST_F(mark, is_as_wide_as_before_when_a_request_is_given_up)
{
	ASSERT_EQ(0, abandon(OP_VICTIM, self->fd, 100, 100));
	ASSERT_EQ(0, op_end(op_start(OP_OPPONENT, play_cancel, &self->fd)));
	EXPECT_EQ(1, marked(self, 100, 100));
	EXPECT_EQ(0, marked(self, 0, 100));
	EXPECT_EQ(0, marked(self, 200, TO_END));
}

/* What lies between was never abandoned. */
TEST_F(mark, of_two_ranges_is_two_ranges)
{
	ASSERT_EQ(0, abandon(OP_VICTIM, self->fd, 0, 100));
	ASSERT_EQ(0, abandon(OP_OPPONENT, self->fd, 1000, 100));
	EXPECT_EQ(1, marked(self, 0, 100));
	EXPECT_EQ(1, marked(self, 1000, 100));
	EXPECT_EQ(0, marked(self, 100, 900));
}

/* A writer in the middle leaves two ranges. */
TEST_F(mark, goes_where_a_writer_came)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 100, 100);
	struct dmabuf_sync_acquire out = { 0 };

	ASSERT_EQ(0, abandon(OP_VICTIM, self->fd, 0, 300));
	ASSERT_EQ(0, st_acquire(self->w.ctx[0], &entry, 1, TRY, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
	ASSERT_EQ(0, st_release(self->w.ctx[0], out.set));
	EXPECT_EQ(1, marked(self, 0, 100));
	EXPECT_EQ(0, marked(self, 100, 100));
	EXPECT_EQ(1, marked(self, 200, 100));
}

TEST_HARNESS_MAIN
