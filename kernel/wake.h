/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_WAKE_H
#define _DSYNC_WAKE_H

#include <linux/types.h>
#include <linux/wait.h>

bool dsync_wake_is_quick(struct wait_queue_head *wait);

#endif /* _DSYNC_WAKE_H */
