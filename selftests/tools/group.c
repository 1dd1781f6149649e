// SPDX-License-Identifier: GPL-2.0-only
/* Groups: sums over buffers, threads and engines that have something in common. */
#include <fcntl.h>
#include <kselftest_harness.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>

#include "tool.h"

#define W		DMA_BUF_ACCESS_W
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE

#define NR_A		5
#define NR_B		3
#define HOLD_MS		20

FIXTURE(group)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report, *groups;
};

FIXTURE_SETUP(group)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(group)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define END() do {							\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	self->groups = json_object_object_get(self->report, "groups");	\
} while (0)

/* The row of this name, NULL when there is none. */
static struct json_object *row_of(struct json_object *groups, const char *name)
{
	struct json_object *row;
	size_t i;

	for (i = 0; i < json_object_array_length(groups); i++) {
		row = json_object_array_get_idx(groups, i);
		if (!strcmp(tool_text(row, "name"), name))
			return row;
	}
	fprintf(stderr, "# no %s: %s\n", name, json_object_to_json_string(groups));
	return NULL;
}

#define EXPECT_USED(nr, row) do {					\
	EXPECT_EQ(nr, tool_number(row, "acquired"));			\
	EXPECT_EQ(nr, tool_number(row, "released"));			\
	EXPECT_EQ(0, tool_number(row, "contended"));			\
	EXPECT_EQ(0, tool_number(row, "held"));				\
} while (0)

TOOL_TEST(group, none)
{
	ASSERT_EQ(0, tool_attach(&self->tool));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	END();
	EXPECT_EQ(0, json_object_array_length(self->groups));
}

TOOL_TEST(group, exporter)
{
	struct st_buffer other;

	ASSERT_EQ(0, tool_attach(&self->tool, "--group", "exporter"));
	ASSERT_EQ(0, st_buffer_test(self->w.test, &other, ST_PAGE, O_RDWR));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[1], NR_B));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &other, NR_B));
	END();
	st_buffer_close(&other);
	ASSERT_EQ(2, json_object_array_length(self->groups));
	EXPECT_USED(NR_A + NR_B, row_of(self->groups, "udmabuf"));
	EXPECT_EQ(2, tool_number(row_of(self->groups, "udmabuf"), "buffers"));
	EXPECT_EQ(1, tool_number(tool_row(self->report, "groups", "acquired", NR_B), "buffers"));
}

/* A buffer that is gone is one of its name, too. */
TOOL_TEST(group, name)
{
	struct st_buffer gone;

	ASSERT_EQ(0, tool_attach(&self->tool, "--group", "name"));
	ASSERT_EQ(0, st_buffer_udmabuf(&gone, ST_PAGE));
	ASSERT_EQ(0, ioctl(gone.fd, DMA_BUF_SET_NAME_B, "frame"));
	ASSERT_EQ(0, ioctl(self->w.buf[0].fd, DMA_BUF_SET_NAME_B, "frame"));
	ASSERT_EQ(0, ioctl(self->w.buf[1].fd, DMA_BUF_SET_NAME_B, "stats"));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &gone, NR_A));
	st_buffer_close(&gone);
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[1], NR_B));
	END();
	EXPECT_USED(2 * NR_A, row_of(self->groups, "frame"));
	EXPECT_EQ(2, tool_number(row_of(self->groups, "frame"), "buffers"));
	EXPECT_USED(NR_B, row_of(self->groups, "stats"));
}

/*
 *   A ──> B          A waited once and waits again, of two buffers; B never did
 */
TOOL_TEST(group, name_of_a_thread)
{
	struct json_object *a, *b;
	int64_t begin_ns;
	long first, set;

	ASSERT_EQ(0, tool_attach(&self->tool, "--group", "comm"));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	tool_name("B");
	set = st_lock_all(self->w.ctx[1], self->w.buf[0].fd, W, 0);
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[1].fd, W, 0));
	tool_name("A");
	begin_ns = st_now_ns();
	first = st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, QUEUE);
	st_sleep_ms(HOLD_MS);
	ASSERT_EQ(0, st_release(self->w.ctx[1], set));
	ASSERT_EQ(0, st_event_result(self->w.ctx[0], first));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->w.buf[1].fd, W, QUEUE));
	END();
	a = row_of(self->groups, "A");
	b = row_of(self->groups, "B");
	TOOL_EXPECT_FIGURES(a, { "acquired", NR_A + 1 }, { "contended", 1 },
			    { "cpu_behind_cpu", 2 }, { "held", 1 }, { "waiting", 1 });
	EXPECT_LE(HOLD_MS * ST_NSEC_PER_MSEC, tool_number(a, "wait_max_ns"));
	EXPECT_GE(st_now_ns() - begin_ns, tool_number(a, "wait_max_ns"));
	TOOL_EXPECT_FIGURES(b, { "acquired", 2 }, { "contended", 0 }, { "cpu_behind_cpu", 0 },
			    { "held", 1 }, { "waiting", 0 }, { "wait_max_ns", -1 });
}

