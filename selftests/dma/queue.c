// SPDX-License-Identifier: GPL-2.0-only
/*
 * A job and CPU accesses take turns:
 *
 *	CPU holds src    [=======]              CPU holds dst    [====]
 *	job              ........[DMA]          job              .....[DMA]
 *	CPU locks dst        .........[===]     disjoint job     [DMA]
 */
#include <errno.h>
#include <fcntl.h>
#include <kselftest_harness.h>
#include <poll.h>

#include "dma.h"

#define SIZE	(8 * ST_PAGE)
#define HALF	(SIZE / 2)
#define OLD	1
#define NEW	2
#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W

FIXTURE(queue)
{
	int copy, ctx, other;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(queue)
{
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	self->other = st_context_open();
	ASSERT_LE(0, self->other);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
	dma_fill(&self->src, OLD);
	dma_fill(&self->dst, OLD);
}

FIXTURE_TEARDOWN(queue)
{
	close(self->other);
	EXPECT_EQ(0, dma_close(self->copy, self->ctx, &self->src, &self->dst));
}

/* So slow that a copy of SIZE takes @ms. */
static int slow(unsigned int ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", SIZE * 1000 / ms);
	return dma_param_set("dma_sim", "bandwidth", text);
}

TEST_F(queue, behind_the_writer_of_src)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job;

	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	EXPECT_TRUE(ST_STAYS(!dma_job_poll(job, POLLIN | POLLOUT, 0)));
	dma_fill(&self->src, NEW);
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(job);
}

TEST_F(queue, behind_the_reader_of_dst)
{
	long set = st_lock_all(self->ctx, self->dst.fd, R, 0);
	int job;

	dma_fill(&self->src, NEW);
	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	EXPECT_TRUE(ST_STAYS(dma_filled(&self->dst, OLD)));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(job);
}

TEST_F(queue, beside_a_reader_of_src)
{
	ASSERT_LE(0, st_lock_all(self->ctx, self->src.fd, R, 0));
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
}

TEST_F(queue, beside_holders_of_other_bytes)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, HALF,
						  DMABUF_COPY_WAIT);

	ASSERT_LE(0, st_lock(self->ctx, self->src.fd, W, HALF, HALF, 0));
	ASSERT_LE(0, st_lock(self->ctx, self->dst.fd, W, HALF, HALF, 0));
	EXPECT_EQ(0, dma_submit(self->copy, &args));
}

/* Neither buffer is taken while the other one is not to be had. */
TEST_F(queue, takes_both_or_none)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job;

	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	EXPECT_EQ(1, st_query_count(self->ctx, self->dst.fd, 0));
	EXPECT_EQ(1, st_query_count(self->ctx, self->dst.fd, DMABUF_SYNC_STATE_QUEUED));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_EQ(0, st_query_count(self->ctx, self->dst.fd, 0));
	close(job);
}

/* Submitted while src is held, dst locked right after that: the reader gets new bytes. */
TEST_F(queue, the_reader_of_dst_sleeps_until_the_dma_is_done)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	struct st_call call;
	int job;

	ASSERT_EQ(0, slow(50));
	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_call_lock(&call, self->other, self->dst.fd, R, 0, SIZE));
	dma_fill(&self->src, NEW);
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	ASSERT_EQ(0, st_release(self->ctx, set));
	ASSERT_LE(0, st_call_end(&call));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	EXPECT_EQ(0, dma_job_end(job));
	close(job);
}

TEST_F(queue, the_writer_of_src_sleeps_until_the_dma_is_done)
{
	struct st_call call;
	int job;

	ASSERT_EQ(0, slow(200));
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(-EAGAIN, st_lock_all(self->ctx, self->src.fd, W, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	ASSERT_LE(0, st_lock_all(self->ctx, self->src.fd, R, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	ASSERT_EQ(0, st_call_lock(&call, self->other, self->dst.fd, W, 0, SIZE));
	ASSERT_LE(0, st_call_end(&call));
	EXPECT_EQ(POLLIN, dma_job_poll(job, POLLIN, 0));
	close(job);
}

TEST_F(queue, nonblock_fails_instead)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE,
						  DMABUF_COPY_NONBLOCK);
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);

	ASSERT_LE(0, set);
	EXPECT_EQ(-EAGAIN, dma_submit(self->copy, &args));
	EXPECT_EQ(-2, args.job_fd);
	args.flags |= DMABUF_COPY_WAIT;
	EXPECT_EQ(-EAGAIN, dma_submit(self->copy, &args));
	EXPECT_EQ(0, st_snapshot_count(self->dst.ino, NULL));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, dma_submit(self->copy, &args));
	args.flags = DMABUF_COPY_NONBLOCK;
	EXPECT_EQ(0, dma_submit(self->copy, &args));
	EXPECT_EQ(0, dma_job_end(args.job_fd));
	close(args.job_fd);
}

/* Invariant 10: what user space can hold back is no fence, neither in a buffer ... */
TEST_F(queue, a_queued_job_has_no_fence_in_the_buffers)
{
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int job;

	ASSERT_EQ(0, slow(200));
	ASSERT_LE(0, set);
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	EXPECT_TRUE(ST_STAYS(dma_buffer_status(&self->src) == 1));
	EXPECT_EQ(1, dma_buffer_status(&self->dst));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(POLLOUT, dma_job_poll(job, POLLOUT, ST_SOON_MS));
	EXPECT_EQ(0, dma_buffer_status(&self->src));
	EXPECT_EQ(0, dma_buffer_status(&self->dst));
	EXPECT_EQ(0, dma_job_end(job));
	EXPECT_EQ(1, dma_buffer_status(&self->dst));
	close(job);
}

/* ... nor in a sync_file. */
TEST_F(queue, a_queued_job_has_no_sync_file)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE,
						  DMABUF_COPY_SYNC_FILE);
	long set = st_lock_all(self->ctx, self->src.fd, W, 0);
	int sync;

	ASSERT_LE(0, set);
	ASSERT_EQ(0, dma_submit(self->copy, &args));
	EXPECT_EQ(-1, args.sync_fd);
	ASSERT_EQ(0, fcntl(args.job_fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, dma_job_sync_file(args.job_fd));
	ASSERT_EQ(0, st_release(self->ctx, set));
	EXPECT_TRUE(dma_job_poll(args.job_fd, POLLOUT, ST_SOON_MS) & POLLOUT);
	sync = dma_job_sync_file(args.job_fd);
	ASSERT_LE(0, sync);
	EXPECT_EQ(POLLIN, dma_job_poll(sync, POLLIN, ST_SOON_MS));
	EXPECT_EQ(1, dma_sync_status(sync));
	close(sync);
	close(args.job_fd);
}

TEST_HARNESS_MAIN
