// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks of sync objects. A callback can tell a thread, which releases and finishes the object
 * before the callback has returned: so the object lists the sets whose callback is due or
 * running, whatever became of their accesses, and waits for them before it goes.
 */
#include <linux/export.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "callback.h"
#include "driver.h"
#include "request.h"

static void call_due(struct dmabuf_sync *sync, struct dsync_set *set)
{
	sync->due = true;
	spin_lock(&sync->lock);
	list_add_tail(&set->link, &sync->calls);
	spin_unlock(&sync->lock);
}

static void call_over(struct dmabuf_sync *sync, struct dsync_set *set)
{
	spin_lock(&sync->lock);
	list_del_init(&set->link);
	spin_unlock(&sync->lock);
}

/* The set whose callback we are in, if it is one of this object. */
static struct dsync_set *call_current(struct dmabuf_sync *sync)
{
	struct dsync_set *set, *found = NULL;

	spin_lock(&sync->lock);
	list_for_each_entry(set, &sync->calls, link)
		if (current_work() == &set->work)
			found = set;
	spin_unlock(&sync->lock);
	return found;
}

/* A set whose callback is due or has not returned, with a reference; the newest; not @here. */
static struct dsync_set *call_get(struct dmabuf_sync *sync, struct dsync_set *here)
{
	struct dsync_set *set, *found = NULL;

	spin_lock(&sync->lock);
	list_for_each_entry(set, &sync->calls, link)
		if (set != here)
			found = set;
	if (found)
		dsync_set_get(found);
	spin_unlock(&sync->lock);
	return found;
}

/* The callback of the object's set will not be called. */
static void call_withdraw(struct dmabuf_sync *sync, struct dsync_set *set)
{
	call_over(sync, set);
	sync->due = false;
	dsync_driver_forget(sync, set);
}

static void call_make(struct dsync_set *set, int error)
{
	struct dmabuf_sync *sync = set->private;
	dmabuf_sync_granted_fn granted = sync->granted;

	/* From now on the object can be requested again; pairs with driver.c, sync_reap(). */
	smp_store_release(&sync->due, false);
	granted(sync, sync->priv, error);
	/* It may have called dmabuf_sync_fini(). */
	if (set->private)
		call_over(sync, set);
}

/**
 * dmabuf_sync_lock_async() - acquire all accesses of the object, be called when done
 * @sync: the object, with at least one access
 * @fn: called by a worker, also if nothing had to be waited for
 *
 * The caller goes on, so this is in no deadlock and never fails with -EDEADLK. A driver that holds
 * accesses of the object until the callback comes can wait for one who waits for these: it
 * should ask for all at once, or cancel after a while.
 *
 * Context: process context; as dmabuf_sync_trylock().
 * Return: 0, and @fn will be called once unless dmabuf_sync_cancel() says otherwise;
 * or an error as of dmabuf_sync_lock(), and @fn is not called.
 */
int dmabuf_sync_lock_async(struct dmabuf_sync *sync, dmabuf_sync_granted_fn fn)
{
	int ret = dsync_driver_prepare(sync);
	struct dsync_set *set;

	if (ret)
		return ret;
	set = sync->set;
	sync->granted = fn;
	call_due(sync, set);
	ret = dsync_request_async(set, call_make, sync);
	if (ret)
		call_withdraw(sync, set);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_lock_async);

/* Withdraw what is due, wait for callbacks that run, but for the one of @here. */
static bool calls_end(struct dmabuf_sync *sync, struct dsync_set *here)
{
	bool cancelled = false;
	struct dsync_set *set;

	while ((set = call_get(sync, here))) {
		if (dsync_request_cancel(set)) {
			call_withdraw(sync, set);
			cancelled = true;
		}
		dsync_set_put(set);
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
	struct dsync_set *here = call_current(sync);

	calls_end(sync, here);
	if (here) {
		call_over(sync, here);
		here->private = NULL;
	}
}
