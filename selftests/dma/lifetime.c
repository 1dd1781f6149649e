// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who goes away, when, and what becomes of the job: closed, killed, interrupted, passed
 * on; and what keeps the modules loaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <kselftest_harness.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "dma.h"

#define SIZE	(8 * ST_PAGE)
#define OLD	1
#define NEW	2
#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W

FIXTURE(life)
{
	int copy, ctx;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(life)
{
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
}

FIXTURE_TEARDOWN(life)
{
	EXPECT_EQ(0, dma_close(self->copy, self->ctx, &self->src, &self->dst));
}

static bool is_queued(int ctx, const struct st_buffer *buf)
{
	return st_query_count(ctx, buf->fd, DMABUF_SYNC_STATE_QUEUED) > 0;
}

TEST_F(life, closing_a_queued_job_cancels_it)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job;

	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	EXPECT_TRUE(is_queued(self->ctx, &self->dst));
	close(job);
	EXPECT_FALSE(is_queued(self->ctx, &self->dst));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_TRUE(ST_STAYS(dma_filled(&self->dst, OLD)));
}

TEST_F(life, not_before_its_last_descriptor_is_closed)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job, again;

	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	again = dup(job);
	ASSERT_LE(0, again);
	close(job);
	EXPECT_TRUE(is_queued(self->ctx, &self->dst));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_job_end(again));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(again);
}

TEST_F(life, closing_a_started_job_does_not_stop_it)
{
	int job;

	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "100000000"));
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(POLLOUT, dma_job_poll(job, POLLOUT, ST_SOON_MS));
	close(job);
	ASSERT_LE(0, st_lock_all(self->ctx, self->dst.fd, R, 0));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
}

TEST_F(life, closing_the_device_leaves_jobs_alone)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job;

	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	close(self->copy);
	self->copy = dma_open();
	EXPECT_TRUE(is_queued(self->ctx, &self->dst));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(job);
}

TEST_F(life, closing_the_buffers_leaves_jobs_alone)
{
	struct st_buffer src, dst, map;
	int job;

	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "100000000"));
	ASSERT_EQ(0, dma_buffers(&src, &dst, SIZE, true));
	map = dst;
	dma_fill(&src, NEW);
	job = dma_job(self->copy, &src, &dst);
	ASSERT_LE(0, job);
	st_buffer_close(&src);
	close(dst.fd);
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_TRUE(dma_filled(&map, NEW));
	munmap(map.map, map.size);
	close(job);
}

TEST_F(life, job_passed_to_another_process)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job, pair[2], status;
	pid_t child;

	ASSERT_LE(0, set);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = st_fork();
	ASSERT_LE(0, child);
	if (!child) {
		job = st_fd_receive(pair[1]);
		_exit(job < 0 ? 1 : dma_job_end(job) ? 2 : 0);
	}
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_fd_send(pair[0], job));
	close(job);
	EXPECT_TRUE(ST_STAYS(is_queued(self->ctx, &self->dst)));
	ASSERT_EQ(0, st_release(self->ctx, set));
	status = st_child_wait(child);
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(pair[0]);
	close(pair[1]);
}

/* A child that submits, with @flags, and then waits for its end. */
static pid_t submitter(int copy, const struct st_buffer *src, const struct st_buffer *dst,
		       uint32_t flags)
{
	struct dmabuf_copy_submit args = dma_args(src, 0, dst, 0, SIZE, flags);
	pid_t child = st_fork();

	if (child)
		return child;
	if (dma_submit(copy, &args))
		_exit(1);
	pause();
	_exit(2);
}

