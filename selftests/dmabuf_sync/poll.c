// SPDX-License-Identifier: GPL-2.0-only
/* poll() of a dma-buf: POLLIN when nobody holds an access that writes, POLLOUT when nobody any. */
#include <kselftest_harness.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "st.h"

#define R	DMA_BUF_ACCESS_R
#define W	DMA_BUF_ACCESS_W
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define BOTH	(POLLIN | POLLOUT)
#define NR_POLLERS	40
#define NR_ROUNDS	300

FIXTURE(poll)
{
	struct st_world w;
	int *ctx, fd;
	unsigned int lease_ms;
};

static bool kernel_polls_accesses(int ctx)
{
	struct dmabuf_sync_caps caps = { .size = sizeof(caps) };

	return !ioctl(ctx, DMABUF_SYNC_IOC_CAPS, &caps) &&
	       caps.features & DMABUF_SYNC_FEATURE_POLL;
}

FIXTURE_SETUP(poll)
{
	self->lease_ms = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
	if (!kernel_polls_accesses(self->ctx[0]))
		SKIP(return, "this kernel leaves poll() of dma-bufs to its fences");
}

FIXTURE_TEARDOWN(poll)
{
	EXPECT_EQ(0, st_lease_set(self->lease_ms));
	EXPECT_TRUE(st_world_close(&self->w));
}

/* What poll() says within @ms, of @events. */
static short polled_for(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, ms) == 1 ? pfd.revents : 0;
}

static short polled(int fd)
{
	return polled_for(fd, BOTH, 0);
}

/**
 * struct poller - a thread that polls until something comes
 * @fd: what it polls
 * @events: for what
 * @got: what came, once @done; 0: nothing did
 * @done: poll() returned
 * @tid: of the thread
 * @thread: the thread
 */
struct poller {
	int fd;
	short events;
	short got;
	bool done;
	pid_t tid;
	pthread_t thread;
};

static void *poller_thread(void *arg)
{
	struct poller *poller = arg;

	__atomic_store_n(&poller->tid, gettid(), __ATOMIC_RELEASE);
	poller->got = polled_for(poller->fd, poller->events, ST_SOON_MS);
	__atomic_store_n(&poller->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool poller_sleeps(const struct poller *poller)
{
	pid_t tid = __atomic_load_n(&poller->tid, __ATOMIC_ACQUIRE);

	return tid && st_task_state(tid) == 'S';
}

/* Returns when it sleeps. */
static bool poller_start(struct poller *poller, int fd, short events)
{
	*poller = (struct poller){ .fd = fd, .events = events };
	return !pthread_create(&poller->thread, NULL, poller_thread, poller) &&
	       ST_UNTIL(poller_sleeps(poller));
}

static bool poller_done(const struct poller *poller)
{
	return __atomic_load_n(&poller->done, __ATOMIC_ACQUIRE);
}

static short poller_end(struct poller *poller)
{
	pthread_join(poller->thread, NULL);
	return poller->got;
}

TEST_F(poll, buffer_that_nobody_holds)
{
	EXPECT_EQ(BOTH, polled(self->fd));
	/* Nor if it was held before. */
	EXPECT_EQ(0, st_release(self->ctx[0], st_lock_all(self->ctx[0], self->fd, W, TRY)));
	EXPECT_EQ(BOTH, polled(self->fd));
}

TEST_F(poll, reader_leaves_pollin)
{
	long set = st_lock(self->ctx[0], self->fd, R, 0, 1, TRY);

	EXPECT_EQ(POLLIN, polled(self->fd));
	EXPECT_EQ(0, polled_for(self->fd, POLLOUT, 0));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(BOTH, polled(self->fd));
}

TEST_F(poll, writer_of_one_byte_leaves_nothing)
{
	long set = st_lock(self->ctx[0], self->fd, W, 100, 1, TRY);

	EXPECT_EQ(0, polled(self->fd));
	EXPECT_EQ(BOTH, polled(self->w.buf[1].fd));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(BOTH, polled(self->fd));
}

/* Only what is held is in the way, not what waits for it. */
TEST_F(poll, request_that_waits_is_not_in_the_way)
{
	long set = st_lock_all(self->ctx[0], self->fd, R, TRY);
	long queued = st_lock_all(self->ctx[1], self->fd, W, QUEUE);

	EXPECT_EQ(POLLIN, polled(self->fd));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, st_event_result(self->ctx[1], queued));
	EXPECT_EQ(0, polled(self->fd));
	EXPECT_EQ(0, st_release(self->ctx[1], queued));
}

TEST_F(poll, release_wakes)
{
	struct poller in, out;
	long set = st_lock_all(self->ctx[0], self->fd, W, TRY);

	ASSERT_TRUE(poller_start(&in, self->fd, POLLIN));
	ASSERT_TRUE(poller_start(&out, self->fd, POLLOUT));
	EXPECT_TRUE(ST_STAYS(!poller_done(&in) && !poller_done(&out)));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(POLLIN, poller_end(&in));
	EXPECT_EQ(POLLOUT, poller_end(&out));
}

/* The last writer goes, a reader stays: that is for those who want to read. */
TEST_F(poll, end_of_the_last_writer_wakes_for_pollin)
{
	struct poller in, out;
	long reader = st_lock(self->ctx[0], self->fd, R, 0, 1, TRY);
	long one = st_lock(self->ctx[0], self->fd, W, 1, 1, TRY);
	long other = st_lock(self->ctx[1], self->fd, W, 2, 1, TRY);

	ASSERT_TRUE(poller_start(&in, self->fd, POLLIN));
	ASSERT_TRUE(poller_start(&out, self->fd, POLLOUT));
	EXPECT_EQ(0, st_release(self->ctx[0], one));
	EXPECT_TRUE(ST_STAYS(!poller_done(&in) && !poller_done(&out)));
	EXPECT_EQ(0, st_release(self->ctx[1], other));
	EXPECT_EQ(POLLIN, poller_end(&in));
	EXPECT_TRUE(ST_STAYS(!poller_done(&out)));
	EXPECT_EQ(0, st_release(self->ctx[0], reader));
	EXPECT_EQ(POLLOUT, poller_end(&out));
}

static int record(int fd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_len = 16 };

	return fcntl(fd, F_SETLK, &fl) ? -errno : 0;
}

