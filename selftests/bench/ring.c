// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes in turn: handoff, and handoff_2 with two processors.
 *
 * With locks it takes a ring of three ranges. Each process has one, takes the next one and then
 * gives back the one it had. The other one has the next but one, so neither can go round alone:
 *
 *	A has 0, waits for 1		B has 1, takes 2, releases 1
 *	A has 0 and 1, releases 0	B has 2, waits for 0
 *	A has 1, waits for 2		B has 2 and 0, releases 2 ...
 *
 * An operation is a hand-over, whoever does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define RING_RANGES	3

/**
 * struct ring_shared - what both processes see
 * @count: hand-overs; nothing but the turn protects it
 * @last: who had the last turn
 * @failed: a call failed, or a process had two turns in a row
 */
struct ring_shared {
	uint64_t count;
	uint32_t last;
	uint32_t failed;
};

struct ring;

/**
 * struct ring_way - how a turn is handed over
 * @open: makes what both share
 * @enter: what each does before its first turn
 * @turn: hands over, waits for the next turn. Return: false when that failed
 */
struct ring_way {
	void (*open)(struct bench *bench, struct ring *ring);
	bool (*enter)(struct ring *ring);
	bool (*turn)(struct ring *ring);
};

/**
 * struct ring - one process's view
 * @way: how
 * @buf: the buffer, or the file
 * @event: an eventfd for each
 * @me: 0 or 1
 * @has: the range it has
 * @ctx: its context, or -1
 * @set: the set of each range
 * @other: the other process
 * @done: hand-overs that this one knows of
 * @shared: what both see
 */
struct ring {
	const struct ring_way *way;
	struct st_buffer buf;
	int event[2];
	uint32_t me;
	unsigned int has;
	int ctx;
	long set[RING_RANGES];
	pid_t other;
	uint64_t done;
	struct ring_shared *shared;
};

/* What a process does in its turn. */
static bool ring_my_turn(struct ring *ring)
{
	struct ring_shared *shared = ring->shared;
	bool good = shared->last != ring->me;

	shared->last = ring->me;
	shared->count++;
	return good;
}

static bool event_enter(struct ring *ring)
{
	uint64_t one = 1;

	/* The first turn is of process 1. */
	return ring->me || write(ring->event[1], &one, sizeof(one)) == sizeof(one);
}

static void event_open(struct bench *bench, struct ring *ring)
{
	ring->event[0] = eventfd(0, EFD_CLOEXEC);
	ring->event[1] = eventfd(0, EFD_CLOEXEC);
	bench_expect(bench, ring->event[0] >= 0 && ring->event[1] >= 0, "no eventfd");
}

static bool event_turn(struct ring *ring)
{
	uint64_t one = 1, got;

	if (read(ring->event[ring->me], &got, sizeof(got)) != sizeof(got) || got != 1)
		return false;
	return ring_my_turn(ring) &&
	       write(ring->event[!ring->me], &one, sizeof(one)) == sizeof(one);
}

static bool record(const struct ring *ring, unsigned int range, short type)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = range, .l_len = 1,
	};

	return !fcntl(ring->buf.fd, F_SETLKW, &lock);
}

static void record_open(struct bench *bench, struct ring *ring)
{
	bench_expect_file(bench, &ring->buf, ST_PAGE);
}

static bool record_enter(struct ring *ring)
{
	return record(ring, ring->has, F_WRLCK);
}

static bool record_turn(struct ring *ring)
{
	unsigned int next = (ring->has + 1) % RING_RANGES;
	bool good = record(ring, next, F_WRLCK) && ring_my_turn(ring) &&
		    record(ring, ring->has, F_UNLCK);

	ring->has = next;
	return good;
}

static void ctx_open(struct bench *bench, struct ring *ring)
{
	bench_expect_buffer(bench, &ring->buf, ST_PAGE);
}

static bool ctx_acquire(struct ring *ring, unsigned int range)
{
	ring->set[range] = st_lock(ring->ctx, ring->buf.fd, DMA_BUF_ACCESS_W, range, 1, 0);
	return ring->set[range] > 0;
}

static bool ctx_enter(struct ring *ring)
{
	ring->ctx = st_context_open();
	return ring->ctx >= 0 && ctx_acquire(ring, ring->has);
}

static bool ctx_turn(struct ring *ring)
{
	unsigned int next = (ring->has + 1) % RING_RANGES;
	bool good = ctx_acquire(ring, next) && ring_my_turn(ring) &&
		    !st_release(ring->ctx, ring->set[ring->has]);

	ring->has = next;
	return good;
}

