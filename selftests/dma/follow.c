// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies that follow copies: a chain is given to its engines at once, and each begins when the one
 * before has ended, on the same channel or on another one.
 *
 *	a -> b   [DMA on x]
 *	b -> c             [DMA on y]
 *	c -> d                       [DMA on x]
 */
#include <kselftest_harness.h>
#include <poll.h>

#include "dma.h"

#define SIZE	(8 * ST_PAGE)
#define OLD	1
#define NEW	2
#define NR	4
#define FOLLOW	(DMABUF_COPY_FOLLOW | DMABUF_COPY_SYNC_FILE | DMABUF_COPY_NONBLOCK)
#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(follow)
{
	int copy[2], ctx, test;
	long gate;
	struct st_buffer buf[NR];
};

FIXTURE_SETUP(follow)
{
	unsigned int i;

	/* The other tests of DMA unload the framework, which this module would keep. */
	ASSERT_EQ(0, st_module_load("dmabuf_sync_test", ""));
	self->test = st_test_open();
	ASSERT_LE(0, self->test);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	for (i = 0; i < 2; i++) {
		self->copy[i] = dma_open();
		ASSERT_LE(0, self->copy[i]);
	}
	for (i = 0; i < NR; i += 2)
		ASSERT_EQ(0, dma_buffers(&self->buf[i], &self->buf[i + 1], SIZE, false));
	for (i = 0; i < NR; i++)
		dma_fill(&self->buf[i], i ? OLD : NEW);
}

FIXTURE_TEARDOWN(follow)
{
	unsigned int i;

	EXPECT_EQ(0, dma_param_restore());
	for (i = 0; i < 2; i++)
		close(self->copy[i]);
	for (i = 0; i < NR; i++)
		st_buffer_close(&self->buf[i]);
	close(self->ctx);
	close(self->test);
	EXPECT_TRUE(st_snapshot_becomes_empty());
	EXPECT_TRUE(st_module_unload("dmabuf_sync_test"));
}

/* The first copy of a chain follows a stock driver's fence, until all of the chain is submitted. */
static long gate_close(int test, const struct st_buffer *buf)
{
	return st_fence_stock(test, buf[0].fd, DST_USAGE_WRITE);
}

static int gate_open(int test, long gate)
{
	return st_fence_signal(test, gate, DST_PROCESS, 0, 0);
}

/* From buffer @i to the next one. Return: 0 or a negative errno. */
static int submit(int copy, struct st_buffer *buf, unsigned int i, uint32_t flags,
		  struct dmabuf_copy_submit *args)
{
	*args = dma_args(&buf[i], 0, &buf[i + 1], 0, SIZE, flags);
	return dma_submit(copy, args);
}

static void jobs_close(const struct dmabuf_copy_submit *jobs, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		close(jobs[i].job_fd);
		if (jobs[i].sync_fd >= 0)
			close(jobs[i].sync_fd);
	}
}

/* Begun in the order of the chain, each behind the end of the one before. */
static bool in_order(const struct dmabuf_copy_result *results, unsigned int nr)
{
	unsigned int i;

	for (i = 1; i < nr; i++)
		if (results[i].started_ns < results[i - 1].done_ns)
			return false;
	return true;
}

/* All are committed before the first one ends, and what comes out at the end went in at first. */
TEST_F(follow, chain_runs_over_two_channels)
{
	struct dmabuf_copy_result results[NR - 1];
	struct dmabuf_copy_submit jobs[NR - 1];
	unsigned int i;

	self->gate = gate_close(self->test, self->buf);
	ASSERT_LE(0, self->gate);
	for (i = 0; i < NR - 1; i++) {
		ASSERT_EQ(0, submit(self->copy[i % 2], self->buf, i, FOLLOW, &jobs[i]));
		EXPECT_EQ(0, dma_sync_status(jobs[i].sync_fd));
	}
	ASSERT_EQ(0, gate_open(self->test, self->gate));
	for (i = 0; i < NR - 1; i++) {
		ASSERT_EQ(0, dma_job_end(jobs[i].job_fd));
		ASSERT_EQ(0, dma_job_result(jobs[i].job_fd, &results[i]));
	}
	EXPECT_TRUE(in_order(results, NR - 1));
	EXPECT_TRUE(dma_filled(&self->buf[NR - 1], NEW));
	jobs_close(jobs, NR - 1);
}

