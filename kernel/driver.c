// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver API: a sync object is one owner with one set at a time. The accesses that the
 * driver asked for are kept as ranges; each lock makes a set of them.
 *
 * A call that can only be a mistake warns, once, and fails, instead of crashing or hanging.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "callback.h"
#include "coherency.h"
#include "driver.h"
#include "fence.h"
#include "main.h"
#include "owner.h"
#include "release.h"
#include "request.h"
#include "txn.h"

/**
 * dmabuf_sync_is_supported() - is the framework there
 *
 * Context: any.
 * Return: true when it was started; false early in the boot or if it failed to start.
 */
bool dmabuf_sync_is_supported(void)
{
	return dsync_started();
}
EXPORT_SYMBOL_GPL(dmabuf_sync_is_supported);

/**
 * dmabuf_sync_init() - make a sync object
 * @name: what traces and views call it
 * @priv: handed to the callback of dmabuf_sync_lock_async()
 *
 * The task that calls it is what views name as the owner's process.
 *
 * Context: process context; may sleep.
 * Return: the object or an error pointer: -ENOLCK (the user of the task has too many owners),
 * -ENOMEM, -EOPNOTSUPP (see dmabuf_sync_is_supported()).
 */
struct dmabuf_sync *dmabuf_sync_init(const char *name, void *priv)
{
	struct dmabuf_sync *sync;
	int ret;

	might_sleep();
	if (!dsync_started())
		return ERR_PTR(-EOPNOTSUPP);
	sync = kzalloc(sizeof(*sync), GFP_KERNEL_ACCOUNT);
	if (!sync)
		return ERR_PTR(-ENOMEM);
	sync->owner = dsync_owner_create(DMABUF_SYNC_OWNER_DRIVER, name);
	if (IS_ERR(sync->owner)) {
		ret = PTR_ERR(sync->owner);
		kfree(sync);
		return ERR_PTR(ret);
	}
	sync->priv = priv;
	dsync_callback_init(sync);
	return sync;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_init);

static void ranges_drop(struct dmabuf_sync *sync)
{
	while (sync->nr_ranges)
		dma_buf_put(sync->ranges[--sync->nr_ranges].dmabuf);
	kfree(sync->ranges);
	sync->ranges = NULL;
}

/* Released, perhaps by its fence, or failed. What a worker is to close is that one's. */
static bool turn_is_over(struct dmabuf_sync *sync)
{
	enum dsync_state state;

	/* Pairs with smp_store_release() before a callback is called. */
	if (smp_load_acquire(&sync->due))
		return false;
	/* Pairs with smp_store_release() when a set leaves the tables, or fails. */
	state = smp_load_acquire(&sync->turn->set.state);
	return state == DSYNC_OVER || state == DSYNC_CLOSING;
}

static bool sync_busy(struct dmabuf_sync *sync)
{
	return sync->turn && !turn_is_over(sync);
}

/* Locking a resv once more would wait for the caller. */
static bool ranges_are_locked(const struct dmabuf_sync *sync)
{
	unsigned int i;

	for (i = 0; i < sync->nr_ranges; i++)
		if (WARN_ON_ONCE(dsync_txn_is_mine(sync->ranges[i].dmabuf->resv)))
			return true;
	return false;
}

/* What is to be acquired changes, or goes. */
static void turn_drop(struct dmabuf_sync *sync)
{
	if (sync->turn)
		dsync_set_put(&sync->turn->set);
	sync->turn = NULL;
}

/**
 * dmabuf_sync_fini() - free a sync object
 * @sync: the object; no call on it is under way, or comes, but its callback may be running
 *
 * A request that waits is cancelled. Accesses that are held count as abandoned: release
 * them first. Accesses that are committed stay with their fence, which releases them.
 *
 * When it returns, no callback is running, so that what the callback uses can go. Called
 * by the callback itself it does not wait for that one, whose code has to stay until it has
 * returned.
 *
 * Context: process context; sleeps until a running callback returned, so no lock that it
 * takes may be held.
 */
void dmabuf_sync_fini(struct dmabuf_sync *sync)
{
	might_sleep();
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync)))
		return;
	dsync_callback_end(sync);
	if (sync_busy(sync) && READ_ONCE(sync->turn->set.state) == DSYNC_READY)
		dsync_release(&sync->turn->set, DSYNC_END_ABANDONED);
	turn_drop(sync);
	ranges_drop(sync);
	dsync_owner_put(sync->owner);
	kfree(sync);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_fini);

