// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 8: signals, death and close release everything, also in the middle of a wait.
 * The next writer learns, once, that a write access was abandoned.
 */
#include <kselftest_harness.h>
#include <signal.h>
#include <sys/socket.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK

FIXTURE(end)
{
	struct st_world w;
	int fd;
};

FIXTURE_SETUP(end)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(end)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static bool queued(struct st_world *w, int nr)
{
	return ST_UNTIL(st_query_count(w->ctx[7], w->buf[0].fd,
				       DMABUF_SYNC_STATE_QUEUED) == nr);
}

/* Acquire the range and say what the status was; -1 when it could not be acquired. */
static int status_of(int ctx, int fd, uint32_t access, uint64_t offset, uint64_t length)
{
	struct dmabuf_sync_access entry = st_access(fd, access, offset, length);
	struct dmabuf_sync_acquire out;

	if (st_acquire(ctx, &entry, 1, TRY, 0, 0, &out) || st_release(ctx, out.set))
		return -1;
	return out.status;
}

/* A process that acquires with a context of its own, says so, and waits to be killed. */
static pid_t child_holder(struct st_world *w, uint32_t access)
{
	int *held = st_shared(sizeof(*held));
	pid_t pid = st_fork();

	if (!pid) {
		int ctx = st_context_open();

		*held = st_lock_all(ctx, w->buf[0].fd, access, TRY) >= 0 ? 1 : -1;
		for (;;)
			pause();
	}
	ST_UNTIL(__atomic_load_n(held, __ATOMIC_ACQUIRE));
	return *held > 0 ? pid : -1;
}

TEST_F(end, signal_ends_the_wait_with_eintr)
{
	struct st_call call;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[1], self->fd, W, 0, TO_END));
	ASSERT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(0, st_call_interrupt(&call));
	EXPECT_EQ(-EINTR, st_call_end(&call));
	EXPECT_EQ(0, st_query_count(self->w.ctx[7], self->fd, DMABUF_SYNC_STATE_QUEUED));
	/* The owner is as good as before. */
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, 0));
}

TEST_F(end, signal_ends_a_fence_wait_with_eintr)
{
	long fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE);
	struct st_call call;

	ASSERT_LE(0, fence);
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[1], self->fd, R, 0, TO_END));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[7], self->fd, 0) == 1));
	ASSERT_TRUE(ST_UNTIL(st_task_state(call.tid) == 'S'));
	EXPECT_EQ(0, st_call_interrupt(&call));
	EXPECT_EQ(-EINTR, st_call_end(&call));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
}

/* A stock driver sits on the resv, which a set of two buffers needs: a signal is heard. */
TEST_F(end, signal_ends_a_wait_for_the_resv_lock_with_eintr)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	long hold = st_resv_hold(self->w.test, self->fd, ST_SOON_MS, false);
	struct st_call call;

	ASSERT_LE(0, hold);
	ASSERT_EQ(0, st_call_start(&call, self->w.ctx[1], both, 2, 0));
	ASSERT_TRUE(ST_UNTIL(st_task_state(call.tid) == 'S'));
	EXPECT_EQ(0, st_call_interrupt(&call));
	EXPECT_EQ(-EINTR, st_call_end(&call));
	EXPECT_EQ(0, st_test_destroy(self->w.test, hold));
}

TEST_F(end, sigkill_while_waiting_leaves_the_queue)
{
	pid_t pid;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	pid = st_fork();
	if (!pid) {
		st_lock_all(st_context_open(), self->fd, W, 0);
		_exit(1);
	}
	ASSERT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_TRUE(queued(&self->w, 0));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->fd, R, TRY));
}

TEST_F(end, sigkill_while_holding_and_waiting_releases_all)
{
	pid_t pid;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	pid = st_fork();
	if (!pid) {
		int ctx = st_context_open();

		st_lock_all(ctx, self->w.buf[1].fd, W, 0);
		st_lock_all(ctx, self->w.buf[2].fd, R, 0);
		st_lock_all(ctx, self->fd, W, 0);
		_exit(1);
	}
	ASSERT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->w.buf[1].fd, W, TRY));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_TRUE(ST_UNTIL(st_snapshot(0, NULL, 0) == 1));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[1].fd, W, TRY));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[2].fd, W, TRY));
}

