// SPDX-License-Identifier: GPL-2.0-only
/* Parts of the tools that need no kernel: numbers as text, times of use, lines of the snapshot. */
#include <kselftest_harness.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../bpf/dmasync_top.h"
#include "../../tools/lib/format.h"
#include "../../tools/lib/glob.h"
#include "../../tools/lib/group.h"
#include "../../tools/top/history.h"
#include "../../tools/lib/interval.h"
#include "../../tools/lib/output.h"
#include "../../tools/lib/session.h"
#include "../../tools/lib/snapshot.h"
#include "../../tools/lib/words.h"

#define SEC	1000000000ULL
/* The time since boot when a tool was attached, and now. */
#define BEGIN	(100 * SEC)
#define NOW	(160 * SEC)

/* Every number keeps to its width, around each power of ten and of two. */
TEST(widths)
{
	char text[64];
	double real;
	uint64_t n;
	int near;

	for (n = 10; n < UINT64_MAX / 10; n *= 10) {
		for (near = -6; near <= 6; near++) {
			format_ns(text, sizeof(text), n + near);
			EXPECT_GE(6, strlen(text)) TH_LOG("%s", text);
			if (n >= 1000000000000)
				continue;
			format_count(text, sizeof(text), n + near);
			EXPECT_GE(5, strlen(text)) TH_LOG("%s", text);
		}
	}
	for (n = 8; n < 1ULL << 60; n *= 2) {
		for (near = -6; near <= 6; near++) {
			format_bytes(text, sizeof(text), n + near);
			EXPECT_GE(5, strlen(text)) TH_LOG("%s", text);
		}
	}
	for (real = 0; real <= 100; real += 0.013) {
		format_percent(text, sizeof(text), real);
		EXPECT_GE(4, strlen(text)) TH_LOG("%s", text);
	}
}

#define EXPECT_TEXT(expected, function, number) do {			\
	char text[64];							\
									\
	function(text, sizeof(text), number);				\
	EXPECT_STREQ(expected, text);					\
} while (0)

TEST(texts)
{
	EXPECT_TEXT("0ns", format_ns, 0);
	EXPECT_TEXT("999ns", format_ns, 999);
	EXPECT_TEXT("1us", format_ns, 1000);
	EXPECT_TEXT("12.3ms", format_ns, 12345678);
	EXPECT_TEXT("1s", format_ns, 999999999);
	EXPECT_TEXT("10m00s", format_ns, 600 * SEC);
	EXPECT_TEXT("2h05m", format_ns, 7500 * SEC);
	EXPECT_TEXT("4K", format_bytes, 4096);
	EXPECT_TEXT("1.5M", format_bytes, 3 << 19);
	EXPECT_TEXT("1M", format_bytes, (1 << 20) - 1);
	EXPECT_TEXT("12345", format_count, 12345);
	EXPECT_TEXT("123k", format_count, 123456);
	EXPECT_TEXT("0.5", format_count, 0.5);
	EXPECT_TEXT("100", format_percent, 99.99);
	EXPECT_TEXT("0.0", format_percent, 0.01);
}

/* Whatever somebody calls a task or a buffer, it cannot break a line or a terminal. */
TEST(names)
{
	char text[8];

	format_name(text, sizeof(text), "a\nb\033\x80\xff c");
	EXPECT_STREQ("a?b??? ", text);
	format_name(text, sizeof(text), "");
	EXPECT_STREQ("", text);
}

/* What is in use, with these numbers of users. */
static top_u64 uses(unsigned int use, unsigned int also)
{
	top_u64 state = TOP_BUSY_REST;

	state += 1ULL << use * TOP_USE_BITS;
	return also < TOP_NR_USES ? state + (1ULL << also * TOP_USE_BITS) : state;
}

