// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies with explicit synchronization: the fence comes as a sync_file, and stock users of the
 * buffers do not find it there. A stock driver's fence keeps the copy in the engine's queue until
 * the test opens the gate:
 *
 *	gate  ========|
 *	job   ........[DMA]	committed, its sync_file is there
 */
#include <errno.h>
#include <fcntl.h>
#include <kselftest_harness.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "dma.h"

#define SIZE	(8 * ST_PAGE)
#define OLD	1
#define NEW	2
#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define BOTH	(DMABUF_COPY_SRC_EXPLICIT | DMABUF_COPY_DST_EXPLICIT)
#define COMMIT	(DMABUF_COPY_FOLLOW | DMABUF_COPY_SYNC_FILE)

/**
 * struct scene - what each test begins with
 * @copy: the copy client
 * @ctx: a context
 * @test: the test module
 * @gate: its fence
 * @src: filled with NEW
 * @dst: filled with OLD
 */
struct scene {
	int copy, ctx, test;
	long gate;
	struct st_buffer src, dst;
};

/* The other tests of DMA unload the framework, which the test module would keep. */
static int scene_open(struct scene *s)
{
	int err = st_module_load("dmabuf_sync_test", "");

	if (err)
		return err;
	s->test = st_test_open();
	s->copy = dma_open();
	s->ctx = st_context_open();
	if (s->test < 0 || s->copy < 0 || s->ctx < 0)
		return -ENODEV;
	s->gate = st_fence_new(s->test, NULL);
	if (s->gate < 0)
		return s->gate;
	err = dma_buffers(&s->src, &s->dst, SIZE, false);
	if (err)
		return err;
	dma_fill(&s->src, NEW);
	dma_fill(&s->dst, OLD);
	return 0;
}

static int scene_close(struct scene *s)
{
	int err;

	close(s->test);
	err = dma_close(s->copy, s->ctx, &s->src, &s->dst);
	return st_module_unload("dmabuf_sync_test") ? err : -EBUSY;
}

static int gate_close(const struct scene *s)
{
	return st_fence_publish(s->test, s->gate, s->src.fd, DST_USAGE_WRITE);
}

static int gate_open(const struct scene *s)
{
	return st_fence_signal(s->test, s->gate, DST_PROCESS, 0, 0);
}

/* A copy that is committed and waits for the gate. Return: 0 or a negative errno. */
static int submit(const struct scene *s, uint32_t flags, struct dmabuf_copy_submit *args)
{
	int err = gate_close(s);

	*args = dma_args(&s->src, 0, &s->dst, 0, SIZE, COMMIT | flags);
	return err ?: dma_submit(s->copy, args);
}

static void job_close(const struct dmabuf_copy_submit *args)
{
	close(args->sync_fd);
	close(args->job_fd);
}

/* Whoever is to write would have to wait for so many fences. */
static int nr_implicit(const struct scene *s, const struct st_buffer *buf)
{
	return st_resv_count(s->test, buf->fd, DST_USAGE_READ);
}

static bool is_readable(int sync_file)
{
	return dma_job_poll(sync_file, POLLIN, 0) == POLLIN;
}

static bool becomes_readable(int sync_file)
{
	return dma_job_poll(sync_file, POLLIN, ST_SOON_MS) == POLLIN;
}

FIXTURE(explicit)
{
	struct scene s;
};

FIXTURE_VARIANT(explicit)
{
	uint32_t flags;
};

/* What the others hide is what this one shows. */
FIXTURE_VARIANT_ADD(explicit, neither)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(explicit, src)
{
	.flags = DMABUF_COPY_SRC_EXPLICIT,
};

FIXTURE_VARIANT_ADD(explicit, dst)
{
	.flags = DMABUF_COPY_DST_EXPLICIT,
};

FIXTURE_VARIANT_ADD(explicit, both)
{
	.flags = BOTH,
};

FIXTURE_SETUP(explicit)
{
	ASSERT_EQ(0, scene_open(&self->s));
}

FIXTURE_TEARDOWN(explicit)
{
	EXPECT_EQ(0, scene_close(&self->s));
}

