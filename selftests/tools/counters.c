// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, right to the number, and times, within what the test measured itself; with
 * either kind of probe.
 */
#include <kselftest_harness.h>

#include "tool.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define ALL	0, DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

#define NR_ACQUIRED	1000
#define NR_CONTENDED	10
#define NR_REFUSED	7
#define HOLD_MS		20

FIXTURE(counters)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report;
	struct st_buffer *buf;
	int a, b;
};

FIXTURE_VARIANT(counters)
{
	const char *probe;
};

FIXTURE_VARIANT_ADD(counters, tp_btf)
{
	.probe = "tp_btf",
};

FIXTURE_VARIANT_ADD(counters, raw_tp)
{
	.probe = "raw_tp",
};

FIXTURE_SETUP(counters)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->buf = &self->w.buf[0];
	self->a = tool_actor("A");
	self->b = tool_actor("B");
	ASSERT_LE(0, self->b);
	ASSERT_EQ(0, tool_attach(&self->tool, "--probe", variant->probe));
}

FIXTURE_TEARDOWN(counters)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	close(self->a);
	close(self->b);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define END() ({							\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	tool_row(self->report, "buffers", "ino", self->buf->ino);	\
})

TOOL_TEST(counters, every_acquisition)
{
	struct json_object *row;
	unsigned int i;

	for (i = 0; i < NR_ACQUIRED; i++)
		ASSERT_EQ(0, st_release(self->a, st_lock_all(self->a, self->buf->fd, W, 0)));
	row = END();
	ASSERT_NE(NULL, row);
	EXPECT_EQ(NR_ACQUIRED, tool_number(row, "acquired"));
	EXPECT_EQ(NR_ACQUIRED, tool_number(row, "total_acquired"));
	EXPECT_EQ(NR_ACQUIRED, tool_number(row, "released"));
	EXPECT_EQ(0, tool_number(row, "contended"));
	EXPECT_EQ(0, tool_number(row, "failed"));
	EXPECT_EQ(0, tool_number(row, "held"));
	EXPECT_EQ(-1, tool_number(row, "wait_max_ns"));
	EXPECT_EQ(NR_ACQUIRED, tool_summary(self->report, "acquired"));
	EXPECT_EQ(0, tool_summary(self->report, "lost_accesses"));
	EXPECT_EQ(0, tool_summary(self->report, "lost_buffers"));
	EXPECT_EQ(0, tool_summary(self->report, "lost_events"));
	/* request, acquired, released: each of them was seen, and its cost measured. */
	EXPECT_LE(3 * NR_ACQUIRED, tool_summary(self->report, "bpf_runs"));
	EXPECT_LT(0, tool_summary(self->report, "bpf_run_avg_ns"));
}

TOOL_TEST(counters, contention)
{
	int64_t begin_ns, ns, min_ns = INT64_MAX, max_ns = 0;
	struct json_object *row;
	unsigned int i;
	long a, b;

	for (i = 0; i < NR_CONTENDED; i++) {
		a = st_lock_all(self->a, self->buf->fd, W, 0);
		ASSERT_LE(0, a);
		begin_ns = st_now_ns();
		b = st_lock_all(self->b, self->buf->fd, R, QUEUE);
		st_sleep_ms(HOLD_MS);
		ASSERT_EQ(0, st_release(self->a, a));
		ASSERT_EQ(0, st_event_result(self->b, b));
		ns = st_now_ns() - begin_ns;
		min_ns = ns < min_ns ? ns : min_ns;
		max_ns = ns > max_ns ? ns : max_ns;
		ASSERT_EQ(0, st_release(self->b, b));
	}
	row = END();
	ASSERT_NE(NULL, row);
	EXPECT_EQ(2 * NR_CONTENDED, tool_number(row, "acquired"));
	EXPECT_EQ(NR_CONTENDED, tool_number(row, "contended"));
	EXPECT_EQ(50, tool_real(row, "contended_percent"));
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC, tool_number(row, "wait_avg_ns"));
	EXPECT_GE(max_ns, tool_number(row, "wait_avg_ns"));
	EXPECT_LE(tool_number(row, "wait_avg_ns"), tool_number(row, "wait_max_ns"));
	EXPECT_GE(max_ns, tool_number(row, "wait_max_ns"));
}