/* Times that a thread has slept. */
static long sleeps(pid_t tid)
{
	char path[64], line[128];
	long nr = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	file = fopen(path, "re");
	while (file && nr < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %ld", &nr);
	if (file)
		fclose(file);
	return nr;
}

/* As little is let in as before, so all of them would ask for nothing. */
TEST_F(poll, hand_over_wakes_nobody)
{
	struct poller poller;
	long set = st_lock_all(self->ctx[0], self->fd, W, TRY);
	long queued = st_lock_all(self->ctx[1], self->fd, W, QUEUE), before;

	ASSERT_TRUE(poller_start(&poller, self->fd, POLLIN));
	before = sleeps(poller.tid);
	ASSERT_LT(0, before);
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, st_event_result(self->ctx[1], queued));
	EXPECT_TRUE(ST_STAYS(sleeps(poller.tid) == before));
	EXPECT_EQ(0, st_release(self->ctx[1], queued));
	EXPECT_EQ(POLLIN, poller_end(&poller));
}

TEST_F(poll, record_locks_count)
{
	struct poller in, out;

	ASSERT_EQ(0, record(self->fd, F_WRLCK));
	EXPECT_EQ(0, polled(self->fd));
	ASSERT_TRUE(poller_start(&in, self->fd, POLLIN));
	ASSERT_TRUE(poller_start(&out, self->fd, POLLOUT));
	EXPECT_EQ(0, record(self->fd, F_RDLCK));
	EXPECT_EQ(POLLIN, poller_end(&in));
	EXPECT_EQ(POLLIN, polled(self->fd));
	EXPECT_TRUE(ST_STAYS(!poller_done(&out)));
	EXPECT_EQ(0, record(self->fd, F_UNLCK));
	EXPECT_EQ(POLLOUT, poller_end(&out));
}

