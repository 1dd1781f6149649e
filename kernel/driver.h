/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_DRIVER_H
#define _DSYNC_DRIVER_H

#include <linux/dmabuf_sync.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "set.h"

struct dsync_owner;

/**
 * struct dsync_turn - what a sync object locks, from the call to the release
 * @sync: the object; NULL: it is gone, and its callback is the one who finished it
 * @link: in &dmabuf_sync.calls while the callback is due or has not returned
 * @set: the set, whose references are those of the turn
 */
struct dsync_turn {
	struct dmabuf_sync *sync;
	struct list_head link;
	struct dsync_set set;
};

/**
 * struct dmabuf_sync - a driver's sync object
 * @owner: the owner
 * @priv: the driver's
 * @ranges: what to acquire, a reference on each buffer
 * @nr_ranges: entries in @ranges
 * @turn: the request under way, held or committed, or, when that is over, the one to use again,
 *	with a reference; NULL: there was none since other accesses were asked for
 * @follows: its jobs wait for fences by themselves
 * @ready: told the end of an asynchronous request
 * @due: @ready was not called yet for @turn; a request that failed is not over before it was
 * @calls: turns whose callback is due or has not returned; a set can be released, and @turn be
 *	the next one, before its callback has returned
 *
 * The driver serializes its calls on one object, as it does for any object of its own, but for
 * dmabuf_sync_unlock() and for what a callback calls before the accesses can be released. As soon
 * as a set is over the next call may use it again.
 */
struct dmabuf_sync {
	struct dsync_owner *owner;
	void *priv;
	struct dsync_range *ranges;
	unsigned int nr_ranges;
	bool follows;
	struct dsync_turn *turn;
	dmabuf_sync_ready_fn ready;
	bool due;
	/** @lock: protects @calls */
	spinlock_t lock;
	struct list_head calls;
};

int dsync_driver_prepare(struct dmabuf_sync *sync);

#endif /* _DSYNC_DRIVER_H */
