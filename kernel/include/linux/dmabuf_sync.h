/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmabuf-sync: access control for dma-buf, driver API.
 *
 * A driver's sync object is one owner with one set of accesses:
 *
 *	sync = dmabuf_sync_init("copy", job);
 *	dmabuf_sync_get_range(sync, src, DMA_BUF_ACCESS_DMA_R, 0, len);
 *	dmabuf_sync_get_range(sync, dst, DMA_BUF_ACCESS_DMA_W, 0, len);
 *	dmabuf_sync_lock_async(sync, ready);
 *
 * and in ready(), which runs in process context: prepare the job,
 * dmabuf_sync_commit(sync, fence), start the engine. The accesses are released when
 * the fence signals. An engine that has a queue of jobs takes dmabuf_sync_commit_queued() instead,
 * and calls dmabuf_sync_began() when it begins this one. One that can wait for fences takes
 * dmabuf_sync_follow() and dmabuf_sync_commit_after(): its jobs are queued behind those of others.
 *
 * Stock drivers that share a buffer wait for the job as well, since its fence is in the buffer's
 * resv. DMABUF_SYNC_EXPLICIT beside the mode of an access says that they are not to.
 *
 * A job that is not committed ends with dmabuf_sync_unlock(), or, if it has not written what it was
 * to write, with dmabuf_sync_unlock_unwritten(): what an earlier writer has abandoned stays so.
 * Both may be called in any context. The fence of a committed job says it by its error.
 *
 * The driver serializes its calls on one object, with two exceptions: dmabuf_sync_unlock() may
 * meet calls that fail with -EBUSY as long as the object is locked, and the callback needs no
 * lock of the driver's until it has released the accesses or told somebody who may.
 */
#ifndef _LINUX_DMABUF_SYNC_H
#define _LINUX_DMABUF_SYNC_H

#include <linux/dma-fence.h>
#include <linux/types.h>
#include <uapi/linux/dmabuf_sync.h>

struct dma_buf;
struct dmabuf_sync;

/*
 * Beside DMA_BUF_ACCESS_DMA_R, _W or _RW: the job's fence takes no part in the implicit
 * synchronization of this buffer. It is put into the resv with DMA_RESV_USAGE_BOOKKEEP, which
 * whoever moves or frees the memory waits for, but no stock driver, no sync_file exported from the
 * dma-buf and no DMA_BUF_IOCTL_SYNC. Those who are to wait for the job need its fence: the driver
 * hands it out, to user space by sync_file_create().
 *
 * Users of the framework wait for the access as for any other, and it for them. It also waits for
 * the fences of stock drivers, as without the flag. When a job has several accesses to a buffer,
 * or to buffers that share a resv, those without the flag say what the fence's usage is.
 */
#define DMABUF_SYNC_EXPLICIT	0x40000000

/**
 * typedef dmabuf_sync_ready_fn - the end of an asynchronous request
 * @sync: the sync object
 * @priv: from dmabuf_sync_init()
 * @error: 0 when all accesses are acquired and all fences of stock drivers that
 *	they had to wait for are signaled; otherwise a negative errno (-ENOLCK, -ENOMEM
 *	or what an exporter's begin_cpu_access returned), and nothing is held
 *
 * Context: process context, may sleep; called once per dmabuf_sync_lock_async().
 * It may call every function of this API on @sync but dmabuf_sync_lock_async() and, unless
 * the accesses were committed or released, dmabuf_sync_fini(). If it calls that, nobody
 * else may call anything, nor may the callback of an earlier request still be running.
 *
 * When the accesses are released before it returns, by it or by others it told, the object
 * can be locked again meanwhile, and the next callback come beside the end of this one.
 * dmabuf_sync_cancel() and dmabuf_sync_fini() wait for its return.
 */
typedef void (*dmabuf_sync_ready_fn)(struct dmabuf_sync *sync, void *priv,
				       int error);

/**
 * struct dmabuf_sync_after - a fence that a job has to follow
 * @fence: the fence, a reference
 * @cb: the driver's, for dma_fence_add_callback()
 * @priv: the driver's
 */
struct dmabuf_sync_after {
	struct dma_fence *fence;
	struct dma_fence_cb cb;
	void *priv;
};

bool dmabuf_sync_is_supported(void);
struct dmabuf_sync *dmabuf_sync_init(const char *name, void *priv);
void dmabuf_sync_fini(struct dmabuf_sync *sync);

int dmabuf_sync_get(struct dmabuf_sync *sync, struct dma_buf *dmabuf,
		    unsigned int mode);
int dmabuf_sync_get_range(struct dmabuf_sync *sync, struct dma_buf *dmabuf,
			  unsigned int mode, u64 offset, u64 length);
int dmabuf_sync_put(struct dmabuf_sync *sync, struct dma_buf *dmabuf);
int dmabuf_sync_put_all(struct dmabuf_sync *sync);

int dmabuf_sync_lock(struct dmabuf_sync *sync);
int dmabuf_sync_trylock(struct dmabuf_sync *sync);
int dmabuf_sync_lock_timeout(struct dmabuf_sync *sync, u64 timeout_ns);
int dmabuf_sync_lock_async(struct dmabuf_sync *sync, dmabuf_sync_ready_fn fn);
bool dmabuf_sync_cancel(struct dmabuf_sync *sync);
int dmabuf_sync_commit(struct dmabuf_sync *sync, struct dma_fence *fence);
int dmabuf_sync_commit_queued(struct dmabuf_sync *sync, struct dma_fence *fence);
int dmabuf_sync_follow(struct dmabuf_sync *sync);
int dmabuf_sync_commit_after(struct dmabuf_sync *sync, struct dma_fence *fence,
			     struct dmabuf_sync_after **after);
void dmabuf_sync_after_put(struct dmabuf_sync_after *after, unsigned int nr);
void dmabuf_sync_began(struct dmabuf_sync *sync);
void dmabuf_sync_unlock(struct dmabuf_sync *sync);
void dmabuf_sync_unlock_unwritten(struct dmabuf_sync *sync);
bool dmabuf_sync_was_abandoned(struct dmabuf_sync *sync);

struct dmabuf_sync *dmabuf_sync_single_lock(struct dma_buf *dmabuf,
					    unsigned int mode, bool wait);
void dmabuf_sync_single_unlock(struct dmabuf_sync *sync);

#endif /* _LINUX_DMABUF_SYNC_H */
