// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held, queued or released. Here a
 * large set is changed, in a buffer where others hold much and wait for all of it:
 *
 *	X	a set, byte by byte			|wwwwwwww|
 *	Y	holds thousands of bytes, one by one		 |rrrrrrrrrrrrrrr|
 *	others	1024 readers of the whole buffer	|------------------------|
 *	X	changes to the same, to less, and to read what is left
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_SET		DMABUF_SYNC_MAX_SET
#define NR_HELD		15360
#define NR_QUEUED	1024
#define SIZE		(5 * ST_PAGE)

/* What X changes to. */
static const struct {
	uint32_t mode;
	unsigned int nr;
} acts[] = { { W, NR_SET }, { W, NR_SET / 2 }, { R, NR_SET / 2 } };

static struct st_buffer buf;
static long set;
static int x;

static int prepare(unsigned int size)
{
	int y = st_context_open(), ret;

	x = st_context_open();
	ret = op_buffer(&buf, SIZE) ?:
	      op_lock_bytes(y, buf.fd, R, NR_SET, OP_PART(NR_HELD, size) ?: 1);
	if (ret)
		return ret;
	set = op_lock_set(x, buf.fd, W, 0, NR_SET);
	if (set < 0)
		return set;
	ret = op_queue_many(st_context_open(), buf.fd, R, 0, TO_END,
			    OP_PART(NR_QUEUED, size) ?: 1);
	return ret < 0 ? ret : 0;
}

static int act(unsigned int nr)
{
	struct dmabuf_sync_access all[NR_SET];
	unsigned int i;

	for (i = 0; i < acts[nr].nr; i++)
		all[i] = st_access(buf.fd, acts[nr].mode, i, 1);
	return st_change(x, set, all, acts[nr].nr, 0, 0, NULL);
}

OP_FIXTURE(irqoff);

TEST_F_TIMEOUT(irqoff, change_of_a_large_set_lets_interrupts_in, 150)
{
	const struct op_scene scene = {
		.prepare = prepare, .act = act, .nr_acts = ST_ARRAY_SIZE(acts),
	};

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
