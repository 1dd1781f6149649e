// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timelines by themselves: a counter that only grows, in a descriptor that can be passed on.
 * Who waits for a point gets it, or is told that it will not come; it never waits for nobody.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "st.h"

#define ANY	DMABUF_SYNC_WAIT_ANY
#define TRY	DMABUF_SYNC_WAIT_NONBLOCK
#define FOREVER	0

FIXTURE(timeline)
{
	int ctx, tl, other;
};

FIXTURE_SETUP(timeline)
{
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	self->tl = st_timeline_new(self->ctx, 0);
	self->other = st_timeline_new(self->ctx, 100);
	ASSERT_LE(0, self->tl);
	ASSERT_LE(0, self->other);
}

/* Some tests close a descriptor themselves. */
static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

FIXTURE_TEARDOWN(timeline)
{
	close_if_open(self->tl);
	close_if_open(self->other);
	close(self->ctx);
}

static void drop(int *fd)
{
	close(*fd);
	*fd = -1;
}

TEST_F(timeline, begins_where_it_is_told)
{
	EXPECT_EQ(0, st_timeline_value(self->tl));
	EXPECT_EQ(100, st_timeline_value(self->other));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->tl, F_GETFD));
}

TEST_F(timeline, only_grows)
{
	ASSERT_EQ(0, st_timeline_signal(self->tl, 5));
	EXPECT_EQ(-ERANGE, st_timeline_signal(self->tl, 5));
	EXPECT_EQ(-ERANGE, st_timeline_signal(self->tl, 4));
	EXPECT_EQ(-ERANGE, st_timeline_signal(self->tl, 0));
	EXPECT_EQ(5, st_timeline_value(self->tl));
	EXPECT_EQ(0, st_timeline_signal(self->tl, UINT64_MAX));
	EXPECT_EQ(-ERANGE, st_timeline_signal(self->tl, UINT64_MAX));
	EXPECT_EQ(-1, st_timeline_value(self->tl));
}

TEST_F(timeline, point_that_is_reached_is_not_waited_for)
{
	ASSERT_EQ(0, st_timeline_signal(self->tl, 5));
	EXPECT_EQ(0, st_timeline_wait_one(self->tl, 0, 0, FOREVER));
	EXPECT_EQ(0, st_timeline_wait_one(self->tl, 5, 0, FOREVER));
	EXPECT_EQ(0, st_timeline_wait_one(self->tl, 5, TRY, FOREVER));
	EXPECT_EQ(-EAGAIN, st_timeline_wait_one(self->tl, 6, TRY, FOREVER));
}

/* Those whose points are reached wake up, the others sleep on. */
TEST_F(timeline, signal_wakes_those_up_to_it)
{
	struct dmabuf_sync_point points[3];
	struct st_wait wait[3];
	int i;

	for (i = 0; i < 3; i++) {
		points[i] = st_point(self->tl, 0, 10 * (i + 1));
		ASSERT_EQ(0, st_wait_start(&wait[i], &points[i], 1, 0, FOREVER));
	}
	ASSERT_EQ(0, st_timeline_signal(self->tl, 25));
	EXPECT_EQ(0, st_wait_end(&wait[0]));
	EXPECT_EQ(0, st_wait_end(&wait[1]));
	EXPECT_TRUE(ST_STAYS(!st_wait_done(&wait[2])));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 30));
	EXPECT_EQ(0, st_wait_end(&wait[2]));
	EXPECT_EQ(0, st_fdinfo_number(self->tl, "waiters"));
}

TEST_F(timeline, all_means_all)
{
	struct dmabuf_sync_point points[] = {
		st_point(self->tl, 0, 1), st_point(self->other, 0, 101),
		st_point(self->tl, 0, 2),
	};
	struct st_wait wait;

	ASSERT_EQ(0, st_wait_start(&wait, points, 3, 0, FOREVER));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	ASSERT_EQ(0, st_timeline_signal(self->other, 101));
	EXPECT_TRUE(ST_STAYS(!st_wait_done(&wait)));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 2));
	EXPECT_EQ(0, st_wait_end(&wait));
}

