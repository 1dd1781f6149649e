// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invariant 12, the other half: a user with a buffer of its own cannot stop or slow the users of
 * other buffers, however many requests it queues there. All of them are served, in the time that a
 * test has, which looking at all pairs of them for each would exceed.
 */
#include <kselftest_harness.h>
#include <poll.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

/* Requests that queue for the same bytes behind a holder, by a few owners: as many as may. */
#define NR_OWNERS	4
#define MANY		1024

/* What a request for a free buffer may take, whatever goes on elsewhere. */
#define UNDISTURBED_NS	(st_slowness() * ST_NSEC_PER_SEC)

FIXTURE(crowd)
{
	struct st_world w;
	int holder, owners[NR_OWNERS];
	long held;
};

FIXTURE_SETUP(crowd)
{
	ASSERT_EQ(0, st_world_open(&self->w));
}

FIXTURE_TEARDOWN(crowd)
{
	EXPECT_TRUE(st_world_close(&self->w));
}

static void crowd_gather(struct __test_metadata *_metadata, FIXTURE_DATA(crowd) *self,
			 int nr)
{
	int fd = self->w.buf[0].fd, i;

	self->holder = st_context_open();
	self->held = st_lock_all(self->holder, fd, W, 0);
	ASSERT_LE(0, self->held);
	for (i = 0; i < NR_OWNERS; i++) {
		self->owners[i] = st_context_open();
		ASSERT_LE(0, self->owners[i]);
	}
	for (i = 0; i < nr; i++)
		ASSERT_LE(0, st_lock_all(self->owners[i % NR_OWNERS], fd, i % 8 ? W : R,
					 QUEUE));
}

static void crowd_leave(FIXTURE_DATA(crowd) *self)
{
	int i;

	for (i = 0; i < NR_OWNERS; i++)
		close(self->owners[i]);
	close(self->holder);
}

/* Release each as soon as it is acquired, until all were. */
static int crowd_serve(FIXTURE_DATA(crowd) *self, int nr)
{
	struct pollfd polls[NR_OWNERS];
	struct dmabuf_sync_event event;
	int i, served = 0;

	for (i = 0; i < NR_OWNERS; i++)
		polls[i] = (struct pollfd){ .fd = self->owners[i], .events = POLLIN };
	while (served < nr && poll(polls, NR_OWNERS, ST_SOON_MS) > 0) {
		for (i = 0; i < NR_OWNERS; i++) {
			if (!polls[i].revents)
				continue;
			if (st_event_read(self->owners[i], &event, 0) || event.result ||
			    st_release(self->owners[i], event.set))
				return -1;
			served++;
		}
	}
	return served;
}

/* As many as may wait, and none fails because they are so many. */
TEST_F_TIMEOUT(crowd, is_served_to_the_last, 60)
{
	int64_t begin;

	crowd_gather(_metadata, self, MANY);
	begin = st_now_ns();
	EXPECT_EQ(0, st_release(self->holder, self->held));
	EXPECT_EQ(MANY, crowd_serve(self, MANY));
	TH_LOG("%d requests: %lld ms", MANY, (long long)(st_now_ns() - begin) / 1000000);
	crowd_leave(self);
}

/* The holder stays to the end. */
TEST_F_TIMEOUT(crowd, is_cancelled_as_a_whole, 60)
{
	int64_t begin;

	crowd_gather(_metadata, self, MANY);
	begin = st_now_ns();
	crowd_leave(self);
	TH_LOG("%d requests: %lld ms", MANY, (long long)(st_now_ns() - begin) / 1000000);
	EXPECT_TRUE(st_snapshot_becomes_empty());
}

static void *leave_thread(void *arg)
{
	FIXTURE_DATA(crowd) *self = arg;

	st_release(self->holder, self->held);
	crowd_leave(self);
	return NULL;
}

/* The longest of some queued requests for a buffer that nobody else uses. */
static int64_t longest_elsewhere(struct __test_metadata *_metadata, struct st_world *w,
				 unsigned int rounds)
{
	int64_t begin, longest = 0;
	unsigned int i;
	long set;

	for (i = 0; i < rounds; i++) {
		begin = st_now_ns();
		set = st_lock_all(w->ctx[1], w->buf[1].fd, W, QUEUE);
		if (set < 0 || st_event_result(w->ctx[1], set) ||
		    st_release(w->ctx[1], set))
			return INT64_MAX;
		if (st_now_ns() - begin > longest)
			longest = st_now_ns() - begin;
	}
	TH_LOG("at most %lld ms", (long long)longest / 1000000);
	return longest;
}

/* The workers that serve queued requests are everybody's. */
TEST_F_TIMEOUT(crowd, does_not_hold_up_queued_requests_elsewhere, 120)
{
	pthread_t thread;

	crowd_gather(_metadata, self, MANY);
	ASSERT_EQ(0, pthread_create(&thread, NULL, leave_thread, self));
	EXPECT_GT(UNDISTURBED_NS, longest_elsewhere(_metadata, &self->w, 50));
	pthread_join(thread, NULL);
}

/* A stock driver sits on the resv of one buffer: workers wait for it, others must not. */
TEST_F_TIMEOUT(crowd, behind_a_held_resv_does_not_hold_up_others, 120)
{
	struct dmabuf_sync_event event;
	long hold;

	crowd_gather(_metadata, self, MANY);
	hold = st_resv_hold(self->w.test, self->w.buf[0].fd, 20000, false);
	ASSERT_LE(0, hold);
	/* Everyone of them is kicked in turn, and wants the resv. */
	EXPECT_EQ(0, st_release(self->holder, self->held));
	EXPECT_GT(UNDISTURBED_NS, longest_elsewhere(_metadata, &self->w, 20));
	EXPECT_EQ(0, st_test_destroy(self->w.test, hold));
	EXPECT_EQ(0, st_event_read(self->owners[0], &event, ST_SOON_MS));
	crowd_leave(self);
}

/* Each waits for all before it: 1000 waiters have 500 000 edges, not all are listed. */
TEST_F_TIMEOUT(crowd, snapshot_stays_readable, 120)
{
	int lines;

	crowd_gather(_metadata, self, MANY);
	lines = st_snapshot(0, NULL, 0);
	TH_LOG("%d lines for %d accesses", lines, MANY + 1);
	EXPECT_LE(MANY + 1, lines);
	EXPECT_GT(10 * MANY, lines);
	crowd_leave(self);
}

TEST_HARNESS_MAIN