static pid_t user_of(const struct st_buffer *buf, const char *name)
{
	pid_t pid = st_fork();
	int ctx;

	if (pid)
		return pid;
	ctx = st_context_open();
	_exit(ctx < 0 || tool_use(name, ctx, buf, NR_B) || tool_use("other", ctx, buf, NR_B));
}

/* Threads of a process that are called otherwise are one row; those of another one are not. */
TOOL_TEST(group, process)
{
	pid_t child;

	ASSERT_EQ(0, tool_attach(&self->tool, "-g", "process"));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	ASSERT_EQ(0, tool_use("B", self->w.ctx[0], &self->w.buf[0], NR_A));
	child = user_of(&self->w.buf[1], "B");
	ASSERT_LT(0, child);
	ASSERT_EQ(0, st_child_wait(child));
	END();
	ASSERT_EQ(2, json_object_array_length(self->groups));
	EXPECT_USED(2 * NR_A, tool_row(self->report, "groups", "tgid", getpid()));
	EXPECT_USED(2 * NR_B, tool_row(self->report, "groups", "tgid", child));
}

/*
 * One long wait of one buffer, many short ones of the other: the mean is that of all waits, the
 * oldest one the oldest of both, and the sums are those of the buffers.
 */
TOOL_TEST(group, averages)
{
	struct json_object *row, *one, *two;
	unsigned int i;

	ASSERT_EQ(0, tool_attach(&self->tool, "--group", "exporter"));
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, 0));
	ASSERT_LE(0, st_lock_all(self->w.ctx[1], self->w.buf[0].fd, W, QUEUE));
	st_sleep_ms(HOLD_MS);
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->w.buf[1].fd, W, 0));
	for (i = 1; i < ST_WORLD; i++)
		ASSERT_LE(0, st_lock_all(self->w.ctx[i], self->w.buf[1].fd, W, QUEUE));
	END();
	ASSERT_EQ(1, json_object_array_length(self->groups));
	row = row_of(self->groups, "udmabuf");
	one = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino);
	two = tool_row(self->report, "buffers", "ino", self->w.buf[1].ino);
	EXPECT_EQ(ST_WORLD, tool_number(row, "cpu_behind_cpu"));
	EXPECT_EQ(ST_WORLD, tool_number(row, "waiting"));
	EXPECT_EQ(tool_number(one, "oldest_wait_ns"), tool_number(row, "oldest_wait_ns"));
	EXPECT_EQ(tool_number(one, "cpu_behind_cpu_ns") + tool_number(two, "cpu_behind_cpu_ns"),
		  tool_number(row, "cpu_behind_cpu_ns"));
	EXPECT_EQ(tool_number(row, "cpu_behind_cpu_ns") / ST_WORLD,
		  tool_number(row, "wait_avg_ns"));
	EXPECT_EQ(80, tool_real(row, "contended_percent"));
}

/* Far more than it takes. */
#define MAX_WINDOWS	60

/* Read windows up to the first one with that many rows. Return: uses in all of them, or -1. */
static int64_t uses_until(struct tool *tool, size_t nr_rows)
{
	struct json_object *report;
	int64_t uses = 0;
	unsigned int i;
	size_t nr;

	for (i = 0; i < MAX_WINDOWS; i++) {
		report = tool_line(tool);
		if (!report)
			return -1;
		nr = tool_nr_rows(report, "groups");
		uses += tool_sum(json_object_object_get(report, "groups"), "acquired");
		json_object_put(report);
		if (nr == nr_rows)
			return uses;
	}
	return -1;
}

/* Who does nothing for long gives its place to others, and begins anew when it comes back. */
TOOL_TEST(group, who_did_nothing_is_forgotten)
{
	int64_t uses;

	ASSERT_EQ(0, tool_attach(&self->tool, "-g", "comm", "--forget", "1", "--delay", "0.3"));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_A));
	uses = uses_until(&self->tool, 1);
	EXPECT_EQ(NR_A, uses + uses_until(&self->tool, 0));
	ASSERT_EQ(0, tool_use("A", self->w.ctx[0], &self->w.buf[0], NR_B));
	uses = uses_until(&self->tool, 1);
	EXPECT_EQ(NR_B, uses + uses_until(&self->tool, 0));
}

TEST_HARNESS_MAIN
