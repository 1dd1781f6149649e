// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread is in a call on a context, and the context is closed by another one. The call keeps
 * the open file, but it must not wait for ever: it ends when its process has no descriptor of
 * the context any more. Descriptors of other processes are theirs.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK

/* Buffer 0 is held by another owner, buffer 1 by the context. */
FIXTURE(closing)
{
	struct st_world w;
	int ctx, fd;
	long held, mine;
	struct st_call call;
};

static bool is_queued(struct st_world *w)
{
	return st_query_count(w->ctx[7], w->buf[0].fd, DMABUF_SYNC_STATE_QUEUED) == 1;
}

FIXTURE_SETUP(closing)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	self->held = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	self->mine = st_lock_all(self->ctx, self->w.buf[1].fd, W, 0);
	ASSERT_LE(0, self->held);
	ASSERT_LE(0, self->mine);
	ASSERT_EQ(0, st_call_lock(&self->call, self->ctx, self->fd, W, 0, TO_END));
	ASSERT_TRUE(ST_UNTIL(is_queued(&self->w)));
}

FIXTURE_TEARDOWN(closing)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* The wait has ended and nothing of it is left. */
static bool call_is_cancelled(struct st_world *w, struct st_call *call)
{
	return st_call_end(call) == -ECANCELED && !is_queued(w);
}

TEST_F(closing, last_descriptor_ends_the_wait_and_all_else)
{
	struct dmabuf_sync_access entry = st_access(self->w.buf[1].fd, W, 0, TO_END);
	struct dmabuf_sync_acquire out;

	EXPECT_EQ(0, close(self->ctx));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
	ASSERT_EQ(0, st_acquire(self->w.ctx[1], &entry, 1, 0, 0, 0, &out));
	EXPECT_EQ(DMABUF_SYNC_STATUS_ABANDONED, out.status);
}

TEST_F(closing, duplicate_keeps_the_wait)
{
	int again = dup(self->ctx);

	ASSERT_LE(0, again);
	EXPECT_EQ(0, close(self->ctx));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&self->call)));
	EXPECT_EQ(0, close(again));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
}

TEST_F(closing, replaced_descriptor_ends_the_wait)
{
	ASSERT_EQ(self->ctx, dup2(self->w.ctx[1], self->ctx));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
	close(self->ctx);
}

TEST_F(closing, range_of_descriptors_ends_the_wait)
{
	EXPECT_EQ(0, close_range(self->ctx, self->ctx, 0));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
}

/* The child's descriptor is the same owner: what it holds stays, but nobody waits for it. */
TEST_F(closing, descriptor_of_a_child_keeps_the_owner_only)
{
	pid_t pid = st_fork();

	if (!pid)
		for (;;)
			pause();
	EXPECT_EQ(0, close(self->ctx));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->w.buf[1].fd, R, TRY));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(SIGKILL, st_child_wait(pid));
	EXPECT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[1].fd, R, 0));
}

TEST_F(closing, close_by_a_child_changes_nothing)
{
	pid_t pid = st_fork();

	if (!pid)
		_exit(close(self->ctx) ? 1 : 0);
	EXPECT_EQ(0, st_child_wait(pid));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&self->call)));
	EXPECT_EQ(0, close(self->ctx));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
}

/* A child waits with the descriptor that it inherited; the parent closes its own. */
TEST_F(closing, wait_of_a_child_goes_on)
{
	pid_t pid;

	EXPECT_EQ(0, st_call_interrupt(&self->call));
	EXPECT_EQ(-EINTR, st_call_end(&self->call));
	pid = st_fork();
	if (!pid)
		_exit(st_lock_all(self->ctx, self->fd, W, 0) < 0 ? 1 : 0);
	ASSERT_TRUE(ST_UNTIL(is_queued(&self->w)));
	EXPECT_EQ(0, close(self->ctx));
	EXPECT_TRUE(ST_STAYS(is_queued(&self->w)));
	EXPECT_EQ(0, st_release(self->w.ctx[0], self->held));
	EXPECT_EQ(0, st_child_wait(pid));
}

