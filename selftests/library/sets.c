// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts and sets by the library: each call where it succeeds, and each of its errors that a
 * program can bring about.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dmabuf-sync.h>

#include "st.h"

#define R	DMASYNC_READ
#define W	DMASYNC_WRITE
#define TO_END	DMASYNC_TO_END

FIXTURE(sets)
{
	struct st_world w;
	struct dmasync_access all;	/* of the first buffer, to write */
	struct dmasync_set set;
	int *ctx, buf;
};

FIXTURE_SETUP(sets)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->buf = self->w.buf[0].fd;
	self->all = dmasync_make_access(self->buf, W, 0, TO_END);
}

FIXTURE_TEARDOWN(sets)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F(sets, open_makes_an_owner)
{
	int ctx = dmasync_open(0);

	ASSERT_LE(0, ctx);
	EXPECT_EQ(FD_CLOEXEC, fcntl(ctx, F_GETFD));
	EXPECT_EQ(0, fcntl(ctx, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, dmasync_try_acquire(ctx, &self->all, 1, &self->set));
	close(ctx);
}

TEST_F(sets, open_takes_o_nonblock)
{
	int ctx = dmasync_open(O_NONBLOCK);

	ASSERT_LE(0, ctx);
	EXPECT_EQ(O_NONBLOCK, fcntl(ctx, F_GETFL) & O_NONBLOCK);
	close(ctx);
}

TEST_F(sets, open_refuses_other_flags)
{
	EXPECT_EQ(-EINVAL, dmasync_open(O_APPEND));
}

TEST_F(sets, open_says_that_this_user_may_not)
{
	pid_t pid;

	/* Tests are run with the device open to all. */
	ASSERT_EQ(0, chmod("/dev/dmabuf_sync", 0600));
	pid = st_fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		_exit(-dmasync_open(0));
	}
	EXPECT_EQ(EACCES, WEXITSTATUS(st_child_wait(pid)));
	EXPECT_EQ(0, chmod("/dev/dmabuf_sync", 0666));
}

TEST_F(sets, caps_are_those_of_the_kernel)
{
	struct dmasync_caps caps = {};

	ASSERT_EQ(0, dmasync_get_caps(self->ctx[0], &caps));
	EXPECT_LE(1, caps.version);
	EXPECT_EQ(DMABUF_SYNC_MAX_SET, caps.max_set);
	EXPECT_EQ(DMABUF_SYNC_MAX_INFOS, caps.max_infos);
	EXPECT_EQ(DMABUF_SYNC_MIN_LEASE_MS, caps.min_lease_ms);
	EXPECT_EQ(st_lease_get(), caps.lease_ms);
	EXPECT_NE(0, caps.max_user_points);
	EXPECT_EQ(-EBADF, dmasync_get_caps(-1, &caps));
	EXPECT_EQ(-ENOTTY, dmasync_get_caps(self->buf, &caps));
}

TEST_F(sets, lease_is_promised)
{
	unsigned int ms = 0;

	EXPECT_EQ(0, dmasync_lease(self->ctx[0], 1000, &ms));
	EXPECT_EQ(1000, ms);
	EXPECT_EQ(0, dmasync_lease(self->ctx[0], 0, &ms));
	EXPECT_EQ(st_lease_get(), ms);
	EXPECT_EQ(0, dmasync_lease(self->ctx[0], 2000, NULL));
}

TEST_F(sets, lease_is_refused_when_too_short)
{
	unsigned int ms = 77;

	EXPECT_EQ(-EINVAL, dmasync_lease(self->ctx[0], DMABUF_SYNC_MIN_LEASE_MS - 1, &ms));
	EXPECT_EQ(77, ms);
	EXPECT_EQ(-EBADF, dmasync_lease(-1, 1000, &ms));
}

