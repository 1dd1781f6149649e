// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlocks that are being closed or are falling apart while somebody looks for them. Sets of
 * many accesses make the moments in question last.
 */
#include <kselftest_harness.h>
#include <stdlib.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define MANY	DMABUF_SYNC_MAX_SET

FIXTURE(race)
{
	struct st_world w;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

/* As many accesses as a set can have, of one byte each; gives up after @ms, if not 0. */
static long lock_many(int ctx, int fd, uint32_t flags, unsigned int ms)
{
	struct dmabuf_sync_access accesses[MANY];
	struct dmabuf_sync_acquire out;
	int64_t deadline = ms ? st_now_ns() + ms * ST_NSEC_PER_MSEC : 0;
	unsigned int i;
	int err;

	for (i = 0; i < MANY; i++)
		accesses[i] = st_access(fd, W, i, 1);
	err = st_acquire(ctx, accesses, MANY, flags, deadline, 0, &out);
	return err ?: (long)out.set;
}

static void spin_ns(int64_t ns)
{
	int64_t end_ns = st_now_ns() + ns;

	while (st_now_ns() < end_ns)
		;
}

/**
 * struct visitor - holds one buffer, then the other, and never waits while it holds
 * @error: of a request that failed
 */
struct visitor {
	struct st_world *w;
	bool stop;
	int error;
};

static void *visitor_thread(void *arg)
{
	struct visitor *visitor = arg;
	struct st_world *w = visitor->w;
	unsigned int turn = 0;
	long set;

	while (!__atomic_load_n(&visitor->stop, __ATOMIC_ACQUIRE)) {
		set = st_lock(w->ctx[1], w->buf[turn++ % 2].fd, W, 0, 1, 0);
		if (set < 0) {
			visitor->error = set;
			break;
		}
		spin_ns(random() % (2 * ST_NSEC_PER_MSEC));
		st_release(w->ctx[1], set);
	}
	return NULL;
}

/**
 * struct crowd - threads of one owner that wait for as much as one can
 * @ctx: the owner
 * @bufs: what they wait for, in turns
 */
struct crowd {
	int ctx;
	const struct st_buffer *bufs;
	unsigned int started;
	pthread_t threads[4];
};

static void *crowd_thread(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int nr = __atomic_fetch_add(&crowd->started, 1, __ATOMIC_SEQ_CST);

	lock_many(crowd->ctx, crowd->bufs[nr % 2].fd, 0, 0);
	return NULL;
}

/* To look at all of that takes a while. */
static bool crowd_wait(struct crowd *crowd, int holder)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (st_lock_all(holder, crowd->bufs[i].fd, W, 0) < 0)
			return false;
	for (i = 0; i < ST_ARRAY_SIZE(crowd->threads); i++)
		if (pthread_create(&crowd->threads[i], NULL, crowd_thread, crowd))
			return false;
	return ST_UNTIL(st_query_count(holder, crowd->bufs[0].fd, DMABUF_SYNC_STATE_QUEUED) +
			st_query_count(holder, crowd->bufs[1].fd, DMABUF_SYNC_STATE_QUEUED) ==
			(int)ST_ARRAY_SIZE(crowd->threads) * MANY);
}

/* Its context is closed. */
static void crowd_end(struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < ST_ARRAY_SIZE(crowd->threads); i++)
		pthread_join(crowd->threads[i], NULL);
}

/*
 * A(b0) C(b1)  A(b1) waits for B(b1) and for C, B(b0) waits for A, but B never waits while it
 * holds: whoever looks when B goes from the one to the other, and looks at C in between, must
 * not take the two for a cycle.
 */
