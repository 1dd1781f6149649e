// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine is late, fails or hangs. The job says so, its fence does, the ranges are
 * released, the next job works; and after a job has ended the engine does not write.
 */
#include <errno.h>
#include <kselftest_harness.h>
#include <poll.h>

#include "dma.h"

#define PAGES	8
#define SIZE	(PAGES * ST_PAGE)
#define OLD	1
#define NEW	2
#define W	DMA_BUF_ACCESS_W

/* Longer than a good job takes, shorter than a late one; on the usual machine. */
#define TIMEOUT_MS	300
#define LATE_MS		500
#define TIMEOUT_NS	(300 * ST_NSEC_PER_MSEC)

FIXTURE(fault)
{
	int copy, ctx;
	unsigned int nr_descs;
	struct st_buffer src, dst;
};

FIXTURE_VARIANT(fault)
{
	const char *completion;
};

FIXTURE_VARIANT_ADD(fault, tasklet)
{
	.completion = "tasklet",
};

FIXTURE_VARIANT_ADD(fault, irq)
{
	.completion = "irq",
};

FIXTURE_VARIANT_ADD(fault, thread)
{
	.completion = "thread",
};

/* Scattered pages: a job is several descriptors. How many? */
static long long count_descs(int copy, const struct st_buffer *src,
			     const struct st_buffer *dst)
{
	long long before = dma_count(copy, "completed");

	return dma_copy(copy, src, dst) ?: dma_count(copy, "completed") - before;
}

static int set_timeout(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", TIMEOUT_MS * st_slowness());
	return dma_param_set("dmabuf_copy", "timeout_ms", text);
}

FIXTURE_SETUP(fault)
{
	long long nr_descs;

	ASSERT_EQ(0, dma_param_set("dma_sim", "completion", variant->completion));
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	self->ctx = st_context_open();
	ASSERT_LE(0, self->ctx);
	ASSERT_EQ(0, dma_buffer_scattered(&self->src, PAGES));
	ASSERT_EQ(0, dma_buffer_scattered(&self->dst, PAGES));
	nr_descs = count_descs(self->copy, &self->src, &self->dst);
	ASSERT_LT(1, nr_descs);
	self->nr_descs = nr_descs;
	ASSERT_EQ(0, set_timeout());
	dma_fill(&self->src, NEW);
	dma_fill(&self->dst, OLD);
}

/* A fault for @count descriptors, after @skip good ones. */
static int set_fault(int copy, const char *kind, unsigned int skip, unsigned int count,
		     const char *more)
{
	char text[96];

	snprintf(text, sizeof(text), "%s skip=%u count=%u%s", kind, skip, count, more);
	return dma_fault(copy, text);
}

/* After every test the same channel works. */
FIXTURE_TEARDOWN(fault)
{
	close(self->ctx);
	EXPECT_EQ(0, dma_fault(self->copy, "none"));
	dma_fill(&self->dst, OLD);
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	EXPECT_EQ(0, dma_close(self->copy, -1, &self->src, &self->dst));
}

/* Nobody holds the buffers, no fence is pending in them. */
static bool is_free(int ctx, const struct st_buffer *buf)
{
	long set = st_lock_all(ctx, buf->fd, W, DMABUF_SYNC_ACQUIRE_NONBLOCK);

	return set >= 0 && !st_release(ctx, set) && dma_buffer_status(buf);
}

TEST_F(fault, late_is_late_and_right)
{
	struct dmabuf_copy_result result;
	int job;

	ASSERT_EQ(0, dma_fault(self->copy, "late delay_ns=100000000"));
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, dma_job_result(job, &result));
	EXPECT_EQ(0, result.result);
	EXPECT_LE(100 * ST_NSEC_PER_MSEC, result.done_ns - result.committed_ns);
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(job);
}

TEST_F(fault, failed_job_says_so)
{
	struct dmabuf_copy_submit args = dma_args(&self->src, 0, &self->dst, 0, SIZE,
						  DMABUF_COPY_SYNC_FILE);

	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "100000000"));
	ASSERT_EQ(0, dma_fault(self->copy, "fail"));
	ASSERT_EQ(0, dma_submit(self->copy, &args));
	ASSERT_LE(0, args.sync_fd);
	EXPECT_EQ(POLLIN | POLLOUT | POLLERR,
		  dma_job_poll(args.job_fd, POLLIN, ST_SOON_MS) | POLLOUT);
	EXPECT_EQ(-EIO, dma_job_end(args.job_fd));
	EXPECT_EQ(-EIO, dma_sync_status(args.sync_fd));
	EXPECT_TRUE(is_free(self->ctx, &self->src));
	EXPECT_TRUE(is_free(self->ctx, &self->dst));
	close(args.sync_fd);
	close(args.job_fd);
}

TEST_F(fault, failed_wait_says_so)
{
	ASSERT_EQ(0, set_fault(self->copy, "fail", 0, self->nr_descs, ""));
	EXPECT_EQ(-EIO, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_FALSE(dma_filled(&self->dst, NEW));
}

/* One descriptor of many, and not the last one. */
TEST_F(fault, one_failed_descriptor_fails_the_job)
{
	unsigned int skip;

	for (skip = 0; skip < self->nr_descs; skip++) {
		ASSERT_EQ(0, set_fault(self->copy, "fail", skip, 1, ""));
		EXPECT_EQ(-EIO, dma_copy(self->copy, &self->src, &self->dst))
		{
			TH_LOG("descriptor %u of %u", skip, self->nr_descs);
		}
	}
	EXPECT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
}

/* The one that failed is not the one that did not. */
TEST_F(fault, only_the_failed_job_fails)
{
	int first, second;

	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "50000000"));
	ASSERT_EQ(0, set_fault(self->copy, "fail", self->nr_descs - 1, 1, ""));
	first = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, first);
	ASSERT_EQ(POLLOUT, dma_job_poll(first, POLLOUT, ST_SOON_MS));
	second = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, second);
	EXPECT_EQ(-EIO, dma_job_end(first));
	EXPECT_EQ(0, dma_job_end(second));
	EXPECT_TRUE(dma_filled(&self->dst, NEW));
	close(first);
	close(second);
}