TEST_F(sets, acquire_excludes_others_until_release)
{
	struct dmasync_set other;

	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set));
	EXPECT_EQ(0, self->set.status);
	EXPECT_EQ(-EAGAIN, dmasync_try_acquire(self->ctx[1], &self->all, 1, &other));
	EXPECT_EQ(0, dmasync_release(self->ctx[0], self->set.number));
	EXPECT_EQ(0, dmasync_try_acquire(self->ctx[1], &self->all, 1, &other));
	EXPECT_EQ(0, dmasync_release(self->ctx[1], other.number));
}

TEST_F(sets, acquire_takes_many_buffers_or_none)
{
	struct dmasync_access both[] = {
		dmasync_make_access(self->buf, R, 0, ST_PAGE),
		dmasync_make_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	struct dmasync_set other;

	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &both[1], 1, 0, &other));
	EXPECT_EQ(-EAGAIN, dmasync_try_acquire(self->ctx[1], both, 2, &self->set));
	EXPECT_EQ(0, dmasync_try_acquire(self->ctx[2], &self->all, 1, &self->set));
	EXPECT_EQ(0, dmasync_release(self->ctx[2], self->set.number));
	EXPECT_EQ(0, dmasync_release(self->ctx[0], other.number));
	EXPECT_EQ(0, dmasync_try_acquire(self->ctx[1], both, 2, &self->set));
}

TEST_F(sets, acquire_gives_up_at_its_deadline)
{
	int64_t deadline = dmasync_deadline_ms(20);
	struct dmasync_set other;

	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &other));
	EXPECT_EQ(-ETIMEDOUT, dmasync_acquire(self->ctx[1], &self->all, 1, deadline, &self->set));
	EXPECT_LE(deadline, st_now_ns());
	EXPECT_EQ(0, dmasync_release(self->ctx[0], other.number));
}

TEST_F(sets, acquire_does_not_look_at_the_deadline_of_what_is_free)
{
	EXPECT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 1, &self->set));
}

static void ignore(int sig)
{
	(void)sig;
}

/* A child that waits for the buffer, gets SIGUSR1, and says what the call returned. */
static int interrupted(FIXTURE_DATA(sets) *self, int sa_flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = sa_flags };
	pid_t pid;

	sigaction(SIGUSR1, &action, NULL);
	pid = st_fork();
	if (!pid)
		_exit(-dmasync_acquire(self->ctx[1], &self->all, 1, 0, &self->set));
	if (!ST_UNTIL(st_query_count(self->ctx[0], self->buf, DMABUF_SYNC_STATE_QUEUED) == 1))
		return -1;
	kill(pid, SIGUSR1);
	if (sa_flags & SA_RESTART) {
		if (!ST_STAYS(!waitpid(pid, NULL, WNOHANG)))
			return -1;
		dmasync_release(self->ctx[0], self->set.number);
	}
	return WEXITSTATUS(st_child_wait(pid));
}

TEST_F(sets, acquire_ends_with_a_signal)
{
	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set));
	EXPECT_EQ(EINTR, interrupted(self, 0));
}

TEST_F(sets, acquire_goes_on_with_sa_restart)
{
	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set));
	EXPECT_EQ(0, interrupted(self, SA_RESTART));
}

/*
 *	ctx 0	|- buf 0 -|	wants buf 1
 *	ctx 1	|- buf 1 -|	wants buf 0
 */
TEST_F(sets, acquire_finds_a_deadlock)
{
	struct dmasync_access second = dmasync_make_access(self->w.buf[1].fd, W, 0, TO_END);
	struct dmasync_set other;
	struct st_call call;

	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set));
	ASSERT_EQ(0, dmasync_acquire(self->ctx[1], &second, 1, 0, &other));
	ASSERT_EQ(0, st_call_wait(&call, self->ctx[0], second.dmabuf, W));
	EXPECT_EQ(-EDEADLK, dmasync_acquire(self->ctx[1], &self->all, 1, 0, &self->set));
	EXPECT_EQ(0, dmasync_release(self->ctx[1], other.number));
	EXPECT_LT(0, st_call_end(&call));
}

