// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overlap of known size, what keeps the CPU and DMA from working at the same time, and who waits
 * behind whom. Each test knows when things began and ended, each between two looks at the clock.
 */
#include <kselftest_harness.h>

#include "tool.h"

#define DMA_W	DMA_BUF_ACCESS_DMA_W
#define W	DMA_BUF_ACCESS_W
#define ALL	0, DMABUF_SYNC_TO_END
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define STEP_MS	60
#define GAP_MS	30

/* A moment: not before, and not after. */
struct moment {
	int64_t from_ns, to_ns;
};

FIXTURE(overlap)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report, *summary, *row;
	long fence, job;
};

FIXTURE_SETUP(overlap)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, tool_attach(&self->tool));
	self->fence = st_fence_new(self->w.test, NULL);
	ASSERT_LE(0, self->fence);
}

FIXTURE_TEARDOWN(overlap)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define AT(moment, statement) do {					\
	(moment).from_ns = st_now_ns();					\
	statement;							\
	(moment).to_ns = st_now_ns();					\
} while (0)

#define END() do {							\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	self->summary = json_object_object_get(self->report, "summary"); \
	self->row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino); \
	ASSERT_NE(NULL, self->row);					\
} while (0)

/* A time of @object is that between the two moments; clocks may be off by some microseconds. */
#define EXPECT_BETWEEN(begin, end, object, key) do {			\
	int64_t _ns = tool_number(object, key), _off = ST_NSEC_PER_MSEC; \
									\
	EXPECT_LE((end).from_ns - (begin).to_ns - _off, _ns) TH_LOG("%s", key); \
	EXPECT_GE((end).to_ns - (begin).from_ns + _off, _ns) TH_LOG("%s", key); \
} while (0)

/* Nothing of the kind: a little, while things change hands. */
#define EXPECT_HARDLY(object, key) do {					\
	EXPECT_LE(0, tool_number(object, key)) TH_LOG("%s", key);	\
	EXPECT_GE(HARDLY_MS * ST_NSEC_PER_MSEC, tool_number(object, key)) TH_LOG("%s", key); \
} while (0)
#define HARDLY_MS	(STEP_MS / 4)

/* A job of the test module on the buffer, running from here on; it ends with the fence. */
#define RUN_JOB(begin, buffer) do {					\
	self->job = st_sync_locked(self->w.test, (buffer)->fd, DMA_W, ALL, DST_LOCK_TRY); \
	ASSERT_LE(0, self->job);					\
	AT(begin, ASSERT_EQ(0, st_sync_commit(self->w.test, self->job, self->fence))); \
} while (0)

#define END_JOB(end)							\
	AT(end, ASSERT_EQ(0, st_fence_signal(self->w.test, self->fence, DST_HARDIRQ, 0, 0)))

/*
 *   CPU   ┌──────┐               ┌──────┐
 *   DMA    waits └─────┐ waits   ┘             each begins when the other one ends
 *        a0      a1    j1        c1
 */