/* The waiter behind a killed holder gets in without being woken by anybody else. */
TEST_F(end, sigkill_of_the_holder_lets_the_waiter_in)
{
	pid_t pid = child_holder(&self->w, W);
	struct st_call call;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, st_call_lock(&call, self->w.ctx[0], self->fd, W, 0, TO_END));
	ASSERT_TRUE(queued(&self->w, 1));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, call.status);
}

TEST_F(end, close_cancels_queued_sets)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, DMABUF_SYNC_ACQUIRE_QUEUE));
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->fd, R, DMABUF_SYNC_ACQUIRE_QUEUE));
	st_context_reopen(&self->w.ctx[1]);
	EXPECT_TRUE(st_event_pending(self->w.ctx[2], ST_SOON_MS));
	EXPECT_EQ(2, st_snapshot(0, NULL, 0));
}

TEST_F(end, close_while_writing_is_told_to_the_next_writer_once)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, status_of(self->w.ctx[1], self->fd, W, 0, TO_END));
	EXPECT_EQ(0, status_of(self->w.ctx[1], self->fd, W, 0, TO_END));
	EXPECT_EQ(0, status_of(self->w.ctx[2], self->fd, W, 0, TO_END));
}

TEST_F(end, release_before_close_is_not_abandoned)
{
	long set = st_lock_all(self->w.ctx[0], self->fd, W, 0);

	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, status_of(self->w.ctx[1], self->fd, W, 0, TO_END));
}

TEST_F(end, close_while_reading_is_not_abandoned)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, status_of(self->w.ctx[1], self->fd, W, 0, TO_END));
}

/* Of the abandoned bytes only: others were not being written. */
TEST_F(end, abandoned_range_is_told_to_those_who_overlap_it)
{
	ASSERT_LE(0, st_lock(self->w.ctx[0], self->fd, W, ST_PAGE, ST_PAGE, 0));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(0, status_of(self->w.ctx[1], self->fd, W, 0, ST_PAGE));
	EXPECT_EQ(0, status_of(self->w.ctx[1], self->fd, W, 2 * ST_PAGE, ST_PAGE));
	EXPECT_EQ(0, status_of(self->w.ctx[1], self->w.buf[1].fd, W, 0, TO_END));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED,
		  status_of(self->w.ctx[1], self->fd, W, 2 * ST_PAGE - 1, 10));
}

TEST_F(end, abandoned_is_told_by_the_event_of_a_queued_set)
{
	struct dmabuf_sync_event event;
	long set;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	set = st_lock_all(self->w.ctx[1], self->fd, W, DMABUF_SYNC_ACQUIRE_QUEUE);
	ASSERT_LE(0, set);
	st_context_reopen(&self->w.ctx[0]);
	ASSERT_EQ(0, st_event_read(self->w.ctx[1], &event, ST_SOON_MS));
	EXPECT_EQ(set, event.set);
	EXPECT_EQ(0, event.result);
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, event.status);
}

/* Whoever released the set before it read the event was not told: then the next one is. */
TEST_F(end, abandoned_is_not_forgotten_with_an_unread_event)
{
	long set;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	st_context_reopen(&self->w.ctx[0]);
	set = st_lock_all(self->w.ctx[1], self->fd, W, DMABUF_SYNC_ACQUIRE_QUEUE);
	ASSERT_LE(0, set);
	ASSERT_TRUE(st_event_pending(self->w.ctx[1], ST_SOON_MS));
	EXPECT_EQ(0, st_release(self->w.ctx[1], set));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, status_of(self->w.ctx[2], self->fd, W, 0, TO_END));
	EXPECT_EQ(0, status_of(self->w.ctx[2], self->fd, W, 0, TO_END));
}

TEST_F(end, abandoned_is_told_to_a_driver)
{
	long job;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	st_context_reopen(&self->w.ctx[0]);
	job = st_sync_locked(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END,
			     DST_LOCK_WAIT);
	ASSERT_LE(0, job);
	EXPECT_EQ(1, st_sync_abandoned(self->w.test, job));
	EXPECT_EQ(0, st_test_destroy(self->w.test, job));
}

