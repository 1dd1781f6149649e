// SPDX-License-Identifier: GPL-2.0-only
/*
 * What finds no room is counted, and what was counted is exact; filters take less room.
 */
#include <kselftest_harness.h>

#include "tool.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define ALL	0, DMABUF_SYNC_TO_END
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

#define NR_EVENTS	200
#define NR_HELD		10
#define MAX_HELD	4
#define NR_READERS	20
#define MAX_EDGES	16
#define NR_MANY		1500
#define MAX_USERS	4096
#define MAX_PAIRS	1024
#define SHOWN_PAIRS	256
#define NR_MORE		10

FIXTURE(lost)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report;
	int ctx;
};

FIXTURE_SETUP(lost)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx[0];
}

FIXTURE_TEARDOWN(lost)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* A ring of one page takes some of the events; the others are counted. */
TOOL_TEST(lost, events)
{
	unsigned int i;
	size_t got;
	int ctx;

	ASSERT_EQ(0, tool_attach(&self->tool, "--ring-size", "4096"));
	for (i = 0; i < NR_EVENTS; i++) {
		ctx = st_context_open();
		ASSERT_LE(0, ctx);
		ASSERT_LE(0, st_lock_all(ctx, self->w.buf[0].fd, W, 0));
		close(ctx);
	}
	ASSERT_TRUE(st_snapshot_becomes_empty());
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	got = tool_nr_rows(self->report, "events");
	EXPECT_LT(0, got);
	EXPECT_GT(NR_EVENTS, got);
	EXPECT_EQ(NR_EVENTS, got + tool_summary(self->report, "lost_events"));
	/* The counters need no ring. */
	EXPECT_EQ(NR_EVENTS, tool_summary(self->report, "abandoned"));
}

TOOL_TEST(lost, accesses)
{
	struct json_object *row;
	unsigned int i;

	ASSERT_EQ(0, tool_attach(&self->tool, "--max-accesses", "4"));
	for (i = 0; i < NR_HELD; i++)
		ASSERT_LE(0, st_lock(self->ctx, self->w.buf[0].fd, R, i, 1, 0));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino);
	EXPECT_EQ(MAX_HELD, tool_summary(self->report, "cpu_held"));
	EXPECT_EQ(NR_HELD - MAX_HELD, tool_summary(self->report, "lost_accesses"));
	EXPECT_EQ(NR_HELD, tool_number(row, "acquired"));
}

TOOL_TEST(lost, buffers)
{
	ASSERT_EQ(0, tool_attach(&self->tool, "--max-buffers", "1"));
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[0].fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[1].fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[2].fd, R, 0));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(2, tool_summary(self->report, "lost_buffers"));
	/* The sum of all buffers does not depend on room for each. */
	EXPECT_EQ(3, tool_summary(self->report, "acquired"));
	EXPECT_EQ(3, tool_summary(self->report, "cpu_held"));
}

/* Every form of output says it, and so do standard error and the exit status. */
TOOL_TEST(lost, is_told_everywhere)
{
	static const struct {
		const char *options, *text;
	} outputs[] = {
		{ "-b", "something was lost: " },
		{ "--json", "\"lost\":1," },
		{ "--csv", "Z,1," },
		{ "--csv=summary", "Z,1," },
		{ "-b > /dev/null", "dmasync-top: lost 1 in all: " },
	};
	char command[256], text[16384];
	unsigned int i;

	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[0].fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[1].fd, R, 0));
	for (i = 0; i < ST_ARRAY_SIZE(outputs); i++) {
		snprintf(command, sizeof(command),
			 "exec 2>&1 < /dev/null; %s -n 1 -d 0.1 --max-accesses 1 %s",
			 tool_program(), outputs[i].options);
		EXPECT_EQ(TOOL_LOST, tool_shell(command, text, sizeof(text)));
		EXPECT_NE(NULL, strstr(text, outputs[i].text)) {
			TH_LOG("%s: %s", outputs[i].options, text);
		}
	}
}

