// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs of an engine: queued, running, done. dmabuf_copy tells when each began and ended, which is
 * what the tool has to show; and a job is called what its engine is.
 */
#include <kselftest_harness.h>

#include "../dma/dma.h"
#include "tool.h"

#define R		DMA_BUF_ACCESS_R
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE
#define NR_JOBS		4
#define JOB_MS		100
#define JOB_BYTES	(4 * ST_PAGE)
/* How far what programs saw may be from the times that the driver took. */
#define OFF_MS		(JOB_MS / 10)

FIXTURE(engine)
{
	struct tool tool;
	struct json_object *report;
	struct st_buffer src[NR_JOBS], dst[NR_JOBS];
	struct dmabuf_copy_info info;
	int copy, ctx, job[NR_JOBS];
};

FIXTURE_VARIANT(engine)
{
	bool late;
};

FIXTURE_VARIANT_ADD(engine, attached)
{
	.late = false,
};

FIXTURE_VARIANT_ADD(engine, late)
{
	.late = true,
};

FIXTURE_SETUP(engine)
{
	unsigned int i;

	self->copy = dma_open();
	ASSERT_LE(0, self->copy);
	ASSERT_EQ(0, dma_info(self->copy, &self->info));
	tool_name("submitter");
	self->ctx = tool_actor("reader");
	ASSERT_LE(0, self->ctx);
	for (i = 0; i < NR_JOBS; i++) {
		ASSERT_EQ(0, st_buffer_udmabuf(&self->src[i], JOB_BYTES));
		ASSERT_EQ(0, st_buffer_udmabuf(&self->dst[i], JOB_BYTES));
		self->job[i] = -1;
	}
	if (!variant->late)
		ASSERT_EQ(0, tool_attach(&self->tool));
}

FIXTURE_TEARDOWN(engine)
{
	unsigned int i;

	EXPECT_EQ(0, dma_fault(self->copy, "none"));
	EXPECT_EQ(0, dma_param_restore());
	json_object_put(self->report);
	tool_kill(&self->tool);
	for (i = 0; i < NR_JOBS; i++) {
		if (self->job[i] >= 0)
			close(self->job[i]);
		st_buffer_close(&self->src[i]);
		st_buffer_close(&self->dst[i]);
	}
	close(self->ctx);
	close(self->copy);
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

#define LOOK() do {							\
	if (variant->late)						\
		ASSERT_EQ(0, tool_attach(&self->tool));			\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
} while (0)

/* A job for buffers of its own: it is committed as soon as a worker comes to it. */
#define SUBMIT(i) do {							\
	tool_name("submitter");						\
	self->job[i] = dma_job(self->copy, &self->src[i], &self->dst[i]); \
	ASSERT_LE(0, self->job[i]);					\
} while (0)

static double percent_ms(struct json_object *report, struct json_object *row, const char *key)
{
	return tool_real(row, key) / 100 * tool_summary(report, "window_ns") / ST_NSEC_PER_MSEC;
}

static double span_ms(uint64_t begin_ns, uint64_t end_ns)
{
	return (double)(end_ns - begin_ns) / ST_NSEC_PER_MSEC;
}

#define EXPECT_NEAR(ms, seen) do {					\
	EXPECT_LE((ms) - OFF_MS, seen);					\
	EXPECT_GE((ms) + OFF_MS, seen);					\
} while (0)

/*
 *   job 0  ┌────┐
 *   job 1   ....┌────┐             queued, then running: each one as long
 *   job 2   .........┌────┐
 *   job 3   ..............┌────┐
 */
TOOL_TEST(engine, each_job_counts_from_its_begin)
{
	struct dmabuf_copy_result result[NR_JOBS];
	uint64_t first_ns = UINT64_MAX, last_ns = 0;
	struct json_object *row;
	unsigned int i;
	char text[32];

	if (variant->late)
		SKIP(return, "what is over is not seen by a tool that is started late");
	snprintf(text, sizeof(text), "%lu", JOB_BYTES * 1000 / JOB_MS);
	ASSERT_EQ(0, dma_param_set("dma_sim", "bandwidth", text));
	for (i = 0; i < NR_JOBS; i++)
		SUBMIT(i);
	for (i = 0; i < NR_JOBS; i++) {
		ASSERT_EQ(0, dma_job_result(self->job[i], &result[i]));
		ASSERT_EQ(0, result[i].result);
	}
	LOOK();
	for (i = 0; i < NR_JOBS; i++) {
		row = tool_row(self->report, "buffers", "ino", self->dst[i].ino);
		ASSERT_NE(NULL, row);
		EXPECT_NEAR(span_ms(result[i].started_ns, result[i].done_ns),
			    percent_ms(self->report, row, "dma_percent"));
		EXPECT_NEAR(span_ms(result[i].committed_ns, result[i].started_ns),
			    percent_ms(self->report, row, "queued_percent"));
		first_ns = result[i].started_ns < first_ns ? result[i].started_ns : first_ns;
		last_ns = result[i].done_ns > last_ns ? result[i].done_ns : last_ns;
	}
	/* The engine was never without work, in whichever order it got them. */
	EXPECT_NEAR(span_ms(first_ns, last_ns),
		    percent_ms(self->report, json_object_object_get(self->report, "summary"),
			       "dma_percent"));
	EXPECT_EQ(0, tool_summary(self->report, "jobs_running"));
}

