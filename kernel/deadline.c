// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines of queued requests. Nobody sleeps for such a request, so a timer watches the time; a
 * worker takes the request out of the queue, since others wait behind it whether its user looks
 * or not.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/timekeeping.h>

#include "context.h"
#include "deadline.h"
#include "request.h"

/* Not before the deadline, and soon behind it. */
static void deadline_arm(struct dsync_deadline *deadline)
{
	s64 left = ktime_to_ns(ktime_sub(deadline->at, ktime_get()));

	mod_timer(&deadline->timer,
		  jiffies + (left > 0 ? min_t(u64, nsecs_to_jiffies64(left) + 1, MAX_JIFFY_OFFSET) : 0));
}

static void deadline_passed(struct timer_list *timer)
{
	struct dsync_deadline *deadline = container_of(timer, struct dsync_deadline, timer);
	struct dsync_entry *entry = (struct dsync_entry *)(deadline + 1);

	if (ktime_before(ktime_get(), deadline->at))
		deadline_arm(deadline);
	else
		dsync_request_late(&entry->set);
}

/**
 * dsync_deadline_init() - an entry is new
 * @entry: with room for a deadline, or without
 */
void dsync_deadline_init(struct dsync_entry *entry)
{
	struct dsync_deadline *deadline = dsync_deadline_of(entry);

	if (deadline)
		timer_setup(&deadline->timer, deadline_passed, 0);
}

/**
 * dsync_deadline_start() - a queued request is to give up at a time
 * @entry: its entry, with room for that; it has not ended, &dsync_context.lock is held
 * @deadline: CLOCK_MONOTONIC
 */
void dsync_deadline_start(struct dsync_entry *entry, ktime_t deadline)
{
	struct dsync_deadline *own = dsync_deadline_of(entry);

	lockdep_assert_held(&entry->context->lock);
	own->at = deadline;
	deadline_arm(own);
}

/**
 * dsync_deadline_stop() - a request has ended
 * @entry: its entry, which has ended
 *
 * Context: process context; sleeps no longer than the timer runs.
 */
void dsync_deadline_stop(struct dsync_entry *entry)
{
	struct dsync_deadline *deadline = dsync_deadline_of(entry);

	if (deadline)
		timer_delete_sync(&deadline->timer);
}
