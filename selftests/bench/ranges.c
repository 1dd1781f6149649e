// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pair among many other ranges of the same buffer: ranges (others hold them), ranges_own (the
 * process itself does).
 *
 * Every fourth byte is held, beginning with byte 0; the pair is of a byte in the middle that has
 * no neighbour, so that no record is merged or split.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define RANGES_MANY		10000
#define RANGES_FEW		10
#define RANGES_OWN		1000
/* Contexts that hold them, each in sets of so many. */
#define RANGES_CONTEXTS		10
#define RANGES_SET		250

/**
 * struct ranges - a buffer, or a file, and who holds what of it
 * @buf: the buffer
 * @nr: bytes that are held
 * @ctx: the context of the pair
 * @others: contexts that hold the bytes
 * @holder: the process that does
 */
struct ranges {
	struct st_buffer buf;
	unsigned int nr;
	int ctx;
	int others[RANGES_CONTEXTS];
	pid_t holder;
};

static struct ranges *ranges_new(struct bench *bench, unsigned int nr)
{
	struct ranges *ranges = calloc(1, sizeof(*ranges));
	unsigned int i;

	bench->priv = ranges;
	if (!bench_expect(bench, ranges, "no memory"))
		return NULL;
	ranges->nr = bench->quick ? nr / 50 + 2 : nr;
	ranges->buf.fd = -1;
	ranges->ctx = -1;
	for (i = 0; i < RANGES_CONTEXTS; i++)
		ranges->others[i] = -1;
	return ranges;
}

static size_t ranges_size(const struct ranges *ranges)
{
	return (ranges->nr * 4 + ST_PAGE) / ST_PAGE * ST_PAGE;
}

static uint64_t held_byte(unsigned int i)
{
	return i * 4;
}

static uint64_t free_byte(const struct ranges *ranges)
{
	return ranges->nr / 2 * 4 + 2;
}

static void ranges_close(struct bench *bench)
{
	struct ranges *ranges = bench->priv;
	unsigned int i;

	if (!ranges)
		return;
	if (ranges->holder > 0) {
		kill(ranges->holder, SIGKILL);
		waitpid(ranges->holder, NULL, 0);
	}
	for (i = 0; i < RANGES_CONTEXTS; i++)
		if (ranges->others[i] >= 0)
			close(ranges->others[i]);
	if (ranges->ctx >= 0)
		close(ranges->ctx);
	if (ranges->buf.fd >= 0)
		st_buffer_close(&ranges->buf);
	free(ranges);
}

static bool record_lock(int fd, uint64_t byte, short type)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1,
	};

	return !fcntl(fd, F_SETLK, &lock);
}

/* Lock every fourth byte by fcntl(). Return: how many of them. */
static unsigned int record_lock_all(const struct ranges *ranges)
{
	unsigned int i, locked = 0;

	for (i = 0; i < ranges->nr; i++)
		locked += record_lock(ranges->buf.fd, held_byte(i), F_WRLCK);
	return locked;
}

static int64_t record_batch(struct bench *bench, unsigned int nr)
{
	struct ranges *ranges = bench->priv;
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = free_byte(ranges), .l_len = 1,
	};
	struct flock unlock = lock;
	unsigned int failed = 0, i;
	int64_t begin;

	unlock.l_type = F_UNLCK;
	begin = bench_begin(bench);
	for (i = 0; i < nr; i++) {
		failed |= fcntl(ranges->buf.fd, F_SETLK, &lock);
		failed |= fcntl(ranges->buf.fd, F_SETLK, &unlock);
	}
	begin = bench_end(bench, begin);
	bench_expect(bench, !failed, "a lock or an unlock failed");
	return begin;
}

/* Of bytes held by a process: the first, the last, and the ones beside that of the pair. */
static void record_check(struct bench *bench, struct ranges *ranges)
{
	uint64_t byte = free_byte(ranges);
	int fd = ranges->buf.fd;

	bench_expect_process_waits(bench, fd, held_byte(0), true);
	bench_expect_process_waits(bench, fd, byte - 2, true);
	bench_expect_process_waits(bench, fd, held_byte(ranges->nr - 1), true);
	bench_expect(bench, record_lock(fd, byte, F_WRLCK), "the lock failed");
	bench_expect_process_waits(bench, fd, byte, true);
	bench_expect(bench, record_lock(fd, byte, F_UNLCK), "the unlock failed");
	bench_expect_process_waits(bench, fd, byte, false);
}

static int own_begin(struct bench *bench)
{
	struct ranges *ranges = bench->priv;
	unsigned int locked;

	if (bench->why[0])
		return 0;
	locked = record_lock_all(ranges);
	bench_expect(bench, locked == ranges->nr, "only %u of %u locks", locked, ranges->nr);
	record_check(bench, ranges);
	return 0;
}

static int own_open_file(struct bench *bench)
{
	struct ranges *ranges = ranges_new(bench, RANGES_OWN);

	if (!ranges)
		return -ENOMEM;
	bench_expect_file(bench, &ranges->buf, ranges_size(ranges));
	return own_begin(bench);
}

static int own_open(struct bench *bench)
{
	struct ranges *ranges = ranges_new(bench, RANGES_OWN);

	if (!ranges)
		return -ENOMEM;
	bench_expect_buffer(bench, &ranges->buf, ranges_size(ranges));
	own_begin(bench);
	if (!bench->why[0])
		bench_expect_context_waits(bench, ranges->buf.fd, held_byte(ranges->nr / 2), true);
	return 0;
}

