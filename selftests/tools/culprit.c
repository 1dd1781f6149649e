// SPDX-License-Identifier: GPL-2.0-only
/* The root of a chain is a task: what it does now is said beside it. */
#include <kselftest_harness.h>
#include <signal.h>

#include "tool.h"

#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

/* What the child does once it has the buffer. */
enum act {
	ACT_PAUSE,
	ACT_SPIN,
};

FIXTURE(culprit)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report;
	pid_t child;
};

FIXTURE_SETUP(culprit)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(culprit)
{
	if (self->child > 0) {
		kill(self->child, SIGKILL);
		st_child_wait(self->child);
	}
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

static void act(enum act act)
{
	volatile bool forever = true;

	if (act == ACT_PAUSE)
		pause();
	while (forever)
		;
}

static pid_t hold(int fd, enum act what)
{
	pid_t pid = st_fork();
	int ctx;

	if (pid)
		return pid;
	ctx = st_context_open();
	if (ctx < 0 || st_lock_all(ctx, fd, W, 0) < 0)
		_exit(1);
	act(what);
	_exit(0);
}

/* The child has it, and this process waits. */
#define HOLD(what) do {							\
	self->child = hold(self->w.buf[0].fd, what);			\
	ASSERT_LT(0, self->child);					\
	ASSERT_TRUE(ST_UNTIL(st_snapshot_count(self->w.buf[0].ino, "acquired") == 1)); \
	ASSERT_LE(0, st_lock_all(self->w.ctx[0], self->w.buf[0].fd, W, QUEUE)); \
} while (0)

/* It says so of the root, and nothing of who waits. */
#define EXPECT_DOES(text) do {						\
	struct json_object *_chains;					\
									\
	ASSERT_EQ(0, tool_attach(&self->tool));				\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	_chains = json_object_object_get(self->report, "chains");	\
	ASSERT_EQ(2, json_object_array_length(_chains));		\
	EXPECT_EQ(self->child, tool_number(json_object_array_get_idx(_chains, 0), "tid")); \
	EXPECT_EQ(0, strncmp(text, tool_text(json_object_array_get_idx(_chains, 0), \
					     "culprit"), strlen(text))) \
		TH_LOG("%s", json_object_to_json_string(_chains));	\
	EXPECT_STREQ("", tool_text(json_object_array_get_idx(_chains, 1), "culprit")); \
} while (0)

TOOL_TEST(culprit, sleeps)
{
	HOLD(ACT_PAUSE);
	ASSERT_TRUE(ST_UNTIL(st_task_state(self->child) == 'S'));
	EXPECT_DOES("sleeps in ");
}

TOOL_TEST(culprit, runs)
{
	HOLD(ACT_SPIN);
	EXPECT_DOES("runs on CPU ");
}

TOOL_TEST(culprit, is_stopped)
{
	HOLD(ACT_SPIN);
	ASSERT_EQ(0, kill(self->child, SIGSTOP));
	ASSERT_TRUE(ST_UNTIL(st_task_state(self->child) == 'T'));
	EXPECT_DOES("stopped");
}

TEST_HARNESS_MAIN
