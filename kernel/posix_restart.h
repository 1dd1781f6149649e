/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_RESTART_H
#define _DSYNC_POSIX_RESTART_H

void dsync_posix_restart(const char *function);

#endif /* _DSYNC_POSIX_RESTART_H */