/* A job holds its accesses before its fence is there, and until it has signaled. */
TEST_F(poll, job_counts_from_its_lock_to_its_fence)
{
	struct poller poller;
	long sync, fence;

	sync = st_sync_locked(self->w.test, self->fd, DMA_BUF_ACCESS_DMA_W, 0, 0, DST_LOCK_TRY);
	ASSERT_LE(0, sync);
	EXPECT_EQ(0, polled(self->fd));
	fence = st_fence_new(self->w.test, NULL);
	ASSERT_LE(0, fence);
	ASSERT_TRUE(poller_start(&poller, self->fd, POLLOUT));
	EXPECT_EQ(0, st_sync_commit(self->w.test, sync, fence));
	EXPECT_EQ(0, polled(self->fd));
	EXPECT_TRUE(ST_STAYS(!poller_done(&poller)));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_HARDIRQ, 0, 0));
	EXPECT_EQ(POLLOUT, poller_end(&poller));
	EXPECT_EQ(0, st_test_destroy(self->w.test, fence));
	EXPECT_EQ(0, st_test_destroy(self->w.test, sync));
}

TEST_F(poll, fences_of_other_drivers_count_as_before)
{
	long fence = st_fence_stock(self->w.test, self->fd, DST_USAGE_WRITE);
	struct poller poller;
	long set;

	ASSERT_LE(0, fence);
	EXPECT_EQ(0, polled(self->fd));
	ASSERT_TRUE(poller_start(&poller, self->fd, POLLIN));
	EXPECT_EQ(0, st_fence_signal(self->w.test, fence, DST_PROCESS, 0, 0));
	EXPECT_EQ(POLLIN, poller_end(&poller));
	EXPECT_EQ(0, st_test_destroy(self->w.test, fence));
	/* The fence is gone, an access is there. */
	set = st_lock_all(self->ctx[0], self->fd, W, TRY);
	EXPECT_EQ(0, polled(self->fd));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
}

/* Of another process, which is killed. */
TEST_F(poll, end_of_the_holder_wakes)
{
	struct poller poller;
	pid_t child = st_fork();

	ASSERT_LE(0, child);
	if (!child) {
		int ctx = st_context_open();

		st_lock_all(ctx, self->fd, W, TRY);
		for (;;)
			pause();
	}
	ASSERT_TRUE(ST_UNTIL(!polled(self->fd)));
	ASSERT_TRUE(poller_start(&poller, self->fd, POLLIN));
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(POLLIN, poller_end(&poller));
	EXPECT_TRUE(WIFSIGNALED(st_child_wait(child)));
}

/* Who polls does not wait for the access: no lease ends for him, but one that ends wakes him. */
TEST_F(poll, lease_that_is_over_wakes)
{
	struct poller poller;
	long set = st_lock_all(self->ctx[0], self->fd, W, TRY), next;

	ASSERT_EQ(0, st_lease_set(ST_LEASE_SHORT_MS));
	ASSERT_TRUE(poller_start(&poller, self->fd, POLLOUT));
	EXPECT_TRUE(ST_LEASE_STAYS(!poller_done(&poller)));
	next = st_lease_wait(self->ctx[1], self->fd, R, NULL);
	ASSERT_LT(0, next);
	EXPECT_EQ(0, st_release(self->ctx[1], next));
	EXPECT_EQ(POLLOUT, poller_end(&poller));
	EXPECT_EQ(-EOWNERDEAD, st_release(self->ctx[0], set));
}

TEST_F(poll, any_number_of_pollers_is_woken)
{
	struct poller pollers[NR_POLLERS];
	long set = st_lock_all(self->ctx[0], self->fd, W, TRY);
	unsigned int i;

	for (i = 0; i < NR_POLLERS; i++)
		ASSERT_TRUE(poller_start(&pollers[i], self->fd, i % 2 ? POLLIN : POLLOUT));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	for (i = 0; i < NR_POLLERS; i++)
		EXPECT_EQ(i % 2 ? POLLIN : POLLOUT, poller_end(&pollers[i]));
}

/* What epoll_wait() says within @ms. */
static uint32_t epolled(int epoll, int ms)
{
	struct epoll_event event = { 0 };

	return epoll_wait(epoll, &event, 1, ms) == 1 ? event.events : 0;
}

FIXTURE(epoll)
{
	struct st_world w;
	int *ctx, fd, epoll;
};

FIXTURE_VARIANT(epoll)
{
	uint32_t flags;
};

FIXTURE_VARIANT_ADD(epoll, level)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(epoll, edge)
{
	.flags = EPOLLET,
};

