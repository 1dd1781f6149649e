// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held, queued or released. Here the
 * requests that wait have an owner that holds nearly all of the buffer itself:
 *
 *	X	holds 15 360 bytes, one by one	 |wwwwwwwwwwwwwwwwwwwwwww|
 *		queues 1024 writes		|------------------------------|
 *	Y	holds some bytes at the end				  |wwww|
 *		and releases one of them
 *
 * What Y's release has to find out is whether others than X are in the way of X.
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_HELD		15360
#define NR_QUEUED	1024
#define FIRST		NR_QUEUED
#define NR_ACTS		3
#define SIZE		(5 * ST_PAGE)
/* One stays, so that nothing that waits is acquired. */
#define LAST(nr)	(SIZE - 1 - (nr))

static struct st_buffer buf;
static int y;
static long sets[NR_ACTS + 1];

static int queue_nested(int x, unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; ret >= 0 && i < nr; i++)
		ret = op_queue_many(x, buf.fd, W, FIRST - 1 - i, TO_END, 1);
	return ret < 0 ? ret : 0;
}

static int prepare(unsigned int size)
{
	int x = st_context_open();
	int err = op_buffer(&buf, SIZE);
	unsigned int i;

	y = st_context_open();
	for (i = 0; !err && i <= NR_ACTS; i++) {
		sets[i] = st_lock(y, buf.fd, W, LAST(i), 1, TRY);
		err = sets[i] < 0 ? sets[i] : 0;
	}
	return err ?: op_lock_bytes(x, buf.fd, W, FIRST, OP_PART(NR_HELD, size) ?: 1) ?:
	       queue_nested(x, OP_PART(NR_QUEUED, size) ?: 1);
}

static int act(unsigned int nr)
{
	return st_release(y, sets[nr]);
}

OP_FIXTURE(irqoff);

TEST_F_TIMEOUT(irqoff, release_in_front_of_a_crowd_that_holds_the_buffer_lets_interrupts_in, 150)
{
	const struct op_scene scene = { .prepare = prepare, .act = act, .nr_acts = NR_ACTS };

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
