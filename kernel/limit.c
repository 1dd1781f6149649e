// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: module parameters that count something and cannot be 0, with which nothing would
 * work any more.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/printk.h>

#include "limit.h"

static int limit_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint_minmax(val, kp, 1, UINT_MAX);

	if (ret == -EINVAL)
		pr_err("dmabuf_sync: %s must be at least 1\n", kp->name);
	return ret;
}

/* For module_param_cb() of an unsigned int. */
const struct kernel_param_ops dsync_limit_ops = {
	.set = limit_set,
	.get = param_get_uint,
};