/**
 * dmabuf_sync_get_range() - add an access to what the object asks for
 * @sync: the object, not locked
 * @dmabuf: the buffer; a reference is taken
 * @mode: DMA_BUF_ACCESS_R, _W, _RW, _DMA_R, _DMA_W or _DMA_RW; the last three also with
 *	DMABUF_SYNC_EXPLICIT
 * @offset: first byte
 * @length: number of bytes, or DMABUF_SYNC_TO_END
 *
 * Attach the device before: where its writes are copied to and from the CPU's view of the buffer
 * as a whole, they exclude CPU writers in all of it.
 *
 * Context: process context; may sleep, also for the buffer's resv.
 * Return: 0, -EINVAL (the mode; a range that is empty or leaves the buffer; no object or no
 * buffer), -E2BIG (DMABUF_SYNC_MAX_SET), -EBUSY (locked, queued or committed), -EDEADLK (the
 * caller holds the buffer's resv) or -ENOMEM. Two ranges that overlap are found by the lock.
 */
int dmabuf_sync_get_range(struct dmabuf_sync *sync, struct dma_buf *dmabuf,
			  unsigned int mode, u64 offset, u64 length)
{
	struct dsync_range range = {
		.dmabuf = dmabuf,
		.mode = mode,
		.offset = offset,
		.length = length,
	};
	struct dsync_range *ranges;
	int ret;

	might_sleep();
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync) || IS_ERR_OR_NULL(dmabuf)))
		return -EINVAL;
	if (WARN_ON_ONCE(dsync_txn_is_mine(dmabuf->resv)))
		return -EDEADLK;
	ret = mode & DSYNC_ACCESS_BOUNCED ? -EINVAL : dsync_range_check(&range);
	if (ret)
		return ret;
	if (sync_busy(sync))
		return -EBUSY;
	if (sync->nr_ranges == DMABUF_SYNC_MAX_SET)
		return -E2BIG;
	range.mode = dsync_coherency_mode(dmabuf, mode);
	ranges = krealloc_array(sync->ranges, sync->nr_ranges + 1, sizeof(*ranges),
				GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return -ENOMEM;

	turn_drop(sync);
	get_dma_buf(dmabuf);
	sync->ranges = ranges;
	sync->ranges[sync->nr_ranges++] = range;
	return 0;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_get_range);

/**
 * dmabuf_sync_get() - add an access to a whole buffer
 * @sync: the object, not locked
 * @dmabuf: the buffer; a reference is taken
 * @mode: as for dmabuf_sync_get_range()
 *
 * Context: process context; may sleep.
 * Return: as dmabuf_sync_get_range().
 */
int dmabuf_sync_get(struct dmabuf_sync *sync, struct dma_buf *dmabuf,
		    unsigned int mode)
{
	return dmabuf_sync_get_range(sync, dmabuf, mode, 0,
				     DMABUF_SYNC_TO_END);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_get);

/**
 * dmabuf_sync_put() - take the accesses to a buffer off the object
 * @sync: the object, not locked
 * @dmabuf: the buffer; the object's references are dropped
 *
 * Context: process context; may sleep.
 * Return: 0, -ENOENT (no access to that buffer), -EBUSY (locked, queued or committed),
 * -EINVAL (no object or no buffer).
 */
int dmabuf_sync_put(struct dmabuf_sync *sync, struct dma_buf *dmabuf)
{
	unsigned int i, kept = 0;
	int ret = -ENOENT;

	might_sleep();
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync) || IS_ERR_OR_NULL(dmabuf)))
		return -EINVAL;
	if (sync_busy(sync))
		return -EBUSY;
	turn_drop(sync);
	for (i = 0; i < sync->nr_ranges; i++) {
		if (sync->ranges[i].dmabuf == dmabuf) {
			dma_buf_put(dmabuf);
			ret = 0;
		} else {
			sync->ranges[kept++] = sync->ranges[i];
		}
	}
	sync->nr_ranges = kept;
	return ret;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_put);

/**
 * dmabuf_sync_put_all() - take all accesses off the object
 * @sync: the object, not locked
 *
 * Context: process context; may sleep.
 * Return: 0, -EBUSY (locked, queued or committed), -EINVAL (no object).
 */
