// SPDX-License-Identifier: GPL-2.0-only
/* A tool that stands still between taking the time and what it does with it: see stall.c. */
#include <kselftest_harness.h>

#include "tool.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define W	DMA_BUF_ACCESS_W

FIXTURE(stalled)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report, *row, *summary;
	pthread_t thread;
};

FIXTURE_SETUP(stalled)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, setenv("LD_PRELOAD", STALL, 1));
	ASSERT_EQ(0, tool_start(&self->tool, NULL));
	ASSERT_EQ(0, unsetenv("LD_PRELOAD"));
	ASSERT_TRUE(tool_says(&self->tool, ": attached by "));
}

FIXTURE_TEARDOWN(stalled)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* What the CPU has is let go while the tool stands still again: that is the end of its window. */
static void *let_go(void *arg)
{
	const struct st_world *w = arg;

	st_sleep_ms(STALL_MS + STALL_MS / 2);
	close(w->ctx[0]);
	return NULL;
}

/*
 *   CPU   [===========]             released after the end of the window, before it is read
 *   DMA   [=====================    all the time
 *                  |  | read
 *                  | end of the window
 */
TOOL_TEST(stalled, nothing_is_more_than_all_of_it)
{
	long fence, job;

	/* It has looked at the clock several times by then, and waits for the end of the window. */
	st_sleep_ms(8 * STALL_MS);
	fence = st_fence_new(self->w.test, NULL);
	job = st_sync_locked(self->w.test, self->w.buf[0].fd, DMA_R, ST_PAGE, ST_PAGE,
			     DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_LE(0, st_lock(self->w.ctx[0], self->w.buf[0].fd, W, 0, ST_PAGE, 0));
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, let_go, &self->w));
	self->report = tool_end(&self->tool);
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
	self->w.ctx[0] = st_context_open();
	ASSERT_NE(NULL, self->report);
	self->row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino);
	self->summary = json_object_object_get(self->report, "summary");
	EXPECT_LT(0, tool_real(self->row, "overlap_percent"));
	EXPECT_GE(100, tool_real(self->row, "overlap_percent"));
	EXPECT_GE(100, tool_real(self->summary, "overlap_percent"));
}

TEST_HARNESS_MAIN