TEST(times_of_use)
{
	struct top_busy busy = { .state = TOP_BUSY_REST };
	struct interval interval;

	/* Used from second 110 to 120, nobody now. */
	busy.ns[TOP_TIME_CPU] = 10 * SEC;
	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(10 * SEC, interval.ns[TOP_TIME_CPU]);
	EXPECT_EQ(0, interval.ns[TOP_TIME_DMA]);
	/* And again since second 130. */
	busy.ns[TOP_TIME_CPU] -= 130 * SEC;
	busy.state = uses(TOP_USE_CPU, TOP_NR_USES);
	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(40 * SEC, interval.ns[TOP_TIME_CPU]);
	/* And by a job since second 150. */
	busy.state = uses(TOP_USE_CPU, TOP_USE_DMA);
	busy.ns[TOP_TIME_DMA] = -(long long)(150 * SEC);
	busy.ns[TOP_TIME_BOTH] = -(long long)(150 * SEC);
	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(40 * SEC, interval.ns[TOP_TIME_CPU]);
	EXPECT_EQ(10 * SEC, interval.ns[TOP_TIME_DMA]);
	EXPECT_EQ(10 * SEC, interval.ns[TOP_TIME_BOTH]);
	EXPECT_EQ(10 * SEC, interval_possible_ns(&interval));
	EXPECT_EQ(50 * SEC, interval_nothing_ns(&interval, NOW - BEGIN));
}

/* Each state has one reason why the CPU and DMA do not both work, or none. */
TEST(reasons)
{
	static const struct {
		unsigned int use, also;
		top_u32 times;
	} states[] = {
		{ TOP_USE_CPU, TOP_USE_DMA,
		  1 << TOP_TIME_CPU | 1 << TOP_TIME_DMA | 1 << TOP_TIME_BOTH },
		{ TOP_USE_CPU, TOP_NR_USES, 1 << TOP_TIME_CPU },
		{ TOP_USE_DMA, TOP_NR_USES, 1 << TOP_TIME_DMA },
		{ TOP_USE_QUEUE, TOP_NR_USES, 1 << TOP_TIME_QUEUE | 1 << TOP_TIME_ENGINE },
		{ TOP_USE_CPU, TOP_USE_QUEUE,
		  1 << TOP_TIME_CPU | 1 << TOP_TIME_QUEUE | 1 << TOP_TIME_ENGINE },
		/* A second job is no loss while the first one runs. */
		{ TOP_USE_DMA, TOP_USE_QUEUE, 1 << TOP_TIME_DMA | 1 << TOP_TIME_QUEUE },
		{ TOP_USE_CPU, TOP_USE_WAIT + TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_CPU),
		  1 << TOP_TIME_CPU | 1 << TOP_TIME_DMA_FOR_CPU },
		{ TOP_USE_DMA, TOP_USE_WAIT + TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_DMA),
		  1 << TOP_TIME_DMA | 1 << TOP_TIME_CPU_FOR_DMA },
		{ TOP_USE_CPU, TOP_USE_WAIT + TOP_PAIR(TOP_AGENT_CPU, TOP_AGENT_CPU),
		  1 << TOP_TIME_CPU | 1 << TOP_TIME_CPU_FOR_CPU },
		{ TOP_USE_DMA, TOP_USE_WAIT + TOP_PAIR(TOP_AGENT_DMA, TOP_AGENT_DMA),
		  1 << TOP_TIME_DMA },
	};
	unsigned int i;

	EXPECT_EQ(0, top_busy_times(top_busy_set(TOP_BUSY_REST)));
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		EXPECT_EQ(states[i].times,
			  top_busy_times(top_busy_set(uses(states[i].use, states[i].also)))) {
			TH_LOG("state %u", i);
		}
}

/* Processors that stood still for a second now and then are no reason to tell nothing. */
TEST(times_of_use_that_are_off_a_little)
{
	struct top_busy busy = { .state = TOP_BUSY_REST };
	struct interval interval;

	busy.ns[TOP_TIME_CPU] = NOW - BEGIN + 3 * SEC;
	busy.ns[TOP_TIME_DMA] = -3LL * SEC;
	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(0, interval.ns[TOP_TIME_DMA]);
}

/* The state is changed, the sum not yet; or the other way round. */
TEST(read_in_the_middle)
{
	struct top_busy busy = { .state = uses(TOP_USE_CPU, TOP_NR_USES) };
	struct interval interval;

	busy.ns[TOP_TIME_CPU] = 10 * SEC;
	EXPECT_FALSE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.state = TOP_BUSY_REST;
	EXPECT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.ns[TOP_TIME_CPU] -= 130 * SEC;
	EXPECT_FALSE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.state = uses(TOP_USE_DMA, TOP_NR_USES);
	busy.ns[TOP_TIME_CPU] = 0;
	EXPECT_FALSE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.ns[TOP_TIME_DMA] = -(long long)(150 * SEC);
	EXPECT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
}