TEST_F(timeline, any_means_one)
{
	struct dmabuf_sync_point points[] = {
		st_point(self->tl, 0, 1), st_point(self->other, 0, 101),
	};
	struct st_wait wait;
	uint32_t index;

	ASSERT_EQ(0, st_wait_start(&wait, points, 2, ANY, FOREVER));
	ASSERT_EQ(0, st_timeline_signal(self->other, 200));
	EXPECT_EQ(0, st_wait_end(&wait));
	EXPECT_EQ(1, wait.index);
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_EQ(0, st_timeline_wait(points, 2, ANY | TRY, FOREVER, &index));
	EXPECT_EQ(0, index);
	EXPECT_EQ(0, st_fdinfo_number(self->tl, "waiters"));
}

TEST_F(timeline, deadline_ends_the_wait)
{
	int64_t deadline_ns = st_now_ns() + 20 * ST_NSEC_PER_MSEC;

	EXPECT_EQ(-ETIMEDOUT, st_timeline_wait_one(self->tl, 1, 0, deadline_ns));
	EXPECT_LE(deadline_ns, st_now_ns());
	/* One that has passed, too; but what is reached is reached. */
	EXPECT_EQ(-ETIMEDOUT, st_timeline_wait_one(self->tl, 1, 0, 1));
	EXPECT_EQ(0, st_timeline_wait_one(self->tl, 0, 0, 1));
	EXPECT_EQ(0, st_fdinfo_number(self->tl, "waiters"));
}

static void nothing(int number)
{
	(void)number;
}

static void on_signal(int flags)
{
	struct sigaction action = { .sa_handler = nothing, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
}

TEST_F(timeline, signal_interrupts_the_wait)
{
	struct dmabuf_sync_point point = st_point(self->tl, 0, 1);
	struct st_wait wait;

	on_signal(0);
	ASSERT_EQ(0, st_wait_start(&wait, &point, 1, 0, FOREVER));
	pthread_kill(wait.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, st_wait_end(&wait));
}

TEST_F(timeline, restarted_wait_goes_on)
{
	struct dmabuf_sync_point point = st_point(self->tl, 0, 1);
	int64_t deadline_ns = st_now_ns() + 60 * ST_NSEC_PER_SEC;
	struct st_wait wait;

	on_signal(SA_RESTART);
	ASSERT_EQ(0, st_wait_start(&wait, &point, 1, 0, deadline_ns));
	pthread_kill(wait.thread, SIGUSR1);
	EXPECT_TRUE(ST_STAYS(!st_wait_done(&wait)));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_EQ(0, st_wait_end(&wait));
}

/* Nobody can signal any more: that is told, and for ever. */
TEST_F(timeline, last_signaller_ends_all_waits)
{
	int waiter = st_timeline_waiter(self->tl, 1), second = dup(self->tl);
	struct dmabuf_sync_point point = st_point(waiter, 0, 7);
	struct dmabuf_sync_timeline_query query;
	struct st_wait wait;

	ASSERT_LE(0, waiter);
	ASSERT_EQ(0, st_timeline_signal(self->tl, 6));
	ASSERT_EQ(0, st_wait_start(&wait, &point, 1, 0, FOREVER));
	drop(&self->tl);
	EXPECT_TRUE(ST_STAYS(!st_wait_done(&wait)));
	drop(&second);
	EXPECT_EQ(-EPIPE, st_wait_end(&wait));
	EXPECT_EQ(-EPIPE, st_timeline_wait_one(waiter, 7, 0, FOREVER));
	EXPECT_EQ(0, st_timeline_wait_one(waiter, 6, 0, FOREVER));
	ASSERT_EQ(0, st_timeline_query(waiter, &query));
	EXPECT_EQ(6, query.value);
	EXPECT_EQ(0, query.failed);
	EXPECT_EQ(DMABUF_SYNC_TIMELINE_DEAD, query.status);
	EXPECT_EQ(0, st_fdinfo_number(waiter, "signallers"));
	close(waiter);
}

TEST_F(timeline, error_names_the_point)
{
	int waiter = st_timeline_waiter(self->tl, 1);
	struct dmabuf_sync_point points[] = {
		st_point(self->other, 0, 101), st_point(waiter, 0, 1),
	};
	struct st_wait all, any;
	uint32_t index;

	ASSERT_EQ(0, st_wait_start(&all, points, 2, 0, FOREVER));
	ASSERT_EQ(0, st_wait_start(&any, points, 2, ANY, FOREVER));
	drop(&self->tl);
	EXPECT_EQ(-EPIPE, st_wait_end(&all));
	EXPECT_EQ(1, all.index);
	EXPECT_EQ(-EPIPE, st_wait_end(&any));
	EXPECT_EQ(1, any.index);
	/* One that is reached counts more. */
	ASSERT_EQ(0, st_timeline_signal(self->other, 101));
	EXPECT_EQ(0, st_timeline_wait(points, 2, ANY, FOREVER, &index));
	EXPECT_EQ(0, index);
	EXPECT_EQ(-EPIPE, st_timeline_wait(points, 2, 0, FOREVER, &index));
	EXPECT_EQ(1, index);
	close(waiter);
}

TEST_F(timeline, waiter_cannot_signal)
{
	int waiter = st_timeline_waiter(self->tl, 1), again;

	ASSERT_LE(0, waiter);
	EXPECT_EQ(FD_CLOEXEC, fcntl(waiter, F_GETFD));
	EXPECT_EQ(-EBADF, st_timeline_signal(waiter, 1));
	EXPECT_EQ(0, st_timeline_value(self->tl));
	/* Nor does it become one that can. */
	again = st_timeline_waiter(waiter, 1);
	EXPECT_EQ(-EBADF, st_timeline_signal(again, 1));
	EXPECT_EQ(1, st_fdinfo_number(waiter, "signallers"));
	close(again);
	close(waiter);
}

TEST_F(timeline, killed_process_ends_the_waits_for_it)
{
	int sock[2], waiter, status;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock));
	pid = st_fork();
	if (!pid) {
		int tl = st_timeline_new(self->ctx, 0);

		if (st_fd_send(sock[1], st_timeline_waiter(tl, 1)))
			_exit(1);
		for (;;)
			pause();
	}
	close(sock[1]);
	waiter = st_fd_receive(sock[0]);
	ASSERT_LE(0, waiter);
	EXPECT_EQ(-EAGAIN, st_timeline_wait_one(waiter, 1, TRY, FOREVER));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-EPIPE, st_timeline_wait_one(waiter, 1, 0, FOREVER));
	status = st_child_wait(pid);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(POLLHUP, st_timeline_poll(waiter, 0) & POLLHUP);
	close(waiter);
	close(sock[0]);
}

