// SPDX-License-Identifier: GPL-2.0-only
/* Timelines by the library: each call where it succeeds, and each of its errors. */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <dmabuf-sync.h>

#include "st.h"

FIXTURE(timelines)
{
	struct st_world w;
	struct dmasync_access all;	/* of the first buffer, to write */
	struct dmasync_request request;
	struct dmasync_set set;
	int ctx, a, b;			/* timelines, at 5 and at 0 */
};

FIXTURE_SETUP(timelines)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx[0];
	self->a = dmasync_timeline_new(self->ctx, 5);
	self->b = dmasync_timeline_new(self->ctx, 0);
	ASSERT_LE(0, self->a);
	ASSERT_LE(0, self->b);
	self->all = dmasync_make_access(self->w.buf[0].fd, DMASYNC_WRITE, 0, DMASYNC_TO_END);
	self->request = (struct dmasync_request){ .accesses = &self->all, .nr_accesses = 1 };
}

FIXTURE_TEARDOWN(timelines)
{
	close(self->a);
	close(self->b);
	EXPECT_TRUE(st_world_close(&self->w));
}

static uint64_t value(int timeline)
{
	struct dmasync_timeline_state state;

	return dmasync_timeline_query(timeline, &state) ? UINT64_MAX : state.value;
}

TEST_F(timelines, begin_where_they_are_told_to)
{
	struct dmasync_timeline_state state = {};

	EXPECT_EQ(FD_CLOEXEC, fcntl(self->a, F_GETFD));
	ASSERT_EQ(0, dmasync_timeline_query(self->a, &state));
	EXPECT_EQ(5, state.value);
	EXPECT_EQ(0, state.failed);
	EXPECT_EQ(0, state.dead);
}

TEST_F(timelines, need_a_context)
{
	struct dmasync_timeline_state state;

	EXPECT_EQ(-EBADF, dmasync_timeline_new(-1, 0));
	EXPECT_EQ(-ENOTTY, dmasync_timeline_new(self->all.dmabuf, 0));
	EXPECT_EQ(-ENOTTY, dmasync_timeline_query(self->all.dmabuf, &state));
	EXPECT_EQ(-EBADF, dmasync_timeline_query(-1, &state));
}

TEST_F(timelines, signal_reaches_a_point)
{
	EXPECT_EQ(0, dmasync_timeline_signal(self->a, 9));
	EXPECT_EQ(9, value(self->a));
	EXPECT_EQ(0, dmasync_timeline_wait(self->a, 9, 0));
}

TEST_F(timelines, signal_does_not_go_backwards)
{
	EXPECT_EQ(-ERANGE, dmasync_timeline_signal(self->a, 5));
	EXPECT_EQ(5, value(self->a));
}

TEST_F(timelines, waiter_waits_and_cannot_signal)
{
	int waiter = dmasync_timeline_waiter(self->a, 7);
	struct pollfd pfd = { .fd = waiter, .events = POLLIN };

	ASSERT_LE(0, waiter);
	EXPECT_EQ(0, dmasync_timeline_wait(waiter, 5, 0));
	EXPECT_EQ(-EBADF, dmasync_timeline_signal(waiter, 7));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, dmasync_timeline_signal(self->a, 7));
	EXPECT_EQ(1, poll(&pfd, 1, ST_SOON_MS));
	EXPECT_EQ(POLLIN, pfd.revents);
	close(waiter);
	EXPECT_EQ(-EBADF, dmasync_timeline_waiter(-1, 7));
}

TEST_F(timelines, watch_moves_the_point_of_poll)
{
	struct pollfd pfd = { .fd = self->a, .events = POLLIN };

	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, dmasync_timeline_watch(self->a, 5));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN, pfd.revents);
	EXPECT_EQ(-EBADF, dmasync_timeline_watch(-1, 5));
}

TEST_F(timelines, wait_gives_up_at_its_deadline)
{
	int64_t deadline = dmasync_deadline_ms(20);

	EXPECT_EQ(-ETIMEDOUT, dmasync_timeline_wait(self->a, 6, deadline));
	EXPECT_LE(deadline, st_now_ns());
}

TEST_F(timelines, wait_for_all_needs_all)
{
	struct dmasync_point points[] = {
		dmasync_make_point(self->a, 0, 5), dmasync_make_point(self->b, 0, 1),
	};

	EXPECT_EQ(-EAGAIN, dmasync_wait(points, 2, DMASYNC_WAIT_NONBLOCK, 0, NULL));
	EXPECT_EQ(0, dmasync_timeline_signal(self->b, 1));
	EXPECT_EQ(0, dmasync_wait(points, 2, DMASYNC_WAIT_NONBLOCK, 0, NULL));
	EXPECT_EQ(0, dmasync_wait(points, 2, 0, 0, NULL));
}

TEST_F(timelines, wait_for_any_says_which)
{
	struct dmasync_point points[] = {
		dmasync_make_point(self->a, 0, 6), dmasync_make_point(self->b, 0, 1),
	};
	unsigned int index = 77;

	EXPECT_EQ(0, dmasync_timeline_signal(self->b, 1));
	EXPECT_EQ(0, dmasync_wait(points, 2, DMASYNC_WAIT_ANY, 0, &index));
	EXPECT_EQ(1, index);
}

