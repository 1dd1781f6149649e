// SPDX-License-Identifier: GPL-2.0-only
/* Marks of abandoned ranges, in the state of a buffer. */
#include <linux/limits.h>

#include "../abandon.h"
#include "../user.h"
#include "fixture.h"

/* What is noted, looked for and cleared: an access of owner A, to buffer 0 or 1. */
struct probe {
	struct dsync_set set;
	struct dsync_access access;
};

static int abandon_init(struct kunit *test)
{
	int ret = fx_init(test);
	unsigned int i;

	for (i = 0; !ret && i < FX_BUFS; i++)
		if (!dsync_buf_get(((struct fx *)test->priv)->bufs[i]))
			ret = -ENOMEM;
	return ret;
}

/* The state of a buffer, which abandon_init() has a reference on. */
static struct dsync_buf *buf_of(struct kunit *test, unsigned int nr)
{
	struct fx *fx = test->priv;
	struct dsync_buf *buf = dsync_buf_find(fx->bufs[nr]);

	dsync_buf_put(buf);
	return buf;
}

static void abandon_exit(struct kunit *test)
{
	struct fx *fx = test->priv;
	struct dsync_buf *buf;
	unsigned int i;

	for (i = 0; i < FX_BUFS; i++) {
		buf = dsync_buf_find(fx->bufs[i]);
		if (!buf)
			continue;
		dsync_abandon_forget(buf);
		dsync_buf_put(buf);
		dsync_buf_put(buf);
	}
	fx_exit(test);
}

static struct probe probe_of(struct kunit *test, unsigned int nr, unsigned long start,
			     unsigned long last)
{
	struct fx *fx = test->priv;

	return (struct probe){
		.set = { .owner = fx->owners[A] },
		.access = { .buf = buf_of(test, nr), .start = start, .last = last },
	};
}

static void note(struct kunit *test, unsigned int nr, unsigned long start, unsigned long last)
{
	struct probe probe = probe_of(test, nr, start, last);

	probe.access.set = &probe.set;
	dsync_abandon_note(&probe.access, DSYNC_MARK_ABANDONED);
}

static void clear(struct kunit *test, unsigned int nr, unsigned long start, unsigned long last)
{
	struct probe probe = probe_of(test, nr, start, last);

	probe.access.set = &probe.set;
	dsync_abandon_clear(&probe.access);
}

static bool found(struct kunit *test, unsigned int nr, unsigned long start, unsigned long last)
{
	struct dsync_buf *buf = buf_of(test, nr);
	unsigned long flags;
	bool is;

	dsync_buf_lock(buf, &flags);
	is = dsync_abandon_overlaps(buf, start, last);
	dsync_buf_unlock(buf, flags);
	return is;
}

static unsigned int count(struct kunit *test, enum dsync_quota quota)
{
	struct fx *fx = test->priv;

	return atomic_read(&fx->owners[A]->user->nr[quota]);
}

static void only_who_overlaps_is_told(struct kunit *test)
{
	note(test, 0, 100, 199);
	KUNIT_EXPECT_FALSE(test, found(test, 0, 0, 99));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 0, 100));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 150, 150));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 199, DSYNC_LAST_BYTE));
	KUNIT_EXPECT_FALSE(test, found(test, 0, 200, DSYNC_LAST_BYTE));
	KUNIT_EXPECT_FALSE(test, found(test, 1, 0, DSYNC_LAST_BYTE));
}

static void to_look_leaves_it(struct kunit *test)
{
	note(test, 0, 100, 199);
	KUNIT_EXPECT_TRUE(test, found(test, 0, 100, 199));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 100, 199));
}

static void writer_takes_all_of_it(struct kunit *test)
{
	note(test, 0, 100, 199);
	clear(test, 0, 0, DSYNC_LAST_BYTE);
	KUNIT_EXPECT_FALSE(test, found(test, 0, 0, DSYNC_LAST_BYTE));
	KUNIT_EXPECT_EQ(test, 0, count(test, DSYNC_QUOTA_MARKS));
}

static void writer_takes_its_part(struct kunit *test)
{
	note(test, 0, 100, 199);
	clear(test, 0, 0, 119);
	KUNIT_EXPECT_FALSE(test, found(test, 0, 0, 119));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 120, 120));
	clear(test, 0, 180, 300);
	KUNIT_EXPECT_TRUE(test, found(test, 0, 179, 179));
	KUNIT_EXPECT_FALSE(test, found(test, 0, 180, DSYNC_LAST_BYTE));
}

static void part_in_the_middle_leaves_two(struct kunit *test)
{
	note(test, 0, 100, 199);
	clear(test, 0, 140, 159);
	KUNIT_EXPECT_TRUE(test, found(test, 0, 139, 139));
	KUNIT_EXPECT_FALSE(test, found(test, 0, 140, 159));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 160, 160));
	KUNIT_EXPECT_EQ(test, 1, count(test, DSYNC_QUOTA_MARKS));
	KUNIT_EXPECT_EQ(test, 1, count(test, DSYNC_QUOTA_PIECES));
	clear(test, 0, 0, DSYNC_LAST_BYTE);
	KUNIT_EXPECT_EQ(test, 0, count(test, DSYNC_QUOTA_PIECES));
}