/* On its way in a socket it is open, and can signal. */
TEST_F(timeline, lives_while_it_is_passed)
{
	int sock[2], waiter = st_timeline_waiter(self->tl, 1);

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock));
	ASSERT_EQ(0, st_fd_send(sock[0], self->tl));
	drop(&self->tl);
	EXPECT_EQ(-EAGAIN, st_timeline_wait_one(waiter, 1, TRY, FOREVER));
	self->tl = st_fd_receive(sock[1]);
	ASSERT_LE(0, self->tl);
	EXPECT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_EQ(0, st_timeline_wait_one(waiter, 1, 0, FOREVER));
	close(waiter);
	close(sock[0]);
	close(sock[1]);
}

TEST_F(timeline, child_signals_its_parent)
{
	pid_t pid = st_fork();

	if (!pid)
		_exit(st_timeline_signal(self->tl, 1) ? 1 : 0);
	EXPECT_EQ(0, st_timeline_wait_one(self->tl, 1, 0, FOREVER));
	EXPECT_EQ(0, st_child_wait(pid));
}

TEST_F(timeline, needs_no_context)
{
	int sock[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock));
	st_context_reopen(&self->ctx);
	EXPECT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_EQ(0, st_timeline_wait_one(self->tl, 1, 0, FOREVER));
	close(sock[0]);
	close(sock[1]);
}

TEST_F(timeline, poll_tells_its_point)
{
	EXPECT_EQ(0, st_timeline_poll(self->tl, 0));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	/* As long as it is that, to whoever looks. */
	EXPECT_EQ(POLLIN, st_timeline_poll(self->tl, 0));
	EXPECT_EQ(POLLIN, st_timeline_poll(self->tl, 0));
	ASSERT_EQ(0, st_timeline_aim(self->tl, 3));
	EXPECT_EQ(0, st_timeline_poll(self->tl, 0));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 2));
	EXPECT_EQ(0, st_timeline_poll(self->tl, 0));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 4));
	EXPECT_EQ(POLLIN, st_timeline_poll(self->tl, 0));
	/* Back to one that is reached. */
	ASSERT_EQ(0, st_timeline_aim(self->tl, 9));
	ASSERT_EQ(0, st_timeline_aim(self->tl, 0));
	EXPECT_EQ(POLLIN, st_timeline_poll(self->tl, 0));
}

