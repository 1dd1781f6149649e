// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the opponent does with interrupts off. Debug builds of the framework count their steps, and
 * that is judged: it is the same each time. A timer on each processor measures the time, too.
 * A machine that is busy, or is itself emulated, is late now and then without anybody's fault:
 * so the time, a median over several acts, is judged only where it is exact.
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
 * @size: how large
 * @watch: the timers
 * @err: what the scene said
 * @acts: what the timers saw in each act
 */
struct run {
	const struct op_scene *scene;
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

/*
 * Larger and larger, until it is as large as can be or is too much: all at once could hang the
 * machine.
 */
static int run_sizes(struct run *run, struct op_irqoff *out)
{
	struct dsw_read *median;
	unsigned int size;
	int err = 0;

	for (size = 1; !err && size <= OP_FULL_SIZE && op_irqoff_bounded(out); size *= 8) {
		err = run_once(run, size, &median);
		if (err)
			break;
		out->size = size;
		out->steps = op_count_read(OP_STEPS);
		out->longest_ns = median->late_ns;
		memcpy(out->where, median->where, sizeof(out->where));
	}
	return err;
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
	run->watch = watch_open();
	if (run->watch < 0)
		return run->watch;
	op_count_reset(OP_STEPS);
	err = run_sizes(run, out);
	close(run->watch);
	return err;
}

bool op_irqoff_judged(void)
{
	return limit_ns() || op_count_read(OP_STEPS) >= 0;
}

bool op_irqoff_bounded(const struct op_irqoff *out)
{
	return out->steps <= OP_MAX_STEPS && (!limit_ns() || out->longest_ns <= limit_ns());
}
