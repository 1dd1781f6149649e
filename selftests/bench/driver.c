// SPDX-License-Identifier: GPL-2.0-only
/* What dmabuf_sync_bench.ko measures inside of the kernel: kernel_pair, kernel_async, set_16. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "dmabuf_sync_bench.h"

/**
 * struct driver - the module and its buffers
 * @module: the open device
 * @card: of vgem, or -1
 * @bufs: the buffers
 * @nr_bufs: entries in @bufs
 */
struct driver {
	int module;
	int card;
	struct st_buffer bufs[DSB_MAX_BUFS];
	unsigned int nr_bufs;
};

static int driver_open(struct bench *bench)
{
	struct driver *driver = calloc(1, sizeof(*driver));

	bench->priv = driver;
	if (!bench_expect(bench, driver, "no memory"))
		return -ENOMEM;
	driver->card = -1;
	driver->module = open("/dev/dmabuf_sync_bench", O_RDWR | O_CLOEXEC);
	bench_expect(bench, driver->module >= 0, "no /dev/dmabuf_sync_bench: %s", strerror(errno));
	return 0;
}

static void driver_close(struct bench *bench)
{
	struct driver *driver = bench->priv;

	if (!driver)
		return;
	while (driver->nr_bufs)
		st_buffer_close(&driver->bufs[--driver->nr_bufs]);
	if (driver->card >= 0)
		close(driver->card);
	if (driver->module >= 0)
		close(driver->module);
	free(driver);
}

static int one_open(struct bench *bench)
{
	struct driver *driver;

	if (driver_open(bench))
		return -ENOMEM;
	driver = bench->priv;
	bench_expect_buffer(bench, &driver->bufs[0], ST_PAGE);
	driver->nr_bufs = 1;
	return 0;
}

static int gem_open(struct bench *bench)
{
	struct driver *driver;

	if (driver_open(bench))
		return -ENOMEM;
	driver = bench->priv;
	driver->card = bench_expect_vgem(bench);
	while (driver->nr_bufs < DSB_MAX_BUFS && !bench->why[0])
		bench_expect_gem(bench, driver->card, &driver->bufs[driver->nr_bufs++]);
	return 0;
}

static int64_t driver_run(struct bench *bench, uint32_t job, unsigned int nr)
{
	struct driver *driver = bench->priv;
	struct dsb_run run = { .job = job, .nr = nr, .nr_fds = driver->nr_bufs };
	int32_t fds[DSB_MAX_BUFS];
	int64_t begin;
	unsigned int i;
	int err;

	for (i = 0; i < driver->nr_bufs; i++)
		fds[i] = driver->bufs[i].fd;
	run.fds = (uintptr_t)fds;
	/* For the profile; the module has a closer look at the clock. */
	begin = bench_begin(bench);
	err = ioctl(driver->module, DSB_RUN, &run) ? -errno : 0;
	bench_end(bench, begin);
	bench_expect(bench, err != -EBADMSG, "%s", run.why);
	bench_expect(bench, !err, "a call of the driver failed: %s", strerror(-err));
	return err ?: (int64_t)(bench->counted ? run.cycles : run.ns);
}

static int64_t pair_batch(struct bench *bench, unsigned int nr)
{
	return driver_run(bench, DSB_PAIR, nr);
}

static int64_t pair_stock_batch(struct bench *bench, unsigned int nr)
{
	return driver_run(bench, DSB_PAIR_STOCK, nr);
}

static int64_t async_batch(struct bench *bench, unsigned int nr)
{
	return driver_run(bench, DSB_ASYNC, nr);
}

static int64_t async_stock_batch(struct bench *bench, unsigned int nr)
{
	return driver_run(bench, DSB_ASYNC_STOCK, nr);
}

static int64_t set_batch(struct bench *bench, unsigned int nr)
{
	return driver_run(bench, DSB_SET, nr);
}

static int64_t set_stock_batch(struct bench *bench, unsigned int nr)
{
	return driver_run(bench, DSB_SET_STOCK, nr);
}

const struct bench_case bench_driver_cases[] = {
	{
		.row = "kernel_pair", .side = "resv lock, reserve, add fence, unlock, signal",
		.stage = BENCH_LOADED,
		.open = one_open, .batch = pair_stock_batch, .close = driver_close,
	}, {
		.row = "kernel_pair", .side = "ours", .stage = BENCH_LOADED,
		.open = one_open, .batch = pair_batch, .close = driver_close,
	}, {
		.row = "kernel_async", .side = "stock driver's job in a work",
		.stage = BENCH_LOADED,
		.open = one_open, .batch = async_stock_batch, .close = driver_close,
	}, {
		.row = "kernel_async", .side = "ours", .stage = BENCH_LOADED,
		.open = one_open, .batch = async_batch, .close = driver_close,
	}, {
		.row = "set_16", .side = "drm_exec over 16, fences added", .stage = BENCH_LOADED,
		.open = gem_open, .batch = set_stock_batch, .close = driver_close,
	}, {
		.row = "set_16", .side = "ours", .stage = BENCH_LOADED,
		.open = gem_open, .batch = set_batch, .close = driver_close,
	},
	{ }
};
