/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_LEASE_H
#define _DSYNC_POSIX_LEASE_H

struct dsync_posix;

void dsync_posix_lease_start(void);
int dsync_posix_lease_tell(struct dsync_posix *posix);

#endif /* _DSYNC_POSIX_LEASE_H */
