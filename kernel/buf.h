/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_BUF_H
#define _DSYNC_BUF_H

#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "access.h"
#include "conflict.h"

struct dma_fence;
struct dsync_lease;
struct dsync_pollers;
struct dsync_windows;

/*
 * Tree nodes that may be looked at with a lock held, or interrupts off, before the lock is dropped:
 * about 64 descents of a tree with 1024 accesses.
 */
#define DSYNC_MAX_STEPS		1024

/**
 * struct dsync_buf - what the framework knows of a dma-buf
 *
 * It lasts: made by the first request, it stays for the next one, and goes when it was not used
 * for a while.
 *
 * @node: in the table of buffers
 * @dmabuf: the buffer; alive while a tree has an access. Another one can be there later
 * @ino: inode number of @dmabuf, its name in traces; with @dmabuf it is the key
 * @ref: the table's, one per access of a set, one per user of a look-up, one per mark, one of
 *	@work; 0: dead, not to be used
 * @used: jiffies of the last use, whatever it was for
 * @work: goes on with @pending where an interrupt must not
 * @rcu: frees a dead one, which has no work, after the last look-up
 */
struct dsync_buf {
	struct rhash_head node;
	struct dma_buf *dmabuf;
	u64 ino;
	refcount_t ref;
	unsigned long used;
	union {
		struct work_struct work;
		struct rcu_head rcu;
	};

	/**
	 * @lock: protects the members below. Taken in hard interrupt and inside
	 * &dma_fence.lock. Held for at most DSYNC_MAX_STEPS and what one more search takes.
	 */
	spinlock_t lock;
	/** @steps: tree nodes looked at since the lock was taken */
	unsigned int steps;
	/** @held: accesses that are held */
	struct dsync_trees held;
	/** @queued: accesses of requests that wait */
	struct dsync_trees queued;
	/** @jobs: jobs whose fence is published, by &dsync_job.fence */
	struct rb_root jobs;
	/** @pending: sets that are to be looked at, in order, by &dsync_set.watch */
	struct list_head pending;
	/** @marks: bytes that writers left undefined, of abandon.c */
	struct rb_root_cached marks[DSYNC_NR_MARKS];
	/** @marked: a set of several buffers that is being acquired; only it may enter */
	struct dsync_set *marked;
	/** @tail: the access that was queued last, while it is queued */
	struct dsync_access *tail;
	/** @nr_held: accesses in @held */
	unsigned int nr_held;
	/** @nr_queued: accesses in @queued */
	unsigned int nr_queued;
	/** @nr_followers: accesses in @queued of sets that follow jobs; read without @lock */
	unsigned int nr_followers;
	/** @nr_returned: requests that came back with a ticket from before; read without @lock */
	atomic_t nr_returned;

	/** @windows: its CPU windows, made by the first one, without a lock (coherency.c) */
	struct dsync_windows *windows;
	/** @lease: its timer, made by the first one who waits, likewise (lease.c) */
	struct dsync_lease *lease;
	/** @pollers: who polls it, made by the first one, likewise (poll.c) */
	struct dsync_pollers *pollers;
};

int dsync_buf_start(void);
void dsync_buf_stop(void);

/**
 * dsync_buf_ino() - the number that names a dma-buf in traces
 * @dmabuf: the buffer
 *
 * Return: its inode number, unique since boot.
 */
static inline u64 dsync_buf_ino(const struct dma_buf *dmabuf)
{
	return file_inode(dmabuf->file)->i_ino;
}

struct dsync_buf *dsync_buf_get(struct dma_buf *dmabuf);
struct dsync_buf *dsync_buf_find(struct dma_buf *dmabuf);
void dsync_buf_put(struct dsync_buf *buf);
unsigned long dsync_buf_reap(unsigned long nr, unsigned long age);

void dsync_buf_walk_begin(struct rhashtable_iter *iter);
struct dsync_buf *dsync_buf_walk_next(struct rhashtable_iter *iter);
void dsync_buf_walk_end(struct rhashtable_iter *iter);

/* Builds for tests count the steps of the longest section. */
#ifdef CONFIG_DMABUF_SYNC_DEBUG
void dsync_buf_note_steps(const struct dsync_buf *buf);
#else
static inline void dsync_buf_note_steps(const struct dsync_buf *buf)
{
}
#endif

/**
 * dsync_buf_lock() - lock a buffer's tables
 * @buf: the buffer
 * @flags: for dsync_buf_unlock()
 *
 * Context: any.
 */
static inline void dsync_buf_lock(struct dsync_buf *buf, unsigned long *flags)
	__acquires(&buf->lock)
{
	spin_lock_irqsave(&buf->lock, *flags);
	buf->steps = 0;
}

/**
 * dsync_buf_unlock() - unlock them
 * @buf: the buffer
 * @flags: of dsync_buf_lock()
 */
static inline void dsync_buf_unlock(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock)
{
	dsync_buf_note_steps(buf);
	spin_unlock_irqrestore(&buf->lock, flags);
}

/**
 * dsync_buf_spent() - is it time to drop the lock
 * @buf: the buffer, locked
 *
 * Return: true when DSYNC_MAX_STEPS nodes were looked at.
 */
static inline bool dsync_buf_spent(const struct dsync_buf *buf)
{
	return buf->steps >= DSYNC_MAX_STEPS;
}

void dsync_buf_insert_held(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_remove_held(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_insert_queued(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_remove_queued(struct dsync_buf *buf, struct dsync_access *access);

struct dsync_access *dsync_buf_holder(struct dsync_buf *buf,
				      const struct dsync_access *access);

void dsync_buf_insert_job(struct dsync_access *access, struct dsync_job *job);
bool dsync_buf_has_job(struct dsync_buf *buf, struct dma_fence *fence);

/* Where the fences of an access's buffer are. */
static inline struct dma_resv *dsync_resv_of(const struct dsync_access *access)
{
	return access->buf->dmabuf->resv;
}

#endif /* _DSYNC_BUF_H */
