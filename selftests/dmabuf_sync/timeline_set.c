// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets with points: they are requested when what they wait for is reached, and signal what they owe
 * when they are released. Exclusion alone loses updates; with points each is seen once.
 *
 *	producer	|- W 1 -|...............|- W 2 -|
 *	consumer		|- R 1 -|		|- R 2 -|
 */
#include <kselftest_harness.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "st.h"

#define W	DMA_BUF_ACCESS_W
#define R	DMA_BUF_ACCESS_R
#define TO_END	DMABUF_SYNC_TO_END
#define TRY	DMABUF_SYNC_ACQUIRE_NONBLOCK
#define QUEUE	DMABUF_SYNC_ACQUIRE_QUEUE
#define AFTER	DMABUF_SYNC_POINT_WAIT
#define THEN	DMABUF_SYNC_POINT_SIGNAL
#define FOREVER	0

FIXTURE(ts)
{
	struct st_world w;
	int *ctx, fd, tl, waiter;
	unsigned int lease;
};

FIXTURE_SETUP(ts)
{
	self->lease = st_lease_get();
	ASSERT_EQ(0, st_world_open(&self->w));
	self->ctx = self->w.ctx;
	self->fd = self->w.buf[0].fd;
	self->tl = st_timeline_new(self->ctx[0], 0);
	ASSERT_LE(0, self->tl);
	self->waiter = st_timeline_waiter(self->tl, 1);
	ASSERT_LE(0, self->waiter);
}

FIXTURE_TEARDOWN(ts)
{
	close(self->waiter);
	if (self->tl >= 0)
		close(self->tl);
	EXPECT_TRUE(st_world_close(&self->w));
	EXPECT_EQ(0, st_lease_set(self->lease));
}

static int queued(const struct st_world *w)
{
	return st_query_count(w->ctx[7], w->buf[0].fd, DMABUF_SYNC_STATE_QUEUED);
}

static long lock_after(int ctx, int fd, uint32_t flags, int tl, uint64_t point)
{
	struct dmabuf_sync_point entry = st_point(tl, AFTER, point);

	return st_lock_points(ctx, fd, W, flags, &entry, 1);
}

static long lock_then(int ctx, int fd, uint32_t flags, int tl, uint64_t point)
{
	struct dmabuf_sync_point entry = st_point(tl, THEN, point);

	return st_lock_points(ctx, fd, W, flags, &entry, 1);
}

/**
 * struct pipeline - a producer and a consumer
 * @w: buffers and contexts
 * @produced: timeline of the producer
 * @consumed: timeline of the consumer
 * @ordered: their sets have points
 * @written: what the producer has written last
 * @seen: how often the consumer has read each value
 */
#define UPDATES	200

struct pipeline {
	struct st_world *w;
	int produced;
	int consumed;
	bool ordered;
	int written;
	int seen[UPDATES + 1];
};

/* One turn of either side. Return: the set, or a negative errno. */
static long pipeline_lock(const struct pipeline *p, int ctx, uint32_t access,
			  const struct dmabuf_sync_point *points)
{
	return st_lock_points(ctx, p->w->buf[0].fd, access, 0, points, p->ordered ? 2 : 0);
}

static int produce(struct pipeline *p)
{
	int i, *value = (int *)p->w->buf[0].map;

	for (i = 1; i <= UPDATES; i++) {
		struct dmabuf_sync_point points[] = {
			st_point(p->consumed, AFTER, i - 1), st_point(p->produced, THEN, i),
		};
		long set = pipeline_lock(p, p->w->ctx[0], W, points);

		if (set < 0)
			return 1;
		*value = i;
		__atomic_store_n(&p->written, i, __ATOMIC_RELEASE);
		if (st_release(p->w->ctx[0], set))
			return 2;
	}
	return 0;
}

static int consume(struct pipeline *p)
{
	int i, *value = (int *)p->w->buf[0].map;

	for (i = 1; i <= UPDATES; i++) {
		struct dmabuf_sync_point points[] = {
			st_point(p->produced, AFTER, i), st_point(p->consumed, THEN, i),
		};
		long set = pipeline_lock(p, p->w->ctx[1], R, points);

		if (set < 0)
			return 1;
		p->seen[*value]++;
		if (st_release(p->w->ctx[1], set))
			return 2;
	}
	return 0;
}

