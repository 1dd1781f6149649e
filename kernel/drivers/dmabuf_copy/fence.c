// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fence of a job. It keeps the module loaded: it can outlive its job, its engine
 * and its open file in a buffer or a sync_file, and its functions are here.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dmabuf_copy.h"

static struct dcopy_fence *to_dcopy_fence(struct dma_fence *fence)
{
	return container_of(fence, struct dcopy_fence, base);
}

static const char *dcopy_fence_driver_name(struct dma_fence *fence)
{
	return "dmabuf_copy";
}

static const char *dcopy_fence_timeline_name(struct dma_fence *fence)
{
	return to_dcopy_fence(fence)->timeline;
}

static void dcopy_fence_release_rcu(struct rcu_head *rcu)
{
	dcopy_fence_free(to_dcopy_fence(container_of(rcu, struct dma_fence, rcu)));
}

/* Unloading waits for the callback: see rcu_barrier() in main.c. */
static void dcopy_fence_release(struct dma_fence *fence)
{
	call_rcu(&fence->rcu, dcopy_fence_release_rcu);
}

static const struct dma_fence_ops dcopy_fence_ops = {
	.get_driver_name = dcopy_fence_driver_name,
	.get_timeline_name = dcopy_fence_timeline_name,
	.release = dcopy_fence_release,
};

/**
 * dcopy_fence_alloc() - memory of a fence, to be started later
 *
 * Return: the fence or NULL.
 */
struct dcopy_fence *dcopy_fence_alloc(void)
{
	struct dcopy_fence *fence;

	fence = kzalloc(sizeof(*fence), GFP_KERNEL_ACCOUNT);
	if (fence)
		__module_get(THIS_MODULE);
	return fence;
}

/**
 * dcopy_fence_free() - free a fence that was not started
 * @fence: the fence or NULL
 */
void dcopy_fence_free(struct dcopy_fence *fence)
{
	if (!fence)
		return;
	kfree(fence);
	module_put(THIS_MODULE);
}

/**
 * dcopy_fence_start() - make it a fence; from now on dma_fence_put() frees it
 * @fence: the fence
 * @engine: whose timeline it is on
 * @seqno: its place there
 */
void dcopy_fence_start(struct dcopy_fence *fence, struct dcopy_engine *engine,
		       u64 seqno)
{
	strscpy(fence->timeline, engine->name);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &dcopy_fence_ops, &fence->lock,
		       engine->context, seqno);
}
