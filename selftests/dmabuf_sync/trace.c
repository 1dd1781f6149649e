// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: a known sequence of calls gives a known sequence of events, with the same
 * key from the request to the release.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define MAX	64
/* A buffer that was not used before. */
#define UNKNOWN	(ST_WORLD - 1)

FIXTURE(trace)
{
	struct st_world w;
	int fd;
	uint64_t ino;
	struct st_trace events[MAX];
};

FIXTURE_SETUP(trace)
{
	unsigned int i;

	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
	self->ino = self->w.buf[0].ino;
	/* What the buffers are is told now, but for one. */
	for (i = 0; i < UNKNOWN; i++)
		ASSERT_EQ(0, st_release(self->w.ctx[0],
					st_lock_all(self->w.ctx[0], self->w.buf[i].fd, R, 0)));
	ASSERT_EQ(0, st_trace_start());
}

FIXTURE_TEARDOWN(trace)
{
	st_trace_stop();
	EXPECT_TRUE(st_world_close(&self->w));
}

/* The names of all events so far are those of the list, which ends with NULL. */
static void expect_events(struct __test_metadata *_metadata, struct st_trace *events,
			  const char *const *names)
{
	int nr, i;

	for (nr = 0; names[nr]; nr++)
		;
	EXPECT_TRUE(ST_UNTIL_MS(st_trace_read(events, MAX) >= nr, 2000));
	EXPECT_EQ(nr, st_trace_read(events, MAX));
	for (i = 0; i < nr; i++)
		EXPECT_STREQ(names[i], events[i].name) TH_LOG("event %d", i);
}

#define EXPECT_EVENTS(...)							\
	do {									\
		static const char *const names[] = { __VA_ARGS__, NULL };	\
										\
		expect_events(_metadata, self->events, names);			\
	} while (0)

static void expect_number(struct __test_metadata *_metadata, const struct st_trace *event,
			  const char *key, long long value)
{
	EXPECT_EQ(value, st_trace_number(event, key)) {
		TH_LOG("%s of %s:%s", key, event->name, event->fields);
	}
}

#define EXPECT_NUMBER(value, nr, key)						\
	expect_number(_metadata, &self->events[nr], key, value)

#define EXPECT_TEXT(value, nr, key)						\
	do {									\
		char text[32] = "";						\
										\
		EXPECT_TRUE(st_trace_text(&self->events[nr], key, text, sizeof(text))); \
		EXPECT_STREQ(value, text);					\
	} while (0)

/* All events from @first on that have an access name the same one. */
static void expect_key(struct __test_metadata *_metadata, struct st_trace *events,
		       uint64_t ino, int first, int last)
{
	long long access = st_trace_number(&events[first], "access");
	long long owner = st_trace_number(&events[first], "owner");
	int i;

	EXPECT_LT(0, access);
	EXPECT_LT(0, owner);
	for (i = first; i <= last; i++) {
		EXPECT_EQ((long long)ino, st_trace_number(&events[i], "ino"));
		EXPECT_EQ(access, st_trace_number(&events[i], "access"));
		EXPECT_EQ(owner, st_trace_number(&events[i], "owner"));
	}
}

TEST_F(trace, lock_and_release_by_a_context)
{
	long set = st_lock(self->w.ctx[0], self->fd, W, 100, 200, 0);
	int i;

	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->w.ctx[0], set));
	EXPECT_EVENTS("request", "acquired", "cpu_access_begin", "cpu_access_end", "released");
	expect_key(_metadata, self->events, self->ino, 0, 4);
	for (i = 0; i < 5; i++) {
		if (i == 2 || i == 3)
			continue;
		EXPECT_TEXT("context", i, "kind");
		EXPECT_TEXT("w", i, "mode");
		EXPECT_TEXT("cpu", i, "agent");
		EXPECT_NUMBER(getpid(), i, "tgid");
		EXPECT_NUMBER(gettid(), i, "tid");
		EXPECT_NUMBER(100, i, "start");
		EXPECT_NUMBER(200, i, "len");
	}
	EXPECT_NUMBER(0, 0, "time_ns");
	EXPECT_NUMBER(0, 2, "dir");
	EXPECT_NUMBER(0, 2, "error");
	EXPECT_LT(0, st_trace_number(&self->events[4], "time_ns"));
}

