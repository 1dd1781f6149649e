/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_LIMIT_H
#define _DSYNC_LIMIT_H

#include <linux/atomic.h>
#include <linux/moduleparam.h>

extern const struct kernel_param_ops dsync_limit_ops;

int dsync_limit_charge(atomic_t *count, unsigned int max, unsigned int nr);

#endif /* _DSYNC_LIMIT_H */
