/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_SETFD_H
#define _DSYNC_SETFD_H

#include <linux/types.h>

struct dsync_context;
struct file;

struct file *dsync_setfd_open(const struct dsync_context *asker, unsigned int flags);
void dsync_setfd_withdraw(struct file *file);

#endif /* _DSYNC_SETFD_H */
