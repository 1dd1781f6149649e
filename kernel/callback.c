// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks of sync objects. A callback can tell a thread, which releases and finishes the object
 * before the callback has returned: so the object lists the sets whose callback is due or
 * running, whatever became of their accesses, and waits for them before it goes.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "callback.h"
#include "driver.h"
#include "request.h"

static struct dsync_turn *turn_of(struct dsync_set *set)
{
	return container_of(set, struct dsync_turn, set);
}

static void call_due(struct dmabuf_sync *sync, struct dsync_turn *turn)
{
	sync->due = true;
	spin_lock(&sync->lock);
	list_add_tail(&turn->link, &sync->calls);
	spin_unlock(&sync->lock);
}

static void call_over(struct dmabuf_sync *sync, struct dsync_turn *turn)
{
	spin_lock(&sync->lock);
	list_del_init(&turn->link);
	spin_unlock(&sync->lock);
}

/* The turn whose callback we are in, if it is one of this object. */
static struct dsync_turn *call_current(struct dmabuf_sync *sync)
{
	struct dsync_turn *turn, *found = NULL;

	spin_lock(&sync->lock);
	list_for_each_entry(turn, &sync->calls, link)
		if (current_work() == &turn->set.work)
			found = turn;
	spin_unlock(&sync->lock);
	return found;
}

/* A turn whose callback is due or has not returned, with a reference; the newest; not @here. */
static struct dsync_turn *call_get(struct dmabuf_sync *sync, struct dsync_turn *here)
{
	struct dsync_turn *turn, *found = NULL;

	spin_lock(&sync->lock);
	list_for_each_entry(turn, &sync->calls, link)
		if (turn != here)
			found = turn;
	if (found)
		dsync_set_get(&found->set);
	spin_unlock(&sync->lock);
	return found;
}

/* The callback of a turn, whose set is over, will not be called. */
static void call_withdraw(struct dmabuf_sync *sync, struct dsync_turn *turn)
{
	call_over(sync, turn);
	sync->due = false;
}

static void call_make(struct dsync_set *set, int error)
{
	struct dsync_turn *turn = turn_of(set);
	struct dmabuf_sync *sync = turn->sync;
	dmabuf_sync_ready_fn ready = sync->ready;

	/* From now on the object can be requested again; pairs with driver.c, turn_is_over(). */
	smp_store_release(&sync->due, false);
	ready(sync, sync->priv, error);
	/* It may have called dmabuf_sync_fini(). */
	if (turn->sync)
		call_over(sync, turn);
}

/**
 * dmabuf_sync_lock_async() - acquire all accesses of the object, be called when done
 * @sync: the object, with at least one access
 * @fn: called by a worker, also if nothing had to be waited for
 *
 * The caller goes on, so this is in no deadlock, and fails with -EDEADLK only with a warning, when
 * the caller holds the resv of one of the buffers. A driver that holds accesses of the object
 * until the callback comes can wait for one who waits for these: it should ask for all at
 * once, or cancel after a while.
 *
 * Context: process context; as dmabuf_sync_trylock().
 * Return: 0, and @fn will be called once unless dmabuf_sync_cancel() says otherwise;
 * or an error as of dmabuf_sync_lock(), and @fn is not called; -EINVAL also without @fn.
 */
int dmabuf_sync_lock_async(struct dmabuf_sync *sync, dmabuf_sync_ready_fn fn)
{
	struct dsync_turn *turn;
	int ret;

	if (WARN_ON_ONCE(!fn))
		return -EINVAL;
	ret = dsync_driver_prepare(sync);
	if (ret)
		return ret;
	turn = sync->turn;
	sync->ready = fn;
	call_due(sync, turn);
	ret = dsync_request_async(&turn->set, call_make);
	if (ret)
		call_withdraw(sync, turn);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_lock_async);

/* Withdraw what is due, wait for callbacks that run, but for the one of @here. */
static bool calls_end(struct dmabuf_sync *sync, struct dsync_turn *here)
{
	bool cancelled = false;
	struct dsync_turn *turn;

	while ((turn = call_get(sync, here))) {
		if (dsync_request_cancel(&turn->set)) {
			call_withdraw(sync, turn);
			cancelled = true;
		}
		dsync_set_put(&turn->set);
	}
	return cancelled;
}

/**
 * dmabuf_sync_cancel() - withdraw an asynchronous request
 * @sync: the object, which the callback does not finish
 *
 * In a callback of the object it does nothing.
 *
 * Context: process context; sleeps until a running callback returned, also one that has
 * released the accesses already, so no lock that it takes may be held.
 * Return: true if the callback was not called and will not be. False if it has returned,
 * or if nothing was requested asynchronously.
 */
bool dmabuf_sync_cancel(struct dmabuf_sync *sync)
{
	might_sleep();
	if (WARN_ON_ONCE(IS_ERR_OR_NULL(sync)))
		return false;
	return !call_current(sync) && calls_end(sync, NULL);
}
EXPORT_SYMBOL_GPL(dmabuf_sync_cancel);

/**
 * dsync_callback_init() - no callback is due
 * @sync: a new object
 */
void dsync_callback_init(struct dmabuf_sync *sync)
{
	spin_lock_init(&sync->lock);
	INIT_LIST_HEAD(&sync->calls);
}

/**
 * dsync_callback_end() - cancel what is due, wait for what is running
 * @sync: an object that is about to go; if this is its callback, that is not waited for, and
 *	will not look for the object when it returns
 *
 * Context: process context; sleeps until a running callback returned.
 */
void dsync_callback_end(struct dmabuf_sync *sync)
{
	struct dsync_turn *here = call_current(sync);

	calls_end(sync, here);
	if (here) {
		call_over(sync, here);
		here->sync = NULL;
	}
}
