// SPDX-License-Identifier: GPL-2.0-only
/* A byte range taken and given back by one owner, nobody else there: ctx_pair, fcntl_pair. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "bench.h"

struct dmabuf_sync_acquire bench_acquire(const struct dmabuf_sync_access *access)
{
	return (struct dmabuf_sync_acquire){
		.size = sizeof(struct dmabuf_sync_acquire), .accesses = (uintptr_t)access,
		.nr_accesses = 1, .access_size = sizeof(*access),
	};
}

int64_t bench_pairs(struct bench *bench, int ctx, const struct dmabuf_sync_access *access,
		    unsigned int nr)
{
	struct dmabuf_sync_acquire acquire = bench_acquire(access);
	struct dmabuf_sync_release release = { .size = sizeof(release) };
	unsigned int failed = 0, i;
	int64_t begin = bench_begin(bench);

	for (i = 0; i < nr; i++) {
		failed |= ioctl(ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire);
		release.set = acquire.set;
		failed |= ioctl(ctx, DMABUF_SYNC_IOC_RELEASE, &release);
	}
	begin = bench_end(bench, begin);
	bench_expect(bench, !failed, "an acquire or a release failed");
	return begin;
}

/**
 * struct pair - what a pair works on
 * @buf: the buffer, or the file
 * @ctx: the context, or -1
 * @done: how often the bytes were written while they were held
 */
struct pair {
	struct st_buffer buf;
	int ctx;
	uint64_t done;
};

static struct pair *pair_new(struct bench *bench)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	bench->priv = pair;
	if (!bench_expect(bench, pair, "no memory"))
		return NULL;
	pair->buf.fd = -1;
	pair->ctx = -1;
	return pair;
}

/* What is done while the bytes are held; the count is compared at the end. */
static void pair_write(struct pair *pair)
{
	(*(volatile uint64_t *)pair->buf.map)++;
}

static void pair_close(struct bench *bench)
{
	struct pair *pair = bench->priv;

	if (!pair)
		return;
	if (pair->buf.map)
		bench_expect(bench, *(uint64_t *)pair->buf.map == pair->done,
			     "the bytes were not written once per pair");
	if (pair->ctx >= 0)
		close(pair->ctx);
	if (pair->buf.fd >= 0)
		st_buffer_close(&pair->buf);
	free(pair);
}

int64_t bench_ctx_batch(struct bench *bench, unsigned int nr)
{
	struct pair *pair = bench->priv;
	struct dmabuf_sync_access access =
		st_access(pair->buf.fd, DMA_BUF_ACCESS_W, 0, DMABUF_SYNC_TO_END);
	struct dmabuf_sync_acquire acquire = bench_acquire(&access);
	struct dmabuf_sync_release release = { .size = sizeof(release) };
	unsigned int failed = 0, i;
	int64_t begin = bench_begin(bench);

	for (i = 0; i < nr; i++) {
		failed |= ioctl(pair->ctx, DMABUF_SYNC_IOC_ACQUIRE, &acquire);
		pair_write(pair);
		release.set = acquire.set;
		failed |= ioctl(pair->ctx, DMABUF_SYNC_IOC_RELEASE, &release);
	}
	begin = bench_end(bench, begin);
	pair->done += nr;
	bench_expect(bench, !failed, "an acquire or a release failed");
	return begin;
}

static void ctx_check(struct bench *bench, struct pair *pair)
{
	struct dmabuf_sync_info info = { 0 };
	long set = st_lock_all(pair->ctx, pair->buf.fd, DMA_BUF_ACCESS_W, 0);

	bench_expect(bench, set > 0, "the first acquire failed (%ld)", set);
	bench_expect(bench, st_query(pair->ctx, pair->buf.fd, &info, 1) == 1 &&
		     info.state == DMABUF_SYNC_STATE_ACQUIRED && info.mode == DMA_BUF_ACCESS_W &&
		     info.length == pair->buf.size, "the access is not what was asked for");
	bench_expect_context_waits(bench, pair->buf.fd, 0, true);
	bench_expect(bench, !st_release(pair->ctx, set), "the first release failed");
	bench_expect_context_waits(bench, pair->buf.fd, 0, false);
}

int bench_ctx_open(struct bench *bench)
{
	struct pair *pair = pair_new(bench);

	if (!pair)
		return -ENOMEM;
	bench_expect_buffer(bench, &pair->buf, ST_PAGE);
	pair->ctx = bench_expect_context(bench);
	if (!bench->why[0])
		ctx_check(bench, pair);
	return 0;
}

void bench_ctx_close(struct bench *bench)
{
	struct pair *pair = bench->priv;

	if (pair && !bench->why[0]) {
		ctx_check(bench, pair);
		bench_expect(bench, !st_query_count(pair->ctx, pair->buf.fd, 0),
			     "accesses are left");
	}
	pair_close(bench);
}