int dmabuf_sync_put_all(struct dmabuf_sync *sync)
{
	might_sleep();
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync)))
		return -EINVAL;
	if (sync_busy(sync))
		return -EBUSY;
	turn_drop(sync);
	ranges_drop(sync);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_put_all);

static int turn_create(struct dmabuf_sync *sync)
{
	struct dsync_set *set;
	int ret;

	set = dsync_set_alloc(sync->owner, sync->nr_ranges, offsetof(struct dsync_turn, set));
	if (IS_ERR(set))
		return PTR_ERR(set);
	set->follows = sync->follows;
	ret = dsync_set_fill(set, sync->ranges);
	if (!ret && set->follows && set->has_cpu)
		ret = -EINVAL;
	if (ret) {
		dsync_set_put(set);
		return ret;
	}
	dsync_set_pin(set);
	sync->turn = container_of(set, struct dsync_turn, set);
	sync->turn->sync = sync;
	INIT_LIST_HEAD(&sync->turn->link);
	return 0;
}

/**
 * dsync_driver_prepare() - make a set of what an object asks for
 * @sync: the object; the set is in &dmabuf_sync.turn then
 *
 * Context: process context; may sleep.
 * Return: 0, -EBUSY (locked, queued or committed), -EINVAL (no access, or two that overlap; no
 * object), -EDEADLK (the caller holds the resv of one of the buffers), or as dsync_set_alloc().
 */
int dsync_driver_prepare(struct dmabuf_sync *sync)
{
	might_sleep();
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync)))
		return -EINVAL;
	if (sync_busy(sync))
		return -EBUSY;
	if (!sync->nr_ranges)
		return -EINVAL;
	if (ranges_are_locked(sync))
		return -EDEADLK;
	if (sync->turn && dsync_set_renew(&sync->turn->set))
		return 0;
	turn_drop(sync);
	return turn_create(sync);
}

static int sync_lock(struct dmabuf_sync *sync, ktime_t *deadline)
{
	int ret = dsync_driver_prepare(sync);

	return ret ?: dsync_request(&sync->turn->set, deadline);
}

/**
 * dmabuf_sync_lock() - acquire all accesses of the object, sleep until that is done
 * @sync: the object, with at least one access
 *
 * No resv of the buffers may be held by the caller: that would wait for itself.
 *
 * Context: process context; sleeps interruptibly.
 * Return: 0, -EINVAL (no access, or two that overlap; no object), -EBUSY (locked, queued or
 * committed already), -EDEADLK (waiting would close a cycle of holders; with a warning: the
 * caller holds one of the resv), -ENOLCK (too many accesses, or too many wait), -ENOMEM,
 * -ERESTARTSYS, or what an exporter's begin_cpu_access returned.
 */
int dmabuf_sync_lock(struct dmabuf_sync *sync)
{
	return sync_lock(sync, NULL);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_lock);

/**
 * dmabuf_sync_lock_timeout() - acquire all accesses of the object, within a time
 * @sync: the object, with at least one access
 * @timeout_ns: how long to wait at most
 *
 * Context: process context; sleeps interruptibly.
 * Return: as dmabuf_sync_lock(), and -ETIMEDOUT.
 */
int dmabuf_sync_lock_timeout(struct dmabuf_sync *sync, u64 timeout_ns)
{
	ktime_t timeout = min_t(u64, timeout_ns, KTIME_MAX);
	ktime_t deadline = ktime_add_safe(ktime_get(), timeout);

	return sync_lock(sync, &deadline);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_lock_timeout);

/**
 * dmabuf_sync_trylock() - acquire all accesses of the object now or not at all
 * @sync: the object, with at least one access
 *
 * Context: process context; may sleep for a buffer's resv, for memory and for exporters,
 * not for another owner and not for a fence.
 * Return: 0, -EAGAIN (it would have to wait), or as dmabuf_sync_lock(), but -EDEADLK only with a
 * warning.
 */
int dmabuf_sync_trylock(struct dmabuf_sync *sync)
{
	int ret = dsync_driver_prepare(sync);

	return ret ?: dsync_request_nonblock(&sync->turn->set);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_trylock);

