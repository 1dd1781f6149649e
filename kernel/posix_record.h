/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_RECORD_H
#define _DSYNC_POSIX_RECORD_H

#include <linux/types.h>

#include "posix_held.h"

struct dsync_posix;
struct dsync_set;
struct file_lock;

void dsync_posix_record_init(struct dsync_posix *posix);
bool dsync_posix_record_covers(struct dsync_posix *posix, const struct file_lock *fl);
int dsync_posix_record_lock(struct dsync_posix *posix, struct file_lock *fl,
			    struct dsync_set *set);
int dsync_posix_record_drop(struct dsync_posix *posix, struct dsync_posix_range range);
int dsync_posix_record_unlock(struct dsync_posix *posix, struct file_lock *fl);
void dsync_posix_record_sync(struct dsync_posix *posix, struct file *file);
void dsync_posix_record_forget(struct dsync_posix *posix);

#endif /* _DSYNC_POSIX_RECORD_H */
