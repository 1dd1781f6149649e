// SPDX-License-Identifier: GPL-2.0-only
/* Who causes waiting: each wait counts for who waited and for who was in the way. */
#include <kselftest_harness.h>
#include <signal.h>

#include "tool.h"

#define W		DMA_BUF_ACCESS_W
#define R		DMA_BUF_ACCESS_R
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE
#define HOLD_MS		20

FIXTURE(pairs)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report, *pairs;
	int a, b, c;
};

FIXTURE_SETUP(pairs)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->a = tool_actor("A");
	self->b = tool_actor("B");
	self->c = tool_actor("C");
	ASSERT_LE(0, self->c);
}

FIXTURE_TEARDOWN(pairs)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	close(self->a);
	close(self->b);
	close(self->c);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define ATTACH()	ASSERT_EQ(0, tool_attach(&self->tool))

#define END() do {							\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	self->pairs = json_object_object_get(self->report, "pairs");	\
} while (0)

/* Acquire or queue as a thread of that name. */
static long as(const char *name, int ctx, const struct st_buffer *buf, uint32_t mode)
{
	tool_name(name);
	return st_lock_all(ctx, buf->fd, mode, QUEUE);
}

static struct json_object *pair_of(struct json_object *pairs, const char *waiter,
				   const char *holder)
{
	struct json_object *row;
	size_t i;

	for (i = 0; i < json_object_array_length(pairs); i++) {
		row = json_object_array_get_idx(pairs, i);
		if (!strcmp(tool_text(row, "waiter_comm"), waiter) &&
		    !strcmp(tool_text(row, "holder_comm"), holder))
			return row;
	}
	fprintf(stderr, "# not in %s\n", json_object_to_json_string(pairs));
	return NULL;
}

/* All that was waited for is somebody's fault, to the nanosecond. */
#define EXPECT_ALL_BLAMED()						\
	EXPECT_EQ(tool_sum(json_object_object_get(self->report, "buffers"), \
			 "cpu_behind_cpu_ns"), tool_sum(self->pairs, "wait_ns"))

/* B behind A, on buffer @buf. */
#define WAIT_ONCE(nr) do {						\
	long _a = as("A", self->a, &self->w.buf[nr], W), _b;		\
									\
	ASSERT_LE(0, _a);						\
	_b = as("B", self->b, &self->w.buf[nr], W);			\
	ASSERT_LE(0, _b);						\
	st_sleep_ms(HOLD_MS);						\
	ASSERT_EQ(0, st_release(self->a, _a));				\
	ASSERT_EQ(0, st_event_result(self->b, _b));			\
	ASSERT_EQ(0, st_release(self->b, _b));				\
} while (0)

TOOL_TEST(pairs, waits_that_are_over)
{
	int64_t begin_ns, ns;
	struct json_object *row;

	ATTACH();
	begin_ns = st_now_ns();
	WAIT_ONCE(0);
	WAIT_ONCE(1);
	WAIT_ONCE(1);
	ns = st_now_ns() - begin_ns;
	END();
	ASSERT_EQ(1, json_object_array_length(self->pairs));
	row = pair_of(self->pairs, "B", "A");
	EXPECT_EQ(3, tool_number(row, "waits"));
	EXPECT_EQ(2, tool_number(row, "buffers"));
	EXPECT_EQ(0, tool_number(row, "waiting"));
	EXPECT_EQ(getpid(), tool_number(row, "waiter_tgid"));
	EXPECT_EQ(getpid(), tool_number(row, "holder_tgid"));
	EXPECT_LE(3 * HOLD_MS * ST_NSEC_PER_MSEC, tool_number(row, "wait_ns"));
	EXPECT_GE(ns, tool_number(row, "wait_ns"));
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC, tool_number(row, "wait_max_ns"));
	EXPECT_GE(ns - 2 * HOLD_MS * ST_NSEC_PER_MSEC, tool_number(row, "wait_max_ns"));
	EXPECT_ALL_BLAMED();
}

/*
 *   C ──> B ──> A        C waits because of A, not of B, which waits itself
 */
#define MAKE_CHAIN() do {						\
	ASSERT_LE(0, as("A", self->a, &self->w.buf[0], W));		\
	ASSERT_LE(0, as("B", self->b, &self->w.buf[0], W));		\
	ASSERT_LE(0, as("C", self->c, &self->w.buf[0], W));		\
	st_sleep_ms(HOLD_MS);						\
} while (0)

