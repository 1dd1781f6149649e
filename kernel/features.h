/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_FEATURES_H
#define _DSYNC_FEATURES_H

#include <linux/types.h>
#include <uapi/linux/dmabuf_sync.h>

/* What this kernel has and another one has not; whoever has it says so when it starts. */
void dsync_features_add(u64 more);
u64 dsync_features(void);

#endif /* _DSYNC_FEATURES_H */
