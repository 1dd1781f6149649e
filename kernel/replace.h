/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_REPLACE_H
#define _DSYNC_REPLACE_H

#include <linux/types.h>

struct list_head;

void dsync_replace(struct list_head *olds, struct list_head *news, bool abandoned);

#endif /* _DSYNC_REPLACE_H */
