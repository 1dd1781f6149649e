/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_TICKET_H
#define _DSYNC_POSIX_TICKET_H

#include <linux/types.h>

struct dsync_posix;
struct file_lock;

void dsync_posix_ticket_keep(struct dsync_posix *posix, const struct file_lock *fl,
			     u64 number);
u64 dsync_posix_ticket_take(struct dsync_posix *posix, const struct file_lock *fl);
void dsync_posix_ticket_drop(struct dsync_posix *posix);

#endif /* _DSYNC_POSIX_TICKET_H */
