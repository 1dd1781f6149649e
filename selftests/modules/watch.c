// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf_sync_watch.ko: how long interrupts are off. A timer ticks on each processor, in hard
 * interrupt; a tick that comes late was held off by what ran there. See dmabuf_sync_watch.h.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>

#include <asm/irq_regs.h>

#include "../../kernel/compat/drivers.h"
#include "dmabuf_sync_watch.h"

/* The interrupt's own frames, and enough of what it interrupted. */
#define WATCH_FRAMES	24

/**
 * struct watch_cpu - what one processor's timer saw
 * @timer: ticks
 * @ticks: so often
 * @lost: periods that were skipped because a tick was late
 * @late_ns: the latest tick since the last read
 * @nr_frames: entries of @frames
 * @frames: the stack at that tick
 */
struct watch_cpu {
	struct hrtimer timer;
	u64 ticks;
	u64 lost;
	u64 late_ns;
	unsigned int nr_frames;
	unsigned long frames[WATCH_FRAMES];
};

static DEFINE_PER_CPU(struct watch_cpu, watch_cpus);
static atomic_t watch_opened = ATOMIC_INIT(0);
static DEFINE_MUTEX(watch_mutex);
static u64 watch_period_ns;

/*
 * Interrupts are on in user mode, and soon again in an idle processor: what is late there is the
 * machine itself, if it is an emulated one.
 */
static bool watch_counts(void)
{
	struct pt_regs *regs = get_irq_regs();

	return !(regs && user_mode(regs)) && !is_idle_task(current);
}

static enum hrtimer_restart watch_tick(struct hrtimer *timer)
{
	struct watch_cpu *w = container_of(timer, struct watch_cpu, timer);
	u64 late_ns = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(timer)));

	if (late_ns > w->late_ns && watch_counts()) {
		w->late_ns = late_ns;
		w->nr_frames = stack_trace_save(w->frames, WATCH_FRAMES, 0);
	}
	w->ticks++;
	w->lost += hrtimer_forward_now(timer, ns_to_ktime(watch_period_ns)) - 1;
	return HRTIMER_RESTART;
}

static void watch_arm(void *unused)
{
	struct watch_cpu *w = this_cpu_ptr(&watch_cpus);

	hrtimer_start(&w->timer, ns_to_ktime(watch_period_ns), HRTIMER_MODE_REL_PINNED_HARD);
}

/* On the processor itself, so that no tick comes in between. */
static void watch_reset(void *unused)
{
	struct watch_cpu *w = this_cpu_ptr(&watch_cpus);

	w->ticks = 0;
	w->lost = 0;
	w->late_ns = 0;
	w->nr_frames = 0;
}

static void watch_stop(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_cancel(&per_cpu(watch_cpus, cpu).timer);
}

static int watch_start(const struct dsw_start *args)
{
	if (args->period_ns < DSW_MIN_PERIOD_NS || args->period_ns > DSW_MAX_PERIOD_NS)
		return -EINVAL;
	watch_stop();
	watch_period_ns = args->period_ns;
	on_each_cpu(watch_reset, NULL, 1);
	on_each_cpu(watch_arm, NULL, 1);
	return 0;
}

/* "function < caller < ...", without the frames of the interrupt itself. */
static void watch_describe(const struct watch_cpu *w, char *text, size_t size)
{
	unsigned int i, len = 0, first = 0;
	char name[16];

	for (i = 0; i < w->nr_frames; i++) {
		snprintf(name, sizeof(name), "%ps", (void *)w->frames[i]);
		if (strstarts(name, "asm_"))
			first = i + 1;
	}
	text[0] = '\0';
	for (i = first; i < w->nr_frames && len < size; i++)
		len += scnprintf(text + len, size - len, "%s%ps", len ? " < " : "",
				 (void *)w->frames[i]);
}

static void watch_read(struct dsw_read *args)
{
	const struct watch_cpu *w, *latest = NULL;
	unsigned int cpu;

	memset(args, 0, sizeof(*args));
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		w = &per_cpu(watch_cpus, cpu);
		args->ticks += READ_ONCE(w->ticks);
		args->lost += READ_ONCE(w->lost);
		if (latest && READ_ONCE(w->late_ns) <= args->late_ns)
			continue;
		args->late_ns = READ_ONCE(w->late_ns);
		args->cpu = cpu;
		latest = w;
	}
	if (latest)
		watch_describe(latest, args->where, sizeof(args->where));
	cpus_read_unlock();
	on_each_cpu(watch_reset, NULL, 1);
}

static long watch_ioctl_start(void __user *user)
{
	struct dsw_start args;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	return watch_start(&args);
}

static long watch_ioctl_read(void __user *user)
{
	struct dsw_read args;

	if (!watch_period_ns)
		return -ENODATA;
	watch_read(&args);
	return copy_to_user(user, &args, sizeof(args)) ? -EFAULT : 0;
}

static long watch_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;
	long ret = -ENOTTY;

	if (mutex_lock_interruptible(&watch_mutex))
		return -EINTR;
	if (cmd == DSW_START)
		ret = watch_ioctl_start(user);
	else if (cmd == DSW_READ)
		ret = watch_ioctl_read(user);
	mutex_unlock(&watch_mutex);
	return ret;
}

static int watch_open(struct inode *inode, struct file *file)
{
	if (atomic_cmpxchg(&watch_opened, 0, 1))
		return -EBUSY;
	return nonseekable_open(inode, file);
}

static int watch_close(struct inode *inode, struct file *file)
{
	watch_stop();
	watch_period_ns = 0;
	atomic_set(&watch_opened, 0);
	return 0;
}

static const struct file_operations watch_fops = {
	.owner = THIS_MODULE,
	.open = watch_open,
	.release = watch_close,
	.unlocked_ioctl = watch_ioctl,
};

static struct miscdevice watch_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabuf_sync_watch",
	.fops = &watch_fops,
	.mode = 0600,
};

static int __init watch_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_setup(&per_cpu(watch_cpus, cpu).timer, watch_tick, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_HARD);
	return misc_register(&watch_device);
}

static void __exit watch_exit(void)
{
	misc_deregister(&watch_device);
}

module_init(watch_init);
module_exit(watch_exit);
MODULE_DESCRIPTION("How long interrupts are off, for the tests of dmabuf-sync");
MODULE_LICENSE("GPL");
