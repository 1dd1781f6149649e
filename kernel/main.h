/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_MAIN_H
#define _DSYNC_MAIN_H

#include <linux/types.h>

bool dsync_started(void);

#endif /* _DSYNC_MAIN_H */
