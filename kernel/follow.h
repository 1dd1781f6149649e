/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_FOLLOW_H
#define _DSYNC_FOLLOW_H

struct dmabuf_sync_after;
struct dsync_set;

int dsync_follow_collect(struct dsync_set *set, struct dmabuf_sync_after **after);

#endif /* _DSYNC_FOLLOW_H */
