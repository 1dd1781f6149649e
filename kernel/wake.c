// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wake-ups of readers and pollers, of whom anybody who has a file can have any number.
 */
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "wake.h"

/* More than so many are not woken with interrupts off. */
#define MAX_WOKEN	8

/**
 * dsync_wake_is_quick() - are there only a few to be woken
 * @wait: where they wait
 *
 * A few tasks, each for itself: who sleeps, and who polls, says who it is. Others (epoll) may
 * have any number of waiters of their own.
 *
 * Context: any.
 * Return: true if so; else a worker is to wake them.
 */
bool dsync_wake_is_quick(struct wait_queue_head *wait)
{
	struct wait_queue_entry *entry;
	unsigned int nr = 0;
	unsigned long flags;
	bool quick = true;

	spin_lock_irqsave(&wait->lock, flags);
	list_for_each_entry(entry, &wait->head, entry) {
		quick = entry->private && ++nr <= MAX_WOKEN;
		if (!quick)
			break;
	}
	spin_unlock_irqrestore(&wait->lock, flags);
	return quick;
}
