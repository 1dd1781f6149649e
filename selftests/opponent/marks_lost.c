// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 8: the next writer learns that a write access was abandoned, and no other user can
 * make that mark disappear. Here the opponent shares the buffer, acquires it for writing, and is
 * never told: the call's answer cannot be copied out, or the request is given up. Nothing was
 * delivered, so the mark is still there for whoever comes next.
 */
#include <kselftest_harness.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "opponent.h"

FIXTURE(mark)
{
	struct st_world w;
	int fd;
};

FIXTURE_SETUP(mark)
{
	struct st_world *w = &self->w;

	ASSERT_EQ(0, st_world_open(w));
	self->fd = w->buf[0].fd;
	ASSERT_LE(0, st_lock(w->ctx[0], self->fd, W, 100, 100, 0));
	st_context_reopen(&w->ctx[0]);
}

FIXTURE_TEARDOWN(mark)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static void expect_marked(struct __test_metadata *_metadata, FIXTURE_DATA(mark) *self)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 100, 100);
	struct dmabuf_sync_acquire out = { 0 };

	EXPECT_EQ(0, st_acquire(self->w.ctx[1], &entry, 1, 0, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
}

static int play_fault(void *arg)
{
	int fd = *(int *)arg, ctx = st_context_open();
	struct dmabuf_sync_access entry = st_access(fd, W, 0, TO_END);
	struct dmabuf_sync_acquire *acquire = st_shared(ST_PAGE);

	*acquire = (struct dmabuf_sync_acquire){
		.size = sizeof(*acquire),
		.accesses = (uintptr_t)&entry,
		.nr_accesses = 1,
		.access_size = sizeof(entry),
	};
	if (mprotect(acquire, ST_PAGE, PROT_READ))
		return 1;
	return ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, acquire) == -1 && errno == EFAULT ? 0 : 2;
}

/* The answer cannot be copied out. */
TEST_F(mark, survives_an_answer_that_faults)
{
	ASSERT_EQ(0, op_end(op_start(OP_OPPONENT, play_fault, &self->fd)));
	expect_marked(_metadata, self);
}

static int play_unread(void *arg)
{
	int fd = *(int *)arg, ctx = st_context_open();
	long set = st_lock_all(ctx, fd, W, QUEUE);

	if (set < 0 || !st_event_pending(ctx, ST_SOON_MS))
		return 1;
	return st_release(ctx, set) ? 2 : 0;
}

/* The event is there, nobody reads it. */
TEST_F(mark, survives_a_request_that_is_given_up)
{
	ASSERT_EQ(0, op_end(op_start(OP_OPPONENT, play_unread, &self->fd)));
	expect_marked(_metadata, self);
}

static int play_event_fault(void *arg)
{
	int fd = *(int *)arg, ctx = st_context_open();
	void *page = st_shared(ST_PAGE);
	long set = st_lock_all(ctx, fd, W, QUEUE);

	if (set < 0 || !st_event_pending(ctx, ST_SOON_MS) || mprotect(page, ST_PAGE, PROT_READ))
		return 1;
	if (read(ctx, page, sizeof(struct dmabuf_sync_event)) != -1 || errno != EFAULT)
		return 2;
	return st_release(ctx, set) ? 3 : 0;
}

/* The event cannot be copied out. */
TEST_F(mark, survives_an_event_that_faults)
{
	ASSERT_EQ(0, op_end(op_start(OP_OPPONENT, play_event_fault, &self->fd)));
	expect_marked(_metadata, self);
}

TEST_HARNESS_MAIN