static int commit_check(const struct dmabuf_sync *sync, const struct dma_fence *fence)
{
	might_sleep();
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync) || IS_ERR_OR_NULL(fence)))
		return -EINVAL;
	if (!sync->turn)
		return -EBUSY;
	return ranges_are_locked(sync) ? -EDEADLK : 0;
}

static int sync_commit(struct dmabuf_sync *sync, struct dma_fence *fence,
		       enum dsync_begin begin)
{
	int ret = commit_check(sync, fence);

	return ret ?: dsync_fence_commit(&sync->turn->set, fence, begin);
}

/**
 * dmabuf_sync_commit() - publish the fence of the job that the accesses are for
 * @sync: a locked object with DMA accesses only
 * @fence: the job's fence, initialized, not signaled yet, not a container
 *
 * The fence goes into the resv of all buffers, where stock drivers find it unless the accesses are
 * DMABUF_SYNC_EXPLICIT, and releases the accesses when it signals. After that the object can be
 * locked again; it can be freed before.
 *
 * Prepare the job first: once this has returned 0 the engine has to be started without
 * anything that can fail, allocate or wait (see dma_fence_begin_signalling()).
 *
 * Fences that stock drivers have added since the accesses were acquired are waited for first: the
 * job works on bytes that theirs are about.
 *
 * Context: process context; may sleep for a buffer's resv, for memory and for fences of stock
 * drivers.
 * Return: 0, -EINVAL (a CPU access, or a container; no object or no fence; an object of
 * dmabuf_sync_follow()), -EBUSY (not locked, or committed already), -EDEADLK (the caller holds the
 * resv of one of the buffers) or -ENOMEM; then nothing was published and the accesses are still
 * held.
 */
int dmabuf_sync_commit(struct dmabuf_sync *sync, struct dma_fence *fence)
{
	return sync_commit(sync, fence, DSYNC_BEGINS_AT_ONCE);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_commit);

/**
 * dmabuf_sync_commit_queued() - the same for a job that the engine begins later
 * @sync: as for dmabuf_sync_commit()
 * @fence: likewise
 *
 * For an engine that has a queue of jobs: dmabuf_sync_began() tells when it begins this one. Traces
 * and views tell a job that is queued from one that runs; nothing else depends on it.
 *
 * Context: as dmabuf_sync_commit().
 * Return: as dmabuf_sync_commit().
 */
int dmabuf_sync_commit_queued(struct dmabuf_sync *sync, struct dma_fence *fence)
{
	return sync_commit(sync, fence, DSYNC_BEGINS_LATER);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_commit_queued);

/**
 * dmabuf_sync_follow() - jobs of the object wait for fences by themselves
 * @sync: an object that is not locked, with DMA accesses only
 *
 * From now on the object is acquired while other jobs still work on its ranges, once their fences
 * are published, and does not wait for fences of stock drivers: dmabuf_sync_commit_after() tells
 * what its own job has to follow. So a chain of jobs is committed from its first to its last
 * without waiting for any of them. It still waits for the CPU, for jobs that are acquired and not
 * committed, and in its turn behind requests that came before.
 *
 * Context: process context.
 * Return: 0, -EINVAL (no object) or -EBUSY (locked, queued or committed).
 */
int dmabuf_sync_follow(struct dmabuf_sync *sync)
{
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync)))
		return -EINVAL;
	if (sync_busy(sync))
		return -EBUSY;
	turn_drop(sync);
	sync->follows = true;
	return 0;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_follow);

/**
 * dmabuf_sync_commit_after() - publish the fence of a job that waits for fences by itself
 * @sync: a locked object of dmabuf_sync_follow(); it can be another one, too
 * @fence: as for dmabuf_sync_commit()
 * @after: out: an array of the fences that the job has to follow, or NULL
 *
 * The driver sees to it that the engine does not begin the job before all of them have signaled,
 * and that @fence signals behind them, unless it ends with an error: then nothing was done. If one
 * has ended with an error, what the job was to work on is not as it should be: @fence is to end
 * with that error, too. Those of the engine's own timeline need no wait where it works in order.
 * Fences that have signaled before this call, well or not, are not told.
 *
 * &dmabuf_sync_after.cb and .priv are the driver's, for dma_fence_add_callback(), so that nothing
 * has to be allocated now. dmabuf_sync_began() tells when the engine begins the job.
 *
 * Context: process context; may sleep for a buffer's resv and for memory, not for a fence.
 * Return: how many fences are in @after, to be given back with dmabuf_sync_after_put(); or a
 * negative errno as of dmabuf_sync_commit().
 */
