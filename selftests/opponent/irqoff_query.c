// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held. Here somebody asks for the
 * list of 16 384 accesses, and again.
 */
#include <kselftest_harness.h>
#include <stdlib.h>

#include "opponent.h"

#define NR_HELD	16384

static struct st_buffer buf;
static struct dmabuf_sync_info *infos;
static int x;

static int prepare(unsigned int size)
{
	infos = calloc(NR_HELD, sizeof(*infos));
	x = st_context_open();
	return op_buffer(&buf, 5 * ST_PAGE) ?:
	       op_lock_bytes(x, buf.fd, R, 0, OP_PART(NR_HELD, size) ?: 1);
}

static int act(unsigned int nr)
{
	int ret = st_query(x, buf.fd, infos, NR_HELD);

	(void)nr;
	return ret < 0 ? ret : 0;
}

OP_FIXTURE(irqoff);

TEST_F_TIMEOUT(irqoff, list_of_16384_accesses_lets_interrupts_in, 150)
{
	const struct op_scene scene = { .prepare = prepare, .act = act, .nr_acts = 9 };

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
