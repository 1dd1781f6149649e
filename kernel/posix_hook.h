/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POSIX_HOOK_H
#define _DSYNC_POSIX_HOOK_H

/* How fcntl() gets to dsync_posix_lock(): posix_hook_ftrace.c or, in tree, posix_hook_intree.c. */
int dsync_posix_hook_start(void);
void dsync_posix_hook_stop(void);

#endif /* _DSYNC_POSIX_HOOK_H */
