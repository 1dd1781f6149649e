/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_LIMIT_H
#define _DSYNC_LIMIT_H

#include <linux/moduleparam.h>

extern const struct kernel_param_ops dsync_limit_ops;

#endif /* _DSYNC_LIMIT_H */
