// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 3: conflicting requests are served in the order of their tickets, adjacent
 * readers together; nobody starves.
 */
#include <kselftest_harness.h>
#include <signal.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END

FIXTURE(fair)
{
	struct st_world w;
	int fd;
};

FIXTURE_SETUP(fair)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(fair)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static long queue(struct st_world *w, int ctx, uint32_t access)
{
	return st_lock_all(w->ctx[ctx], w->buf[0].fd, access, DMABUF_SYNC_ACQUIRE_QUEUE);
}

static bool waits(struct st_world *w, int ctx)
{
	return !st_event_pending(w->ctx[ctx], 0);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* h  a: W  b: W   A signal restarts a's call, which stays before b. */
TEST_F(fair, restarted_call_keeps_its_place)
{
	struct sigaction restart = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	long h = st_lock_all(self->w.ctx[0], self->fd, W, 0), b;
	struct st_call a;

	ASSERT_LE(0, h);
	ASSERT_EQ(0, sigaction(SIGUSR2, &restart, NULL));
	ASSERT_EQ(0, st_call_wait(&a, self->w.ctx[1], self->fd, W));
	b = queue(&self->w, 2, W);
	ASSERT_LE(0, b);
	ASSERT_EQ(0, pthread_kill(a.thread, SIGUSR2));
	/* It is queued once more. */
	EXPECT_TRUE(ST_STAYS(!st_call_done(&a)));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[0], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 2));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_LE(0, st_call_end(&a));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 2)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], a.result));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], b));
}

/* h  w1 w2 w3 w4 w5 w6: in just this order, one at a time. */
TEST_F(fair, writers_are_served_in_order)
{
	long set[7];
	unsigned int i, k;

	set[0] = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, set[0]);
	for (i = 1; i < 7; i++) {
		set[i] = queue(&self->w, i, W);
		ASSERT_LE(0, set[i]);
	}
	for (i = 1; i < 7; i++) {
		EXPECT_EQ(0, st_release(self->w.ctx[i - 1], set[i - 1]));
		EXPECT_EQ(0, st_event_result(self->w.ctx[i], set[i]));
		for (k = i + 1; k < 7; k++)
			EXPECT_TRUE(waits(&self->w, k));
	}
}

/*
 * h  |-----------|	All go on when h goes, and the one that came first goes first.
 * w      |0|1|2|3|
 */
TEST_F(fair, requests_on_other_bytes_go_in_order)
{
	struct dmabuf_sync_event event;
	long held, set[4];
	unsigned int i;

	held = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, held);
	for (i = 0; i < 4; i++) {
		set[i] = st_lock(self->w.ctx[1], self->fd, W, i, 1, DMABUF_SYNC_ACQUIRE_QUEUE);
		ASSERT_LE(0, set[i]);
	}
	EXPECT_EQ(0, st_release(self->w.ctx[0], held));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, st_event_read(self->w.ctx[1], &event, ST_SOON_MS));
		EXPECT_EQ(0, event.result);
		EXPECT_EQ(set[i], event.set);
	}
}

/* h  w1 w1': requests of one owner are not in each other's way, so both go together. */
TEST_F(fair, requests_of_one_owner_go_together)
{
	struct dmabuf_sync_event event[2];
	long held, set[2];
	unsigned int i, first;

	held = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, held);
	set[0] = queue(&self->w, 1, W);
	ASSERT_LE(0, set[0]);
	set[1] = queue(&self->w, 1, W);
	ASSERT_LE(0, set[1]);
	EXPECT_EQ(0, st_release(self->w.ctx[0], held));
	/* Workers tell of them, in any order. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, st_event_read(self->w.ctx[1], &event[i], ST_SOON_MS));
		EXPECT_EQ(0, event[i].result);
	}
	first = event[0].set != set[0];
	EXPECT_EQ(set[first], event[0].set);
	EXPECT_EQ(set[!first], event[1].set);
}

/* h(W)  r1 r2 r3  w  r4: the three readers together, then the writer, then r4. */
TEST_F(fair, adjacent_readers_go_together)
{
	long set[6];
	unsigned int i;

	set[0] = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, set[0]);
	for (i = 1; i < 6; i++) {
		set[i] = queue(&self->w, i, i == 4 ? W : R);
		ASSERT_LE(0, set[i]);
	}
	EXPECT_EQ(0, st_release(self->w.ctx[0], set[0]));
	for (i = 1; i < 4; i++)
		EXPECT_EQ(0, st_event_result(self->w.ctx[i], set[i]));
	EXPECT_TRUE(waits(&self->w, 4));
	EXPECT_TRUE(waits(&self->w, 5));
	for (i = 1; i < 4; i++)
		EXPECT_EQ(0, st_release(self->w.ctx[i], set[i]));
	EXPECT_EQ(0, st_event_result(self->w.ctx[4], set[4]));
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 5)));
	EXPECT_EQ(0, st_release(self->w.ctx[4], set[4]));
	EXPECT_EQ(0, st_event_result(self->w.ctx[5], set[5]));
}

