// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holding: a set's accesses enter the buffers' trees of held ones, and leave them.
 */
#include <linux/irqflags.h>
#include <linux/ktime.h>

#include "abandon.h"
#include "buf.h"
#include "hold.h"
#include "owner.h"
#include "poll.h"
#include "queue.h"
#include "set.h"
#include "trace_access.h"

static void trace_acquired(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		dsync_trace_acquired(access, set->acquired_ns - set->requested_ns);
}

/**
 * dsync_hold_insert() - one access of a set is held from here on
 * @access: the access; nothing is in its way
 *
 * Context: &dsync_buf.lock held; for sets of more than one access the buffer marked, or all of
 * them inserted in one critical section.
 */
void dsync_hold_insert(struct dsync_access *access)
{
	struct dsync_buf *buf = access->buf;

	if (access->set->state == DSYNC_QUEUED)
		dsync_buf_remove_queued(buf, access);
	dsync_buf_insert_held(buf, access);
	access->marks = dsync_abandon_look(access);
	access->set->marks |= access->marks;
}

/**
 * dsync_hold_publish() - all accesses of a set were inserted
 * @set: the set, new or queued; it is held from here on
 *
 * Context: any.
 */
void dsync_hold_publish(struct dsync_set *set)
{
	bool queued = set->state == DSYNC_QUEUED;
	bool waited = queued || set->has_points;

	WRITE_ONCE(set->acquired_ns, waited ? ktime_get_ns() : set->requested_ns);
	dsync_owner_add_held(set->owner, set->nr);
	if (queued)
		dsync_owner_del_waiting(set->owner, set);
	if (trace_dmabuf_sync_acquired_enabled())
		trace_acquired(set);
	/* Pairs with smp_load_acquire() of the task that waits for it. */
	smp_store_release(&set->state, DSYNC_HELD);
}

/**
 * dsync_hold_local() - hold a local set
 * @set: the set; nothing is in its way
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_hold_local(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		dsync_hold_insert(access);
	dsync_hold_publish(set);
}

static void drop_part(struct dsync_access *access, struct dsync_access *end, bool later)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (; access < end; access++) {
		dsync_buf_remove_held(buf, access);
		dsync_queue_wake_watchers(access);
	}
	dsync_poll_dropped(buf);
	if (later)
		dsync_queue_unlock_later(buf, flags);
	else
		dsync_queue_unlock(buf, flags);
}

/**
 * dsync_hold_drop() - the accesses of a set are not held any more
 * @set: the set
 *
 * With interrupts off only what waits for a local set is looked at here: what waits for several
 * buffers would add up.
 *
 * Context: any, hard interrupt and &dma_fence.lock included.
 */
void dsync_hold_drop(struct dsync_set *set)
{
	bool later = !set->local && irqs_disabled();
	struct dsync_access *access, *end;

	dsync_set_for_each_part(set, access, end)
		drop_part(access, end, later);
	dsync_owner_sub_held(set->owner, set->nr);
}
