// SPDX-License-Identifier: GPL-2.0-only
/* The fence of a job, the same for the framework's driver and the stock one. */
#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "bench.h"

struct bench_fence {
	struct dma_fence base;
	spinlock_t lock; /* of base */
};

static u64 bench_fence_context;
static u64 bench_fence_seqno;

static const char *bench_fence_name(struct dma_fence *fence)
{
	return "dmabuf_sync_bench";
}

static const struct dma_fence_ops bench_fence_ops = {
	.get_driver_name = bench_fence_name,
	.get_timeline_name = bench_fence_name,
};

/**
 * bench_fence_create() - make the fence of a job
 *
 * All are of one context, as those of an engine are. One call at a time.
 *
 * Return: the fence, with a reference, or NULL.
 */
struct dma_fence *bench_fence_create(void)
{
	struct bench_fence *fence = kmalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;
	if (!bench_fence_context)
		bench_fence_context = dma_fence_context_alloc(1);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &bench_fence_ops, &fence->lock, bench_fence_context,
		       ++bench_fence_seqno);
	return &fence->base;
}

/**
 * bench_fence_end() - the job has ended
 * @fence: its fence; the reference is dropped
 */
void bench_fence_end(struct dma_fence *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static bool fence_is_in(struct dma_buf *dmabuf, const struct dma_fence *fence)
{
	struct dma_resv_iter cursor;
	struct dma_fence *entry;
	bool found = false;

	dma_resv_lock(dmabuf->resv, NULL);
	dma_resv_for_each_fence(&cursor, dmabuf->resv, DMA_RESV_USAGE_READ, entry)
		found |= entry == fence;
	dma_resv_unlock(dmabuf->resv);
	return found;
}

/**
 * bench_fence_count() - in how many buffers a stock driver finds a fence
 * @run: the call
 * @fence: the fence, not signaled
 *
 * Context: process context; takes each resv.
 * Return: how many have it among the fences that a writer waits for.
 */
unsigned int bench_fence_count(struct bench_run *run, const struct dma_fence *fence)
{
	unsigned int count = 0, i;

	for (i = 0; i < run->nr_bufs; i++)
		count += fence_is_in(run->bufs[i], fence);
	return count;
}

/**
 * bench_fence_none() - is nothing under way in any buffer
 * @run: the call
 *
 * Return: true if no buffer has a fence that is not signaled.
 */
bool bench_fence_none(struct bench_run *run)
{
	unsigned int i;

	for (i = 0; i < run->nr_bufs; i++)
		if (!dma_resv_test_signaled(run->bufs[i]->resv, DMA_RESV_USAGE_BOOKKEEP))
			return false;
	return true;
}
