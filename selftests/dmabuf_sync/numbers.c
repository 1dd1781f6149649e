// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers of a context's sets. One thread queues a set, whose exporter takes its time to
 * open the window; other threads of the context release sets and read events meanwhile.
 */
#include <kselftest_harness.h>
#include <fcntl.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define SLOW_MS	2000

FIXTURE(numbers)
{
	struct st_world w;
	struct st_buffer slow;
	int ctx, fd;
	long first;
};

FIXTURE_SETUP(numbers)
{
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx[0];
	self->fd = self->w.buf[0].fd;
	ASSERT_EQ(0, st_buffer_test(self->w.test, &self->slow, ST_PAGE, O_RDWR));
	ASSERT_EQ(0, st_buffer_fault(self->w.test, &self->slow, 0, 0, SLOW_MS));
	self->first = st_lock_all(self->ctx, self->fd, W, QUEUE);
	ASSERT_LE(0, self->first);
	ASSERT_TRUE(st_event_pending(self->ctx, ST_SOON_MS));
}

FIXTURE_TEARDOWN(numbers)
{
	st_buffer_close(&self->slow);
	EXPECT_TRUE(st_world_close(&self->w));
}

struct queuer {
	int ctx, fd;
	long set;
	bool done;
};

static void *queuer_thread(void *arg)
{
	struct queuer *queuer = arg;

	queuer->set = st_lock_all(queuer->ctx, queuer->fd, W, QUEUE);
	__atomic_store_n(&queuer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool queuer_done(const struct queuer *queuer)
{
	return __atomic_load_n(&queuer->done, __ATOMIC_ACQUIRE);
}

TEST_F(numbers, exporter_holds_up_no_other_thread)
{
	struct queuer queuer = { .ctx = self->ctx, .fd = self->slow.fd };
	struct dmabuf_sync_event event;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, queuer_thread, &queuer));
	ASSERT_TRUE(ST_UNTIL(st_query_count(self->w.ctx[1], self->slow.fd,
					    DMABUF_SYNC_STATE_ACQUIRED) == 1));
	/* A number that the other thread will have is not known yet. */
	EXPECT_EQ(-ENOENT, st_release(self->ctx, self->first + 1));
	EXPECT_EQ(0, st_event_read(self->ctx, &event, 0));
	EXPECT_EQ(self->first, event.set);
	EXPECT_EQ(0, st_release(self->ctx, self->first));
	EXPECT_FALSE(queuer_done(&queuer));

	pthread_join(thread, NULL);
	EXPECT_EQ(self->first + 1, queuer.set);
	EXPECT_EQ(0, st_event_result(self->ctx, queuer.set));
	EXPECT_EQ(0, st_release(self->ctx, queuer.set));
}

/* An exporter that fails after a while leaves no number behind. */
TEST_F(numbers, exporter_that_fails_gives_the_number_back)
{
	long set;

	ASSERT_EQ(0, st_buffer_fault(self->w.test, &self->slow, 1, -EIO, 10));
	EXPECT_EQ(-EIO, st_lock_all(self->ctx, self->slow.fd, W, QUEUE));
	EXPECT_EQ(-ENOENT, st_release(self->ctx, self->first + 1));
	set = st_lock_all(self->ctx, self->slow.fd, W, 0);
	EXPECT_LE(0, set);
	EXPECT_EQ(0, st_release(self->ctx, set));
}

/**
 * struct pair - two threads, one of which releases what the other queues, by its event
 * @ctx: the context
 * @fd: a buffer that is free
 * @nr: sets to queue, and to release
 * @error: the first that went wrong
 */
struct pair {
	int ctx, fd;
	unsigned int nr;
	int error;
};

static void *releaser_thread(void *arg)
{
	struct pair *pair = arg;
	struct dmabuf_sync_event event;
	unsigned int i;

	for (i = 0; i < pair->nr && !pair->error; i++) {
		pair->error = st_event_read(pair->ctx, &event, ST_SOON_MS);
		if (!pair->error)
			pair->error = event.result ?: st_release(pair->ctx, event.set);
	}
	return NULL;
}

/* The event may be read, and its set released, before the call that queued it returns. */
TEST_F(numbers, event_can_overtake_its_call)
{
	struct pair pair = { .ctx = self->ctx, .fd = self->fd, .nr = 5000 };
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(0, st_event_result(self->ctx, self->first));
	ASSERT_EQ(0, st_release(self->ctx, self->first));
	ASSERT_EQ(0, pthread_create(&thread, NULL, releaser_thread, &pair));
	for (i = 0; i < pair.nr; i++)
		ASSERT_LE(0, st_lock(self->ctx, self->fd, W, i % 64, 1, QUEUE));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, pair.error);
	EXPECT_EQ(0, st_snapshot(0, NULL, 0));
}

TEST_HARNESS_MAIN