#define EXPECT_CHAIN() do {						\
	ASSERT_EQ(2, json_object_array_length(self->pairs));		\
	EXPECT_EQ(1, tool_number(pair_of(self->pairs, "B", "A"), "waiting")); \
	EXPECT_EQ(1, tool_number(pair_of(self->pairs, "C", "A"), "waiting")); \
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC,				\
		  tool_number(pair_of(self->pairs, "C", "A"), "oldest_wait_ns")); \
	EXPECT_ALL_BLAMED();						\
} while (0)

TOOL_TEST(pairs, waits_in_progress)
{
	ATTACH();
	MAKE_CHAIN();
	END();
	EXPECT_CHAIN();
}

TOOL_TEST(pairs, waits_from_before_the_start)
{
	MAKE_CHAIN();
	ATTACH();
	END();
	EXPECT_CHAIN();
}

/*
 * A and B hold parts of what C wants: whoever was told first, the other one is not, and all of the
 * wait is one's or the other's.
 */
TOOL_TEST(pairs, two_in_the_way)
{
	long a, b, c;

	ATTACH();
	tool_name("A");
	a = st_lock(self->a, self->w.buf[0].fd, W, 0, ST_PAGE, 0);
	tool_name("B");
	b = st_lock(self->b, self->w.buf[0].fd, W, ST_PAGE, ST_PAGE, 0);
	c = as("C", self->c, &self->w.buf[0], W);
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, st_release(self->a, a));
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, st_release(self->b, b));
	ASSERT_EQ(0, st_event_result(self->c, c));
	END();
	EXPECT_LE(1, json_object_array_length(self->pairs));
	EXPECT_LE(2 * HOLD_MS * ST_NSEC_PER_MSEC, tool_sum(self->pairs, "wait_ns"));
	EXPECT_ALL_BLAMED();
}

/* It gave up: it has waited all the same. */
TOOL_TEST(pairs, waits_given_up)
{
	ATTACH();
	ASSERT_LE(0, as("A", self->a, &self->w.buf[0], W));
	tool_name("B");
	ASSERT_EQ(-ETIMEDOUT, st_lock_ms(self->b, self->w.buf[0].fd, W, 0, DMABUF_SYNC_TO_END,
					 HOLD_MS));
	END();
	ASSERT_EQ(1, json_object_array_length(self->pairs));
	EXPECT_EQ(1, tool_number(pair_of(self->pairs, "B", "A"), "waits"));
	EXPECT_ALL_BLAMED();
}

/* Several short waits for one are less than a long one for another. */
TOOL_TEST(pairs, the_worst_comes_first)
{
	long a;

	ATTACH();
	a = as("C", self->c, &self->w.buf[1], W);
	ASSERT_LE(0, as("B", self->b, &self->w.buf[1], W));
	st_sleep_ms(HOLD_MS);
	WAIT_ONCE(0);
	st_sleep_ms(10 * HOLD_MS);
	ASSERT_EQ(0, st_release(self->c, a));
	END();
	ASSERT_EQ(2, json_object_array_length(self->pairs));
	EXPECT_STREQ("C", tool_text(json_object_array_get_idx(self->pairs, 0), "holder_comm"));
	EXPECT_ALL_BLAMED();
}

/* The holder is another process. */
TOOL_TEST(pairs, process)
{
	struct json_object *row;
	pid_t child;

	ATTACH();
	child = st_fork();
	ASSERT_LE(0, child);
	if (!child) {
		int ctx = tool_actor("child");

		if (as("child", ctx, &self->w.buf[0], R) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	ASSERT_TRUE(ST_UNTIL(st_snapshot_count(self->w.buf[0].ino, "acquired") == 1));
	ASSERT_LE(0, as("B", self->b, &self->w.buf[0], W));
	END();
	kill(child, SIGKILL);
	st_child_wait(child);
	row = pair_of(self->pairs, "B", "child");
	EXPECT_EQ(child, tool_number(row, "holder_tgid"));
	EXPECT_EQ(getpid(), tool_number(row, "waiter_tgid"));
}

TEST_HARNESS_MAIN
