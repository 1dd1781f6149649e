// SPDX-License-Identifier: GPL-2.0-only
/* Sync objects: a driver of the framework, call by call. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dmabuf_sync.h>
#include <linux/preempt.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "test.h"

#define LINGER_MS	100

static_assert(DST_EXPLICIT == DMABUF_SYNC_EXPLICIT);

/**
 * struct test_sync - a sync object
 * @object: its number
 * @stays: the sync object is in use, and is not finished
 * @lock: one call at a time; not held by unlock and wait
 * @sync: the sync object; NULL once finished: whoever takes it away finishes it
 * @fence: what the callback commits with
 * @todo: what the callback does, DST_READY_...
 * @due: a callback has not done yet what @todo says; until it returns it has a reference on
 *	@object
 * @ready: the callback was called
 * @awaited: somebody is about to wait for the callback's return
 * @running: callbacks that have not returned
 * @calls: so often
 * @error: and told this
 * @in_process: in process context
 */
struct test_sync {
	struct test_object object;
	struct rw_semaphore stays;
	struct mutex lock; /* see above */
	struct dmabuf_sync *sync;
	struct dma_fence *fence;
	u32 todo;
	atomic_t due;
	struct completion ready;
	struct completion awaited;
	atomic_t running;
	u32 calls;
	int error;
	bool in_process;
};

static struct test_sync *to_test_sync(struct test_object *object)
{
	return container_of(object, struct test_sync, object);
}

/* A callback that finishes the object tolerates no other call. */
static int test_sync_usable(struct test_sync *ts)
{
	if (atomic_read_acquire(&ts->due) && (ts->todo & DST_READY_FINI))
		return -EBUSY;
	return READ_ONCE(ts->sync) ? 0 : -ESTALE;
}

/* The sync object with this number, which stays until test_sync_leave(). */
static struct test_sync *test_sync_enter(struct test_session *session, u32 id)
{
	struct test_object *object = test_object_get(session, id, TEST_SYNC);
	struct test_sync *ts;
	int err;

	if (!object)
		return ERR_PTR(-ENOENT);
	ts = to_test_sync(object);
	down_read(&ts->stays);
	err = test_sync_usable(ts);
	if (!err)
		return ts;
	up_read(&ts->stays);
	test_object_put(object);
	return ERR_PTR(err);
}

static void test_sync_leave(struct test_sync *ts)
{
	up_read(&ts->stays);
	test_object_put(&ts->object);
}

/* The same, locked against other calls but unlock. */
static struct test_sync *test_sync_begin(struct test_session *session, u32 id)
{
	struct test_sync *ts = test_sync_enter(session, id);
	int err = -EINTR;

	if (IS_ERR(ts))
		return ts;
	if (!mutex_lock_interruptible(&ts->lock)) {
		err = test_sync_usable(ts);
		if (!err)
			return ts;
		mutex_unlock(&ts->lock);
	}
	test_sync_leave(ts);
	return ERR_PTR(err);
}

static void test_sync_finish(struct test_sync *ts)
{
	mutex_unlock(&ts->lock);
	test_sync_leave(ts);
}

/* The callback was not called and will not be. */
static void test_sync_withdrawn(struct test_sync *ts)
{
	if (atomic_xchg(&ts->due, 0))
		test_object_put(&ts->object);
}

static void test_sync_end(struct test_object *object)
{
	struct test_sync *ts = to_test_sync(object);
	struct dmabuf_sync *sync;

	complete_all(&ts->awaited);
	down_write(&ts->stays);
	sync = xchg(&ts->sync, NULL);
	if (sync) {
		dmabuf_sync_fini(sync);
		WARN_ON(atomic_read(&ts->running));
		test_sync_withdrawn(ts);
	}
	up_write(&ts->stays);
}

static void test_sync_free(struct test_object *object)
{
	struct test_sync *ts = to_test_sync(object);

	dma_fence_put(ts->fence);
	kfree(ts);
}

/**
 * test_sync_new() - DST_SYNC_NEW
 * @session: the open file
 * @arg: struct dst_object
 *
 * Return: 0, or what dmabuf_sync_init() says.
 */
