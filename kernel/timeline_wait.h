/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TIMELINE_WAIT_H
#define _DSYNC_TIMELINE_WAIT_H

#include <linux/types.h>

struct dmabuf_sync_wait;
struct dsync_points;
struct file;

int dsync_timeline_wait(struct file *file, struct dsync_points *points,
			struct dmabuf_sync_wait *arg);

#endif /* _DSYNC_TIMELINE_WAIT_H */
