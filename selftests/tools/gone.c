// SPDX-License-Identifier: GPL-2.0-only
/* Buffers that do not live for long: they leave room at once, and nothing of them is lost. */
#include <kselftest_harness.h>
#include <sys/ioctl.h>

#include <linux/dma-buf.h>

#include "tool.h"

#define W		DMA_BUF_ACCESS_W
#define NR_SHORT	1000
#define NR_USES		3
#define MAX_WINDOWS	100

FIXTURE(gone)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report;
	int ctx;
};

FIXTURE_SETUP(gone)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx[0];
}

FIXTURE_TEARDOWN(gone)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* A buffer with a name, used so many times. */
static int make_used(struct st_buffer *buf, int ctx, const char *name, unsigned int uses)
{
	int err = st_buffer_udmabuf(buf, ST_PAGE);

	if (err)
		return err;
	if (ioctl(buf->fd, DMA_BUF_SET_NAME_B, name))
		err = -1;
	while (!err && uses--)
		err = st_release(ctx, st_lock_all(ctx, buf->fd, W, 0));
	if (err)
		st_buffer_close(buf);
	return err;
}

static int use_and_close(int ctx, const char *name, unsigned int uses)
{
	struct st_buffer buf;
	int err = make_used(&buf, ctx, name, uses);

	if (!err)
		st_buffer_close(&buf);
	return err;
}

/* The row that sums buffers of this name that are gone. */
static struct json_object *row_of(struct json_object *report, const char *name)
{
	struct json_object *rows = json_object_object_get(report, "buffers"), *row;
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (tool_number(row, "ino") == -1 && !strcmp(tool_text(row, "name"), name))
			return row;
	}
	return NULL;
}

/* Far more than there is room for, and two of them at a time: one that stays, and a new one. */
TOOL_TEST(gone, short_lived_buffers_are_summed_by_name)
{
	struct json_object *row;
	unsigned int i;

	ASSERT_EQ(0, tool_attach(&self->tool, "--max-buffers", "2"));
	ASSERT_LE(0, st_lock_all(self->ctx, self->w.buf[0].fd, W, 0));
	for (i = 0; i < NR_SHORT; i++)
		ASSERT_EQ(0, use_and_close(self->ctx, i % 4 ? "frame" : "still", 1));
	self->report = tool_end(&self->tool);
	ASSERT_NE(NULL, self->report);
	EXPECT_EQ(0, tool_number(self->report, "lost"));
	EXPECT_EQ(1 + NR_SHORT, tool_summary(self->report, "acquired"));
	EXPECT_EQ(1, tool_summary(self->report, "buffers"));
	row = row_of(self->report, "frame");
	ASSERT_NE(NULL, row);
	EXPECT_STREQ("udmabuf", tool_text(row, "exporter"));
	EXPECT_EQ(NR_SHORT * 3 / 4, tool_number(row, "gone"));
	EXPECT_EQ(NR_SHORT * 3 / 4, tool_number(row, "acquired"));
	EXPECT_EQ(NR_SHORT * 3 / 4, tool_number(row, "released"));
	row = row_of(self->report, "still");
	ASSERT_NE(NULL, row);
	EXPECT_EQ(NR_SHORT / 4, tool_number(row, "total_acquired"));
	row = tool_row(self->report, "buffers", "ino", self->w.buf[0].ino);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "acquired"));
}

/* What a buffer did before its last window was counted there, and is not counted again. */
TOOL_TEST(gone, a_buffer_leaves_when_it_is_closed)
{
	int64_t row_acquired = 0, class_acquired = 0, number;
	struct json_object *row = NULL;
	struct st_buffer buf;
	unsigned int i;

	ASSERT_EQ(0, tool_attach(&self->tool, "--delay", "0.1"));
	ASSERT_EQ(0, make_used(&buf, self->ctx, "long", NR_USES));
	for (i = 0; i < MAX_WINDOWS && row_acquired < NR_USES; i++) {
		json_object_put(self->report);
		self->report = tool_line(&self->tool);
		ASSERT_NE(NULL, self->report);
		row = tool_row(self->report, "buffers", "ino", buf.ino);
		row_acquired += row ? tool_number(row, "acquired") : 0;
	}
	EXPECT_EQ(NR_USES, row_acquired);
	ASSERT_EQ(0, st_release(self->ctx, st_lock_all(self->ctx, buf.fd, W, 0)));
	st_buffer_close(&buf);
	for (row = NULL; i < MAX_WINDOWS && !row; i++) {
		json_object_put(self->report);
		self->report = tool_line(&self->tool);
		ASSERT_NE(NULL, self->report);
		row = tool_row(self->report, "buffers", "ino", buf.ino);
		row_acquired += row ? tool_number(row, "acquired") : 0;
		row = row_of(self->report, "long");
	}
	ASSERT_NE(NULL, row);
	EXPECT_EQ(1, tool_number(row, "gone"));
	EXPECT_EQ(NULL, tool_row(self->report, "buffers", "ino", buf.ino));
	class_acquired = tool_number(row, "acquired");
	EXPECT_EQ(NR_USES + 1, row_acquired + class_acquired);
	number = tool_number(row, "total_acquired");
	EXPECT_EQ(NR_USES + 1, number);
}

TEST_HARNESS_MAIN