TOOL_TEST(overlap, none)
{
	struct moment a0, a1, j1, c1, asked, queued;
	struct st_buffer *buf = self->w.buf;
	int64_t ns;
	long a, c;

	AT(a0, a = st_lock_all(self->w.ctx[0], buf->fd, W, 0));
	ASSERT_LE(0, a);
	self->job = st_sync_new(self->w.test);
	ASSERT_EQ(0, st_sync_get(self->w.test, self->job, buf->fd, DMA_W, ALL));
	AT(asked, ASSERT_EQ(0, st_sync_lock_async(self->w.test, self->job, DST_READY_COMMIT,
						  self->fence)));
	st_sleep_ms(STEP_MS);
	AT(a1, ASSERT_EQ(0, st_release(self->w.ctx[0], a)));
	ASSERT_EQ(0, st_sync_result(self->w.test, self->job));
	ASSERT_TRUE(ST_UNTIL(st_snapshot_count(buf->ino, "committed") == 1));
	AT(queued, c = st_lock_all(self->w.ctx[1], buf->fd, W, QUEUE));
	ASSERT_LE(0, c);
	st_sleep_ms(STEP_MS);
	END_JOB(j1);
	ASSERT_EQ(0, st_event_result(self->w.ctx[1], c));
	st_sleep_ms(STEP_MS);
	AT(c1, ASSERT_EQ(0, st_release(self->w.ctx[1], c)));
	END();
	EXPECT_HARDLY(self->summary, "overlap_ns");
	EXPECT_HARDLY(self->row, "overlap_ns");
	EXPECT_BETWEEN(asked, a1, self->summary, "dma_for_cpu_ns");
	EXPECT_BETWEEN(queued, j1, self->summary, "cpu_for_dma_ns");
	EXPECT_BETWEEN(asked, a1, self->row, "dma_for_cpu_ns");
	EXPECT_BETWEEN(queued, j1, self->row, "cpu_for_dma_ns");
	EXPECT_EQ(0, tool_number(self->summary, "cpu_for_cpu_ns"));
	EXPECT_LE(c1.from_ns - j1.to_ns - HARDLY_MS * ST_NSEC_PER_MSEC,
		  tool_number(self->summary, "nothing_to_do_ns"));
	/* Handed over from the one to the other, which is not contention. */
	EXPECT_EQ(1, tool_number(self->row, "dma_behind_cpu"));
	EXPECT_EQ(1, tool_number(self->row, "cpu_behind_dma"));
	EXPECT_EQ(0, tool_number(self->row, "cpu_behind_cpu"));
	EXPECT_EQ(0, tool_number(self->row, "dma_behind_dma"));
	EXPECT_EQ(0, tool_real(self->row, "contended_percent"));
	EXPECT_EQ(0, tool_real(self->summary, "contended_percent"));
	EXPECT_BETWEEN(asked, a1, self->row, "dma_behind_cpu_ns");
	EXPECT_BETWEEN(queued, j1, self->row, "cpu_behind_dma_ns");
	ns = (a1.from_ns - a0.to_ns + c1.from_ns - j1.to_ns) / 2;
	EXPECT_LE(ns - HARDLY_MS * ST_NSEC_PER_MSEC, tool_number(self->row, "hold_cpu_avg_ns"));
	EXPECT_LE(j1.from_ns - queued.to_ns, tool_number(self->row, "hold_dma_avg_ns"));
}

/*
 *   CPU   ┌────────────┐        on the one buffer
 *   DMA      ┌──────┐           on another one, and nothing in front and behind
 */
TOOL_TEST(overlap, all)
{
	struct moment j0, j1;
	long a;

	a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0);
	ASSERT_LE(0, a);
	st_sleep_ms(GAP_MS);
	RUN_JOB(j0, &self->w.buf[1]);
	st_sleep_ms(STEP_MS);
	END_JOB(j1);
	st_sleep_ms(GAP_MS);
	ASSERT_EQ(0, st_release(self->w.ctx[0], a));
	st_sleep_ms(GAP_MS);
	END();
	EXPECT_EQ(100, tool_real(self->summary, "overlap_percent"));
	EXPECT_BETWEEN(j0, j1, self->summary, "overlap_ns");
	EXPECT_BETWEEN(j0, j1, self->summary, "overlap_possible_ns");
	EXPECT_EQ(0, tool_number(self->summary, "dma_for_cpu_ns"));
	EXPECT_EQ(0, tool_number(self->summary, "cpu_for_dma_ns"));
	/* Of each buffer by itself there is none, and could be none. */
	EXPECT_EQ(-1, tool_real(self->row, "overlap_percent"));
	EXPECT_EQ(0, tool_number(self->row, "overlap_possible_ns"));
}

/*
 *   CPU   ┌────────────┐                half of it
 *   DMA         ┌────────────┐
 *        a0     j0     a1    j1
 */
