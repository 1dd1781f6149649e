/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_HOOK_H
#define _DSYNC_HOOK_H

struct file;
struct flock;

/* fcntl.c: what the hook makes of calls for dma-bufs. */
int dsync_fcntl_setlk(unsigned int fd, struct file *file, unsigned int cmd,
		      struct flock *flock);
int dsync_fcntl_getlk(struct file *file, unsigned int cmd, struct flock *flock);

#endif /* _DSYNC_HOOK_H */
