// SPDX-License-Identifier: GPL-2.0-only
/* Shapes that are made while dmasync-record runs, and what dmasync-report says of them. */
#include <kselftest_harness.h>
#include <signal.h>
#include <sys/stat.h>

#include "recording.h"

#define W		DMA_BUF_ACCESS_W
#define DMA_W		DMA_BUF_ACCESS_DMA_W
#define ALL		0, DMABUF_SYNC_TO_END
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE
#define HOLD_MS		20
#define STEP_MS		60

FIXTURE(record)
{
	struct st_world w;
	struct recording recording;
	struct json_object *report, *row;
	int a, b;
};

TOOL_VARIANTS(record);

FIXTURE_SETUP(record)
{
	RECORDING_SETUP();
}

FIXTURE_TEARDOWN(record)
{
	RECORDING_TEARDOWN();
}

#define START(...)	RECORDING_START("--probe", variant->probe, ##__VA_ARGS__)

#define END() do {							\
	ASSERT_EQ(0, recording_end(&self->recording));			\
	RECORDING_REPORT();						\
	EXPECT_EQ(0, tool_number(self->report, "lost"));		\
} while (0)

#define BUFFER(nr)	tool_row(self->report, "buffers", "ino", self->w.buf[nr].ino)

static struct json_object *recording_of(struct json_object *report)
{
	return json_object_object_get(report, "recording");
}

static struct json_object *first_of(struct json_object *report, const char *table)
{
	return json_object_array_get_idx(json_object_object_get(report, table), 0);
}

static long as(const char *name, int ctx, const struct st_buffer *buf, uint32_t mode)
{
	tool_name(name);
	return st_lock_all(ctx, buf->fd, mode, QUEUE);
}

/* B waits behind A on buffer @nr for at least @ms. */
#define WAIT_ONCE(nr, ms) do {						\
	long _a = as("A", self->a, &self->w.buf[nr], W), _b;		\
									\
	ASSERT_LE(0, _a);						\
	_b = as("B", self->b, &self->w.buf[nr], W);			\
	ASSERT_LE(0, _b);						\
	st_sleep_ms(ms);						\
	ASSERT_EQ(0, st_release(self->a, _a));				\
	ASSERT_EQ(0, st_event_result(self->b, _b));			\
	ASSERT_EQ(0, st_release(self->b, _b));				\
} while (0)

/* Without anybody else: what was done is what is told. */
TOOL_TEST(record, counts)
{
	START();
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 100));
	ASSERT_EQ(0, tool_use("B", self->b, &self->w.buf[1], 7));
	END();
	EXPECT_EQ(107, tool_number(recording_of(self->report), "acquired"));
	EXPECT_EQ(100, tool_number(BUFFER(0), "acquired"));
	EXPECT_EQ(100, tool_number(BUFFER(0), "released"));
	EXPECT_EQ(0, tool_number(BUFFER(0), "contended"));
	EXPECT_EQ(7, tool_number(BUFFER(1), "acquired"));
	EXPECT_EQ(self->w.buf[0].size, (size_t)tool_number(BUFFER(0), "size_bytes"));
	EXPECT_STREQ("yes", tool_text(recording_of(self->report), "whole"));
	EXPECT_EQ(0, tool_nr_rows(self->report, "waits"));
}

/* Each wait by itself, and together. */
TOOL_TEST(record, waits)
{
	int64_t begin_ns, ns;

	START();
	begin_ns = st_now_ns();
	WAIT_ONCE(0, HOLD_MS);
	WAIT_ONCE(1, HOLD_MS);
	WAIT_ONCE(1, 5 * HOLD_MS);
	ns = st_now_ns() - begin_ns;
	END();
	EXPECT_EQ(1, tool_number(BUFFER(0), "cpu_behind_cpu"));
	EXPECT_EQ(2, tool_number(BUFFER(1), "cpu_behind_cpu"));
	ASSERT_EQ(3, tool_nr_rows(self->report, "waits"));
	self->row = first_of(self->report, "waits");
	EXPECT_EQ(self->w.buf[1].ino, (uint64_t)tool_number(self->row, "ino"));
	EXPECT_LE(5 * HOLD_MS * ST_NSEC_PER_MSEC, tool_number(self->row, "wait_ns"));
	EXPECT_GE(ns - 2 * HOLD_MS * ST_NSEC_PER_MSEC, tool_number(self->row, "wait_ns"));
	EXPECT_STREQ("B", tool_text(self->row, "waiter_comm"));
	EXPECT_STREQ("A", tool_text(self->row, "holder_comm"));
	EXPECT_EQ(getpid(), tool_number(self->row, "holder_tgid"));
	EXPECT_STREQ("acquired", tool_text(self->row, "end"));
}

