// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlocks that are being closed or are falling apart while somebody looks for them. Sets of
 * many accesses make the moments in question last.
 */
#include <kselftest_harness.h>
#include <stdlib.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_QUEUE
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

/* As many accesses as a set can have, of one byte each. */
static long lock_many(int ctx, int fd, uint32_t flags)
{
	struct dmabuf_sync_access accesses[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++)
		accesses[i] = st_access(fd, W, i, 1);
	return st_lock_set(ctx, accesses, MANY, flags);
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

/* Somebody who waits for as much as one can, so that to look at all of that takes a while. */
static bool wait_for_much(struct st_world *w, int ctx, int holder)
{
	unsigned int i;

	for (i = 2; i < 4; i++)
		if (st_lock_all(holder, w->buf[i].fd, W, 0) < 0)
			return false;
	for (i = 0; i < 8; i++)
		if (lock_many(ctx, w->buf[2 + i % 2].fd, QUEUE) < 0)
			return false;
	return true;
}

/*
 * A(b0) C(b1)  A(b1) waits for B(b1) and for C, B(b0) waits for A, but B never waits while it
 * holds: whoever looks when B goes from the one to the other, and looks at C in between, must
 * not take the two for a cycle.
 */
TEST_F_TIMEOUT(race, what_was_never_there_at_the_same_time_is_no_cycle, 60)
{
	struct visitor visitor = { .w = &self->w };
	int64_t end_ns = st_now_ns() + 5 * ST_NSEC_PER_SEC;
	int a = self->w.ctx[0], c = self->w.ctx[2];
	long first, second = -1;
	pthread_t thread;

	ASSERT_LE(0, st_lock(c, self->w.buf[1].fd, W, MANY - 1, 1, 0));
	ASSERT_TRUE(wait_for_much(&self->w, c, self->w.ctx[3]));
	ASSERT_EQ(0, pthread_create(&thread, NULL, visitor_thread, &visitor));
	do {
		first = st_lock_all(a, self->w.buf[0].fd, W, 0);
		if (first < 0)
			break;
		second = lock_many(a, self->w.buf[1].fd, QUEUE);
		if (second >= 0)
			st_release(a, second);
		st_release(a, first);
	} while (second >= 0 && st_now_ns() < end_ns);
	__atomic_store_n(&visitor.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_LE(0, first);
	EXPECT_LE(0, second);
	EXPECT_EQ(0, visitor.error);
}

/**
 * struct releaser - lets a queued set in
 * @barrier: when
 */
struct releaser {
	pthread_barrier_t barrier;
	int ctx;
	long set;
};

static void *releaser_thread(void *arg)
{
	struct releaser *releaser = arg;

	pthread_barrier_wait(&releaser->barrier);
	st_release(releaser->ctx, releaser->set);
	return NULL;
}

/*
 * The result of the first request. The second fails in the call or by its event, which may come
 * before the first one's: @second is the error, then.
 */
static int victim_await(int ctx, long first, long *second)
{
	struct dmabuf_sync_event event;
	int result = -EINPROGRESS;

	while (result == -EINPROGRESS || (!result && *second >= 0)) {
		if (st_event_read(ctx, &event, ST_SOON_MS))
			return -ETIMEDOUT;
		if (event.set == first)
			result = event.result;
		else
			*second = event.result;
	}
	return result;
}

/*
 * C(b1) D(b0)  B(b1) D(b1)  C goes, so that B acquires b1; at the same time another thread of B
 * requests b0. D waits for B, and B for D: one of B's requests has to fail.
 */
TEST_F_TIMEOUT(race, cycle_of_two_requests_of_one_owner_is_found, 120)
{
	int b = self->w.ctx[0], c = self->w.ctx[1], d = self->w.ctx[2];
	int b0 = self->w.buf[0].fd, b1 = self->w.buf[1].fd;
	unsigned int round;

	for (round = 0; round < 400; round++) {
		struct releaser releaser = { .ctx = c };
		long held, first, second, behind;
		pthread_t thread;
		int result;

		ASSERT_EQ(0, pthread_barrier_init(&releaser.barrier, NULL, 2));
		held = st_lock_all(d, b0, W, 0);
		ASSERT_LE(0, held);
		releaser.set = st_lock_all(c, b1, W, 0);
		ASSERT_LE(0, releaser.set);
		first = lock_many(b, b1, QUEUE);
		ASSERT_LE(0, first);
		behind = st_lock(d, b1, W, MANY - 1, 1, QUEUE);
		ASSERT_LE(0, behind);

		ASSERT_EQ(0, pthread_create(&thread, NULL, releaser_thread, &releaser));
		pthread_barrier_wait(&releaser.barrier);
		spin_ns(random() % (4 * ST_NSEC_PER_MSEC));
		second = st_lock_all(b, b0, W, QUEUE);
		pthread_join(thread, NULL);
		result = victim_await(b, first, &second);
		ASSERT_TRUE(result == -EDEADLK || (!result && second == -EDEADLK))
			TH_LOG("round %u: %d %ld", round, result, second);

		EXPECT_EQ(0, st_release(d, behind));
		EXPECT_EQ(0, st_release(d, held));
		EXPECT_EQ(0, second < 0 ? 0 : st_release(b, second));
		EXPECT_EQ(0, result ? 0 : st_release(b, first));
		pthread_barrier_destroy(&releaser.barrier);
	}
}

TEST_HARNESS_MAIN
