// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queued sets: each ends with one event, read in the order things happened. poll() is level
 * triggered: it reports the event to everybody until somebody reads it.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

FIXTURE(event)
{
	struct st_world w;
	int ctx, fd;
};

FIXTURE_SETUP(event)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx[0];
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(event)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F(event, free_set_is_an_event_as_well)
{
	struct dmabuf_sync_event event;
	long set = st_lock_all(self->ctx, self->fd, W, QUEUE);

	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_event_read(self->ctx, &event, ST_SOON_MS));
	EXPECT_EQ(set, event.set);
	EXPECT_EQ(0, event.result);
	EXPECT_EQ(0, event.status);
	EXPECT_EQ(0, event.reserved);
	EXPECT_FALSE(st_event_pending(self->ctx, 0));
	EXPECT_EQ(0, st_release(self->ctx, set));
}

TEST_F(event, carries_the_user_data)
{
	struct dmabuf_sync_access entry = st_access(self->fd, W, 0, TO_END);
	struct dmabuf_sync_event event;

	ASSERT_EQ(0, st_acquire(self->ctx, &entry, 1, QUEUE, 0, 0x123456789abcdef0, NULL));
	ASSERT_EQ(0, st_event_read(self->ctx, &event, ST_SOON_MS));
	EXPECT_EQ(0x123456789abcdef0, event.user_data);
}

TEST_F(event, poll_reports_until_it_is_read)
{
	struct dmabuf_sync_event event;
	unsigned int i;

	EXPECT_FALSE(st_event_pending(self->ctx, 0));
	ASSERT_LE(0, st_lock_all(self->ctx, self->fd, W, QUEUE));
	for (i = 0; i < 5; i++)
		EXPECT_TRUE(st_event_pending(self->ctx, i ? 0 : ST_SOON_MS));
	EXPECT_EQ(0, st_event_read(self->ctx, &event, 0));
	EXPECT_FALSE(st_event_pending(self->ctx, 0));
}

/* Not consumed by the first poller: all of them see it. */
struct poller {
	int ctx;
	bool seen;
};

static void *poller_thread(void *arg)
{
	struct poller *poller = arg;

	poller->seen = st_event_pending(poller->ctx, ST_SOON_MS);
	return NULL;
}

TEST_F(event, wakes_every_poller)
{
	struct poller pollers[8];
	pthread_t threads[8];
	long h = st_lock_all(self->w.ctx[1], self->fd, W, 0);
	unsigned int i;

	ASSERT_LE(0, h);
	ASSERT_LE(0, st_lock_all(self->ctx, self->fd, W, QUEUE));
	for (i = 0; i < 8; i++) {
		pollers[i] = (struct poller){ .ctx = self->ctx };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, poller_thread, &pollers[i]));
	}
	EXPECT_TRUE(ST_STAYS(!st_event_pending(self->ctx, 0)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], h));
	for (i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_TRUE(pollers[i].seen);
	}
}

TEST_F(event, epoll_is_level_triggered)
{
	struct epoll_event want = { .events = EPOLLIN }, got;
	struct dmabuf_sync_event event;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->ctx, &want));
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	ASSERT_LE(0, st_lock_all(self->ctx, self->fd, W, QUEUE));
	EXPECT_EQ(1, epoll_wait(epoll, &got, 1, ST_SOON_MS));
	EXPECT_EQ(1, epoll_wait(epoll, &got, 1, 0));
	EXPECT_EQ(0, st_event_read(self->ctx, &event, 0));
	EXPECT_EQ(0, epoll_wait(epoll, &got, 1, 0));
	close(epoll);
}

/* Sets of one context end in the order in which they were acquired, not requested. */
TEST_F(event, events_are_read_in_order)
{
	struct dmabuf_sync_event events[3];
	long holders[2], sets[2];
	int i;

	for (i = 0; i < 2; i++) {
		holders[i] = st_lock_all(self->w.ctx[1], self->w.buf[i].fd, W, 0);
		ASSERT_LE(0, holders[i]);
		sets[i] = st_lock_all(self->ctx, self->w.buf[i].fd, W, QUEUE);
		ASSERT_LE(0, sets[i]);
	}
	EXPECT_EQ(0, st_release(self->w.ctx[1], holders[1]));
	ASSERT_TRUE(st_event_pending(self->ctx, ST_SOON_MS));
	EXPECT_EQ(0, st_release(self->w.ctx[1], holders[0]));
	EXPECT_EQ(0, st_event_read(self->ctx, &events[0], ST_SOON_MS));
	EXPECT_EQ(0, st_event_read(self->ctx, &events[1], ST_SOON_MS));
	EXPECT_EQ(sets[1], events[0].set);
	EXPECT_EQ(sets[0], events[1].set);
}

/* As many as there are, each of them once. */
TEST_F(event, one_read_returns_many_events)
{
	struct dmabuf_sync_event events[ST_WORLD + 1];
	unsigned int seen = 0, reads = 0;
	long sets[ST_WORLD];
	ssize_t got, i;
	int k;

	for (k = 0; k < ST_WORLD; k++) {
		sets[k] = st_lock_all(self->ctx, self->w.buf[k].fd, W, QUEUE);
		ASSERT_LE(0, sets[k]);
	}
	while (seen != (1 << ST_WORLD) - 1 && reads++ < ST_WORLD) {
		ASSERT_TRUE(st_event_pending(self->ctx, ST_SOON_MS));
		got = read(self->ctx, events, sizeof(events));
		ASSERT_LT(0, got);
		ASSERT_EQ(0, got % sizeof(events[0]));
		for (i = 0; i < got / (ssize_t)sizeof(events[0]); i++)
			for (k = 0; k < ST_WORLD; k++)
				if (events[i].set == sets[k])
					seen ^= 1 << k;
	}
	EXPECT_EQ((1 << ST_WORLD) - 1, seen);
	EXPECT_FALSE(st_event_pending(self->ctx, 0));
}

