/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_LEASE_H
#define _DSYNC_LEASE_H

#include <linux/types.h>

struct dsync_access;
struct dsync_buf;
struct dsync_owner;
struct dsync_set;

int dsync_lease_begin(struct dsync_set *set);
void dsync_lease_watched(struct dsync_access *access);
void dsync_lease_ready(struct dsync_set *set);
void dsync_lease_stop(struct dsync_buf *buf);
void dsync_lease_inherit(struct dsync_set *set);
void dsync_lease_share(struct dsync_set *set, const struct dsync_set *other);
void dsync_lease_over(struct dsync_set *set);
unsigned int dsync_lease_ms(const struct dsync_owner *owner);

#endif /* _DSYNC_LEASE_H */
