// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock operation of a dma-buf's file: drivers/dma-buf/dma-buf.c has it, and asks us while
 * we are there.
 */
#include <linux/dma-buf.h>

#include "features.h"
#include "posix_hook.h"
#include "posix_lock.h"
#include "posix_owner.h"

/**
 * dsync_posix_hook_start() - let dma-buf files ask us
 *
 * Return: 0.
 */
int dsync_posix_hook_start(void)
{
	dma_buf_set_lock_operation(dsync_posix_lock);
	dsync_features_add(DMABUF_SYNC_FEATURE_FCNTL);
	return 0;
}

/**
 * dsync_posix_hook_stop() - leave locks to the VFS again
 *
 * Tasks that sleep for a lock return with ENOLCK. No task is in dsync_posix_lock() afterwards.
 *
 * Context: process context; sleeps.
 */
void dsync_posix_hook_stop(void)
{
	dsync_posix_owner_abort();
	dma_buf_set_lock_operation(NULL);
}