TEST_F(timelines, wait_says_which_point_nobody_will_signal)
{
	int waiter = dmasync_timeline_waiter(self->b, 1);
	struct dmasync_point points[] = {
		dmasync_make_point(self->a, 0, 5), dmasync_make_point(waiter, 0, 1),
	};
	struct dmasync_timeline_state state = {};
	unsigned int index = 77;

	ASSERT_LE(0, waiter);
	close(self->b);
	EXPECT_EQ(-EPIPE, dmasync_wait(points, 2, 0, 0, &index));
	EXPECT_EQ(1, index);
	EXPECT_EQ(0, dmasync_timeline_query(waiter, &state));
	EXPECT_EQ(1, state.dead);
	self->b = waiter;
}

TEST_F(timelines, wait_refuses_what_is_no_timeline)
{
	struct dmasync_point points[] = {
		dmasync_make_point(self->all.dmabuf, 0, 1), dmasync_make_point(self->a, 0, 1),
	};
	struct dmasync_point turned[] = { points[1], points[0] };

	EXPECT_EQ(-EINVAL, dmasync_wait(points, 2, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, dmasync_wait(turned, 2, 0, 0, NULL));
	turned[1].timeline = -1;
	EXPECT_EQ(-EBADF, dmasync_wait(turned, 2, 0, 0, NULL));
	EXPECT_EQ(-EBADF, dmasync_timeline_wait(-1, 1, 0));
}

TEST_F(timelines, wait_refuses_none_too_many_and_unknown_flags)
{
	struct dmasync_point points[DMABUF_SYNC_MAX_POINTS + 1];
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(points); i++)
		points[i] = dmasync_make_point(self->a, 0, 5);
	EXPECT_EQ(-EINVAL, dmasync_wait(points, 0, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, dmasync_wait(points, ST_ARRAY_SIZE(points), 0, 0, NULL));
	EXPECT_EQ(0, dmasync_wait(points, ST_ARRAY_SIZE(points) - 1, 0, 0, NULL));
	EXPECT_EQ(-EINVAL, dmasync_wait(points, 1, 1U << 31, 0, NULL));
	points[0].role = DMASYNC_POINT_WAIT;
	EXPECT_EQ(-EINVAL, dmasync_wait(points, 1, 0, 0, NULL));
}

TEST_F(timelines, request_waits_for_a_point_and_its_release_signals_one)
{
	struct dmasync_point points[] = {
		dmasync_make_point(self->a, DMASYNC_POINT_WAIT, 6),
		dmasync_make_point(self->b, DMASYNC_POINT_SIGNAL, 1),
	};

	self->request.points = points;
	self->request.nr_points = 2;
	self->request.flags = DMASYNC_NONBLOCK;
	EXPECT_EQ(-EAGAIN, dmasync_request(self->ctx, &self->request, &self->set));
	self->request.flags = 0;
	EXPECT_EQ(0, dmasync_timeline_signal(self->a, 6));
	ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &self->set));
	EXPECT_EQ(0, value(self->b));
	EXPECT_EQ(0, dmasync_release(self->ctx, self->set.number));
	EXPECT_EQ(1, value(self->b));
}

TEST_F(timelines, request_fails_when_its_point_is_reached_already)
{
	struct dmasync_point point = dmasync_make_point(self->a, DMASYNC_POINT_SIGNAL, 5);

	self->request.points = &point;
	self->request.nr_points = 1;
	EXPECT_EQ(-ERANGE, dmasync_request(self->ctx, &self->request, &self->set));
}

TEST_F(timelines, request_refuses_bad_points)
{
	struct dmasync_point point = dmasync_make_point(self->a, 0, 6);
	int waiter = dmasync_timeline_waiter(self->a, 6);

	self->request.points = &point;
	self->request.nr_points = 1;
	EXPECT_EQ(-EINVAL, dmasync_request(self->ctx, &self->request, &self->set));
	point.role = DMASYNC_POINT_SIGNAL;
	point.timeline = waiter;
	EXPECT_EQ(-EBADF, dmasync_request(self->ctx, &self->request, &self->set));
	close(waiter);
	self->request.points = NULL;
	EXPECT_EQ(-EFAULT, dmasync_request(self->ctx, &self->request, &self->set));
}

/* The owner dies: what it was to signal fails; who can still signal makes it good. */
TEST_F(timelines, point_fails_with_its_owner)
{
	struct dmasync_point point = dmasync_make_point(self->a, DMASYNC_POINT_SIGNAL, 6);
	struct dmasync_timeline_state state = {};
	int ctx = dmasync_open(0);

	ASSERT_LE(0, ctx);
	self->request.points = &point;
	self->request.nr_points = 1;
	ASSERT_EQ(0, dmasync_request(ctx, &self->request, &self->set));
	close(ctx);
	EXPECT_EQ(-EPIPE, dmasync_timeline_wait(self->a, 6, 0));
	EXPECT_EQ(0, dmasync_timeline_query(self->a, &state));
	EXPECT_EQ(6, state.failed);
	EXPECT_EQ(0, dmasync_timeline_signal(self->a, 6));
	EXPECT_EQ(0, dmasync_timeline_wait(self->a, 6, 0));
}

TEST_HARNESS_MAIN
