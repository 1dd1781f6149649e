/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CONTEXT_H
#define _DSYNC_CONTEXT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <linux/dmabuf_sync.h>

#include "call.h"

struct dsync_owner;
struct dsync_set;
struct file;

/**
 * struct dsync_context - an open /dev/dmabuf_sync
 * @owner: the owner that it is
 * @entries: its sets by their number, struct dsync_entry; NULL while one is reserved
 * @events: entries with an event that was not read, in order
 * @wait: readers and pollers
 * @calls: calls that may sleep
 */
struct dsync_context {
	struct dsync_owner *owner;
	struct xarray entries;
	/**
	 * @numbers: held while an event is read and while a number is given up, so that these
	 * are seen in one order
	 */
	struct mutex numbers;
	/** @lock: protects @events; taken in process context only */
	spinlock_t lock;
	struct list_head events;
	wait_queue_head_t wait;
	struct dsync_calls calls;
};

/**
 * struct dsync_entry - one set of a context
 * @ref: of the number, and of the call that requests the set
 * @context: which
 * @set: the set; a reference
 * @event: of a queued set: the event to be read
 * @link: in &dsync_context.events while @event can be read, under its lock
 * @queued: the set was requested with DMABUF_SYNC_QUEUE
 * @known: user space has its number, by the event or by the call's return
 * @told: the event was read, under &dsync_context.numbers, or the call is to return its answer
 * @ended: the number was given up, and nobody will read the event; under
 *	&dsync_context.lock
 */
struct dsync_entry {
	struct kref ref;
	struct dsync_context *context;
	struct dsync_set *set;
	struct dmabuf_sync_event event;
	struct list_head link;
	bool queued;
	bool known;
	bool told;
	bool ended;
};

int dsync_context_start(void);
void dsync_context_stop(void);

int dsync_context_acquire(struct file *file, struct dmabuf_sync_acquire *arg,
			  struct dsync_set *set);
int dsync_context_release(struct dsync_context *context, u32 nr);
void dsync_context_withdraw(struct dsync_context *context, u32 nr);
long dsync_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* _DSYNC_CONTEXT_H */
