// SPDX-License-Identifier: GPL-2.0-only
/*
 * The poll operation of a dma-buf's file: drivers/dma-buf/dma-buf.c has it, and asks us while
 * we are there.
 */
#include <linux/dma-buf.h>

#include "features.h"
#include "poll.h"
#include "poll_hook.h"

/**
 * dsync_poll_hook_start() - let dma-buf files ask us
 *
 * Return: 0.
 */
int dsync_poll_hook_start(void)
{
	dma_buf_set_poll_operation(dsync_poll_blocked);
	dsync_features_add(DMABUF_SYNC_FEATURE_POLL);
	return 0;
}

/**
 * dsync_poll_hook_stop() - leave poll() to dma-buf again
 *
 * No task is in dsync_poll_blocked() afterwards.
 *
 * Context: process context; sleeps.
 */
void dsync_poll_hook_stop(void)
{
	dma_buf_set_poll_operation(NULL);
}
