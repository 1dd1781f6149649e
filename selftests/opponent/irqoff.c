// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long interrupts are off in what the opponent does, as a timer on each processor sees it.
 * A machine that is busy, or is itself emulated, is late now and then without anybody's fault:
 * so the median over several acts counts, and a run that looks bad is made again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "opponent.h"

#define WATCH_PERIOD_NS	200000
/* With a limit in time, which makes sense where time is a count of instructions. */
#define EXACT_PERIOD_NS	20000
#define MAX_ACTS	64
/* Enough to prove it; more would have the kernel report a lockup. */
#define ENOUGH_NS	(ST_NSEC_PER_SEC / 2)
/* What a timer may be late for other reasons. */
#define SLACK_NS	(st_slowness() * 300000LL)
#define NR_RUNS		3
#define RUN_MS		120000

/* IRQOFF_MAX_US in the environment, for machines whose time is exact (run --icount); or 0. */
static int64_t limit_ns(void)
{
	const char *us = getenv("IRQOFF_MAX_US");

	return us ? atoll(us) * 1000 : 0;
}

/**
 * struct run - one process of the opponent; shared memory
 * @scene: what it does
 * @enough_ns: that is proof
 * @size: how large
 * @watch: the timers
 * @err: what the scene said
 * @acts: what the timers saw in each act
 */
struct run {
	const struct op_scene *scene;
	int64_t enough_ns;
	unsigned int size;
	int watch;
	int err;
	struct dsw_read acts[MAX_ACTS];
};

static int run_act(struct run *run, unsigned int nr)
{
	struct dsw_read *act = &run->acts[nr];
	int err;

	/* What was before does not count. */
	if (ioctl(run->watch, DSW_READ, act))
		return -errno;
	err = run->scene->act(nr);
	if (!err && ioctl(run->watch, DSW_READ, act))
		err = -errno;
	return err;
}

static int run_play(void *arg)
{
	struct run *run = arg;
	unsigned int i;

	run->err = run->scene->prepare(run->size);
	for (i = 0; !run->err && i < run->scene->nr_acts; i++)
		run->err = run_act(run, i);
	/* Leaving in another order could take minutes, too; irqoff_close.c shows that. */
	op_queue_leave();
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct dsw_read *x = a, *y = b;

	return (x->late_ns > y->late_ns) - (x->late_ns < y->late_ns);
}

/* Sets @median to the act in the middle. */
static int run_once(struct run *run, unsigned int size, struct dsw_read **median)
{
	int ret;

	run->size = size;
	run->err = -ETIME;
	ret = op_end_ms(op_start(OP_OPPONENT, run_play, run), RUN_MS * st_slowness());
	if (ret)
		return ret < 0 ? ret : -EPERM;
	qsort(run->acts, run->scene->nr_acts, sizeof(*run->acts), compare);
	*median = &run->acts[run->scene->nr_acts / 2];
	return run->err;
}

/* What next to nothing takes: the best of some runs, as nobody is early by accident. */
static int run_small(struct run *run, struct op_irqoff *out)
{
	struct dsw_read *median;
	int err = 0, i;

	for (i = 0; !err && i < NR_RUNS; i++) {
		err = run_once(run, 0, &median);
		if (!err && (!i || (int64_t)median->late_ns < out->small_ns))
			out->small_ns = median->late_ns;
	}
	return err;
}

/* The same of a larger size; once it is bounded, or proof, that will do. */
static int run_size(struct run *run, unsigned int size, struct op_irqoff *out)
{
	struct dsw_read *median;
	unsigned int i;
	int err;

	for (i = 0; i < NR_RUNS; i++) {
		err = run_once(run, size, &median);
		if (err)
			return err;
		if (!i || (int64_t)median->late_ns < out->longest_ns) {
			out->longest_ns = median->late_ns;
			memcpy(out->where, median->where, sizeof(out->where));
		}
		if (op_irqoff_bounded(out) || out->longest_ns > ENOUGH_NS)
			break;
	}
	return 0;
}

/* Larger and larger, until it is as large as can be or is enough. */
static int run_sizes(struct run *run, struct op_irqoff *out)
{
	unsigned int size;
	int err;

	for (size = 1; size <= OP_FULL_SIZE; size *= 2) {
		out->size = size;
		err = run_size(run, size, out);
		if (err || (!op_irqoff_bounded(out) && out->longest_ns > run->enough_ns))
			return err;
	}
	return 0;
}

static int watch_open(void)
{
	struct dsw_start start = {
		.period_ns = limit_ns() ? EXACT_PERIOD_NS : WATCH_PERIOD_NS,
	};
	int fd = open("/dev/dmabuf_sync_watch", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, DSW_START, &start))
		return -errno;
	return fd;
}

int op_irqoff_run(const struct op_scene *scene, struct op_irqoff *out)
{
	struct run *run = st_shared(sizeof(*run));
	int err;

	memset(out, 0, sizeof(*out));
	if (!run || scene->nr_acts > MAX_ACTS)
		return -EINVAL;
	run->scene = scene;
	run->enough_ns = scene->enough_ns ?: ENOUGH_NS;
	run->watch = watch_open();
	if (run->watch < 0)
		return run->watch;
	out->steps = op_steps_reset();
	err = run_small(run, out) ?: run_sizes(run, out);
	if (!out->steps)
		out->steps = op_steps_read();
	close(run->watch);
	return err;
}

bool op_irqoff_bounded(const struct op_irqoff *out)
{
	int64_t limit = limit_ns() ?: 2 * out->small_ns + SLACK_NS;

	return out->longest_ns <= limit;
}

bool op_steps_bounded(const struct op_irqoff *out)
{
	return out->steps == -ENOENT || (out->steps >= 0 && out->steps <= OP_MAX_STEPS);
}