/* The producer goes as far as it can, and only then the consumer begins. Return: 0 or not. */
static int pipeline_run(struct pipeline *p)
{
	pid_t producer = st_fork(), consumer;
	int ret;

	if (!producer)
		_exit(produce(p));
	if (!ST_UNTIL(__atomic_load_n(&p->written, __ATOMIC_ACQUIRE) ==
		      (p->ordered ? 1 : UPDATES)))
		return -1;
	if (p->ordered && !ST_UNTIL(st_fdinfo_number(p->consumed, "waiters") == 1))
		return -2;
	consumer = st_fork();
	if (!consumer)
		_exit(consume(p));
	ret = st_child_wait(producer);
	return ret ?: st_child_wait(consumer);
}

static struct pipeline *pipeline_new(struct st_world *w, bool ordered)
{
	struct pipeline *p = st_shared(sizeof(*p));

	p->w = w;
	p->ordered = ordered;
	p->produced = st_timeline_new(w->ctx[0], 0);
	p->consumed = st_timeline_new(w->ctx[0], 0);
	return p->produced < 0 || p->consumed < 0 || st_buffer_map(&w->buf[0]) ? NULL : p;
}

static int pipeline_lost(const struct pipeline *p)
{
	int i, lost = 0;

	for (i = 1; i <= UPDATES; i++)
		lost += !p->seen[i];
	return lost;
}

/* Each side has the bytes for itself, and yet all but the last update are lost. */
TEST_F(ts, exclusion_alone_loses_updates)
{
	struct pipeline *p = pipeline_new(&self->w, false);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, pipeline_run(p));
	EXPECT_EQ(UPDATES - 1, pipeline_lost(p));
	TH_LOG("%d of %d updates lost", pipeline_lost(p), UPDATES);
}

TEST_F(ts, points_lose_none)
{
	struct pipeline *p = pipeline_new(&self->w, true);
	int i;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, pipeline_run(p));
	EXPECT_EQ(0, pipeline_lost(p));
	for (i = 1; i <= UPDATES; i++)
		EXPECT_EQ(1, p->seen[i]);
	EXPECT_EQ(UPDATES, st_timeline_value(p->produced));
	EXPECT_EQ(UPDATES, st_timeline_value(p->consumed));
}

/* Several producers that know nothing of each other: each point is written by one of them. */
#define RIVALS	4
#define ROUNDS	50

static int rival(struct st_world *w, int nr, int tl, int *written)
{
	long set;
	int i;

	for (i = 1; i <= ROUNDS; i++) {
		set = lock_then(w->ctx[nr], w->buf[0].fd, 0, tl, i);
		if (set == -ERANGE)
			continue;
		if (set < 0)
			return 1;
		written[i]++;
		if (st_release(w->ctx[nr], set))
			return 2;
	}
	return 0;
}

TEST_F(ts, nothing_is_done_twice)
{
	int *written = st_shared((ROUNDS + 1) * sizeof(int)), i;
	pid_t pid[RIVALS];

	for (i = 0; i < RIVALS; i++) {
		pid[i] = st_fork();
		if (!pid[i])
			_exit(rival(&self->w, i, self->tl, written));
	}
	for (i = 0; i < RIVALS; i++)
		EXPECT_EQ(0, st_child_wait(pid[i]));
	for (i = 1; i <= ROUNDS; i++)
		EXPECT_GE(1, written[i]);
	EXPECT_EQ(1, written[ROUNDS]);
	EXPECT_EQ(ROUNDS, st_timeline_value(self->tl));
}

TEST_F(ts, rival_that_waits_learns_that_it_is_too_late)
{
	long held = lock_then(self->ctx[0], self->fd, 0, self->tl, 5), second;

	ASSERT_LE(0, held);
	second = lock_then(self->ctx[1], self->fd, QUEUE, self->tl, 5);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_EQ(-ERANGE, st_event_result(self->ctx[1], second));
	EXPECT_EQ(-ERANGE, lock_then(self->ctx[1], self->fd, 0, self->tl, 4));
	EXPECT_EQ(5, st_timeline_value(self->tl));
	/* It left nothing. */
	EXPECT_LE(0, st_lock_all(self->ctx[2], self->fd, W, TRY));
}

