/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_QUEUE_H
#define _DSYNC_QUEUE_H

#include <linux/list.h>
#include <linux/types.h>

#include "buf.h"

struct dsync_set;

void dsync_queue_init(struct dsync_buf *buf);
void dsync_queue_draw(struct dsync_set *set);
u64 dsync_queue_last_ticket(void);

struct dsync_access *dsync_queue_holder(struct dsync_set *set);

void dsync_queue_watch(struct dsync_set *set, struct dsync_access *blocker);
void dsync_queue_unwatch(struct dsync_set *set);
void dsync_queue_committed(struct dsync_set *set);
void dsync_queue_serve_unlock(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock);
void dsync_queue_serve(struct dsync_buf *buf);
void dsync_queue_unlock_later(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock);
bool dsync_queue_cancel(struct dsync_set *set);

/**
 * dsync_queue_wake_watchers() - an access leaves its tree: its watchers are to be looked at
 * @access: the access
 *
 * Context: &dsync_buf.lock held; dsync_queue_unlock() must follow.
 */
static inline void dsync_queue_wake_watchers(struct dsync_access *access)
{
	lockdep_assert_held(&access->buf->lock);
	list_splice_tail_init(&access->watchers, &access->buf->pending);
}

/**
 * dsync_queue_unlock() - unlock a buffer's tables after looking at what is pending
 * @buf: the buffer
 * @flags: of dsync_buf_lock()
 *
 * Context: &dsync_buf.lock held. A worker does what takes longer; in interrupts, and with
 * interrupts disabled by the caller, what does not fit into this one critical section.
 */
static inline void dsync_queue_unlock(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock)
{
	if (likely(list_empty(&buf->pending)))
		dsync_buf_unlock(buf, flags);
	else
		dsync_queue_serve_unlock(buf, flags);
}

#endif /* _DSYNC_QUEUE_H */
