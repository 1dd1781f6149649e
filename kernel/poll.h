/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POLL_H
#define _DSYNC_POLL_H

#include <linux/types.h>

#include "buf.h"

__poll_t dsync_poll_blocked(struct dma_buf *dmabuf, __poll_t asked);
void dsync_poll_wake(struct dsync_buf *buf);

/**
 * dsync_poll_dropped() - accesses of a buffer are not held any more: who polls for that is woken
 * @buf: the buffer
 *
 * Context: &dsync_buf.lock held.
 */
static inline void dsync_poll_dropped(struct dsync_buf *buf)
{
	if (READ_ONCE(buf->pollers))
		dsync_poll_wake(buf);
}

#endif /* _DSYNC_POLL_H */
