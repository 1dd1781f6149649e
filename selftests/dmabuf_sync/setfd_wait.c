// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets that are descriptors, and those who share one: none of them holds up another, and all who
 * wait learn of what happens to the set.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define ROUNDS	30

FIXTURE(wait)
{
	struct st_world w;
	int *ctx, fd;
	unsigned int lease_ms;
};

FIXTURE_SETUP(wait)
{
	self->lease_ms = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(wait)
{
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->lease_ms));
}

static int set_open(int ctx, int fd, uint32_t flags)
{
	return st_lock_all(ctx, fd, W, flags | DMABUF_SYNC_ACQUIRE_FD);
}

/* Return: how the set is, or a negative errno of the call, which does not block. */
static int set_result(int set)
{
	struct dmabuf_sync_event event;

	fcntl(set, F_SETFL, O_NONBLOCK);
	return read(set, &event, sizeof(event)) < 0 ? -errno : event.result;
}

static short polled(int set, int ms)
{
	struct pollfd pfd = { .fd = set };

	return poll(&pfd, 1, ms) == 1 ? pfd.revents : 0;
}

/**
 * struct reader - a thread that reads a set
 * @set: which
 * @to: where to
 * @got: bytes, or -1
 * @thread: the thread
 */
struct reader {
	int set;
	void *to;
	ssize_t got;
	pthread_t thread;
};

static void *reader_thread(void *arg)
{
	struct reader *reader = arg;

	reader->got = read(reader->set, reader->to, sizeof(struct dmabuf_sync_event));
	return NULL;
}

/**
 * struct other - a thread that does all that others can do with the set
 * @set: which
 * @result: what it has read
 * @done: it did
 * @thread: the thread
 */
struct other {
	int set;
	int result;
	bool done;
	pthread_t thread;
};

static void *other_thread(void *arg)
{
	struct other *other = arg;

	polled(other->set, 0);
	other->result = set_result(other->set);
	__atomic_store_n(&other->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* The event of the set is read into memory that does not come: others poll and read meanwhile. */
TEST_F(wait, reader_without_memory_holds_up_nobody)
{
	struct reader reader = { 0 };
	struct other other = { 0 };
	struct st_faults faults;

	if (!st_faults_are_supported())
		SKIP(return, "this kernel has no userfaultfd()");
	ASSERT_EQ(0, st_faults_open(&faults));
	reader.set = set_open(self->ctx[0], self->fd, QUEUE);
	reader.to = faults.page;
	other.set = reader.set;
	ASSERT_LE(0, reader.set);
	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, reader_thread, &reader));
	ASSERT_TRUE(ST_UNTIL(st_faults_pending(&faults)));
	ASSERT_EQ(0, pthread_create(&other.thread, NULL, other_thread, &other));
	EXPECT_TRUE(ST_UNTIL(__atomic_load_n(&other.done, __ATOMIC_ACQUIRE)));
	st_faults_fill(&faults);
	pthread_join(other.thread, NULL);
	pthread_join(reader.thread, NULL);
	EXPECT_EQ(0, other.result);
	EXPECT_EQ(sizeof(struct dmabuf_sync_event), reader.got);
	EXPECT_EQ(0, ((struct dmabuf_sync_event *)faults.page)->result);
	close(reader.set);
	st_faults_close(&faults);
}

/* What is read is so when it is written, not when the memory was asked for. */
TEST_F(wait, result_is_as_new_as_the_memory)
{
	struct reader reader = { 0 };
	struct st_faults faults;

	if (!st_faults_are_supported())
		SKIP(return, "this kernel has no userfaultfd()");
	ASSERT_EQ(0, st_faults_open(&faults));
	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	reader.set = set_open(self->ctx[0], self->fd, TRY);
	reader.to = faults.page;
	ASSERT_LE(0, reader.set);
	ASSERT_EQ(0, pthread_create(&reader.thread, NULL, reader_thread, &reader));
	ASSERT_TRUE(ST_UNTIL(st_faults_pending(&faults)));
	EXPECT_LE(0, st_lease_wait(self->ctx[1], self->fd, W, NULL));
	st_faults_fill(&faults);
	pthread_join(reader.thread, NULL);
	EXPECT_EQ(sizeof(struct dmabuf_sync_event), reader.got);
	EXPECT_EQ(-EOWNERDEAD, ((struct dmabuf_sync_event *)faults.page)->result);
	close(reader.set);
	st_faults_close(&faults);
}

/*
 * The poll asks for nothing else, and ends with the lease: without notices, and with one that was
 * not read, which tells that somebody waits.
 */
TEST_F(wait, end_of_the_lease_wakes_pollers)
{
	static const uint32_t flags[] = { TRY, TRY | DMABUF_SYNC_ACQUIRE_NOTIFY };
	struct st_call call;
	unsigned int i;
	int set;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	for (i = 0; i < ST_ARRAY_SIZE(flags); i++) {
		set = set_open(self->ctx[0], self->fd, flags[i]);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, set_result(set));
		EXPECT_EQ(0, polled(set, 0));
		ASSERT_EQ(0, st_call_lock(&call, self->ctx[1], self->fd, W, 0,
					  DMABUF_SYNC_TO_END));
		EXPECT_EQ(POLLERR, polled(set, -1));
		ASSERT_EQ(0, st_release(self->ctx[1], st_call_end(&call)));
		close(set);
	}
}

/* However quick its owner is when it learns of that. */
TEST_F(wait, set_that_was_said_to_be_revoked_ends_so)
{
	int tl = st_timeline_new(self->ctx[0], 0), set, i;
	struct dmabuf_sync_point point;
	struct st_call call;

	ASSERT_EQ(DMABUF_SYNC_MIN_LEASE_MS,
		  st_lease_promise(self->ctx[0], DMABUF_SYNC_MIN_LEASE_MS));
	for (i = 1; i <= ROUNDS; i++) {
		point = st_point(tl, DMABUF_SYNC_POINT_SIGNAL, i);
		set = st_lock_points(self->ctx[0], self->fd, W,
				     TRY | DMABUF_SYNC_ACQUIRE_FD, &point, 1);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, set_result(set));
		ASSERT_EQ(0, st_call_lock(&call, self->ctx[1], self->fd, W, 0,
					  DMABUF_SYNC_TO_END));
		EXPECT_EQ(POLLERR, polled(set, -1));
		EXPECT_EQ(-EOWNERDEAD, set_result(set));
		close(set);
		EXPECT_EQ(-EPIPE, st_timeline_wait_one(tl, i, 0, 0)) TH_LOG("round %d", i);
		ASSERT_EQ(0, st_release(self->ctx[1], st_call_end(&call)));
		EXPECT_EQ(DMABUF_SYNC_STATUS_REVOKED, call.status);
		ASSERT_EQ(0, st_timeline_signal(tl, i));
	}
	close(tl);
}

TEST_HARNESS_MAIN
