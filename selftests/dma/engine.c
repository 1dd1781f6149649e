// SPDX-License-Identifier: GPL-2.0-only
/* dma_sim: its time passes as modelled, without burning CPU; channels work side by side. */
#include <kselftest_harness.h>
#include <poll.h>

#include "dma.h"

#define SIZE	(16 * ST_PAGE)
/* A copy of SIZE takes as long ... */
#define COPY_MS	200
#define COPY_NS	(COPY_MS * ST_NSEC_PER_MSEC)
/* ... or longer, on a machine that is busy with other things, but not by so much. */
#define SLACK_NS (1 * ST_NSEC_PER_SEC)

FIXTURE(engine)
{
	int copy;
	struct st_buffer src, dst;
};

FIXTURE_SETUP(engine)
{
	char bandwidth[32];

	snprintf(bandwidth, sizeof(bandwidth), "%lu", SIZE * 1000 / COPY_MS);
	ASSERT_EQ(0, dma_param_set("dma_sim", "bandwidth", bandwidth));
	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "0"));
	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	ASSERT_EQ(0, dma_buffers(&self->src, &self->dst, SIZE, false));
}

FIXTURE_TEARDOWN(engine)
{
	EXPECT_EQ(0, dma_close(self->copy, -1, &self->src, &self->dst));
}

/* From commit to end of one job. */
static int64_t job_ns(int copy, const struct st_buffer *src, const struct st_buffer *dst)
{
	struct dmabuf_copy_result result = { 0 };
	int job = dma_job(copy, src, dst);

	if (job < 0 || dma_job_result(job, &result) || result.result)
		return -1;
	close(job);
	return result.done_ns - result.committed_ns;
}

TEST_F(engine, bandwidth)
{
	int64_t ns = job_ns(self->copy, &self->src, &self->dst);

	EXPECT_LE(COPY_NS, ns);
	EXPECT_GT(COPY_NS + SLACK_NS, ns);
}

TEST_F(engine, latency)
{
	int64_t ns;

	ASSERT_EQ(0, dma_param_set("dma_sim", "bandwidth", "0"));
	ASSERT_EQ(0, dma_param_set("dma_sim", "latency", "150000000"));
	ns = job_ns(self->copy, &self->src, &self->dst);
	EXPECT_LE(150 * ST_NSEC_PER_MSEC, ns);
	EXPECT_GT(150 * ST_NSEC_PER_MSEC + SLACK_NS, ns);
}

TEST_F(engine, without_a_model_it_is_fast)
{
	ASSERT_EQ(0, dma_param_set("dma_sim", "bandwidth", "0"));
	EXPECT_GT(COPY_NS, job_ns(self->copy, &self->src, &self->dst));
}

/* 1 tick is 10 ms. */
TEST_F(engine, waiting_burns_no_cpu)
{
	long long before = dma_thread_ticks("dma_sim/") + dma_thread_ticks("dmabuf_copy/");
	unsigned int i;

	for (i = 0; i < 5; i++)
		EXPECT_LE(COPY_NS, job_ns(self->copy, &self->src, &self->dst));
	EXPECT_GE(before + 20,
		  dma_thread_ticks("dma_sim/") + dma_thread_ticks("dmabuf_copy/"));
}

TEST_F(engine, counts_what_it_did)
{
	long long bytes = dma_count(self->copy, "bytes");
	long long busy_ns = dma_count(self->copy, "busy_ns");
	char state[16];

	ASSERT_LE(0, bytes);
	ASSERT_EQ(0, dma_copy(self->copy, &self->src, &self->dst));
	EXPECT_EQ(bytes + (long long)SIZE, dma_count(self->copy, "bytes"));
	EXPECT_EQ(busy_ns + COPY_NS, dma_count(self->copy, "busy_ns"));
	ASSERT_EQ(0, dma_state(self->copy, state, sizeof(state)));
	EXPECT_STREQ("idle", state);
}

/* Two jobs of one channel: one after the other, without a gap that adds up. */
TEST_F(engine, one_channel_does_one_job_at_a_time)
{
	struct dmabuf_copy_result first, second;
	struct st_buffer other;
	int job[2];

	ASSERT_EQ(0, st_buffer_udmabuf(&other, SIZE));
	job[0] = dma_job(self->copy, &self->src, &self->dst);
	ASSERT_LE(0, job[0]);
	ASSERT_EQ(POLLOUT, dma_job_poll(job[0], POLLOUT, ST_SOON_MS));
	job[1] = dma_job(self->copy, &self->src, &other);
	ASSERT_LE(0, job[1]);
	ASSERT_EQ(0, dma_job_result(job[0], &first));
	ASSERT_EQ(0, dma_job_result(job[1], &second));
	EXPECT_GT(first.done_ns, second.committed_ns);
	EXPECT_LE(first.done_ns, second.started_ns);
	EXPECT_LE(2 * COPY_NS, second.done_ns - first.started_ns + ST_NSEC_PER_MSEC);
	EXPECT_GT(2 * COPY_NS + SLACK_NS, second.done_ns - first.started_ns);
	close(job[0]);
	close(job[1]);
	st_buffer_close(&other);
}

/* Another open file has another channel: its job runs at the same time. */
TEST_F(engine, two_channels_do_two_jobs_at_a_time)
{
	struct dmabuf_copy_result first, second;
	struct dmabuf_copy_info info[2];
	struct st_buffer other;
	int copy, job[2];

	copy = dma_open();
	ASSERT_LE(0, copy);
	ASSERT_EQ(0, dma_info(self->copy, &info[0]));
	ASSERT_EQ(0, dma_info(copy, &info[1]));
	ASSERT_STRNE(info[0].channel, info[1].channel);
	ASSERT_EQ(0, st_buffer_udmabuf(&other, SIZE));
	job[0] = dma_job(self->copy, &self->src, &self->dst);
	job[1] = dma_job(copy, &self->src, &other);
	ASSERT_LE(0, job[0]);
	ASSERT_LE(0, job[1]);
	ASSERT_EQ(0, dma_job_result(job[0], &first));
	ASSERT_EQ(0, dma_job_result(job[1], &second));
	EXPECT_GT(first.done_ns, second.started_ns);
	EXPECT_GT(second.done_ns, first.started_ns);
	close(job[0]);
	close(job[1]);
	close(copy);
	st_buffer_close(&other);
}

/* The parameter channel names one: open files share it. */
TEST_F(engine, named_channel)
{
	struct dmabuf_copy_info info;
	int copy[2];

	ASSERT_EQ(0, dma_info(self->copy, &info));
	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "channel", info.channel));
	copy[0] = dma_open();
	copy[1] = dma_open();
	ASSERT_LE(0, copy[0]);
	ASSERT_LE(0, copy[1]);
	EXPECT_LE(0, job_ns(copy[0], &self->src, &self->dst));
	close(self->copy);
	self->copy = copy[0];
	ASSERT_EQ(0, dma_info(copy[1], &info));
	EXPECT_LE(0, job_ns(copy[1], &self->src, &self->dst));
	close(copy[1]);
}

TEST_HARNESS_MAIN
