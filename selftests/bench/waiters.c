// SPDX-License-Identifier: GPL-2.0-only
/*
 * A release while many wait: waiters. Contexts queue for one buffer, each for itself; an
 * operation is a release, up to the moment when the next one has read that it is its turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define WAITERS_MANY		1000
#define WAITERS_FEW		10

/**
 * struct waiters - who waits for a buffer
 * @buf: the buffer
 * @nr: contexts, one of them holds the buffer
 * @ctx: the contexts, in the order of their requests, round and round
 * @set: of each, its set
 * @holder: index of the one that has it
 */
struct waiters {
	struct st_buffer buf;
	unsigned int nr;
	int *ctx;
	uint32_t *set;
	unsigned int holder;
};

static bool waiter_queue(struct waiters *waiters, unsigned int i)
{
	struct dmabuf_sync_access access =
		st_access(waiters->buf.fd, DMA_BUF_ACCESS_W, 0, DMABUF_SYNC_TO_END);
	struct dmabuf_sync_acquire out = { 0 };

	if (st_acquire(waiters->ctx[i], &access, 1, DMABUF_SYNC_ACQUIRE_QUEUE, 0, i, &out))
		return false;
	waiters->set[i] = out.set;
	return true;
}

/* It is this one's turn, and it is told so. */
static bool waiter_is_next(struct waiters *waiters, unsigned int i)
{
	struct dmabuf_sync_event event;

	return read(waiters->ctx[i], &event, sizeof(event)) == sizeof(event) &&
	       event.set == waiters->set[i] && event.user_data == i && !event.result;
}

static void waiters_check(struct bench *bench, struct waiters *waiters)
{
	int ctx = waiters->ctx[0], fd = waiters->buf.fd;
	int held = st_query_count(ctx, fd, DMABUF_SYNC_STATE_ACQUIRED);
	int queued = st_query_count(ctx, fd, DMABUF_SYNC_STATE_QUEUED);

	bench_expect(bench, held == 1 && queued == (int)waiters->nr - 1,
		     "%d hold the buffer and %d wait, of %u", held, queued, waiters->nr);
}

static void waiters_begin_all(struct bench *bench, struct waiters *waiters)
{
	unsigned int i;

	for (i = 0; i < waiters->nr && !bench->why[0]; i++) {
		waiters->ctx[i] = bench_expect_context(bench);
		bench_expect(bench, waiter_queue(waiters, i), "only %u can be queued", i);
	}
	if (!bench->why[0])
		bench_expect(bench, waiter_is_next(waiters, 0), "the first one has to wait");
	if (!bench->why[0])
		waiters_check(bench, waiters);
}

static int waiters_begin(struct bench *bench, unsigned int nr_waiters)
{
	struct waiters *waiters = calloc(1, sizeof(*waiters));

	bench->priv = waiters;
	if (!bench_expect(bench, waiters, "no memory"))
		return -ENOMEM;
	waiters->nr = nr_waiters + 1;
	waiters->ctx = calloc(waiters->nr, sizeof(*waiters->ctx));
	waiters->set = calloc(waiters->nr, sizeof(*waiters->set));
	bench_expect(bench, waiters->ctx && waiters->set, "no memory");
	bench_expect_files(bench, waiters->nr + 100);
	bench_expect_buffer(bench, &waiters->buf, ST_PAGE);
	if (!bench->why[0])
		waiters_begin_all(bench, waiters);
	return 0;
}

static int waiters_open(struct bench *bench)
{
	return waiters_begin(bench, bench->quick ? 30 : WAITERS_MANY);
}

static int waiters_open_few(struct bench *bench)
{
	return waiters_begin(bench, WAITERS_FEW);
}

/* The one that released queues again, behind all others. */
static int64_t waiters_batch(struct bench *bench, unsigned int nr)
{
	struct waiters *waiters = bench->priv;
	unsigned int i, next, bad = 0;
	int64_t cost = 0, begin;

	for (i = 0; i < nr && !bad; i++) {
		next = (waiters->holder + 1) % waiters->nr;
		begin = bench_begin(bench);
		bad = st_release(waiters->ctx[waiters->holder], waiters->set[waiters->holder]);
		bad = bad || !waiter_is_next(waiters, next);
		cost += bench_end(bench, begin);
		bad = bad || !waiter_queue(waiters, waiters->holder);
		waiters->holder = next;
	}
	bench_expect(bench, !bad, "a release failed, or the next one in order was not the next");
	return cost;
}

static void waiters_close(struct bench *bench)
{
	struct waiters *waiters = bench->priv;
	unsigned int i;

	if (!waiters)
		return;
	if (!bench->why[0])
		waiters_check(bench, waiters);
	for (i = 0; waiters->ctx && i < waiters->nr; i++)
		if (waiters->ctx[i] > 0)
			close(waiters->ctx[i]);
	if (waiters->buf.fd > 0)
		st_buffer_close(&waiters->buf);
	free(waiters->set);
	free(waiters->ctx);
	free(waiters);
}

const struct bench_case bench_waiters_cases[] = {
	{
		.row = "waiters", .side = "with 10", .stage = BENCH_LOADED,
		.open = waiters_open_few, .batch = waiters_batch, .close = waiters_close,
	}, {
		.row = "waiters", .side = "ours", .stage = BENCH_LOADED,
		.open = waiters_open, .batch = waiters_batch, .close = waiters_close,
	},
	{ }
};
