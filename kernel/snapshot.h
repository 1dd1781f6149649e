/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_SNAPSHOT_H
#define _DSYNC_SNAPSHOT_H

int dsync_snapshot_start(void);
void dsync_snapshot_stop(void);

#endif /* _DSYNC_SNAPSHOT_H */
