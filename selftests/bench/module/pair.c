// SPDX-License-Identifier: GPL-2.0-only
/* A job on one buffer, or on many, begun by the task that submits it: kernel_pair, set_16. */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/dmabuf_sync.h>
#include <linux/errno.h>

#include "bench.h"

static int pair_begin(struct bench_run *run, struct dma_fence *fence)
{
	int ret = dmabuf_sync_lock(run->sync);

	return ret ?: dmabuf_sync_commit(run->sync, fence);
}

static int pair_repeat(struct bench_run *run, u32 nr)
{
	struct dma_fence *fence;
	int ret = 0;

	while (nr-- && !ret) {
		fence = bench_fence_create();
		if (!fence)
			return -ENOMEM;
		ret = pair_begin(run, fence);
		bench_fence_end(fence);
	}
	return ret;
}

static int pair_check(struct bench_run *run)
{
	struct dma_fence *fence = bench_fence_create();
	int ret;

	if (!fence)
		return -ENOMEM;
	ret = dmabuf_sync_lock(run->sync);
	if (!ret) {
		bench_sync_check_held(run);
		bench_expect(run, !bench_fence_count(run, fence),
			     "the fence is published before the commit");
		ret = dmabuf_sync_commit(run->sync, fence);
	}
	if (!ret) {
		bench_sync_check_held(run);
		bench_expect(run, bench_fence_count(run, fence) == run->nr_bufs,
			     "the commit did not publish the fence");
	}
	bench_fence_end(fence);
	bench_expect(run, bench_fence_none(run), "a fence is left");
	bench_sync_check_free(run);
	return ret;
}

const struct bench_job bench_pair = {
	.prepare = bench_sync_prepare,
	.repeat = pair_repeat,
	.check = pair_check,
	.clean_up = bench_sync_clean_up,
};

static int stock_begin(struct dma_resv *resv, struct dma_fence *fence)
{
	int ret = dma_resv_lock(resv, NULL);

	if (ret)
		return ret;
	ret = dma_resv_reserve_fences(resv, 1);
	if (!ret)
		dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_WRITE);
	dma_resv_unlock(resv);
	return ret;
}

static int stock_repeat(struct bench_run *run, u32 nr)
{
	struct dma_fence *fence;
	int ret = 0;

	while (nr-- && !ret) {
		fence = bench_fence_create();
		if (!fence)
			return -ENOMEM;
		ret = stock_begin(run->bufs[0]->resv, fence);
		bench_fence_end(fence);
	}
	return ret;
}

static int stock_check(struct bench_run *run)
{
	struct dma_resv *resv = run->bufs[0]->resv;
	struct dma_fence *fence = bench_fence_create();
	int ret;

	if (!fence)
		return -ENOMEM;
	ret = stock_begin(resv, fence);
	bench_expect(run, bench_fence_count(run, fence) == run->nr_bufs,
		     "the stock driver did not publish its fence");
	bench_expect(run, !dma_resv_test_signaled(resv, DMA_RESV_USAGE_WRITE),
		     "a reader does not wait for the stock driver");
	bench_fence_end(fence);
	bench_expect(run, bench_fence_none(run), "a fence is left");
	return ret;
}

const struct bench_job bench_pair_stock = {
	.repeat = stock_repeat,
	.check = stock_check,
};
