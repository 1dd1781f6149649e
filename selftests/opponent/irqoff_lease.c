// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held. Here the leases of thousands
 * of sets, of one access and of many, are over at once:
 *
 *	X	holds thousands of bytes, one by one	 |rrrrrrrrrrrrrrrrrrrrrrr|
 *	Y	waits for the whole buffer		|wwwwwwwwwwwwwwwwwwwwwwwww|
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_SINGLE	3072
#define NR_IN_SETS	8192
#define NR_ACTS		3
#define SIZE		(5 * ST_PAGE)

static struct st_buffer buf;
static int xs[NR_ACTS], y;
static unsigned int nr_single, nr_in_sets;

static int prepare(unsigned int size)
{
	nr_single = OP_PART(NR_SINGLE, size) ?: 1;
	nr_in_sets = OP_PART(NR_IN_SETS, size) ?: 1;
	y = st_context_open();
	return op_buffer(&buf, SIZE);
}

static int hold(int x)
{
	long set = 0;
	unsigned int i;

	for (i = 0; i < nr_single && set >= 0; i++)
		set = st_lock(x, buf.fd, R, i, 1, TRY);
	return set < 0 ? set : op_lock_bytes(x, buf.fd, R, nr_single, nr_in_sets);
}

/* Nobody releases anything: what Y waits for are the leases. */
static int act(unsigned int nr)
{
	struct dmabuf_sync_event event;
	long set;
	int ret;

	xs[nr] = st_context_open();
	ret = hold(xs[nr]);
	if (ret)
		return ret;
	set = st_lock_all(y, buf.fd, W, QUEUE);
	if (set < 0)
		return set;
	ret = st_event_read(y, &event, ST_SOON_MS);
	return ret ?: event.result ?: st_release(y, set) ?: close(xs[nr]);
}

FIXTURE(irqoff)
{
	unsigned int before;
};

FIXTURE_SETUP(irqoff)
{
	self->before = st_lease_get();
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
}

FIXTURE_TEARDOWN(irqoff)
{
	EXPECT_EQ(0, st_lease_set(self->before));
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

TEST_F_TIMEOUT(irqoff, leases_that_are_over_let_interrupts_in, 150)
{
	const struct op_scene scene = { .prepare = prepare, .act = act, .nr_acts = NR_ACTS };

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