/* The gate is in the source, too. */
TEST_F(explicit, fence_is_where_the_flags_say)
{
	int src_shows = !(variant->flags & DMABUF_COPY_SRC_EXPLICIT);
	int dst_shows = !(variant->flags & DMABUF_COPY_DST_EXPLICIT);
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;

	ASSERT_EQ(0, submit(s, variant->flags, &args));
	EXPECT_EQ(1 + src_shows, nr_implicit(s, &s->src));
	EXPECT_EQ(dst_shows, nr_implicit(s, &s->dst));
	EXPECT_EQ(!dst_shows, dma_buffer_status(&s->dst));
	EXPECT_EQ(2, st_resv_count(s->test, s->src.fd, DST_USAGE_BOOKKEEP));
	EXPECT_EQ(1, st_resv_count(s->test, s->dst.fd, DST_USAGE_BOOKKEEP));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_EQ(0, dma_job_end(args.job_fd));
	EXPECT_EQ(0, st_resv_count(s->test, s->dst.fd, DST_USAGE_BOOKKEEP));
	job_close(&args);
}

TEST_F(explicit, sync_file_is_readable_when_the_copy_is_done)
{
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;

	ASSERT_EQ(0, submit(s, variant->flags, &args));
	EXPECT_TRUE(ST_STAYS(!is_readable(args.sync_fd)));
	EXPECT_EQ(0, dma_sync_status(args.sync_fd));
	EXPECT_TRUE(dma_filled(&s->dst, OLD));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_TRUE(becomes_readable(args.sync_fd));
	EXPECT_TRUE(dma_filled(&s->dst, NEW));
	EXPECT_EQ(1, dma_sync_status(args.sync_fd));
	job_close(&args);
}

TEST_F(explicit, sync_file_has_the_error)
{
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;

	ASSERT_EQ(0, dma_fault(s->copy, "fail"));
	ASSERT_EQ(0, submit(s, variant->flags, &args));
	EXPECT_EQ(0, dma_sync_status(args.sync_fd));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_TRUE(becomes_readable(args.sync_fd));
	EXPECT_EQ(-EIO, dma_sync_status(args.sync_fd));
	EXPECT_EQ(-EIO, dma_job_end(args.job_fd));
	EXPECT_LE(0, st_lock_all(self->s.ctx, s->dst.fd, W, TRY));
	job_close(&args);
}

/* Both sides of the copy are held until it is done. */
TEST_F(explicit, contexts_wait_for_the_job)
{
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;
	long set;

	ASSERT_EQ(0, submit(s, variant->flags, &args));
	EXPECT_EQ(-EAGAIN, st_lock_all(s->ctx, s->src.fd, W, TRY));
	set = st_lock_all(s->ctx, s->dst.fd, R, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_TRUE(ST_STAYS(!st_event_pending(s->ctx, 0)));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_EQ(0, st_event_result(s->ctx, set));
	EXPECT_TRUE(dma_filled(&s->dst, NEW));
	EXPECT_EQ(1, dma_sync_status(args.sync_fd));
	job_close(&args);
}

FIXTURE(explicit_life)
{
	struct scene s;
};

FIXTURE_SETUP(explicit_life)
{
	ASSERT_EQ(0, scene_open(&self->s));
}

FIXTURE_TEARDOWN(explicit_life)
{
	EXPECT_EQ(0, scene_close(&self->s));
}

/* A job that hangs is stopped: whoever has the sync_file does not wait for ever. */
TEST_F(explicit_life, sync_file_of_a_hung_job_ends)
{
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;

	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "timeout_ms", "300"));
	ASSERT_EQ(0, dma_fault(s->copy, "hang"));
	ASSERT_EQ(0, submit(s, BOTH, &args));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_TRUE(becomes_readable(args.sync_fd));
	EXPECT_EQ(-ETIMEDOUT, dma_sync_status(args.sync_fd));
	job_close(&args);
}

/* The CPU has the source: no fence yet, so no sync_file; it is to be had from the start on. */
TEST_F(explicit_life, queued_job_has_its_sync_file_later)
{
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;
	long set = st_lock_all(s->ctx, s->src.fd, W, 0);
	int sync;

	ASSERT_LE(0, set);
	ASSERT_EQ(0, submit(s, BOTH, &args));
	EXPECT_EQ(-1, args.sync_fd);
	EXPECT_EQ(0, st_resv_count(s->test, s->dst.fd, DST_USAGE_BOOKKEEP));
	ASSERT_EQ(0, st_release(s->ctx, set));
	sync = dma_job_sync_file(args.job_fd);
	ASSERT_LE(0, sync);
	EXPECT_EQ(0, dma_sync_status(sync));
	EXPECT_EQ(0, nr_implicit(s, &s->dst));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_TRUE(becomes_readable(sync));
	EXPECT_EQ(1, dma_sync_status(sync));
	close(sync);
	close(args.job_fd);
}

