// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf-sync: starts and stops the parts.
 */
#include <linux/module.h>

#include "buf.h"
#include "compat/compat.h"
#include "context.h"
#include "fcntl.h"
#include "main.h"
#include "posix.h"
#include "set.h"
#include "snapshot.h"

static bool started;

/**
 * dsync_started() - are all parts there
 *
 * Return: true from the end of the start to the beginning of the stop.
 */
bool dsync_started(void)
{
	return READ_ONCE(started);
}

static int __init dsync_init(void)
{
	int ret;

	ret = dsync_buf_start();
	if (ret)
		return ret;
	ret = dsync_set_start();
	if (ret)
		goto stop_buf;
	ret = dsync_context_start();
	if (ret)
		goto stop_set;
	ret = dsync_posix_start();
	if (ret)
		goto stop_context;
	dsync_snapshot_start();
	WRITE_ONCE(started, true);
	dsync_fcntl_start();
	return 0;

stop_context:
	dsync_context_stop();
stop_set:
	dsync_set_stop();
stop_buf:
	dsync_buf_stop();
	return ret;
}

static void __exit dsync_exit(void)
{
	dsync_fcntl_stop();
	WRITE_ONCE(started, false);
	dsync_posix_stop();
	dsync_snapshot_stop();
	dsync_context_stop();
	dsync_set_stop();
	dsync_buf_stop();
}

subsys_initcall(dsync_init);
module_exit(dsync_exit);

MODULE_DESCRIPTION("Access control for dma-buf");
MODULE_LICENSE("GPL");
DMABUF_SYNC_IMPORT_NS_DMA_BUF;
