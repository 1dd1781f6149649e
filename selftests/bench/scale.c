// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs of two processors on different buffers: scale_2. Both begin together; what counts is when
 * the slower one is done.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SCALE_CPUS	2

/**
 * struct scale_shared - what both processes see
 * @begin: both are about to begin
 * @end: both are done
 * @nr: pairs that each is to do; 0: end
 * @failed: some failed
 */
struct scale_shared {
	pthread_barrier_t begin;
	pthread_barrier_t end;
	unsigned int nr;
	uint32_t failed;
};

/**
 * struct scale - a process
 * @nr_cpus: how many take part
 * @cpu: which one this is
 * @buf: its buffer
 * @ctx: its context
 * @other: the other process, or 0
 * @shared: what both see
 */
struct scale {
	unsigned int nr_cpus;
	unsigned int cpu;
	struct st_buffer buf;
	int ctx;
	pid_t other;
	struct scale_shared *shared;
};

static bool scale_pin(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &cpus);
	return !sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* What a process needs for itself. */
static void scale_begin(struct bench *bench, struct scale *scale, unsigned int cpu)
{
	scale->cpu = cpu;
	bench_expect(bench, scale_pin(cpu), "no processor %u", cpu);
	bench_expect_buffer(bench, &scale->buf, ST_PAGE);
	scale->ctx = bench_expect_context(bench);
}

static int64_t scale_pairs(struct bench *bench, struct scale *scale)
{
	struct dmabuf_sync_access access =
		st_access(scale->buf.fd, DMA_BUF_ACCESS_W, 0, DMABUF_SYNC_TO_END);

	return bench_pairs(bench, scale->ctx, &access, scale->shared->nr);
}

/* The other process: as often as it is told to. */
static void scale_other(struct bench *bench, struct scale *scale)
{
	struct scale_shared *shared = scale->shared;

	scale_begin(bench, scale, 1);
	for (;;) {
		pthread_barrier_wait(&shared->begin);
		if (!shared->nr)
			_exit(0);
		if (!bench->why[0])
			scale_pairs(bench, scale);
		if (bench->why[0])
			__atomic_store_n(&shared->failed, 1, __ATOMIC_RELEASE);
		pthread_barrier_wait(&shared->end);
	}
}

static int scale_new(struct bench *bench, unsigned int nr_cpus)
{
	struct scale *scale = calloc(1, sizeof(*scale));

	bench->priv = scale;
	if (!bench_expect(bench, scale, "no memory"))
		return -ENOMEM;
	scale->nr_cpus = nr_cpus;
	scale->shared = st_shared(sizeof(*scale->shared));
	if (!bench_expect(bench, scale->shared, "no memory"))
		return -ENOMEM;
	bench_expect(bench, !st_barrier_init(&scale->shared->begin, nr_cpus) &&
		     !st_barrier_init(&scale->shared->end, nr_cpus), "no barrier");
	if (nr_cpus > 1) {
		scale->other = st_fork();
		if (!scale->other)
			scale_other(bench, scale);
	}
	scale_begin(bench, scale, 0);
	return 0;
}

static int scale_open(struct bench *bench)
{
	return scale_new(bench, SCALE_CPUS);
}

static int scale_open_one(struct bench *bench)
{
	return scale_new(bench, 1);
}

/* Return: pairs per second of all, once for each of @nr. */
static int64_t scale_batch(struct bench *bench, unsigned int nr)
{
	struct scale *scale = bench->priv;
	struct scale_shared *shared = scale->shared;
	int64_t begin;

	shared->nr = nr;
	pthread_barrier_wait(&shared->begin);
	begin = st_now_ns();
	scale_pairs(bench, scale);
	pthread_barrier_wait(&shared->end);
	begin = st_now_ns() - begin;
	bench_expect(bench, !__atomic_load_n(&shared->failed, __ATOMIC_ACQUIRE),
		     "the other process failed");
	return ST_NSEC_PER_SEC * nr * scale->nr_cpus / begin * nr;
}

static void scale_close(struct bench *bench)
{
	struct scale *scale = bench->priv;

	if (!scale)
		return;
	if (scale->shared && scale->other > 0) {
		scale->shared->nr = 0;
		pthread_barrier_wait(&scale->shared->begin);
		bench_expect(bench, !st_child_wait(scale->other), "the other process died");
	}
	if (scale->ctx > 0)
		close(scale->ctx);
	if (scale->buf.fd > 0)
		st_buffer_close(&scale->buf);
	free(scale);
}

const struct bench_case bench_scale_cases[] = {
	{
		.row = "scale_2", .side = "1 CPU", .stage = BENCH_LOADED, .timed = true,
		.unit = "pairs/s", .nr = 2000,
		.open = scale_open_one, .batch = scale_batch, .close = scale_close,
	}, {
		.row = "scale_2", .side = "ours", .stage = BENCH_LOADED, .timed = true,
		.unit = "pairs/s", .nr = 2000,
		.open = scale_open, .batch = scale_batch, .close = scale_close,
	},
	{ }
};
