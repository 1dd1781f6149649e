/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CALL_H
#define _DSYNC_CALL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct dsync_set;
struct file;
struct files_struct;

/**
 * struct dsync_calls - the calls on an open file that may sleep
 * @list: struct dsync_call
 * @closed: a table in which the last descriptor of the file was closed, or NULL
 * @closed_more: there was another such table
 * @wait: woken when one of them is to end
 */
struct dsync_calls {
	/** @lock: protects all but @wait; taken in process context only */
	spinlock_t lock;
	struct list_head list;
	struct files_struct *closed;
	bool closed_more;
	wait_queue_head_t *wait;
};

/**
 * struct dsync_call - a call, on the stack of its task
 * @link: in &dsync_calls.list
 * @files: the table that it found the file in; NULL if nobody else can close it there
 * @set: what it sleeps for, or NULL
 * @cancelled: it is to end; read without the lock
 */
struct dsync_call {
	struct list_head link;
	struct files_struct *files;
	struct dsync_set *set;
	bool cancelled;
};

void dsync_calls_init(struct dsync_calls *calls, wait_queue_head_t *wait);
void dsync_calls_close(struct dsync_calls *calls, struct file *file,
		       struct files_struct *files);

int dsync_call_begin(struct dsync_calls *calls, struct dsync_call *call,
		     struct file *file, struct dsync_set *set);
void dsync_call_end(struct dsync_calls *calls, struct dsync_call *call);
bool dsync_call_is_cancelled(const struct dsync_call *call);

#endif /* _DSYNC_CALL_H */
