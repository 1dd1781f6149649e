/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ACCESS_H
#define _DSYNC_ACCESS_H

#include <linux/dmabuf_sync.h>
#include <linux/list.h>
#include <linux/rbtree.h>

/*
 * Keys of the trees are unsigned long, and an end is the byte behind the last one: what lies
 * beyond is one with the last of them.
 */
#define DSYNC_LAST_BYTE	(ULONG_MAX - 1)

/*
 * Of a mode, beside DMA_BUF_ACCESS_... bits: a device writes, and the end of a CPU writer's
 * window on other bytes may overwrite that (coherency.c).
 */
#define DSYNC_ACCESS_BOUNCED	0x80000000

/* All that a mode can be made of. */
#define DSYNC_ACCESS_KNOWN	(DMA_BUF_ACCESS_DMA_RW | DMABUF_SYNC_EXPLICIT | \
				 DSYNC_ACCESS_BOUNCED)

/**
 * enum dsync_mark_kind - why bytes are undefined
 * @DSYNC_MARK_ABANDONED: their writer is gone
 * @DSYNC_MARK_REVOKED: the lease of their writer was over
 * @DSYNC_NR_MARKS: how many kinds there are
 */
enum dsync_mark_kind {
	DSYNC_MARK_ABANDONED,
	DSYNC_MARK_REVOKED,
	DSYNC_NR_MARKS,
};

struct dma_fence;
struct dsync_buf;
struct dsync_owner;
struct dsync_set;

/**
 * struct dsync_sub - what a tree knows of the accesses of a subtree
 * @owner: owner of the access that reaches farthest
 * @end: where that access ends: the byte behind its last one
 * @other_end: where the accesses of all other owners end; 0: there are none
 * @ticket: the earliest ticket
 */
struct dsync_sub {
	const struct dsync_owner *owner;
	unsigned long end;
	unsigned long other_end;
	u64 ticket;
};

/**
 * struct dsync_job - the job of a committed set, in one of its buffers
 * @rb: in &dsync_buf.jobs, by @fence, under &dsync_buf.lock
 * @fence: of the job; the set has a reference
 */
struct dsync_job {
	struct rb_node rb;
	struct dma_fence *fence;
};

/**
 * struct dsync_access - one buffer, one byte range, one mode, of one set
 * @rb: in one of the buffer's trees, under &dsync_buf.lock
 * @sub: of the subtree that begins at @rb, under &dsync_buf.lock
 * @start: first byte; fixed while the access is in a tree
 * @last: last byte, likewise; DSYNC_LAST_BYTE at most
 * @job: from commit to release, of the first access of its buffer; else NULL; under &dsync_buf.lock
 * @watchers: sets that look again when the access leaves its tree, in the order in which they
 *	came, by &dsync_set.watch; under &dsync_buf.lock
 * @set: the request this access is part of, and so its owner
 * @buf: the buffer; the set holds the reference
 * @id: unique since boot
 * @mode: DMA_BUF_ACCESS_... bits, DMABUF_SYNC_EXPLICIT and DSYNC_ACCESS_BOUNCED
 * @part: accesses from here on that are of one buffer and are entered in one critical section;
 *	0: an earlier access begins the part
 * @first: DSYNC_FIRST_... bits; fixed once the set is filled
 * @marks: BIT(enum dsync_mark_kind): when it was acquired, bytes of it were marked so
 */
struct dsync_access {
	struct rb_node rb;
	struct dsync_sub sub;
	unsigned long start;
	unsigned long last;
	struct dsync_job *job;
	struct list_head watchers;
	struct dsync_set *set;
	struct dsync_buf *buf;
	u64 id;
	u32 mode;
	u8 part;
	u8 first;
	u8 marks;
};

/* Bits of &dsync_access.first: no access before it in the set has the same ... */
#define DSYNC_FIRST_OF_BUF	BIT(0)
#define DSYNC_FIRST_OF_RESV	BIT(1)
/* Set with DSYNC_FIRST_OF_RESV: some access of the set writes to a buffer of the resv ... */
#define DSYNC_RESV_WRITTEN	BIT(2)
/* ... and some that writes, some that reads, is not explicit: all may see its job's fence. */
#define DSYNC_RESV_WRITE_SEEN	BIT(3)
#define DSYNC_RESV_READ_SEEN	BIT(4)

static inline bool dsync_access_writes(const struct dsync_access *access)
{
	return access->mode & DMA_BUF_ACCESS_W;
}

static inline bool dsync_access_is_dma(const struct dsync_access *access)
{
	return access->mode & DMA_BUF_ACCESS_DMA;
}

static inline bool dsync_access_bounces(const struct dsync_access *access)
{
	return access->mode & DSYNC_ACCESS_BOUNCED;
}

static inline bool dsync_access_is_explicit(const struct dsync_access *access)
{
	return access->mode & DMABUF_SYNC_EXPLICIT;
}

static inline u64 dsync_access_len(const struct dsync_access *access)
{
	return (u64)access->last - access->start + 1;
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

#endif /* _DSYNC_ACCESS_H */
