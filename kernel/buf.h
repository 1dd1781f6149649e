/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_BUF_H
#define _DSYNC_BUF_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include "access.h"
#include "walk.h"

struct dma_buf;
struct dma_fence;
struct seq_file;

/* Index of the trees of a buffer. */
enum dsync_tree {
	DSYNC_READERS,
	DSYNC_WRITERS,
	DSYNC_NR_TREES,
};

/**
 * struct dsync_buf - what the framework knows of a dma-buf, while it is used
 * @node: in a bucket of the table; changed under the bucket's lock, read under RCU
 * @dmabuf: the buffer; alive while a tree has an access
 * @ino: inode number of @dmabuf, its name in traces
 * @ref: one per access of a set, and one per user of a look-up
 * @rcu: frees it after the last look-up
 * @held: accesses that are held
 * @queued: accesses of requests that wait
 * @hard: what the last walk of the graph saw of @held
 * @soft: what it saw of @queued
 * @jobs: held accesses whose fence is published, by &dsync_access.job
 * @nr_held: accesses in @held
 * @nr_queued: accesses in @queued; grows only with the resv locked
 */
struct dsync_buf {
	struct hlist_node node;
	struct dma_buf *dmabuf;
	u64 ino;
	refcount_t ref;
	struct rcu_head rcu;
	struct dsync_scan hard;
	struct dsync_scan soft;

	/**
	 * @lock: protects the members below. Taken in hard interrupt and inside
	 * &dma_fence.lock. Accesses are inserted as held only with the resv locked
	 * too, removed with this lock alone.
	 */
	spinlock_t lock;
	struct rb_root_cached held[DSYNC_NR_TREES];
	struct rb_root_cached queued[DSYNC_NR_TREES];
	struct list_head jobs;
	unsigned int nr_held;
	unsigned int nr_queued;
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

void dsync_buf_insert_held(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_remove_held(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_insert_queued(struct dsync_buf *buf, struct dsync_access *access);
void dsync_buf_remove_queued(struct dsync_buf *buf, struct dsync_access *access);

struct dsync_access *dsync_buf_holder(struct dsync_buf *buf,
				      struct dsync_access *access,
				      struct dsync_access *prev);
struct dsync_access *dsync_buf_earlier(struct dsync_buf *buf,
				       struct dsync_access *access,
				       struct dsync_access *prev);
/* One of the two above. */
typedef struct dsync_access *(*dsync_next_fn)(struct dsync_buf *buf,
					      struct dsync_access *access,
					      struct dsync_access *prev);

bool dsync_buf_has_job(struct dsync_buf *buf, struct dma_fence *fence);

#endif /* _DSYNC_BUF_H */
