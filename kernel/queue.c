// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue: sets that wait, in the order of one global ticket. A set is queued in all its
 * buffers and holds nothing. Whoever takes an access away kicks those that could be
 * acquired now; a kicked set looks for itself, under the resv (acquire.c).
 *
 * Not everybody is kicked. Behind a writer that covers all of the bytes that became free
 * nobody else can be acquired before that writer was, except one that may overtake it or
 * has the same owner; if the writer finds that it must wait on, it kicks those.
 *
 * Each look at a queue takes time in proportion to its length, in part with interrupts off.
 * Therefore the length has a limit.
 */
#include "buf.h"
#include "limit.h"
#include "owner.h"
#include "queue.h"
#include "set.h"

static unsigned int max_queued = 1024;
module_param_cb(max_queued, &dsync_limit_ops, &max_queued, 0644);
MODULE_PARM_DESC(max_queued, "accesses that may wait in one buffer, at least 1");

static atomic64_t last_ticket = ATOMIC64_INIT(0);

/**
 * dsync_queue_is_full() - may the set not wait
 * @set: a set that cannot be acquired now
 *
 * Context: the resv of the set locked.
 * Return: true if max_queued accesses wait already in one of its buffers.
 */
bool dsync_queue_is_full(const struct dsync_set *set)
{
	unsigned int max = READ_ONCE(max_queued);
	const struct dsync_access *access;

	dsync_set_for_each(set, access)
		if (READ_ONCE(access->buf->nr_queued) >= max)
			return true;
	return false;
}

/**
 * dsync_queue_add() - let a set wait
 * @set: a set that cannot be acquired now, and has nothing acquired (invariant 2)
 * @graph: the graph is locked
 *
 * Context: the resv of the set locked.
 * Return: false if nothing was done because the graph must be locked first.
 */
bool dsync_queue_add(struct dsync_set *set, bool graph)
{
	struct dsync_access *access;
	unsigned long flags;

	WARN_ON_ONCE(set->state != DSYNC_NEW);
	if (!set->ticket)
		set->ticket = atomic64_inc_return(&last_ticket);
	if (!dsync_owner_add_waiting(set->owner, set, graph))
		return false;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		dsync_buf_insert_queued(access->buf, access);
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
	return true;
}

/**
 * dsync_queue_remove() - the set gives up
 * @set: a queued set
 *
 * Nobody kicks the set any more when this returns. Those behind it may go on.
 *
 * Context: process context. Needs no resv: requests only become fewer.
 */
void dsync_queue_remove(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		dsync_buf_remove_queued(access->buf, access);
		dsync_queue_kick(access->buf, access, set->ticket);
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
	dsync_owner_del_waiting(set->owner, set);
}

static bool covers(const struct dsync_access *access,
		   const struct dsync_access *gone)
{
	return access->it.start <= gone->it.start &&
	       access->it.last >= gone->it.last;
}

/* The first writer behind which nobody needs to look. */
static u64 first_barrier(struct dsync_buf *buf, struct dsync_access *gone,
			 u64 after)
{
	struct dsync_access *access;
	u64 first = U64_MAX;

	dsync_for_each_overlap(access, &buf->queued[DSYNC_WRITERS],
			       gone->it.start, gone->it.last)
		if (access->set->ticket > after && access->set->ticket < first &&
		    covers(access, gone) && !dsync_buf_holder(buf, access, NULL))
			first = access->set->ticket;
	return first;
}

static void kick_tree(struct dsync_buf *buf, enum dsync_tree tree,
		      struct dsync_access *gone, u64 after, u64 until)
{
	struct dsync_access *access;

	dsync_for_each_overlap(access, &buf->queued[tree], gone->it.start,
			       gone->it.last)
		if (access->set->ticket > after && access->set->ticket <= until &&
		    !dsync_buf_holder(buf, access, NULL))
			dsync_set_kick(access->set);
}

/**
 * dsync_queue_kick() - an access is gone: kick those it was in the way of
 * @buf: its buffer
 * @gone: the access, in no tree any more
 * @after: kick only sets with a later ticket; 0: all
 *
 * A set that another held access is in the way of is left alone: that one's release will
 * kick it.
 *
 * Context: &dsync_buf.lock held; any, hard interrupt included.
 */
void dsync_queue_kick(struct dsync_buf *buf, struct dsync_access *gone, u64 after)
{
	u64 until;

	lockdep_assert_held(&buf->lock);
	until = first_barrier(buf, gone, after);
	kick_tree(buf, DSYNC_WRITERS, gone, after, until);
	if (dsync_access_writes(gone))
		kick_tree(buf, DSYNC_READERS, gone, after, until);
}

/* Those behind @access that need not wait for it: its owner's and, if @all, overtakers. */
static void kick_behind(struct dsync_access *access, enum dsync_tree tree, bool all)
{
	struct dsync_owner *owner = access->set->owner;
	struct dsync_buf *buf = access->buf;
	struct dsync_access *other;

	dsync_for_each_overlap(other, &buf->queued[tree], access->it.start,
			       access->it.last)
		if (other->set->ticket > access->set->ticket &&
		    (other->set->owner == owner ||
		     (all && dsync_owner_holds(other->set->owner))) &&
		    !dsync_buf_holder(buf, other, NULL))
			dsync_set_kick(other->set);
}

/* A set without a ticket was never queued and hid nobody. */
static void kick_hidden(struct dsync_set *set, bool all)
{
	struct dsync_access *access;
	unsigned long flags;

	if (!set->ticket)
		return;
	dsync_set_for_each(set, access) {
		if (!dsync_access_writes(access))
			continue;
		spin_lock_irqsave(&access->buf->lock, flags);
		kick_behind(access, DSYNC_WRITERS, all);
		kick_behind(access, DSYNC_READERS, all);
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
}

/**
 * dsync_queue_kick_own() - a set is held now: kick whom it hid and does not exclude
 * @set: a held set
 *
 * Context: process context.
 */
void dsync_queue_kick_own(struct dsync_set *set)
{
	kick_hidden(set, false);
}

/**
 * dsync_queue_pass_on() - a kicked set must wait on: kick whom it hid
 * @set: a queued set
 *
 * Context: process context.
 */
void dsync_queue_pass_on(struct dsync_set *set)
{
	kick_hidden(set, true);
}
