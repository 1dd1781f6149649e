/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_LOCK_H
#define _DSYNC_POSIX_LOCK_H

struct file;
struct file_lock;

int dsync_posix_lock_start(void);
void dsync_posix_lock_stop(void);
int dsync_posix_lock(struct file *file, int cmd, struct file_lock *fl);

#endif /* _DSYNC_POSIX_LOCK_H */