TEST(differences)
{
	struct interval before = { .ns = { 10, 20, 0, 30 } }, now = { .ns = { 15, 90, 0, 60 } };
	struct interval diff;

	interval_diff(&now, &before, 50, &diff);
	EXPECT_EQ(5, diff.ns[TOP_TIME_CPU]);
	/* Not more than the window has. */
	EXPECT_EQ(50, diff.ns[TOP_TIME_DMA]);
	/* Not more than either of them. */
	EXPECT_EQ(5, diff.ns[TOP_TIME_BOTH]);
	/* Clocks of several CPUs: not less than nothing. */
	interval_diff(&before, &now, 50, &diff);
	EXPECT_EQ(0, diff.ns[TOP_TIME_CPU]);
}

static bool fits(const char *pattern, const char *name)
{
	char array[TOP_NAME_LEN] = "";
	struct glob glob;

	memcpy(array, name, strnlen(name, sizeof(array)));
	return !glob_parse(&glob, pattern) && glob_fits(&glob, array);
}

TEST(patterns)
{
	static const char *const longest = "0123456789abcdef0123456789abcdef";

	EXPECT_TRUE(fits("frame", "frame"));
	EXPECT_FALSE(fits("frame", "frames"));
	EXPECT_FALSE(fits("frame", "fram"));
	EXPECT_TRUE(fits("*", ""));
	EXPECT_FALSE(fits("?*", ""));
	EXPECT_TRUE(fits("*a*b*", "xxaxxbxx"));
	EXPECT_FALSE(fits("*a*b*", "xxbxxaxx"));
	EXPECT_TRUE(fits("*ab", "aabab"));
	EXPECT_TRUE(fits("a**b", "ab"));
	EXPECT_TRUE(fits("[]x]?[!0-9]", "]9a"));
	EXPECT_FALSE(fits("[]x]?[!0-9]", "]99"));
	EXPECT_TRUE(fits("\\*\\[", "*["));
	EXPECT_FALSE(fits("\\*", "x"));
	/* Not ended by a zero byte. */
	EXPECT_TRUE(fits(longest, longest));
	EXPECT_TRUE(fits("*f", longest));
}

TEST(wrong_patterns)
{
	char text[GLOB_MAX + 2] = "";
	struct glob glob;

	EXPECT_EQ(-EINVAL, glob_parse(&glob, ""));
	EXPECT_EQ(-EINVAL, glob_parse(&glob, "[a"));
	EXPECT_EQ(-EINVAL, glob_parse(&glob, "a\\"));
	memset(text, 'a', GLOB_MAX + 1);
	EXPECT_EQ(-E2BIG, glob_parse(&glob, text));
	text[GLOB_MAX] = '*';
	EXPECT_EQ(0, glob_parse(&glob, text));
}

/* Lines that were told, the last one of them, and what reading them returned. */
struct told {
	struct snapshot_line line;
	unsigned int nr;
	int ret;
};

static int tell(const struct snapshot_line *line, void *priv)
{
	struct told *told = priv;

	told->line = *line;
	told->nr++;
	return 0;
}

static struct told lines(const char *text)
{
	FILE *file = fmemopen((char *)text, strlen(text), "r");
	struct told told = { 0 };

	told.ret = snapshot_lines(file, tell, &told);
	fclose(file);
	return told;
}

TEST(snapshot_access)
{
	struct told told = lines("type=access ino=7 exporter=udmabuf size=4096 access=12 owner=3 kind=context tgid=40 tid=41 mode=rw agent=dma state=committed start=0 len=4096 since_ns=5 fence=8:9 driver=copy timeline=dma0chan0 began_ns=4 lease=new comm=a task=b\n");

	EXPECT_EQ(0, told.ret);
	ASSERT_EQ(1, told.nr);
	EXPECT_EQ(SNAPSHOT_ACCESS, told.line.type);
	EXPECT_EQ(12, told.line.id);
	EXPECT_EQ(7, told.line.access.ino);
	EXPECT_EQ(41, told.line.access.tid);
	EXPECT_EQ(3, told.line.access.mode);
	EXPECT_EQ(TOP_AGENT_DMA, told.line.access.agent);
	EXPECT_EQ(TOP_STATE_RUNNING, told.line.access.state);
	EXPECT_STREQ("copy", told.line.timeline.driver);
	EXPECT_STREQ("dma0chan0", told.line.timeline.name);
	EXPECT_EQ(9, told.line.access.fence_seqno);
	EXPECT_STREQ("udmabuf", told.line.exporter);
	EXPECT_STREQ("a task=b", told.line.access.comm);
}

