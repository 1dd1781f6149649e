// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timelines when everything happens at once: signals, waits, polls, closes, kills, releases,
 * revocations. Whatever comes first, each wait ends, and says what is so. And crowds: a signal that
 * wakes many, and what one user may have.
 */
#include <kselftest_harness.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define LOOK	DMABUF_SYNC_WAIT_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define AFTER	DMABUF_SYNC_POINT_WAIT
#define THEN	DMABUF_SYNC_POINT_SIGNAL
#define FOREVER	0
#define ROUNDS	300
#define MANY	100

FIXTURE(tr)
{
	struct st_world w;
	int *ctx, fd;
	unsigned int lease;
};

FIXTURE_SETUP(tr)
{
	self->lease = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
}

FIXTURE_TEARDOWN(tr)
{
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->lease));
}

/**
 * struct side - a thread that acts on a timeline at the same time as the test does
 * @timeline: which
 * @waiter: a descriptor of it that only waits
 * @start: both begin here
 * @result: of its call
 * @thread: the thread
 */
struct side {
	int timeline;
	int waiter;
	pthread_barrier_t start;
	int result;
	pthread_t thread;
};

static int side_start(struct side *side, int ctx, void *(*fn)(void *arg))
{
	side->timeline = st_timeline_new(ctx, 0);
	side->waiter = st_timeline_waiter(side->timeline, 1);
	return st_barrier_init(&side->start, 2) ?:
	       -pthread_create(&side->thread, NULL, fn, side);
}

static void side_end(struct side *side)
{
	pthread_join(side->thread, NULL);
	pthread_barrier_destroy(&side->start);
	close(side->waiter);
}

static void *wait_one(void *arg)
{
	struct side *side = arg;

	pthread_barrier_wait(&side->start);
	side->result = st_timeline_wait_one(side->waiter, 1, 0, FOREVER);
	return NULL;
}

TEST_F(tr, wait_meets_the_signal)
{
	struct side side;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, side_start(&side, self->ctx[0], wait_one));
		pthread_barrier_wait(&side.start);
		ASSERT_EQ(0, st_timeline_signal(side.timeline, 1));
		side_end(&side);
		ASSERT_EQ(0, side.result);
		close(side.timeline);
	}
}

TEST_F(tr, wait_meets_the_close)
{
	struct side side;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, side_start(&side, self->ctx[0], wait_one));
		pthread_barrier_wait(&side.start);
		close(side.timeline);
		side_end(&side);
		ASSERT_EQ(-EPIPE, side.result);
	}
}

static void *poll_one(void *arg)
{
	struct side *side = arg;
	struct pollfd pfd = { .fd = side->waiter, .events = POLLIN };

	pthread_barrier_wait(&side->start);
	side->result = poll(&pfd, 1, ST_SOON_MS) == 1 ? pfd.revents : 0;
	return NULL;
}

TEST_F(tr, poll_meets_the_end)
{
	struct side side;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, side_start(&side, self->ctx[0], poll_one));
		pthread_barrier_wait(&side.start);
		if (i % 2)
			EXPECT_EQ(0, st_timeline_signal(side.timeline, 1));
		close(side.timeline);
		side_end(&side);
		ASSERT_NE(0, side.result & (i % 2 ? POLLIN : POLLHUP));
	}
}

static void *signal_one(void *arg)
{
	struct side *side = arg;

	pthread_barrier_wait(&side->start);
	side->result = st_timeline_signal(side->timeline, 1);
	return NULL;
}

/* A request that waits for the point is cancelled, or its context closed. */
TEST_F(tr, request_that_ends_meets_the_signal)
{
	struct dmabuf_sync_point point;
	struct side side;
	long set;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, side_start(&side, self->ctx[0], signal_one));
		point = st_point(side.waiter, AFTER, 1);
		set = st_lock_points(self->ctx[1], self->fd, W, QUEUE, &point, 1);
		ASSERT_LE(0, set);
		pthread_barrier_wait(&side.start);
		if (i % 2)
			EXPECT_EQ(0, st_release(self->ctx[1], set));
		if (!(i % 2))
			st_context_reopen(&self->ctx[1]);
		side_end(&side);
		ASSERT_EQ(0, side.result);
		close(side.timeline);
	}
	EXPECT_LE(0, st_lock_all(self->ctx[2], self->fd, W, TRY));
}

