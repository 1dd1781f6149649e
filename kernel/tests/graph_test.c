// SPDX-License-Identifier: GPL-2.0-only
/* The wait-for graph: cycles of holders, and what is none. */
#include <linux/delay.h>
#include <linux/timekeeping.h>

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

/*
 * b0: A(W [0,9]) C(R [20,29])  B(W [20,59]) E(W [20,59]) D(W [30,39], which bounces). b1: D B E,
 * and A waits for all of it. D waits for A by the rest of the buffer: what B and E wait for has
 * the bytes, but not that.
 */
static void device_that_bounces_closes_a_cycle(struct kunit *test)
{
	const u32 bounced = FX_W | DMA_BUF_ACCESS_DMA | DSYNC_ACCESS_BOUNCED;

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_set(test, A, 0, FX_W, 0, 9)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_set(test, C, 0, FX_R, 20, 29)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_set(test, D, 1, FX_W, 0, 9)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_set(test, B, 1, FX_W, 10, 19)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_set(test, E, 1, FX_W, 20, 29)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_set(test, B, 0, FX_W, 20, 59)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_set(test, E, 0, FX_W, 20, 59)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_set(test, D, 0, bounced, 30, 39)));
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(fx_set(test, A, 1, FX_W, 0, 29)));
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
	KUNIT_EXPECT_TRUE(test, fx_queued(victim));
	fx_cancel(victim);
	fx_release(b);
	KUNIT_EXPECT_TRUE(test, fx_kicked(a));
	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
}

/*
 * C(b1) A(b0)  B(b1) B(b0) A(b1): B waits for two sets and holds nothing, so there is no
 * cycle until C goes and B is handed b1: then it holds what A waits for, and A came last.
 */
static void acquiring_closes_a_cycle(struct kunit *test)
{
	struct dsync_set *c = fx_whole(test, C, 1, FX_W), *a, *b;

	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	b = fx_whole(test, B, 1, FX_W);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_whole(test, B, 0, FX_W)));
	a = fx_whole(test, A, 1, FX_W);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(a));
	fx_release(c);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_TRUE(test, fx_kicked(a));
	KUNIT_EXPECT_EQ(test, -EDEADLK, fx_try(a));
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

/*
 * Bytes 0 to 2. A(W0) C(W2)  B(W0) B(R1 W2) D(W1) A(R1): A is behind D, D behind B's second set,
 * that behind C. When C goes, B acquires its second set while it waits for A with the first:
 * D waits for A from now on, A may overtake it, and nobody but B can tell A.
 */
static void acquiring_lets_another_overtake(struct kunit *test)
{
	struct dsync_set *c = fx_bytes(test, C, 0, BIT(2)), *a, *b;

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_bytes(test, A, 0, BIT(0))));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_bytes(test, B, 0, BIT(0))));
	b = fx_bytes(test, B, BIT(1), BIT(2));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_bytes(test, D, 0, BIT(1))));
	a = fx_bytes(test, A, BIT(1), 0);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(a));
	fx_release(c);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_TRUE(test, fx_kicked(a));
	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
}

/*
 * Bytes 1 to 5. A(R5) B(R1) C(R1) D(W2)  E(W3 W5) F(W4 W5) B(W3) D(W4) C(W2) A(W1): A closes two
 * cycles. It waits for B, which is behind E, which waits for A; and for C, which waits for D,
 * which is behind F, which waits for A. B and D may overtake, though D is farther away.
 */
static void request_closes_two_cycles(struct kunit *test)
{
	struct dsync_set *b, *d;

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_bytes(test, A, BIT(5), 0)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_bytes(test, B, BIT(1), 0)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_bytes(test, C, BIT(1), 0)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_bytes(test, D, 0, BIT(2))));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_bytes(test, E, 0, BIT(3) | BIT(5))));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_bytes(test, F, 0, BIT(4) | BIT(5))));
	b = fx_bytes(test, B, 0, BIT(3));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	d = fx_bytes(test, D, 0, BIT(4));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(d));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_bytes(test, C, 0, BIT(2))));
	fx_kicked(b);
	fx_kicked(d);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_bytes(test, A, 0, BIT(1))));
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_TRUE(test, fx_kicked(d));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(d));
}

/* A search of the set has spent all of its steps just now: it needs more than it has. */
static void spend_steps(struct dsync_set *set)
{
	set->requested_ns = ktime_get_ns();
	set->search_order = 17;
}

/* B(b1)  C(b1 b2) @b(b2): B may overtake C, but has no steps to find that out. */
static void queue_without_steps(struct kunit *test, struct dsync_set *b, struct dsync_set *c)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, B, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	spend_steps(b);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_FALSE(test, fx_kicked(b));
}

/* Is it told to look again, in the time that the steps take to come? */
static bool becomes_kicked(struct dsync_set *set)
{
	unsigned int ms;

	for (ms = 0; ms < 20000 && !fx_kicked(set); ms += 20)
		msleep(20);
	return ms < 20000;
}

/* Even if it watches nothing, since that has gone while it searched. */
static void without_steps_a_request_looks_again(struct kunit *test)
{
	struct dsync_set *b = fx_whole(test, B, 2, FX_W);

	queue_without_steps(test, b, fx_pair(test, C, 1, 2, FX_W));
	dsync_queue_unwatch(b);
	KUNIT_ASSERT_TRUE(test, becomes_kicked(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
}

/* And it is not kept from what it watches. */
static void without_steps_a_request_is_handed_over(struct kunit *test)
{
	struct dsync_set *b = fx_whole(test, B, 2, FX_W);
	struct dsync_set *c = fx_pair(test, C, 1, 2, FX_W);

	queue_without_steps(test, b, c);
	fx_cancel(c);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_EQ(test, DSYNC_HELD, b->state);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(abba),
	KUNIT_CASE(abba_without_waiting),
	KUNIT_CASE(cycle_of_three),
	KUNIT_CASE(chain_is_no_cycle),
	KUNIT_CASE(two_upgrades),
	KUNIT_CASE(abba_in_one_buffer),
	KUNIT_CASE(device_that_bounces_closes_a_cycle),
	KUNIT_CASE(victim_makes_way),
	KUNIT_CASE(acquiring_closes_a_cycle),
	KUNIT_CASE(queue_makes_no_deadlock),
	KUNIT_CASE(acquiring_lets_another_overtake),
	KUNIT_CASE(request_closes_two_cycles),
	KUNIT_CASE(without_steps_a_request_looks_again),
	KUNIT_CASE(without_steps_a_request_is_handed_over),
	{}
};

struct kunit_suite dsync_graph_suite = {
	.name = "dmabuf_sync_graph",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
