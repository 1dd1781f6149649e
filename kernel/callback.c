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

static struct dsync_grant *grant_of(struct dsync_set *set)
{
	return container_of(set, struct dsync_grant, set);
}

static void call_due(struct dmabuf_sync *sync, struct dsync_grant *grant)
{
	sync->due = true;
	spin_lock(&sync->lock);
	list_add_tail(&grant->link, &sync->calls);
	spin_unlock(&sync->lock);
}

static void call_over(struct dmabuf_sync *sync, struct dsync_grant *grant)
{
	spin_lock(&sync->lock);
	list_del_init(&grant->link);
	spin_unlock(&sync->lock);
}

/* The grant whose callback we are in, if it is one of this object. */
static struct dsync_grant *call_current(struct dmabuf_sync *sync)
{
	struct dsync_grant *grant, *found = NULL;

	spin_lock(&sync->lock);
	list_for_each_entry(grant, &sync->calls, link)
		if (current_work() == &grant->set.work)
			found = grant;
	spin_unlock(&sync->lock);
	return found;
}

/* A grant whose callback is due or has not returned, with a reference; the newest; not @here. */
static struct dsync_grant *call_get(struct dmabuf_sync *sync, struct dsync_grant *here)
{
	struct dsync_grant *grant, *found = NULL;

	spin_lock(&sync->lock);
	list_for_each_entry(grant, &sync->calls, link)
		if (grant != here)
			found = grant;
	if (found)
		dsync_set_get(&found->set);
	spin_unlock(&sync->lock);
	return found;
}

/* The callback of a grant, whose set is over, will not be called. */
static void call_withdraw(struct dmabuf_sync *sync, struct dsync_grant *grant)
{
	call_over(sync, grant);
	sync->due = false;
}

static void call_make(struct dsync_set *set, int error)
{
	struct dsync_grant *grant = grant_of(set);
	struct dmabuf_sync *sync = grant->sync;
	dmabuf_sync_granted_fn granted = sync->granted;

	/* From now on the object can be requested again; pairs with driver.c, grant_is_over(). */
	smp_store_release(&sync->due, false);
	granted(sync, sync->priv, error);
	/* It may have called dmabuf_sync_fini(). */
	if (grant->sync)
		call_over(sync, grant);
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
	struct dsync_grant *grant;

	if (ret)
		return ret;
	grant = sync->grant;
	sync->granted = fn;
	call_due(sync, grant);
	ret = dsync_request_async(&grant->set, call_make);
	if (ret)
		call_withdraw(sync, grant);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabuf_sync_lock_async);

/* Withdraw what is due, wait for callbacks that run, but for the one of @here. */
static bool calls_end(struct dmabuf_sync *sync, struct dsync_grant *here)
{
	bool cancelled = false;
	struct dsync_grant *grant;

	while ((grant = call_get(sync, here))) {
		if (dsync_request_cancel(&grant->set)) {
			call_withdraw(sync, grant);
			cancelled = true;
		}
		dsync_set_put(&grant->set);
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
	struct dsync_grant *here = call_current(sync);

	calls_end(sync, here);
	if (here) {
		call_over(sync, here);
		here->sync = NULL;
	}
}
