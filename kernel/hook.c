// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks: on a stock kernel, calls of some functions for dma-bufs continue here instead. File
 * operations of dma-bufs are constant. ftrace can make a function continue elsewhere
 * (FTRACE_OPS_FL_IPMODIFY, what live patches are made of): one user at a time.
 *
 * Where that is not possible, for any reason, all else works; parameters say so.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "hook.h"

static int state_get(char *buffer, const struct kernel_param *kp)
{
	const struct dsync_hooks *hooks = kp->arg;

	return sysfs_emit(buffer, "%s\n", READ_ONCE(hooks->state));
}

static int state_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

const struct kernel_param_ops dsync_hook_state_ops = {
	.get = state_get,
	.set = state_set,
};

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) && defined(CONFIG_64BIT)

/* Of all dma-bufs, learnt from one. */
static const struct file_operations *dma_buf_fops;

/* What a replacement calls itself is the kernel's own. */
static void notrace hook_redirect(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	struct dsync_hook *hook = container_of(ops, struct dsync_hook, ops);
	struct file *file;

	/* Nothing in here can be traced, so there is no recursion; unregistering waits for it. */
	preempt_disable_notrace();
	file = (struct file *)ftrace_regs_get_argument(fregs, hook->file_arg);
	if (file->f_op == dma_buf_fops && READ_ONCE(hook->hooks->open) &&
	    !within_module_mem_type(parent_ip, THIS_MODULE, MOD_TEXT))
		ftrace_regs_set_instruction_pointer(fregs, hook->replacement);
	preempt_enable_notrace();
}

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

	if (dma_buf_fops)
		return 0;
	info.ops = &probe_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = &dma_buf_fops;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	dma_buf_fops = dmabuf->file->f_op;
	/* Now, not when this task returns to user space: the module may be gone by then. */
	__fput_sync(dmabuf->file);
	return 0;
}

/* PERMANENT: ftrace is not switched off (kernel.ftrace_enabled) while we depend on it. */
static int hook_on(struct dsync_hook *hook)
{
	int ret;

	hook->ops.func = hook_redirect;
	hook->ops.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
	ret = ftrace_set_filter(&hook->ops, (unsigned char *)hook->name,
				strlen(hook->name), 1);
	if (!ret)
		ret = register_ftrace_function(&hook->ops);
	if (ret)
		ftrace_free_filter(&hook->ops);
	return ret;
}

static void hooks_off(struct dsync_hooks *hooks)
{
	struct dsync_hook *hook;

	while (hooks->nr_on) {
		hook = &hooks->list[--hooks->nr_on];
		unregister_ftrace_function(&hook->ops);
		ftrace_free_filter(&hook->ops);
	}
}

static int hooks_on(struct dsync_hooks *hooks)
{
	int ret = 0;

	while (!ret && hooks->nr_on < hooks->nr) {
		ret = hook_on(&hooks->list[hooks->nr_on]);
		if (!ret)
			hooks->nr_on++;
	}
	if (ret)
		hooks_off(hooks);
	else
		WRITE_ONCE(hooks->open, true);
	return ret;
}

static const char *hooks_try(struct dsync_hooks *hooks)
{
	if (fops_learn())
		return "unavailable: no dma-buf to learn from";
	switch (hooks_on(hooks)) {
	case 0:
		return "on";
	case -EBUSY:
		return "unavailable: ftrace is off, or a live patch or other module is there";
	case -EINVAL:
		return "unavailable: this kernel has no such function to replace";
	default:
		return "unavailable: ftrace refused";
	}
}

static void hooks_close(struct dsync_hooks *hooks, void (*abort)(void))
{
	if (!hooks->nr_on)
		return;
	WRITE_ONCE(hooks->open, false);
	hooks_off(hooks);
	/* Who was redirected is behind srcu_read_lock() after this, or out. */
	synchronize_rcu_tasks();
	if (abort)
		abort();
	synchronize_srcu(hooks->srcu);
}

#else

static const char *hooks_try(struct dsync_hooks *hooks)
{
	return "unavailable: a 64-bit kernel with CONFIG_DYNAMIC_FTRACE_WITH_ARGS is needed";
}

static void hooks_close(struct dsync_hooks *hooks, void (*abort)(void))
{
}

#endif

/**
 * dsync_hooks_start() - replace functions, if that is possible
 * @hooks: the functions; &dsync_hooks.state tells what has become of it
 *
 * Context: process context; sleeps. One caller at a time.
 * Return: true if so; else the kernel log says why not.
 */
bool dsync_hooks_start(struct dsync_hooks *hooks)
{
	const char *state = hooks_try(hooks);
	bool on = !strcmp(state, "on");

	WRITE_ONCE(hooks->state, state);
	if (!on)
		pr_warn("dmabuf_sync: %s is left to the kernel (%s); all else works\n",
			hooks->lost, state);
	return on;
}

/**
 * dsync_hooks_stop() - the functions are the kernel's own again
 * @hooks: the functions, replaced or not
 * @abort: makes replacements return that sleep, or NULL
 *
 * No task is in a replacement afterwards. The last instructions of one may still run: what is
 * stopped next (posix_lock.c) waits for that.
 *
 * Context: process context; sleeps.
 */
void dsync_hooks_stop(struct dsync_hooks *hooks, void (*abort)(void))
{
	WRITE_ONCE(hooks->state, "off");
	hooks_close(hooks, abort);
}