TEST_F(trace, buffer_is_told_once)
{
	struct st_buffer *buf = &self->w.buf[UNKNOWN];

	ASSERT_EQ(0, ioctl(buf->fd, DMA_BUF_SET_NAME_B, "frame"));
	ASSERT_EQ(0, st_release(self->w.ctx[0], st_lock_all(self->w.ctx[0], buf->fd, R, 0)));
	ASSERT_EQ(0, st_release(self->w.ctx[0], st_lock_all(self->w.ctx[0], buf->fd, R, 0)));
	EXPECT_EVENTS("buffer", "request", "acquired", "cpu_access_begin", "cpu_access_end",
		      "released", "request", "acquired", "cpu_access_begin", "cpu_access_end",
		      "released");
	EXPECT_NUMBER((long long)buf->ino, 0, "ino");
	EXPECT_NUMBER((long long)buf->size, 0, "size");
	EXPECT_TEXT("udmabuf", 0, "exporter");
	EXPECT_TEXT("frame", 0, "name");
}

TEST_F(trace, refused_request_fails)
{
	long set = st_lock_all(self->w.ctx[0], self->fd, W, 0);

	ASSERT_LE(0, set);
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[1], self->fd, R, TRY));
	EXPECT_EVENTS("request", "acquired", "cpu_access_begin", "request", "failed");
	expect_key(_metadata, self->events, self->ino, 3, 4);
	EXPECT_NUMBER(-EAGAIN, 4, "error");
}

TEST_F(trace, waiter_names_its_blocker_and_how_long)
{
	long h = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	long w = st_lock_all(self->w.ctx[1], self->fd, R, QUEUE);

	ASSERT_LE(0, h);
	ASSERT_LE(0, w);
	st_sleep_ms(10);
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], w));
	EXPECT_EVENTS("request", "acquired", "cpu_access_begin", "request", "contended",
		      "cpu_access_end", "released", "acquired", "cpu_access_begin");
	expect_key(_metadata, self->events, self->ino, 3, 4);
	EXPECT_NUMBER(st_trace_number(&self->events[0], "access"), 4, "blocker");
	EXPECT_NUMBER(st_trace_number(&self->events[0], "owner"), 4, "blocker_owner");
	EXPECT_TEXT("context", 4, "blocker_kind");
	EXPECT_NUMBER(getpid(), 4, "blocker_tgid");
	EXPECT_NUMBER(gettid(), 4, "blocker_tid");
	EXPECT_NUMBER(0, 4, "queued");
	expect_key(_metadata, self->events, self->ino, 7, 8);
	EXPECT_NUMBER(st_trace_number(&self->events[3], "access"), 7, "access");
	EXPECT_LE(10 * ST_NSEC_PER_MSEC, st_trace_number(&self->events[7], "time_ns"));
}

/* h(R)  w: W  r: R     r is blocked on w, which is queued ahead of it. */
TEST_F(trace, waiter_behind_a_waiter_names_it_as_queued)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->fd, W, QUEUE));
	ASSERT_LE(0, st_lock_all(self->w.ctx[2], self->fd, R, QUEUE));
	EXPECT_EVENTS("request", "acquired", "cpu_access_begin", "request", "contended",
		      "request", "contended");
	EXPECT_NUMBER(st_trace_number(&self->events[3], "access"), 6, "blocker");
	EXPECT_NUMBER(1, 6, "queued");
}

TEST_F(trace, cancelled_waiter_fails)
{
	long w;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	w = st_lock_all(self->w.ctx[1], self->fd, R, QUEUE);
	ASSERT_LE(0, w);
	EXPECT_EQ(0, st_release(self->w.ctx[1], w));
	EXPECT_EVENTS("request", "acquired", "cpu_access_begin", "request", "contended",
		      "failed");
	expect_key(_metadata, self->events, self->ino, 3, 5);
	EXPECT_NUMBER(-ECANCELED, 5, "error");
}