TEST_F(timeline, each_open_file_has_its_point)
{
	int waiter = st_timeline_waiter(self->tl, 5), copy = dup(waiter);

	ASSERT_EQ(0, st_timeline_signal(self->tl, 4));
	EXPECT_EQ(POLLIN, st_timeline_poll(self->tl, 0));
	EXPECT_EQ(0, st_timeline_poll(waiter, 0));
	ASSERT_EQ(0, st_timeline_aim(copy, 4));
	EXPECT_EQ(POLLIN, st_timeline_poll(waiter, 0));
	EXPECT_EQ(4, st_fdinfo_number(waiter, "point"));
	close(copy);
	close(waiter);
}

/**
 * struct poller - a thread in poll()
 * @fd: of what
 * @events: asked for
 * @revents: the answer, once @done
 * @done: it returned
 */
struct poller {
	int fd;
	short events;
	int revents;
	bool done;
	pthread_t thread;
};

static void *poll_thread(void *arg)
{
	struct poller *poller = arg;
	struct pollfd pfd = { .fd = poller->fd, .events = poller->events };

	poll(&pfd, 1, -1);
	poller->revents = pfd.revents;
	__atomic_store_n(&poller->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool poller_done(const struct poller *poller)
{
	return __atomic_load_n(&poller->done, __ATOMIC_ACQUIRE);
}

/* Whoever polls is a waiter of the timeline. */
static int poller_start(struct poller *poller, int fd, short events)
{
	*poller = (struct poller){ .fd = fd, .events = events };
	if (pthread_create(&poller->thread, NULL, poll_thread, poller))
		return -1;
	return ST_UNTIL(st_fdinfo_number(fd, "waiters") > 0) ? 0 : -ETIME;
}

static int poller_end(struct poller *poller)
{
	if (!ST_UNTIL(poller_done(poller)))
		return -ETIME;
	pthread_join(poller->thread, NULL);
	return poller->revents;
}

TEST_F(timeline, any_number_of_pollers_wake_up)
{
	struct poller pollers[20];
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(pollers); i++)
		ASSERT_EQ(0, poller_start(&pollers[i], self->tl, POLLIN));
	EXPECT_TRUE(ST_STAYS(!poller_done(&pollers[0])));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	for (i = 0; i < ST_ARRAY_SIZE(pollers); i++)
		EXPECT_EQ(POLLIN, poller_end(&pollers[i]));
}

TEST_F(timeline, poller_learns_of_another_point)
{
	struct poller poller;

	ASSERT_EQ(0, st_timeline_signal(self->tl, 3));
	ASSERT_EQ(0, st_timeline_aim(self->tl, 5));
	ASSERT_EQ(0, poller_start(&poller, self->tl, POLLIN));
	ASSERT_EQ(0, st_timeline_aim(self->tl, 2));
	EXPECT_EQ(POLLIN, poller_end(&poller));
}

/* Also one whose point is reached, and who asks for nothing else. */
TEST_F(timeline, poller_learns_of_the_end)
{
	int waiter = st_timeline_waiter(self->tl, 1);
	int reached = st_timeline_waiter(self->tl, 0);
	struct poller pollers[2];

	ASSERT_EQ(0, poller_start(&pollers[0], waiter, POLLIN));
	ASSERT_EQ(0, poller_start(&pollers[1], reached, 0));
	ASSERT_TRUE(ST_UNTIL(st_fdinfo_number(waiter, "waiters") == 2));
	EXPECT_TRUE(ST_STAYS(!poller_done(&pollers[1])));
	drop(&self->tl);
	EXPECT_EQ(POLLHUP, poller_end(&pollers[0]));
	EXPECT_EQ(POLLHUP, poller_end(&pollers[1]));
	EXPECT_EQ(POLLHUP, st_timeline_poll(waiter, 0));
	EXPECT_EQ(POLLIN | POLLHUP, st_timeline_poll(reached, 0));
	close(reached);
	close(waiter);
}

TEST_F(timeline, event_loop_goes_from_point_to_point)
{
	int waiter = st_timeline_waiter(self->tl, 1), epoll = epoll_create1(EPOLL_CLOEXEC), i;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, waiter, &event));
	for (i = 1; i <= 100; i++) {
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
		ASSERT_EQ(0, st_timeline_signal(self->tl, i));
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, ST_SOON_MS));
		EXPECT_EQ(EPOLLIN, event.events);
		ASSERT_EQ(0, st_timeline_aim(waiter, i + 1));
		epoll_wait(epoll, &event, 1, 0);
	}
	close(epoll);
	close(waiter);
}