int test_sync_new(struct test_session *session, void *arg)
{
	struct dst_object *args = arg;
	struct test_sync *ts;
	int err;

	if (!dmabuf_sync_is_supported())
		return -EOPNOTSUPP;
	ts = kzalloc(sizeof(*ts), GFP_KERNEL);
	if (!ts)
		return -ENOMEM;
	ts->sync = dmabuf_sync_init("dmabuf_sync_test", ts);
	err = PTR_ERR_OR_ZERO(ts->sync);
	if (err)
		goto free_ts;
	init_rwsem(&ts->stays);
	mutex_init(&ts->lock);
	init_completion(&ts->ready);
	init_completion(&ts->awaited);
	ts->object.end = test_sync_end;
	ts->object.free = test_sync_free;
	err = test_object_add(session, &ts->object, TEST_SYNC, &args->id);
	if (err)
		goto fini_sync;
	return 0;

fini_sync:
	dmabuf_sync_fini(ts->sync);
free_ts:
	kfree(ts);
	return err;
}

/**
 * test_sync_get() - DST_SYNC_GET
 * @session: the open file
 * @arg: struct dst_range
 *
 * Return: 0, -ENOENT, or what dma_buf_get() and dmabuf_sync_get_range() say.
 */
int test_sync_get(struct test_session *session, void *arg)
{
	struct dst_range *args = arg;
	struct dma_buf *dmabuf;
	struct test_sync *ts;
	int err;

	dmabuf = dma_buf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ts = test_sync_begin(session, args->id);
	err = PTR_ERR_OR_ZERO(ts);
	if (err)
		goto put_dmabuf;
	if (args->offset || args->length)
		err = dmabuf_sync_get_range(ts->sync, dmabuf, args->access, args->offset,
					    args->length);
	else
		err = dmabuf_sync_get(ts->sync, dmabuf, args->access);
	test_sync_finish(ts);
put_dmabuf:
	dma_buf_put(dmabuf);
	return err;
}

/**
 * test_sync_put() - DST_SYNC_PUT
 * @session: the open file
 * @arg: struct dst_range, of which @id and @fd count
 *
 * Return: 0, -ENOENT, or what dma_buf_get(), dmabuf_sync_put() and _put_all() say.
 */
