// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits that are not over when the window ends. Nobody acquires or releases anything while the
 * tool looks: what it says of the waits it can only have from those in progress.
 */
#include <kselftest_harness.h>
#include <signal.h>
#include <sys/wait.h>

#include "tool.h"

#define W		DMA_BUF_ACCESS_W
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE

#define NR_STUCK	4
#define STUCK_MS	300
#define YOUNGER_MS	100

/* When the waits for a buffer began: each of them between two looks at the clock. */
struct shape {
	int64_t first_ns, last_ns, queued_ns;
};

FIXTURE(stuck)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report, *summary;
	struct shape old, young;
};

FIXTURE_SETUP(stuck)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(stuck)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

/*
 *   ctx 1 ──┐
 *   ctx 2 ──┼──> ctx 0        @nr owners behind one that keeps the buffer
 *   ctx 3 ──┘
 */
static int make_stuck(struct st_world *w, unsigned int buf, unsigned int nr, struct shape *shape)
{
	int fd = w->buf[buf].fd;
	unsigned int i;
	long set;

	set = st_lock_all(w->ctx[0], fd, W, 0);
	shape->first_ns = st_now_ns();
	for (i = 1; set >= 0 && i <= nr; i++) {
		shape->last_ns = st_now_ns();
		set = st_lock_all(w->ctx[i], fd, W, QUEUE);
		if (i == 1)
			shape->queued_ns = st_now_ns();
	}
	return set < 0 ? set : 0;
}

#define LOOK(...) do {							\
	ASSERT_EQ(0, tool_attach(&self->tool, ##__VA_ARGS__));		\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	self->summary = json_object_object_get(self->report, "summary"); \
} while (0)

/* It lasts @min_ns at least, and did not begin before @begin_ns. */
#define EXPECT_AGE(min_ns, begin_ns, age_ns) do {			\
	EXPECT_LE(min_ns, age_ns);					\
	EXPECT_GE(st_now_ns() - (begin_ns), age_ns);			\
} while (0)

TOOL_TEST(stuck, waits_in_progress_count)
{
	struct json_object *row;
	int64_t seen_ns;

	ASSERT_EQ(0, make_stuck(&self->w, 0, NR_STUCK, &self->old));
	st_sleep_ms(STUCK_MS);
	seen_ns = st_now_ns();
	LOOK();
	row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(0, tool_number(row, "acquired"));
	EXPECT_EQ(NR_STUCK, tool_number(row, "waiting"));
	EXPECT_EQ(100, tool_real(row, "contended_percent"));
	EXPECT_EQ(100, tool_real(self->summary, "contended_percent"));
	EXPECT_AGE(seen_ns - self->old.last_ns, self->old.first_ns,
		   tool_number(row, "wait_avg_ns"));
	EXPECT_AGE(seen_ns - self->old.queued_ns, self->old.first_ns,
		   tool_number(row, "wait_max_ns"));
	EXPECT_AGE(seen_ns - self->old.queued_ns, self->old.first_ns,
		   tool_number(row, "oldest_wait_ns"));
	EXPECT_EQ(tool_number(row, "oldest_wait_ns"),
		  tool_number(self->summary, "oldest_wait_ns"));
}

/* More wait for one buffer, and for longer for the other: the latter is the one that is stuck. */
TOOL_TEST(stuck, sorting_by_the_oldest_wait_finds_it)
{
	struct json_object *rows;

	ASSERT_EQ(0, make_stuck(&self->w, 0, 1, &self->old));
	st_sleep_ms(YOUNGER_MS);
	ASSERT_EQ(0, make_stuck(&self->w, 1, NR_STUCK, &self->young));
	LOOK("--sort", "oldest_wait_ns");
	rows = json_object_object_get(self->report, "buffers");
	ASSERT_EQ(2, json_object_array_length(rows));
	EXPECT_EQ((int64_t)self->w.buf[0].ino,
		  tool_number(json_object_array_get_idx(rows, 0), "ino"));
	EXPECT_LE(YOUNGER_MS * ST_NSEC_PER_MSEC,
		  tool_number(json_object_array_get_idx(rows, 0), "oldest_wait_ns") -
		  tool_number(json_object_array_get_idx(rows, 1), "oldest_wait_ns"));
}

/*
 *   job: buffer 1 ──┐
 *        buffer 0 ──┼──> ctx 0        one job of several accesses, of two buffers
 *        buffer 0 ──┘
 */
TOOL_TEST(stuck, a_job_that_waits_counts_once)
{
	struct st_buffer *buf = self->w.buf;
	int test = self->w.test;
	long fence, job;

	ASSERT_LE(0, st_lock_all(self->w.ctx[0], buf[0].fd, W, 0));
	fence = st_fence_new(test, NULL);
	ASSERT_LE(0, fence);
	job = st_sync_new(test);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, st_sync_get(test, job, buf[1].fd, DMA_BUF_ACCESS_DMA_R, 0, ST_PAGE));
	ASSERT_EQ(0, st_sync_get(test, job, buf[0].fd, DMA_BUF_ACCESS_DMA_R, 0, ST_PAGE));
	ASSERT_EQ(0, st_sync_get(test, job, buf[0].fd, DMA_BUF_ACCESS_DMA_W, ST_PAGE, ST_PAGE));
	ASSERT_EQ(0, st_sync_lock_async(test, job, DST_READY_COMMIT, fence));
	LOOK();
	EXPECT_EQ(1, tool_number(self->summary, "waiting"));
	EXPECT_EQ(1, tool_number(tool_row(self->report, "buffers", "ino", buf[0].ino),
				 "waiting"));
	EXPECT_EQ(1, tool_number(tool_row(self->report, "buffers", "ino", buf[1].ino),
				 "waiting"));
	EXPECT_EQ(1, st_sync_cancel(test, job));
}

