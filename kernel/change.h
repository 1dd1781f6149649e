/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CHANGE_H
#define _DSYNC_CHANGE_H

#include <linux/types.h>

struct dma_buf;
struct dmabuf_sync_change;
struct dsync_entry;
struct dsync_set;
struct file;

/**
 * struct dsync_change - a call that changes a set
 * @file: the context
 * @old: the set's entry, engaged
 * @new: what comes in its place, its set filled and pinned
 * @arg: what the call is to do, checked
 * @status: where the answer goes
 */
struct dsync_change {
	struct file *file;
	struct dsync_entry *old;
	struct dsync_entry *new;
	const struct dmabuf_sync_change *arg;
	u32 __user *status;
};

bool dsync_change_has(const struct dsync_set *set, const struct dma_buf *dmabuf);
int dsync_change_make(struct dsync_change *change);

#endif /* _DSYNC_CHANGE_H */
