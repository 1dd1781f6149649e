/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_BUF_H
#define _DSYNC_BUF_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "access.h"
#include "conflict.h"

struct dma_buf;
struct dma_fence;

/*
 * Tree nodes that may be looked at with a lock held, or interrupts off, before the lock is dropped:
 * about 64 descents of a tree with 1024 accesses.
 */
#define DSYNC_MAX_STEPS		1024

/**
 * struct dsync_buf - what the framework knows of a dma-buf, while it is used
 * @node: in a bucket of the table; changed under the bucket's lock, read under RCU
 * @dmabuf: the buffer; alive while a tree has an access
 * @ino: inode number of @dmabuf, its name in traces
 * @ref: one per access of a set, one per user of a look-up, one of @work
 * @rcu: frees it after the last look-up
 * @work: goes on with @pending where an interrupt must not
 */
struct dsync_buf {
	struct hlist_node node;
	struct dma_buf *dmabuf;
	u64 ino;
	refcount_t ref;
	struct rcu_head rcu;
	struct work_struct work;

	/**
	 * @lock: protects the members below. Taken in hard interrupt and inside
	 * &dma_fence.lock. Held for at most DSYNC_MAX_STEPS and what one more search takes.
	 */
	spinlock_t lock;
	/** @held: accesses that are held */
	struct dsync_trees held;
	/** @queued: accesses of requests that wait */
	struct dsync_trees queued;
	/** @jobs: held accesses whose fence is published, by &dsync_access.job */
	struct list_head jobs;
	/** @pending: sets that are to be looked at, by &dsync_set.watch */
	struct hlist_head pending;
	/** @marked: a set of several buffers that is being acquired; only it may enter */
	struct dsync_set *marked;
	/** @tail: the access that was queued last, while it is queued */
	struct dsync_access *tail;
	/** @steps: tree nodes looked at since the lock was taken */
	unsigned int steps;
	/** @nr_held: accesses in @held */
	unsigned int nr_held;
	/** @nr_queued: accesses in @queued */
	unsigned int nr_queued;
	/** @nr_returned: requests that came back with a ticket from before; read without @lock */
	atomic_t nr_returned;
};

#define DSYNC_BUF_BUCKETS	1024

int dsync_buf_start(void);
void dsync_buf_stop(void);

u64 dsync_buf_ino(const struct dma_buf *dmabuf);
struct dsync_buf *dsync_buf_get(struct dma_buf *dmabuf);
struct dsync_buf *dsync_buf_find(struct dma_buf *dmabuf);
void dsync_buf_put(struct dsync_buf *buf);
void dsync_buf_for_each(unsigned int bucket,
			void (*fn)(struct dsync_buf *buf, void *data),
			void *data);

void dsync_buf_lock(struct dsync_buf *buf, unsigned long *flags) __acquires(&buf->lock);
void dsync_buf_unlock(struct dsync_buf *buf, unsigned long flags) __releases(&buf->lock);
bool dsync_buf_spent(const struct dsync_buf *buf);

void dsync_buf_insert_held(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_remove_held(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_insert_queued(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_remove_queued(struct dsync_buf *buf, struct dsync_access *access);

struct dsync_access *dsync_buf_holder(struct dsync_buf *buf,
				      const struct dsync_access *access);

bool dsync_buf_has_job(struct dsync_buf *buf, struct dma_fence *fence);

#endif /* _DSYNC_BUF_H */
