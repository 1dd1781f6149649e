// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets with points that do not end by a release: what becomes of the points that they owe, and of
 * those who wait for these.
 */
#include <kselftest_harness.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define TRY	DMABUF_SYNC_WAIT_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define THEN	DMABUF_SYNC_POINT_SIGNAL
#define FOREVER	0

FIXTURE(end)
{
	struct st_world w;
	int *ctx, fd, tl, waiter;
	unsigned int lease;
};

FIXTURE_SETUP(end)
{
	self->lease = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
	self->tl = st_timeline_new(self->ctx[0], 0);
	ASSERT_LE(0, self->tl);
	self->waiter = st_timeline_waiter(self->tl, 1);
	ASSERT_LE(0, self->waiter);
}

FIXTURE_TEARDOWN(end)
{
	close(self->waiter);
	if (self->tl >= 0)
		close(self->tl);
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->lease));
}

static long lock_then(int ctx, int fd, uint32_t flags, int tl, uint64_t point)
{
	struct dmabuf_sync_point entry = st_point(tl, THEN, point);

	return st_lock_points(ctx, fd, W, flags, &entry, 1);
}

static int failed_point(int tl)
{
	struct dmabuf_sync_timeline_query query;

	return st_timeline_query(tl, &query) ?: (int)query.failed;
}

/* What its owner was never told of is as if it had not been. */
TEST_F(end, cancelled_request_signals_nothing)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0), set;

	set = lock_then(self->ctx[0], self->fd, QUEUE, self->tl, 1);
	ASSERT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, st_timeline_value(self->tl));
	set = lock_then(self->ctx[0], self->fd, QUEUE, self->tl, 1);
	ASSERT_EQ(0, st_release(self->ctx[1], held));
	ASSERT_TRUE(st_event_pending(self->ctx[0], ST_SOON_MS));
	ASSERT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, st_timeline_value(self->tl));
	EXPECT_EQ(0, failed_point(self->tl));
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "signallers"));
}

/* Whoever waits learns of it, and it can be made good. */
TEST_F(end, abandoned_set_fails_its_point)
{
	struct dmabuf_sync_point two = st_point(self->waiter, 0, 2);
	struct st_wait wait;

	ASSERT_LE(0, lock_then(self->ctx[1], self->fd, 0, self->tl, 2));
	ASSERT_EQ(0, st_wait_start(&wait, &two, 1, 0, FOREVER));
	st_context_reopen(&self->ctx[1]);
	EXPECT_EQ(-EPIPE, st_wait_end(&wait));
	EXPECT_EQ(2, failed_point(self->waiter));
	EXPECT_EQ(0, st_timeline_value(self->waiter));
	EXPECT_EQ(POLLERR, st_timeline_poll(self->waiter, 0));
	EXPECT_EQ(-EPIPE, st_timeline_wait_one(self->waiter, 1, 0, FOREVER));
	EXPECT_EQ(-EAGAIN, st_timeline_wait_one(self->waiter, 3, TRY, FOREVER));

	ASSERT_EQ(0, st_timeline_signal(self->tl, 2));
	EXPECT_EQ(0, st_timeline_wait_one(self->waiter, 2, 0, FOREVER));
	EXPECT_EQ(POLLIN, st_timeline_poll(self->waiter, 0));
	EXPECT_EQ(0, failed_point(self->waiter));
}

TEST_F(end, owner_that_goes_while_it_is_queued_fails_its_point)
{
	long held = st_lock_all(self->ctx[0], self->fd, W, 0);

	ASSERT_LE(0, held);
	ASSERT_LE(0, lock_then(self->ctx[1], self->fd, QUEUE, self->tl, 2));
	st_context_reopen(&self->ctx[1]);
	EXPECT_EQ(2, failed_point(self->waiter));
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "signallers"));
}

TEST_F(end, killed_owner_fails_its_point)
{
	int *go = st_shared(sizeof(*go));
	pid_t pid = st_fork();

	if (!pid) {
		int ctx = st_context_open();

		*go = lock_then(ctx, self->fd, 0, self->tl, 2) >= 0 ? 1 : -1;
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(__atomic_load_n(go, __ATOMIC_ACQUIRE)));
	ASSERT_EQ(1, *go);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-EPIPE, st_timeline_wait_one(self->waiter, 2, 0, FOREVER));
	st_child_wait(pid);
}

TEST_F(end, revoked_set_fails_its_point)
{
	long held;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	held = lock_then(self->ctx[0], self->fd, 0, self->tl, 2);
	ASSERT_LE(0, held);
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_EQ(-EPIPE, st_timeline_wait_one(self->waiter, 2, 0, FOREVER));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], held));
	EXPECT_EQ(0, st_timeline_value(self->tl));
	/* The owner lives, and goes on. */
	EXPECT_EQ(0, st_timeline_signal(self->tl, 2));
	EXPECT_EQ(0, st_timeline_wait_one(self->waiter, 2, 0, FOREVER));
}

/* Its event is not read: whoever waits for it does not wait for ever. */
TEST_F(end, revoked_set_that_nobody_knows_of_fails_its_point)
{
	long set;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	set = lock_then(self->ctx[0], self->fd, QUEUE, self->tl, 2);
	ASSERT_LE(0, set);
	EXPECT_LE(0, lock_then(self->ctx[2], self->w.buf[1].fd, QUEUE, self->tl, 1));
	ASSERT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	EXPECT_TRUE(ST_UNTIL(failed_point(self->waiter) == 2));
	EXPECT_EQ(-EOWNERDEAD, st_event_result(self->ctx[0], set));
}

/* The descriptor may be closed: the set will signal. */
TEST_F(end, set_that_owes_a_point_is_a_signaller)
{
	long held = lock_then(self->ctx[0], self->fd, 0, self->tl, 2);

	ASSERT_LE(0, held);
	close(self->tl);
	self->tl = -1;
	EXPECT_EQ(-EAGAIN, st_timeline_wait_one(self->waiter, 2, TRY, FOREVER));
	EXPECT_EQ(1, st_fdinfo_number(self->waiter, "signallers"));
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_EQ(0, st_timeline_wait_one(self->waiter, 2, TRY, FOREVER));
	EXPECT_EQ(-EPIPE, st_timeline_wait_one(self->waiter, 3, TRY, FOREVER));
	EXPECT_EQ(POLLIN | POLLHUP, st_timeline_poll(self->waiter, 0));
}

TEST_HARNESS_MAIN