TOOL_TEST(counters, holder_and_waiters)
{
	struct json_object *row;

	tool_name("A");
	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->b, self->buf->fd, R, QUEUE));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->buf->fd, R, QUEUE));
	st_sleep_ms(HOLD_MS);
	row = END();
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "held"));
	EXPECT_EQ(2, tool_number(row, "waiting"));
	EXPECT_STREQ("A", tool_text(row, "holder_comm"));
	EXPECT_EQ(getpid(), tool_number(row, "holder_tgid"));
	EXPECT_STREQ("w", tool_text(row, "holder_mode"));
	EXPECT_STREQ("cpu", tool_text(row, "holder_agent"));
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC, tool_number(row, "holder_age_ns"));
	EXPECT_STREQ("udmabuf", tool_text(row, "exporter"));
	EXPECT_EQ(ST_WORLD_PAGES * ST_PAGE, tool_number(row, "size_bytes"));
}

/* A request that was refused is no acquisition, and no event: that is how a trylock ends. */
TOOL_TEST(counters, refused)
{
	struct json_object *row;
	unsigned int i;

	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, W, 0));
	for (i = 0; i < NR_REFUSED; i++)
		ASSERT_EQ(-EAGAIN, st_lock_all(self->b, self->buf->fd, R, TRY));
	row = END();
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "acquired"));
	EXPECT_EQ(NR_REFUSED, tool_number(row, "failed"));
	EXPECT_EQ(0, tool_number(row, "waiting"));
	EXPECT_EQ(0, json_object_array_length(json_object_object_get(self->report,
								     "events")));
}

static struct json_object *only_event(struct json_object *report)
{
	struct json_object *events = json_object_object_get(report, "events");

	return json_object_array_length(events) == 1 ?
	       json_object_array_get_idx(events, 0) : NULL;
}

/* A holds 0 and waits for 1, B holds 1 and asks for 0. */
TOOL_TEST(counters, deadlock)
{
	struct json_object *event;
	int other = self->w.buf[1].fd;
	struct st_call a;

	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->b, other, W, 0));
	ASSERT_EQ(0, st_call_wait(&a, self->a, other, W));
	tool_name("B");
	ASSERT_EQ(-EDEADLK, st_lock_all(self->b, self->buf->fd, W, 0));
	EXPECT_EQ(-EINTR, st_call_quit(&a));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(1, tool_summary(self->report, "deadlocks"));
	event = only_event(self->report);
	ASSERT_NE(NULL, event);
	EXPECT_STREQ("deadlock", tool_text(event, "event"));
	EXPECT_STREQ("EDEADLK", tool_text(event, "error"));
	EXPECT_STREQ("B", tool_text(event, "comm"));
	EXPECT_EQ((int64_t)self->buf->ino, tool_number(event, "ino"));
	EXPECT_EQ(getpid(), tool_number(event, "blocker_tid"));
}

TOOL_TEST(counters, abandoned)
{
	struct json_object *event;

	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->b, self->w.buf[1].fd, R, 0));
	st_context_reopen(&self->a);
	st_context_reopen(&self->b);
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	/* Who only read has nothing to abandon. */
	EXPECT_EQ(1, tool_summary(self->report, "abandoned"));
	EXPECT_EQ(0, tool_summary(self->report, "cpu_held"));
	event = only_event(self->report);
	ASSERT_NE(NULL, event);
	EXPECT_STREQ("abandoned", tool_text(event, "event"));
	EXPECT_EQ((int64_t)self->buf->ino, tool_number(event, "ino"));
}

/* The lease of a holder is over, and its release comes too late: each of them counts once. */
TOOL_TEST(counters, revoked)
{
	unsigned int before = st_lease_get();
	struct json_object *event, *row;
	long held, set;

	tool_name("A");
	held = st_lock_all(self->a, self->buf->fd, R, 0);
	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	tool_name("B");
	set = st_lease_wait(self->b, self->buf->fd, W, NULL);
	EXPECT_EQ(0, st_lease_set(before));
	ASSERT_LE(0, set);
	ASSERT_EQ(-EOWNERDEAD, st_release(self->a, held));
	ASSERT_EQ(0, st_release(self->b, set));
	row = END();
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "revoked"));
	EXPECT_EQ(2, tool_number(row, "released"));
	EXPECT_EQ(0, tool_number(row, "abandoned"));
	EXPECT_EQ(1, tool_summary(self->report, "revoked"));
	event = only_event(self->report);
	ASSERT_NE(NULL, event);
	EXPECT_STREQ("revoked", tool_text(event, "event"));
	EXPECT_STREQ("A", tool_text(event, "comm"));
	EXPECT_EQ(getpid(), tool_number(event, "tgid"));
	EXPECT_EQ((int64_t)self->buf->ino, tool_number(event, "ino"));
}