/* h(R)  w  r: r would fit beside h, but w asked first. */
TEST_F(fair, later_reader_does_not_overtake_a_waiting_writer)
{
	long h = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	long w = queue(&self->w, 1, W);
	long r = queue(&self->w, 2, R);

	ASSERT_LE(0, h);
	ASSERT_LE(0, w);
	ASSERT_LE(0, r);
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 2)));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->w.ctx[3], self->fd, R, DMABUF_SYNC_ACQUIRE_NONBLOCK));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], w));
	EXPECT_TRUE(waits(&self->w, 2));
	EXPECT_EQ(0, st_release(self->w.ctx[1], w));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], r));
}

/* The same with a DMA job as the late reader: drivers queue like everybody. */
TEST_F(fair, later_dma_reader_does_not_overtake_a_waiting_writer)
{
	long h = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	long w = queue(&self->w, 1, W);
	long dma = st_sync_new(self->w.test);

	ASSERT_LE(0, h);
	ASSERT_LE(0, w);
	ASSERT_LE(0, dma);
	ASSERT_EQ(0, st_sync_get(self->w.test, dma, self->fd, DMA_BUF_ACCESS_DMA_R, 0, TO_END));
	EXPECT_EQ(-EAGAIN, st_sync_lock(self->w.test, dma, DST_LOCK_TRY, 0));
	ASSERT_EQ(0, st_sync_lock_async(self->w.test, dma, 0, 0));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], w));
	EXPECT_EQ(0, st_release(self->w.ctx[1], w));
	EXPECT_EQ(0, st_sync_result(self->w.test, dma));
}

/* h: 0-9   w1: 5-14   w2: 10-19   Fair across ranges: w2 fits, but waits behind w1. */
TEST_F(fair, overlapping_chain_keeps_its_order)
{
	long h = st_lock(self->w.ctx[0], self->fd, W, 0, 10, 0);
	long w1 = st_lock(self->w.ctx[1], self->fd, W, 5, 10, DMABUF_SYNC_ACQUIRE_QUEUE);
	long w2 = st_lock(self->w.ctx[2], self->fd, W, 10, 10, DMABUF_SYNC_ACQUIRE_QUEUE);
	long w3 = st_lock(self->w.ctx[3], self->fd, W, 20, 10, DMABUF_SYNC_ACQUIRE_NONBLOCK);

	ASSERT_LE(0, h);
	ASSERT_LE(0, w1);
	ASSERT_LE(0, w2);
	EXPECT_LE(0, w3);
	EXPECT_TRUE(ST_STAYS(waits(&self->w, 2)));
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	EXPECT_EQ(0, st_event_result(self->w.ctx[1], w1));
	EXPECT_EQ(0, st_release(self->w.ctx[1], w1));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], w2));
}

/* A waiter that gives up lets those behind it go at once: h(R) w r. */
TEST_F(fair, cancelled_writer_lets_readers_in)
{
	long h = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	long w = queue(&self->w, 1, W);
	long r = queue(&self->w, 2, R);

	ASSERT_LE(0, h);
	ASSERT_LE(0, w);
	ASSERT_LE(0, r);
	EXPECT_EQ(0, st_release(self->w.ctx[1], w));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], r));
}