TOOL_TEST(overlap, half)
{
	struct moment a0, a1, j0, j1;
	int64_t ns;
	long a;

	AT(a0, a = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0));
	ASSERT_LE(0, a);
	st_sleep_ms(STEP_MS);
	RUN_JOB(j0, &self->w.buf[1]);
	st_sleep_ms(STEP_MS);
	AT(a1, ASSERT_EQ(0, st_release(self->w.ctx[0], a)));
	st_sleep_ms(STEP_MS);
	END_JOB(j1);
	END();
	EXPECT_BETWEEN(j0, a1, self->summary, "overlap_ns");
	ns = tool_number(self->summary, "overlap_possible_ns");
	EXPECT_TRUE(ns > a1.from_ns - a0.to_ns - ST_NSEC_PER_MSEC ||
		    ns > j1.from_ns - j0.to_ns - ST_NSEC_PER_MSEC);
	EXPECT_LT(25, tool_real(self->summary, "overlap_percent"));
	EXPECT_GT(75, tool_real(self->summary, "overlap_percent"));
	EXPECT_LT(100.0 * tool_number(self->summary, "overlap_ns") / ns - 0.1,
		  tool_real(self->summary, "overlap_percent"));
}

/* Nothing but CPUs behind each other: contention, and time that more CPUs could have used. */
TOOL_TEST(overlap, cpu_for_cpu)
{
	struct moment queued, released;
	struct st_buffer *buf = self->w.buf;
	long a, b;

	a = st_lock_all(self->w.ctx[0], buf->fd, W, 0);
	ASSERT_LE(0, a);
	AT(queued, b = st_lock_all(self->w.ctx[1], buf->fd, W, QUEUE));
	ASSERT_LE(0, b);
	st_sleep_ms(STEP_MS);
	AT(released, ASSERT_EQ(0, st_release(self->w.ctx[0], a)));
	ASSERT_EQ(0, st_event_result(self->w.ctx[1], b));
	END();
	EXPECT_BETWEEN(queued, released, self->summary, "cpu_for_cpu_ns");
	EXPECT_BETWEEN(queued, released, self->row, "cpu_behind_cpu_ns");
	EXPECT_EQ(1, tool_number(self->row, "cpu_behind_cpu"));
	EXPECT_EQ(50, tool_real(self->row, "contended_percent"));
	EXPECT_EQ(0, tool_real(self->row, "handed_percent"));
	EXPECT_EQ(-1, tool_real(self->summary, "overlap_percent"));
}

/* A job behind a job, whose driver has not got its fence yet: neither is work for the CPU. */
TOOL_TEST(overlap, dma_behind_dma)
{
	struct st_buffer *buf = self->w.buf;
	struct moment j0, j1, asked;
	long second, fence;

	RUN_JOB(j0, buf);
	fence = st_fence_new(self->w.test, NULL);
	second = st_sync_new(self->w.test);
	ASSERT_EQ(0, st_sync_get(self->w.test, second, buf->fd, DMA_W, ALL));
	AT(asked, ASSERT_EQ(0, st_sync_lock_async(self->w.test, second, DST_READY_COMMIT,
						  fence)));
	st_sleep_ms(STEP_MS);
	END_JOB(j1);
	ASSERT_EQ(0, st_sync_result(self->w.test, second));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
	ASSERT_TRUE(st_snapshot_becomes_empty());
	END();
	EXPECT_EQ(1, tool_number(self->row, "dma_behind_dma"));
	EXPECT_BETWEEN(asked, j1, self->row, "dma_behind_dma_ns");
	EXPECT_EQ(50, tool_real(self->row, "contended_percent"));
	EXPECT_EQ(0, tool_number(self->row, "cpu_for_dma_ns"));
	EXPECT_LE(j1.from_ns - j0.to_ns, tool_number(self->row, "hold_dma_avg_ns") * 2);
}

TEST_HARNESS_MAIN