TEST_F(sets, acquire_tells_of_an_abandoned_write)
{
	pid_t pid = st_fork();

	if (!pid) {
		st_context_reopen(&self->ctx[0]);
		if (!dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set))
			raise(SIGKILL);
		_exit(1);
	}
	EXPECT_TRUE(WIFSIGNALED(st_child_wait(pid)));
	ASSERT_EQ(0, dmasync_acquire(self->ctx[1], &self->all, 1, 0, &self->set));
	EXPECT_EQ(DMASYNC_ABANDONED, self->set.status);
	EXPECT_EQ(0, dmasync_release(self->ctx[1], self->set.number));
}

TEST_F(sets, revoked_set_is_told_to_both)
{
	struct dmasync_set other;

	ASSERT_EQ(0, dmasync_lease(self->ctx[0], ST_LEASE_SHORT_MS, NULL));
	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set));
	ASSERT_EQ(0, dmasync_acquire(self->ctx[1], &self->all, 1,
				     dmasync_deadline_ms(ST_SOON_MS), &other));
	EXPECT_EQ(DMASYNC_REVOKED, other.status);
	EXPECT_EQ(-EOWNERDEAD, dmasync_release(self->ctx[0], self->set.number));
	EXPECT_EQ(0, dmasync_release(self->ctx[1], other.number));
}

TEST_F(sets, change_keeps_the_rest_and_lets_others_in)
{
	struct dmasync_access first = dmasync_make_access(self->buf, W, 0, ST_PAGE);
	struct dmasync_access second = dmasync_make_access(self->buf, W, ST_PAGE, ST_PAGE);
	struct dmasync_set other;
	uint32_t status = ~0U;

	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set));
	ASSERT_EQ(0, dmasync_change(self->ctx[0], self->set.number, &first, 1, 0, &status));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-EAGAIN, dmasync_try_acquire(self->ctx[1], &first, 1, &other));
	ASSERT_EQ(0, dmasync_try_acquire(self->ctx[1], &second, 1, &other));
	EXPECT_EQ(-EAGAIN, dmasync_try_change(self->ctx[0], self->set.number, &self->all, 1,
					      NULL));
	EXPECT_EQ(-ETIMEDOUT, dmasync_change(self->ctx[0], self->set.number, &self->all, 1,
					     dmasync_deadline_ms(10), NULL));
	EXPECT_EQ(0, dmasync_release(self->ctx[1], other.number));
	EXPECT_EQ(0, dmasync_try_change(self->ctx[0], self->set.number, &self->all, 1, NULL));
	EXPECT_EQ(-EAGAIN, dmasync_try_acquire(self->ctx[1], &second, 1, &other));
	EXPECT_EQ(0, dmasync_release(self->ctx[0], self->set.number));
	EXPECT_EQ(-ENOENT, dmasync_change(self->ctx[0], self->set.number, &first, 1, 0, NULL));
	EXPECT_EQ(-ENOTTY, dmasync_change(self->buf, self->set.number, &first, 1, 0, NULL));
}

TEST_F(sets, release_does_not_know_other_sets)
{
	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &self->set));
	EXPECT_EQ(-ENOENT, dmasync_release(self->ctx[1], self->set.number));
	EXPECT_EQ(0, dmasync_release(self->ctx[0], self->set.number));
	EXPECT_EQ(-ENOENT, dmasync_release(self->ctx[0], self->set.number));
	EXPECT_EQ(-EBADF, dmasync_release(-1, self->set.number));
	EXPECT_EQ(-ENOTTY, dmasync_release(self->buf, self->set.number));
}

TEST_F(sets, release_ends_a_queued_request)
{
	struct dmasync_request request = {
		.accesses = &self->all, .nr_accesses = 1, .flags = DMASYNC_QUEUE,
	};
	struct dmasync_set other;

	ASSERT_EQ(0, dmasync_acquire(self->ctx[0], &self->all, 1, 0, &other));
	ASSERT_EQ(0, dmasync_request(self->ctx[1], &request, &self->set));
	EXPECT_EQ(0, dmasync_release(self->ctx[1], self->set.number));
	EXPECT_EQ(0, st_query_count(self->ctx[0], self->buf, DMABUF_SYNC_STATE_QUEUED));
}

