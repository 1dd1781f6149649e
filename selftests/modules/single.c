// SPDX-License-Identifier: GPL-2.0-only
/* dmabuf_sync_single_lock() and its end. */
#include <linux/dma-buf.h>
#include <linux/dmabuf_sync.h>
#include <linux/slab.h>

#include "test.h"

/**
 * struct test_single - a buffer locked with dmabuf_sync_single_lock()
 * @object: its number
 * @sync: to unlock it
 */
struct test_single {
	struct test_object object;
	struct dmabuf_sync *sync;
};

static void test_single_end(struct test_object *object)
{
	struct test_single *single = container_of(object, struct test_single, object);

	dmabuf_sync_single_unlock(single->sync);
}

static void test_single_free(struct test_object *object)
{
	kfree(container_of(object, struct test_single, object));
}

static int test_single_add(struct test_session *session, struct dma_buf *dmabuf,
			   struct dst_single *args)
{
	struct test_single *single = kzalloc(sizeof(*single), GFP_KERNEL);
	int err;

	if (!single)
		return -ENOMEM;
	single->sync = dmabuf_sync_single_lock(dmabuf, args->access, args->wait);
	err = PTR_ERR_OR_ZERO(single->sync);
	if (err)
		goto free_single;
	single->object.end = test_single_end;
	single->object.free = test_single_free;
	err = test_object_add(session, &single->object, TEST_SINGLE, &args->id);
	if (err)
		goto unlock;
	return 0;

unlock:
	dmabuf_sync_single_unlock(single->sync);
free_single:
	kfree(single);
	return err == -ERESTARTSYS ? -EINTR : err;
}

/**
 * test_single_lock() - DST_SINGLE_LOCK
 * @session: the open file
 * @arg: struct dst_single
 *
 * Return: 0, or what dma_buf_get() and dmabuf_sync_single_lock() say.
 */
int test_single_lock(struct test_session *session, void *arg)
{
	struct dst_single *args = arg;
	struct dma_buf *dmabuf = dma_buf_get(args->fd);
	int err;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = test_single_add(session, dmabuf, args);
	dma_buf_put(dmabuf);
	return err;
}
