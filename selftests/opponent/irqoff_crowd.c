// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held, queued or released. Here a
 * crowd waits for the same thing, but none of it for another one of the crowd: so all of it is to
 * be looked at when that thing goes.
 */
#include <errno.h>
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_CTX		8
#define NR_EACH		1000
#define HALF		(NR_CTX * NR_EACH / 2)
#define NR_SETS		50
#define NR_BYTES	16
#define SIZE		(2 * ST_PAGE)

static struct st_buffer buf;
static int y, crowd[NR_CTX];
/* What the crowd waits for, and what Y gives up. */
static long goes;

static int open_all(void)
{
	int err = op_buffer(&buf, SIZE);
	unsigned int i;

	y = st_context_open();
	for (i = 0; i < NR_CTX; i++)
		crowd[i] = st_context_open();
	return err ?: y < 0 ? y : 0;
}

/*
 *	Y	|wwwwwwwwwwwwwwwwwww|wwwwwwwwwwwwwwwwwww|	one set
 *	crowd	 w w w w w w w w w w w w w w w w w w w w	a request each
 */
static int prepare_watchers(unsigned int size)
{
	struct dmabuf_sync_access accesses[2];
	unsigned int i, nr = OP_PART(HALF, size) ?: 1;
	int ret = open_all();

	if (ret)
		return ret;
	accesses[0] = st_access(buf.fd, W, 0, HALF);
	accesses[1] = st_access(buf.fd, W, HALF, HALF);
	goes = st_lock_set(y, accesses, 2, TRY);
	ret = goes < 0 ? goes : 0;
	for (i = 0; ret >= 0 && i < nr; i++) {
		ret = op_queue_many(crowd[i % NR_CTX], buf.fd, W, i, 1, 1);
		if (ret >= 0)
			ret = op_queue_many(crowd[i % NR_CTX], buf.fd, W, HALF + i, 1, 1);
	}
	return ret < 0 ? ret : 0;
}

static int give_up(unsigned int nr)
{
	return nr ? -EINVAL : st_release(y, goes);
}

/* Each has some bytes of its own. */
static long comb_queue(int ctx, unsigned int nr)
{
	struct dmabuf_sync_access accesses[NR_BYTES];
	unsigned int i;

	for (i = 0; i < NR_BYTES; i++)
		accesses[i] = st_access(buf.fd, W, i * NR_CTX * NR_SETS + nr, 1);
	return st_lock_set(ctx, accesses, NR_BYTES, QUEUE);
}

/*
 *	first of the crowd			|w|	held, so that the others are queued
 *	Y	|wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww|	goes
 *	other	|wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww|	and this one is in the way then
 *	crowd	 w   w   w   w   w   w			a set each
 *		  w   w   w   w   w   w
 */
static int prepare_combs(unsigned int size)
{
	unsigned int i, nr = OP_PART(NR_CTX * NR_SETS, size) ?: 1;
	int other = st_context_open();
	int ret = open_all();
	long last;

	if (ret)
		return ret;
	ret = other < 0 ? other : 0;
	last = st_lock(crowd[0], buf.fd, W, SIZE - 1, 1, TRY);
	goes = st_lock(y, buf.fd, W, 0, TO_END, QUEUE);
	if (last < 0 || goes < 0)
		return last < 0 ? last : goes;
	if (!ret)
		ret = op_queue_many(other, buf.fd, W, 0, TO_END, 1);
	for (i = 0; ret >= 0 && i < nr; i++)
		ret = comb_queue(crowd[1 + i % (NR_CTX - 1)], i);
	return ret < 0 ? ret : 0;
}

OP_FIXTURE(crowd);

TEST_F_TIMEOUT(crowd, of_requests_behind_one_set_lets_interrupts_in, 150)
{
	const struct op_scene scene = {
		.prepare = prepare_watchers, .act = give_up, .nr_acts = 1,
	};

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_F_TIMEOUT(crowd, of_sets_behind_one_request_lets_interrupts_in, 150)
{
	const struct op_scene scene = {
		.prepare = prepare_combs, .act = give_up, .nr_acts = 1,
	};

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
