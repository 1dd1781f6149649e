/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_HOLD_H
#define _DSYNC_HOLD_H

struct dsync_access;
struct dsync_set;

void dsync_hold_insert(struct dsync_access *access);
void dsync_hold_publish(struct dsync_set *set);
void dsync_hold_local(struct dsync_set *set);
void dsync_hold_drop(struct dsync_set *set);

#endif /* _DSYNC_HOLD_H */