TEST_F(follow, chain_runs_on_one_channel)
{
	struct dmabuf_copy_submit jobs[NR - 1];
	unsigned int i;

	self->gate = gate_close(self->test, self->buf);
	ASSERT_LE(0, self->gate);
	for (i = 0; i < NR - 1; i++)
		ASSERT_EQ(0, submit(self->copy[0], self->buf, i, FOLLOW, &jobs[i]));
	ASSERT_EQ(0, gate_open(self->test, self->gate));
	for (i = 0; i < NR - 1; i++)
		EXPECT_EQ(0, dma_job_end(jobs[i].job_fd));
	EXPECT_TRUE(dma_filled(&self->buf[NR - 1], NEW));
	jobs_close(jobs, NR - 1);
}

/* Without the flag the second one would have to wait. */
TEST_F(follow, others_wait)
{
	struct dmabuf_copy_submit jobs[2];

	self->gate = gate_close(self->test, self->buf);
	ASSERT_LE(0, self->gate);
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 0, FOLLOW, &jobs[0]));
	EXPECT_EQ(-EAGAIN, submit(self->copy[1], self->buf, 1,
				  FOLLOW & ~DMABUF_COPY_FOLLOW, &jobs[1]));
	ASSERT_EQ(0, gate_open(self->test, self->gate));
	EXPECT_EQ(0, dma_job_end(jobs[0].job_fd));
	jobs_close(jobs, 1);
}

/* The CPU gets the end of the chain when all of it has ended. */
TEST_F(follow, cpu_waits_for_the_end_of_the_chain)
{
	struct dmabuf_copy_submit jobs[2];
	long set;

	self->gate = gate_close(self->test, self->buf);
	ASSERT_LE(0, self->gate);
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 0, FOLLOW, &jobs[0]));
	ASSERT_EQ(0, submit(self->copy[1], self->buf, 1, FOLLOW, &jobs[1]));
	set = st_lock_all(self->ctx, self->buf[1].fd, W, QUEUE);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, gate_open(self->test, self->gate));
	ASSERT_EQ(0, st_event_result(self->ctx, set));
	EXPECT_EQ(1, dma_sync_status(jobs[0].sync_fd));
	EXPECT_EQ(1, dma_sync_status(jobs[1].sync_fd));
	EXPECT_TRUE(dma_filled(&self->buf[2], NEW));
	jobs_close(jobs, 2);
}

/* Half of a chain fails: the rest does, too, and nothing was copied by that. */
TEST_F(follow, error_goes_along_the_chain)
{
	struct dmabuf_copy_submit jobs[NR - 1];
	unsigned int i;

	self->gate = gate_close(self->test, self->buf);
	ASSERT_LE(0, self->gate);
	ASSERT_EQ(0, dma_fault(self->copy[0], "fail"));
	for (i = 0; i < NR - 1; i++)
		ASSERT_EQ(0, submit(self->copy[i % 2], self->buf, i, FOLLOW, &jobs[i]));
	ASSERT_EQ(0, gate_open(self->test, self->gate));
	for (i = 0; i < NR - 1; i++) {
		EXPECT_EQ(-EIO, dma_job_end(jobs[i].job_fd)) TH_LOG("job %u", i);
		EXPECT_EQ(-EIO, dma_sync_status(jobs[i].sync_fd));
	}
	EXPECT_TRUE(dma_filled(&self->buf[2], OLD));
	EXPECT_TRUE(dma_filled(&self->buf[3], OLD));
	jobs_close(jobs, NR - 1);
}

/* On one channel, too, where the next one may have been copied by then. */
TEST_F(follow, error_goes_along_one_channel)
{
	struct dmabuf_copy_submit jobs[2];

	self->gate = gate_close(self->test, self->buf);
	ASSERT_LE(0, self->gate);
	ASSERT_EQ(0, dma_fault(self->copy[0], "fail"));
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 0, FOLLOW, &jobs[0]));
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 1, FOLLOW, &jobs[1]));
	ASSERT_EQ(0, gate_open(self->test, self->gate));
	EXPECT_EQ(-EIO, dma_job_end(jobs[0].job_fd));
	EXPECT_EQ(-EIO, dma_job_end(jobs[1].job_fd));
	jobs_close(jobs, 2);
}

