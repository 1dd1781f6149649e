// SPDX-License-Identifier: GPL-2.0-only
/* The account that the demo gives of its overlap, of frames whose times are known. */
#include <kselftest_harness.h>
#include <stdarg.h>

#include "../demo/demo.h"

#define NR	2
#define MS	ST_NSEC_PER_MSEC

int demo_fail(int err, const char *format, ...)
{
	(void)format;
	return err;
}

FIXTURE(demo)
{
	struct demo_log log;
	struct demo_overlap overlap;
};

FIXTURE_SETUP(demo)
{
	ASSERT_EQ(0, window_log_init(&self->log, NR));
}

FIXTURE_TEARDOWN(demo)
{
}

#define WINDOW(kind, frame, begin_ms, end_ms)				\
	(self->log.windows[kind][frame] =				\
	 (struct demo_window){ (begin_ms) * MS, (end_ms) * MS })
#define LOOK() ASSERT_EQ(0, window_overlap(&self->log, NR, &self->overlap))
#define EXPECT_MS(ms, number) EXPECT_EQ((ms) * MS, number)

/* Each waits for the other: 10 ms of either, and none of it at the same time. */
TEST_F(demo, none)
{
	WINDOW(DEMO_FILL, 0, 100, 110);
	WINDOW(DEMO_DMA_WAITS, 0, 100, 110);
	WINDOW(DEMO_DMA, 0, 110, 120);
	WINDOW(DEMO_CPU_WAITS, 0, 112, 120);
	WINDOW(DEMO_READ, 0, 120, 125);
	LOOK();
	EXPECT_MS(0, self->overlap.ns[TOP_TIME_BOTH]);
	EXPECT_MS(10, self->overlap.possible_ns);
	EXPECT_MS(10, self->overlap.ns[TOP_TIME_DMA_FOR_CPU]);
	EXPECT_MS(8, self->overlap.ns[TOP_TIME_CPU_FOR_DMA]);
	EXPECT_MS(0, self->overlap.ns[TOP_TIME_ENGINE]);
	EXPECT_MS(7, self->overlap.nothing_ns);
	EXPECT_MS(25, self->overlap.all_ns);
}

/* CPUs that work at the same time count once. */
TEST_F(demo, half)
{
	WINDOW(DEMO_FILL, 0, 100, 120);
	WINDOW(DEMO_READ, 1, 105, 115);
	WINDOW(DEMO_DMA, 0, 110, 130);
	LOOK();
	EXPECT_MS(10, self->overlap.ns[TOP_TIME_BOTH]);
	EXPECT_MS(20, self->overlap.possible_ns);
	EXPECT_MS(20, self->overlap.nothing_ns);
}

/* All of what could be, and a gap with a job in the engine's queue. */
TEST_F(demo, all)
{
	WINDOW(DEMO_FILL, 0, 100, 200);
	WINDOW(DEMO_DMA, 0, 120, 130);
	WINDOW(DEMO_QUEUED, 1, 125, 135);
	WINDOW(DEMO_DMA, 1, 135, 145);
	LOOK();
	EXPECT_MS(20, self->overlap.ns[TOP_TIME_BOTH]);
	EXPECT_MS(20, self->overlap.possible_ns);
	EXPECT_MS(5, self->overlap.ns[TOP_TIME_ENGINE]);
	EXPECT_MS(75, self->overlap.nothing_ns);
}

TEST_HARNESS_MAIN