TEST_F(explicit_life, cancelled_job_has_no_sync_file)
{
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;
	long set = st_lock_all(s->ctx, s->src.fd, W, 0);

	ASSERT_LE(0, set);
	ASSERT_EQ(0, submit(s, BOTH, &args));
	EXPECT_EQ(-1, args.sync_fd);
	close(args.job_fd);
	EXPECT_EQ(0, st_query_count(s->ctx, s->dst.fd, DMABUF_SYNC_STATE_QUEUED));
	ASSERT_EQ(0, gate_open(s));
	ASSERT_EQ(0, st_release(s->ctx, set));
	EXPECT_TRUE(ST_STAYS(dma_filled(&s->dst, OLD)));
	EXPECT_EQ(0, st_resv_count(s->test, s->dst.fd, DST_USAGE_BOOKKEEP));
}

/* A child that submits, sends the sync_file, and waits for its end. */
static pid_t submitter(const struct scene *s, int sock)
{
	struct dmabuf_copy_submit args;
	pid_t child = st_fork();

	if (child)
		return child;
	if (submit(s, BOTH, &args) || st_fd_send(sock, args.sync_fd))
		_exit(1);
	pause();
	_exit(2);
}

TEST_F(explicit_life, killed_submitter_leaves_the_job_and_its_sync_file)
{
	struct scene *s = &self->s;
	int pair[2], sync;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	child = submitter(s, pair[1]);
	ASSERT_LE(0, child);
	sync = st_fd_receive(pair[0]);
	ASSERT_LE(0, sync);
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_TRUE(WIFSIGNALED(st_child_wait(child)));
	EXPECT_EQ(0, dma_sync_status(sync));
	EXPECT_EQ(-EAGAIN, st_lock_all(s->ctx, s->dst.fd, R, TRY));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_TRUE(becomes_readable(sync));
	EXPECT_EQ(1, dma_sync_status(sync));
	EXPECT_TRUE(dma_filled(&s->dst, NEW));
	close(sync);
	close(pair[0]);
	close(pair[1]);
}

static bool is_held(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) && errno == EAGAIN;
}

/* All else is closed with the job in flight: the module stays for the job, and for its fence. */
TEST_F(explicit_life, sync_file_keeps_the_module)
{
	struct dmabuf_copy_submit args;
	struct scene *s = &self->s;

	ASSERT_EQ(0, submit(s, BOTH, &args));
	close(args.job_fd);
	close(s->copy);
	st_buffer_close(&s->src);
	st_buffer_close(&s->dst);
	EXPECT_TRUE(is_held("dmabuf_copy"));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_TRUE(becomes_readable(args.sync_fd));
	EXPECT_EQ(1, dma_sync_status(args.sync_fd));
	EXPECT_TRUE(ST_UNTIL(st_module_users("dma_sim") == 0));
	EXPECT_TRUE(is_held("dmabuf_copy"));
	close(args.sync_fd);
	EXPECT_TRUE(ST_UNTIL(st_module_users("dmabuf_copy") == 0));
	s->copy = dma_open();
	ASSERT_EQ(0, dma_buffers(&s->src, &s->dst, SIZE, false));
}

/* Room for the job's descriptor, not for the sync_file's: neither is there, nor is the job. */
TEST_F(explicit_life, without_room_for_the_sync_file_nothing_is_left)
{
	struct dmabuf_copy_submit args;
	struct rlimit limit, none;
	struct scene *s = &self->s;
	int next = dup(s->copy);

	ASSERT_LE(0, next);
	close(next);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = (struct rlimit){ .rlim_cur = next + 1, .rlim_max = limit.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	EXPECT_EQ(-EMFILE, submit(s, BOTH, &args));
	EXPECT_EQ(next, dup(s->copy));
	close(next);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(0, st_resv_count(s->test, s->dst.fd, DST_USAGE_BOOKKEEP));
	EXPECT_LE(0, st_lock_all(s->ctx, s->dst.fd, W, TRY));
	ASSERT_EQ(0, gate_open(s));
	EXPECT_TRUE(dma_filled(&s->dst, OLD));
}

TEST_HARNESS_MAIN
