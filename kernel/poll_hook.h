/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POLL_HOOK_H
#define _DSYNC_POLL_HOOK_H

/*
 * How poll() of a dma-buf gets to dsync_poll_blocked(): poll_hook_ftrace.c or, in tree,
 * poll_hook_intree.c.
 */
int dsync_poll_hook_start(void);
void dsync_poll_hook_stop(void);

#endif /* _DSYNC_POLL_HOOK_H */
