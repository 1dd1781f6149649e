/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_QUEUE_H
#define _DSYNC_QUEUE_H

#include <linux/types.h>

struct dsync_access;
struct dsync_buf;
struct dsync_set;

bool dsync_queue_is_full(const struct dsync_set *set);
bool dsync_queue_add(struct dsync_set *set, bool graph);
void dsync_queue_remove(struct dsync_set *set);
void dsync_queue_kick(struct dsync_buf *buf, struct dsync_access *gone, u64 after);
void dsync_queue_kick_own(struct dsync_set *set);
void dsync_queue_pass_on(struct dsync_set *set);

#endif /* _DSYNC_QUEUE_H */
