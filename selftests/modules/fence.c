// SPDX-License-Identifier: GPL-2.0-only
/* Fences: of jobs that the tests commit, and of stock drivers. */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "test.h"

/* A fence outlives its object when it sits in a resv: it keeps the module itself. */
struct test_fence {
	struct dma_fence base;
	spinlock_t lock; /* of @base */
};

/**
 * struct test_fence_object - the number of a fence
 * @object: the number
 * @fence: the fence, with a reference
 * @work: signals it
 * @where: from which context
 * @err: what test_irq_run() said
 */
struct test_fence_object {
	struct test_object object;
	struct dma_fence *fence;
	struct delayed_work work;
	u32 where;
	int err;
};

static const char *test_fence_name(struct dma_fence *fence)
{
	return "dmabuf_sync_test";
}

static void test_fence_free_rcu(struct rcu_head *rcu)
{
	struct dma_fence *base = container_of(rcu, struct dma_fence, rcu);

	kfree(container_of(base, struct test_fence, base));
	module_put(THIS_MODULE);
}

static void test_fence_release(struct dma_fence *fence)
{
	call_rcu(&fence->rcu, test_fence_free_rcu);
}

static const struct dma_fence_ops test_fence_ops = {
	.get_driver_name = test_fence_name,
	.get_timeline_name = test_fence_name,
	.release = test_fence_release,
};

static struct dma_fence *test_fence_create(void)
{
	struct test_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;
	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &test_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	return &fence->base;
}

static void test_fence_do_signal(void *arg)
{
	dma_fence_signal(arg);
}

static void test_fence_work(struct work_struct *work)
{
	struct test_fence_object *fo = container_of(to_delayed_work(work),
						    struct test_fence_object, work);

	fo->err = test_irq_run(fo->where, test_fence_do_signal, fo->fence);
}

static struct test_fence_object *to_test_fence(struct test_object *object)
{
	return container_of(object, struct test_fence_object, object);
}

static void test_fence_end(struct test_object *object)
{
	struct test_fence_object *fo = to_test_fence(object);

	cancel_delayed_work_sync(&fo->work);
	dma_fence_signal(fo->fence);
}

static void test_fence_free(struct test_object *object)
{
	struct test_fence_object *fo = to_test_fence(object);

	dma_fence_put(fo->fence);
	kfree(fo);
}

/**
 * test_fence_new() - DST_FENCE_NEW
 * @session: the open file
 * @arg: struct dst_fence
 *
 * Return: 0 or -ENOMEM.
 */
int test_fence_new(struct test_session *session, void *arg)
{
	struct test_fence_object *fo;
	struct dst_fence *args = arg;
	int err = -ENOMEM;

	fo = kzalloc(sizeof(*fo), GFP_KERNEL);
	if (!fo)
		return -ENOMEM;
	fo->fence = test_fence_create();
	if (!fo->fence)
		goto free_object;
	fo->object.end = test_fence_end;
	fo->object.free = test_fence_free;
	INIT_DELAYED_WORK(&fo->work, test_fence_work);
	args->context = fo->fence->context;
	args->seqno = fo->fence->seqno;
	err = test_object_add(session, &fo->object, TEST_FENCE, &args->id);
	if (err)
		goto put_fence;
	return 0;

put_fence:
	dma_fence_signal(fo->fence);
	dma_fence_put(fo->fence);
free_object:
	kfree(fo);
	return err;
}

/**
 * test_fence_lookup() - the fence with this number
 * @session: the open file
 * @id: the number
 *
 * Return: the fence with a reference, or NULL.
 */
struct dma_fence *test_fence_lookup(struct test_session *session, u32 id)
{
	struct test_object *object = test_object_get(session, id, TEST_FENCE);
	struct dma_fence *fence;

	if (!object)
		return NULL;
	fence = dma_fence_get(to_test_fence(object)->fence);
	test_object_put(object);
	return fence;
}

static int test_fence_add(struct dma_buf *dmabuf, struct dma_fence *fence,
			  enum dma_resv_usage usage)
{
	int err;

	err = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (err)
		return err;
	err = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!err)
		dma_resv_add_fence(dmabuf->resv, fence, usage);
	dma_resv_unlock(dmabuf->resv);
	return err;
}

/**
 * test_fence_publish() - DST_FENCE_PUBLISH
 * @session: the open file
 * @arg: struct dst_publish
 *
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM, or what dma_buf_get() says.
 */
int test_fence_publish(struct test_session *session, void *arg)
{
	struct dst_publish *args = arg;
	struct dma_buf *dmabuf;
	struct dma_fence *fence;
	int err;

	if (args->usage > DMA_RESV_USAGE_BOOKKEEP)
		return -EINVAL;
	fence = test_fence_lookup(session, args->id);
	if (!fence)
		return -ENOENT;
	dmabuf = dma_buf_get(args->fd);
	err = PTR_ERR_OR_ZERO(dmabuf);
	if (!err) {
		err = test_fence_add(dmabuf, fence, args->usage);
		dma_buf_put(dmabuf);
	}
	dma_fence_put(fence);
	return err;
}

/**
 * test_fence_signal() - DST_FENCE_SIGNAL
 * @session: the open file
 * @arg: struct dst_signal
 *
 * Return: 0; -EINVAL; -ENOENT; -EALREADY when it was signaled or is about to be; -EIO
 * when it could not be signaled from that context.
 */
int test_fence_signal(struct test_session *session, void *arg)
{
	struct dst_signal *args = arg;
	struct test_fence_object *fo;
	struct test_object *object;
	int err = 0;

	if (args->where > DST_HARDIRQ || args->error > 0 || args->error < -MAX_ERRNO ||
	    args->delay_ms > DST_MAX_MS)
		return -EINVAL;
	object = test_object_get(session, args->id, TEST_FENCE);
	if (!object)
		return -ENOENT;
	fo = to_test_fence(object);
	if (dma_fence_is_signaled(fo->fence) || delayed_work_pending(&fo->work)) {
		err = -EALREADY;
		goto put_object;
	}
	if (args->error)
		dma_fence_set_error(fo->fence, args->error);
	fo->where = args->where;
	schedule_delayed_work(&fo->work, msecs_to_jiffies(args->delay_ms));
	if (!args->delay_ms) {
		flush_delayed_work(&fo->work);
		err = fo->err;
	}
put_object:
	test_object_put(object);
	return err;
}
