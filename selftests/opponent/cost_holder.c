// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": a request whose buffers the opponent does not share takes no lock that the
 * opponent can keep busy. Here both hold and wait, each on buffers of its own; the opponent has so
 * much that its own requests take long to be searched for deadlocks. What that costs the victim is
 * at most 1.2 times what it costs alone, and it does not wait for these searches.
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_OTHERS	9000
#define NR_OWN		15000

/* What the opponent has; private to its process. */
static struct st_buffer buf;
static int b;

static int prepare(void *stage)
{
	int a = st_context_open();

	(void)stage;
	b = st_context_open();
	return op_buffer(&buf, 4 * ST_PAGE) ?: op_lock_bytes(a, buf.fd, R, 0, NR_OTHERS) ?:
	       op_lock_bytes(b, buf.fd, R, 0, NR_OWN);
}

static int work(void *stage)
{
	long set = st_lock_all(b, buf.fd, W, QUEUE);

	(void)stage;
	return set < 0 ? set : st_release(b, set);
}

/* The victim holds something, begins to wait for something else of its own, and gives up. */
static int pair(void *arg)
{
	struct st_world *w = arg;
	long set = st_lock_all(w->ctx[1], w->buf[0].fd, W, QUEUE);

	return set < 0 ? set : st_release(w->ctx[1], set);
}

FIXTURE(cost)
{
	struct st_world w;
};

FIXTURE_SETUP(cost)
{
	struct st_world *w = &self->w;

	ASSERT_EQ(0, st_world_open(w));
	ASSERT_LE(0, st_lock_all(w->ctx[0], w->buf[0].fd, W, 0));
	ASSERT_LE(0, st_lock_all(w->ctx[1], w->buf[1].fd, W, 0));
}

FIXTURE_TEARDOWN(cost)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F_TIMEOUT(cost, of_one_who_holds_and_waits_stays_what_it_is, 150)
{
	const struct op_rival rival = { .prepare = prepare, .work = work };
	struct op_cost cost;

	ASSERT_EQ(0, op_cost_measure(&rival, pair, &self->w, &cost));
	TH_LOG("a request takes %lld ns of CPU time, beside the opponent %lld ns",
	       (long long)cost.alone_ns, (long long)cost.beside_ns);
	EXPECT_TRUE(op_cost_bounded(&cost));
	TH_LOG("and lasts %lld ns, beside the opponent %lld ns", (long long)cost.alone_wall_ns,
	       (long long)cost.beside_wall_ns);
	EXPECT_TRUE(op_wait_bounded(&cost));
}

TEST_HARNESS_MAIN