/* It left the process, and comes back: the wait has ended, the owner has not. */
TEST_F(closing, descriptor_on_its_way_keeps_the_owner_only)
{
	int sock[2], again;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_EQ(0, st_fd_send(sock[1], self->ctx));
	EXPECT_EQ(0, close(self->ctx));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
	again = st_fd_receive(sock[0]);
	ASSERT_LE(0, again);
	EXPECT_EQ(0, st_release(again, self->mine));
	/* And one that came back counts as any other. */
	ASSERT_EQ(0, st_call_lock(&self->call, again, self->fd, W, 0, TO_END));
	ASSERT_TRUE(ST_UNTIL(is_queued(&self->w)));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&self->call)));
	close(again);
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
	close(sock[0]);
	close(sock[1]);
}

TEST_F(closing, all_waiting_threads_end)
{
	struct st_call more[8];
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(more); i++)
		ASSERT_EQ(0, st_call_lock(&more[i], self->ctx, self->fd, R, i, 1));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[7], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 9));
	EXPECT_EQ(0, close(self->ctx));
	EXPECT_EQ(-ECANCELED, st_call_end(&self->call));
	for (i = 0; i < ST_ARRAY_SIZE(more); i++)
		EXPECT_EQ(-ECANCELED, st_call_end(&more[i]));
}

TEST_F(closing, wait_for_a_fence_ends)
{
	long fence = st_fence_stock(self->w.test, self->w.buf[2].fd, DST_USAGE_WRITE);
	struct st_call call;

	ASSERT_LE(0, fence);
	ASSERT_EQ(0, st_call_lock(&call, self->ctx, self->w.buf[2].fd, R, 0, TO_END));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[7], self->w.buf[2].fd, 0) == 1));
	ASSERT_TRUE(ST_UNTIL(st_task_state(call.tid) == 'S'));
	EXPECT_EQ(0, close(self->ctx));
	EXPECT_EQ(-ECANCELED, st_call_end(&call));
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
}

struct reader {
	int ctx;
	pid_t tid;
	int result;
	bool done;
};

static void *reader_thread(void *arg)
{
	struct dmabuf_sync_event event;
	struct reader *reader = arg;

	__atomic_store_n(&reader->tid, gettid(), __ATOMIC_RELEASE);
	reader->result = read(reader->ctx, &event, sizeof(event)) < 0 ? -errno : 0;
	__atomic_store_n(&reader->done, true, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F(closing, reader_returns)
{
	struct reader reader = { .ctx = self->ctx };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, reader_thread, &reader));
	ASSERT_TRUE(ST_UNTIL(__atomic_load_n(&reader.tid, __ATOMIC_ACQUIRE)));
	ASSERT_TRUE(ST_UNTIL(st_task_state(reader.tid) == 'S'));
	EXPECT_EQ(0, close(self->ctx));
	ASSERT_TRUE(ST_UNTIL(__atomic_load_n(&reader.done, __ATOMIC_ACQUIRE)));
	pthread_join(thread, NULL);
	EXPECT_EQ(-ECANCELED, reader.result);
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
}

/* Wherever the call is when the descriptor goes, it ends. */
TEST_F(closing, call_that_just_begins_ends_too)
{
	unsigned int round;
	int ctx;

	for (round = 0; round < 500; round++) {
		struct st_call call;
		long result;

		ctx = st_context_open();
		ASSERT_LE(0, ctx);
		ASSERT_EQ(0, st_call_lock(&call, ctx, self->fd, W, 0, TO_END));
		if (round % 2)
			usleep(round % 50 * 10);
		EXPECT_EQ(0, close(ctx));
		result = st_call_end(&call);
		ASSERT_TRUE(result == -ECANCELED || result == -EBADF)
			TH_LOG("round %u: %ld", round, result);
	}
	close(self->ctx);
	EXPECT_TRUE(call_is_cancelled(&self->w, &self->call));
}

TEST_HARNESS_MAIN
