// SPDX-License-Identifier: GPL-2.0-only
/*
 * Section "Bounds": no stretch with interrupts off depends on what the opponent has queued, and
 * each end costs what it lets in. Debug builds of the framework count both.
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_SHORT	480
#define NR_LONG		480
#define NR_OWN		16
#define HIGH		8192
#define NR_CROWD	800

FIXTURE(line)
{
	struct st_world w;
	struct st_buffer buf;
};

FIXTURE_SETUP(line)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	ASSERT_EQ(0, st_buffer_udmabuf(&self->buf, 4 * ST_PAGE));
}

FIXTURE_TEARDOWN(line)
{
	st_buffer_close(&self->buf);
	EXPECT_TRUE(st_world_close(&self->w));
}

/* Sixteen bytes at the far end. */
static long own_queue(int ctx, int fd)
{
	struct dmabuf_sync_access accesses[NR_OWN];
	unsigned int i;

	for (i = 0; i < NR_OWN; i++)
		accesses[i] = st_access(fd, W, HIGH + 2 * i, 1);
	return st_lock_set(ctx, accesses, NR_OWN, QUEUE);
}

/*
 *	opponent	|w|w|w|w|w|w|			earlier, and not in the way
 *	victim				w w w w w
 *	opponent	|wwwwwwwwwwwwwwwwwwwwwwwwwww|	in the way, and later
 *			  |wwwwwwwwwwwwwwwwwwwwwwwww| ...
 *
 * In each part of the tree somebody came earlier and somebody reaches far enough.
 */
TEST_F_TIMEOUT(line, of_short_and_long_requests_lets_interrupts_in, 120)
{
	int victim = self->w.ctx[0], holder = self->w.ctx[1], fd = self->buf.fd;
	int shorts = self->w.ctx[2], longs = self->w.ctx[3];
	long held, set, steps;
	unsigned int i;

	held = st_lock_all(holder, fd, W, 0);
	ASSERT_LE(0, held);
	for (i = 0; i < NR_SHORT; i++)
		ASSERT_LE(0, st_lock(shorts, fd, W, 2 * i, 1, QUEUE));
	set = own_queue(victim, fd);
	ASSERT_LE(0, set);
	for (i = 0; i < NR_LONG; i++)
		ASSERT_LE(0, st_lock(longs, fd, W, 2 * i + 1, TO_END, QUEUE));
	if (op_count_reset(OP_STEPS))
		TH_LOG("steps are not counted: there is no %s", OP_STEPS);
	EXPECT_EQ(0, st_release(holder, held));
	EXPECT_EQ(0, st_event_result(victim, set));
	steps = op_count_read(OP_STEPS);
	TH_LOG("%ld steps in one stretch", steps);
	EXPECT_GE(OP_MAX_STEPS, steps);
}

/*
 * Requests for the whole buffer, of two owners in turns; then every other one of each is cancelled.
 * Return: how many are left, or a negative errno.
 */
static int crowd_make(const int *ctxs, int fd)
{
	static long sets[NR_CROWD];
	unsigned int i;
	int err = 0;

	for (i = 0; i < NR_CROWD; i++) {
		sets[i] = st_lock_all(ctxs[i % 2], fd, W, QUEUE);
		if (sets[i] < 0)
			return sets[i];
	}
	for (i = NR_CROWD; i-- > 0 && !err;)
		if (i / 2 % 2)
			err = st_release(ctxs[i % 2], sets[i]);
	return err ?: NR_CROWD / 2;
}

/* What is acquired is released, until all were. Return: how many. */
static int crowd_drain(const int *ctxs, int nr)
{
	struct dmabuf_sync_event event;
	int64_t end_ns = st_now_ns() + 6 * ST_SOON_MS * ST_NSEC_PER_MSEC;
	int i, served = 0;

	while (served < nr && st_now_ns() < end_ns)
		for (i = 0; i < 2; i++)
			if (!st_event_read(ctxs[i], &event, 1) && !event.result &&
			    !st_release(ctxs[i], event.set))
				served++;
	return served;
}

/* They wait in a chain, each for the one before, whoever leaves it. */
TEST_F_TIMEOUT(line, that_was_thinned_is_served_one_by_one, 120)
{
	int holder = self->w.ctx[1], fd = self->buf.fd;
	int ctxs[] = { self->w.ctx[2], self->w.ctx[3] };
	long held = st_lock_all(holder, fd, W, 0);
	int nr = crowd_make(ctxs, fd);
	long before = op_count_read(OP_LOOKS);

	ASSERT_LE(0, held);
	ASSERT_LT(0, nr);
	EXPECT_EQ(0, st_release(holder, held));
	EXPECT_EQ(nr, crowd_drain(ctxs, nr));
	if (before < 0)
		TH_LOG("looks are not counted: there is no %s", OP_LOOKS);
	TH_LOG("%ld looks for %d requests", op_count_read(OP_LOOKS) - before, nr);
	EXPECT_GT(10L * nr, op_count_read(OP_LOOKS) - before);
}

TEST_HARNESS_MAIN
