/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_HOOK_H
#define _DSYNC_HOOK_H

#include <linux/ftrace.h>
#include <linux/moduleparam.h>
#include <linux/srcu.h>
#include <linux/types.h>

/* On a stock kernel, functions that are called with the file of a dma-buf continue here. */

struct dsync_hooks;

/**
 * struct dsync_hook - a function and what replaces it
 * @name: the function
 * @file_arg: which of its arguments is the file
 * @replacement: with the same arguments; all it does is between srcu_read_lock() of
 *	&dsync_hooks.srcu and srcu_read_unlock()
 * @hooks: those that go together
 * @ops: for ftrace
 */
struct dsync_hook {
	const char *name;
	unsigned int file_arg;
	unsigned long replacement;
	struct dsync_hooks *hooks;
	struct ftrace_ops ops;
};

/**
 * struct dsync_hooks - functions that are replaced together, or not at all
 * @list: the functions
 * @nr: how many
 * @srcu: whoever was redirected: unloading waits until they are out
 * @nr_on: of them ftrace knows so many
 * @open: all are ours: nobody is redirected by one of them alone
 * @state: "on", "off", or why it is off
 * @lost: what is left to the kernel without them, for people
 */
struct dsync_hooks {
	struct dsync_hook *list;
	unsigned int nr;
	struct srcu_struct *srcu;
	unsigned int nr_on;
	bool open;
	const char *state;
	const char *lost;
};

/* A parameter that shows &dsync_hooks.state. */
extern const struct kernel_param_ops dsync_hook_state_ops;

bool dsync_hooks_start(struct dsync_hooks *hooks);
void dsync_hooks_stop(struct dsync_hooks *hooks, void (*abort)(void));

#endif /* _DSYNC_HOOK_H */
