// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same shapes live and recorded: dmasync-top says of the recording what it said when it
 * was made, and what dmasync-report says.
 */
#include <kselftest_harness.h>
#include <signal.h>
#include <stdlib.h>

#include "recording.h"

#define W		DMA_BUF_ACCESS_W
#define R		DMA_BUF_ACCESS_R
#define QUEUE		DMABUF_SYNC_ACQUIRE_QUEUE
#define HOLD_MS		20
#define NR_A		100
#define NR_WAITS	5
#define TEXT_SIZE	(1 << 20)

FIXTURE(replay_live)
{
	struct st_world w;
	struct recording recording;
	struct tool tool;
	struct json_object *live, *top, *report;
	int a, b;
};

TOOL_VARIANTS(replay_live);

FIXTURE_SETUP(replay_live)
{
	RECORDING_SETUP();
}

FIXTURE_TEARDOWN(replay_live)
{
	json_object_put(self->live);
	json_object_put(self->top);
	tool_kill(&self->tool);
	RECORDING_TEARDOWN();
}

static long as(const char *name, int ctx, const struct st_buffer *buf, uint32_t mode)
{
	tool_name(name);
	return st_lock_all(ctx, buf->fd, mode, QUEUE);
}

/* B waits behind A on buffer @nr for at least @ms. */
#define WAIT_ONCE(nr, ms) do {						\
	long _a = as("A", self->a, &self->w.buf[nr], W), _b;		\
									\
	ASSERT_LE(0, _a);						\
	_b = as("B", self->b, &self->w.buf[nr], R);			\
	ASSERT_LE(0, _b);						\
	st_sleep_ms(ms);						\
	ASSERT_EQ(0, st_release(self->a, _a));				\
	ASSERT_EQ(0, st_event_result(self->b, _b));			\
	ASSERT_EQ(0, st_release(self->b, _b));				\
} while (0)

#define BEGIN(...) do {							\
	RECORDING_START("--probe", variant->probe);			\
	ASSERT_EQ(0, tool_attach(&self->tool, "--probe", variant->probe, ##__VA_ARGS__)); \
} while (0)

/* What dmasync-top says of the recording, as one window. */
static struct json_object *replayed(const char *path, const char *options)
{
	char command[512], *text = malloc(TEXT_SIZE);
	struct json_object *report = NULL;

	if (!text)
		return NULL;
	snprintf(command, sizeof(command), "%s --json -d 3600 %s -r %s 2> /dev/null",
		 tool_program(), options, path);
	if (!tool_shell(command, text, TEXT_SIZE))
		report = json_tokener_parse(text);
	if (!report)
		fprintf(stderr, "# not JSON: %.400s\n", text);
	free(text);
	return report;
}

/* The three of them. */
#define END(options) do {						\
	self->live = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->live);					\
	ASSERT_EQ(0, recording_end(&self->recording));			\
	RECORDING_REPORT();						\
	self->top = replayed(self->recording.path, options);		\
	ASSERT_NE(NULL, self->top);					\
} while (0)

/* What the kernel tells, and so is the same for whoever listens. */
static const char *const sums[] = {
	"acquired", "released", "contended", "failed", "cpu_behind_cpu", "cpu_behind_dma",
	"cpu_behind_cpu_ns", "wait_max_ns", "held", "waiting", "total_wait_ns", "total_hold_ns",
	"hold_cpu_avg_ns", "size_bytes",
};

#define BUFFER(report, nr)	tool_row(report, "buffers", "ino", self->w.buf[nr].ino)

#define EXPECT_SAME(other, nr) do {					\
	struct json_object *_row = BUFFER(self->top, nr), *_other = BUFFER(other, nr); \
	size_t _i;							\
									\
	ASSERT_NE(NULL, _row);						\
	ASSERT_NE(NULL, _other);					\
	for (_i = 0; _i < ST_ARRAY_SIZE(sums); _i++) {			\
		EXPECT_EQ(tool_number(_other, sums[_i]), tool_number(_row, sums[_i])) \
			TH_LOG("%s", sums[_i]);				\
	}								\
} while (0)

/* Uses, waits, and one that lasts. */
TOOL_TEST(replay_live, sums)
{
	unsigned int i;
	long a;

	BEGIN();
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], NR_A));
	for (i = 0; i < NR_WAITS; i++)
		WAIT_ONCE(1, HOLD_MS);
	a = as("A", self->a, &self->w.buf[0], W);
	ASSERT_LE(0, a);
	END("");
	EXPECT_SAME(self->live, 0);
	EXPECT_SAME(self->live, 1);
	EXPECT_SAME(self->report, 0);
	EXPECT_SAME(self->report, 1);
	EXPECT_EQ(NR_A + 1, tool_number(BUFFER(self->top, 0), "acquired"));
	EXPECT_EQ(NR_WAITS, tool_number(BUFFER(self->top, 1), "cpu_behind_cpu"));
	EXPECT_LE(NR_WAITS * HOLD_MS * ST_NSEC_PER_MSEC,
		  tool_number(BUFFER(self->top, 1), "cpu_behind_cpu_ns"));
	EXPECT_STREQ("A", tool_text(BUFFER(self->top, 0), "holder_comm"));
	EXPECT_STREQ("udmabuf", tool_text(BUFFER(self->top, 0), "exporter"));
	ASSERT_EQ(0, st_release(self->a, a));
}

/* The filter leaves of a recording what it leaves live. */
TOOL_TEST(replay_live, filtered)
{
	BEGIN("-c", "B");
	ASSERT_EQ(0, tool_use("A", self->a, &self->w.buf[0], NR_A));
	ASSERT_EQ(0, tool_use("B", self->b, &self->w.buf[0], 7));
	WAIT_ONCE(0, HOLD_MS);
	END("-c B");
	EXPECT_SAME(self->live, 0);
	EXPECT_EQ(8, tool_number(BUFFER(self->top, 0), "acquired"));
	EXPECT_EQ(tool_summary(self->live, "acquired"), tool_summary(self->top, "acquired"));
}

/* What was there before: the snapshot has it, and no limit says otherwise. */
TOOL_TEST(replay_live, from_before_the_start)
{
	long a = as("A", self->a, &self->w.buf[0], W), b;

	ASSERT_LE(0, a);
	b = as("B", self->b, &self->w.buf[0], W);
	ASSERT_LE(0, b);
	BEGIN();
	END("");
	EXPECT_EQ(tool_number(BUFFER(self->live, 0), "held"),
		  tool_number(BUFFER(self->top, 0), "held"));
	EXPECT_EQ(1, tool_number(BUFFER(self->top, 0), "waiting"));
	EXPECT_EQ(2, tool_nr_rows(self->top, "chains"));
	EXPECT_EQ(NULL, strstr(tool_text(json_object_object_get(self->top, "summary"), "limits"),
			       "before"));
	ASSERT_EQ(0, st_release(self->a, a));
	ASSERT_EQ(0, st_event_result(self->b, b));
	ASSERT_EQ(0, st_release(self->b, b));
}

TEST_HARNESS_MAIN
