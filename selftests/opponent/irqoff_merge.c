// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held, queued or released. Here a
 * record lock takes the place of thousands:
 *
 *	P	R W R W R W ...	one byte each, from byte 1024 on
 *	B	15 360 reads of bytes 0 .. 255, and 1024 queued writes of the whole buffer
 *	P	locks R over all of its bytes: each record goes, and each time all that wait are
 *		looked at
 */
#include <kselftest_harness.h>
#include <fcntl.h>

#include "../fcntl/locks.h"
#include "opponent.h"

#define FIRST		1024
#define NR_RECORDS	7900
#define NR_SETS		60
#define NR_QUEUED	1024

static struct st_buffer buf;
static unsigned int nr_records;

/* As many as are allowed. */
static int lock_records(unsigned int nr)
{
	int err = 0;

	while (!err && nr_records < nr) {
		err = lk_try(buf.fd, nr_records % 2 ? F_WRLCK : F_RDLCK, FIRST + nr_records, 1);
		nr_records += !err;
	}
	return err == -ENOLCK ? 0 : err;
}

static int prepare(unsigned int size)
{
	unsigned int nr_sets = OP_PART(NR_SETS, size) ?: 1, i;
	int b = st_context_open();
	int err = op_buffer(&buf, 3 * ST_PAGE);

	for (i = 0; !err && i < nr_sets; i++)
		err = op_lock_bytes(b, buf.fd, R, 0, size ? DMABUF_SYNC_MAX_SET : 1);
	if (!err)
		err = lock_records(OP_PART(NR_RECORDS, size) ?: 2);
	if (!err)
		err = op_queue_many(b, buf.fd, W, 0, TO_END, OP_PART(NR_QUEUED, size) ?: 1);
	return err < 0 ? err : 0;
}

static int act(unsigned int nr)
{
	(void)nr;
	return lk_try(buf.fd, F_RDLCK, FIRST, nr_records);
}

OP_FIXTURE(irqoff);

TEST_F_TIMEOUT(irqoff, record_lock_that_replaces_thousands_lets_interrupts_in, 150)
{
	const struct op_scene scene = { .prepare = prepare, .act = act, .nr_acts = 1 };

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