TEST(snapshot_edge_and_more)
{
	struct told told;

	told = lines("type=edge ino=7 access=12 owner=3 blocker=11 blocker_owner=2 queued=1\n");
	EXPECT_EQ(0, told.ret);
	EXPECT_EQ(SNAPSHOT_EDGE, told.line.type);
	EXPECT_EQ(11, told.line.edge.blocker);
	EXPECT_EQ(1, told.line.queued);
	told = lines("type=more ino=7 held=100 edges=3\n");
	EXPECT_EQ(0, told.ret);
	EXPECT_EQ(SNAPSHOT_MORE, told.line.type);
	EXPECT_EQ(7, told.line.access.ino);
	EXPECT_EQ(100, told.line.held);
	EXPECT_EQ(3, told.line.edges);
	EXPECT_EQ(0, told.line.queued);
}

/* A newer module may say more, in words of its own. */
TEST(snapshot_unknown_type)
{
	struct told told = lines("type=timeline state=running access=x\n"
				 "type=edge access=12 blocker=11\n");

	EXPECT_EQ(0, told.ret);
	ASSERT_EQ(1, told.nr);
	EXPECT_EQ(12, told.line.id);
}

TEST(snapshot_wrong_lines)
{
	static const char *const wrong[] = {
		"\n", "word\n", "access=12 ino=7\n", "type=access ino=7\n",
		"type=edge access=12\n", "type=more held=1\n",
		"type=access access=12 ino=7 state=dancing\n",
		"type=access access=12 ino=-\n",
	};
	unsigned int i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		EXPECT_EQ(-EBADMSG, lines(wrong[i]).ret) TH_LOG("%s", wrong[i]);
		EXPECT_EQ(0, lines(wrong[i]).nr);
	}
}

/* Whatever was in memory before: marks are those that were set. */
TEST(marks_of_headings)
{
	static const struct column columns[] = {
		{ .key = "comm", .title = "COMMAND", .type = COLUMN_TEXT },
		{ .key = "tgid", .title = "PID", .type = COLUMN_NUMBER },
	};
	static const struct table table = { .columns = columns, .nr_columns = 2 };
	char line[OUTPUT_LINE_SIZE];
	struct layout layout;

	memset(&layout, 'x', sizeof(layout));
	output_layout_titles(&table, &layout);
	output_heading(&layout, line, sizeof(line));
	EXPECT_STREQ("COMMAND PID", line);
	memset(&layout, 'x', sizeof(layout));
	output_layout(&table, 80, &layout);
	output_mark(&layout, &columns[1], OUTPUT_DOWN);
	output_heading(&layout, line, sizeof(line));
	EXPECT_EQ(NULL, strchr(line, 'x')) TH_LOG("%s", line);
	EXPECT_NE(NULL, strchr(line, OUTPUT_DOWN)) TH_LOG("%s", line);
}

static void half(const void *row, struct value *value)
{
	(void)row;
	value->known = true;
	value->real = 50;
}

static void unknown(const void *row, struct value *value)
{
	(void)row;
	(void)value;
}

static void keep_line(const char *line, void *priv)
{
	snprintf(priv, OUTPUT_LINE_SIZE, "%s", line);
}

/* What is not known has no unit either. */
TEST(unknown_percent)
{
	static const struct column columns[] = {
		{ .title = "reached", .type = COLUMN_PERCENT, .get = half },
		{ .title = "bpf", .type = COLUMN_PERCENT, .get = unknown },
	};
	static const struct table table = { .columns = columns, .nr_columns = 2 };
	char line[OUTPUT_LINE_SIZE] = "";

	output_pairs(&table, NULL, 0, keep_line, line);
	EXPECT_STREQ("reached 50.0%  bpf -", line);
}

/* What a user may choose from, in a sentence. */
TEST(lists_of_words)
{
	char list[128];

	words_list(WORDS_PROBE, SESSION_PROBE_TP_BTF, list, sizeof(list));
	EXPECT_STREQ("tp_btf and raw_tp", list);
	words_list(WORDS_GROUP, GROUP_BY_EXPORTER, list, sizeof(list));
	EXPECT_STREQ("exporter, name, process, comm and engine", list);
	words_list(WORDS_GROUP, GROUP_BY_ENGINE, list, sizeof(list));
	EXPECT_STREQ("engine", list);
	words_list(WORDS_GROUP, GROUP_BY_EXPORTER, list, 12);
	EXPECT_STREQ("exporter, n", list);
}

