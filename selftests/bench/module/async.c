// SPDX-License-Identifier: GPL-2.0-only
/*
 * A job that is begun when it may: kernel_async. The submitter waits for its end, the next one
 * comes then: what is measured is all that happens from the submission to there.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/dmabuf_sync.h>
#include <linux/errno.h>

#include "bench.h"

static int async_prepare(struct bench_run *run)
{
	init_completion(&run->done);
	return bench_sync_prepare(run);
}

static void async_end(struct bench_run *run, int ret)
{
	run->ret = ret;
	bench_fence_end(run->fence);
	complete(&run->done);
}

static void async_begin(struct dmabuf_sync *sync, void *priv, int error)
{
	struct bench_run *run = priv;

	if (!error) {
		error = dmabuf_sync_commit(sync, run->fence);
		if (error)
			dmabuf_sync_unlock(sync);
	}
	async_end(run, error);
}

static int async_submit(struct bench_run *run)
{
	int ret;

	run->fence = bench_fence_create();
	if (!run->fence)
		return -ENOMEM;
	ret = dmabuf_sync_lock_async(run->sync, async_begin);
	if (ret)
		bench_fence_end(run->fence);
	return ret;
}

static int async_once(struct bench_run *run)
{
	int ret = async_submit(run);

	if (ret)
		return ret;
	wait_for_completion(&run->done);
	return run->ret;
}

static int async_repeat(struct bench_run *run, u32 nr)
{
	int ret = 0;

	while (nr-- && !ret)
		ret = async_once(run);
	return ret;
}

/* That it is begun when it may, and not before: a rival is in the way first. */
static int async_check(struct bench_run *run)
{
	int ret = dmabuf_sync_lock(run->rival);

	if (ret)
		return ret;
	ret = async_submit(run);
	if (ret) {
		dmabuf_sync_unlock(run->rival);
		return ret;
	}
	bench_expect(run, !wait_for_completion_timeout(&run->done, 1),
		     "the callback came although a rival has the buffer");
	dmabuf_sync_unlock(run->rival);
	if (!run->why)
		wait_for_completion(&run->done);
	bench_expect(run, bench_fence_none(run), "a fence is left");
	/* The callback has told, but not returned: the object cannot be locked until then. */
	dmabuf_sync_cancel(run->sync);
	bench_sync_check_free(run);
	return run->ret;
}

const struct bench_job bench_async = {
	.prepare = async_prepare,
	.repeat = async_repeat,
	.check = async_check,
	.clean_up = bench_sync_clean_up,
};

/* What a stock driver does for a job with implicit fences: it waits for them and adds its own. */
static int stock_job(struct dma_resv *resv, struct dma_fence *fence)
{
	long left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_READ, true, MAX_SCHEDULE_TIMEOUT);
	int ret;

	if (left <= 0)
		return left ?: -ETIMEDOUT;
	ret = dma_resv_lock(resv, NULL);
	if (ret)
		return ret;
	ret = dma_resv_reserve_fences(resv, 1);
	if (!ret)
		dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_WRITE);
	dma_resv_unlock(resv);
	return ret;
}

static void stock_work(struct work_struct *work)
{
	struct bench_run *run = container_of(work, struct bench_run, work);

	async_end(run, stock_job(run->bufs[0]->resv, run->fence));
}

static int stock_prepare(struct bench_run *run)
{
	init_completion(&run->done);
	INIT_WORK_ONSTACK(&run->work, stock_work);
	return 0;
}

static int stock_submit(struct bench_run *run)
{
	run->fence = bench_fence_create();
	if (!run->fence)
		return -ENOMEM;
	queue_work(bench_wq, &run->work);
	return 0;
}

static int stock_once(struct bench_run *run)
{
	int ret = stock_submit(run);

	if (ret)
		return ret;
	wait_for_completion(&run->done);
	return run->ret;
}

static int stock_repeat(struct bench_run *run, u32 nr)
{
	int ret = 0;

	while (nr-- && !ret)
		ret = stock_once(run);
	return ret;
}

/* That the work waits for another driver's fence. */
static int stock_check(struct bench_run *run)
{
	struct dma_fence *other = bench_fence_create();
	int ret = other ? stock_job(run->bufs[0]->resv, other) : -ENOMEM;

	ret = ret ?: stock_submit(run);
	if (ret) {
		if (other)
			bench_fence_end(other);
		return ret;
	}
	bench_expect(run, !wait_for_completion_timeout(&run->done, 1),
		     "the work does not wait for another driver's fence");
	bench_fence_end(other);
	if (!run->why)
		wait_for_completion(&run->done);
	bench_expect(run, bench_fence_none(run), "a fence is left");
	return run->ret;
}

static void stock_clean_up(struct bench_run *run)
{
	cancel_work_sync(&run->work);
	destroy_work_on_stack(&run->work);
}

const struct bench_job bench_async_stock = {
	.prepare = stock_prepare,
	.repeat = stock_repeat,
	.check = stock_check,
	.clean_up = stock_clean_up,
};