TEST_F(trace, deadlock_names_the_closing_edge)
{
	struct st_call o;
	int nr;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[1].fd, W, 0));
	ASSERT_EQ(0, st_call_wait(&o, self->w.ctx[0], self->w.buf[1].fd, W));
	/* Its events are behind the request in the queue. */
	ASSERT_TRUE(ST_UNTIL(st_task_state(o.tid) == 'S'));
	EXPECT_EQ(-EDEADLK, st_lock_all(self->w.ctx[1], self->w.buf[0].fd, W, 0));
	nr = st_trace_read(self->events, MAX);
	ASSERT_EQ(11, nr);
	EXPECT_STREQ("request", self->events[8].name);
	EXPECT_STREQ("deadlock", self->events[9].name);
	EXPECT_STREQ("failed", self->events[10].name);
	expect_key(_metadata, self->events, self->ino, 8, 10);
	EXPECT_NUMBER(st_trace_number(&self->events[0], "access"), 9, "blocker");
	EXPECT_NUMBER(-EDEADLK, 10, "error");
	EXPECT_EQ(-EINTR, st_call_quit(&o));
}

TEST_F(trace, abandoned_comes_before_released)
{
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->fd, W, 0));
	st_context_reopen(&self->w.ctx[0]);
	EXPECT_EVENTS("request", "acquired", "cpu_access_begin", "cpu_access_end",
		      "abandoned", "released");
	expect_key(_metadata, self->events, self->ino, 0, 5);
}

TEST_F(trace, job_from_commit_to_signal)
{
	struct dst_fence fence;
	long job, id = st_fence_new(self->w.test, &fence);
	int i;

	ASSERT_LE(0, id);
	job = st_sync_locked(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W, 0, TO_END, DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, id));
	EXPECT_EQ(0, st_fence_signal(self->w.test, id, DST_HARDIRQ, -EIO, 0));
	EXPECT_EVENTS("request", "acquired", "timeline", "commit", "began", "signaled",
		      "released");
	expect_key(_metadata, self->events, self->ino, 0, 1);
	expect_key(_metadata, self->events, self->ino, 3, 6);
	EXPECT_TEXT("driver", 0, "kind");
	EXPECT_TEXT("dma", 0, "agent");
	EXPECT_TEXT("dmabuf_sync_tes", 2, "driver");
	EXPECT_TEXT("dmabuf_sync_test", 2, "timeline");
	for (i = 2; i < 6; i++)
		EXPECT_NUMBER(fence.context, i, "context");
	for (i = 3; i < 6; i++)
		EXPECT_NUMBER(fence.seqno, i, "seqno");
	EXPECT_NUMBER(-EIO, 5, "error");
}

