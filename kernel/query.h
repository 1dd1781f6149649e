/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_QUERY_H
#define _DSYNC_QUERY_H

#include <linux/compiler_types.h>

/* Size of struct dmabuf_sync_query in the first release. */
#define DSYNC_QUERY_SIZE_V0	80

int dsync_query(void __user *user);

#endif /* _DSYNC_QUERY_H */
