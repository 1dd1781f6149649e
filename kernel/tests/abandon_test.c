// SPDX-License-Identifier: GPL-2.0-only
/* Marks of abandoned ranges. The inode numbers are beyond those of real dma-bufs. */
#include <linux/hash.h>
#include <linux/log2.h>

#include "../abandon.h"
#include "fixture.h"

#define INO		BIT_ULL(60)
#define ROWS		256
#define MARKS_PER_ROW	8

static bool found(u64 ino, unsigned long start, unsigned long last)
{
	return dsync_abandon_check(ino, start, last, false);
}

static bool cleared(u64 ino, unsigned long start, unsigned long last)
{
	return dsync_abandon_check(ino, start, last, true);
}

static void abandon_exit(struct kunit *test)
{
	cleared(INO, 0, ULONG_MAX);
}

static void only_who_overlaps_is_told(struct kunit *test)
{
	dsync_abandon_note(INO, 100, 199);
	KUNIT_EXPECT_FALSE(test, found(INO, 0, 99));
	KUNIT_EXPECT_TRUE(test, found(INO, 0, 100));
	KUNIT_EXPECT_TRUE(test, found(INO, 150, 150));
	KUNIT_EXPECT_TRUE(test, found(INO, 199, ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, found(INO, 200, ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, found(INO + 1, 0, ULONG_MAX));
}

static void readers_leave_it(struct kunit *test)
{
	dsync_abandon_note(INO, 100, 199);
	KUNIT_EXPECT_TRUE(test, found(INO, 100, 199));
	KUNIT_EXPECT_TRUE(test, found(INO, 100, 199));
}

static void writer_takes_it(struct kunit *test)
{
	dsync_abandon_note(INO, 100, 199);
	KUNIT_EXPECT_TRUE(test, cleared(INO, 100, 199));
	KUNIT_EXPECT_FALSE(test, cleared(INO, 100, 199));
	KUNIT_EXPECT_FALSE(test, found(INO, 0, ULONG_MAX));
}

static void writer_takes_its_part(struct kunit *test)
{
	dsync_abandon_note(INO, 100, 199);
	KUNIT_EXPECT_TRUE(test, cleared(INO, 0, 119));
	KUNIT_EXPECT_FALSE(test, found(INO, 0, 119));
	KUNIT_EXPECT_TRUE(test, found(INO, 120, 120));
	KUNIT_EXPECT_TRUE(test, cleared(INO, 180, 300));
	KUNIT_EXPECT_FALSE(test, found(INO, 180, 300));
	KUNIT_EXPECT_TRUE(test, found(INO, 179, 179));
}

/* One mark cannot have a hole: rather told too often than not at all. */
static void part_in_the_middle_stays_marked(struct kunit *test)
{
	dsync_abandon_note(INO, 100, 199);
	KUNIT_EXPECT_TRUE(test, cleared(INO, 140, 150));
	KUNIT_EXPECT_TRUE(test, found(INO, 100, 139));
	KUNIT_EXPECT_TRUE(test, found(INO, 151, 199));
}

static void second_range_widens_it(struct kunit *test)
{
	dsync_abandon_note(INO, 100, 199);
	dsync_abandon_note(INO, 400, 499);
	KUNIT_EXPECT_TRUE(test, found(INO, 100, 100));
	KUNIT_EXPECT_TRUE(test, found(INO, 499, 499));
	KUNIT_EXPECT_FALSE(test, found(INO, 500, 500));
	KUNIT_EXPECT_FALSE(test, found(INO, 0, 99));
}

/* A row is full: the oldest mark is forgotten, all others are there. */
static void full_row_forgets_the_oldest(struct kunit *test)
{
	u64 inos[MARKS_PER_ROW + 1], ino = INO;
	unsigned int i, row = hash_64(INO, ilog2(ROWS));

	for (i = 0; i < ARRAY_SIZE(inos); ino++)
		if (hash_64(ino, ilog2(ROWS)) == row)
			inos[i++] = ino;
	for (i = 0; i < ARRAY_SIZE(inos); i++)
		dsync_abandon_note(inos[i], i, i);
	KUNIT_EXPECT_FALSE(test, found(inos[0], 0, ULONG_MAX));
	for (i = 1; i < ARRAY_SIZE(inos); i++)
		KUNIT_EXPECT_TRUE_MSG(test, cleared(inos[i], i, i), "mark %u", i);
	for (i = 0; i < ARRAY_SIZE(inos); i++)
		KUNIT_EXPECT_FALSE_MSG(test, found(inos[i], 0, ULONG_MAX), "mark %u", i);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(only_who_overlaps_is_told),
	KUNIT_CASE(readers_leave_it),
	KUNIT_CASE(writer_takes_it),
	KUNIT_CASE(writer_takes_its_part),
	KUNIT_CASE(part_in_the_middle_stays_marked),
	KUNIT_CASE(second_range_widens_it),
	KUNIT_CASE(full_row_forgets_the_oldest),
	{}
};

struct kunit_suite dsync_abandon_suite = {
	.name = "dmabuf_sync_abandon",
	.exit = abandon_exit,
	.test_cases = cases,
};
