/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_FCNTL_H
#define _DSYNC_POSIX_FCNTL_H

struct file;
struct flock;

int dsync_posix_fcntl_setlk(unsigned int fd, struct file *file, unsigned int cmd,
			    struct flock *flock);
int dsync_posix_fcntl_getlk(struct file *file, unsigned int cmd, struct flock *flock);

#endif /* _DSYNC_POSIX_FCNTL_H */
