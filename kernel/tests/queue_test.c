// SPDX-License-Identifier: GPL-2.0-only
/* The order of service, who overtakes, and who is kicked. */
#include "fixture.h"

/* A(W)  B(W) C(W): in the order of their tickets, one after the other. */
static void writers_in_order(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_W);
	struct dsync_set *b = fx_whole(test, B, 0, FX_W);
	struct dsync_set *c = fx_whole(test, C, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	KUNIT_EXPECT_LT(test, b->ticket, c->ticket);
	fx_release(a);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	fx_release(b);
	KUNIT_EXPECT_TRUE(test, fx_kicked(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
}

/* No ticket is drawn by who need not wait. */
static void ticket_only_for_who_waits(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_R);
	struct dsync_set *b = fx_whole(test, B, 0, FX_R);
	struct dsync_set *c = fx_whole(test, C, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EAGAIN, fx_try_now(c));
	KUNIT_EXPECT_EQ(test, 0, a->ticket);
	KUNIT_EXPECT_EQ(test, 0, b->ticket);
	KUNIT_EXPECT_EQ(test, 0, c->ticket);
}

/* A(W)  B(R) C(R): adjacent readers get in together. */
static void readers_together(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_W);
	struct dsync_set *b = fx_whole(test, B, 0, FX_R);
	struct dsync_set *c = fx_whole(test, C, 0, FX_R);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	fx_release(a);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_TRUE(test, fx_kicked(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
}

/* A(R)  B(W) C(R): the reader waits behind the writer, and so does one that will not wait. */
static void reader_behind_a_waiting_writer(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_R);
	struct dsync_set *b = fx_whole(test, B, 0, FX_W);
	struct dsync_set *c = fx_whole(test, C, 0, FX_R);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EAGAIN, fx_try_now(fx_whole(test, D, 0, FX_R)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	/* Behind it, not in front of it. */
	fx_cancel(b);
	KUNIT_EXPECT_TRUE(test, fx_kicked(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
}

/* A(R)  B(W) A(W): the upgrade. B waits for A, so A does not wait for B. */
static void upgrade_overtakes(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_R);
	struct dsync_set *b = fx_whole(test, B, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
}

/* A(b0)  B(b0 b1)  A(b1): B waits for A in another buffer; another waits behind B. */
static void second_buffer_overtakes(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_W);
	struct dsync_set *b = fx_pair(test, B, 0, 1, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EAGAIN, fx_try_now(fx_whole(test, C, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try_now(fx_whole(test, A, 1, FX_W)));
}

/* A(b0)  B(b0 b1) C(b1 b2)  A(b2): over any number of steps. */
static void third_buffer_overtakes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_pair(test, B, 0, 1, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(fx_pair(test, C, 1, 2, FX_W)));
	KUNIT_EXPECT_EQ(test, -EAGAIN, fx_try_now(fx_whole(test, D, 2, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try_now(fx_whole(test, A, 2, FX_W)));
}

/* A(b0) D(b1)  C(b1)  A(b1): C waits for D only, so A has to wait behind C. */
static void holder_overtakes_no_bystander(struct kunit *test)
{
	struct dsync_set *d = fx_whole(test, D, 1, FX_R);
	struct dsync_set *c = fx_whole(test, C, 1, FX_W);
	struct dsync_set *a = fx_whole(test, A, 1, FX_R);

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, 0, fx_try(d));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(a));
	fx_release(d);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(a));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
}

/*
 * A(W [0,99])  B(W [0,49]) C(W [50,99]) D(W [0,99]): behind B, which does not cover all that
 * became free, C is kicked, too; D is behind both.
 */
static void kick_reaches_all_that_may_go(struct kunit *test)
{
	struct dsync_set *a = fx_set(test, A, 0, FX_W, 0, 99);
	struct dsync_set *b = fx_set(test, B, 0, FX_W, 0, 49);
	struct dsync_set *c = fx_set(test, C, 0, FX_W, 50, 99);
	struct dsync_set *d = fx_set(test, D, 0, FX_W, 0, 99);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(d));
	fx_release(a);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_TRUE(test, fx_kicked(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(d));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
}

/* A(W)  B(W) C(W): the herd stays asleep. */
static void crowd_stays_asleep(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_W);
	struct dsync_set *b = fx_whole(test, B, 0, FX_W);
	struct dsync_set *c = fx_whole(test, C, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	fx_release(a);
	KUNIT_EXPECT_TRUE(test, fx_kicked(b));
	KUNIT_EXPECT_FALSE(test, fx_kicked(c));
}

/* A(R) B(R)  C(W): the first reader that goes wakes nobody. */
static void no_kick_while_another_is_in_the_way(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_R);
	struct dsync_set *b = fx_whole(test, B, 0, FX_R);
	struct dsync_set *c = fx_whole(test, C, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	fx_release(a);
	KUNIT_EXPECT_FALSE(test, fx_kicked(c));
	fx_release(b);
	KUNIT_EXPECT_TRUE(test, fx_kicked(c));
}

/*
 * A(b0) B(b1)  C(b0 b1) D(b0): when A goes, C must wait on for B, whichever of the two it watched,
 * and D, which holds something that C does not wait for, waits behind it.
 */
static void request_behind_a_set_of_two_buffers(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_W);
	struct dsync_set *b = fx_whole(test, B, 1, FX_W);
	struct dsync_set *c = fx_pair(test, C, 0, 1, FX_W);
	struct dsync_set *d = fx_whole(test, D, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, D, 2, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(d));
	fx_release(a);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(d));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	fx_release(b);
	KUNIT_EXPECT_TRUE(test, fx_kicked(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
	fx_release(c);
	KUNIT_EXPECT_TRUE(test, fx_kicked(d));
	KUNIT_EXPECT_EQ(test, 0, fx_try(d));
}

/* B(W)  A(W) A(W): when B goes, A's sets are handed over together. */
static void sets_of_an_owner_go_together(struct kunit *test)
{
	struct dsync_set *b = fx_whole(test, B, 0, FX_W);
	struct dsync_set *first = fx_whole(test, A, 0, FX_W);
	struct dsync_set *second = fx_whole(test, A, 0, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(first));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(second));
	fx_release(b);
	KUNIT_EXPECT_TRUE(test, fx_kicked(first));
	KUNIT_EXPECT_TRUE(test, fx_kicked(second));
	KUNIT_EXPECT_EQ(test, 0, fx_try(first));
	KUNIT_EXPECT_EQ(test, 0, fx_try(second));
}

/* The access of an earlier request in the way of those up to @end, which are of one buffer. */
static struct dsync_access *earlier(struct dsync_set *set, struct dsync_access *end)
{
	struct dsync_buf *buf = end[-1].buf;
	struct dsync_access *access;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	access = dsync_line_earlier(set, end);
	dsync_buf_unlock(buf, flags);
	return access;
}

/* How far the requests of one buffer were asked for says nothing of those of the next one. */
static void line_begins_anew_in_each_buffer(struct kunit *test)
{
	struct dsync_set *b = fx_pair(test, B, 0, 1, FX_R);
	struct dsync_set *c = fx_pair(test, C, 0, 1, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(fx_whole(test, A, 0, FX_W)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	dsync_line_begin(c);
	/* All of the first buffer's requests were asked for, and then they went. */
	c->line.cursor = (struct dsync_cursor){
		.tree = DSYNC_NR_TREES - 1,
		.start = DSYNC_LAST_BYTE,
		.id = U64_MAX,
	};
	KUNIT_EXPECT_NULL(test, earlier(c, c->accesses + 1));
	KUNIT_EXPECT_PTR_EQ(test, &b->accesses[1], earlier(c, c->accesses + 2));
}

/* A(b0)  B(b0) C(b0 b1), and B comes back when C has asked for it: C is behind B again. */
static void line_sees_who_comes_back(struct kunit *test)
{
	struct dsync_set *a = fx_whole(test, A, 0, FX_W);
	struct dsync_set *b = fx_whole(test, B, 0, FX_W);
	struct dsync_set *c = fx_pair(test, C, 0, 1, FX_W);

	KUNIT_EXPECT_EQ(test, 0, fx_try(a));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	KUNIT_EXPECT_TRUE(test, dsync_queue_cancel(b));
	dsync_line_scan(c);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(b));
	fx_release(a);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS, fx_try(c));
	KUNIT_EXPECT_EQ(test, 0, fx_try(b));
	fx_release(b);
	KUNIT_EXPECT_EQ(test, 0, fx_try(c));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(writers_in_order),
	KUNIT_CASE(ticket_only_for_who_waits),
	KUNIT_CASE(readers_together),
	KUNIT_CASE(reader_behind_a_waiting_writer),
	KUNIT_CASE(upgrade_overtakes),
	KUNIT_CASE(second_buffer_overtakes),
	KUNIT_CASE(third_buffer_overtakes),
	KUNIT_CASE(holder_overtakes_no_bystander),
	KUNIT_CASE(kick_reaches_all_that_may_go),
	KUNIT_CASE(crowd_stays_asleep),
	KUNIT_CASE(no_kick_while_another_is_in_the_way),
	KUNIT_CASE(request_behind_a_set_of_two_buffers),
	KUNIT_CASE(sets_of_an_owner_go_together),
	KUNIT_CASE(line_begins_anew_in_each_buffer),
	KUNIT_CASE(line_sees_who_comes_back),
	{}
};

struct kunit_suite dsync_queue_suite = {
	.name = "dmabuf_sync_queue",
	.init = fx_init,
	.exit = fx_exit,
	.test_cases = cases,
};