TEST_F_TIMEOUT(race, what_was_never_there_at_the_same_time_is_no_cycle, 60)
{
	struct crowd crowd = { .ctx = self->w.ctx[2], .bufs = &self->w.buf[2] };
	struct visitor visitor = { .w = &self->w };
	int64_t end_ns = st_now_ns() + 5 * ST_NSEC_PER_SEC;
	int a = self->w.ctx[0];
	long first, second = -ETIMEDOUT;
	pthread_t thread;

	ASSERT_LE(0, st_lock(crowd.ctx, self->w.buf[1].fd, W, MANY - 1, 1, 0));
	ASSERT_TRUE(crowd_wait(&crowd, self->w.ctx[3]));
	ASSERT_EQ(0, pthread_create(&thread, NULL, visitor_thread, &visitor));
	do {
		first = st_lock_all(a, self->w.buf[0].fd, W, 0);
		if (first < 0)
			break;
		second = lock_many(a, self->w.buf[1].fd, 0, 1);
		st_release(a, first);
	} while (second == -ETIMEDOUT && st_now_ns() < end_ns);
	__atomic_store_n(&visitor.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_LE(0, first);
	EXPECT_EQ(-ETIMEDOUT, second);
	EXPECT_EQ(0, visitor.error);
	st_context_reopen(&self->w.ctx[2]);
	crowd_end(&crowd);
}

/**
 * struct releaser - lets a queued set in
 * @barrier: when
 * @ns: or so long after that
 */
struct releaser {
	pthread_barrier_t barrier;
	int64_t ns;
	int ctx;
	long set;
};

static void *releaser_thread(void *arg)
{
	struct releaser *releaser = arg;

	pthread_barrier_wait(&releaser->barrier);
	spin_ns(releaser->ns);
	st_release(releaser->ctx, releaser->set);
	return NULL;
}

/*
 * C(b1) D(b0)  B queues b1, D waits for b1  C goes, so that B acquires b1; at the same time a call
 * of B requests b0. D waits for B, and B for D: B's call came last and has to fail.
 */
TEST_F_TIMEOUT(race, cycle_of_two_requests_of_one_owner_is_found, 120)
{
	int b = self->w.ctx[0], c = self->w.ctx[1], d = self->w.ctx[2];
	int b0 = self->w.buf[0].fd, b1 = self->w.buf[1].fd;
	unsigned int round;

	for (round = 0; round < 400; round++) {
		struct releaser releaser = { .ctx = c };
		struct st_call behind;
		pthread_t thread;
		long held, first;

		ASSERT_EQ(0, pthread_barrier_init(&releaser.barrier, NULL, 2));
		held = st_lock_all(d, b0, W, 0);
		ASSERT_LE(0, held);
		releaser.set = st_lock_all(c, b1, W, 0);
		ASSERT_LE(0, releaser.set);
		first = lock_many(b, b1, QUEUE, 0);
		ASSERT_LE(0, first);
		ASSERT_EQ(0, st_call_wait(&behind, d, b1, W));

		ASSERT_EQ(0, pthread_create(&thread, NULL, releaser_thread, &releaser));
		pthread_barrier_wait(&releaser.barrier);
		spin_ns(random() % (4 * ST_NSEC_PER_MSEC));
		ASSERT_EQ(-EDEADLK, st_lock_ms(b, b0, W, 0, DMABUF_SYNC_TO_END, ST_SOON_MS))
			TH_LOG("round %u", round);
		pthread_join(thread, NULL);

		EXPECT_EQ(0, st_event_result(b, first));
		EXPECT_EQ(0, st_release(b, first));
		ASSERT_LE(0, st_call_end(&behind));
		EXPECT_EQ(0, st_release(d, behind.result));
		EXPECT_EQ(0, st_release(d, held));
		pthread_barrier_destroy(&releaser.barrier);
	}
}

/*
 * C holds, and releases at about the time at which B's patience ends. B has acquired it, or never
 * had it: what was handed over to it is not given up again.
 */
TEST_F_TIMEOUT(race, what_is_handed_over_at_the_deadline_is_acquired, 120)
{
	int b = self->w.ctx[0], c = self->w.ctx[1], fd = self->w.buf[0].fd;
	struct dmabuf_sync_access entry = st_access(fd, W, 0, 1);
	int round, acquired = 0, late = 0, err;

	ASSERT_EQ(0, st_trace_start());
	for (round = 0; round < 1500; round++) {
		struct releaser releaser = { .ctx = c, .ns = 150000 };
		struct dmabuf_sync_acquire out;
		pthread_t thread;

		ASSERT_EQ(0, pthread_barrier_init(&releaser.barrier, NULL, 2));
		releaser.set = st_lock(c, fd, W, 0, 1, 0);
		ASSERT_LE(0, releaser.set);
		ASSERT_EQ(0, pthread_create(&thread, NULL, releaser_thread, &releaser));
		pthread_barrier_wait(&releaser.barrier);
		err = st_acquire(b, &entry, 1, 0, st_now_ns() + 100000 + random() % 100000, 0,
				 &out);
		pthread_join(thread, NULL);
		acquired += 1 + !err;
		late += err == -ETIMEDOUT;
		if (!err)
			EXPECT_EQ(0, st_release(b, out.set));
		pthread_barrier_destroy(&releaser.barrier);
	}
	TH_LOG("%d of %d came too late", late, round);
	EXPECT_EQ(2 * round, acquired + late);
	EXPECT_EQ(acquired, st_trace_lines("dmabuf_sync_acquired"));
	st_trace_stop();
}

TEST_HARNESS_MAIN
