/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_FCNTL_H
#define _DSYNC_FCNTL_H

/* How fcntl() gets to posix.c. */
int dsync_fcntl_start(void);
void dsync_fcntl_stop(void);

#endif /* _DSYNC_FCNTL_H */