/* Exactly one of both signals. */
TEST_F(tr, release_meets_the_signal)
{
	struct dmabuf_sync_point point;
	struct side side;
	long set;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, side_start(&side, self->ctx[0], signal_one));
		point = st_point(side.timeline, THEN, 1);
		set = st_lock_points(self->ctx[1], self->fd, W, 0, &point, 1);
		ASSERT_LE(0, set);
		pthread_barrier_wait(&side.start);
		ASSERT_EQ(0, st_release(self->ctx[1], set));
		ASSERT_EQ(0, st_timeline_wait_one(side.waiter, 1, LOOK, FOREVER));
		side_end(&side);
		ASSERT_TRUE(!side.result || side.result == -ERANGE);
		ASSERT_EQ(1, st_timeline_value(side.timeline));
		close(side.timeline);
	}
}

/* Either the release has signaled, or the end of the lease has failed the point. */
TEST_F(tr, release_meets_the_end_of_the_lease)
{
	struct dmabuf_sync_access whole = st_access(self->fd, W, 0, DMABUF_SYNC_TO_END);
	int tl = st_timeline_new(self->ctx[0], 0), i, ret, revoked = 0;
	struct dmabuf_sync_point point;
	struct st_call call;
	long held;

	ASSERT_EQ(DMABUF_SYNC_MIN_LEASE_MS,
		  st_lease_promise(self->ctx[0], DMABUF_SYNC_MIN_LEASE_MS));
	for (i = 1; i <= 40; i++) {
		point = st_point(tl, THEN, i);
		held = st_lock_points(self->ctx[0], self->fd, W, 0, &point, 1);
		ASSERT_LE(0, held);
		ASSERT_EQ(0, st_call_start(&call, self->ctx[1], &whole, 1, 0));
		usleep(i * 2 * DMABUF_SYNC_MIN_LEASE_MS * 1000 / 40);
		ret = st_release(self->ctx[0], held);
		ASSERT_EQ(0, st_release(self->ctx[1], st_call_end(&call)));
		ASSERT_TRUE(!ret || ret == -EOWNERDEAD);
		ASSERT_EQ(ret ? -EPIPE : 0, st_timeline_wait_one(tl, i, 0, FOREVER));
		if (ret)
			EXPECT_EQ(0, st_timeline_signal(tl, i));
		revoked += !!ret;
	}
	TH_LOG("%d of 40 revoked", revoked);
	close(tl);
}

/**
 * struct heir - a thread that wants the bytes when the point that was owed for them has ended
 * @side: the timeline
 * @ctx: its context
 * @fd: the buffer
 * @set: what it got, or a negative errno
 */
struct heir {
	struct side side;
	int ctx, fd;
	long set;
};

static void *wait_and_try(void *arg)
{
	struct heir *heir = arg;

	wait_one(&heir->side);
	heir->set = st_lock_all(heir->ctx, heir->fd, W, TRY);
	return NULL;
}

/* Many who wait for the point, which are told one after the other. */
static int crowd_waits(int ctx, int fd, int waiter)
{
	struct dmabuf_sync_point point = st_point(waiter, AFTER, 1);
	long set = 0;
	int i;

	for (i = 0; i < MANY && set >= 0; i++)
		set = st_lock_points(ctx, fd, W, QUEUE, &point, 1);
	return set < 0 ? set : 0;
}

/* Of a queued set that was acquired, too, and whose owner goes before it knows. */
TEST_F(tr, bytes_are_free_when_the_point_fails)
{
	struct heir heir = { .ctx = self->ctx[2], .fd = self->fd };
	struct dmabuf_sync_point point;
	int i;

	for (i = 0; i < ROUNDS / 10; i++) {
		ASSERT_EQ(0, side_start(&heir.side, self->ctx[0], wait_and_try));
		point = st_point(heir.side.timeline, THEN, 1);
		ASSERT_LE(0, st_lock_points(self->ctx[1], self->fd, W, QUEUE, &point, 1));
		pthread_barrier_wait(&heir.side.start);
		ASSERT_TRUE(ST_UNTIL(st_fdinfo_number(heir.side.timeline, "waiters") > 0));
		ASSERT_EQ(0, crowd_waits(self->ctx[3], self->w.buf[1].fd, heir.side.waiter));
		st_context_reopen(&self->ctx[1]);
		st_context_reopen(&self->ctx[3]);
		side_end(&heir.side);
		ASSERT_EQ(-EPIPE, heir.side.result);
		ASSERT_LE(0, heir.set) TH_LOG("round %d", i);
		ASSERT_EQ(0, st_release(self->ctx[2], heir.set));
		close(heir.side.timeline);
	}
}

