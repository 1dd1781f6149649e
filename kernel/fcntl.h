/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_FCNTL_H
#define _DSYNC_FCNTL_H

#include <linux/types.h>

struct file;
struct flock;

/* hook.c, or in tree intree.c: how fcntl() gets here. */
void dsync_fcntl_start(void);
void dsync_fcntl_stop(void);

/* fcntl.c */
int dsync_fcntl_setlk(unsigned int fd, struct file *file, unsigned int cmd,
		      struct flock *flock);
int dsync_fcntl_getlk(struct file *file, unsigned int cmd, struct flock *flock);

#endif /* _DSYNC_FCNTL_H */
