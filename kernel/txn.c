// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transactions: all resv of a set locked through one acquire context, with back off.
 * They are held while tables change and never while anybody sleeps for an access.
 */
#include <linux/dma-buf.h>

#include "buf.h"
#include "dmabuf_sync_trace.h"
#include "owner.h"
#include "set.h"
#include "txn.h"

/**
 * dsync_txn_is_mine() - does the caller hold a resv
 * @resv: the resv
 *
 * A ww_mutex cannot be asked without the acquire context that it was locked with, or without
 * lockdep. But its owner's word is the task that holds it, and a few flags below: it is the
 * current task for as long as that holds the lock, and never otherwise.
 *
 * Context: process context.
 * Return: true if locking it would wait for the caller itself.
 */
bool dsync_txn_is_mine(struct dma_resv *resv)
{
	unsigned long owner;

#ifdef CONFIG_PREEMPT_RT
	owner = (unsigned long)READ_ONCE(resv->lock.base.rtmutex.owner);
#else
	owner = atomic_long_read(&resv->lock.base.owner);
#endif
	return (owner & ~7UL) == (unsigned long)current;
}

static bool one_resv(struct dsync_set *set)
{
	return dsync_resv_of(&set->accesses[0]) == dsync_resv_of(&set->accesses[set->nr - 1]);
}

static int resv_lock(struct dma_resv *resv, struct ww_acquire_ctx *ctx,
		     bool intr)
{
	return intr ? dma_resv_lock_interruptible(resv, ctx) :
		      dma_resv_lock(resv, ctx);
}

static int resv_lock_slow(struct dma_resv *resv, struct ww_acquire_ctx *ctx,
			  bool intr)
{
	if (intr)
		return dma_resv_lock_slow_interruptible(resv, ctx);
	dma_resv_lock_slow(resv, ctx);
	return 0;
}

/* Unlock what stands before @end, and @slow, which was locked out of turn. */
static void unlock_until(struct dsync_set *set, struct dsync_access *end,
			 struct dsync_access *slow)
{
	struct dsync_access *access;

	for (access = set->accesses; access < end; access++)
		if (access != slow && access->first & DSYNC_FIRST_OF_RESV)
			dma_resv_unlock(dsync_resv_of(access));
	if (slow)
		dma_resv_unlock(dsync_resv_of(slow));
}

/*
 * The ww-mutex protocol (Documentation/locking/ww-mutex-design.rst, first method): on
 * -EDEADLK drop everything, sleep for the contended lock, begin again with it.
 */
static int lock_all(struct dsync_set *set, struct ww_acquire_ctx *ctx, bool intr)
{
	struct dsync_access *access, *slow = NULL;
	int ret;

again:
	dsync_set_for_each(set, access) {
		if (access == slow || !(access->first & DSYNC_FIRST_OF_RESV))
			continue;
		ret = resv_lock(dsync_resv_of(access), ctx, intr);
		if (!ret)
			continue;
		unlock_until(set, access, slow);
		if (ret != -EDEADLK)
			return ret;

		trace_dmabuf_sync_backoff(access->buf->ino, set->owner->id,
					  set->nr);
		slow = access;
		ret = resv_lock_slow(dsync_resv_of(slow), ctx, intr);
		if (ret)
			return ret;
		goto again;
	}
	return 0;
}

/**
 * dsync_txn_lock() - lock all resv of a set
 * @txn: the transaction
 * @set: whose buffers
 * @intr: give up when a signal is pending
 *
 * A single resv is locked without acquire context, which spares drawing a stamp from
 * the counter that all acquire contexts of the system share.
 *
 * Context: process context; may sleep for the resv, not for an access.
 * Return: 0, or -ERESTARTSYS if a signal came.
 */
int dsync_txn_lock(struct dsync_txn *txn, struct dsync_set *set, bool intr)
{
	int ret;

	txn->set = set;
	txn->use_ctx = !one_resv(set);
	if (txn->use_ctx)
		ww_acquire_init(&txn->ctx, &reservation_ww_class);

	ret = lock_all(set, txn->use_ctx ? &txn->ctx : NULL, intr);
	if (txn->use_ctx) {
		if (ret)
			ww_acquire_fini(&txn->ctx);
		else
			ww_acquire_done(&txn->ctx);
	}
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

/**
 * dsync_txn_unlock() - unlock them
 * @txn: the transaction
 */
void dsync_txn_unlock(struct dsync_txn *txn)
{
	struct dsync_set *set = txn->set;

	unlock_until(set, set->accesses + set->nr, NULL);
	if (txn->use_ctx)
		ww_acquire_fini(&txn->ctx);
}
