// SPDX-License-Identifier: GPL-2.0-only
/*
 * A deadline is a time of the caller's CLOCK_MONOTONIC, which a time namespace has moved: to
 * the future, or to the past.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sched.h>

#include "st.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME	0x00000080
#endif

#define W	DMA_BUF_ACCESS_W
#define TO_END	DMABUF_SYNC_TO_END

FIXTURE(timens)
{
	struct st_world w;
	int fd;
	long held;
};

FIXTURE_VARIANT(timens)
{
	const char *offset;
};

FIXTURE_VARIANT_ADD(timens, ahead)
{
	.offset = "monotonic 100000 500000000\n",
};

/* The namespace's clock must not be negative, and this is the age of the machine. */
FIXTURE_VARIANT_ADD(timens, behind)
{
	.offset = "monotonic -3 0\n",
};

FIXTURE_SETUP(timens)
{
	if (access("/proc/self/ns/time", F_OK))
		SKIP(return, "this kernel has no time namespaces");
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->held = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, self->held);
}

FIXTURE_TEARDOWN(timens)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* A child in a new namespace; 0 in there, its pid or a negative errno outside. */
static pid_t child_in_timens(const char *offset)
{
	pid_t pid = st_fork();
	int file;

	if (pid)
		return pid;
	file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWTIME) || write(file, offset, strlen(offset)) < 0)
		_exit(100);
	/* The namespace is that of the children. */
	pid = st_fork();
	if (pid)
		_exit(pid < 0 ? 101 : WEXITSTATUS(st_child_wait(pid)));
	return 0;
}

/* When a call with this deadline returns it is later, but not by much. */
static int deadline_is_kept(struct st_world *w, int64_t deadline_ns)
{
	struct dmabuf_sync_access entry = st_access(w->buf[0].fd, W, 0, TO_END);
	struct st_call call;

	if (st_call_start(&call, w->ctx[1], &entry, 1, deadline_ns))
		return 1;
	if (!ST_UNTIL_MS(st_call_done(&call), 5000))
		return 2;
	if (st_call_end(&call) != -ETIMEDOUT)
		return 3;
	return call.done_ns < deadline_ns ? 4 : 0;
}

TEST_F(timens, deadline_is_the_callers_time)
{
	pid_t pid = child_in_timens(variant->offset);

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(deadline_is_kept(&self->w, st_now_ns() + 200 * ST_NSEC_PER_MSEC));
	EXPECT_EQ(0, WEXITSTATUS(st_child_wait(pid)));
}

/* The same of a request that nobody sleeps for. */
static int queued_deadline_is_kept(struct st_world *w, int64_t deadline_ns)
{
	struct dmabuf_sync_access entry = st_access(w->buf[0].fd, W, 0, TO_END);
	struct dmabuf_sync_acquire out;

	if (st_acquire(w->ctx[1], &entry, 1, DMABUF_SYNC_ACQUIRE_QUEUE, deadline_ns, 0, &out))
		return 1;
	if (!st_event_pending(w->ctx[1], 5000))
		return 2;
	if (st_event_result(w->ctx[1], out.set) != -ETIMEDOUT)
		return 3;
	return st_now_ns() < deadline_ns ? 4 : 0;
}

TEST_F(timens, deadline_of_a_queued_request_is_the_callers_time)
{
	pid_t pid = child_in_timens(variant->offset);

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(queued_deadline_is_kept(&self->w, st_now_ns() + 200 * ST_NSEC_PER_MSEC));
	EXPECT_EQ(0, WEXITSTATUS(st_child_wait(pid)));
}

/* The same for points of timelines. */
static int wait_ends_in_time(int ctx, int64_t deadline_ns)
{
	int timeline = st_timeline_new(ctx, 0);

	if (st_timeline_wait_one(timeline, 1, 0, deadline_ns) != -ETIMEDOUT)
		return 1;
	return st_now_ns() < deadline_ns ? 2 : 0;
}

TEST_F(timens, deadline_of_a_wait_is_the_callers_time)
{
	pid_t pid = child_in_timens(variant->offset);

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(wait_ends_in_time(self->w.ctx[1],
					st_now_ns() + 200 * ST_NSEC_PER_MSEC));
	EXPECT_EQ(0, WEXITSTATUS(st_child_wait(pid)));
}

/* A time before the machine's start, in its own clock, has passed. */
TEST_F(timens, deadline_that_has_passed)
{
	pid_t pid = child_in_timens(variant->offset);

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(deadline_is_kept(&self->w, 1));
	EXPECT_EQ(0, WEXITSTATUS(st_child_wait(pid)));
}

/* The latest of all times does not become an early one. */
TEST_F(timens, deadline_without_an_end)
{
	pid_t pid = child_in_timens(variant->offset);

	ASSERT_LE(0, pid);
	if (!pid) {
		struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);

		_exit(st_acquire(self->w.ctx[1], &entry, 1, 0, INT64_MAX, 0, NULL) ? 1 : 0);
	}
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[2], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_TRUE(ST_STAYS(st_query_count(self->w.ctx[2], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	EXPECT_EQ(0, st_release(self->w.ctx[0], self->held));
	EXPECT_EQ(0, WEXITSTATUS(st_child_wait(pid)));
}

TEST_HARNESS_MAIN