TEST_F(fault, hung_job_is_stopped)
{
	struct dmabuf_copy_result result;
	int job, sync;

	ASSERT_EQ(0, dma_fault(self->copy, "hang"));
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	sync = dma_job_sync_file(job);
	ASSERT_LE(0, sync);
	EXPECT_EQ(0, dma_sync_status(sync));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->ctx, self->dst.fd, W, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	ASSERT_EQ(0, dma_job_result(job, &result));
	EXPECT_EQ(-ETIMEDOUT, result.result);
	EXPECT_EQ(-ETIMEDOUT, dma_sync_status(sync));
	EXPECT_LE(TIMEOUT_NS, result.done_ns - result.committed_ns);
	EXPECT_GT(10 * TIMEOUT_NS, result.done_ns - result.committed_ns);
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
	EXPECT_TRUE(is_free(self->ctx, &self->src));
	EXPECT_TRUE(is_free(self->ctx, &self->dst));
	close(sync);
	close(job);
}

TEST_F(fault, hung_wait_says_so)
{
	ASSERT_EQ(0, dma_fault(self->copy, "hang"));
	EXPECT_EQ(-ETIMEDOUT, dma_copy(self->copy, &self->src, &self->dst));
}

/* A CPU access that waits for a hung job gets its turn. */
TEST_F(fault, waiter_behind_a_hung_job)
{
	struct st_call call;
	int job;

	ASSERT_EQ(0, set_fault(self->copy, "hang", self->nr_descs / 2, 1, ""));
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_call_lock(&call, self->ctx, self->dst.fd, W, 0, SIZE));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(-ETIMEDOUT, dma_job_end(job));
	close(job);
}

/* It comes late, but the job had been stopped: its bytes must not come any more. */
TEST_F(fault, stopped_engine_does_not_write)
{
	char late[32];

	snprintf(late, sizeof(late), "late delay_ns=%lld",
		 LATE_MS * st_slowness() * ST_NSEC_PER_MSEC);
	ASSERT_EQ(0, dma_fault(self->copy, late));
	EXPECT_EQ(-ETIMEDOUT, dma_copy(self->copy, &self->src, &self->dst));
	dma_fill(&self->dst, OLD);
	st_sleep_ms(LATE_MS * st_slowness());
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
}

/* Jobs of the same channel behind the hung one start over and come out right. */
TEST_F(fault, jobs_behind_the_hung_one)
{
	struct st_buffer dst[3];
	unsigned int i;
	int job[3], hung;

	ASSERT_EQ(0, set_fault(self->copy, "hang", 1, 1, ""));
	hung = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, hung);
	ASSERT_EQ(POLLOUT, dma_job_poll(hung, POLLOUT, ST_SOON_MS));
	for (i = 0; i < ST_ARRAY_SIZE(job); i++) {
		ASSERT_EQ(0, dma_buffer_scattered(&dst[i], PAGES));
		dma_fill(&dst[i], OLD);
		job[i] = dma_job(self->copy, &self->src, &dst[i]);
		ASSERT_LE(0, job[i]);
	}
	EXPECT_EQ(-ETIMEDOUT, dma_job_end(hung));
	for (i = 0; i < ST_ARRAY_SIZE(job); i++) {
		EXPECT_EQ(0, dma_job_end(job[i]));
		EXPECT_TRUE(dma_filled(&dst[i], NEW));
		close(job[i]);
		st_buffer_close(&dst[i]);
	}
	close(hung);
}

/* The limit is for a job, not for those before it. */
TEST_F(fault, waiting_for_others_does_not_count)
{
	struct st_buffer dst[6];
	unsigned int i;
	int job[6];

	/* Each job takes a third of the limit. */
	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "100000000"));
	for (i = 0; i < ST_ARRAY_SIZE(job); i++) {
		ASSERT_EQ(0, dma_buffer_scattered(&dst[i], PAGES));
		job[i] = dma_job(self->copy, &self->src, &dst[i]);
		ASSERT_LE(0, job[i]);
	}
	for (i = 0; i < ST_ARRAY_SIZE(job); i++) {
		EXPECT_EQ(0, dma_job_end(job[i]));
		close(job[i]);
		st_buffer_close(&dst[i]);
	}
}

TEST_F(fault, closed_while_it_hangs)
{
	int job;

	ASSERT_EQ(0, dma_fault(self->copy, "hang"));
	job = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job);
	ASSERT_EQ(POLLOUT, dma_job_poll(job, POLLOUT, ST_SOON_MS));
	close(job);
	EXPECT_EQ(-EAGAIN, st_lock_all(self->ctx, self->dst.fd, W, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_TRUE(ST_UNTIL(is_free(self->ctx, &self->dst)));
	EXPECT_TRUE(dma_filled(&self->dst, OLD));
}

TEST_HARNESS_MAIN
