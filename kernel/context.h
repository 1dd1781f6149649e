/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CONTEXT_H
#define _DSYNC_CONTEXT_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <linux/dmabuf_sync.h>

#include "call.h"
#include "set.h"

struct dsync_owner;
struct file;

/**
 * struct dsync_context - an open /dev/dmabuf_sync
 * @owner: the owner that it is
 * @entries: its sets by their number, struct dsync_entry
 * @spare: the entry that was released last, with its number, for the next request; or NULL.
 *	Taken and given back with xchg()
 * @recent: the entry that was told last, which is looked at before @entries; or NULL. Under RCU
 * @events: entries with an event that was not read, in order
 * @wait: readers and pollers
 * @calls: calls that may sleep
 */
struct dsync_context {
	struct dsync_owner *owner;
	struct xarray entries;
	struct dsync_entry *spare;
	struct dsync_entry *recent;
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
 * @context: which
 * @event: of a queued set: the event to be read; @event.set is the number in any case
 * @link: in &dsync_context.events while @event can be read, under its lock
 * @queued: the set was requested with DMABUF_SYNC_QUEUE
 * @known: user space has its number, by the event or by the call's return
 * @told: the event was read, under &dsync_context.numbers, or the call is to return its answer
 * @ended: the number was given up, and nobody will read the event; under
 *	&dsync_context.lock
 * @set: the set, whose references are those of the entry: of the number while it is known, and
 *	of the call that requests the set
 */
struct dsync_entry {
	struct dsync_context *context;
	struct dmabuf_sync_event event;
	struct list_head link;
	bool queued;
	bool known;
	bool told;
	bool ended;
	struct dsync_set set;
};

int dsync_context_start(void);
void dsync_context_stop(void);

struct dsync_entry *dsync_context_entry(struct dsync_context *context, unsigned int nr);
void dsync_context_entry_drop(struct dsync_entry *entry);
int dsync_context_acquire(struct file *file, struct dsync_entry *entry,
			  struct dmabuf_sync_acquire *arg);
int dsync_context_release(struct dsync_context *context, u32 nr);
void dsync_context_withdraw(struct dsync_context *context, u32 nr);
long dsync_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* _DSYNC_CONTEXT_H */
