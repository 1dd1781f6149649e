/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CONTEXT_H
#define _DSYNC_CONTEXT_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "call.h"

struct dsync_entry;
struct dsync_owner;
struct dsync_set;
struct dmabuf_sync_acquire;
struct file;
struct seq_file;

/**
 * struct dsync_context - an open /dev/dmabuf_sync
 * @owner: the owner that it is
 * @entries: its sets by their number, struct dsync_entry
 * @spare: the entry that was released last, with its number, for the next request; or NULL.
 *	Taken and given back with xchg()
 * @recent: the entry that was told last, which is looked at before @entries; or NULL. Under RCU
 * @news: entries to look at, by &dsync_entry.link
 * @events: entries with an event that was not read, in order
 * @nr_noticed: entries among @events of which a notice is to be delivered, not the end of a request
 * @wake: wakes those on @wait
 * @rcu: frees it after the last one who looks at a wanted set (lease.c)
 * @wait: readers and pollers
 * @calls: calls that may sleep
 * @exited: the descriptor that was closed last was closed by the end of its process; of a set's
 *	own descriptor (setfd.c). Read and written without a lock
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
	/**
	 * @lock: protects @news, @events and @nr_noticed. Taken in any context, inside
	 * &dsync_buf.lock
	 */
	spinlock_t lock;
	unsigned int nr_noticed;
	struct list_head news;
	struct list_head events;
	union {
		struct work_struct wake;
		struct rcu_head rcu;
	};
	wait_queue_head_t wait;
	struct dsync_calls calls;
	bool exited;
};

int dsync_context_start(void);
void dsync_context_stop(void);

struct dsync_context *dsync_context_create(void);
void dsync_context_destroy(struct dsync_context *context);
int dsync_context_flush(struct file *file, fl_owner_t files);
void dsync_context_show_fdinfo(struct seq_file *m, struct file *file);

int dsync_context_wait(struct file *file, bool (*any)(struct dsync_context *context));
int dsync_context_request(struct file *file, struct dsync_set *set, s64 deadline_ns);
int dsync_context_acquire(struct file *file, struct dsync_entry *entry,
			  struct dmabuf_sync_acquire *arg);
int dsync_context_release(struct dsync_context *context, u32 nr);
void dsync_context_withdraw(struct dsync_context *context, u32 nr);
long dsync_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long dsync_ioctl_setfd(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* _DSYNC_CONTEXT_H */
