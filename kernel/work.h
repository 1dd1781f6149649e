/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_WORK_H
#define _DSYNC_WORK_H

#include <linux/types.h>

struct dsync_set;
struct work_struct;

int dsync_work_start(void);
void dsync_work_stop(void);

bool dsync_work_request(struct dsync_set *set);
bool dsync_work_release(struct work_struct *work);
bool dsync_work_revoke(struct work_struct *work);
bool dsync_work_serve(struct work_struct *work);
bool dsync_work_wake(struct work_struct *work);

#endif /* _DSYNC_WORK_H */
