// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hook: on a stock kernel, calls of fcntl_setlk() and fcntl_getlk() for dma-bufs continue in
 * posix_fcntl.c instead. File operations of dma-bufs are constant and these are the last functions
 * on the way that are not inlined. ftrace can make a function continue elsewhere
 * (FTRACE_OPS_FL_IPMODIFY, what live patches are made of): one user at a time.
 *
 * Without it, for any reason, everything but fcntl() works; fcntl_state says so.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/srcu.h>

#include "posix_fcntl.h"
#include "posix_hook.h"
#include "posix_owner.h"
#include "posix_restart.h"

static bool fcntl_wanted = true;
module_param_named(fcntl, fcntl_wanted, bool, 0444);
MODULE_PARM_DESC(fcntl, "let fcntl() lock dma-bufs (default: on)");

static const char *hook_state = "off";

static int state_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", READ_ONCE(hook_state));
}

static int state_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static const struct kernel_param_ops state_ops = {
	.get = state_get,
	.set = state_set,
};
module_param_cb(fcntl_state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(fcntl_state, "on, off, or why it is off (read-only)");

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) && defined(CONFIG_64BIT)

/* Of all dma-bufs, learnt from one. */
static const struct file_operations *dma_buf_fops;

/* Whoever was redirected: unloading waits until they are out. */
DEFINE_STATIC_SRCU(hook_srcu);

/* All functions are ours: nobody is redirected by one of them alone. */
static bool hook_open;

static int hook_setlk(unsigned int fd, struct file *file, unsigned int cmd,
		      struct flock *flock)
{
	int idx = srcu_read_lock(&hook_srcu);
	int ret = dsync_posix_fcntl_setlk(fd, file, cmd, flock);

	srcu_read_unlock(&hook_srcu, idx);
	return ret;
}

static int hook_getlk(struct file *file, unsigned int cmd, struct flock *flock)
{
	int idx = srcu_read_lock(&hook_srcu);
	int ret = dsync_posix_fcntl_getlk(file, cmd, flock);

	srcu_read_unlock(&hook_srcu, idx);
	return ret;
}

/**
 * struct hook - a function and what replaces it
 * @ops: for ftrace
 * @name: the function
 * @file_arg: which of its arguments is the file
 * @replacement: with the same arguments
 */
struct hook {
	struct ftrace_ops ops;
	const char *name;
	unsigned int file_arg;
	unsigned long replacement;
};

static void notrace hook_redirect(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	struct hook *hook = container_of(ops, struct hook, ops);
	struct file *file;

	/* Nothing in here can be traced, so there is no recursion; unregistering waits for it. */
	preempt_disable_notrace();
	file = (struct file *)ftrace_regs_get_argument(fregs, hook->file_arg);
	if (file->f_op == dma_buf_fops && READ_ONCE(hook_open))
		ftrace_regs_set_instruction_pointer(fregs, hook->replacement);
	preempt_enable_notrace();
}

/* PERMANENT: ftrace is not switched off (kernel.ftrace_enabled) while we depend on it. */
#define HOOK(function, arg, new) {					\
	.ops = {							\
		.func = hook_redirect,					\
		.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT, \
	},								\
	.name = function,						\
	.file_arg = arg,						\
	.replacement = (unsigned long)(new),				\
}

static struct hook hooks[] = {
	HOOK("fcntl_setlk", 1, hook_setlk),
	HOOK("fcntl_getlk", 0, hook_getlk),
};

static unsigned int nr_hooked;

static struct sg_table *probe_map(struct dma_buf_attachment *attachment,
				  enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void probe_unmap(struct dma_buf_attachment *attachment,
			struct sg_table *table, enum dma_data_direction dir)
{
}

static void probe_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops probe_ops = {
	.map_dma_buf	= probe_map,
	.unmap_dma_buf	= probe_unmap,
	.release	= probe_release,
};

/* A dma-buf that nobody else sees tells the file operations of all. */
static int fops_learn(void)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = &probe_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = hooks;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	dma_buf_fops = dmabuf->file->f_op;
	/* Now, not when this task returns to user space: the module may be gone by then. */
	__fput_sync(dmabuf->file);
	return 0;
}

static int hook_on(struct hook *hook)
{
	int ret;

	ret = ftrace_set_filter(&hook->ops, (unsigned char *)hook->name,
				strlen(hook->name), 1);
	if (!ret)
		ret = register_ftrace_function(&hook->ops);
	if (ret)
		ftrace_free_filter(&hook->ops);
	return ret;
}

static void hooks_off(void)
{
	while (nr_hooked) {
		unregister_ftrace_function(&hooks[--nr_hooked].ops);
		ftrace_free_filter(&hooks[nr_hooked].ops);
	}
}

static int hooks_on(void)
{
	int ret = 0;

	while (!ret && nr_hooked < ARRAY_SIZE(hooks)) {
		ret = hook_on(&hooks[nr_hooked]);
		if (!ret)
			nr_hooked++;
	}
	if (ret)
		hooks_off();
	else
		WRITE_ONCE(hook_open, true);
	return ret;
}

static const char *hooks_start(void)
{
	int ret = fops_learn();

	if (ret)
		return "unavailable: no dma-buf to learn from";
	switch (hooks_on()) {
	case 0:
		dsync_posix_restart("fcntl_setlk");
		return "on";
	case -EBUSY:
		return "unavailable: ftrace is off, or a live patch or other module is there";
	case -EINVAL:
		return "unavailable: this kernel has no fcntl_setlk or fcntl_getlk to replace";
	default:
		return "unavailable: ftrace refused";
	}
}

static void hooks_stop(void)
{
	if (!nr_hooked)
		return;
	WRITE_ONCE(hook_open, false);
	hooks_off();
	/* Who was redirected is behind srcu_read_lock() after this, or out. */
	synchronize_rcu_tasks();
	dsync_posix_owner_abort();
	synchronize_srcu(&hook_srcu);
}

#else

static const char *hooks_start(void)
{
	return "unavailable: a 64-bit kernel with CONFIG_DYNAMIC_FTRACE_WITH_ARGS is needed";
}

static void hooks_stop(void)
{
}

#endif

/**
 * dsync_posix_hook_start() - let fcntl() come to us, if that is possible and wanted
 *
 * Return: 0, also when it is not possible: all else works.
 */
int dsync_posix_hook_start(void)
{
	const char *state = "off";

	if (fcntl_wanted)
		state = hooks_start();
	WRITE_ONCE(hook_state, state);
	if (fcntl_wanted && strcmp(state, "on"))
		pr_warn("dmabuf_sync: fcntl() on dma-bufs is left to the kernel (%s); all else works\n",
			state);
	return 0;
}

/**
 * dsync_posix_hook_stop() - leave fcntl() to the kernel again
 *
 * Tasks that sleep for a lock return with ENOLCK. No task is in dsync_posix_lock() afterwards;
 * the return from here to the kernel is waited for by dsync_posix_lock_stop().
 *
 * Context: process context; sleeps.
 */
void dsync_posix_hook_stop(void)
{
	WRITE_ONCE(hook_state, "off");
	hooks_stop();
}

/**
 * dsync_posix_hook_is_on() - does fcntl() come to us
 *
 * Context: any.
 * Return: true if so.
 */
bool dsync_posix_hook_is_on(void)
{
	return !strcmp(READ_ONCE(hook_state), "on");
}
