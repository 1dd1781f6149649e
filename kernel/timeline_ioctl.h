/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TIMELINE_IOCTL_H
#define _DSYNC_TIMELINE_IOCTL_H

#include <linux/types.h>

/* Of struct dmabuf_sync_timeline in the first release. */
#define DSYNC_TIMELINE_SIZE_V0	24

struct dmabuf_sync_acquire;
struct dsync_points;
struct file;

int dsync_timeline_ioctl_create(void __user *user);
struct dsync_points *dsync_timeline_ioctl_points(const struct dmabuf_sync_acquire *arg);
long dsync_timeline_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* _DSYNC_TIMELINE_IOCTL_H */
