/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_FENCE_H
#define _DSYNC_FENCE_H

#include <linux/dma-resv.h>
#include <linux/types.h>

struct dma_fence;
struct dmabuf_sync_after;
struct dsync_access;
struct dsync_set;

/**
 * enum dsync_begin - when the engine begins a job that is committed
 * @DSYNC_BEGINS_AT_ONCE: now, as far as is known
 * @DSYNC_BEGINS_LATER: dsync_fence_began() tells
 */
enum dsync_begin {
	DSYNC_BEGINS_AT_ONCE,
	DSYNC_BEGINS_LATER,
};

enum dma_resv_usage dsync_fence_usage(const struct dsync_access *access);
bool dsync_fence_is_foreign(const struct dsync_access *access, struct dma_fence *fence);

bool dsync_fence_busy(struct dsync_set *set);
int dsync_fence_wait(struct dsync_set *set);
void dsync_fence_look(struct dsync_set *set);
void dsync_fence_wait_stop(struct dsync_set *set);
int dsync_fence_commit(struct dsync_set *set, struct dma_fence *fence, enum dsync_begin begin);
int dsync_fence_commit_after(struct dsync_set *set, struct dma_fence *fence,
			     struct dmabuf_sync_after **after);
void dsync_fence_began(struct dsync_set *set);

#endif /* _DSYNC_FENCE_H */