static void own_close(struct bench *bench)
{
	if (bench->priv && !bench->why[0])
		record_check(bench, bench->priv);
	ranges_close(bench);
}

/* A process that locks them all and keeps them until it is killed. */
static void holder_start(struct bench *bench, struct ranges *ranges)
{
	int ready[2];
	char byte;

	if (!bench_expect(bench, !pipe(ready), "no pipe"))
		return;
	ranges->holder = st_fork();
	if (!ranges->holder) {
		close(ready[0]);
		if (record_lock_all(ranges) == ranges->nr && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	bench_expect(bench, read(ready[0], &byte, 1) == 1, "the other process has not all locks");
	close(ready[0]);
}

/* The locks are not ours, so those that we were to get are refused. */
static void others_check_file(struct bench *bench, struct ranges *ranges)
{
	unsigned int i, refused = 0;

	for (i = 0; i < ranges->nr; i++)
		refused += !record_lock(ranges->buf.fd, held_byte(i), F_WRLCK);
	bench_expect(bench, refused == ranges->nr, "%u of %u locks are refused", refused,
		     ranges->nr);
}

static int others_open_file(struct bench *bench)
{
	struct ranges *ranges = ranges_new(bench, RANGES_MANY);

	if (!ranges)
		return -ENOMEM;
	bench_expect_file(bench, &ranges->buf, ranges_size(ranges));
	if (!bench->why[0])
		holder_start(bench, ranges);
	if (!bench->why[0])
		record_check(bench, ranges);
	if (!bench->why[0] && bench->quick)
		others_check_file(bench, ranges);
	return 0;
}

/* Context @i holds bytes @from to @to - 1 of those that are to be held. */
static void context_hold(struct bench *bench, struct ranges *ranges, unsigned int i,
			 unsigned int from, unsigned int to)
{
	struct dmabuf_sync_access set[RANGES_SET];
	unsigned int nr;
	long ret;

	ranges->others[i] = bench_expect_context(bench);
	while (from < to && !bench->why[0]) {
		for (nr = 0; nr < RANGES_SET && from < to; nr++)
			set[nr] = st_access(ranges->buf.fd, DMA_BUF_ACCESS_W,
					    held_byte(from++), 1);
		ret = st_lock_set(ranges->others[i], set, nr, DMABUF_SYNC_ACQUIRE_NONBLOCK);
		bench_expect(bench, ret > 0, "%u others cannot be held (%ld)", ranges->nr, ret);
	}
}

static void others_check(struct bench *bench, struct ranges *ranges)
{
	uint64_t byte = free_byte(ranges);
	int fd = ranges->buf.fd;
	int nr = st_query_count(ranges->ctx, fd, DMABUF_SYNC_STATE_ACQUIRED);

	bench_expect(bench, nr == (int)ranges->nr, "%d of %u bytes are held", nr, ranges->nr);
	bench_expect(bench, st_lock(ranges->ctx, fd, DMA_BUF_ACCESS_W, byte - 2, 1,
				    DMABUF_SYNC_ACQUIRE_NONBLOCK) == -EAGAIN,
		     "a byte that others hold can be had");
	bench_expect_context_waits(bench, fd, byte, false);
}

static int others_begin(struct bench *bench, unsigned int many)
{
	struct ranges *ranges = ranges_new(bench, many);
	unsigned int i;

	if (!ranges)
		return -ENOMEM;
	bench_expect_buffer(bench, &ranges->buf, ranges_size(ranges));
	ranges->ctx = bench_expect_context(bench);
	for (i = 0; i < RANGES_CONTEXTS && !bench->why[0]; i++)
		context_hold(bench, ranges, i, ranges->nr * i / RANGES_CONTEXTS,
			     ranges->nr * (i + 1) / RANGES_CONTEXTS);
	if (!bench->why[0])
		others_check(bench, ranges);
	return 0;
}

static int others_open(struct bench *bench)
{
	return others_begin(bench, RANGES_MANY);
}

static int others_open_few(struct bench *bench)
{
	return others_begin(bench, RANGES_FEW);
}

static int64_t others_batch(struct bench *bench, unsigned int nr)
{
	struct ranges *ranges = bench->priv;
	struct dmabuf_sync_access access =
		st_access(ranges->buf.fd, DMA_BUF_ACCESS_W, free_byte(ranges), 1);

	return bench_pairs(bench, ranges->ctx, &access, nr);
}

static void others_close(struct bench *bench)
{
	if (bench->priv && !bench->why[0])
		others_check(bench, bench->priv);
	ranges_close(bench);
}

static void others_close_file(struct bench *bench)
{
	if (bench->priv && !bench->why[0])
		record_check(bench, bench->priv);
	ranges_close(bench);
}

const struct bench_case bench_ranges_cases[] = {
	{
		.row = "ranges", .side = "tmpfs, with 10000", .stage = BENCH_STOCK,
		.open = others_open_file, .batch = record_batch, .close = others_close_file,
	}, {
		.row = "ranges_own", .side = "tmpfs, the same", .stage = BENCH_STOCK,
		.open = own_open_file, .batch = record_batch, .close = own_close,
	}, {
		.row = "ranges", .side = "with 10 others held", .stage = BENCH_LOADED,
		.open = others_open_few, .batch = others_batch, .close = others_close,
	}, {
		.row = "ranges", .side = "ours", .stage = BENCH_LOADED,
		.open = others_open, .batch = others_batch, .close = others_close,
	}, {
		.row = "ranges_own", .side = "ours", .stage = BENCH_LOADED,
		.open = own_open, .batch = record_batch, .close = own_close,
	},
	{ }
};
