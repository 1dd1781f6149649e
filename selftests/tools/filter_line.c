// SPDX-License-Identifier: GPL-2.0-only
/* The line in which filters are written: what it takes, what it offers, what comes of it. */
#include <kselftest_harness.h>
#include <errno.h>
#include <string.h>

#include "../../tools/top/filter_line.h"
#include "screen.h"

FIXTURE(filter_line)
{
	struct filter_line line;
	struct top_limits limits;
	struct model model;
	struct model_buffer buffers[2], *rows[2];
	struct model_access accesses[3];
	char why[TOP_FILTER_WHY], shows[512];
};

/* Two buffers, and three accesses of two threads of one name and one of another. */
FIXTURE_SETUP(filter_line)
{
	unsigned int i;

	self->buffers[0] = (struct model_buffer){ .ino = 14, .name = "frame" };
	self->buffers[1] = (struct model_buffer){ .ino = 15, .name = "a*[b" };
	for (i = 0; i < 2; i++)
		self->rows[i] = &self->buffers[i];
	for (i = 0; i < 3; i++) {
		self->accesses[i].at.tgid = 100;
		self->accesses[i].at.tid = 100 + i;
		snprintf(self->accesses[i].at.comm, sizeof(self->accesses[i].at.comm), "%s",
			 i == 2 ? "Web Content" : "camera");
	}
	self->model.buffers = self->rows;
	self->model.nr_buffers = 2;
	self->model.accesses = self->accesses;
	self->model.nr_accesses = 3;
	filter_line_open(&self->line, "", &self->model);
}

FIXTURE_TEARDOWN(filter_line)
{
	filter_line_close(&self->line);
}

#define KEY(key)	filter_line_key(&self->line, key, &self->model)

#define WRITE(text) do {						\
	const char *_text = text;					\
									\
	for (; *_text; _text++)						\
		ASSERT_EQ(FILTER_LINE_GOES_ON, KEY(SCREEN_KEY_CHAR + *_text)); \
} while (0)

#define EXPECT_SHOWS(text) do {						\
	filter_line_show(&self->line, self->shows, sizeof(self->shows)); \
	EXPECT_STREQ(text, self->shows);				\
} while (0)

#define PARSE(text)	top_filter_parse(&self->limits, text, self->why)

TEST_F(filter_line, offers_keys_then_values)
{
	EXPECT_SHOWS("filter: _  Tab: buffer= comm= pid= tid=");
	WRITE("t");
	EXPECT_SHOWS("filter: t_  Tab: tid=");
	WRITE("\t");
	EXPECT_SHOWS("filter: tid=_  Tab: 100 101 102");
}

/* One after the other, each once, and then what was written. */
TEST_F(filter_line, completes_in_turn)
{
	WRITE("comm=");
	EXPECT_SHOWS("filter: comm=_  Tab: Web Content camera");
	WRITE("\t");
	EXPECT_STREQ("comm=Web Content", self->line.text);
	WRITE("\t");
	EXPECT_STREQ("comm=camera", self->line.text);
	WRITE("\t");
	EXPECT_STREQ("comm=", self->line.text);
	WRITE("\t");
	EXPECT_STREQ("comm=Web Content", self->line.text);
}

TEST_F(filter_line, completes_what_was_begun)
{
	WRITE("comm=ca\t");
	EXPECT_STREQ("comm=camera", self->line.text);
	WRITE(" buffer=fr\t");
	EXPECT_STREQ("comm=camera buffer=frame", self->line.text);
	EXPECT_EQ(FILTER_LINE_READY, KEY(SCREEN_KEY_ENTER));
}

/* Behind a filter the next one may begin; a word that is no key's goes on with the value. */
TEST_F(filter_line, offers_keys_behind_a_filter)
{
	WRITE("comm=Web ");
	EXPECT_SHOWS("filter: comm=Web _  Tab: buffer= comm= pid= tid=");
	WRITE("C\t");
	EXPECT_STREQ("comm=Web Content", self->line.text);
	WRITE(" p\t\t");
	EXPECT_STREQ("comm=Web Content pid=100", self->line.text);
}

TEST_F(filter_line, nothing_to_complete)
{
	WRITE("comm=x\t\t");
	EXPECT_STREQ("comm=x", self->line.text);
	EXPECT_SHOWS("filter: comm=x_");
}

