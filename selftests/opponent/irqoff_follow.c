// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12: interrupts are never off for long, also not for a job that follows others. It
 * passes their accesses over when it is acquired, and takes their fences when it is committed.
 *
 *	jobs		w w w w w w ...		one byte each, committed
 *	last		              w		acquired, commits
 *	followers	|-------------|		read all
 */
#include <kselftest_harness.h>

#include "opponent.h"

#define DMA_R		DMA_BUF_ACCESS_DMA_R
#define DMA_W		DMA_BUF_ACCESS_DMA_W
#define NR_JOBS		1600
#define NR_FOLLOWERS	64
#define NR_ACTS		3
#define SIZE		(5 * ST_PAGE)

static struct st_buffer buf;
static int test = -1;
static long last[NR_ACTS], fences[NR_ACTS];

/* A job that writes one byte, acquired. Return: its object, or a negative errno. */
static long job_lock(uint64_t offset)
{
	return st_sync_locked(test, buf.fd, DMA_W, offset, 1, DST_LOCK_TRY);
}

static int jobs_start(unsigned int nr)
{
	unsigned int i;
	int err = 0;
	long id;

	for (i = 0; !err && i < nr; i++) {
		id = job_lock(2 * i);
		err = id < 0 ? id : st_sync_commit(test, id, st_fence_new(test, NULL));
	}
	return err;
}

static long follower_new(void)
{
	long id = st_sync_follower(test);
	int err = id < 0 ? id : st_sync_get(test, id, buf.fd, DMA_R, 0, 0);

	return err ?: id;
}

static int prepare_jobs(unsigned int size)
{
	return op_buffer(&buf, SIZE) ?: jobs_start(OP_PART(NR_JOBS, size) ?: 1);
}

/* One that is in the way of too many is refused: so many it does not follow. */
static int follow(unsigned int nr)
{
	long id = follower_new(), fence = st_fence_new(test, NULL);
	int err = id < 0 ? id : st_sync_lock(test, id, DST_LOCK_TRY, 0);

	(void)nr;
	if (!err)
		err = st_sync_commit_after(test, id, fence, NULL);
	return err == -EAGAIN || err > 0 ? 0 : err;
}

/* As many wait as may, each for the first of several jobs that are not committed. */
static int prepare_crowd(unsigned int size)
{
	unsigned int nr = OP_PART(NR_FOLLOWERS, size) ?: 1, i;
	int err = prepare_jobs(OP_PART(OP_FULL_SIZE / 4, size));
	long id;

	for (i = 0; !err && i < NR_ACTS; i++) {
		last[i] = job_lock(SIZE - 1 - 2 * i);
		fences[i] = st_fence_new(test, NULL);
		err = last[i] < 0 ? last[i] : 0;
	}
	for (i = 0; !err && i < nr; i++) {
		id = follower_new();
		err = id < 0 ? id :
		      st_sync_lock_async(test, id, DST_READY_COMMIT | DST_READY_AFTER,
					 st_fence_new(test, NULL));
	}
	return err;
}

static int commit(unsigned int nr)
{
	return st_sync_commit(test, last[nr], fences[nr]);
}

FIXTURE(follow)
{
};

FIXTURE_SETUP(follow)
{
	test = st_test_open();
	ASSERT_LE(0, test);
}

FIXTURE_TEARDOWN(follow)
{
	EXPECT_EQ(0, close(test));
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

TEST_F_TIMEOUT(follow, job_behind_many_lets_interrupts_in, 150)
{
	const struct op_scene scene = {
		.prepare = prepare_jobs, .act = follow, .nr_acts = NR_ACTS,
	};

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_F_TIMEOUT(follow, commit_in_front_of_a_crowd_lets_interrupts_in, 150)
{
	const struct op_scene scene = {
		.prepare = prepare_crowd, .act = commit, .nr_acts = NR_ACTS,
	};

	if (!op_irqoff_judged())
		SKIP(return, OP_NOT_JUDGED);
	OP_EXPECT_BOUNDED(&scene);
}

TEST_HARNESS_MAIN