FIXTURE_SETUP(epoll)
{
	struct epoll_event event = { .events = EPOLLOUT | variant->flags };

	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
	if (!kernel_polls_accesses(self->ctx[0]))
		SKIP(return, "this kernel leaves poll() of dma-bufs to its fences");
	self->epoll = epoll_create1(0);
	ASSERT_LE(0, self->epoll);
	ASSERT_EQ(0, epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->fd, &event));
}

FIXTURE_TEARDOWN(epoll)
{
	if (self->epoll)
		close(self->epoll);
	EXPECT_TRUE(st_world_close(&self->w));
}

TEST_F(epoll, each_release_is_told)
{
	unsigned int round;
	long set;

	EXPECT_EQ(EPOLLOUT, epolled(self->epoll, 0));
	for (round = 0; round < 3; round++) {
		set = st_lock_all(self->ctx[0], self->fd, R, TRY);
		EXPECT_EQ(0, epolled(self->epoll, 0));
		EXPECT_EQ(0, st_release(self->ctx[0], set));
		EXPECT_EQ(EPOLLOUT, epolled(self->epoll, ST_SOON_MS));
	}
}

/**
 * struct churn - a thread that takes the buffer and lets it go, again and again
 * @ctx: its owner
 * @fd: the buffer
 * @mode: of its accesses
 * @result: 0, or a negative errno
 * @over: it has done that often enough
 * @thread: the thread
 */
struct churn {
	int ctx, fd;
	uint32_t mode;
	long result;
	bool over;
	pthread_t thread;
};

static void *churn_thread(void *arg)
{
	struct churn *churn = arg;
	unsigned int round;
	long set;

	for (round = 0; round < NR_ROUNDS && churn->result >= 0; round++) {
		set = st_lock_all(churn->ctx, churn->fd, churn->mode, 0);
		churn->result = set < 0 ? set : st_release(churn->ctx, set);
		usleep(round % 8 * 50);
	}
	__atomic_store_n(&churn->over, true, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * Whoever polls again and again while others come and go sleeps at last only if the buffer is
 * held, and it is not.
 */
TEST_F(poll, no_wake_up_is_lost)
{
	struct churn churn[3] = { { .mode = R }, { .mode = W }, { .mode = R } };
	struct poller pollers[4];
	unsigned int i, rounds = 0;
	bool over;

	for (i = 0; i < ST_ARRAY_SIZE(churn); i++) {
		churn[i].ctx = self->ctx[i];
		churn[i].fd = self->fd;
		ASSERT_EQ(0, pthread_create(&churn[i].thread, NULL, churn_thread, &churn[i]));
	}
	do {
		over = true;
		for (i = 0; i < ST_ARRAY_SIZE(churn); i++)
			over &= __atomic_load_n(&churn[i].over, __ATOMIC_ACQUIRE);
		for (i = 0; i < ST_ARRAY_SIZE(pollers); i++) {
			pollers[i] = (struct poller){ .fd = self->fd };
			pollers[i].events = i % 2 ? POLLIN : POLLOUT;
			ASSERT_EQ(0, pthread_create(&pollers[i].thread, NULL, poller_thread,
						    &pollers[i]));
		}
		for (i = 0; i < ST_ARRAY_SIZE(pollers); i++)
			EXPECT_EQ(pollers[i].events, poller_end(&pollers[i]));
		rounds++;
	} while (!over);
	for (i = 0; i < ST_ARRAY_SIZE(churn); i++) {
		pthread_join(churn[i].thread, NULL);
		EXPECT_EQ(0, churn[i].result);
	}
	TH_LOG("%u rounds", rounds);
}

/* A poller keeps nobody from closing the buffer, nor is it there for the next one. */
TEST_F(poll, buffer_that_goes)
{
	struct st_buffer buf;
	int epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLOUT };
	long set;

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, st_buffer_udmabuf(&buf, ST_PAGE));
	set = st_lock_all(self->ctx[0], buf.fd, W, TRY);
	ASSERT_LT(0, set);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, buf.fd, &event));
	EXPECT_EQ(0, epolled(epoll, 0));
	/* The set is the last that keeps the file. */
	st_buffer_close(&buf);
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(0, epolled(epoll, ST_WHILE_MS) & ~EPOLLOUT);
	close(epoll);
}

TEST_HARNESS_MAIN
