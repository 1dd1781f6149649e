// SPDX-License-Identifier: GPL-2.0-only
/*
 * A number is given up while another thread reads events: once that call has returned, nobody
 * is in the middle of reading the set's event any more.
 *
 *	worker: tells of the event     | one thread: gives up    | another: reads
 *	many pollers to wake ...       | takes the number away   |
 *	...                            | waits for the worker    | copies the event: page fault
 *	done                           | frees everything        | (still there)
 *
 * A crowd of pollers makes the first column last, a page that userfaultfd fills the third.
 */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE

#define CROWD	1500
#define ROUNDS	20

FIXTURE(giveup)
{
	struct st_world w;
	int ctx, fd;
	int crowd[CROWD];
	unsigned int nr_crowd;
	struct st_faults faults;
};

FIXTURE_SETUP(giveup)
{
	struct rlimit limit = { .rlim_cur = CROWD + 200, .rlim_max = CROWD + 200 };
	struct epoll_event want = { .events = EPOLLIN };
	int epoll;

	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx[0];
	self->fd = self->w.buf[0].fd;
	ASSERT_EQ(0, fcntl(self->ctx, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	while (self->nr_crowd < CROWD) {
		epoll = epoll_create1(EPOLL_CLOEXEC);
		ASSERT_LE(0, epoll);
		self->crowd[self->nr_crowd++] = epoll;
		ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->ctx, &want));
	}
	if (!st_faults_are_supported())
		SKIP(return, "this kernel has no userfaultfd()");
	ASSERT_EQ(0, st_faults_open(&self->faults));
}

FIXTURE_TEARDOWN(giveup)
{
	while (self->nr_crowd)
		close(self->crowd[--self->nr_crowd]);
	st_faults_close(&self->faults);
	EXPECT_TRUE(st_world_close(&self->w));
}

/**
 * struct racer - a thread that acts as soon as the event is there
 * @epoll: tells it
 * @set: what to give up
 * @faults: where it reads to
 * @result: of that, or of the read
 * @done: it has acted
 */
struct racer {
	int ctx, epoll;
	long set;
	const struct st_faults *faults;
	int result;
	bool done;
};

static bool racer_done(const struct racer *racer)
{
	return __atomic_load_n(&racer->done, __ATOMIC_ACQUIRE);
}

static bool racer_told(const struct racer *racer, int ms)
{
	struct epoll_event got;

	return epoll_wait(racer->epoll, &got, 1, ms) == 1;
}

static void *giver_thread(void *arg)
{
	struct racer *giver = arg;

	/* The reader may have the event before this thread is told of it. */
	racer_told(giver, 20);
	giver->result = st_release(giver->ctx, giver->set);
	__atomic_store_n(&giver->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void *reader_thread(void *arg)
{
	struct racer *reader = arg;

	/* It may be gone when this thread is told. */
	if (racer_told(reader, 200))
		reader->result = read(reader->ctx, reader->faults->page,
				      sizeof(struct dmabuf_sync_event));
	__atomic_store_n(&reader->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Let a read that got so far end. Return: true if the other thread was done before. */
static bool fill_late(const struct racer *reader, const struct racer *giver)
{
	bool late;

	if (!ST_UNTIL(racer_done(reader) || st_faults_pending(reader->faults)) ||
	    racer_done(reader))
		return false;
	late = ST_UNTIL_MS(racer_done(giver), 100);
	st_faults_fill(reader->faults);
	return late;
}

TEST_F_TIMEOUT(giveup, nobody_reads_the_event_of_a_number_that_is_gone, 60)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		struct racer giver = { .ctx = self->ctx, .epoll = self->crowd[CROWD - 1] };
		struct racer reader = {
			.ctx = self->ctx, .epoll = self->crowd[CROWD - 2],
			.faults = &self->faults,
		};
		long holder = st_lock_all(self->w.ctx[1], self->fd, W, 0);
		pthread_t give, read;
		bool late;

		ASSERT_LE(0, holder);
		giver.set = st_lock_all(self->ctx, self->fd, W, QUEUE);
		ASSERT_LE(0, giver.set);
		ASSERT_EQ(0, pthread_create(&give, NULL, giver_thread, &giver));
		ASSERT_EQ(0, pthread_create(&read, NULL, reader_thread, &reader));
		st_sleep_ms(5);
		ASSERT_EQ(0, st_release(self->w.ctx[1], holder));
		late = fill_late(&reader, &giver);
		pthread_join(give, NULL);
		pthread_join(read, NULL);
		if (late)
			ASSERT_EQ(-1, reader.result) TH_LOG("round %u", round);
		EXPECT_EQ(0, giver.result);
		EXPECT_FALSE(st_event_pending(self->ctx, 0));
		st_faults_again(&self->faults);
	}
}

TEST_HARNESS_MAIN
