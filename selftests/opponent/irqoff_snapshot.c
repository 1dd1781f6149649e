// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, whatever is held or queued. Here a tool of the
 * administrator reads the snapshot, of a buffer in which the opponent has as much as is shown:
 * 1024 accesses that are held, 1024 requests, and their edges.
 */
#include <kselftest_harness.h>
#include <fcntl.h>

#include "opponent.h"

#define NR_HELD		1024
#define NR_QUEUED	1024

static int snapshot = -1;

static int prepare(unsigned int size)
{
	int x = st_context_open(), y = st_context_open();
	struct st_buffer buf;
	int ret = op_buffer(&buf, ST_PAGE) ?:
		  op_lock_bytes(x, buf.fd, R, 0, OP_PART(NR_HELD, size) ?: 1);

	if (!ret)
		ret = op_queue_many(y, buf.fd, W, 0, TO_END, OP_PART(NR_QUEUED, size) ?: 1);
	return ret < 0 ? ret : 0;
}

static int act(unsigned int nr)
{
	char text[65536];
	ssize_t len;

	(void)nr;
	if (lseek(snapshot, 0, SEEK_SET))
		return -errno;
	do
		len = read(snapshot, text, sizeof(text));
	while (len > 0);
	return len ? -errno : 0;
}

OP_FIXTURE(irqoff);

TEST_F_TIMEOUT(irqoff, snapshot_lets_interrupts_in, 150)
{
	const struct op_scene scene = { .prepare = prepare, .act = act, .nr_acts = 3 };

	snapshot = open(ST_SNAPSHOT, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, snapshot);
	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
