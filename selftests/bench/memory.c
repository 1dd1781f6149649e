// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes of kernel memory: memory_access, _buffer, _context, _fcntl. Many of a thing are made, and
 * the objects in all slab caches are counted before and after: no name of a cache is known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define MEMORY_MANY	10000
#define MEMORY_QUICK	200
#define MEMORY_BATCHES	3
#define MEMORY_MAX_CACHES	1024

/**
 * struct memory - what things are made of
 * @buf: one buffer, or file
 * @bufs: many buffers
 * @nr_bufs: entries of @bufs
 * @ctx: a context
 * @fds: many descriptors
 * @nr_fds: entries of @fds
 */
struct memory {
	struct st_buffer buf;
	struct st_buffer *bufs;
	unsigned int nr_bufs;
	int ctx;
	int *fds;
	unsigned int nr_fds;
};

/**
 * struct caches - all slab caches
 * @nr: how many
 * @bytes: of all objects of each that are in use
 * @name: of each
 */
struct caches {
	unsigned int nr;
	long long bytes[MEMORY_MAX_CACHES];
	char name[MEMORY_MAX_CACHES][32];
};

static void caches_read(struct bench *bench, struct caches *caches)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	long long objects, size;
	char line[512];

	caches->nr = 0;
	if (!bench_expect(bench, file, "cannot read /proc/slabinfo: %s", strerror(errno)))
		return;
	while (fgets(line, sizeof(line), file) && caches->nr < MEMORY_MAX_CACHES) {
		if (sscanf(line, "%31s %lld %*u %lld", caches->name[caches->nr], &objects,
			   &size) == 3)
			caches->bytes[caches->nr++] = objects * size;
	}
	bench_expect(bench, feof(file), "more than %d slab caches", MEMORY_MAX_CACHES);
	fclose(file);
}

/* What a cache had before; new ones come in somewhere, so by name. */
static long long caches_find(const struct caches *caches, const char *name)
{
	unsigned int i;

	for (i = 0; i < caches->nr; i++)
		if (!strcmp(caches->name[i], name))
			return caches->bytes[i];
	return 0;
}

/* Bytes that were added. The caches that have 2 % of it or more are noted. */
static int64_t caches_compare(struct bench *bench, const struct caches *before,
			      const struct caches *after, unsigned int nr)
{
	long long sum = 0, more;
	size_t length = 0;
	unsigned int i;

	for (i = 0; i < after->nr; i++)
		sum += after->bytes[i] - caches_find(before, after->name[i]);
	for (i = 0; i < after->nr && length < sizeof(bench->note); i++) {
		more = after->bytes[i] - caches_find(before, after->name[i]);
		if (sum > 0 && llabs(more) * 50 >= sum)
			length += snprintf(bench->note + length, sizeof(bench->note) - length,
					   "%s%s %.1f", length ? ", " : "", after->name[i],
					   (double)more / nr);
	}
	return sum;
}

static bool write_digit(const char *path, const char *digit)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, digit, 1) == 1;

	if (fd >= 0)
		close(fd);
	return good;
}

/*
 * What is kept for the next user goes, states of buffers for example. What was freed through RCU is
 * gone after some ticks. What the processors keep for themselves would count as in use, and goes
 * back to the caches.
 */
static void memory_settle(struct bench *bench)
{
	glob_t caches;
	size_t i;

	if (bench->quick)
		return;
	bench_expect(bench, write_digit("/proc/sys/vm/drop_caches", "2"), "cannot drop caches");
	st_sleep_ms(500);
	if (!bench_expect(bench, !glob("/sys/kernel/slab/*/shrink", GLOB_NOSORT, NULL, &caches),
			  "no /sys/kernel/slab"))
		return;
	for (i = 0; i < caches.gl_pathc; i++)
		bench_expect(bench, write_digit(caches.gl_pathv[i], "1"), "cannot shrink a slab cache");
	globfree(&caches);
}

