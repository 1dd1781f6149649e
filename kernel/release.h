/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_RELEASE_H
#define _DSYNC_RELEASE_H

#include <linux/types.h>

struct dsync_set;

void dsync_release(struct dsync_set *set);
bool dsync_release_any(struct dsync_set *set);
void dsync_release_abandoned(struct dsync_set *set);
void dsync_release_untold(struct dsync_set *set);
void dsync_release_unready(struct dsync_set *set);
void dsync_release_job(struct dsync_set *set);

#endif /* _DSYNC_RELEASE_H */
