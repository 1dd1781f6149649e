// SPDX-License-Identifier: GPL-2.0-only
/* Calls of the driver API that are mistakes: without an object, with a resv held, and such. */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/dmabuf_sync.h>
#include <linux/err.h>
#include <linux/preempt.h>

#include "test.h"

/**
 * struct test_misuse - what the calls are made with
 * @sync: a sync object, or what is none
 * @dmabuf: a buffer, or NULL
 * @fence: a fence, or NULL
 * @ready: a callback, or NULL
 */
struct test_misuse {
	struct dmabuf_sync *sync;
	struct dma_buf *dmabuf;
	struct dma_fence *fence;
	dmabuf_sync_ready_fn ready;
};

static void misuse_ready(struct dmabuf_sync *sync, void *priv, int error)
{
	if (!error)
		dmabuf_sync_unlock(sync);
}

static int misuse_acquire(const struct test_misuse *m, u32 call)
{
	switch (call) {
	case DST_CALL_LOCK:
		return dmabuf_sync_lock(m->sync);
	case DST_CALL_TRYLOCK:
		return dmabuf_sync_trylock(m->sync);
	case DST_CALL_LOCK_TIMEOUT:
		return dmabuf_sync_lock_timeout(m->sync, NSEC_PER_SEC);
	case DST_CALL_LOCK_ASYNC:
		return dmabuf_sync_lock_async(m->sync, m->ready);
	case DST_CALL_SINGLE_LOCK:
		return PTR_ERR_OR_ZERO(dmabuf_sync_single_lock(m->dmabuf, DMA_BUF_ACCESS_DMA_R,
							       false));
	default:
		return -ENOTTY;
	}
}

static int misuse_change(const struct test_misuse *m, u32 call)
{
	switch (call) {
	case DST_CALL_GET:
		return dmabuf_sync_get(m->sync, m->dmabuf, DMA_BUF_ACCESS_DMA_W);
	case DST_CALL_PUT:
		return dmabuf_sync_put(m->sync, m->dmabuf);
	case DST_CALL_PUT_ALL:
		return dmabuf_sync_put_all(m->sync);
	case DST_CALL_COMMIT:
		return dmabuf_sync_commit(m->sync, m->fence);
	case DST_CALL_COMMIT_QUEUED:
		return dmabuf_sync_commit_queued(m->sync, m->fence);
	default:
		return misuse_acquire(m, call);
	}
}

/* Of those that return nothing, or no error: 0. */
static int misuse_call(const struct test_misuse *m, u32 call)
{
	switch (call) {
	case DST_CALL_FINI:
		dmabuf_sync_fini(m->sync);
		return 0;
	case DST_CALL_UNLOCK:
		dmabuf_sync_unlock(m->sync);
		return 0;
	case DST_CALL_UNLOCK_UNWRITTEN:
		dmabuf_sync_unlock_unwritten(m->sync);
		return 0;
	case DST_CALL_SINGLE_UNLOCK:
		dmabuf_sync_single_unlock(m->sync);
		return 0;
	case DST_CALL_BEGAN:
		dmabuf_sync_began(m->sync);
		return 0;
	case DST_CALL_CANCEL:
		return dmabuf_sync_cancel(m->sync);
	case DST_CALL_ABANDONED:
		return dmabuf_sync_was_abandoned(m->sync);
	default:
		return misuse_change(m, call);
	}
}

static int misuse_atomic(const struct test_misuse *m, u32 call)
{
	int ret;

	preempt_disable();
	ret = misuse_call(m, call);
	preempt_enable();
	return ret;
}

static int misuse_resv(const struct test_misuse *m, u32 call)
{
	struct dma_resv *resv = m->dmabuf->resv;
	int ret;

	dma_resv_lock(resv, NULL);
	ret = misuse_call(m, call);
	dma_resv_unlock(resv);
	return ret;
}

/* The same, the resv locked through an acquire context. */
static int misuse_resv_ctx(const struct test_misuse *m, u32 call)
{
	struct ww_acquire_ctx ctx;
	int ret;

	ww_acquire_init(&ctx, &reservation_ww_class);
	ret = dma_resv_lock(m->dmabuf->resv, &ctx);
	if (!ret) {
		ret = misuse_call(m, call);
		dma_resv_unlock(m->dmabuf->resv);
	}
	ww_acquire_fini(&ctx);
	return ret;
}

static int misuse_how(struct test_misuse m, const struct dst_misuse *args)
{
	switch (args->how) {
	case DST_MISUSE_NO_OBJECT:
		m.sync = NULL;
		return misuse_call(&m, args->call);
	case DST_MISUSE_ERROR_POINTER:
		m.sync = ERR_PTR(-ENOMEM);
		return misuse_call(&m, args->call);
	case DST_MISUSE_NO_ARGUMENT:
		m.dmabuf = NULL;
		m.fence = NULL;
		m.ready = NULL;
		return misuse_call(&m, args->call);
	case DST_MISUSE_ATOMIC:
		return misuse_atomic(&m, args->call);
	case DST_MISUSE_RESV:
		return misuse_resv(&m, args->call);
	case DST_MISUSE_RESV_CTX:
		return misuse_resv_ctx(&m, args->call);
	default:
		return -ENOTTY;
	}
}

/* What is committed must be locked, and is not when the call has done its job. */
static int misuse_locked(const struct test_misuse *m, const struct dst_misuse *args)
{
	int ret = dmabuf_sync_lock(m->sync);

	if (ret)
		return ret;
	ret = misuse_how(*m, args);
	if (ret)
		dmabuf_sync_unlock(m->sync);
	return ret;
}

/* The object goes whatever the call has left. */
static int misuse_with_buffer(struct dma_buf *dmabuf, const struct dst_misuse *args)
{
	bool commits = args->call == DST_CALL_COMMIT || args->call == DST_CALL_COMMIT_QUEUED;
	struct test_misuse m = {
		.sync = dmabuf_sync_init("misuse", NULL),
		.dmabuf = dmabuf,
		.fence = dma_fence_get_stub(),
		.ready = misuse_ready,
	};
	int ret = PTR_ERR_OR_ZERO(m.sync);

	if (ret)
		goto put_fence;
	ret = dmabuf_sync_get(m.sync, dmabuf, DMA_BUF_ACCESS_DMA_R);
	if (!ret)
		ret = commits ? misuse_locked(&m, args) : misuse_how(m, args);
	dmabuf_sync_fini(m.sync);
put_fence:
	dma_fence_put(m.fence);
	return ret;
}

/**
 * test_misuse() - DST_MISUSE
 * @session: the open file
 * @arg: struct dst_misuse
 *
 * Return: what the call says, 0 of one that returns nothing; -ENOTTY: there is no such call.
 */
int test_misuse(struct test_session *session, void *arg)
{
	struct dst_misuse *args = arg;
	struct dma_buf *dmabuf = dma_buf_get(args->fd);
	int ret;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = misuse_with_buffer(dmabuf, args);
	dma_buf_put(dmabuf);
	return ret;
}