/* A wait that was given up has been a wait, too. */
TOOL_TEST(stuck, waits_given_up_count)
{
	struct json_object *row;
	int fd = self->w.buf[0].fd;
	int64_t begin_ns, ns;

	ASSERT_EQ(0, tool_attach(&self->tool));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], fd, W, 0));
	begin_ns = st_now_ns();
	ASSERT_EQ(-ETIMEDOUT, st_lock_ms(self->w.ctx[1], fd, W, 0, DMABUF_SYNC_TO_END,
					 YOUNGER_MS));
	ns = st_now_ns() - begin_ns;
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(0, tool_number(row, "waiting"));
	EXPECT_EQ(-1, tool_number(row, "oldest_wait_ns"));
	/* Its end was fixed before it began: it may be a little shorter than that. */
	EXPECT_LT(0, tool_number(row, "wait_max_ns"));
	EXPECT_GE(ns, tool_number(row, "wait_max_ns"));
	EXPECT_EQ(tool_number(row, "wait_max_ns"), tool_number(row, "wait_avg_ns"));
	/* Two requests, one of which had to wait. */
	EXPECT_EQ(50, tool_real(row, "contended_percent"));
}

#define EXIT_ABOVE	3

/* How the tool ended, by itself or because it was told to. */
static int end_status(struct tool *tool)
{
	int status = -1;

	if (!ST_UNTIL_MS(waitpid(tool->pid, &status, WNOHANG) == tool->pid, TOOL_ATTACH_MS))
		return -1;
	fclose(tool->out);
	fclose(tool->err);
	tool->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* It ends by itself, and names who waits for the longest time, and who is in the way. */
TOOL_TEST(stuck, it_ends_when_a_wait_is_too_long)
{
	char text[128];

	ASSERT_EQ(0, tool_attach(&self->tool, "--above", "0.1", "--delay", "0.05"));
	tool_name("stuck");
	ASSERT_EQ(0, make_stuck(&self->w, 0, 1, &self->old));
	snprintf(text, sizeof(text), " for buffer %llu, behind stuck/%d, which holds",
		 (unsigned long long)self->w.buf[0].ino, gettid());
	EXPECT_TRUE(tool_says(&self->tool, text));
	EXPECT_EQ(EXIT_ABOVE, end_status(&self->tool));
}

/* A wait that is over by then is an event; one that was shorter is not. */
TOOL_TEST(stuck, a_long_wait_is_an_event)
{
	struct json_object *events, *event;
	int fd = self->w.buf[0].fd;
	long a, b;

	ASSERT_EQ(0, tool_attach(&self->tool, "--above", "0.1"));
	tool_name("stuck");
	a = st_lock_all(self->w.ctx[0], fd, W, 0);
	b = st_lock_all(self->w.ctx[1], fd, W, QUEUE);
	st_sleep_ms(YOUNGER_MS);
	ASSERT_EQ(0, st_release(self->w.ctx[0], a));
	ASSERT_EQ(0, st_event_result(self->w.ctx[1], b));
	ASSERT_EQ(0, kill(self->tool.pid, SIGINT));
	self->report = tool_line(&self->tool);
	ASSERT_NE(NULL, self->report);
	EXPECT_TRUE(tool_says(&self->tool, "stuck/"));
	EXPECT_EQ(EXIT_ABOVE, end_status(&self->tool));
	events = json_object_object_get(self->report, "events");
	ASSERT_EQ(1, json_object_array_length(events));
	event = json_object_array_get_idx(events, 0);
	EXPECT_STREQ("long-wait", tool_text(event, "event"));
	EXPECT_STREQ("stuck", tool_text(event, "comm"));
	EXPECT_EQ(gettid(), tool_number(event, "blocker_tid"));
	EXPECT_LE(YOUNGER_MS * ST_NSEC_PER_MSEC, tool_number(event, "wait_ns"));
}

TOOL_TEST(stuck, shorter_waits_are_none)
{
	int fd = self->w.buf[0].fd;
	long a, b;

	ASSERT_EQ(0, tool_attach(&self->tool, "--above", "3600"));
	a = st_lock_all(self->w.ctx[0], fd, W, 0);
	b = st_lock_all(self->w.ctx[1], fd, W, QUEUE);
	ASSERT_EQ(0, st_release(self->w.ctx[0], a));
	ASSERT_EQ(0, st_event_result(self->w.ctx[1], b));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(0, json_object_array_length(json_object_object_get(self->report, "events")));
}

TEST_HARNESS_MAIN
