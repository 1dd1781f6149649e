/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ACQUIRE_H
#define _DSYNC_ACQUIRE_H

#include <linux/types.h>

struct dsync_set;

int dsync_acquire(struct dsync_set *set, bool wait, bool intr);

#endif /* _DSYNC_ACQUIRE_H */