static void two_ranges_are_two(struct kunit *test)
{
	note(test, 0, 100, 199);
	note(test, 0, 400, 499);
	KUNIT_EXPECT_FALSE(test, found(test, 0, 200, 399));
	KUNIT_EXPECT_EQ(test, 2, count(test, DSYNC_QUOTA_MARKS));
}

static void ranges_that_touch_are_one(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		note(test, 0, i, i);
	KUNIT_EXPECT_EQ(test, 1, count(test, DSYNC_QUOTA_MARKS));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 99, 99));
	KUNIT_EXPECT_FALSE(test, found(test, 0, 100, DSYNC_LAST_BYTE));
}

static void one_writer_takes_thousands(struct kunit *test)
{
	unsigned int max = dsync_user_limit(DSYNC_QUOTA_MARKS), i;

	for (i = 0; i < max; i++)
		note(test, 0, 2 * i, 2 * i);
	KUNIT_EXPECT_EQ(test, max, count(test, DSYNC_QUOTA_MARKS));
	clear(test, 0, 0, DSYNC_LAST_BYTE);
	KUNIT_EXPECT_EQ(test, 0, count(test, DSYNC_QUOTA_MARKS));
}

/* At the limit nothing of the buffer at hand is lost. */
static void one_too_many_is_wider(struct kunit *test)
{
	unsigned int max = dsync_user_limit(DSYNC_QUOTA_MARKS), i;

	for (i = 0; i <= max; i++)
		note(test, 0, 2 * i, 2 * i);
	KUNIT_EXPECT_EQ(test, max, count(test, DSYNC_QUOTA_MARKS));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 0, 0));
	KUNIT_EXPECT_FALSE(test, found(test, 0, 1, 1));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 2 * max, 2 * max));
}

static void one_too_many_elsewhere_drops_the_oldest(struct kunit *test)
{
	unsigned int max = dsync_user_limit(DSYNC_QUOTA_MARKS), i;

	for (i = 0; i < max; i++)
		note(test, 0, 2 * i, 2 * i);
	note(test, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, max, count(test, DSYNC_QUOTA_MARKS));
	KUNIT_EXPECT_FALSE(test, found(test, 0, 0, 0));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 2, 2));
	KUNIT_EXPECT_TRUE(test, found(test, 1, 0, 0));
}

/* Who cuts pays: at its limit the mark stays as it is. */
static void too_many_pieces_are_not_cut(struct kunit *test)
{
	unsigned int max = dsync_user_limit(DSYNC_QUOTA_PIECES), i;

	note(test, 0, 0, 4 * max);
	for (i = 0; i <= max; i++)
		clear(test, 0, 2 * i + 1, 2 * i + 1);
	KUNIT_EXPECT_EQ(test, max, count(test, DSYNC_QUOTA_PIECES));
	KUNIT_EXPECT_FALSE(test, found(test, 0, 2 * max - 1, 2 * max - 1));
	KUNIT_EXPECT_TRUE(test, found(test, 0, 2 * max + 1, 2 * max + 1));
}

static bool told(struct kunit *test, struct dsync_set *set)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(set));
	return set->accesses[0].marks;
}

/* Through the stages of a request: looking, giving up, releasing. */
static void goes_with_the_release_of_a_writer_that_was_told(struct kunit *test)
{
	struct dsync_set *set = fx_set(test, A, 0, FX_W, 0, 99);

	KUNIT_EXPECT_FALSE(test, told(test, set));
	set->state = DSYNC_READY;
	dsync_release(set, DSYNC_END_ABANDONED);

	set = fx_whole(test, B, 0, FX_W);
	KUNIT_EXPECT_TRUE(test, told(test, set));
	set->state = DSYNC_READY;
	dsync_release(set, DSYNC_END_UNDELIVERED);

	set = fx_whole(test, C, 0, FX_R);
	KUNIT_EXPECT_TRUE(test, told(test, set));
	fx_release(set);

	set = fx_set(test, B, 0, FX_W, 0, 49);
	KUNIT_EXPECT_TRUE(test, told(test, set));
	fx_release(set);

	set = fx_set(test, C, 0, FX_W, 0, 49);
	KUNIT_EXPECT_FALSE(test, told(test, set));
	fx_release(set);
	set = fx_set(test, C, 0, FX_W, 50, 99);
	KUNIT_EXPECT_TRUE(test, told(test, set));
	fx_release(set);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(only_who_overlaps_is_told),
	KUNIT_CASE(to_look_leaves_it),
	KUNIT_CASE(writer_takes_all_of_it),
	KUNIT_CASE(writer_takes_its_part),
	KUNIT_CASE(part_in_the_middle_leaves_two),
	KUNIT_CASE(two_ranges_are_two),
	KUNIT_CASE(ranges_that_touch_are_one),
	KUNIT_CASE(one_writer_takes_thousands),
	KUNIT_CASE(one_too_many_is_wider),
	KUNIT_CASE(one_too_many_elsewhere_drops_the_oldest),
	KUNIT_CASE(too_many_pieces_are_not_cut),
	KUNIT_CASE(goes_with_the_release_of_a_writer_that_was_told),
	{}
};

struct kunit_suite dsync_abandon_suite = {
	.name = "dmabuf_sync_abandon",
	.init = abandon_init,
	.exit = abandon_exit,
	.test_cases = cases,
};
