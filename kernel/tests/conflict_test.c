// SPDX-License-Identifier: GPL-2.0-only
/* Who conflicts with whom: modes, ranges, owners. */
#include "fixture.h"

static void mode_table(struct kunit *test)
{
	static const struct {
		u32 a, b;
		bool conflict;
	} cases[] = {
		{ DMA_BUF_ACCESS_R, DMA_BUF_ACCESS_R, false },
		{ DMA_BUF_ACCESS_R, DMA_BUF_ACCESS_DMA_R, false },
		{ DMA_BUF_ACCESS_DMA_R, DMA_BUF_ACCESS_DMA_R, false },
		{ DMA_BUF_ACCESS_R, DMA_BUF_ACCESS_W, true },
		{ DMA_BUF_ACCESS_R, DMA_BUF_ACCESS_RW, true },
		{ DMA_BUF_ACCESS_R, DMA_BUF_ACCESS_DMA_W, true },
		{ DMA_BUF_ACCESS_W, DMA_BUF_ACCESS_W, true },
		{ DMA_BUF_ACCESS_W, DMA_BUF_ACCESS_RW, true },
		{ DMA_BUF_ACCESS_RW, DMA_BUF_ACCESS_RW, true },
		{ DMA_BUF_ACCESS_DMA_R, DMA_BUF_ACCESS_W, true },
		{ DMA_BUF_ACCESS_DMA_W, DMA_BUF_ACCESS_DMA_W, true },
		{ DMA_BUF_ACCESS_DMA_RW, DMA_BUF_ACCESS_DMA_R, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, cases[i].conflict,
				    dsync_mode_conflicts(cases[i].a, cases[i].b),
				    "modes %#x %#x", cases[i].a, cases[i].b);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].conflict,
				    dsync_mode_conflicts(cases[i].b, cases[i].a),
				    "modes %#x %#x", cases[i].b, cases[i].a);
	}
}

static void range_borders(struct kunit *test)
{
	static const struct {
		unsigned long start, last;
		bool overlap;	/* with [100, 199] */
	} cases[] = {
		{ 0, 99, false }, { 0, 100, true }, { 99, 99, false }, { 100, 100, true },
		{ 120, 130, true }, { 100, 199, true }, { 0, ULONG_MAX, true },
		{ 199, 199, true }, { 199, 300, true }, { 200, 200, false },
		{ 200, ULONG_MAX, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, cases[i].overlap,
				    dsync_range_overlaps(100, 199, cases[i].start,
							 cases[i].last),
				    "[%lu, %lu]", cases[i].start, cases[i].last);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].overlap,
				    dsync_range_overlaps(cases[i].start, cases[i].last,
							 100, 199),
				    "[%lu, %lu]", cases[i].start, cases[i].last);
	}
}

static void range_of_all_bytes(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, dsync_range_overlaps(0, 0, 0, ULONG_MAX));
	KUNIT_EXPECT_TRUE(test, dsync_range_overlaps(ULONG_MAX, ULONG_MAX, 0, ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, dsync_range_overlaps(0, ULONG_MAX - 1, ULONG_MAX, ULONG_MAX));
}

/* A writer, and a device that writes to a copy: on all bytes. Others: on the same bytes. */
static bool modes_conflict(u32 a, u32 b, bool overlap)
{
	bool writers = a & b & DMA_BUF_ACCESS_W;
	bool apart = (a ^ b) & DSYNC_ACCESS_BOUNCED;

	return (a | b) & DMA_BUF_ACCESS_W && (overlap || (writers && apart));
}

/* What the trees find is what the predicate says, for every pair of small ranges. */
static void trees_agree_with_the_predicate(struct kunit *test)
{
	static const u32 modes[] = { FX_R, FX_W, FX_W | DMA_BUF_ACCESS_DMA | DSYNC_ACCESS_BOUNCED };
	unsigned int start, last, held_mode, mode;
	struct dsync_set *held, *set;
	bool conflict;

	for (held_mode = 0; held_mode < ARRAY_SIZE(modes); held_mode++) {
		held = fx_set(test, A, held_mode, modes[held_mode], 3, 5);
		KUNIT_ASSERT_EQ(test, 0, fx_try(held));
		for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
			for (start = 0; start < 8; start++) {
				for (last = start; last < 8; last++) {
					struct fx *fx = test->priv;

					set = fx_set(test, B, held_mode, modes[mode], start,
						     last);
					conflict = modes_conflict(modes[held_mode], modes[mode],
								  last >= 3 && start <= 5);
					KUNIT_EXPECT_EQ(test, conflict,
							dsync_conflict_between(&held->accesses[0],
									       &set->accesses[0]));
					KUNIT_EXPECT_EQ_MSG(test, conflict ? -EAGAIN : 0,
							    fx_try_now(set),
							    "[3, 5] and [%u, %u]", start, last);
					if (set->state == DSYNC_HELD)
						fx_release(set);
					fx->nr_sets--;
					dsync_set_put(set);
				}
			}
		}
	}
}

/* A(W)  A(R) A(W): an owner is never in its own way, held or queued. */
static void owner_is_not_in_its_own_way(struct kunit *test)
{
	struct dsync_set *w = fx_whole(test, A, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(w));
	KUNIT_EXPECT_EQ(test, 0, fx_try_now(fx_whole(test, A, 0, FX_R)));
	KUNIT_EXPECT_EQ(test, 0, fx_try_now(fx_set(test, A, 0, FX_W, 10, 20)));
	KUNIT_EXPECT_EQ(test, -EAGAIN, fx_try_now(fx_set(test, B, 0, FX_R, 10, 10)));
}

/* A(R) A(R): one goes, the other is still in the way of a writer. */
static void each_access_of_an_owner_counts(struct kunit *test)
{
	struct dsync_set *first = fx_whole(test, A, 0, FX_R);
	struct dsync_set *second = fx_whole(test, A, 0, FX_R);

	KUNIT_EXPECT_EQ(test, 0, fx_try(first));
	KUNIT_EXPECT_EQ(test, 0, fx_try(second));
	fx_release(first);
	KUNIT_EXPECT_EQ(test, -EAGAIN, fx_try_now(fx_whole(test, B, 0, FX_W)));
	fx_release(second);
	KUNIT_EXPECT_EQ(test, 0, fx_try_now(fx_whole(test, B, 0, FX_W)));
}

/* A(b1)  B(b0 b1): B holds nothing of b0 while it waits for b1. */
static void set_is_held_as_a_whole(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 1, FX_W);
	struct dsync_set *b = fx_pair(test, B, 0, 1, FX_W);
	struct fx *fx = test->priv;

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&fx->owners[B]->nr_held));
	fx_release(a);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&fx->owners[B]->nr_held));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(mode_table),
	KUNIT_CASE(range_borders),
	KUNIT_CASE(range_of_all_bytes),
	KUNIT_CASE(trees_agree_with_the_predicate),
	KUNIT_CASE(owner_is_not_in_its_own_way),
	KUNIT_CASE(each_access_of_an_owner_counts),
	KUNIT_CASE(set_is_held_as_a_whole),
	{}
};

struct kunit_suite dsync_conflict_suite = {
	.name = "dmabuf_sync_conflict",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