/* A job has two accesses, and the engine has them from the commit to the end. */
TOOL_TEST(engine, group_of_its_jobs)
{
	struct dmabuf_copy_result result[NR_JOBS];
	struct json_object *row;
	unsigned int i;

	if (variant->late)
		SKIP(return, "what is over is not seen by a tool that is started late");
	tool_kill(&self->tool);
	ASSERT_EQ(0, tool_attach(&self->tool, "--group", "engine"));
	for (i = 0; i < NR_JOBS; i++) {
		SUBMIT(i);
		ASSERT_EQ(0, dma_job_result(self->job[i], &result[i]));
		ASSERT_EQ(0, result[i].result);
	}
	ASSERT_TRUE(st_snapshot_becomes_empty());
	tool_name("reader");
	ASSERT_LE(0, st_lock_all(self->ctx, self->dst[0].fd, R, QUEUE));
	LOOK();
	ASSERT_EQ(1, json_object_array_length(json_object_object_get(self->report, "groups")));
	row = json_object_array_get_idx(json_object_object_get(self->report, "groups"), 0);
	EXPECT_STREQ(self->info.channel, tool_text(row, "name"));
	EXPECT_STREQ("dmabuf_copy", tool_text(row, "driver"));
	EXPECT_EQ(2 * NR_JOBS, tool_number(row, "acquired"));
	EXPECT_EQ(2 * NR_JOBS, tool_number(row, "released"));
	EXPECT_EQ(0, tool_number(row, "held"));
	EXPECT_EQ(2 * NR_JOBS + 1, tool_summary(self->report, "acquired"));
}

/* A row of the chains: as deep as its place. */
static bool row_is(struct json_object *report, unsigned int nr, const char *state,
		   const char *engine)
{
	struct json_object *row;

	row = json_object_array_get_idx(json_object_object_get(report, "chains"), nr);
	if (row && tool_number(row, "depth") == nr && !strcmp(tool_text(row, "state"), state) &&
	    !strcmp(tool_text(row, "engine"), engine))
		return true;
	fprintf(stderr, "# row %u: %s\n", nr, row ? json_object_to_json_string(row) : "none");
	return false;
}

/*
 *   reader ──> job 3 ──> job 2 ──> job 1 ──> job 0
 *
 * Of the jobs the engine has begun the last one only.
 */
TOOL_TEST(engine, jobs_ahead_are_in_the_chain)
{
	struct json_object *row;
	unsigned int i;

	ASSERT_EQ(0, dma_param_set("dmabuf_copy", "timeout_ms", "600000"));
	ASSERT_EQ(0, dma_fault(self->copy, "stuck"));
	/* One after the other: workers on several CPUs would make another order. */
	for (i = 0; i < NR_JOBS; i++) {
		SUBMIT(i);
		ASSERT_TRUE(ST_UNTIL(st_snapshot_count(self->dst[i].ino, "committed") == 1));
	}
	tool_name("reader");
	ASSERT_LE(0, st_lock_all(self->ctx, self->dst[NR_JOBS - 1].fd, R, QUEUE));
	LOOK();
	EXPECT_TRUE(row_is(self->report, 0, "runs", self->info.channel));
	for (i = 1; i < NR_JOBS; i++)
		EXPECT_TRUE(row_is(self->report, i, "queued", self->info.channel));
	EXPECT_TRUE(row_is(self->report, NR_JOBS, "waits", ""));
	row = json_object_array_get_idx(json_object_object_get(self->report, "chains"), 0);
	EXPECT_STREQ("dmabuf_copy", tool_text(row, "driver"));
	EXPECT_EQ(getpid(), tool_number(row, "tgid"));
	row = tool_row(self->report, "buffers", "ino", self->dst[0].ino);
	ASSERT_NE(NULL, row);
	EXPECT_STREQ(self->info.channel, tool_text(row, "holder_engine"));
	row = tool_row(self->report, "pairs", "waits", 1);
	ASSERT_NE(NULL, row);
	EXPECT_STREQ("reader", tool_text(row, "waiter_comm"));
	EXPECT_STREQ(self->info.channel, tool_text(row, "holder_engine"));
	/* A job of two accesses is one job. */
	EXPECT_EQ(1, tool_summary(self->report, "jobs_running"));
	EXPECT_EQ(NR_JOBS - 1, tool_summary(self->report, "jobs_queued"));
}

TEST_HARNESS_MAIN