TEST_F(event, read_returns_whole_events_only)
{
	struct dmabuf_sync_event events[2];
	unsigned int i;

	EXPECT_EQ(-1, read(self->ctx, events, sizeof(events[0]) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->ctx, events, 0));
	EXPECT_EQ(EINVAL, errno);
	for (i = 0; i < 3; i++)
		ASSERT_LE(0, st_lock(self->ctx, self->fd, W, i, 1, QUEUE));
	for (i = 0; i < 2; i++)
		ASSERT_TRUE(st_event_pending(self->ctx, ST_SOON_MS));
	EXPECT_EQ((ssize_t)sizeof(events[0]),
		  read(self->ctx, events, sizeof(events[0]) * 2 - 1));
}

TEST_F(event, nonblocking_read_says_eagain)
{
	struct dmabuf_sync_event event;

	ASSERT_EQ(0, fcntl(self->ctx, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(self->ctx, &event, sizeof(event)));
	EXPECT_EQ(EAGAIN, errno);
}

/* A read with a bad pointer loses no event. */
TEST_F(event, faulting_read_keeps_the_event)
{
	struct dmabuf_sync_event event;
	void *hole = mmap(NULL, ST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long set = st_lock_all(self->ctx, self->fd, W, QUEUE);

	ASSERT_LE(0, set);
	ASSERT_TRUE(st_event_pending(self->ctx, ST_SOON_MS));
	EXPECT_EQ(-1, read(self->ctx, hole, sizeof(event)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, st_event_result(self->ctx, set));
}

struct reader {
	int ctx;
	bool done;
	ssize_t got;
	struct dmabuf_sync_event event;
};

static void *reader_thread(void *arg)
{
	struct reader *reader = arg;

	reader->got = read(reader->ctx, &reader->event, sizeof(reader->event));
	__atomic_store_n(&reader->done, true, __ATOMIC_RELEASE);
	return NULL;
}

TEST_F(event, blocking_read_sleeps_until_there_is_one)
{
	struct reader reader = { .ctx = self->ctx };
	long set, h = st_lock_all(self->w.ctx[1], self->fd, W, 0);
	pthread_t thread;

	ASSERT_LE(0, h);
	set = st_lock_all(self->ctx, self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, pthread_create(&thread, NULL, reader_thread, &reader));
	EXPECT_TRUE(ST_STAYS(!__atomic_load_n(&reader.done, __ATOMIC_ACQUIRE)));
	EXPECT_EQ(0, st_release(self->w.ctx[1], h));
	ASSERT_TRUE(ST_UNTIL(__atomic_load_n(&reader.done, __ATOMIC_ACQUIRE)));
	pthread_join(thread, NULL);
	EXPECT_EQ((ssize_t)sizeof(reader.event), reader.got);
	EXPECT_EQ(set, reader.event.set);
}

/* Once release returned, no event of the set follows and none is left. */
TEST_F(event, release_of_a_queued_set_takes_its_event_along)
{
	long h = st_lock_all(self->w.ctx[1], self->fd, W, 0), set;

	ASSERT_LE(0, h);
	set = st_lock_all(self->ctx, self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	EXPECT_EQ(0, st_release(self->ctx, set));
	EXPECT_EQ(0, st_release(self->w.ctx[1], h));
	EXPECT_TRUE(ST_STAYS(!st_event_pending(self->ctx, 0)));
	/* And the event that is there already. */
	set = st_lock_all(self->ctx, self->fd, W, QUEUE);
	ASSERT_LE(0, set);
	ASSERT_TRUE(st_event_pending(self->ctx, ST_SOON_MS));
	EXPECT_EQ(0, st_release(self->ctx, set));
	EXPECT_FALSE(st_event_pending(self->ctx, 0));
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
}

/* Release against acquisition, many times: no event of a released set ever shows up. */
TEST_F(event, release_races_with_the_acquisition)
{
	unsigned int round;

	for (round = 0; round < 300; round++) {
		long h = st_lock_all(self->w.ctx[1], self->fd, W, 0);
		long set = st_lock_all(self->ctx, self->fd, W, QUEUE);

		ASSERT_LE(0, h) TH_LOG("round %u", round);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, st_release(self->w.ctx[1], h));
		ASSERT_EQ(0, st_release(self->ctx, set));
		ASSERT_FALSE(st_event_pending(self->ctx, 0));
	}
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
}

/* Contexts do not see each other's events. */
TEST_F(event, other_contexts_hear_nothing)
{
	ASSERT_LE(0, st_lock_all(self->ctx, self->fd, R, QUEUE));
	ASSERT_TRUE(st_event_pending(self->ctx, ST_SOON_MS));
	EXPECT_FALSE(st_event_pending(self->w.ctx[1], 0));
}

/* A set is released by its number, whether its event was read or not. */
TEST_F(event, numbers_are_unique_within_the_owner)
{
	long sets[100];
	int i, k;

	for (i = 0; i < 100; i++) {
		sets[i] = st_lock(self->ctx, self->fd, R, i, 1, i % 2 ? QUEUE : 0);
		ASSERT_LE(0, sets[i]);
		for (k = 0; k < i; k++)
			ASSERT_NE(sets[k], sets[i]);
	}
	for (i = 0; i < 100; i++)
		EXPECT_EQ(0, st_release(self->ctx, sets[i]));
	EXPECT_FALSE(st_event_pending(self->ctx, 0));
}

TEST_HARNESS_MAIN