/* A thread waits on a descriptor that another one closes. */
TEST_F(timeline, close_ends_the_call)
{
	struct dmabuf_sync_point point = st_point(self->tl, 0, 1);
	struct st_wait wait;

	ASSERT_EQ(0, st_wait_start(&wait, &point, 1, 0, FOREVER));
	drop(&self->tl);
	EXPECT_EQ(-ECANCELED, st_wait_end(&wait));
}

/* A wait does not keep the timeline able to signal. */
TEST_F(timeline, wait_is_no_signaller)
{
	int waiter = st_timeline_waiter(self->tl, 1);
	struct dmabuf_sync_point points[] = {
		st_point(waiter, 0, 1), st_point(self->tl, 0, 1),
	};
	struct st_wait wait;

	ASSERT_EQ(0, st_wait_start(&wait, points, 2, 0, FOREVER));
	ASSERT_TRUE(ST_UNTIL(st_fdinfo_number(waiter, "waiters") == 2));
	drop(&self->tl);
	EXPECT_EQ(-EPIPE, st_wait_end(&wait));
	close(waiter);
}

TEST_F(timeline, fdinfo_says_what_it_is)
{
	int waiter = st_timeline_waiter(self->tl, 9);

	ASSERT_EQ(0, st_timeline_signal(self->tl, 5));
	EXPECT_LT(0, st_fdinfo_number(self->tl, "timeline"));
	EXPECT_EQ(st_fdinfo_number(self->tl, "timeline"),
		  st_fdinfo_number(waiter, "timeline"));
	EXPECT_NE(st_fdinfo_number(self->tl, "timeline"),
		  st_fdinfo_number(self->other, "timeline"));
	EXPECT_EQ(5, st_fdinfo_number(waiter, "value"));
	EXPECT_EQ(0, st_fdinfo_number(waiter, "failed"));
	EXPECT_EQ(1, st_fdinfo_number(waiter, "signallers"));
	EXPECT_EQ(9, st_fdinfo_number(waiter, "point"));
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "point"));
	close(waiter);
}

TEST_F(timeline, no_other_descriptor_is_one)
{
	struct dmabuf_sync_point points[] = {
		st_point(self->tl, 0, 0), st_point(self->ctx, 0, 0),
	};
	struct dmabuf_sync_timeline_query query;

	EXPECT_EQ(-EINVAL, st_timeline_wait(points, 2, 0, FOREVER, NULL));
	points[1].fd = -1;
	EXPECT_EQ(-EBADF, st_timeline_wait(points, 2, 0, FOREVER, NULL));
	points[1].fd = 0;
	EXPECT_EQ(-EINVAL, st_timeline_wait(points, 2, 0, FOREVER, NULL));
	EXPECT_EQ(-ENOTTY, st_timeline_query(self->ctx, &query));
	EXPECT_EQ(-ENOTTY, st_timeline_new(self->tl, 0));
	EXPECT_EQ(-ENOTTY, st_release(self->tl, 1));
}

TEST_F(timeline, trace_events_tell_of_points)
{
	struct dmabuf_sync_point point = st_point(self->tl, 0, 3);
	long id = st_fdinfo_number(self->tl, "timeline");
	struct st_trace events[16];
	struct st_wait wait;
	int nr, i, seen = 0;

	ASSERT_EQ(0, st_trace_start());
	ASSERT_EQ(0, st_wait_start(&wait, &point, 1, 0, FOREVER));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 4));
	ASSERT_EQ(0, st_wait_end(&wait));
	nr = st_trace_read(events, 16);
	st_trace_stop();
	for (i = 0; i < nr; i++) {
		if (st_trace_number(&events[i], "timeline") != id)
			continue;
		seen++;
		EXPECT_EQ(strcmp(events[i].name, "point_signal") ? 3 : 4,
			  st_trace_number(&events[i], "point"));
		EXPECT_EQ(0, st_trace_number(&events[i], "error"));
	}
	EXPECT_EQ(3, seen);
}

TEST_HARNESS_MAIN