/* Reads the ends of requests until the test says so. */
struct ends {
	int ctx;
	bool stop;
	unsigned int nr;
	pthread_t thread;
};

static void *ends_read(void *arg)
{
	struct ends *ends = arg;
	struct dmabuf_sync_event event;

	while (!__atomic_load_n(&ends->stop, __ATOMIC_ACQUIRE) ||
	       st_event_pending(ends->ctx, 0))
		if (!st_event_read(ends->ctx, &event, 1))
			ends->nr += event.result == -EPIPE;
	return NULL;
}

/* One point is reached while the call finds that another one never is: it ends once. */
TEST_F(tr, request_that_fails_meets_its_news)
{
	int dead = st_timeline_new(self->ctx[0], 0), never = st_timeline_waiter(dead, 1), i;
	struct ends ends = { .ctx = self->ctx[1] };
	struct dmabuf_sync_point points[2];
	unsigned int queued = 0;
	struct side side;
	long set;

	close(dead);
	ASSERT_EQ(0, pthread_create(&ends.thread, NULL, ends_read, &ends));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, side_start(&side, self->ctx[0], signal_one));
		points[0] = st_point(side.waiter, AFTER, 1);
		points[1] = st_point(never, AFTER, 1);
		pthread_barrier_wait(&side.start);
		set = st_lock_points(self->ctx[1], self->fd, W, QUEUE, points, 2);
		ASSERT_TRUE(set >= 0 || set == -EPIPE) TH_LOG("%ld", set);
		queued += set >= 0;
		side_end(&side);
		close(side.timeline);
	}
	__atomic_store_n(&ends.stop, true, __ATOMIC_RELEASE);
	pthread_join(ends.thread, NULL);
	EXPECT_EQ(queued, ends.nr);
	EXPECT_EQ(0, st_fdinfo_number(self->ctx[1], "queued"));
	close(never);
}

/* A process that does all of it, and is killed anywhere. */
static void busy(struct st_world *w, int tl, int waiter)
{
	int ctx = st_context_open(), own = st_timeline_new(ctx, 0);
	uint64_t i;

	for (i = 1;; i++) {
		struct dmabuf_sync_point points[] = {
			st_point(own, THEN, i), st_point(waiter, AFTER, 0),
		};
		long set = st_lock_points(ctx, w->buf[0].fd, W, i % 3 ? 0 : QUEUE, points, 2);

		st_timeline_signal(tl, st_timeline_value(tl) + 1);
		st_timeline_poll(waiter, 0);
		st_timeline_wait_one(waiter, i, i % 2 ? LOOK : 0, i % 2 ? 0 : 1);
		if (i % 7)
			st_release(ctx, set);
		if (!(i % 50))
			st_context_reopen(&ctx);
	}
}

TEST_F_TIMEOUT(tr, killed_anywhere_it_leaves_nothing, 120)
{
	int tl = st_timeline_new(self->ctx[0], 0), waiter = st_timeline_waiter(tl, 1), i;
	pid_t pid[4] = { 0 };

	for (i = 0; i < 100; i++) {
		pid_t *slot = &pid[i % 4];

		if (*slot) {
			kill(*slot, SIGKILL);
			st_child_wait(*slot);
		}
		*slot = st_fork();
		if (!*slot)
			busy(&self->w, tl, waiter);
		st_sleep_ms(i % 13);
	}
	for (i = 0; i < 4; i++) {
		kill(pid[i], SIGKILL);
		st_child_wait(pid[i]);
	}
	/* It was polled, so it waits. */
	close(waiter);
	EXPECT_TRUE(ST_UNTIL(st_fdinfo_number(tl, "waiters") == 0));
	EXPECT_EQ(1, st_fdinfo_number(tl, "signallers"));
	EXPECT_TRUE(ST_UNTIL(st_query_count(self->ctx[0], self->fd, 0) == 0));
	close(tl);
}

