// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: module parameters that bound a count. They cannot be 0, with which nothing would work any
 * more.
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

/**
 * dsync_limit_charge() - count more of something, unless that is too much
 * @count: how many there are
 * @max: how many there may be
 * @nr: how many more
 *
 * Context: any.
 * Return: 0, or -ENOLCK: nothing was counted, not even for a moment.
 */
int dsync_limit_charge(atomic_t *count, unsigned int max, unsigned int nr)
{
	int old = atomic_read(count);

	do {
		if ((unsigned int)old > max || nr > max - old)
			return -ENOLCK;
	} while (!atomic_try_cmpxchg(count, &old, old + nr));
	return 0;
}