/* A name that is no pattern of itself is offered as one that fits. */
TEST_F(filter_line, names_are_patterns)
{
	WRITE("buffer=a\t");
	EXPECT_STREQ("buffer=a\\*\\[b", self->line.text);
	ASSERT_EQ(0, PARSE(self->line.text));
	EXPECT_TRUE(glob_fits(&self->limits.glob, self->buffers[1].name));
	EXPECT_FALSE(glob_fits(&self->limits.glob, self->buffers[0].name));
}

TEST_F(filter_line, edits)
{
	WRITE("comm=cax");
	EXPECT_EQ(FILTER_LINE_GOES_ON, KEY(SCREEN_KEY_BACKSPACE));
	EXPECT_SHOWS("filter: comm=ca_  Tab: camera");
	EXPECT_EQ(FILTER_LINE_GOES_ON, KEY(SCREEN_KEY_LEFT));
	WRITE("\025");
	EXPECT_STREQ("", self->line.text);
	EXPECT_EQ(FILTER_LINE_GOES_ON, KEY(SCREEN_KEY_BACKSPACE));
	EXPECT_EQ(FILTER_LINE_LEFT, KEY(SCREEN_KEY_ESCAPE));
}

/* No longer than there is room for. */
TEST_F(filter_line, bounded)
{
	unsigned int i;

	for (i = 0; i < 2 * TOP_FILTER_SIZE; i++)
		WRITE("x");
	EXPECT_EQ(TOP_FILTER_SIZE - 1, strlen(self->line.text));
	WRITE("\t");
	filter_line_show(&self->line, self->shows, 40);
	EXPECT_EQ(39, strlen(self->shows));
}

TEST_F(filter_line, all_filters)
{
	ASSERT_EQ(0, PARSE("  comm=Web Content  tid=102 pid=100 buffer=15 buffer=fr?me "));
	EXPECT_STREQ("Web Content", self->limits.comm);
	EXPECT_EQ(102, self->limits.tid);
	EXPECT_EQ(100, self->limits.tgid);
	EXPECT_EQ(15, self->limits.ino);
	EXPECT_TRUE(glob_fits(&self->limits.glob, self->buffers[0].name));
}

/* Those of before are gone, and other limits stay. */
TEST_F(filter_line, anew)
{
	top_limits_init(&self->limits);
	ASSERT_EQ(0, PARSE("comm=camera tid=101"));
	ASSERT_EQ(0, PARSE("pid=100"));
	EXPECT_STREQ("", self->limits.comm);
	EXPECT_EQ(0, self->limits.tid);
	EXPECT_EQ(100, self->limits.tgid);
	EXPECT_NE(0, self->limits.max_buffers);
	ASSERT_EQ(0, PARSE(""));
	EXPECT_EQ(0, self->limits.tgid);
}

#define EXPECT_WRONG(text, reason) do {					\
	EXPECT_EQ(-EINVAL, PARSE(text));				\
	EXPECT_NE(NULL, strstr(self->why, reason)) TH_LOG("%s", self->why); \
	EXPECT_EQ(7, self->limits.tid);					\
} while (0)

/* It says why, and nothing changes. */
TEST_F(filter_line, wrong)
{
	ASSERT_EQ(0, PARSE("tid=7"));
	EXPECT_WRONG("color=red", "'color=red' is not a filter");
	EXPECT_WRONG("pid=12 nothing", "is not a number");
	EXPECT_WRONG("comm=a comm=b", "a name of threads was given before");
	EXPECT_WRONG("buffer=1 buffer=x buffer=2", "an inode number was given before");
	EXPECT_WRONG("buffer=x buffer=y", "a pattern was given before");
	EXPECT_WRONG("pid=1 pid=2", "a number of a task was given before");
	EXPECT_WRONG("tid=0", "is not a number");
	EXPECT_WRONG("tid=", "is not a number");
	EXPECT_WRONG("tid=99999999999999999999", "is not a number");
	EXPECT_WRONG("comm=", "is not the name of a thread");
	EXPECT_WRONG("comm=0123456789abcdef", "is not the name of a thread");
	EXPECT_WRONG("buffer=[a", "neither a number nor a pattern");
	EXPECT_WRONG("buffer=", "neither a number nor a pattern");
	EXPECT_WRONG("buffer=0123456789012345678901234567890123456789x", "longer than any name");
}

TEST_HARNESS_MAIN