/* A writer behind more readers than are kept: those kept are shown, the others counted. */
TOOL_TEST(lost, edges)
{
	int other = self->w.ctx[1], fd = self->w.buf[0].fd;
	unsigned int i;

	ASSERT_EQ(0, tool_attach(&self->tool));
	for (i = 0; i < NR_READERS; i++)
		ASSERT_LE(0, st_lock(self->ctx, fd, R, i, 1, 0));
	ASSERT_LE(0, st_lock_all(other, fd, W, QUEUE));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	/* Each of those in the way, and the writer behind it. */
	EXPECT_EQ(2 * MAX_EDGES, tool_nr_rows(self->report, "chains"));
	EXPECT_EQ(NR_READERS - MAX_EDGES, tool_summary(self->report, "lost_edges"));
	EXPECT_STREQ("behind others, too",
		     tool_text(tool_row(self->report, "chains", "depth", 1), "note"));
}

/* The same for a tool that is started late. */
TOOL_TEST(lost, edges_of_before)
{
	int other = self->w.ctx[1], fd = self->w.buf[0].fd;
	unsigned int i;

	for (i = 0; i < NR_READERS; i++)
		ASSERT_LE(0, st_lock(self->ctx, fd, R, i, 1, 0));
	ASSERT_LE(0, st_lock_all(other, fd, W, QUEUE));
	ASSERT_EQ(0, tool_attach(&self->tool));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	/* Each of those in the way, and the writer behind it. */
	EXPECT_EQ(2 * MAX_EDGES, tool_nr_rows(self->report, "chains"));
	EXPECT_EQ(1, tool_summary(self->report, "lost_edges"));
	EXPECT_STREQ("behind others, too",
		     tool_text(tool_row(self->report, "chains", "depth", 1), "note"));
}

/* What was lost for want of room is found again in the snapshot, once there is room. */
TOOL_TEST(lost, accesses_come_back)
{
	struct json_object *report;
	long sets[NR_HELD];
	unsigned int i;

	ASSERT_EQ(0, tool_attach(&self->tool, "--max-accesses", "4", "--delay", "0.2"));
	for (i = 0; i < NR_HELD; i++) {
		sets[i] = st_lock(self->ctx, self->w.buf[0].fd, R, i, 1, 0);
		ASSERT_LE(0, sets[i]);
	}
	for (i = 0; i < NR_HELD - MAX_HELD; i++)
		ASSERT_EQ(0, st_release(self->ctx, sets[i]));
	for (i = 0; i < 20; i++) {
		report = tool_line(&self->tool);
		ASSERT_NE(NULL, report);
		if (tool_summary(report, "cpu_held") == MAX_HELD &&
		    !tool_summary(report, "acquired"))
			break;
		json_object_put(report);
	}
	ASSERT_GT(20, i);
	EXPECT_EQ(NR_HELD - MAX_HELD, tool_summary(report, "lost_accesses"));
	json_object_put(report);
}

/* Threads of as many names as there is room for, and some more. */
TOOL_TEST(lost, users)
{
	unsigned int i;
	char name[16];

	ASSERT_EQ(0, tool_attach(&self->tool, "--group", "comm"));
	for (i = 0; i < MAX_USERS + NR_MORE; i++) {
		snprintf(name, sizeof(name), "user %u", i);
		ASSERT_EQ(0, tool_use(name, self->ctx, &self->w.buf[0], 1));
	}
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(MAX_USERS, tool_nr_rows(self->report, "groups"));
	/* Each has acquired and released. */
	EXPECT_EQ(2 * NR_MORE, tool_summary(self->report, "lost_users"));
	EXPECT_EQ(MAX_USERS + NR_MORE, tool_summary(self->report, "acquired"));
}