/* A page that says @nr. */
static void add_page(struct history *history, unsigned int nr, uint64_t now_ns)
{
	struct page page = { 0 };

	snprintf(page_add(&page, PAGE_PLAIN)->text, OUTPUT_LINE_SIZE, "%u", nr);
	history_add(history, &page, now_ns);
	page_free(&page);
}

/* What the page on the screen says, -1: it is that of the present. */
static int page_nr(const struct history *history, uint64_t *ns)
{
	const struct page *page = history_page(history, ns);

	return page ? atoi(page->lines[0].text) : -1;
}

FIXTURE(past)
{
	struct history history;
	uint64_t ns;
};

FIXTURE_SETUP(past)
{
}

FIXTURE_TEARDOWN(past)
{
	history_free(&self->history);
}

TEST_F(past, steps)
{
	struct history *history = &self->history;
	unsigned int i;

	history_step(history, 1);
	EXPECT_EQ(-1, page_nr(history, &self->ns));
	for (i = 0; i < 5; i++)
		add_page(history, i, i * SEC);
	EXPECT_EQ(-1, page_nr(history, &self->ns));
	history_step(history, 1);
	EXPECT_EQ(4, page_nr(history, &self->ns));
	history_step(history, 2);
	EXPECT_EQ(2, page_nr(history, &self->ns));
	EXPECT_EQ(2 * SEC, self->ns);
	history_step(history, 9);
	EXPECT_EQ(0, page_nr(history, &self->ns));
	history_step(history, -1);
	EXPECT_EQ(1, page_nr(history, &self->ns));
	history_step(history, -HISTORY_PAGES);
	EXPECT_EQ(-1, page_nr(history, &self->ns));
}

/* It stays on the screen however long somebody looks at it; then there are others. */
TEST_F(past, held)
{
	struct history *history = &self->history;
	unsigned int i;

	add_page(history, 0, SEC);
	history_step(history, 1);
	for (i = 1; i < 2 * HISTORY_PAGES; i++)
		add_page(history, i, (i + 1) * SEC);
	EXPECT_EQ(0, page_nr(history, &self->ns));
	EXPECT_EQ(SEC, self->ns);
	history_step(history, -1);
	EXPECT_EQ(-1, page_nr(history, &self->ns));
	add_page(history, i, (i + 1) * SEC);
	history_step(history, 9);
	EXPECT_EQ(i, page_nr(history, &self->ns));
}

/* No more than there is room for, the latest ones. */
TEST_F(past, bounded)
{
	struct history *history = &self->history;
	unsigned int i;

	for (i = 0; i < HISTORY_PAGES + 3; i++)
		add_page(history, i, SEC + i);
	history_step(history, 1000);
	EXPECT_EQ(3, page_nr(history, &self->ns));
	history_step(history, -1);
	EXPECT_EQ(4, page_nr(history, &self->ns));
}

/* A page of the same moment takes the place of the other one. */
TEST_F(past, same_moment)
{
	struct history *history = &self->history;

	add_page(history, 0, SEC);
	add_page(history, 1, 2 * SEC);
	add_page(history, 2, 2 * SEC);
	history_step(history, 1);
	EXPECT_EQ(2, page_nr(history, &self->ns));
	history_step(history, 1);
	EXPECT_EQ(0, page_nr(history, &self->ns));
}

/* After a minute a page is gone, however few there are; the latest one never is. */
TEST_F(past, forgotten)
{
	struct history *history = &self->history;

	add_page(history, 0, SEC);
	add_page(history, 1, 2 * SEC);
	add_page(history, 2, 61 * SEC);
	history_step(history, 9);
	EXPECT_EQ(0, page_nr(history, &self->ns));
	history_step(history, -HISTORY_PAGES);
	add_page(history, 3, 62 * SEC);
	history_step(history, 9);
	EXPECT_EQ(1, page_nr(history, &self->ns));
	history_step(history, -HISTORY_PAGES);
	add_page(history, 4, 1000 * SEC);
	history_step(history, 9);
	EXPECT_EQ(4, page_nr(history, &self->ns));
}

TEST_HARNESS_MAIN
