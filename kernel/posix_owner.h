/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_OWNER_H
#define _DSYNC_POSIX_OWNER_H

#include <linux/atomic.h>
#include <linux/filelock.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>

struct dsync_owner;
struct dsync_set;
struct file;
struct pid;

/**
 * struct dsync_posix_owner - a process that locks with fcntl()
 * @node: in the table of owners
 * @key: what the VFS calls the owner: the files_struct
 * @rcu: frees it after the last look-up
 * @nr_states: entries of @states; it goes with the last one, and once it is 0 it stays so.
 *	Under @lock
 */
struct dsync_posix_owner {
	struct rhash_head node;
	fl_owner_t key;
	struct rcu_head rcu;
	/** @lock: protects @nr_states and the members below */
	spinlock_t lock;
	unsigned int nr_states;
	/** @states: struct dsync_posix, by &dsync_posix.link */
	struct list_head states;
	/** @sleepers: struct dsync_posix_sleeper, those of its tasks that sleep for a lock */
	struct list_head sleepers;
	/**
	 * @owner: the owner that all its accesses have, in all buffers. Changes only while none of
	 * @states is used, so whoever uses one needs no lock
	 */
	struct dsync_owner *owner;
	/**
	 * @spare: the set that was released last, for the next lock; or NULL. Taken and given back
	 * with xchg()
	 */
	struct dsync_set *spare;
};

/**
 * struct dsync_posix_sleeper - a task that sleeps for a lock
 * @link: in &dsync_posix_owner.sleepers
 * @set: what it waits for, or
 * @fl: a request that waits for a foreign record
 */
struct dsync_posix_sleeper {
	struct list_head link;
	struct dsync_set *set;
	struct file_lock *fl;
};

/**
 * struct dsync_posix_key - a process and a buffer
 * @owner: the files_struct
 * @file: the dma-buf's file
 */
struct dsync_posix_key {
	fl_owner_t owner;
	struct file *file;
};

/**
 * struct dsync_posix - the record locks of one process on one buffer
 *
 * It lasts: made by the first lock, it stays for the next one, and goes when it was not used for
 * a while.
 *
 * @node: in the table of states
 * @key: whose locks, on what. The file is alive for whoever calls with it, and while there
 *	are records, which go before it does
 * @owner: the process; counted in &dsync_posix_owner.nr_states
 * @link: in &dsync_posix_owner.states
 * @ref: the table's, and one per user; 0: dead, not to be used
 * @rcu: frees it after the last look-up
 * @record_ops: what our records have in &file_lock.fl_ops; leads from a record to here, which
 *	takes no member of struct file_lock that is somebody else's
 * @nr_records: records of the VFS that have @record_ops. Grows from 0 only with @mutex held
 * @used: jiffies of the last use
 * @task: who changes the records, with @mutex held
 * @recorded: the change has made a record; under the lock of the inode's records
 * @revoked: id of the owner whose locks were revoked, until it is told; or 0
 * @revoked_ino: inode number of the buffer then
 */
struct dsync_posix {
	struct rhash_head node;
	struct dsync_posix_key key;
	struct dsync_posix_owner *owner;
	struct list_head link;
	refcount_t ref;
	struct rcu_head rcu;
	const struct file_lock_operations record_ops;
	atomic_t nr_records;
	unsigned long used;
	struct task_struct *task;
	u64 revoked;
	u64 revoked_ino;
	bool recorded;
	/**
	 * @mutex: protects the members below; held while records and sets change, and never
	 * while somebody sleeps for a lock
	 */
	struct mutex mutex;
	/**
	 * @sets: what is held: ready sets of one access each, disjoint, sorted by start, by
	 * &dsync_set.by_start
	 */
	struct rb_root sets;
};

/* posix_owner.c */
int dsync_posix_owner_start(void);
void dsync_posix_owner_stop(void (*forget)(struct dsync_posix *posix));
struct dsync_posix *dsync_posix_owner_get(fl_owner_t key, struct file *file);
struct dsync_posix *dsync_posix_owner_find(fl_owner_t key, struct file *file);
void dsync_posix_owner_put(struct dsync_posix *posix);
bool dsync_posix_owner_lives(struct pid *process);
bool dsync_posix_owner_sleep(struct dsync_posix_owner *owner,
			     struct dsync_posix_sleeper *sleeper);
void dsync_posix_owner_awake(struct dsync_posix_owner *owner,
			     struct dsync_posix_sleeper *sleeper);
void dsync_posix_owner_abort(void);
bool dsync_posix_owner_aborting(void);

#endif /* _DSYNC_POSIX_OWNER_H */
