// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook of poll(): on a stock kernel, the poll operation of dma-buf files continues here, asks
 * for accesses and then goes on.
 */
#include <linux/dma-buf.h>
#include <linux/moduleparam.h>
#include <linux/poll.h>
#include <linux/srcu.h>

#include "features.h"
#include "hook.h"
#include "poll.h"
#include "poll_hook.h"

static bool poll_wanted = true;
module_param_named(poll, poll_wanted, bool, 0444);
MODULE_PARM_DESC(poll, "let poll() of dma-bufs wait for accesses (default: on)");

DEFINE_STATIC_SRCU(poll_srcu);

/* The kernel is asked for what accesses let pass, and only once who polls is in the queue. */
static __poll_t poll_rest(struct file *file, struct poll_table_struct *table)
{
	struct dma_buf *dmabuf = file->private_data;
	poll_table rest = {};

	poll_wait(file, &dmabuf->poll, table);
	rest._key = poll_requested_events(table);
	rest._key &= ~dsync_poll_blocked(dmabuf, rest._key);
	return file->f_op->poll(file, &rest);
}

static __poll_t hook_poll(struct file *file, struct poll_table_struct *table)
{
	int idx = srcu_read_lock(&poll_srcu);
	__poll_t events = poll_rest(file, table);

	srcu_read_unlock(&poll_srcu, idx);
	return events;
}

static struct dsync_hooks hooks;

static struct dsync_hook function = {
	"dma_buf_poll", 0, (unsigned long)hook_poll, &hooks
};

static struct dsync_hooks hooks = {
	.list = &function,
	.nr = 1,
	.srcu = &poll_srcu,
	.state = "off",
	.lost = "poll() of dma-bufs",
};

module_param_cb(poll_state, &dsync_hook_state_ops, &hooks, 0444);
MODULE_PARM_DESC(poll_state, "on, off, or why it is off (read-only)");

/**
 * dsync_poll_hook_start() - let poll() of dma-bufs come to us, if that is possible and wanted
 *
 * Return: 0, also when it is not possible: all else works.
 */
int dsync_poll_hook_start(void)
{
	if (poll_wanted && dsync_hooks_start(&hooks))
		dsync_features_add(DMABUF_SYNC_FEATURE_POLL);
	return 0;
}

/**
 * dsync_poll_hook_stop() - leave poll() to the kernel again
 *
 * Context: process context; sleeps.
 */
void dsync_poll_hook_stop(void)
{
	dsync_hooks_stop(&hooks, NULL);
}
