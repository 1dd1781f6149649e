// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes fcntl_setlk() as a live patch does, so that nobody else can, and changes nothing.
 */
#include <linux/ftrace.h>
#include <linux/module.h>

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
	unsigned char name[] = "fcntl_setlk";
	int ret = ftrace_set_filter(&taker_ops, name, sizeof(name) - 1, 1);

	return ret ?: register_ftrace_function(&taker_ops);
}

static void __exit taker_exit(void)
{
	unregister_ftrace_function(&taker_ops);
	ftrace_free_filter(&taker_ops);
}

module_init(taker_init);
module_exit(taker_exit);

MODULE_DESCRIPTION("Takes fcntl_setlk() from dmabuf-sync");
MODULE_LICENSE("GPL");
