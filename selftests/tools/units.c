// SPDX-License-Identifier: GPL-2.0-only
/* Parts of the tools that need no kernel: numbers as text, times of use, lines of the snapshot. */
#include <kselftest_harness.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../bpf/dmasync_top.h"
#include "../../tools/format.h"
#include "../../tools/interval.h"
#include "../../tools/snapshot.h"

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

TEST(times_of_use)
{
	struct top_busy busy = { 0 };
	struct interval interval;

	/* Used from second 110 to 120, nobody now. */
	busy.cpu_ns = 10 * SEC;
	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(10 * SEC, interval.cpu_ns);
	EXPECT_EQ(0, interval.dma_ns);
	/* And again since second 130, by two. */
	busy.cpu_ns -= 130 * SEC;
	busy.state = 2;
	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(40 * SEC, interval.cpu_ns);
	/* And by a job since second 150. */
	busy.state += 1ULL << 32;
	busy.dma_ns = -(long long)(150 * SEC);
	busy.both_ns = -(long long)(150 * SEC);
	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(40 * SEC, interval.cpu_ns);
	EXPECT_EQ(10 * SEC, interval.dma_ns);
	EXPECT_EQ(10 * SEC, interval.both_ns);
}

/* Processors that stood still for a second now and then are no reason to tell nothing. */
TEST(times_of_use_that_are_off_a_little)
{
	struct top_busy busy = { .cpu_ns = NOW - BEGIN + 3 * SEC, .dma_ns = -3LL * SEC };
	struct interval interval;

	ASSERT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	EXPECT_EQ(0, interval.dma_ns);
}

/* The counts are changed, the sum not yet; or the other way round. */
TEST(read_in_the_middle)
{
	struct top_busy busy = { .state = 1, .cpu_ns = 10 * SEC };
	struct interval interval;

	EXPECT_FALSE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.state = 0;
	EXPECT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.cpu_ns -= 130 * SEC;
	EXPECT_FALSE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.state = 1ULL << 32;
	busy.cpu_ns = 0;
	EXPECT_FALSE(interval_read(&busy, BEGIN, NOW, &interval));
	busy.dma_ns = -(long long)(150 * SEC);
	EXPECT_TRUE(interval_read(&busy, BEGIN, NOW, &interval));
}

TEST(differences)
{
	struct interval before = { 10, 20, 30 }, now = { 15, 20, 90 }, diff;

	interval_diff(&now, &before, 50, &diff);
	EXPECT_EQ(5, diff.cpu_ns);
	EXPECT_EQ(0, diff.dma_ns);
	/* Not more than the window has. */
	EXPECT_EQ(50, diff.both_ns);
	/* Clocks of several CPUs: not less than nothing. */
	interval_diff(&before, &now, 50, &diff);
	EXPECT_EQ(0, diff.cpu_ns);
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
	struct told told = lines("type=access ino=7 exporter=udmabuf size=4096 access=12 owner=3 kind=context tgid=40 tid=41 mode=rw agent=dma state=committed start=0 len=4096 age_ns=5 fence=8:9 lease=new comm=a task=b\n");

	EXPECT_EQ(0, told.ret);
	ASSERT_EQ(1, told.nr);
	EXPECT_EQ(SNAPSHOT_ACCESS, told.line.type);
	EXPECT_EQ(12, told.line.id);
	EXPECT_EQ(7, told.line.access.ino);
	EXPECT_EQ(41, told.line.access.tid);
	EXPECT_EQ(3, told.line.access.mode);
	EXPECT_EQ(TOP_AGENT_DMA, told.line.access.agent);
	EXPECT_EQ(TOP_STATE_COMMITTED, told.line.access.state);
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

TEST_HARNESS_MAIN
