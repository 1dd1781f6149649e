/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel/drivers/ needs on kernels older than the newest. Goes away with 6.12.
 */
#ifndef _DMABUF_SYNC_COMPAT_DRIVERS_H
#define _DMABUF_SYNC_COMPAT_DRIVERS_H

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/version.h>

/* 6.13: hrtimer_setup() takes the function, 6.15 removed hrtimer_init(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

/* 6.14: a created worker does not run yet, kthread_run_worker() starts it. */
#ifndef kthread_run_worker
#define kthread_run_worker kthread_create_worker
#endif

#endif /* _DMABUF_SYNC_COMPAT_DRIVERS_H */
