// SPDX-License-Identifier: GPL-2.0-only
/* A pair while many other buffers are in use: buffers. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

#define BUFFERS_MANY		100000
#define BUFFERS_CONTEXTS	16

/**
 * struct buffers - one buffer, and others
 * @buf: the one of the pair
 * @ctx: the context of the pair
 * @nr: other buffers
 * @fds: their descriptors
 * @others: contexts that hold them
 */
struct buffers {
	struct st_buffer buf;
	int ctx;
	unsigned int nr;
	int *fds;
	int others[BUFFERS_CONTEXTS];
};

/* The heap's, as it needs no file in tmpfs for each. */
static bool other_open(struct buffers *buffers)
{
	struct st_buffer buf;

	if (st_buffer_heap(&buf, ST_PAGE, O_RDWR))
		return false;
	buffers->fds[buffers->nr++] = buf.fd;
	return true;
}

static void others_open(struct bench *bench, struct buffers *buffers, unsigned int nr)
{
	unsigned int i;
	long set;

	for (i = 0; i < BUFFERS_CONTEXTS; i++)
		buffers->others[i] = bench_expect_context(bench);
	buffers->fds = calloc(nr, sizeof(*buffers->fds));
	bench_expect(bench, buffers->fds, "no memory");
	for (i = 0; i < nr && !bench->why[0]; i++) {
		if (!bench_expect(bench, other_open(buffers), "only %u buffers", i))
			break;
		set = st_lock_all(buffers->others[i % BUFFERS_CONTEXTS], buffers->fds[i],
				  DMA_BUF_ACCESS_W, DMABUF_SYNC_ACQUIRE_NONBLOCK);
		bench_expect(bench, set > 0, "only %u buffers are held (%ld)", i, set);
	}
}

/* The first, the last and some in between are in use. */
static void buffers_check(struct bench *bench, struct buffers *buffers)
{
	unsigned int step = buffers->nr / 16 ?: 1, i;

	for (i = 0; i < buffers->nr; i += step)
		bench_expect_context_waits(bench, buffers->fds[i], 0, true);
	bench_expect_context_waits(bench, buffers->fds[buffers->nr - 1], 0, true);
	bench_expect_context_waits(bench, buffers->buf.fd, 0, false);
}

static int buffers_begin(struct bench *bench, unsigned int nr)
{
	struct buffers *buffers = calloc(1, sizeof(*buffers));

	bench->priv = buffers;
	if (!bench_expect(bench, buffers, "no memory"))
		return -ENOMEM;
	bench_expect_files(bench, BUFFERS_MANY + 1000);
	bench_expect_buffer(bench, &buffers->buf, ST_PAGE);
	buffers->ctx = bench_expect_context(bench);
	others_open(bench, buffers, nr);
	if (!bench->why[0])
		buffers_check(bench, buffers);
	return 0;
}

static int buffers_open_one(struct bench *bench)
{
	return buffers_begin(bench, 1);
}

static int buffers_open(struct bench *bench)
{
	return buffers_begin(bench, bench->quick ? 100 : BUFFERS_MANY);
}

static int64_t buffers_batch(struct bench *bench, unsigned int nr)
{
	struct buffers *buffers = bench->priv;
	struct dmabuf_sync_access access =
		st_access(buffers->buf.fd, DMA_BUF_ACCESS_W, 0, DMABUF_SYNC_TO_END);

	return bench_pairs(bench, buffers->ctx, &access, nr);
}

static void buffers_close(struct bench *bench)
{
	struct buffers *buffers = bench->priv;
	unsigned int i;

	if (!buffers)
		return;
	if (!bench->why[0])
		buffers_check(bench, buffers);
	for (i = 0; i < BUFFERS_CONTEXTS; i++)
		close(buffers->others[i]);
	while (buffers->nr)
		close(buffers->fds[--buffers->nr]);
	close(buffers->ctx);
	st_buffer_close(&buffers->buf);
	free(buffers->fds);
	free(buffers);
}

const struct bench_case bench_buffers_cases[] = {
	{
		.row = "buffers", .side = "with 1 other", .stage = BENCH_LOADED,
		.open = buffers_open_one, .batch = buffers_batch, .close = buffers_close,
	}, {
		.row = "buffers", .side = "ours", .stage = BENCH_LOADED,
		.open = buffers_open, .batch = buffers_batch, .close = buffers_close,
	},
	{ }
};
