// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is not waited for in a call, by the library: queued sets and their events, sets that are
 * descriptors, lists of accesses.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <dmabuf-sync.h>

#include "st.h"

#define R	DMASYNC_READ
#define W	DMASYNC_WRITE
#define TO_END	DMASYNC_TO_END
#define QUEUE	DMASYNC_QUEUE
#define NOTIFY	DMASYNC_NOTIFY

FIXTURE(events)
{
	struct st_world w;
	struct dmasync_access all;	/* of the first buffer, to write */
	struct dmasync_request request;
	struct dmasync_set held;	/* by the first context */
	int ctx, buf;			/* the second context, without a set */
};

FIXTURE_SETUP(events)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->buf = self->w.buf[0].fd;
	self->ctx = self->w.ctx[1];
	ASSERT_EQ(0, fcntl(self->ctx, F_SETFL, O_NONBLOCK));
	self->all = dmasync_make_access(self->buf, W, 0, TO_END);
	self->request = (struct dmasync_request){
		.accesses = &self->all, .nr_accesses = 1, .flags = QUEUE, .user_data = 42,
	};
	ASSERT_EQ(0, dmasync_acquire(self->w.ctx[0], &self->all, 1, 0, &self->held));
}

FIXTURE_TEARDOWN(events)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static int let_go(FIXTURE_DATA(events) *self)
{
	return dmasync_release(self->w.ctx[0], self->held.number);
}

/* Read one, waiting for it. */
static int next(int fd, struct dmasync_event *event)
{
	if (!st_event_pending(fd, ST_SOON_MS))
		return -ETIME;
	return dmasync_read_events(fd, event, 1);
}

TEST_F(events, queued_set_is_acquired_when_the_other_is_released)
{
	struct dmasync_event event;
	struct dmasync_set set;

	ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &set));
	EXPECT_EQ(-EAGAIN, dmasync_read_events(self->ctx, &event, 1));
	ASSERT_EQ(0, let_go(self));
	ASSERT_EQ(1, next(self->ctx, &event));
	EXPECT_EQ(DMASYNC_EVENT_READY, event.type);
	EXPECT_EQ(set.number, event.set);
	EXPECT_EQ(0, event.result);
	EXPECT_EQ(0, event.status);
	EXPECT_EQ(42, event.user_data);
	EXPECT_EQ(0, dmasync_release(self->ctx, set.number));
}

TEST_F(events, queued_set_ends_at_its_deadline)
{
	struct dmasync_event event;
	struct dmasync_set set;

	self->request.deadline_ns = dmasync_deadline_ms(20);
	ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &set));
	ASSERT_EQ(1, next(self->ctx, &event));
	EXPECT_EQ(-ETIMEDOUT, event.result);
	EXPECT_EQ(-ENOENT, dmasync_release(self->ctx, set.number));
}

/* More than one call returns, and a buffer with room for more than that. */
TEST_F(events, are_read_many_at_a_time)
{
	struct dmasync_event events[2 * DMASYNC_MAX_EVENTS] = {};
	struct dmasync_set set;
	unsigned int i;

	ASSERT_EQ(0, let_go(self));
	for (i = 0; i < DMASYNC_MAX_EVENTS + 5; i++) {
		self->request.user_data = i;
		ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &set));
	}
	EXPECT_EQ(3, dmasync_read_events(self->ctx, events, 3));
	EXPECT_EQ(2, events[2].user_data);
	EXPECT_EQ((int)DMASYNC_MAX_EVENTS, dmasync_read_events(self->ctx, events, 64));
	EXPECT_EQ(2, dmasync_read_events(self->ctx, events, 64));
	EXPECT_EQ(DMASYNC_MAX_EVENTS + 4, events[1].user_data);
	EXPECT_EQ(-EAGAIN, dmasync_read_events(self->ctx, events, 64));
}

TEST_F(events, tell_who_is_wanted_and_revoked)
{
	struct dmasync_event event;
	struct dmasync_set set;

	ASSERT_EQ(0, let_go(self));
	ASSERT_EQ(0, dmasync_lease(self->ctx, ST_LEASE_SHORT_MS, NULL));
	self->request.flags = DMASYNC_NONBLOCK | NOTIFY;
	ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &set));
	ASSERT_LT(0, st_lease_wait(self->w.ctx[0], self->buf, W, NULL));
	ASSERT_EQ(1, next(self->ctx, &event));
	EXPECT_EQ(DMASYNC_EVENT_WANTED, event.type);
	ASSERT_EQ(1, next(self->ctx, &event));
	EXPECT_EQ(DMASYNC_EVENT_REVOKED, event.type);
	EXPECT_EQ(set.number, event.set);
	EXPECT_EQ(-EOWNERDEAD, dmasync_release(self->ctx, set.number));
}

TEST_F(events, need_room_and_a_context)
{
	struct dmasync_event event;

	EXPECT_EQ(-EINVAL, dmasync_read_events(self->ctx, &event, 0));
	EXPECT_EQ(-EBADF, dmasync_read_events(-1, &event, 1));
}

