// SPDX-License-Identifier: GPL-2.0-only
/* A tool that stands still between taking the time and what it does with it: see stall.c. */
#include <kselftest_harness.h>

#include "tool.h"

#define DMA_R	DMA_BUF_ACCESS_DMA_R
#define W	DMA_BUF_ACCESS_W
#define HOLD_MS	20

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

static volatile bool stop;

/* Each time that it lets go, what it had until then is in the sums. */
static void *work(void *arg)
{
	const struct st_world *w = arg;
	long set;

	while (!stop) {
		set = st_lock(w->ctx[0], w->buf[0].fd, W, 0, ST_PAGE, 0);
		st_sleep_ms(HOLD_MS);
		st_release(w->ctx[0], set);
	}
	return NULL;
}

/*
 *   CPU   ┌──┐┌──┐┌──┐┌──┐┌──┐      again and again, also while the tool stands still
 *   DMA   ┌────────────────────     all the time
 */
TOOL_TEST(stalled, nothing_is_more_than_all_of_it)
{
	long fence, job;

	fence = st_fence_new(self->w.test, NULL);
	job = st_sync_locked(self->w.test, self->w.buf[0].fd, DMA_R, ST_PAGE, ST_PAGE,
			     DST_LOCK_TRY);
	ASSERT_LE(0, job);
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, work, &self->w));
	ASSERT_EQ(0, st_sync_commit(self->w.test, job, fence));
	self->report = tool_end(&self->tool);
	stop = true;
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
	ASSERT_NE(NULL, self->report);
	self->row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino);
	self->summary = json_object_object_get(self->report, "summary");
	EXPECT_LT(0, tool_real(self->row, "overlap_percent"));
	EXPECT_GE(100, tool_real(self->row, "overlap_percent"));
	EXPECT_GE(100, tool_real(self->summary, "overlap_percent"));
	/* Of the time, too: the CPU was never without work for long, nor DMA. */
	EXPECT_LE(tool_number(self->row, "overlap_ns"),
		  tool_number(self->row, "overlap_possible_ns"));
}

TEST_HARNESS_MAIN