TEST_F(trace, fence_wait_begins_and_ends)
{
	struct dst_fence fence;
	long id = st_fence_new(self->w.test, &fence), set;

	ASSERT_LE(0, id);
	ASSERT_EQ(0, st_fence_publish(self->w.test, id, self->fd, DST_USAGE_WRITE));
	set = st_lock_all(self->w.ctx[0], self->fd, R, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_EVENTS("request", "acquired", "fence_wait_begin");
	EXPECT_NUMBER(fence.context, 2, "context");
	EXPECT_NUMBER(fence.seqno, 2, "seqno");
	EXPECT_EQ(0, st_fence_signal(self->w.test, id, DST_HARDIRQ, 0, 0));
	EXPECT_EQ(0, st_event_result(self->w.ctx[0], set));
	EXPECT_EVENTS("request", "acquired", "fence_wait_begin", "fence_wait_end",
		      "cpu_access_begin");
	expect_key(_metadata, self->events, self->ino, 0, 4);
	EXPECT_NUMBER(fence.context, 3, "context");
}

/*
 * An older acquire context of a stock driver has one of the two locks. Of the two buffers
 * one comes second in the order of locking: there the request has to back off.
 */
TEST_F(trace, older_acquire_context_makes_a_request_back_off)
{
	struct dmabuf_sync_access both[] = {
		st_access(self->w.buf[0].fd, W, 0, TO_END),
		st_access(self->w.buf[1].fd, W, 0, TO_END),
	};
	unsigned int i, backoffs = 0;
	struct st_call call;
	int nr, k;

	for (i = 0; i < 2; i++) {
		long set, hold = st_resv_hold(self->w.test, self->w.buf[i].fd, 200, true);

		ASSERT_LE(0, hold);
		ASSERT_EQ(0, st_call_start(&call, self->w.ctx[0], both, 2, 0));
		set = st_call_end(&call);
		ASSERT_LE(0, set);
		EXPECT_EQ(0, st_release(self->w.ctx[0], set));
		EXPECT_EQ(0, st_test_destroy(self->w.test, hold));
	}
	nr = st_trace_read(self->events, MAX);
	for (k = 0; k < nr; k++) {
		if (strcmp(self->events[k].name, "backoff"))
			continue;
		backoffs++;
		EXPECT_NUMBER(2, k, "nr_accesses");
		EXPECT_NUMBER(st_trace_number(&self->events[0], "owner"), k, "owner");
	}
	EXPECT_EQ(1, backoffs);
}

/* The fields are an interface: none goes, none changes its type. */
TEST(fields_are_as_documented)
{
	static const struct {
		const char *event, *field;
	} fields[] = {
		{ "request", "u64 ino" }, { "request", "u64 access" },
		{ "request", "u64 owner" }, { "request", "u32 kind" },
		{ "request", "u32 tgid" }, { "request", "u32 tid" },
		{ "request", "u32 mode" }, { "request", "u32 agent" },
		{ "request", "u64 start" }, { "request", "u64 len" },
		{ "request", "u64 time_ns" }, { "acquired", "u64 time_ns" },
		{ "released", "u64 time_ns" }, { "abandoned", "u64 time_ns" },
		{ "failed", "s32 error" }, { "failed", "u64 wait_ns" },
		{ "contended", "u64 blocker" }, { "contended", "u64 blocker_owner" },
		{ "contended", "u32 blocker_kind" }, { "contended", "u32 blocker_tgid" },
		{ "contended", "u32 blocker_tid" }, { "contended", "u32 queued" },
		{ "deadlock", "u64 blocker" }, { "commit", "u64 context" },
		{ "commit", "u64 seqno" }, { "signaled", "s32 error" },
		{ "began", "u64 seqno" }, { "timeline", "u64 context" },
		{ "timeline", "u64 driver[2]" }, { "timeline", "u64 timeline[4]" },
		{ "fence_wait_begin", "u64 seqno" }, { "fence_wait_end", "u64 seqno" },
		{ "buffer", "u64 ino" }, { "buffer", "u64 size" },
		{ "buffer", "u64 exporter[4]" }, { "buffer", "u64 name[4]" },
		{ "revoked", "u64 time_ns" },
		{ "backoff", "u32 nr_accesses" }, { "cpu_access_begin", "u32 dir" },
		{ "cpu_access_end", "s32 error" },
	};
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(fields); i++) {
		char path[128], want[64], text[4096];
		ssize_t len;
		int fd;

		snprintf(path, sizeof(path),
			 "/sys/kernel/tracing/events/dmabuf_sync/dmabuf_sync_%s/format",
			 fields[i].event);
		snprintf(want, sizeof(want), "field:%s;", fields[i].field);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd) TH_LOG("%s", path);
		len = read(fd, text, sizeof(text) - 1);
		close(fd);
		ASSERT_LT(0, len);
		text[len] = '\0';
		EXPECT_NE(NULL, strstr(text, want)) TH_LOG("%s: %s", path, want);
	}
}

TEST_HARNESS_MAIN