/* A driver was told, and releases what it has not written: the next one is told, too. */
static int told_driver(struct _test_data_end *self, uint32_t access, uint32_t where)
{
	long job = st_sync_locked(self->w.test, self->fd, access, 0, TO_END, DST_LOCK_WAIT);
	int told = st_sync_abandoned(self->w.test, job);

	return st_sync_unlock_unwritten(self->w.test, job, where) ?:
	       st_test_destroy(self->w.test, job) ?: told;
}

TEST_F(end, unwritten_bytes_stay_abandoned)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EQ(1, told_driver(self, DMA_BUF_ACCESS_DMA_W, DST_PROCESS));
	EXPECT_EQ(1, told_driver(self, DMA_BUF_ACCESS_DMA_W, DST_HARDIRQ));
	EXPECT_EQ(1, told_driver(self, W, DST_HARDIRQ));
	EXPECT_EQ(1, told_driver(self, W, DST_PROCESS));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, status_of(self->w.ctx[1], self->fd, W, 0, TO_END));
	EXPECT_EQ(0, told_driver(self, W, DST_PROCESS));
}

/* fork: the child has the same file, so it is the same owner, until the last one closes. */
TEST_F(end, fork_shares_the_owner)
{
	long set = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	pid_t pid;

	ASSERT_LE(0, set);
	pid = st_fork();
	if (!pid) {
		long more = st_lock_all(self->w.ctx[0], self->fd, W, TRY);

		_exit(more >= 0 && !st_release(self->w.ctx[0], more) ? 0 : 1);
	}
	EXPECT_EQ(0, st_child_wait(pid));
	/* The child's exit took nothing away. */
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->fd, R, TRY));
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
}

TEST_F(end, child_can_release_what_the_parent_acquired)
{
	long set = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	pid_t pid;

	ASSERT_LE(0, set);
	pid = st_fork();
	if (!pid)
		_exit(st_release(self->w.ctx[0], set) ? 1 : 0);
	EXPECT_EQ(0, st_child_wait(pid));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, TRY));
	EXPECT_EQ(-ENOENT, st_release(self->w.ctx[0], set));
}

/* Context and buffer travel over a socket; the sender closes; the owner lives on. */
TEST_F(end, passed_descriptors_are_the_same_owner_and_buffer)
{
	int sock[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = st_fork();
	if (!pid) {
		int ctx = st_context_open(), ok;

		ok = st_lock_all(ctx, self->fd, W, 0) >= 0;
		ok = ok && !st_fd_send(sock[1], ctx) && !st_fd_send(sock[1], self->fd);
		_exit(!ok);
	} else {
		int ctx = st_fd_receive(sock[0]), fd = st_fd_receive(sock[0]);

		ASSERT_LE(0, ctx);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, st_child_wait(pid));
		EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[0], fd, R, TRY));
		EXPECT_LE(0, st_lock_all(ctx, fd, R, TRY));
		EXPECT_EQ(0, close(ctx));
		EXPECT_LE(0, st_lock_all(self->w.ctx[0], fd, R, TRY));
		close(fd);
	}
	close(sock[0]);
	close(sock[1]);
}

/* What is held stays held when the descriptor of the buffer is closed. */
TEST_F(end, closing_the_buffer_does_not_release)
{
	int fd = dup(self->fd);

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], fd, W, 0));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->fd, R, TRY));
}

/* Contexts are not inherited by a new program, when opened as st_context_open() does. */
TEST_F(end, exec_closes_the_context)
{
	pid_t pid = st_fork();

	if (!pid) {
		int ctx = st_context_open();

		if (st_lock_all(ctx, self->fd, W, 0) >= 0)
			execl("/bin/sleep", "sleep", "60", NULL);
		_exit(1);
	}
	EXPECT_TRUE(ST_UNTIL(st_lock_all(self->w.ctx[0], self->fd, R, TRY) >= 0));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
}

TEST_HARNESS_MAIN
