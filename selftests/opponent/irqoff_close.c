// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held, queued or released. Here an
 * owner that holds much, and has much queued, is gone at once:
 *
 *	X	holds thousands of bytes, one by one	 |wwwwwwwwwwwwwwwwwwwwwww|
 *		queues 1024 writes of the whole buffer	|-------------------------|
 *	Y	holds the last byte						 |w|
 *	X	closes its file
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_HELD		15360
#define NR_QUEUED	1024
#define NR_ACTS		3
#define SIZE		(5 * ST_PAGE)

static int xs[NR_ACTS];

/* An owner in a buffer of its own. */
static int prepare_one(unsigned int nr, unsigned int size)
{
	int x = st_context_open(), y = st_context_open(), ret;
	struct st_buffer buf;

	xs[nr] = x;
	ret = op_buffer(&buf, SIZE) ?:
	      op_lock_bytes(y, buf.fd, W, SIZE - 1, 1) ?:
	      op_lock_bytes(x, buf.fd, W, 0, OP_PART(NR_HELD, size) ?: 1);
	if (!ret)
		ret = op_queue_many(x, buf.fd, W, 0, TO_END, OP_PART(NR_QUEUED, size) ?: 1);
	return ret < 0 ? ret : 0;
}

static int prepare(unsigned int size)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < NR_ACTS; i++)
		err = prepare_one(i, size);
	return err;
}

static int act(unsigned int nr)
{
	return close(xs[nr]) ? -errno : 0;
}

OP_FIXTURE(irqoff);

TEST_F_TIMEOUT(irqoff, close_of_a_crowded_owner_lets_interrupts_in, 150)
{
	const struct op_scene scene = { .prepare = prepare, .act = act, .nr_acts = NR_ACTS };

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
