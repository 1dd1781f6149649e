/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_QUEUE_H
#define _DSYNC_QUEUE_H

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
void dsync_queue_wake_watchers(struct dsync_access *access);
void dsync_queue_unlock(struct dsync_buf *buf, unsigned long flags) __releases(&buf->lock);
void dsync_queue_serve(struct dsync_buf *buf);
void dsync_queue_unlock_later(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock);
bool dsync_queue_cancel(struct dsync_set *set);

#endif /* _DSYNC_QUEUE_H */