TEST_F(events, set_fd_is_acquired_when_the_other_is_released)
{
	uint32_t status = 77;
	int set = dmasync_request_fd(self->ctx, &self->request);

	ASSERT_LE(0, set);
	EXPECT_EQ(FD_CLOEXEC, fcntl(set, F_GETFD));
	EXPECT_EQ(-EAGAIN, dmasync_set_result(set, &status));
	EXPECT_EQ(77, status);
	ASSERT_EQ(0, let_go(self));
	ASSERT_TRUE(st_event_pending(set, ST_SOON_MS));
	EXPECT_EQ(0, dmasync_set_result(set, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, dmasync_set_result(set, NULL));
	EXPECT_EQ(-EAGAIN, dmasync_try_acquire(self->ctx, &self->all, 1, &self->held));
	close(set);
	EXPECT_EQ(0, dmasync_try_acquire(self->ctx, &self->all, 1, &self->held));
}

TEST_F(events, set_fd_does_not_wait_when_told_not_to)
{
	self->request.flags = DMASYNC_NONBLOCK;
	EXPECT_EQ(-EAGAIN, dmasync_request_fd(self->ctx, &self->request));
}

TEST_F(events, set_fd_says_once_why_it_failed)
{
	struct dmasync_event event;
	int set;

	self->request.deadline_ns = dmasync_deadline_ms(20);
	set = dmasync_request_fd(self->ctx, &self->request);
	ASSERT_LE(0, set);
	ASSERT_TRUE(st_event_pending(set, ST_SOON_MS));
	EXPECT_EQ(-ETIMEDOUT, dmasync_set_result(set, NULL));
	EXPECT_EQ(-ENODATA, dmasync_set_result(set, NULL));
	EXPECT_EQ(0, dmasync_read_events(set, &event, 1));
	close(set);
}

TEST_F(events, set_fd_says_that_it_was_revoked)
{
	uint32_t status = 77;
	int set;

	ASSERT_EQ(0, let_go(self));
	ASSERT_EQ(0, dmasync_lease(self->ctx, ST_LEASE_SHORT_MS, NULL));
	self->request.flags = DMASYNC_NONBLOCK | NOTIFY;
	set = dmasync_request_fd(self->ctx, &self->request);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, dmasync_set_result(set, NULL));
	ASSERT_LT(0, st_lease_wait(self->w.ctx[0], self->buf, W, NULL));
	/* Behind the notices, which are dropped. */
	EXPECT_EQ(-EOWNERDEAD, dmasync_set_result(set, &status));
	EXPECT_EQ(77, status);
	close(set);
}

TEST_F(events, set_fd_cannot_be_slept_for_in_the_request)
{
	self->request.flags = 0;
	EXPECT_EQ(-EINVAL, dmasync_request_fd(self->ctx, &self->request));
}

TEST_F(events, query_lists_holder_and_waiter)
{
	struct dmasync_list list = {};
	struct dmasync_info infos[4];
	struct dmasync_set set;

	ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &set));
	ASSERT_EQ(2, dmasync_query(self->ctx, self->buf, &list, infos, 4));
	EXPECT_EQ(0, list.more);
	EXPECT_EQ(1, list.nr_held);
	EXPECT_EQ(1, list.nr_queued);
	EXPECT_EQ(DMASYNC_STATE_ACQUIRED, infos[0].state);
	EXPECT_EQ(DMASYNC_OWNER_CONTEXT, infos[0].owner_kind);
	EXPECT_EQ(getpid(), (pid_t)infos[0].tgid);
	EXPECT_EQ(W, infos[0].mode);
	EXPECT_EQ(ST_WORLD_PAGES * ST_PAGE, infos[0].length);
	EXPECT_EQ(DMASYNC_STATE_QUEUED, infos[1].state);
	EXPECT_EQ(set.number, infos[1].set);
}

TEST_F(events, query_goes_on_where_it_was)
{
	struct dmasync_info first, second;
	struct dmasync_list list = {};
	struct dmasync_set set;

	ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &set));
	ASSERT_EQ(1, dmasync_query(self->ctx, self->buf, &list, &first, 1));
	EXPECT_EQ(1, list.more);
	ASSERT_EQ(1, dmasync_query(self->ctx, self->buf, &list, &second, 1));
	EXPECT_NE(first.access_id, second.access_id);
	while (list.more)
		ASSERT_EQ(0, dmasync_query(self->ctx, self->buf, &list, &second, 1));
}

TEST_F(events, query_names_who_is_in_the_way)
{
	struct dmasync_info infos[2], blocker;
	struct dmasync_list list = {};
	struct dmasync_set set;

	ASSERT_EQ(0, dmasync_request(self->ctx, &self->request, &set));
	ASSERT_EQ(2, dmasync_query(self->ctx, self->buf, &list, infos, 2));
	list = (struct dmasync_list){};
	ASSERT_EQ(1, dmasync_query_blockers(self->ctx, self->buf, &infos[1], &list, &blocker, 1));
	EXPECT_EQ(infos[0].access_id, blocker.access_id);
	list = (struct dmasync_list){};
	EXPECT_EQ(-ENOENT, dmasync_query_blockers(self->ctx, self->buf, &infos[0], &list,
						  &blocker, 1));
}

TEST_F(events, query_refuses_what_is_no_buffer)
{
	struct dmasync_list list = {};
	struct dmasync_info info;

	EXPECT_EQ(-EBADF, dmasync_query(self->ctx, -1, &list, &info, 1));
	EXPECT_EQ(-EINVAL, dmasync_query(self->ctx, self->ctx, &list, &info, 1));
	EXPECT_EQ(-ENOTTY, dmasync_query(self->buf, self->buf, &list, &info, 1));
	EXPECT_EQ(-EFAULT, dmasync_query(self->ctx, self->buf, &list, NULL, 1));
}

TEST_HARNESS_MAIN
