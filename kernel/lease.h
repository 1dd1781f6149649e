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
unsigned long dsync_lease_first(unsigned long a, unsigned long b);
void dsync_lease_pass(const struct dsync_set *from, struct dsync_set *to);
void dsync_lease_review(struct dsync_set *set);
void dsync_lease_inherit(struct dsync_set *set, unsigned long since);
bool dsync_lease_is_over(const struct dsync_owner *owner, unsigned long since);
unsigned int dsync_lease_ms(const struct dsync_owner *owner);

#endif /* _DSYNC_LEASE_H */
