// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook of fcntl(): on a stock kernel, calls of fcntl_setlk() and fcntl_getlk() for dma-bufs
 * continue in posix_fcntl.c instead. These are the last functions on the way that are not inlined.
 */
#include <linux/array_size.h>
#include <linux/fcntl.h>
#include <linux/moduleparam.h>
#include <linux/srcu.h>

#include "features.h"
#include "hook.h"
#include "posix_fcntl.h"
#include "posix_hook.h"
#include "posix_owner.h"
#include "posix_restart.h"

static bool fcntl_wanted = true;
module_param_named(fcntl, fcntl_wanted, bool, 0444);
MODULE_PARM_DESC(fcntl, "let fcntl() lock dma-bufs (default: on)");

DEFINE_STATIC_SRCU(fcntl_srcu);

static int hook_setlk(unsigned int fd, struct file *file, unsigned int cmd,
		      struct flock *flock)
{
	int idx = srcu_read_lock(&fcntl_srcu);
	int ret = dsync_posix_fcntl_setlk(fd, file, cmd, flock);

	srcu_read_unlock(&fcntl_srcu, idx);
	return ret;
}

static int hook_getlk(struct file *file, unsigned int cmd, struct flock *flock)
{
	int idx = srcu_read_lock(&fcntl_srcu);
	int ret = dsync_posix_fcntl_getlk(file, cmd, flock);

	srcu_read_unlock(&fcntl_srcu, idx);
	return ret;
}

static struct dsync_hooks hooks;

static struct dsync_hook functions[] = {
	{ "fcntl_setlk", 1, (unsigned long)hook_setlk, &hooks },
	{ "fcntl_getlk", 0, (unsigned long)hook_getlk, &hooks },
};

static struct dsync_hooks hooks = {
	.list = functions,
	.nr = ARRAY_SIZE(functions),
	.srcu = &fcntl_srcu,
	.state = "off",
	.lost = "fcntl() on dma-bufs",
};

module_param_cb(fcntl_state, &dsync_hook_state_ops, &hooks, 0444);
MODULE_PARM_DESC(fcntl_state, "on, off, or why it is off (read-only)");

/**
 * dsync_posix_hook_start() - let fcntl() come to us, if that is possible and wanted
 *
 * Return: 0, also when it is not possible: all else works.
 */
int dsync_posix_hook_start(void)
{
	if (fcntl_wanted && dsync_hooks_start(&hooks)) {
		dsync_posix_restart("fcntl_setlk");
		dsync_features_add(DMABUF_SYNC_FEATURE_FCNTL);
	}
	return 0;
}

/**
 * dsync_posix_hook_stop() - leave fcntl() to the kernel again
 *
 * Tasks that sleep for a lock return with ENOLCK. No task is in dsync_posix_lock() afterwards;
 * the return from here to the kernel is waited for by dsync_posix_lock_stop().
 *
 * Context: process context; sleeps.
 */
void dsync_posix_hook_stop(void)
{
	dsync_hooks_stop(&hooks, dsync_posix_owner_abort);
}