TEST_F(ts, release_signals)
{
	long held = lock_then(self->ctx[0], self->fd, 0, self->tl, 5);

	ASSERT_LE(0, held);
	EXPECT_EQ(0, st_timeline_value(self->tl));
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_EQ(5, st_timeline_value(self->tl));
}

/* Somebody was faster, while the set was held: nothing goes back. */
TEST_F(ts, release_signals_nothing_that_is_reached)
{
	long held = lock_then(self->ctx[0], self->fd, 0, self->tl, 5);

	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_timeline_signal(self->tl, 7));
	ASSERT_EQ(0, st_release(self->ctx[0], held));
	EXPECT_EQ(7, st_timeline_value(self->tl));
}

/* Whoever has waited for the point finds the bytes free, without waiting once more. */
static void *release_all(void *arg)
{
	struct st_world *w = arg;
	int i;

	for (i = 1; i <= UPDATES; i++) {
		long set = lock_then(w->ctx[0], w->buf[0].fd, 0, w->buf[7].fd, i);

		if (set < 0 || st_release(w->ctx[0], set) ||
		    st_timeline_wait_one(w->buf[6].fd, i, 0, FOREVER))
			return arg;
	}
	return NULL;
}

TEST_F(ts, point_comes_when_the_bytes_are_free)
{
	int there = self->tl, back = st_timeline_new(self->ctx[0], 0), i, busy = 0;
	struct st_world shared = self->w;
	pthread_t thread;
	void *failed;

	shared.buf[7].fd = there;
	shared.buf[6].fd = back;
	ASSERT_EQ(0, pthread_create(&thread, NULL, release_all, &shared));
	for (i = 1; i <= UPDATES; i++) {
		long set;

		ASSERT_EQ(0, st_timeline_wait_one(there, i, 0, FOREVER));
		set = st_lock_all(self->ctx[1], self->fd, W, TRY);
		busy += set < 0;
		if (set >= 0)
			EXPECT_EQ(0, st_release(self->ctx[1], set));
		ASSERT_EQ(0, st_timeline_signal(back, i));
	}
	pthread_join(thread, &failed);
	EXPECT_EQ(NULL, failed);
	EXPECT_EQ(0, busy);
	close(back);
}

/*
 * A request whose point is not reached is not there.
 *
 *	0	point ......		W
 *	1	      |- W -|
 */
TEST_F(ts, waits_in_nobodys_way)
{
	long set = lock_after(self->ctx[0], self->fd, QUEUE, self->waiter, 1), held;

	ASSERT_LE(0, set);
	EXPECT_EQ(0, queued(&self->w));
	held = st_lock_all(self->ctx[1], self->fd, W, TRY);
	ASSERT_LE(0, held);
	ASSERT_EQ(0, st_release(self->ctx[1], held));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_EQ(0, st_event_result(self->ctx[0], set));
	EXPECT_EQ(-EAGAIN, st_lock_all(self->ctx[1], self->fd, W, TRY));
}

/* It queues when the point is reached, behind those who came before; nobody needs to look. */
TEST_F(ts, takes_its_turn_when_the_point_is_reached)
{
	long held = st_lock_all(self->ctx[1], self->fd, W, 0), early, late;

	early = lock_after(self->ctx[0], self->fd, QUEUE, self->waiter, 1);
	ASSERT_LE(0, early);
	late = st_lock_all(self->ctx[2], self->fd, W, QUEUE);
	ASSERT_LE(0, late);
	EXPECT_EQ(1, queued(&self->w));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_TRUE(ST_UNTIL(queued(&self->w) == 2));
	ASSERT_EQ(0, st_release(self->ctx[1], held));
	EXPECT_EQ(0, st_event_result(self->ctx[2], late));
	EXPECT_FALSE(st_event_pending(self->ctx[0], 0));
	ASSERT_EQ(0, st_release(self->ctx[2], late));
	EXPECT_EQ(0, st_event_result(self->ctx[0], early));
}