TEST_F(sets, request_refuses_descriptors_of_other_things)
{
	struct dmasync_access wrong = self->all;

	wrong.dmabuf = self->ctx[0];
	EXPECT_EQ(-EINVAL, dmasync_acquire(self->ctx[0], &wrong, 1, 0, &self->set));
	wrong.dmabuf = -1;
	EXPECT_EQ(-EBADF, dmasync_acquire(self->ctx[0], &wrong, 1, 0, &self->set));
	EXPECT_EQ(-EBADF, dmasync_acquire(-1, &self->all, 1, 0, &self->set));
	EXPECT_EQ(-ENOTTY, dmasync_acquire(self->buf, &self->all, 1, 0, &self->set));
}

TEST_F(sets, request_refuses_a_descriptor_for_reading_only)
{
	struct dmasync_access access = self->all;
	struct st_buffer buf;

	ASSERT_EQ(0, st_buffer_heap(&buf, ST_PAGE, O_RDONLY));
	access.dmabuf = buf.fd;
	EXPECT_EQ(-EBADF, dmasync_acquire(self->ctx[0], &access, 1, 0, &self->set));
	access.mode = R;
	EXPECT_EQ(0, dmasync_acquire(self->ctx[0], &access, 1, 0, &self->set));
	EXPECT_EQ(0, dmasync_release(self->ctx[0], self->set.number));
	st_buffer_close(&buf);
}

TEST_F(sets, request_refuses_bad_ranges)
{
	struct dmasync_access bad[] = {
		dmasync_make_access(self->buf, W, 0, 2 * ST_PAGE),
		dmasync_make_access(self->buf, R, ST_PAGE, ST_PAGE),
	};

	EXPECT_EQ(-EINVAL, dmasync_acquire(self->ctx[0], bad, 2, 0, &self->set));
	bad[0].length = 0;
	EXPECT_EQ(-EINVAL, dmasync_acquire(self->ctx[0], bad, 1, 0, &self->set));
	bad[0].length = ST_WORLD_PAGES * ST_PAGE + 1;
	EXPECT_EQ(-EINVAL, dmasync_acquire(self->ctx[0], bad, 1, 0, &self->set));
	bad[1].mode = 0;
	EXPECT_EQ(-EINVAL, dmasync_acquire(self->ctx[0], &bad[1], 1, 0, &self->set));
	EXPECT_EQ(-EINVAL, dmasync_acquire(self->ctx[0], bad, 0, 0, &self->set));
	EXPECT_EQ(-EINVAL, dmasync_acquire(self->ctx[0], bad, DMABUF_SYNC_MAX_SET + 1, 0,
					   &self->set));
	EXPECT_EQ(-EFAULT, dmasync_acquire(self->ctx[0], NULL, 1, 0, &self->set));
}

TEST_F(sets, request_refuses_what_does_not_go_together)
{
	struct dmasync_request request = { .accesses = &self->all, .nr_accesses = 1 };

	request.flags = DMASYNC_NONBLOCK | DMASYNC_QUEUE;
	EXPECT_EQ(-EINVAL, dmasync_request(self->ctx[0], &request, &self->set));
	request.flags = DMABUF_SYNC_ACQUIRE_FD | DMASYNC_NONBLOCK;
	EXPECT_EQ(-EINVAL, dmasync_request(self->ctx[0], &request, &self->set));
	request.flags = 1U << 31;
	EXPECT_EQ(-EINVAL, dmasync_request(self->ctx[0], &request, &self->set));
	request.flags = DMASYNC_NONBLOCK;
	request.deadline_ns = 1;
	EXPECT_EQ(-EINVAL, dmasync_request(self->ctx[0], &request, &self->set));
	request.deadline_ns = 0;
	request.reserved = 1;
	EXPECT_EQ(-EINVAL, dmasync_request(self->ctx[0], &request, &self->set));
	request.reserved = 0;
	EXPECT_EQ(0, dmasync_request(self->ctx[0], &request, &self->set));
}

TEST_HARNESS_MAIN
