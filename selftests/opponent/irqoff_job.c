// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, in the end of a DMA job least of all: that is
 * in hard interrupt, inside the lock of the job's fence. The buffer is shared: the job is the
 * victim's, what waits is the opponent's.
 *
 *	job	256 writes of one byte each	|w|w|w|w|...
 *	X	1024 queued writes of all	|-----------------|
 *
 * In the other scene X holds, too, as in irqoff_own.c.
 *
 * And whoever acquires a byte beside many jobs is told quickly, for each fence of the buffer,
 * that it is one of theirs.
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define NR_HELD		15360
#define NR_QUEUED	1024
#define NR_ACTS		3
#define PIECES		DMABUF_SYNC_MAX_SET
#define SIZE		(5 * ST_PAGE)
#define NR_JOBS		512
/* Four descents of a tree with so many: what is held, the way in, and the search for a fence. */
#define FEW_STEPS	(4 * 32)

static struct st_buffer buf;
static int test = -1;
static long fences[NR_ACTS];

/* A job with @nr accesses of one byte each, every other one from @offset on, is under way. */
static long job_start(uint64_t offset, unsigned int nr)
{
	long id = st_sync_new(test), fence = st_fence_new(test, NULL);
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < nr; i++)
		err = st_sync_get(test, id, buf.fd, DMA_BUF_ACCESS_DMA_W, offset + 2 * i, 1);
	if (!err)
		err = st_sync_lock(test, id, DST_LOCK_WAIT, 0);
	if (!err)
		err = st_sync_commit(test, id, fence);
	return err ?: fence;
}

/*
 * Jobs of @nr accesses from @offset on, and one at @last that stays, so that nothing that waits is
 * acquired.
 */
static int jobs_start(uint64_t offset, unsigned int nr, uint64_t last)
{
	long ret = job_start(last, 1);
	unsigned int i;

	for (i = 0; ret >= 0 && i < NR_ACTS; i++) {
		ret = job_start(offset + 2 * i * nr, nr);
		fences[i] = ret;
	}
	return ret < 0 ? ret : 0;
}

static int queue_crowd(int x, unsigned int size)
{
	int ret = op_queue_many(x, buf.fd, W, 0, TO_END, OP_PART(NR_QUEUED, size) ?: 1);

	return ret < 0 ? ret : 0;
}

static int prepare_pieces(unsigned int size)
{
	return op_buffer(&buf, SIZE) ?: jobs_start(1, OP_PART(PIECES, size) ?: 1, 0) ?:
	       queue_crowd(st_context_open(), size);
}

/* What X holds lies before the jobs. */
static int prepare_holder(unsigned int size)
{
	int x = st_context_open();

	return op_buffer(&buf, SIZE) ?: jobs_start(SIZE - 2 * NR_ACTS - 1, 1, SIZE - 1) ?:
	       op_lock_bytes(x, buf.fd, W, 0, OP_PART(NR_HELD, size) ?: 1) ?:
	       queue_crowd(x, size);
}

static int act(unsigned int nr)
{
	return st_fence_signal(test, fences[nr], DST_HARDIRQ, 0, 0);
}

FIXTURE(job)
{
};

FIXTURE_SETUP(job)
{
	test = st_test_open();
	ASSERT_LE(0, test);
}

FIXTURE_TEARDOWN(job)
{
	EXPECT_EQ(0, close(test));
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

TEST_F_TIMEOUT(job, of_256_accesses_ends_and_lets_interrupts_in, 150)
{
	const struct op_scene scene = {
		.prepare = prepare_pieces, .act = act, .nr_acts = NR_ACTS,
	};

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_F_TIMEOUT(job, in_front_of_a_crowd_that_holds_lets_interrupts_in, 150)
{
	const struct op_scene scene = {
		.prepare = prepare_holder, .act = act, .nr_acts = NR_ACTS,
	};

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

static int jobs_start_many(unsigned int nr)
{
	long ret = st_buffer_udmabuf(&buf, SIZE);
	unsigned int i;

	for (i = 0; ret >= 0 && i < nr; i++)
		ret = job_start(i, 1);
	return ret < 0 ? ret : 0;
}

TEST_F_TIMEOUT(job, is_found_among_many_in_few_steps, 150)
{
	int ctx = st_context_open();
	long steps;

	if (op_count_reset(OP_STEPS))
		SKIP(return, OP_NOT_JUDGED);
	ASSERT_LE(0, ctx);
	ASSERT_EQ(0, jobs_start_many(NR_JOBS));
	op_count_reset(OP_STEPS);
	EXPECT_LT(0, st_lock(ctx, buf.fd, W, NR_JOBS, 1, TRY));
	steps = op_count_read(OP_STEPS);
	TH_LOG("%ld steps in one stretch, beside %u jobs", steps, NR_JOBS);
	EXPECT_LT(0, steps);
	EXPECT_GE(FEW_STEPS, steps);
	EXPECT_EQ(0, close(ctx));
	st_buffer_close(&buf);
}

TEST_HARNESS_MAIN