/* Return: bytes that @make adds, in all. */
static int64_t memory_of(struct bench *bench, unsigned int nr,
			 void (*make)(struct bench *bench, unsigned int nr))
{
	static struct caches before, after;

	memory_settle(bench);
	caches_read(bench, &before);
	make(bench, nr);
	memory_settle(bench);
	caches_read(bench, &after);
	return caches_compare(bench, &before, &after, nr);
}

static struct memory *memory_new(struct bench *bench)
{
	unsigned int nr = bench->quick ? MEMORY_QUICK : MEMORY_MANY;
	struct memory *memory = calloc(1, sizeof(*memory));

	bench->priv = memory;
	if (!bench_expect(bench, memory, "no memory"))
		return NULL;
	memory->ctx = -1;
	memory->buf.fd = -1;
	memory->bufs = calloc(nr, sizeof(*memory->bufs));
	memory->fds = calloc(nr, sizeof(*memory->fds));
	bench_expect(bench, memory->bufs && memory->fds, "no memory");
	bench_expect_files(bench, 2 * MEMORY_MANY + 100);
	return memory;
}

static void fds_close(struct memory *memory)
{
	while (memory->nr_fds)
		close(memory->fds[--memory->nr_fds]);
}

static void memory_close(struct bench *bench)
{
	struct memory *memory = bench->priv;

	if (!memory)
		return;
	fds_close(memory);
	while (memory->nr_bufs)
		st_buffer_close(&memory->bufs[--memory->nr_bufs]);
	if (memory->ctx >= 0)
		close(memory->ctx);
	if (memory->buf.fd >= 0)
		st_buffer_close(&memory->buf);
	free(memory->fds);
	free(memory->bufs);
	free(memory);
}

static int open_file(struct bench *bench)
{
	struct memory *memory = memory_new(bench);

	if (!memory)
		return -ENOMEM;
	bench_expect_file(bench, &memory->buf, 4 * MEMORY_MANY);
	return 0;
}

static int open_one(struct bench *bench)
{
	struct memory *memory = memory_new(bench);

	if (!memory)
		return -ENOMEM;
	bench_expect_buffer(bench, &memory->buf, (4 * MEMORY_MANY / ST_PAGE + 1) * ST_PAGE);
	memory->ctx = bench_expect_context(bench);
	return 0;
}

static int open_many(struct bench *bench)
{
	unsigned int nr = bench->quick ? MEMORY_QUICK : MEMORY_MANY;
	struct memory *memory;
	int err;

	if (open_one(bench))
		return -ENOMEM;
	memory = bench->priv;
	while (memory->nr_bufs < nr && !bench->why[0]) {
		err = st_buffer_heap(&memory->bufs[memory->nr_bufs], ST_PAGE, O_RDWR);
		if (bench_expect(bench, !err, "only %u buffers", memory->nr_bufs))
			memory->nr_bufs++;
	}
	return 0;
}

/* Locks of every fourth byte stay apart. */
static void make_records(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	unsigned int i;

	for (i = 0; i < nr; i++) {
		lock.l_start = 4 * i;
		if (!bench_expect(bench, !fcntl(memory->buf.fd, F_SETLK, &lock),
				  "only %u locks", i))
			return;
	}
}

static int64_t records_batch(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;
	struct flock unlock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
	int64_t bytes = memory_of(bench, nr, make_records);

	bench_expect(bench, !fcntl(memory->buf.fd, F_SETLK, &unlock), "the unlock failed");
	return bytes;
}

static void make_accesses(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;
	unsigned int i;
	long set;

	for (i = 0; i < nr && !bench->why[0]; i++) {
		set = st_lock(memory->ctx, memory->buf.fd, DMA_BUF_ACCESS_W, 4 * i, 1,
			      DMABUF_SYNC_ACQUIRE_NONBLOCK);
		bench_expect(bench, set > 0, "only %u accesses (%ld)", i, set);
	}
}

