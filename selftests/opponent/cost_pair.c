// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": the victim's pair of acquire and release costs at most 1.2 times as much while
 * the opponent does its worst on buffers of its own.
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_OWN		8000
#define NR_QUEUED	256

/* What the opponent has; private to its process. */
static struct st_buffer buf;
static int a, b;

static int prepare(void *stage)
{
	(void)stage;
	a = st_context_open();
	b = st_context_open();
	return op_buffer(&buf, 4 * ST_PAGE);
}

/* Pairs of its own, after it has abandoned something. */
static int prepare_marks(void *stage)
{
	int ret = prepare(stage);
	long set = ret ?: st_lock(a, buf.fd, W, 0, 1, TRY);

	st_context_reopen(&a);
	return set < 0 ? set : 0;
}

static int work_pairs(void *stage)
{
	long set = 0;
	int i;

	(void)stage;
	for (i = 0; i < 64 && set >= 0; i++) {
		set = st_lock(a, buf.fd, W, 100, 1, TRY);
		if (set >= 0)
			st_release(a, set);
	}
	return set < 0 ? set : 0;
}

/* It holds thousands of pieces, and searches through them again and again. */
static int prepare_searches(void *stage)
{
	return prepare(stage) ?: op_lock_bytes(a, buf.fd, R, 0, NR_OWN) ?:
	       op_lock_bytes(b, buf.fd, R, 0, NR_OWN);
}

static int work_searches(void *stage)
{
	long set = st_lock_all(b, buf.fd, W, QUEUE);

	(void)stage;
	return set < 0 ? set : st_release(b, set);
}

/* A queue that comes and goes. */
static int work_queue(void *stage)
{
	long held = st_lock_all(a, buf.fd, W, TRY);
	int ret = op_queue_many(b, buf.fd, R, 0, 1, NR_QUEUED);

	(void)stage;
	op_queue_leave();
	st_release(a, held);
	return ret < 0 ? ret : 0;
}

/* Owners that come and go. */
static int work_owners(void *stage)
{
	int i;

	for (i = 0; i < 64; i++)
		st_context_reopen(&a);
	(void)stage;
	return 0;
}

struct victim {
	int ctx, fd;
};

static int pair(void *arg)
{
	struct victim *victim = arg;
	long set = st_lock_all(victim->ctx, victim->fd, W, 0);

	return set < 0 ? set : st_release(victim->ctx, set);
}

FIXTURE(cost)
{
	struct st_world w;
	struct victim victim;
};

FIXTURE_VARIANT(cost)
{
	struct op_rival rival;
};

FIXTURE_VARIANT_ADD(cost, pairs_and_marks)
{
	.rival = { .prepare = prepare_marks, .work = work_pairs },
};

FIXTURE_VARIANT_ADD(cost, searches)
{
	.rival = { .prepare = prepare_searches, .work = work_searches },
};

FIXTURE_VARIANT_ADD(cost, queues)
{
	.rival = { .prepare = prepare, .work = work_queue },
};

FIXTURE_VARIANT_ADD(cost, owners)
{
	.rival = { .prepare = prepare, .work = work_owners },
};

FIXTURE_SETUP(cost)
{
	struct st_world *w = &self->w;

	ASSERT_EQ(0, st_world_open(w));
	self->victim = (struct victim){ .ctx = w->ctx[0], .fd = w->buf[0].fd };
}

FIXTURE_TEARDOWN(cost)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F_TIMEOUT(cost, of_a_pair_stays_what_it_is, 150)
{
	struct op_cost cost;

	ASSERT_EQ(0, op_cost_measure(&variant->rival, pair, &self->victim, &cost));
	TH_LOG("a pair takes %lld ns, beside the opponent %lld ns", (long long)cost.alone_ns,
	       (long long)cost.beside_ns);
	EXPECT_TRUE(op_cost_bounded(&cost));
}

TEST_HARNESS_MAIN
