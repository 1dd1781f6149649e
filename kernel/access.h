/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ACCESS_H
#define _DSYNC_ACCESS_H

#include <linux/dmabuf_sync.h>
#include <linux/interval_tree.h>

struct dsync_buf;
struct dsync_owner;
struct dsync_set;

/**
 * struct dsync_access - one buffer, one byte range, one mode, of one set
 * @it: the range [start, last] in one of the buffer's trees; linked under
 *	&dsync_buf.lock, the range itself never changes
 * @job: in &dsync_buf.jobs from commit to release, under &dsync_buf.lock
 * @set: the request this access is part of, and so its owner
 * @buf: the buffer; the set holds the reference
 * @id: unique since boot
 * @mode: DMA_BUF_ACCESS_... bits
 * @abandoned: when it was acquired, bytes of it were marked as abandoned
 */
struct dsync_access {
	struct interval_tree_node it;
	struct list_head job;
	struct dsync_set *set;
	struct dsync_buf *buf;
	u64 id;
	u32 mode;
	bool abandoned;
};

static inline bool dsync_access_writes(const struct dsync_access *access)
{
	return access->mode & DMA_BUF_ACCESS_W;
}

static inline bool dsync_access_is_dma(const struct dsync_access *access)
{
	return access->mode & DMA_BUF_ACCESS_DMA;
}

static inline u64 dsync_access_len(const struct dsync_access *access)
{
	return (u64)access->it.last - access->it.start + 1;
}

/* Two modes conflict when at least one of them writes. */
static inline bool dsync_mode_conflicts(u32 a, u32 b)
{
	return (a | b) & DMA_BUF_ACCESS_W;
}

static inline bool dsync_range_overlaps(unsigned long a_start,
					unsigned long a_last,
					unsigned long b_start,
					unsigned long b_last)
{
	return a_start <= b_last && b_start <= a_last;
}

/**
 * dsync_access_next() - walk the accesses of a tree that overlap a range
 * @prev: the access before, or NULL to begin
 * @root: tree of a buffer
 * @start: first byte of the range
 * @last: last byte of the range
 *
 * Context: &dsync_buf.lock held.
 * Return: the next access, or NULL.
 */
static inline struct dsync_access *
dsync_access_next(struct dsync_access *prev, struct rb_root_cached *root,
		  unsigned long start, unsigned long last)
{
	struct interval_tree_node *it;

	it = prev ? interval_tree_iter_next(&prev->it, start, last) :
		    interval_tree_iter_first(root, start, last);
	return it ? container_of(it, struct dsync_access, it) : NULL;
}

#define dsync_for_each_overlap(access, root, start, last)		\
	for (access = dsync_access_next(NULL, root, start, last); access; \
	     access = dsync_access_next(access, root, start, last))

#endif /* _DSYNC_ACCESS_H */