/* All that a context has goes with it. */
static void context_renew(struct bench *bench)
{
	struct memory *memory = bench->priv;

	close(memory->ctx);
	memory->ctx = bench_expect_context(bench);
}

static int64_t accesses_batch(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;
	int64_t bytes = memory_of(bench, nr, make_accesses);
	int held = st_query_count(memory->ctx, memory->buf.fd, DMABUF_SYNC_STATE_ACQUIRED);

	bench_expect(bench, held == (int)nr, "%d of %u accesses are held", held, nr);
	context_renew(bench);
	return bytes;
}

static void make_buffers(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;
	unsigned int i;
	long set;

	for (i = 0; i < nr && !bench->why[0]; i++) {
		set = st_lock(memory->ctx, memory->bufs[i].fd, DMA_BUF_ACCESS_W, 0, 1,
			      DMABUF_SYNC_ACQUIRE_NONBLOCK);
		bench_expect(bench, set > 0, "only %u buffers (%ld)", i, set);
	}
}

/* An access in each of many buffers, less as many accesses in one. */
static int64_t buffers_batch(struct bench *bench, unsigned int nr)
{
	int64_t accesses = accesses_batch(bench, nr);
	int64_t bytes = memory_of(bench, nr, make_buffers);

	context_renew(bench);
	bench_expect(bench, bytes >= accesses, "%lld bytes for accesses in many buffers, %lld in one",
		     (long long)bytes, (long long)accesses);
	return bytes - accesses;
}

static void make_contexts(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;

	while (memory->nr_fds < nr && !bench->why[0])
		memory->fds[memory->nr_fds++] = bench_expect_context(bench);
}

/* The open file is part of it. */
static int64_t contexts_batch(struct bench *bench, unsigned int nr)
{
	int64_t bytes = memory_of(bench, nr, make_contexts);

	fds_close(bench->priv);
	return bytes;
}

static void make_locks(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!bench_expect(bench, !fcntl(memory->bufs[i].fd, F_SETLK, &lock),
				  "only %u locks", i))
			return;
}

static int64_t locks_batch(struct bench *bench, unsigned int nr)
{
	struct memory *memory = bench->priv;
	struct flock unlock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };
	int64_t bytes = memory_of(bench, nr, make_locks);
	unsigned int i;

	bench_expect_context_waits(bench, memory->bufs[0].fd, 0, true);
	bench_expect_process_waits(bench, memory->bufs[nr - 1].fd, 0, true);
	for (i = 0; i < nr; i++)
		bench_expect(bench, !fcntl(memory->bufs[i].fd, F_SETLK, &unlock),
			     "an unlock failed");
	return bytes;
}

#define MEMORY_CASE(name, who, when, how, what)					\
	{									\
		.row = name, .side = who, .stage = when, .unit = "bytes",	\
		.nr = MEMORY_MANY, .nr_quick = MEMORY_QUICK,			\
		.nr_batches = MEMORY_BATCHES,					\
		.open = how, .batch = what, .close = memory_close,		\
	}

const struct bench_case bench_memory_cases[] = {
	MEMORY_CASE("memory_access", "tmpfs lock", BENCH_STOCK, open_file, records_batch),
	MEMORY_CASE("memory_buffer", "tmpfs lock", BENCH_STOCK, open_file, records_batch),
	MEMORY_CASE("memory_context", "tmpfs lock", BENCH_STOCK, open_file, records_batch),
	MEMORY_CASE("memory_fcntl", "tmpfs lock", BENCH_STOCK, open_file, records_batch),
	MEMORY_CASE("memory_access", "ours", BENCH_LOADED, open_one, accesses_batch),
	MEMORY_CASE("memory_buffer", "ours", BENCH_LOADED, open_many, buffers_batch),
	MEMORY_CASE("memory_context", "ours", BENCH_LOADED, open_one, contexts_batch),
	MEMORY_CASE("memory_fcntl", "ours", BENCH_LOADED, open_many, locks_batch),
	{ }
};
