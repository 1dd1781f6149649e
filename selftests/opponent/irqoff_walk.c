// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held. Here a request that holds and
 * waits has to be searched for a deadlock:
 *
 *	A	9728 reads	|r|r|r|r|r|r|...
 *	B	15 872 reads	|r|r|r|r|r|r|r|r|...
 *		and requests	|wwwwwwwwwwwwwwwwww|	waits for A, and has itself in the way
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_OTHERS	9728
#define NR_OWN		15872

static struct st_buffer buf;
static int b;

static int prepare(unsigned int size)
{
	int a = st_context_open();

	b = st_context_open();
	return op_buffer(&buf, 4 * ST_PAGE) ?:
	       op_lock_bytes(a, buf.fd, R, 0, OP_PART(NR_OTHERS, size) ?: 1) ?:
	       op_lock_bytes(b, buf.fd, R, 0, OP_PART(NR_OWN, size) ?: 1);
}

static int act(unsigned int nr)
{
	long set = st_lock_all(b, buf.fd, W, QUEUE);

	(void)nr;
	return set < 0 ? set : st_release(b, set);
}

OP_FIXTURE(irqoff);

TEST_F_TIMEOUT(irqoff, search_for_a_deadlock_lets_interrupts_in, 150)
{
	const struct op_scene scene = { .prepare = prepare, .act = act, .nr_acts = 15 };

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
