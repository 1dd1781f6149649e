// SPDX-License-Identifier: GPL-2.0-only
/* A resv as a stock driver sees it: its lock, held for a while, and its fences. */
#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "test.h"

/**
 * struct test_resv - a held lock
 * @object: its number
 * @work: takes and drops the lock: who locks has to unlock
 * @dmabuf: whose resv
 * @ms: how long at most
 * @in_ctx: through an acquire context
 * @locked: the lock is held
 * @drop: it shall be dropped
 */
struct test_resv {
	struct test_object object;
	struct work_struct work;
	struct dma_buf *dmabuf;
	u32 ms;
	bool in_ctx;
	struct completion locked;
	struct completion drop;
};

static void test_resv_work(struct work_struct *work)
{
	struct test_resv *hold = container_of(work, struct test_resv, work);
	struct ww_acquire_ctx ctx;

	if (hold->in_ctx)
		ww_acquire_init(&ctx, &reservation_ww_class);
	/* The first lock of a context: nothing to back off from. */
	dma_resv_lock(hold->dmabuf->resv, hold->in_ctx ? &ctx : NULL);
	complete(&hold->locked);
	wait_for_completion_timeout(&hold->drop, msecs_to_jiffies(hold->ms));
	dma_resv_unlock(hold->dmabuf->resv);
	if (hold->in_ctx)
		ww_acquire_fini(&ctx);
}

static void test_resv_end(struct test_object *object)
{
	struct test_resv *hold = container_of(object, struct test_resv, object);

	complete(&hold->drop);
	flush_work(&hold->work);
}

static void test_resv_free(struct test_object *object)
{
	struct test_resv *hold = container_of(object, struct test_resv, object);

	dma_buf_put(hold->dmabuf);
	kfree(hold);
}

/**
 * test_resv_hold() - DST_RESV_HOLD
 * @session: the open file
 * @arg: struct dst_hold
 *
 * Returns when the lock is held.
 *
 * Return: 0, -EINVAL, -ENOMEM, or what dma_buf_get() says.
 */
int test_resv_hold(struct test_session *session, void *arg)
{
	struct dst_hold *args = arg;
	struct test_resv *hold;
	int err;

	if (!args->ms || args->ms > DST_MAX_MS || args->in_ctx > 1)
		return -EINVAL;
	hold = kzalloc(sizeof(*hold), GFP_KERNEL);
	if (!hold)
		return -ENOMEM;
	hold->dmabuf = dma_buf_get(args->fd);
	err = PTR_ERR_OR_ZERO(hold->dmabuf);
	if (err)
		goto free_hold;
	hold->ms = args->ms;
	hold->in_ctx = args->in_ctx;
	hold->object.end = test_resv_end;
	hold->object.free = test_resv_free;
	init_completion(&hold->locked);
	init_completion(&hold->drop);
	INIT_WORK(&hold->work, test_resv_work);
	err = test_object_add(session, &hold->object, TEST_RESV, &args->id);
	if (err)
		goto put_dmabuf;
	schedule_work(&hold->work);
	wait_for_completion(&hold->locked);
	return 0;

put_dmabuf:
	dma_buf_put(hold->dmabuf);
free_hold:
	kfree(hold);
	return err;
}

static unsigned int test_resv_fences(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	unsigned int nr = 0;

	dma_resv_iter_begin(&cursor, resv, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dma_resv_iter_is_restarted(&cursor))
			nr = 0;
		nr += !dma_fence_is_signaled(fence);
	}
	dma_resv_iter_end(&cursor);
	return nr;
}

/**
 * test_resv_count() - DST_RESV_COUNT
 * @session: the open file
 * @arg: struct dst_fences
 *
 * Return: 0, -EINVAL, or what dma_buf_get() says.
 */
int test_resv_count(struct test_session *session, void *arg)
{
	struct dst_fences *args = arg;
	struct dma_buf *dmabuf;

	if (args->usage > DMA_RESV_USAGE_BOOKKEEP)
		return -EINVAL;
	dmabuf = dma_buf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	args->nr = test_resv_fences(dmabuf->resv, args->usage);
	dma_buf_put(dmabuf);
	return 0;
}
