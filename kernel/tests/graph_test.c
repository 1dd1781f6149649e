// SPDX-License-Identifier: GPL-2.0-only
/* The wait-for graph: cycles of holders, and what is none. */
#include "fixture.h"

/* A(b0) B(b1)  A(b1) B(b0) */
static void abba(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, B, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, A, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(fx_whole(test, B, 0, FX_W)));
}

/* The same with a request that does not wait, and so closes nothing. */
static void abba_without_waiting(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, B, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, A, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, -EAGAIN, fx_try_now(fx_whole(test, B, 0, FX_W)));
}

/* A(b0) B(b1) C(b2)  A(b1) B(b2) C(b0) */
static void cycle_of_three(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, B, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, C, 2, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, A, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, B, 2, FX_W)));
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(fx_whole(test, C, 0, FX_W)));
}

/* A(b0) B(b1) C(b2)  A(b1) B(b2): a chain has an end. */
static void chain_is_no_cycle(struct kunit *test)
{
	struct dsync_set *c = fx_whole(test, C, 2, FX_W);
	struct dsync_set *b;

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, B, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, A, 1, FX_W)));
	b = fx_whole(test, B, 2, FX_W);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	fx_release(c);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
}

/* A(R) B(R)  A(W) B(W): both upgrade the same bytes. */
static void two_upgrades(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_R)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, B, 0, FX_R)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(fx_whole(test, B, 0, FX_W)));
}

/* A(b0 [0,9]) B(b0 [10,19])  A([10,19]) B([0,9]): ranges of one buffer. */
static void abba_in_one_buffer(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_set(test, A, 0, FX_W, 0, 9)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_set(test, B, 0, FX_W, 10, 19)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_set(test, A, 0, FX_W, 10, 19)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_set(test, C, 0, FX_W, 0, 9)));
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(fx_set(test, B, 0, FX_W, 0, 9)));
}

/* The victim gives up, and the other one gets what it wanted. */
static void victim_makes_way(struct kunit *test)
{
	struct dsync_set *b = fx_whole(test, B, 1, FX_W), *a, *victim;

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	a = fx_whole(test, A, 1, FX_W);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(a));
	victim = fx_whole(test, B, 0, FX_W);
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(victim));
	KUNIT_EXPECT_TRUE(test, victim->queued);
	fx_cancel(victim);
	fx_release(b);
	KUNIT_EXPECT_TRUE(test, fx_kicked(a));
	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
}

/*
 * C(b1) A(b0)  B(b1) B(b0) A(b1): B waits for two sets and holds nothing, so there is no
 * cycle until C goes and B could acquire b1: then it would hold what A waits for.
 */
static void acquiring_closes_a_cycle(struct kunit *test)
{
	struct dsync_set *c = fx_whole(test, C, 1, FX_W), *b;

	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	b = fx_whole(test, B, 1, FX_W);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, B, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, A, 1, FX_W)));
	fx_release(c);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(b));
}

/* A(b0) B(b1)  C(b0 b1) A(b1): C is queued before A at b1, and waits for A: A waits for B only. */
static void queue_makes_no_deadlock(struct kunit *test)
{
	struct dsync_set *b = fx_whole(test, B, 1, FX_W), *a;

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_pair(test, C, 0, 1, FX_W)));
	a = fx_whole(test, A, 1, FX_W);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(a));
	fx_release(b);
	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(abba),
	KUNIT_CASE(abba_without_waiting),
	KUNIT_CASE(cycle_of_three),
	KUNIT_CASE(chain_is_no_cycle),
	KUNIT_CASE(two_upgrades),
	KUNIT_CASE(abba_in_one_buffer),
	KUNIT_CASE(victim_makes_way),
	KUNIT_CASE(acquiring_closes_a_cycle),
	KUNIT_CASE(queue_makes_no_deadlock),
	{}
};

struct kunit_suite dsync_graph_suite = {
	.name = "dmabuf_sync_graph",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
