/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TXN_H
#define _DSYNC_TXN_H

#include <linux/dma-resv.h>
#include <linux/ww_mutex.h>

struct dsync_set;

/**
 * struct dsync_txn - the buffers of a set, locked
 * @set: whose buffers
 * @ctx: acquire context; unused when the set has one resv only
 * @use_ctx: @ctx is initialized
 */
struct dsync_txn {
	struct dsync_set *set;
	struct ww_acquire_ctx ctx;
	bool use_ctx;
};

int dsync_txn_lock(struct dsync_txn *txn, struct dsync_set *set, bool intr);
void dsync_txn_unlock(struct dsync_txn *txn);
bool dsync_txn_is_mine(struct dma_resv *resv);

#endif /* _DSYNC_TXN_H */