/* The pairs say the same as the buffers and the waits, to the nanosecond. */
TOOL_TEST(record, sums_agree)
{
	struct json_object *pairs, *waits;
	int64_t wait_ns;

	START();
	WAIT_ONCE(0, HOLD_MS);
	WAIT_ONCE(1, HOLD_MS);
	END();
	pairs = json_object_object_get(self->report, "pairs");
	waits = json_object_object_get(self->report, "waits");
	wait_ns = tool_sum(json_object_object_get(self->report, "buffers"),
			   "cpu_behind_cpu_ns");
	EXPECT_LE(2 * HOLD_MS * ST_NSEC_PER_MSEC, wait_ns);
	EXPECT_EQ(wait_ns, tool_sum(pairs, "wait_ns"));
	EXPECT_EQ(wait_ns, tool_sum(waits, "wait_ns"));
	ASSERT_EQ(1, json_object_array_length(pairs));
	self->row = json_object_array_get_idx(pairs, 0);
	EXPECT_EQ(2, tool_number(self->row, "waits"));
	EXPECT_EQ(2, tool_number(self->row, "buffers"));
	EXPECT_STREQ("B", tool_text(self->row, "waiter_comm"));
	EXPECT_STREQ("A", tool_text(self->row, "holder_comm"));
}

/* Nine short waits and a long one: the median is a short one, the 95th percentile is not. */
TOOL_TEST(record, percentiles)
{
	int64_t long_ns = 10 * HOLD_MS * ST_NSEC_PER_MSEC, p50_ns;
	int i;

	START();
	for (i = 0; i < 9; i++)
		WAIT_ONCE(0, 1);
	WAIT_ONCE(0, 10 * HOLD_MS);
	END();
	self->row = first_of(self->report, "latencies");
	EXPECT_STREQ("all", tool_text(self->row, "what"));
	EXPECT_EQ(10, tool_number(self->row, "waits"));
	p50_ns = tool_number(self->row, "p50_ns");
	EXPECT_LE(ST_NSEC_PER_MSEC, p50_ns);
	EXPECT_GT(long_ns, p50_ns);
	EXPECT_LE(long_ns, tool_number(self->row, "p95_ns"));
	EXPECT_EQ(tool_number(self->row, "max_ns"), tool_number(self->row, "p99_ns"));
	self->row = tool_row(self->report, "latencies", "ino", self->w.buf[0].ino);
	EXPECT_EQ(10, tool_number(self->row, "waits"));
}

/* What was there before the start, and is there at the end. */
TOOL_TEST(record, waits_from_before_the_start)
{
	ASSERT_LE(0, as("A", self->a, &self->w.buf[0], W));
	ASSERT_LE(0, as("B", self->b, &self->w.buf[0], W));
	START();
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, tool_use("B", self->b, &self->w.buf[1], 1));
	END();
	ASSERT_EQ(1, tool_nr_rows(self->report, "waits"));
	self->row = first_of(self->report, "waits");
	EXPECT_STREQ("waits", tool_text(self->row, "end"));
	EXPECT_STREQ("B", tool_text(self->row, "waiter_comm"));
	EXPECT_STREQ("A", tool_text(self->row, "holder_comm"));
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC, tool_number(self->row, "wait_ns"));
	ASSERT_EQ(2, tool_nr_rows(self->report, "chains"));
	EXPECT_STREQ("udmabuf", tool_text(BUFFER(0), "exporter"));
}

/*
 *   CPU   ┌────────────┐        on the one buffer
 *   DMA      ┌──────┐           on another one
 */