static const struct ring_way by_event = { event_open, event_enter, event_turn };
static const struct ring_way by_record = { record_open, record_enter, record_turn };
static const struct ring_way by_ctx = { ctx_open, ctx_enter, ctx_turn };

/* Each has a processor of its own, if there are two. */
static void ring_pin(const struct ring *ring)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(ring->me % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Until it is killed. */
static void ring_other(struct ring *ring, int ready)
{
	bool good;

	ring->me = 1;
	ring->has = 1;
	ring_pin(ring);
	good = ring->way->enter(ring) && write(ready, "", 1) == 1;
	while (good)
		good = ring->way->turn(ring);
	__atomic_store_n(&ring->shared->failed, 1, __ATOMIC_RELEASE);
	_exit(1);
}

/* This process begins only when the other one has its range. */
static void ring_fork(struct bench *bench, struct ring *ring)
{
	int ready[2];
	char byte;

	if (!bench_expect(bench, !pipe(ready), "no pipe"))
		return;
	ring->other = st_fork();
	if (!ring->other) {
		close(ready[0]);
		ring_other(ring, ready[1]);
	}
	close(ready[1]);
	bench_expect(bench, read(ready[0], &byte, 1) == 1, "the other process cannot begin");
	close(ready[0]);
}

static int ring_open(struct bench *bench, const struct ring_way *way)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	bench->priv = ring;
	if (!bench_expect(bench, ring, "no memory"))
		return -ENOMEM;
	ring->way = way;
	ring->buf.fd = -1;
	ring->ctx = -1;
	ring->event[0] = -1;
	ring->event[1] = -1;
	ring->shared = st_shared(sizeof(*ring->shared));
	bench_expect(bench, ring->shared, "no memory");
	way->open(bench, ring);
	if (bench->why[0])
		return 0;
	ring_pin(ring);
	bench_expect(bench, way->enter(ring), "the first process cannot begin");
	ring_fork(bench, ring);
	return 0;
}

static int ring_open_event(struct bench *bench)
{
	return ring_open(bench, &by_event);
}

static int ring_open_record(struct bench *bench)
{
	return ring_open(bench, &by_record);
}

static int ring_open_ctx(struct bench *bench)
{
	return ring_open(bench, &by_ctx);
}

/* One's own turns are half of them. */
static int64_t ring_batch(struct bench *bench, unsigned int nr)
{
	struct ring *ring = bench->priv;
	unsigned int turns = (nr + 1) / 2, i;
	int64_t begin = bench_begin(bench);
	bool good = true;

	for (i = 0; i < turns && good; i++)
		good = ring->way->turn(ring);
	begin = bench_end(bench, begin);
	ring->done += 2 * turns;
	bench_expect(bench, good && !__atomic_load_n(&ring->shared->failed, __ATOMIC_ACQUIRE),
		     "a call failed, or a process had two turns in a row");
	return begin * nr / (2 * turns);
}

/* The other process has had as many turns as this one, give or take the last. */
static void ring_close(struct bench *bench)
{
	struct ring *ring = bench->priv;

	if (!ring)
		return;
	if (ring->other > 0) {
		kill(ring->other, SIGKILL);
		waitpid(ring->other, NULL, 0);
		bench_expect(bench, ring->shared->count + 1 >= ring->done &&
			     ring->shared->count <= ring->done + 1,
			     "%llu turns instead of %llu",
			     (unsigned long long)ring->shared->count,
			     (unsigned long long)ring->done);
	}
	if (ring->ctx >= 0)
		close(ring->ctx);
	if (ring->event[0] >= 0)
		close(ring->event[0]);
	if (ring->event[1] >= 0)
		close(ring->event[1]);
	if (ring->buf.fd >= 0)
		st_buffer_close(&ring->buf);
	free(ring);
}

const struct bench_case bench_ring_cases[] = {
	{
		.row = "handoff", .side = "eventfd", .stage = BENCH_STOCK,
		.open = ring_open_event, .batch = ring_batch, .close = ring_close,
	}, {
		.row = "handoff", .side = "VFS ring", .stage = BENCH_STOCK,
		.open = ring_open_record, .batch = ring_batch, .close = ring_close,
	}, {
		.row = "handoff", .side = "ours", .stage = BENCH_LOADED,
		.open = ring_open_ctx, .batch = ring_batch, .close = ring_close,
	}, {
		.row = "handoff_2", .side = "eventfd", .stage = BENCH_LOADED, .timed = true,
		.open = ring_open_event, .batch = ring_batch, .close = ring_close,
	}, {
		.row = "handoff_2", .side = "ours", .stage = BENCH_LOADED, .timed = true,
		.open = ring_open_ctx, .batch = ring_batch, .close = ring_close,
	},
	{ }
};