/* More waiters than pairs are kept: the others are in the row of those, with all their time. */
TOOL_TEST(lost, pairs)
{
	struct json_object *pairs, *others;
	int fd = self->w.buf[0].fd;
	unsigned int i;
	char name[16];

	ASSERT_EQ(0, tool_attach(&self->tool));
	ASSERT_LE(0, st_lock_all(self->ctx, fd, W, 0));
	for (i = 0; i < MAX_PAIRS + NR_MORE; i++) {
		snprintf(name, sizeof(name), "waiter %u", i);
		tool_name(name);
		ASSERT_EQ(-ETIMEDOUT, st_lock_ms(self->w.ctx[1], fd, W, ALL, 1));
	}
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	pairs = json_object_object_get(self->report, "pairs");
	ASSERT_EQ(SHOWN_PAIRS + 1, json_object_array_length(pairs));
	/* Those that are kept and not shown, and those that are not kept. */
	others = tool_row(self->report, "pairs", "others", MAX_PAIRS - SHOWN_PAIRS + 1);
	EXPECT_EQ(MAX_PAIRS + NR_MORE - SHOWN_PAIRS, tool_number(others, "waits"));
	EXPECT_EQ(MAX_PAIRS + NR_MORE, tool_sum(pairs, "waits"));
	EXPECT_EQ(tool_number(tool_row(self->report, "buffers", "ino", self->w.buf[0].ino),
			      "cpu_behind_cpu_ns"), tool_sum(pairs, "wait_ns"));
}

/* More than the snapshot lists of one buffer: what it leaves out is counted. */
TOOL_TEST(lost, unlisted)
{
	int64_t unlisted;
	unsigned int i;

	for (i = 0; i < NR_MANY; i++)
		ASSERT_LE(0, st_lock(self->ctx, self->w.buf[0].fd, R, i, 1, 0));
	ASSERT_EQ(0, tool_attach(&self->tool));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	unlisted = tool_summary(self->report, "lost_unlisted");
	EXPECT_LT(0, unlisted);
	EXPECT_EQ(NR_MANY, tool_summary(self->report, "cpu_held") + unlisted);
}

TOOL_TEST(lost, filter_by_buffer)
{
	char ino[32];

	snprintf(ino, sizeof(ino), "%llu", (unsigned long long)self->w.buf[1].ino);
	ASSERT_EQ(0, tool_attach(&self->tool, "--ino", ino));
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[0].fd, R, 0));
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[1].fd, R, 0));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(1, tool_nr_rows(self->report, "buffers"));
	EXPECT_EQ(1, tool_summary(self->report, "acquired"));
	EXPECT_EQ(1, tool_summary(self->report, "cpu_held"));
}

/*
 * The child holds, this process waits; the tool looks at this process. What else the child
 * holds is in nobody's way.
 */
TOOL_TEST(lost, filter_by_process)
{
	struct json_object *chains, *holder;
	char pid[32];
	int pipes[2];
	pid_t child;
	char byte;

	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_EQ(0, tool_attach(&self->tool, "--pid", pid));
	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int ctx = st_context_open();

		byte = st_lock_all(ctx, self->w.buf[0].fd, W, 0) < 0 ||
		       st_lock_all(ctx, self->w.buf[1].fd, W, 0) < 0;
		if (write(pipes[1], &byte, 1) != 1)
			_exit(1);
		st_sleep_ms(ST_SOON_MS);
		_exit(0);
	}
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	ASSERT_EQ(0, byte);
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[0].fd, R, QUEUE));
	self->report = tool_end(&self->tool);
	kill(child, SIGKILL);
	st_child_wait(child);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(0, tool_summary(self->report, "acquired"));
	EXPECT_EQ(1, tool_summary(self->report, "waiting"));
	EXPECT_EQ(1, tool_nr_rows(self->report, "buffers"));
	/* Who is in the way is known all the same, with all there is to say. */
	chains = json_object_object_get(self->report, "chains");
	ASSERT_EQ(2, json_object_array_length(chains));
	holder = json_object_array_get_idx(chains, 0);
	EXPECT_EQ(child, tool_number(holder, "tgid"));
	EXPECT_STREQ("holds", tool_text(holder, "state"));
	EXPECT_STREQ("w", tool_text(holder, "mode"));
}

TEST_HARNESS_MAIN