/* A fence of a stock driver: the job is with the engine, and begins behind it. */
TEST_F(follow, fence_of_a_stock_driver_is_followed)
{
	long fence = st_fence_stock(self->test, self->buf[0].fd, DST_USAGE_WRITE);
	struct dmabuf_copy_result result;
	struct dmabuf_copy_submit job;
	int64_t signaled_ns;

	ASSERT_LE(0, fence);
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 0, FOLLOW, &job));
	EXPECT_EQ(0, dma_sync_status(job.sync_fd));
	signaled_ns = st_now_ns();
	ASSERT_EQ(0, st_fence_signal(self->test, fence, DST_HARDIRQ, 0, 0));
	ASSERT_EQ(0, dma_job_end(job.job_fd));
	ASSERT_EQ(0, dma_job_result(job.job_fd, &result));
	EXPECT_LE(signaled_ns, (int64_t)result.started_ns);
	EXPECT_TRUE(dma_filled(&self->buf[1], NEW));
	jobs_close(&job, 1);
}

/* Whoever is behind it on the channel, and has nothing to do with it, does not wait for ever. */
TEST_F(follow, job_that_waits_for_long_gives_way)
{
	long fence = st_fence_stock(self->test, self->buf[0].fd, DST_USAGE_WRITE);
	struct dmabuf_copy_submit jobs[2];

	ASSERT_LE(0, fence);
	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "timeout_ms", "300"));
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 0, FOLLOW, &jobs[0]));
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 2, 0, &jobs[1]));
	EXPECT_EQ(-ETIMEDOUT, dma_job_end(jobs[0].job_fd));
	EXPECT_EQ(0, dma_job_end(jobs[1].job_fd));
	EXPECT_TRUE(dma_filled(&self->buf[1], OLD));
	ASSERT_EQ(0, st_fence_signal(self->test, fence, DST_PROCESS, 0, 0));
	close(jobs[0].sync_fd);
	close(jobs[0].job_fd);
	close(jobs[1].job_fd);
}

/* Two jobs of one channel, each of which fills a half: what follows both fails with either. */
TEST_F(follow, error_of_one_of_several_is_enough)
{
	struct dmabuf_copy_submit halves[2], job;
	unsigned int i;

	self->gate = gate_close(self->test, self->buf);
	ASSERT_LE(0, self->gate);
	ASSERT_EQ(0, dma_fault(self->copy[0], "fail"));
	for (i = 0; i < 2; i++) {
		halves[i] = dma_args(&self->buf[0], i * SIZE / 2, &self->buf[1], i * SIZE / 2,
				     SIZE / 2, FOLLOW);
		ASSERT_EQ(0, dma_submit(self->copy[0], &halves[i]));
	}
	ASSERT_EQ(0, submit(self->copy[1], self->buf, 1, FOLLOW, &job));
	ASSERT_EQ(0, gate_open(self->test, self->gate));
	EXPECT_EQ(-EIO, dma_job_end(halves[0].job_fd));
	EXPECT_EQ(0, dma_job_end(halves[1].job_fd));
	EXPECT_EQ(-EIO, dma_job_end(job.job_fd));
	EXPECT_TRUE(dma_filled(&self->buf[2], OLD));
	jobs_close(halves, 2);
	jobs_close(&job, 1);
}

/* A CPU holds the source: the job is queued, as others are, and so is who follows it. */
TEST_F(follow, queued_job_is_committed_when_it_may)
{
	long set = st_lock_all(self->ctx, self->buf[0].fd, W, 0);
	struct dmabuf_copy_submit jobs[2];

	ASSERT_LE(0, set);
	ASSERT_EQ(0, submit(self->copy[0], self->buf, 0, DMABUF_COPY_FOLLOW, &jobs[0]));
	ASSERT_EQ(0, submit(self->copy[1], self->buf, 1, DMABUF_COPY_FOLLOW, &jobs[1]));
	EXPECT_EQ(0, dma_job_poll(jobs[1].job_fd, POLLOUT, 0));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_job_end(jobs[0].job_fd));
	EXPECT_EQ(0, dma_job_end(jobs[1].job_fd));
	EXPECT_TRUE(dma_filled(&self->buf[2], NEW));
	jobs_close(jobs, 2);
}

TEST_HARNESS_MAIN