/* The last signaller is killed while several wait. */
TEST_F(tr, killed_signaller_ends_every_wait)
{
	int i, j, waiter, sock[2];
	struct st_wait wait[4];
	pid_t pid;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock));
		pid = st_fork();
		if (!pid) {
			int tl = st_timeline_new(self->ctx[0], 0);

			st_fd_send(sock[1], st_timeline_waiter(tl, 1));
			for (;;)
				pause();
		}
		waiter = st_fd_receive(sock[0]);
		ASSERT_LE(0, waiter);
		for (j = 0; j < 4; j++) {
			struct dmabuf_sync_point point = st_point(waiter, 0, j + 1);

			ASSERT_EQ(0, st_wait_start(&wait[j], &point, 1, 0, FOREVER));
		}
		kill(pid, SIGKILL);
		for (j = 0; j < 4; j++)
			ASSERT_EQ(-EPIPE, st_wait_end(&wait[j]));
		st_child_wait(pid);
		close(waiter);
		close(sock[0]);
		close(sock[1]);
	}
}

/* One signal for all of them. */
#define CROWD	900

TEST_F(tr, crowd_of_requests_is_let_go)
{
	int tl = st_timeline_new(self->ctx[0], 0), i, j, nr = 0;
	struct dmabuf_sync_event event;
	struct dmabuf_sync_point point = st_point(tl, AFTER, 1);

	for (i = 0; i < 8; i++)
		for (j = 0; j < CROWD; j++) {
			struct dmabuf_sync_access entry = st_access(self->fd, DMA_BUF_ACCESS_R,
								    j, 1);

			ASSERT_EQ(0, st_acquire_points(self->ctx[i], &entry, 1, QUEUE, 0,
						       &point, 1, NULL));
		}
	EXPECT_EQ(8 * CROWD, st_fdinfo_number(tl, "waiters"));
	ASSERT_EQ(0, st_timeline_signal(tl, 1));
	EXPECT_EQ(0, st_fdinfo_number(tl, "waiters"));
	for (i = 0; i < 8; i++)
		while (nr < (i + 1) * CROWD &&
		       !st_event_read(self->ctx[i], &event, ST_SOON_MS))
			nr += !event.result;
	EXPECT_EQ(8 * CROWD, nr);
	close(tl);
}

#define LIMITS	"/sys/module/dmabuf_sync/parameters/"

static int limit_set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), LIMITS "%s", name);
	return st_file_write(path, value);
}

/* As somebody to whom limits apply. */
static int fill_up(int ctx, int fd)
{
	struct dmabuf_sync_point points[5];
	int tl[4], i;

	if (setgid(65534) || setuid(65534))
		return 1;
	for (i = 0; i < 4; i++)
		tl[i] = st_timeline_new(ctx, 0);
	if (tl[2] < 0 || tl[3] != -ENOLCK || st_timeline_waiter(tl[0], 1) != -ENOLCK)
		return 2;
	close(tl[2]);
	if (st_timeline_waiter(tl[0], 1) < 0)
		return 3;
	for (i = 0; i < 5; i++)
		points[i] = st_point(tl[i / 4], 0, 0);
	if (st_timeline_wait(points, 5, 0, 0, NULL) != -ENOLCK)
		return 4;
	for (i = 0; i < 100; i++)
		if (st_timeline_wait(points, 4, 0, 0, NULL))
			return 5;
	for (i = 0; i < 5; i++)
		points[i].flags = AFTER;
	if (st_lock_points(ctx, fd, W, TRY, points, 5) != -ENOLCK)
		return 6;
	return st_lock_points(ctx, fd, W, TRY, points, 4) < 0 ? 7 : 0;
}

TEST_F(tr, user_has_a_limit)
{
	pid_t pid;

	ASSERT_EQ(0, limit_set("max_user_timelines", "3"));
	ASSERT_EQ(0, limit_set("max_user_points", "4"));
	pid = st_fork();
	if (!pid)
		_exit(fill_up(self->ctx[0], self->fd));
	EXPECT_EQ(0, WEXITSTATUS(st_child_wait(pid)));
	EXPECT_EQ(0, limit_set("max_user_timelines", "8192"));
	EXPECT_EQ(0, limit_set("max_user_points", "16384"));
}

TEST_HARNESS_MAIN
