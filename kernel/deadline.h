/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_DEADLINE_H
#define _DSYNC_DEADLINE_H

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/time_namespace.h>
#include <linux/timer.h>

#include "entry.h"

/**
 * struct dsync_deadline - when a queued request gives up
 * @timer: goes off then, or before: a timer reaches some days
 * @at: CLOCK_MONOTONIC
 *
 * It lies in front of the entry, in the same object, where dsync_entry_get() was asked for that.
 */
struct dsync_deadline {
	struct timer_list timer;
	ktime_t at;
};

#define DSYNC_DEADLINE_ROOM	sizeof(struct dsync_deadline)

/* Of an entry with room for one; else NULL. */
static inline struct dsync_deadline *dsync_deadline_of(struct dsync_entry *entry)
{
	if (entry->set.head == offsetof(struct dsync_entry, set))
		return NULL;
	return (struct dsync_deadline *)entry - 1;
}

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

void dsync_deadline_init(struct dsync_entry *entry);
void dsync_deadline_start(struct dsync_entry *entry, ktime_t deadline);
void dsync_deadline_stop(struct dsync_entry *entry);

#endif /* _DSYNC_DEADLINE_H */
