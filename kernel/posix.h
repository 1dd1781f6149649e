/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_H
#define _DSYNC_POSIX_H

#include <linux/atomic.h>
#include <linux/filelock.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

struct dsync_owner;
struct dsync_set;
struct file;

/**
 * struct dsync_locker - who locks with fcntl(): a process or, for F_OFD_SETLK, a file
 * @node: in a bucket of the table
 * @key: what the VFS calls the owner: the files_struct, or the file
 * @ref: one per &struct dsync_posix, and one per user of a look-up; under the bucket's lock
 * @owner: the owner that all its accesses have, in all buffers
 * @requests: struct dsync_sleeper, those of its tasks that sleep for a lock
 */
struct dsync_locker {
	struct hlist_node node;
	fl_owner_t key;
	unsigned int ref;
	struct dsync_owner *owner;
	/** @lock: protects @requests */
	spinlock_t lock;
	struct list_head requests;
};

/**
 * struct dsync_sleeper - a task that sleeps for a lock
 * @link: in &dsync_locker.requests
 * @set: what it waits for, or
 * @fl: a request that waits for a record which is not ours
 */
struct dsync_sleeper {
	struct list_head link;
	struct dsync_set *set;
	struct file_lock *fl;
};

/**
 * struct dsync_posix - the record locks of one locker on one buffer
 * @node: in a bucket of the table
 * @locker: whose; a reference
 * @file: the dma-buf's file; alive while @nr_records is not 0 and the mutex is held, because
 *	closing it takes the mutex for each of these records
 * @ref: one per record of the VFS, and one per user; under the bucket's lock
 * @task: who is changing the records, and has the mutex
 * @nr_records: records of the VFS that are ours
 * @sets: held sets, one access each, by &dsync_set.link, sorted by start; they are cut as
 *	the records are
 */
struct dsync_posix {
	struct hlist_node node;
	struct dsync_locker *locker;
	struct file *file;
	unsigned int ref;
	/**
	 * @mutex: protects @sets; held while records and sets change, and never while
	 * somebody sleeps for a lock
	 */
	struct mutex mutex;
	struct task_struct *task;
	atomic_t nr_records;
	struct list_head sets;
};

/* locker.c */
int dsync_locker_start(void);
void dsync_locker_stop(void);
struct dsync_posix *dsync_locker_get(fl_owner_t key, struct file *file);
struct dsync_posix *dsync_locker_find(fl_owner_t key, struct file *file);
bool dsync_locker_is(fl_owner_t key, const struct dsync_owner *owner);
void dsync_locker_ref(struct dsync_posix *posix);
void dsync_locker_put(struct dsync_posix *posix);
bool dsync_locker_sleep(struct dsync_locker *locker, struct dsync_sleeper *sleeper);
void dsync_locker_awake(struct dsync_locker *locker, struct dsync_sleeper *sleeper);
void dsync_locker_abort(void);
bool dsync_locker_aborting(void);
void dsync_locker_drain(void (*fn)(struct dsync_posix *posix));

/* posix.c */
int dsync_posix_start(void);
void dsync_posix_stop(void);
int dsync_posix_lock(struct file *file, int cmd, struct file_lock *fl);

#endif /* _DSYNC_POSIX_H */