int test_sync_put(struct test_session *session, void *arg)
{
	struct dma_buf *dmabuf = NULL;
	struct dst_range *args = arg;
	struct test_sync *ts;
	int err;

	if (args->fd >= 0)
		dmabuf = dma_buf_get(args->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ts = test_sync_begin(session, args->id);
	err = PTR_ERR_OR_ZERO(ts);
	if (!err) {
		err = dmabuf ? dmabuf_sync_put(ts->sync, dmabuf) :
			       dmabuf_sync_put_all(ts->sync);
		test_sync_finish(ts);
	}
	if (dmabuf)
		dma_buf_put(dmabuf);
	return err;
}

static int test_sync_todo_commit(struct test_sync *ts, struct dmabuf_sync *sync)
{
	struct dmabuf_sync_after *after;
	int nr;

	if (!(ts->todo & DST_READY_AFTER))
		return dmabuf_sync_commit(sync, ts->fence);
	nr = dmabuf_sync_commit_after(sync, ts->fence, &after);
	if (nr < 0)
		return nr;
	dmabuf_sync_after_put(after, nr);
	return 0;
}

static int test_sync_todo(struct test_sync *ts, struct dmabuf_sync *sync)
{
	int err = 0;

	if (ts->todo & DST_READY_COMMIT)
		err = test_sync_todo_commit(ts, sync);
	if (ts->todo & DST_READY_UNLOCK)
		dmabuf_sync_unlock(sync);
	if (!err && (ts->todo & DST_READY_FINI) && xchg(&ts->sync, NULL))
		dmabuf_sync_fini(sync);
	return err;
}

/* Nothing shows that somebody is waiting in the framework: only that he is about to. */
static void test_sync_linger(struct test_sync *ts)
{
	wait_for_completion_timeout(&ts->awaited, msecs_to_jiffies(DST_MAX_MS));
	msleep(LINGER_MS);
}

static void test_sync_ready(struct dmabuf_sync *sync, void *priv, int error)
{
	struct test_sync *ts = priv;
	u32 todo = ts->todo;

	atomic_inc(&ts->running);
	ts->in_process = in_task() && !irqs_disabled();
	ts->calls++;
	ts->error = error ?: test_sync_todo(ts, sync);
	atomic_set_release(&ts->due, 0);
	complete_all(&ts->ready);
	if (todo & DST_READY_LINGER)
		test_sync_linger(ts);
	atomic_dec(&ts->running);
	test_object_put(&ts->object);
}

static int test_sync_lock_async(struct test_sync *ts, struct dst_lock *args,
				struct dma_fence *fence)
{
	int err;

	if (atomic_read(&ts->due))
		return -EALREADY;
	swap(ts->fence, fence);
	dma_fence_put(fence);
	ts->todo = args->ready;
	atomic_set(&ts->due, 1);
	reinit_completion(&ts->ready);
	reinit_completion(&ts->awaited);
	kref_get(&ts->object.ref);
	err = dmabuf_sync_lock_async(ts->sync, test_sync_ready);
	if (err)
		test_sync_withdrawn(ts);
	return err;
}

static int test_sync_lock_how(struct test_session *session, struct test_sync *ts,
			      struct dst_lock *args)
{
	struct dma_fence *fence;

	switch (args->how) {
	case DST_LOCK_WAIT:
		return dmabuf_sync_lock(ts->sync);
	case DST_LOCK_TRY:
		return dmabuf_sync_trylock(ts->sync);
	case DST_LOCK_TIMEOUT:
		return dmabuf_sync_lock_timeout(ts->sync, args->timeout_ns);
	case DST_LOCK_ASYNC:
		/* Nobody would wait for its end. */
		if ((args->ready & DST_READY_FINI) && (args->ready & DST_READY_LINGER))
			return -EINVAL;
		fence = test_fence_lookup(session, args->fence);
		if (!fence && (args->ready & DST_READY_COMMIT))
			return -ENOENT;
		return test_sync_lock_async(ts, args, fence);
	default:
		return -EINVAL;
	}
}

/**
 * test_sync_lock() - DST_SYNC_LOCK
 * @session: the open file
 * @arg: struct dst_lock
 *
 * Return: 0; -ENOENT; -EALREADY while a callback is due; or what the function of
 * the driver API says.
 */
int test_sync_lock(struct test_session *session, void *arg)
{
	struct dst_lock *args = arg;
	struct test_sync *ts = test_sync_begin(session, args->id);
	int err;

	if (IS_ERR(ts))
		return PTR_ERR(ts);
	err = test_sync_lock_how(session, ts, args);
	test_sync_finish(ts);
	return err == -ERESTARTSYS ? -EINTR : err;
}

/**
 * test_sync_wait() - DST_SYNC_WAIT
 * @session: the open file
 * @arg: struct dst_wait
 *
 * Return: 0; -ENOENT; -ETIME when the callback was not called in time; -EINTR.
 */
int test_sync_wait(struct test_session *session, void *arg)
{
	struct dst_wait *args = arg;
	struct test_object *object;
	struct test_sync *ts;
	long left;

	if (args->ms > DST_MAX_MS)
		return -EINVAL;
	object = test_object_get(session, args->id, TEST_SYNC);
	if (!object)
		return -ENOENT;
	ts = to_test_sync(object);
	left = wait_for_completion_interruptible_timeout(&ts->ready,
							 msecs_to_jiffies(args->ms));
	args->error = ts->error;
	args->in_process = ts->in_process;
	args->calls = ts->calls;
	args->running = atomic_read(&ts->running);
	test_object_put(object);
	if (left < 0)
		return -EINTR;
	return left ? 0 : -ETIME;
}

typedef int test_sync_fence_fn(struct dmabuf_sync *sync, struct dma_fence *fence, void *args);

/* Find the object and the fence, and do it. */
static int test_sync_with_fence(struct test_session *session, u32 id, u32 fence_id,
				test_sync_fence_fn *fn, void *args)
{
	struct dma_fence *fence = test_fence_lookup(session, fence_id);
	struct test_sync *ts;
	int err;

	if (!fence)
		return -ENOENT;
	ts = test_sync_begin(session, id);
	err = PTR_ERR_OR_ZERO(ts);
	if (!err) {
		err = fn(ts->sync, fence, args);
		test_sync_finish(ts);
	}
	dma_fence_put(fence);
	return err;
}

static int test_sync_do_commit(struct dmabuf_sync *sync, struct dma_fence *fence, void *args)
{
	return dmabuf_sync_commit(sync, fence);
}

/**
 * test_sync_commit() - DST_SYNC_COMMIT
 * @session: the open file
 * @arg: struct dst_commit
 *
 * Return: 0, -ENOENT, or what dmabuf_sync_commit() says.
 */
int test_sync_commit(struct test_session *session, void *arg)
{
	struct dst_commit *args = arg;

	return test_sync_with_fence(session, args->id, args->fence, test_sync_do_commit, args);
}

/**
 * test_sync_follow() - DST_SYNC_FOLLOW
 * @session: the open file
 * @arg: struct dst_object
 *
 * Return: 0, -ENOENT, or what dmabuf_sync_follow() says.
 */
int test_sync_follow(struct test_session *session, void *arg)
{
	struct dst_object *args = arg;
	struct test_sync *ts = test_sync_begin(session, args->id);
	int err;

	if (IS_ERR(ts))
		return PTR_ERR(ts);
	err = dmabuf_sync_follow(ts->sync);
	test_sync_finish(ts);
	return err;
}

static void test_sync_tell_after(struct dst_after *args, const struct dmabuf_sync_after *after,
				 unsigned int nr)
{
	unsigned int i;

	args->nr = nr;
	for (i = 0; i < nr && i < DST_MAX_AFTER; i++) {
		args->contexts[i] = after[i].fence->context;
		args->seqnos[i] = after[i].fence->seqno;
	}
}

static int test_sync_do_commit_after(struct dmabuf_sync *sync, struct dma_fence *fence,
				     void *args)
{
	struct dmabuf_sync_after *after;
	int nr = dmabuf_sync_commit_after(sync, fence, &after);

	if (nr < 0)
		return nr;
	test_sync_tell_after(args, after, nr);
	dmabuf_sync_after_put(after, nr);
	return 0;
}

/**
 * test_sync_commit_after() - DST_SYNC_COMMIT_AFTER
 * @session: the open file
 * @arg: struct dst_after
 *
 * Return: 0, -ENOENT, or what dmabuf_sync_commit_after() says.
 */
int test_sync_commit_after(struct test_session *session, void *arg)
{
	struct dst_after *args = arg;

	return test_sync_with_fence(session, args->id, args->fence, test_sync_do_commit_after,
				    args);
}

static void test_sync_do_unlock(void *sync)
{
	dmabuf_sync_unlock(sync);
}

static void test_sync_do_unlock_unwritten(void *sync)
{
	dmabuf_sync_unlock_unwritten(sync);
}

/**
 * test_sync_unlock() - DST_SYNC_UNLOCK
 * @session: the open file
 * @arg: struct dst_unlock
 *
 * Return: 0, -ENOENT, or what test_irq_run() says.
 */
int test_sync_unlock(struct test_session *session, void *arg)
{
	struct dst_unlock *args = arg;
	struct test_sync *ts = test_sync_enter(session, args->id);
	int err;

	if (IS_ERR(ts))
		return PTR_ERR(ts);
	err = test_irq_run(args->where,
			   args->unwritten ? test_sync_do_unlock_unwritten : test_sync_do_unlock,
			   ts->sync);
	test_sync_leave(ts);
	return err;
}

/**
 * test_sync_cancel() - DST_SYNC_CANCEL
 * @session: the open file
 * @arg: struct dst_object; @value: what dmabuf_sync_cancel() says
 *
 * Return: 0 or -ENOENT.
 */
int test_sync_cancel(struct test_session *session, void *arg)
{
	struct dst_object *args = arg;
	struct test_sync *ts = test_sync_begin(session, args->id);

	if (IS_ERR(ts))
		return PTR_ERR(ts);
	complete_all(&ts->awaited);
	args->value = dmabuf_sync_cancel(ts->sync);
	if (args->value)
		test_sync_withdrawn(ts);
	test_sync_finish(ts);
	return 0;
}

/**
 * test_sync_abandoned() - DST_SYNC_ABANDONED
 * @session: the open file
 * @arg: struct dst_object; @value: what dmabuf_sync_was_abandoned() says
 * Return: 0 or -ENOENT.
 */
int test_sync_abandoned(struct test_session *session, void *arg)
{
	struct dst_object *args = arg;
	struct test_sync *ts = test_sync_begin(session, args->id);

	if (IS_ERR(ts))
		return PTR_ERR(ts);
	args->value = dmabuf_sync_was_abandoned(ts->sync);
	test_sync_finish(ts);
	return 0;
}
