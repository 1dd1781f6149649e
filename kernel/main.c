// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf-sync: starts and stops the parts.
 */
#include <linux/kernel.h>
#include <linux/module.h>

#include "buf.h"
#include "compat/compat.h"
#include "context.h"
#include "effort.h"
#include "features.h"
#include "main.h"
#include "owner.h"
#include "poll_hook.h"
#include "posix_hook.h"
#include "posix_lock.h"
#include "snapshot.h"
#include "user.h"
#include "work.h"

/*
 * In the order of their start; they are stopped the other way round. The device is the last:
 * as soon as it is there somebody opens it, and relies on all the rest. And nothing may fail
 * after it: an open file does not keep a module whose start failed.
 */
static const struct {
	int (*start)(void);
	void (*stop)(void);
} parts[] = {
	{ dsync_owner_start, NULL },
	{ dsync_user_start, dsync_user_stop },
	{ dsync_buf_start, dsync_buf_stop },
	{ dsync_work_start, dsync_work_stop },
	{ dsync_effort_start, dsync_effort_stop },
	{ dsync_snapshot_start, dsync_snapshot_stop },
	{ dsync_posix_lock_start, dsync_posix_lock_stop },
	{ dsync_posix_hook_start, dsync_posix_hook_stop },
	{ dsync_poll_hook_start, dsync_poll_hook_stop },
	{ dsync_context_start, dsync_context_stop },
};

static bool started;
static u64 features;

/**
 * dsync_features_add() - this kernel has a feature
 * @more: DMABUF_SYNC_FEATURE_... bits
 *
 * Context: the start of a part.
 */
void dsync_features_add(u64 more)
{
	features |= more;
}

/**
 * dsync_features() - what this kernel has
 *
 * Context: any, once the device is there.
 * Return: DMABUF_SYNC_FEATURE_... bits.
 */
u64 dsync_features(void)
{
	return features;
}

/**
 * dsync_started() - are all parts there
 *
 * Return: true from the end of the start to the beginning of the stop.
 */
bool dsync_started(void)
{
	return READ_ONCE(started);
}

static void parts_stop(unsigned int nr)
{
	while (nr--)
		if (parts[nr].stop)
			parts[nr].stop();
}

static int __init dsync_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		ret = parts[i].start();
		if (ret) {
			parts_stop(i);
			return ret;
		}
	}
	WRITE_ONCE(started, true);
	return 0;
}

static void __exit dsync_exit(void)
{
	WRITE_ONCE(started, false);
	parts_stop(ARRAY_SIZE(parts));
}

subsys_initcall(dsync_init);
module_exit(dsync_exit);

MODULE_DESCRIPTION("Access control for dma-buf");
MODULE_LICENSE("GPL");
DMABUF_SYNC_IMPORT_NS_DMA_BUF;