TOOL_TEST(counters, failed_job)
{
	struct json_object *event;
	struct dst_fence dst;
	long fence, job;

	fence = st_fence_new(self->w.test, &dst);
	ASSERT_LE(0, fence);
	job = st_sync_locked(self->w.test, self->buf->fd, DMA_R, ALL, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	ASSERT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, -EIO, 0));
	ASSERT_TRUE(st_snapshot_becomes_empty());
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	event = only_event(self->report);
	ASSERT_NE(NULL, event);
	EXPECT_STREQ("job-failed", tool_text(event, "event"));
	EXPECT_STREQ("EIO", tool_text(event, "error"));
	EXPECT_EQ(0, tool_summary(self->report, "dma_held"));
}

/* Milliseconds of a percentage of the window. */
static double busy_ms(struct json_object *report, struct json_object *object,
		      const char *key)
{
	return tool_real(object, key) / 100 *
	       tool_summary(report, "window_ns") / ST_NSEC_PER_MSEC;
}

#define EXPECT_BUSY(object, key, min_ns, max_ns) do {			\
	double ms = busy_ms(self->report, object, key);			\
									\
	EXPECT_LE((min_ns) / (double)ST_NSEC_PER_MSEC - 1, ms);		\
	EXPECT_GE((max_ns) / (double)ST_NSEC_PER_MSEC + 1, ms);		\
} while (0)

#define EXPECT_NS(object, key, min_ns, max_ns) do {			\
	EXPECT_LE((min_ns) - ST_NSEC_PER_MSEC, tool_number(object, key)); \
	EXPECT_GE((max_ns) + ST_NSEC_PER_MSEC, tool_number(object, key)); \
} while (0)

/*
 *   CPU on the first page     ┌─────────────┐          t0 ... t4
 *   CPU on the second one        ┌──┐                  counts once
 *   DMA on the third one               ┌────────┐      t2 ... t5, still running
 *                             t0 t1  t1 t2  t4 t5
 */
TOOL_TEST(counters, busy_and_overlap)
{
	int64_t t0, t1, t2, t3, t4, t5;
	struct json_object *row, *sum;
	long one, two, job, fence;

	fence = st_fence_new(self->w.test, NULL);
	t0 = st_now_ns();
	one = st_lock(self->a, self->buf->fd, W, 0, ST_PAGE, 0);
	t1 = st_now_ns();
	ASSERT_LE(0, one);
	two = st_lock(self->b, self->buf->fd, W, ST_PAGE, ST_PAGE, 0);
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, st_release(self->b, two));
	job = st_sync_locked(self->w.test, self->buf->fd, DMA_R, 2 * ST_PAGE, ST_PAGE,
			     DST_LOCK_TRY);
	ASSERT_LE(0, job);
	/* Held, but no job yet: not busy. */
	st_sleep_ms(HOLD_MS);
	t2 = st_now_ns();
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	t3 = st_now_ns();
	st_sleep_ms(2 * HOLD_MS);
	t4 = st_now_ns();
	ASSERT_EQ(0, st_release(self->a, one));
	t5 = st_now_ns();
	st_sleep_ms(HOLD_MS);
	row = END();
	ASSERT_NE(NULL, row);
	sum = json_object_object_get(self->report, "summary");
	EXPECT_BUSY(row, "cpu_percent", t4 - t1, t5 - t0);
	EXPECT_BUSY(sum, "cpu_percent", t4 - t1, t5 - t0);
	EXPECT_NS(row, "overlap_ns", t4 - t3, t5 - t2);
	EXPECT_NS(sum, "overlap_ns", t4 - t3, t5 - t2);
	EXPECT_BUSY(row, "dma_percent", t5 - t3 + HOLD_MS * ST_NSEC_PER_MSEC,
		    st_now_ns() - t2);
	EXPECT_EQ(1, tool_summary(self->report, "dma_held"));
}

/* CPU and DMA on different buffers: overlap of the system, not of a buffer. */
TOOL_TEST(counters, overlap_of_the_system)
{
	struct json_object *row;
	long fence, job;

	fence = st_fence_new(self->w.test, NULL);
	job = st_sync_locked(self->w.test, self->w.buf[1].fd, DMA_R, ALL, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	ASSERT_LE(0, st_lock_all(self->a, self->buf->fd, W, 0));
	st_sleep_ms(HOLD_MS);
	row = END();
	ASSERT_NE(NULL, row);
	EXPECT_EQ(0, tool_number(row, "overlap_ns"));
	EXPECT_EQ(0, tool_real(row, "dma_percent"));
	EXPECT_LE(HOLD_MS, busy_ms(self->report, row, "cpu_percent"));
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC, tool_summary(self->report, "overlap_ns"));
}

TEST_HARNESS_MAIN
