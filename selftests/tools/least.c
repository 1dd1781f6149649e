// SPDX-License-Identifier: GPL-2.0-only
/*
 * Least privilege: CAP_BPF and CAP_PERFMON, and no look into debugfs. Accesses from before
 * the start are known by what others are told of them only, and so is their end.
 */
#include <kselftest_harness.h>

#include "tool.h"

#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define PAGE(i)	(i) * ST_PAGE, ST_PAGE

FIXTURE(least)
{
	struct st_world w;
	struct tool tool;
	struct json_object *report, *chains;
	int a, b, c, d;
	long before, known;
};

/*
 *   A (page 0, before) <─┐
 *   B (page 1) <─────────┼── D (all of it)
 *   C (page 2) <─────────┘
 */
FIXTURE_SETUP(least)
{
	int fd;

	ASSERT_EQ(0, st_world_open(&self->w));
	fd = self->w.buf[0].fd;
	self->a = tool_actor("A");
	self->before = st_lock(self->a, fd, W, PAGE(0), 0);
	ASSERT_LE(0, self->before);
	tool_name("test");
	self->tool.least = true;
	ASSERT_EQ(0, tool_attach(&self->tool));
	self->b = tool_actor("B");
	self->known = st_lock(self->b, fd, W, PAGE(1), 0);
	ASSERT_LE(0, self->known);
	self->c = tool_actor("C");
	ASSERT_LE(0, st_lock(self->c, fd, W, PAGE(2), 0));
	self->d = tool_actor("D");
	ASSERT_LE(0, st_lock_all(self->d, fd, W, QUEUE));
}

FIXTURE_TEARDOWN(least)
{
	json_object_put(self->report);
	tool_kill(&self->tool);
	close(self->a);
	close(self->b);
	close(self->c);
	close(self->d);
	EXPECT_TRUE(st_world_close(&self->w));
}

#define LOOK() do {							\
	self->report = tool_end(&self->tool);				\
	ASSERT_NE(NULL, self->report);					\
	self->chains = json_object_object_get(self->report, "chains");	\
} while (0)

/* Rows of the chains that say this in @key. */
static unsigned int nr_rows(struct json_object *chains, const char *key, const char *text)
{
	unsigned int nr = 0, i;

	for (i = 0; i < json_object_array_length(chains); i++)
		nr += !strcmp(tool_text(json_object_array_get_idx(chains, i), key), text);
	return nr;
}

TOOL_TEST(least, blockers_are_shown_while_they_are)
{
	LOOK();
	/* Each of them, and D behind it. */
	EXPECT_EQ(6, json_object_array_length(self->chains));
	EXPECT_EQ(1, nr_rows(self->chains, "comm", "B"));
	EXPECT_EQ(1, nr_rows(self->chains, "comm", "C"));
	EXPECT_EQ(3, nr_rows(self->chains, "comm", "D"));
	/* Of A no more than that it holds. */
	EXPECT_EQ(3, nr_rows(self->chains, "state", "holds"));
	EXPECT_EQ(1, nr_rows(self->chains, "mode", ""));
	/* That there is more is said, too. */
	EXPECT_STREQ("module's BTF, accesses before start, names before start, own cost",
		     tool_text(json_object_object_get(self->report, "summary"), "limits"));
}

TOOL_TEST(least, blockers_that_are_gone_are_not)
{
	ASSERT_EQ(0, st_release(self->a, self->before));
	ASSERT_EQ(0, st_release(self->b, self->known));
	LOOK();
	EXPECT_EQ(2, json_object_array_length(self->chains));
	EXPECT_EQ(1, nr_rows(self->chains, "comm", "C"));
	EXPECT_EQ(1, nr_rows(self->chains, "comm", "D"));
}

TEST_HARNESS_MAIN
