/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_DEADLINE_H
#define _DSYNC_DEADLINE_H

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/time_namespace.h>

/**
 * dsync_deadline_to_host() - a time of the caller's CLOCK_MONOTONIC, as one of the kernel's
 * @deadline: the time in the caller's time namespace
 *
 * timens_ktime_to_host() does that, but modules cannot call it.
 *
 * Return: the time. One before the boot has passed as that of the boot has, and one that no
 * clock reaches stays the latest.
 */
static inline ktime_t dsync_deadline_to_host(ktime_t deadline)
{
	struct timespec64 offset = {};
	s64 host;

	timens_add_monotonic(&offset);
	if (check_sub_overflow(deadline, timespec64_to_ktime(offset), &host))
		return KTIME_MAX;
	return max(host, 0);
}

#endif /* _DSYNC_DEADLINE_H */