static bool is_killed(pid_t child)
{
	int status;

	if (kill(child, SIGKILL))
		return false;
	status = st_child_wait(child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

TEST_F(life, killed_with_a_queued_job)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	pid_t child;

	ASSERT_LE(0, set);
	child = submitter(self->copy, &self->src, &self->dst, 0);
	ASSERT_TRUE(ST_UNTIL(is_queued(self->ctx, &self->dst)));
	EXPECT_TRUE(is_killed(child));
	EXPECT_TRUE(ST_UNTIL(!is_queued(self->ctx, &self->dst)));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_TRUE(ST_STAYS(dma_filled(&self->dst, OLD)));
}

TEST_F(life, killed_while_it_waits_in_the_queue)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	pid_t child;

	ASSERT_LE(0, set);
	child = submitter(self->copy, &self->src, &self->dst, DMABUF_COPY_WAIT);
	ASSERT_TRUE(ST_UNTIL(is_queued(self->ctx, &self->dst)));
	EXPECT_TRUE(is_killed(child));
	EXPECT_TRUE(ST_UNTIL(!is_queued(self->ctx, &self->dst)));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_TRUE(ST_STAYS(dma_filled(&self->dst, OLD)));
}

/* The child's file is its own: all that is left of it is the job. */
TEST_F(life, killed_while_it_waits_for_the_engine)
{
	pid_t child;

	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "300000000"));
	close(self->copy);
	child = st_fork();
	ASSERT_LE(0, child);
	if (!child) {
		int copy = dma_open();

		_exit(copy < 0 ? 1 : dma_copy(copy, &self->src, &self->dst) ? 2 : 3);
	}
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->ctx, self->dst.fd,
					    DMABUF_SYNC_STATE_COMMITTED) == 1));
	EXPECT_TRUE(is_killed(child));
	ASSERT_LE(0, st_lock_all(self->ctx, self->dst.fd, R, 0));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	self->copy = dma_open();
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Without SA_RESTART: EINTR, and the job is taken back. */
TEST_F(life, interrupted_while_it_waits_in_the_queue)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int status;
	pid_t child;

	ASSERT_LE(0, set);
	child = st_fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct sigaction action = { .sa_handler = on_alarm };

		sigaction(SIGUSR1, &action, NULL);
		_exit(dma_copy(self->copy, &self->src, &self->dst) == -EINTR ? 0 : 1);
	}
	ASSERT_TRUE(ST_UNTIL(is_queued(self->ctx, &self->dst)));
	ASSERT_EQ(0, kill(child, SIGUSR1));
	status = st_child_wait(child);
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_FALSE(is_queued(self->ctx, &self->dst));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_TRUE(ST_STAYS(dma_filled(&self->dst, OLD)));
}

/* A mapping is kept for a while only. */
TEST_F(life, closed_buffers_are_freed)
{
	struct st_buffer src, dst;
	uint64_t ino[2];

	ASSERT_EQ(0, dma_buffers(&src, &dst, SIZE, true));
	ino[0] = src.ino;
	ino[1] = dst.ino;
	ASSERT_EQ(0, dma_copy(self->copy, &src, &dst));
	EXPECT_TRUE(dma_buffer_exists(ino[0]));
	st_buffer_close(&src);
	st_buffer_close(&dst);
	EXPECT_TRUE(ST_UNTIL(!dma_buffer_exists(ino[0]) && !dma_buffer_exists(ino[1])));
}

/* Try to unload a module that must not be. */
static bool is_held(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) && errno == EAGAIN;
}

TEST_F(life, what_keeps_the_modules_loaded)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE,
						  DMABUF_COPY_SYNC_FILE);

	ASSERT_EQ(0, dma_submit(self->copy, &args));
	ASSERT_EQ(0, dma_job_end(args.job_fd));
	EXPECT_TRUE(is_held("dma_sim"));
	EXPECT_TRUE(is_held("dmabuf_copy"));
	close(self->copy);
	EXPECT_TRUE(is_held("dmabuf_copy"));
	close(args.job_fd);
	EXPECT_TRUE(ST_UNTIL(st_module_users("dma_sim") == 0));
	EXPECT_TRUE(is_held("dmabuf_copy"));
	/* The fence is in the buffers and in the sync_file. */
	st_buffer_close(&self->src);
	st_buffer_close(&self->dst);
	EXPECT_TRUE(ST_STAYS(is_held("dmabuf_copy")));
	close(args.sync_fd);
	EXPECT_TRUE(ST_UNTIL(st_module_users("dmabuf_copy") == 0));
	self->copy = dma_open();
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
}

TEST_HARNESS_MAIN
