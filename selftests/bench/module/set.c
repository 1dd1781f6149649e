// SPDX-License-Identifier: GPL-2.0-only
/* A job on many buffers, as a stock DRM driver begins it: the peer of set_16. */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/errno.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "bench.h"

/* A buffer's GEM object: DRM exporters have it in priv, and it knows the buffer. */
static struct drm_gem_object *set_object(struct dma_buf *dmabuf)
{
	struct drm_gem_object *object = dmabuf->priv;

	return object->dma_buf == dmabuf && object->resv == dmabuf->resv ? object : NULL;
}

static int set_prepare(struct bench_run *run)
{
	unsigned int i;

	for (i = 0; i < run->nr_bufs; i++)
		if (!set_object(run->bufs[i]))
			return -EOPNOTSUPP;
	return 0;
}

static int set_lock(struct bench_run *run, struct drm_exec *exec)
{
	unsigned int i;
	int ret = 0;

	drm_exec_init(exec, DRM_EXEC_INTERRUPTIBLE_WAIT, run->nr_bufs);
	drm_exec_until_all_locked(exec) {
		for (i = 0; i < run->nr_bufs && !ret; i++) {
			ret = drm_exec_prepare_obj(exec, set_object(run->bufs[i]), 1);
			drm_exec_retry_on_contention(exec);
		}
		if (ret)
			break;
	}
	return ret;
}

static int set_begin(struct bench_run *run, struct dma_fence *fence)
{
	struct drm_gem_object *object;
	struct drm_exec exec;
	int ret = set_lock(run, &exec);

	if (!ret) {
		drm_exec_for_each_locked_object(&exec, object)
			dma_resv_add_fence(object->resv, fence, DMA_RESV_USAGE_WRITE);
	}
	drm_exec_fini(&exec);
	return ret;
}

static int set_repeat(struct bench_run *run, u32 nr)
{
	struct dma_fence *fence;
	int ret = 0;

	while (nr-- && !ret) {
		fence = bench_fence_create();
		if (!fence)
			return -ENOMEM;
		ret = set_begin(run, fence);
		bench_fence_end(fence);
	}
	return ret;
}

static void set_check_locked(struct bench_run *run)
{
	unsigned int i, locked = 0;
	struct drm_exec exec;
	int ret = set_lock(run, &exec);

	for (i = 0; i < run->nr_bufs; i++)
		locked += dma_resv_is_locked(run->bufs[i]->resv);
	bench_expect(run, !ret && locked == run->nr_bufs, "drm_exec does not lock all buffers");
	drm_exec_fini(&exec);
}

static int set_check(struct bench_run *run)
{
	struct dma_fence *fence = bench_fence_create();
	int ret;

	if (!fence)
		return -ENOMEM;
	set_check_locked(run);
	ret = set_begin(run, fence);
	bench_expect(run, bench_fence_count(run, fence) == run->nr_bufs,
		     "the stock driver did not publish its fence in all buffers");
	bench_fence_end(fence);
	bench_expect(run, bench_fence_none(run), "a fence is left");
	return ret;
}

const struct bench_job bench_set_stock = {
	.prepare = set_prepare,
	.repeat = set_repeat,
	.check = set_check,
};