static struct flock whole(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

static int64_t record_batch(struct bench *bench, unsigned int nr)
{
	struct pair *pair = bench->priv;
	struct flock lock = whole(F_WRLCK), unlock = whole(F_UNLCK);
	unsigned int failed = 0, i;
	int64_t begin = bench_begin(bench);

	for (i = 0; i < nr; i++) {
		failed |= fcntl(pair->buf.fd, F_SETLK, &lock);
		pair_write(pair);
		failed |= fcntl(pair->buf.fd, F_SETLK, &unlock);
	}
	begin = bench_end(bench, begin);
	pair->done += nr;
	bench_expect(bench, !failed, "a lock or an unlock failed");
	return begin;
}

/* What a program does today: a lock against other processes, an ioctl for caches and DMA. */
static int64_t stock_batch(struct bench *bench, unsigned int nr)
{
	struct pair *pair = bench->priv;
	struct flock lock = whole(F_WRLCK), unlock = whole(F_UNLCK);
	struct dma_buf_sync start = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct dma_buf_sync end = { .flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW };
	unsigned int failed = 0, i;
	int64_t begin = bench_begin(bench);

	for (i = 0; i < nr; i++) {
		failed |= fcntl(pair->buf.fd, F_SETLK, &lock);
		failed |= ioctl(pair->buf.fd, DMA_BUF_IOCTL_SYNC, &start);
		pair_write(pair);
		failed |= ioctl(pair->buf.fd, DMA_BUF_IOCTL_SYNC, &end);
		failed |= fcntl(pair->buf.fd, F_SETLK, &unlock);
	}
	begin = bench_end(bench, begin);
	pair->done += nr;
	bench_expect(bench, !failed, "a lock, an unlock or a SYNC failed");
	return begin;
}

static void record_check(struct bench *bench, struct pair *pair)
{
	struct flock lock = whole(F_WRLCK), unlock = whole(F_UNLCK);

	bench_expect(bench, !fcntl(pair->buf.fd, F_SETLK, &lock), "the first lock failed");
	bench_expect_process_waits(bench, pair->buf.fd, 0, true);
	bench_expect(bench, !fcntl(pair->buf.fd, F_SETLK, &unlock), "the first unlock failed");
	bench_expect_process_waits(bench, pair->buf.fd, 0, false);
}

static int record_open_file(struct bench *bench)
{
	struct pair *pair = pair_new(bench);

	if (!pair)
		return -ENOMEM;
	bench_expect_file(bench, &pair->buf, ST_PAGE);
	if (!bench->why[0])
		record_check(bench, pair);
	return 0;
}

static int record_open(struct bench *bench)
{
	struct pair *pair = pair_new(bench);

	if (!pair)
		return -ENOMEM;
	bench_expect_buffer(bench, &pair->buf, ST_PAGE);
	if (!bench->why[0])
		record_check(bench, pair);
	return 0;
}

/* That fcntl() is the framework's: a context is kept out, too. */
static void mirror_check(struct bench *bench, struct pair *pair)
{
	struct flock lock = whole(F_WRLCK), unlock = whole(F_UNLCK);

	record_check(bench, pair);
	bench_expect(bench, !fcntl(pair->buf.fd, F_SETLK, &lock), "a lock failed");
	bench_expect_context_waits(bench, pair->buf.fd, 0, true);
	bench_expect(bench, !fcntl(pair->buf.fd, F_SETLK, &unlock), "an unlock failed");
	bench_expect_context_waits(bench, pair->buf.fd, 0, false);
}

static int mirror_open(struct bench *bench)
{
	int ret = record_open(bench);

	if (!ret && !bench->why[0])
		mirror_check(bench, bench->priv);
	return ret;
}

static void record_close(struct bench *bench)
{
	if (bench->priv && !bench->why[0])
		record_check(bench, bench->priv);
	pair_close(bench);
}

static void mirror_close(struct bench *bench)
{
	if (bench->priv && !bench->why[0])
		mirror_check(bench, bench->priv);
	pair_close(bench);
}

const struct bench_case bench_pair_cases[] = {
	{
		.row = "ctx_pair", .side = "tmpfs lock and unlock", .stage = BENCH_STOCK,
		.open = record_open_file, .batch = record_batch, .close = record_close,
	}, {
		.row = "fcntl_pair", .side = "stock lock, SYNC start, SYNC end, unlock",
		.stage = BENCH_STOCK,
		.open = record_open, .batch = stock_batch, .close = record_close,
	}, {
		.row = "ctx_pair", .side = "ours", .stage = BENCH_LOADED,
		.open = bench_ctx_open, .batch = bench_ctx_batch, .close = bench_ctx_close,
	}, {
		.row = "fcntl_pair", .side = "ours", .stage = BENCH_LOADED,
		.open = mirror_open, .batch = record_batch, .close = mirror_close,
	},
	{ }
};
