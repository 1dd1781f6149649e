/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_DRIVER_H
#define _DSYNC_DRIVER_H

#include <linux/dmabuf_sync.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct dsync_owner;
struct dsync_set;
struct dsync_want;

/**
 * struct dmabuf_sync - a driver's sync object
 * @owner: the owner
 * @priv: the driver's
 * @wants: what to acquire, a reference on each buffer
 * @nr_wants: entries in @wants
 * @set: the request under way, held or committed, with a reference; NULL before and after.
 *	Whoever changes it to NULL drops the reference: dmabuf_sync_unlock(), which may come
 *	in an interrupt, or who finds the set over
 * @granted: told the end of an asynchronous request
 * @due: @granted was not called yet for @set; a request that failed is not over before it was
 * @calls: sets whose callback is due or has not returned, by &dsync_set.link; a set can be
 *	released, and @set be the next one, before its callback has returned
 *
 * The driver serializes its calls on one object, as it does for any object of its own, but for
 * dmabuf_sync_unlock() and for what a callback calls before the accesses can be released.
 */
struct dmabuf_sync {
	struct dsync_owner *owner;
	void *priv;
	struct dsync_want *wants;
	unsigned int nr_wants;
	struct dsync_set *set;
	dmabuf_sync_granted_fn granted;
	bool due;
	/** @lock: protects @calls */
	spinlock_t lock;
	struct list_head calls;
};

void dsync_driver_forget(struct dmabuf_sync *sync, struct dsync_set *set);
int dsync_driver_prepare(struct dmabuf_sync *sync);

#endif /* _DSYNC_DRIVER_H */