static void *lock_thread(void *arg)
{
	struct st_call *call = arg;
	struct dmabuf_sync_point point = st_point(call->accesses[7].fd, AFTER, 1);
	struct dmabuf_sync_acquire out = { 0 };
	int err;

	__atomic_store_n(&call->tid, gettid(), __ATOMIC_RELEASE);
	err = st_acquire_points(call->ctx, call->accesses, 1, 0, call->deadline_ns, &point, 1,
				&out);
	call->result = err ?: (long)out.set;
	__atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* A call that waits for point 1. */
static int call_after(struct st_call *call, int ctx, int fd, int tl, int64_t deadline_ns)
{
	*call = (struct st_call){ .ctx = ctx, .deadline_ns = deadline_ns };
	call->accesses[0] = st_access(fd, W, 0, TO_END);
	call->accesses[7].fd = tl;
	if (pthread_create(&call->thread, NULL, lock_thread, call))
		return -1;
	return ST_UNTIL(st_fdinfo_number(tl, "waiters") == 1) ? 0 : -ETIME;
}

TEST_F(ts, blocking_request_waits_for_its_point)
{
	struct st_call call;

	ASSERT_EQ(0, call_after(&call, self->ctx[0], self->fd, self->waiter, 0));
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_LE(0, st_call_end(&call));
	EXPECT_EQ(0, st_fdinfo_number(self->tl, "waiters"));
}

static void nothing(int number)
{
	(void)number;
}

TEST_F(ts, blocking_request_gives_up)
{
	struct sigaction action = { .sa_handler = nothing };
	struct st_call call;

	EXPECT_EQ(-EAGAIN, lock_after(self->ctx[0], self->fd, TRY, self->waiter, 1));
	ASSERT_EQ(0, call_after(&call, self->ctx[0], self->fd, self->waiter,
				st_now_ns() + 200 * ST_NSEC_PER_MSEC));
	EXPECT_EQ(-ETIMEDOUT, st_call_end(&call));
	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, call_after(&call, self->ctx[0], self->fd, self->waiter, 0));
	pthread_kill(call.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, st_call_end(&call));
	ASSERT_EQ(0, call_after(&call, self->ctx[0], self->fd, self->waiter, 0));
	st_context_reopen(&self->ctx[0]);
	EXPECT_EQ(-ECANCELED, st_call_end(&call));
	EXPECT_EQ(0, st_fdinfo_number(self->tl, "waiters"));
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "signallers"));
}

TEST_F(ts, restarted_request_goes_on)
{
	struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct st_call call;

	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, call_after(&call, self->ctx[0], self->fd, self->waiter, 0));
	pthread_kill(call.thread, SIGUSR1);
	EXPECT_TRUE(ST_STAYS(!st_call_done(&call)));
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	EXPECT_LE(0, st_call_end(&call));
}

/* One producer, several consumers: it waits for all of them. */
TEST_F(ts, waits_for_several_points)
{
	struct dmabuf_sync_point points[4];
	int tl[3], i;
	long set;

	for (i = 0; i < 3; i++) {
		tl[i] = st_timeline_new(self->ctx[0], 0);
		points[i] = st_point(tl[i], AFTER, 1);
	}
	points[3] = st_point(self->tl, THEN, 1);
	set = st_lock_points(self->ctx[0], self->fd, W, QUEUE, points, 4);
	ASSERT_LE(0, set);
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(ST_STAYS(!st_event_pending(self->ctx[0], 0)));
		ASSERT_EQ(0, st_timeline_signal(tl[i], 1));
	}
	EXPECT_EQ(0, st_event_result(self->ctx[0], set));
	EXPECT_EQ(0, st_timeline_value(self->tl));
	EXPECT_EQ(0, st_release(self->ctx[0], set));
	EXPECT_EQ(1, st_timeline_value(self->tl));
	for (i = 0; i < 3; i++)
		close(tl[i]);
}

TEST_F(ts, request_learns_that_its_point_will_not_come)
{
	struct st_call call;
	long set, unread;

	ASSERT_EQ(0, call_after(&call, self->ctx[1], self->w.buf[1].fd, self->waiter, 0));
	set = lock_after(self->ctx[0], self->fd, QUEUE, self->waiter, 1);
	ASSERT_LE(0, set);
	unread = lock_after(self->ctx[2], self->fd, QUEUE, self->waiter, 1);
	ASSERT_LE(0, unread);
	close(self->tl);
	self->tl = -1;
	EXPECT_EQ(-EPIPE, st_event_result(self->ctx[0], set));
	EXPECT_EQ(-EPIPE, st_call_end(&call));
	EXPECT_EQ(-EPIPE, lock_after(self->ctx[0], self->fd, TRY, self->waiter, 1));
	EXPECT_EQ(0, st_release(self->ctx[2], unread));
	EXPECT_LE(0, st_lock_all(self->ctx[3], self->fd, W, TRY));
}