int dmabuf_sync_commit_after(struct dmabuf_sync *sync, struct dma_fence *fence,
			     struct dmabuf_sync_after **after)
{
	int ret = commit_check(sync, fence);

	return ret ?: dsync_fence_commit_after(&sync->turn->set, fence, after);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_commit_after);

/**
 * dmabuf_sync_began() - the engine has begun the job
 * @sync: an object with a job from dmabuf_sync_commit_queued(), whose fence has not signaled
 *
 * May be called again when the engine was stopped and begins the job anew. The caller keeps the
 * fence from being signaled meanwhile; usually the lock of the engine's queue does that.
 *
 * Context: any, hard interrupt included.
 */
void dmabuf_sync_began(struct dmabuf_sync *sync)
{
	if (!WARN_ON_ONCE(IS_ERR_OR_NULL(sync) || !sync->turn))
		dsync_fence_began(&sync->turn->set);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_began);

/**
 * dmabuf_sync_unlock() - release the accesses of the object
 * @sync: a locked object; warns if it is not, or is committed
 *
 * What it was to write counts as written: see dmabuf_sync_unlock_unwritten().
 *
 * Context: any, hard interrupt included. DMA accesses are released when it returns; if
 * the object has CPU accesses too and the context must not sleep, all are released a
 * little later, when a worker has called the exporters' end_cpu_access.
 */
void dmabuf_sync_unlock(struct dmabuf_sync *sync)
{
	if (!WARN_ON_ONCE(IS_ERR_OR_NULL(sync) || !sync->turn))
		dsync_release_any(&sync->turn->set);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_unlock);

/**
 * dmabuf_sync_unlock_unwritten() - release accesses that nothing was written through
 * @sync: a locked object; warns if it is not, or is committed
 *
 * For a job that was cancelled or failed: bytes that an earlier writer has abandoned stay so, and
 * the next one is told (see dmabuf_sync_was_abandoned()). Else it is as dmabuf_sync_unlock().
 *
 * Context: any, hard interrupt included.
 */
void dmabuf_sync_unlock_unwritten(struct dmabuf_sync *sync)
{
	if (!WARN_ON_ONCE(IS_ERR_OR_NULL(sync) || !sync->turn))
		dsync_release_unwritten(&sync->turn->set);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_unlock_unwritten);

/**
 * dmabuf_sync_was_abandoned() - did an earlier writer leave the bytes undefined
 * @sync: a locked object
 *
 * Context: any.
 * Return: true if a writer died or closed its file while it held bytes of this object, or held them
 * for longer than its lease, and no writer that was told has released them in between.
 */
bool dmabuf_sync_was_abandoned(struct dmabuf_sync *sync)
{
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync)))
		return false;
	return sync_busy(sync) && sync->turn->set.marks;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_was_abandoned);

/**
 * dmabuf_sync_single_lock() - acquire one whole buffer
 * @dmabuf: the buffer
 * @mode: as for dmabuf_sync_get_range()
 * @wait: sleep until that is done; else now or not at all
 *
 * Context: process context; may sleep.
 * Return: a locked object for dmabuf_sync_single_unlock(), or an error pointer as of
 * dmabuf_sync_lock() or dmabuf_sync_trylock().
 */
struct dmabuf_sync *dmabuf_sync_single_lock(struct dma_buf *dmabuf,
					    unsigned int mode, bool wait)
{
	struct dmabuf_sync *sync;
	int ret;

	sync = dmabuf_sync_init(NULL, NULL);
	if (IS_ERR(sync))
		return sync;
	ret = dmabuf_sync_get(sync, dmabuf, mode);
	if (!ret)
		ret = wait ? dmabuf_sync_lock(sync) : dmabuf_sync_trylock(sync);
	if (!ret)
		return sync;
	dmabuf_sync_fini(sync);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_single_lock);

/**
 * dmabuf_sync_single_unlock() - release one whole buffer
 * @sync: from dmabuf_sync_single_lock(), which succeeded
 *
 * Context: process context; may sleep.
 */
void dmabuf_sync_single_unlock(struct dmabuf_sync *sync)
{
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync)))
		return;
	dmabuf_sync_unlock(sync);
	dmabuf_sync_fini(sync);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_single_unlock);