/* h(R)  w with deadline  r: the writer's deadline passes, the reader gets in. */
TEST_F(fair, timed_out_writer_lets_readers_in)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);
	long h = st_lock_all(self->w.ctx[0], self->fd, R, 0);
	struct st_call w;
	long r;

	ASSERT_LE(0, h);
	ASSERT_EQ(0, st_call_start(&w, self->w.ctx[1], &entry, 1,
				   st_now_ns() + 200 * ST_NSEC_PER_MSEC));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[7], self->fd,
					    DMABUF_SYNC_STATE_QUEUED) == 1));
	r = queue(&self->w, 2, R);
	ASSERT_LE(0, r);
	EXPECT_EQ(-ETIMEDOUT, st_call_end(&w));
	EXPECT_EQ(0, st_event_result(self->w.ctx[2], r));
}

/* Blocking calls obey the same order as queued requests. */
TEST_F(fair, blocking_calls_are_served_in_order)
{
	struct st_call calls[5];
	long h = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	unsigned int i;

	ASSERT_LE(0, h);
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, st_call_lock(&calls[i], self->w.ctx[i + 1], self->fd, W, 0, TO_END));
		ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[7], self->fd,
						    DMABUF_SYNC_STATE_QUEUED) == (int)i + 1));
	}
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	for (i = 0; i < 5; i++) {
		long set = st_call_end(&calls[i]);

		ASSERT_LE(0, set);
		EXPECT_FALSE(i < 4 && st_call_done(&calls[i + 1]));
		EXPECT_EQ(0, st_release(self->w.ctx[i + 1], set));
	}
}

/*
 * Readers that overlap each other without a gap: none leaves before another came, unless
 * none can come because of the writer.
 */
struct stream {
	int ctx, fd;
	bool *stop;
	int *nr_inside;
	unsigned long rounds;
	int failed;
};

static void *stream_thread(void *arg)
{
	struct stream *stream = arg;
	long set;

	while (!__atomic_load_n(stream->stop, __ATOMIC_RELAXED) && !stream->failed) {
		set = st_lock_all(stream->ctx, stream->fd, R, 0);
		if (set < 0) {
			stream->failed = set;
			break;
		}
		__atomic_add_fetch(stream->nr_inside, 1, __ATOMIC_SEQ_CST);
		ST_UNTIL_MS(__atomic_load_n(stream->nr_inside, __ATOMIC_SEQ_CST) > 1, 5);
		__atomic_sub_fetch(stream->nr_inside, 1, __ATOMIC_SEQ_CST);
		stream->failed = st_release(stream->ctx, set);
		__atomic_add_fetch(&stream->rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static bool stream_flows(struct stream *stream)
{
	return ST_UNTIL(__atomic_load_n(&stream->rounds, __ATOMIC_SEQ_CST) > 0);
}

TEST_F(fair, writer_does_not_starve_under_overlapping_readers)
{
	struct stream streams[3];
	pthread_t threads[3];
	bool stop = false;
	int nr_inside = 0;
	unsigned int i, round;

	for (i = 0; i < 3; i++) {
		streams[i] = (struct stream){
			.ctx = self->w.ctx[i], .fd = self->fd, .stop = &stop,
			.nr_inside = &nr_inside,
		};
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, stream_thread, &streams[i]));
	}
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(stream_flows(&streams[i]));
	for (round = 0; round < 20; round++) {
		long set = st_lock_ms(self->w.ctx[3], self->fd, W, 0, TO_END, ST_SOON_MS);

		EXPECT_LE(0, set);
		if (set < 0)
			break;
		EXPECT_EQ(0, st_release(self->w.ctx[3], set));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, streams[i].failed);
	}
}

/* Nobody is forgotten: many writers, each has its turn, in the order they queued. */
TEST_F(fair, hundred_writers_all_have_their_turn)
{
	int ctx[100];
	long set[100], h;
	int i;

	h = st_lock_all(self->w.ctx[0], self->fd, W, 0);
	ASSERT_LE(0, h);
	for (i = 0; i < 100; i++) {
		ctx[i] = st_context_open();
		ASSERT_LE(0, ctx[i]);
		set[i] = st_lock_all(ctx[i], self->fd, W, DMABUF_SYNC_ACQUIRE_QUEUE);
		ASSERT_LE(0, set[i]);
	}
	EXPECT_EQ(0, st_release(self->w.ctx[0], h));
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(0, st_event_result(ctx[i], set[i]));
		EXPECT_EQ(99 - i, st_query_count(self->w.ctx[7], self->fd,
						 DMABUF_SYNC_STATE_QUEUED));
		EXPECT_EQ(0, close(ctx[i]));
	}
}

TEST_HARNESS_MAIN
