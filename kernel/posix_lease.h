/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_LEASE_H
#define _DSYNC_POSIX_LEASE_H

#include <linux/types.h>

struct dsync_posix;
struct dsync_set;

bool dsync_posix_lease_expire(struct dsync_set *set);
bool dsync_posix_lease_revoke(struct dsync_set *set);
int dsync_posix_lease_tell(struct dsync_posix *posix);

#endif /* _DSYNC_POSIX_LEASE_H */