static int try_points(int ctx, int fd, const struct dmabuf_sync_point *points, unsigned int nr)
{
	return st_lock_points(ctx, fd, W, TRY, points, nr);
}

TEST_F(ts, bad_points_are_refused)
{
	static struct dmabuf_sync_point many[DMABUF_SYNC_MAX_POINTS + 1];
	struct dmabuf_sync_point point = st_point(self->waiter, THEN, 1);
	unsigned int i;

	EXPECT_EQ(-EBADF, try_points(self->ctx[0], self->fd, &point, 1));
	point = st_point(self->tl, 0, 0);
	EXPECT_EQ(-EINVAL, try_points(self->ctx[0], self->fd, &point, 1));
	point = st_point(self->tl, AFTER | THEN, 1);
	EXPECT_EQ(-EINVAL, try_points(self->ctx[0], self->fd, &point, 1));
	point = st_point(self->tl, AFTER | 4, 0);
	EXPECT_EQ(-EINVAL, try_points(self->ctx[0], self->fd, &point, 1));
	point = st_point(self->fd, AFTER, 0);
	EXPECT_EQ(-EINVAL, try_points(self->ctx[0], self->fd, &point, 1));
	point = st_point(-1, AFTER, 0);
	EXPECT_EQ(-EBADF, try_points(self->ctx[0], self->fd, &point, 1));
	EXPECT_EQ(-EFAULT, try_points(self->ctx[0], self->fd, NULL, 1));
	for (i = 0; i < ST_ARRAY_SIZE(many); i++)
		many[i] = st_point(self->tl, THEN, i + 1);
	EXPECT_EQ(-EINVAL, try_points(self->ctx[0], self->fd, many, ST_ARRAY_SIZE(many)));
	/* Nothing of all that is left. */
	EXPECT_EQ(0, st_fdinfo_number(self->ctx[0], "held"));
	EXPECT_EQ(1, st_fdinfo_number(self->tl, "signallers"));
	EXPECT_LE(0, try_points(self->ctx[0], self->fd, many, DMABUF_SYNC_MAX_POINTS));
	EXPECT_EQ(1 + DMABUF_SYNC_MAX_POINTS, st_fdinfo_number(self->tl, "signallers"));
}

/* A set is kept for the next request, but not its points. */
TEST_F(ts, next_request_has_no_points)
{
	long set;
	int i;

	for (i = 1; i <= 3; i++) {
		set = lock_then(self->ctx[0], self->fd, 0, self->tl, i);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, st_release(self->ctx[0], set));
		ASSERT_EQ(i, st_timeline_value(self->tl));
		set = st_lock_all(self->ctx[0], self->fd, W, 0);
		ASSERT_LE(0, set);
		ASSERT_EQ(0, st_release(self->ctx[0], set));
		ASSERT_EQ(i, st_timeline_value(self->tl));
		ASSERT_EQ(1, st_fdinfo_number(self->tl, "signallers"));
	}
}

TEST_F(ts, trace_events_name_the_request)
{
	struct st_trace events[32];
	long long access = -1;
	int nr, i, ends = 0;
	long set;

	ASSERT_EQ(0, st_trace_start());
	set = lock_after(self->ctx[0], self->fd, QUEUE, self->waiter, 1);
	ASSERT_LE(0, set);
	ASSERT_EQ(0, st_timeline_signal(self->tl, 1));
	ASSERT_EQ(0, st_event_result(self->ctx[0], set));
	nr = st_trace_read(events, 32);
	st_trace_stop();
	for (i = 0; i < nr; i++) {
		if (!strcmp(events[i].name, "request"))
			access = st_trace_number(&events[i], "access");
		if (strncmp(events[i].name, "point_wait", 10))
			continue;
		EXPECT_EQ(access, st_trace_number(&events[i], "access"));
		ends++;
	}
	EXPECT_LT(0, access);
	EXPECT_EQ(2, ends);
}

TEST_HARNESS_MAIN