TOOL_TEST(record, overlap)
{
	int64_t from_ns, to_ns, off_ns = ST_NSEC_PER_MSEC, ns;
	long a, fence, job;

	fence = st_fence_new(self->w.test, NULL);
	ASSERT_LE(0, fence);
	START();
	a = as("A", self->a, &self->w.buf[0], W);
	ASSERT_LE(0, a);
	from_ns = st_now_ns();
	job = st_sync_locked(self->w.test, self->w.buf[1].fd, DMA_W, ALL, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	ns = st_now_ns();
	st_sleep_ms(STEP_MS);
	to_ns = st_now_ns();
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
	ns = to_ns - ns;
	from_ns = st_now_ns() - from_ns;
	ASSERT_EQ(0, st_release(self->a, a));
	END();
	EXPECT_LE(ns - off_ns, tool_number(recording_of(self->report), "overlap_ns"));
	EXPECT_GE(from_ns + off_ns, tool_number(recording_of(self->report), "overlap_ns"));
	EXPECT_LE(99.0, tool_real(recording_of(self->report), "overlap_percent"));
	EXPECT_EQ(0, tool_number(BUFFER(0), "overlap_ns"));
}

/* A job behind the CPU, then the CPU behind the job: handed over, for both reasons. */
TOOL_TEST(record, cpu_and_dma)
{
	long a, b, fence, job;

	fence = st_fence_new(self->w.test, NULL);
	START();
	a = as("A", self->a, &self->w.buf[0], W);
	ASSERT_LE(0, a);
	job = st_sync_new(self->w.test);
	ASSERT_EQ(0, st_sync_get(self->w.test, job, self->w.buf[0].fd, DMA_W, ALL));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, job, DST_READY_COMMIT, fence));
	st_sleep_ms(STEP_MS);
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_sync_result(self->w.test, job));
	ASSERT_TRUE(ST_UNTIL(st_snapshot_count(self->w.buf[0].ino, "committed") == 1));
	b = as("B", self->b, &self->w.buf[0], W);
	ASSERT_LE(0, b);
	st_sleep_ms(STEP_MS);
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
	ASSERT_EQ(0, st_event_result(self->b, b));
	ASSERT_EQ(0, st_release(self->b, b));
	END();
	EXPECT_EQ(1, tool_number(BUFFER(0), "dma_behind_cpu"));
	EXPECT_EQ(1, tool_number(BUFFER(0), "cpu_behind_dma"));
	EXPECT_EQ(0, tool_number(BUFFER(0), "cpu_behind_cpu"));
	EXPECT_LE(STEP_MS * ST_NSEC_PER_MSEC, tool_number(BUFFER(0), "dma_behind_cpu_ns"));
	EXPECT_LE(STEP_MS * ST_NSEC_PER_MSEC, tool_number(BUFFER(0), "cpu_behind_dma_ns"));
	EXPECT_LE(STEP_MS * ST_NSEC_PER_MSEC,
		  tool_number(recording_of(self->report), "dma_for_cpu_ns"));
	EXPECT_LE(STEP_MS * ST_NSEC_PER_MSEC,
		  tool_number(recording_of(self->report), "cpu_for_dma_ns"));
}

/* At a time in the middle somebody waits who does not at the end. */
TOOL_TEST(record, until)
{
	int64_t begin_ns;
	char option[64];

	START();
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[1], 1));
	WAIT_ONCE(0, 4 * STEP_MS);
	END();
	EXPECT_EQ(0, tool_nr_rows(self->report, "chains"));
	self->row = first_of(self->report, "waits");
	begin_ns = tool_number(self->row, "begin_ns");
	snprintf(option, sizeof(option), "--until %.6f", (begin_ns + STEP_MS * 1e6) / 1e9);
	json_object_put(self->report);
	self->report = recording_report(&self->recording, option);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(0, self->recording.status);
	EXPECT_EQ(2, tool_nr_rows(self->report, "chains"));
	self->row = first_of(self->report, "waits");
	EXPECT_STREQ("waits", tool_text(self->row, "end"));
}

/* As text, each record is a line: a request, what became of it, its release. */
TOOL_TEST(record, list)
{
	char text[16384], line[64];

	START();
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 1));
	END();
	ASSERT_EQ(0, recording_text(&self->recording, "--list", text, sizeof(text)));
	snprintf(line, sizeof(line), " request ino=%llu ",
		 (unsigned long long)self->w.buf[0].ino);
	EXPECT_NE(NULL, strstr(text, line)) TH_LOG("%s", text);
	EXPECT_NE(NULL, strstr(text, " comm=A\n"));
	EXPECT_NE(NULL, strstr(text, " acquired ino="));
	EXPECT_NE(NULL, strstr(text, " released ino="));
}

/* A ring that is too small loses records: the file, the report and both exit statuses tell. */
TOOL_TEST(record, losses_are_told)
{
	int64_t lost;

	START("--ring-size", "4096");
	/* It cannot keep up with what it does not get to see. */
	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGSTOP));
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 1000));
	ASSERT_EQ(0, kill(self->recording.tool.pid, SIGCONT));
	ASSERT_EQ(TOOL_LOST, recording_end(&self->recording));
	self->report = recording_report(&self->recording, "2> /dev/null");
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(TOOL_LOST, self->recording.status);
	lost = tool_number(recording_of(self->report), "lost_records");
	EXPECT_LT(1000, lost);
	EXPECT_EQ(lost, tool_number(self->report, "lost"));
}

/* It was killed: all up to its last block is there. */
TOOL_TEST(record, killed)
{
	struct stat st;

	START();
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], 2000));
	ASSERT_TRUE(ST_UNTIL(!stat(self->recording.path, &st) && st.st_size > 100000));
	tool_kill(&self->recording.tool);
	self->report = recording_report(&self->recording, "2> /dev/null");
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(TOOL_LOST, self->recording.status);
	EXPECT_NE(NULL, strstr(tool_text(self->report, "problem"), "it is cut off"));
	EXPECT_STREQ("no", tool_text(recording_of(self->report), "whole"));
	EXPECT_LE(50, tool_number(BUFFER(0), "acquired"));
}

TEST_HARNESS_MAIN
