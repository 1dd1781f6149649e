// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf_sync_bench.ko: what drivers do, for the benchmark. See dmabuf_sync_bench.h.
 */
#include <linux/dma-buf.h>
#include <linux/dmabuf_sync.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/timex.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "bench.h"

#define BENCH_MAX_REPEAT	10000000

static const struct bench_job *const bench_jobs[DSB_NR_JOBS] = {
	[DSB_PAIR] = &bench_pair,
	[DSB_PAIR_STOCK] = &bench_pair_stock,
	[DSB_ASYNC] = &bench_async,
	[DSB_ASYNC_STOCK] = &bench_async_stock,
	[DSB_SET] = &bench_pair,
	[DSB_SET_STOCK] = &bench_set_stock,
};

/* A stock driver's own. */
struct workqueue_struct *bench_wq;

/* One measurement at a time. */
static DEFINE_MUTEX(bench_mutex);

/**
 * bench_expect() - a measurement lies unless this is true
 * @run: the call
 * @held: it is
 * @what: what is wrong when it is not
 */
void bench_expect(struct bench_run *run, bool held, const char *what)
{
	if (!held && !run->why)
		run->why = what;
}

static struct dmabuf_sync *bench_sync_create(struct bench_run *run)
{
	struct dmabuf_sync *sync = dmabuf_sync_init("bench", run);
	unsigned int i;
	int ret = 0;

	if (IS_ERR(sync))
		return sync;
	for (i = 0; i < run->nr_bufs && !ret; i++)
		ret = dmabuf_sync_get(sync, run->bufs[i], DMA_BUF_ACCESS_DMA_W);
	if (!ret)
		return sync;
	dmabuf_sync_fini(sync);
	return ERR_PTR(ret);
}

/**
 * bench_sync_prepare() - make the sync object of a job, and a rival
 * @run: the call
 *
 * Return: 0, or what the framework says.
 */
int bench_sync_prepare(struct bench_run *run)
{
	struct dmabuf_sync *sync = bench_sync_create(run);

	if (IS_ERR(sync))
		return PTR_ERR(sync);
	run->sync = sync;
	sync = bench_sync_create(run);
	if (IS_ERR(sync))
		return PTR_ERR(sync);
	run->rival = sync;
	return 0;
}

/**
 * bench_sync_clean_up() - free what bench_sync_prepare() made
 * @run: the call
 */
void bench_sync_clean_up(struct bench_run *run)
{
	if (run->rival)
		dmabuf_sync_fini(run->rival);
	if (run->sync)
		dmabuf_sync_fini(run->sync);
}

/**
 * bench_sync_check_held() - the sync object keeps others out
 * @run: the call
 */
void bench_sync_check_held(struct bench_run *run)
{
	int ret = dmabuf_sync_trylock(run->rival);

	bench_expect(run, ret == -EAGAIN, "another sync object is not kept out");
	if (!ret)
		dmabuf_sync_unlock(run->rival);
}

/**
 * bench_sync_check_free() - nobody is kept out any more
 * @run: the call
 */
void bench_sync_check_free(struct bench_run *run)
{
	int ret = dmabuf_sync_trylock(run->rival);

	bench_expect(run, !ret, "the signal did not release the accesses");
	if (!ret)
		dmabuf_sync_unlock(run->rival);
}

static void bench_bufs_put(struct bench_run *run)
{
	while (run->nr_bufs)
		dma_buf_put(run->bufs[--run->nr_bufs]);
}

static int bench_bufs_get(struct bench_run *run, const struct dsb_run *args)
{
	struct dma_buf *dmabuf;
	s32 fds[DSB_MAX_BUFS];

	if (!args->nr_fds || args->nr_fds > DSB_MAX_BUFS)
		return -EINVAL;
	if (copy_from_user(fds, u64_to_user_ptr(args->fds), args->nr_fds * sizeof(*fds)))
		return -EFAULT;
	while (run->nr_bufs < args->nr_fds) {
		dmabuf = dma_buf_get(fds[run->nr_bufs]);
		if (IS_ERR(dmabuf)) {
			bench_bufs_put(run);
			return PTR_ERR(dmabuf);
		}
		run->bufs[run->nr_bufs++] = dmabuf;
	}
	return 0;
}

static int bench_measure(const struct bench_job *job, struct bench_run *run,
			 struct dsb_run *args)
{
	u64 ns = ktime_get_ns();
	u64 cycles = get_cycles();
	int ret;

	ret = job->repeat(run, args->nr);
	args->cycles = get_cycles() - cycles;
	args->ns = ktime_get_ns() - ns;
	return ret;
}

static int bench_do(const struct bench_job *job, struct bench_run *run, struct dsb_run *args)
{
	int ret = job->prepare ? job->prepare(run) : 0;

	ret = ret ?: job->check(run);
	ret = ret ?: bench_measure(job, run, args);
	ret = ret ?: job->check(run);
	if (job->clean_up)
		job->clean_up(run);
	if (!ret && run->why) {
		strscpy(args->why, run->why);
		ret = -EBADMSG;
	}
	return ret;
}

static int bench_run(struct dsb_run *args)
{
	struct bench_run run = {};
	int ret;

	if (args->job >= DSB_NR_JOBS || args->nr > BENCH_MAX_REPEAT || args->reserved)
		return -EINVAL;
	ret = bench_bufs_get(&run, args);
	if (ret)
		return ret;
	mutex_lock(&bench_mutex);
	ret = bench_do(bench_jobs[args->job], &run, args);
	mutex_unlock(&bench_mutex);
	bench_bufs_put(&run);
	return ret;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct dsb_run args;
	int ret;

	if (cmd != DSB_RUN)
		return -ENOTTY;
	if (copy_from_user(&args, (void __user *)user, sizeof(args)))
		return -EFAULT;
	ret = bench_run(&args);
	if (copy_to_user((void __user *)user, &args, sizeof(args)))
		return -EFAULT;
	return ret;
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice bench_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabuf_sync_bench",
	.fops = &bench_fops,
	.mode = 0600,
};

static int __init bench_init(void)
{
	int ret;

	bench_wq = alloc_workqueue("dmabuf_sync_bench", WQ_UNBOUND, 0);
	if (!bench_wq)
		return -ENOMEM;
	ret = misc_register(&bench_device);
	if (ret)
		destroy_workqueue(bench_wq);
	return ret;
}

/* Fences are freed, and their operations called, after a grace period. */
static void __exit bench_exit(void)
{
	misc_deregister(&bench_device);
	destroy_workqueue(bench_wq);
	rcu_barrier();
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Benchmark driver for dmabuf-sync");
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_LICENSE("GPL");
