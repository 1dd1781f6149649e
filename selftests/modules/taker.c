// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes a function as a live patch does, so that nobody else can, and changes nothing.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/string.h>

static char *function = "fcntl_setlk";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "which one");

static void notrace taker_func(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops taker_ops = {
	.func = taker_func,
	.flags = FTRACE_OPS_FL_IPMODIFY,
};

static int __init taker_init(void)
{
	int ret = ftrace_set_filter(&taker_ops, (unsigned char *)function,
				    strlen(function), 1);

	return ret ?: register_ftrace_function(&taker_ops);
}

static void __exit taker_exit(void)
{
	unregister_ftrace_function(&taker_ops);
	ftrace_free_filter(&taker_ops);
}

module_init(taker_init);
module_exit(taker_exit);

MODULE_DESCRIPTION("Takes functions from dmabuf-sync");
MODULE_LICENSE("GPL");
