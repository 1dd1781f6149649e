/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_FENCE_H
#define _DSYNC_FENCE_H

#include <linux/types.h>

struct dma_fence;
struct dsync_set;

bool dsync_fence_busy(struct dsync_set *set);
int dsync_fence_wait(struct dsync_set *set);
void dsync_fence_look(struct dsync_set *set);
void dsync_fence_wait_stop(struct dsync_set *set);
int dsync_fence_commit(struct dsync_set *set, struct dma_fence *fence);

#endif /* _DSYNC_FENCE_H */
