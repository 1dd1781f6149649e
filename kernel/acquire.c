// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acquisition: one attempt, under the resv of all buffers of the set.
 *
 *	blocked by a held access?		queue (or -EAGAIN)
 *	blocked by an earlier request?		queue (or -EAGAIN), unless it may be overtaken
 *	otherwise				all accesses are held from here on
 *
 * An attempt that has to touch the wait-for graph is made again with the graph locked.
 * request.c makes the attempts one after the other, for a task or for a worker.
 */
#include <linux/ktime.h>

#include "abandon.h"
#include "acquire.h"
#include "buf.h"
#include "dmabuf_sync_trace.h"
#include "fence.h"
#include "graph.h"
#include "owner.h"
#include "queue.h"
#include "set.h"
#include "txn.h"

/* Edges of one access that are traced. */
#define TRACE_MAX_EDGES	64

static void trace_edges(struct dsync_access *access, dsync_next_fn next, bool queued,
			bool deadlock)
{
	struct dsync_owner *owner = access->set->owner, *blocker;
	struct dsync_access *other = NULL;
	unsigned int nr = 0;

	while (nr++ < TRACE_MAX_EDGES &&
	       (other = next(access->buf, access, other))) {
		blocker = other->set->owner;
		if (deadlock)
			trace_dmabuf_sync_deadlock(access->buf->ino, access->id,
						   owner->id, other->id,
						   blocker->id, blocker->kind,
						   blocker->tgid,
						   other->set->tid, queued);
		else
			trace_dmabuf_sync_contended(access->buf->ino,
						    access->id, owner->id,
						    other->id, blocker->id,
						    blocker->kind,
						    blocker->tgid,
						    other->set->tid, queued);
	}
}

static void trace_blocked(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	if (!trace_dmabuf_sync_contended_enabled())
		return;
	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		trace_edges(access, dsync_buf_holder, false, false);
		trace_edges(access, dsync_buf_earlier, true, false);
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
}

static void trace_deadlock(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	if (!trace_dmabuf_sync_deadlock_enabled())
		return;
	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		trace_edges(access, dsync_buf_holder, false, true);
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
}

static void trace_acquired(struct dsync_set *set)
{
	struct dsync_owner *owner = set->owner;
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		trace_dmabuf_sync_acquired(access->buf->ino, access->id,
					   owner->id, owner->kind, owner->tgid,
					   set->tid,
					   access->mode & DMA_BUF_ACCESS_RW,
					   dsync_access_is_dma(access),
					   access->it.start,
					   dsync_access_len(access),
					   set->acquired_ns - set->requested_ns);
}

static void tables_enter(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		if (set->queued)
			dsync_buf_remove_queued(access->buf, access);
		dsync_buf_insert_held(access->buf, access);
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
}

static void tables_leave(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		dsync_buf_remove_held(access->buf, access);
		dsync_queue_kick(access->buf, access, 0);
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
	dsync_owner_sub_held(set->owner, set->nr);
}

/*
 * The owner has other requests that wait. What it acquires now can close a cycle: of holders,
 * or one in which somebody, this owner or another, gets the right to overtake. And the others
 * may have been hidden by this one (queue.c), which is not in their way.
 */
static int holder_waits(struct dsync_set *set)
{
	int ret = dsync_graph_owner_deadlock(set->owner);

	if (ret > 0) {
		trace_deadlock(set);
		ret = -EDEADLK;
	}
	if (!ret)
		ret = dsync_graph_kick_cycle(set->owner);
	if (ret < 0) {
		tables_leave(set);
		return ret;
	}
	dsync_queue_kick_own(set);
	return 0;
}

/*
 * False if nothing was done because the graph must be locked first. Somebody who is queued behind
 * a set that waited is blocked by its owner from here on. Should the owner begin to wait
 * for another set at the same time, then one of the two must see the other:
 *
 *	acquires a set that waited		begins to wait for another one
 *	  owner->entering			  graph
 *	    the owner holds something		    the owner holds something:
 *	    in the tables			    owner->entering: in the tables by now
 *						    walk: finds who is behind that set
 */
static bool set_enter(struct dsync_set *set, bool graph)
{
	bool enter = set->queued && !graph;
	bool held;

	if (enter)
		mutex_lock(&set->owner->entering);
	held = dsync_owner_add_held(set->owner, set, graph);
	if (held) {
		tables_enter(set);
		if (set->queued)
			dsync_owner_del_waiting(set->owner, set);
	}
	if (enter)
		mutex_unlock(&set->owner->entering);
	return held;
}

/* Nothing is in the way: hold everything (invariants 1 and 2). */
static int set_hold(struct dsync_set *set, bool graph, bool *need_graph)
{
	struct dsync_access *access;
	int ret;

	if (!set_enter(set, graph)) {
		*need_graph = true;
		return 0;
	}
	if (graph) {
		ret = holder_waits(set);
		if (ret)
			return ret;
	}

	set->acquired_ns = ktime_get_ns();
	set->state = DSYNC_HELD;
	dsync_set_for_each(set, access)
		access->abandoned = dsync_abandon_check(access->buf->ino,
							access->it.start,
							access->it.last,
							dsync_access_writes(access));
	trace_acquired(set);
	return 0;
}

/* The set is queued and blocked: does that close a cycle of holders, or of requests? */
static int set_closes_cycle(struct dsync_set *set)
{
	int ret = dsync_graph_find_deadlock(set);

	if (ret > 0) {
		trace_deadlock(set);
		return -EDEADLK;
	}
	if (!ret)
		ret = dsync_graph_kick_cycle(set->owner);
	return min(ret, 0);
}

/*
 * 1: earlier requests are in the way. 0: none is, or all may be overtaken. Without
 * holdings the owner is waited for by nobody and may overtake nobody.
 */
static int set_behind(struct dsync_set *set, bool graph, bool *need_graph)
{
	int ret;

	if (!dsync_set_blocked_by(set, dsync_buf_earlier))
		return 0;
	if (!dsync_owner_holds(set->owner))
		return 1;
	if (!graph) {
		*need_graph = true;
		return 1;
	}
	ret = dsync_graph_may_overtake(set);
	return ret < 0 ? ret : !ret;
}

/*
 * A set that cannot be acquired is queued first and looked at once more: what is released
 * before it is queued does not kick it.
 */
static int try_locked(struct dsync_set *set, bool wait, bool graph,
		      bool *need_graph)
{
	bool queued_now = false;
	int ret;

	for (;;) {
		ret = dsync_set_blocked_by(set, dsync_buf_holder);
		if (!ret)
			ret = set_behind(set, graph, need_graph);
		if (ret < 0 || *need_graph)
			return min(ret, 0);
		if (!ret)
			return set_hold(set, graph, need_graph);
		if (!wait)
			return -EAGAIN;
		if (set->queued)
			break;
		if (dsync_queue_is_full(set))
			return -ENOLCK;
		if (!dsync_queue_add(set, graph)) {
			*need_graph = true;
			return 0;
		}
		queued_now = true;
	}

	if (queued_now && graph) {
		ret = set_closes_cycle(set);
		if (ret)
			return ret;
	}
	trace_blocked(set);
	if (!queued_now)
		dsync_queue_pass_on(set);
	return -EINPROGRESS;
}

/**
 * dsync_acquire_try() - one attempt to acquire a set
 * @set: a new set
 * @wait: queue it when it cannot be acquired; else its fences count, too
 * @intr: a pending signal ends the attempt
 *
 * Context: process context; may sleep for the resv of the buffers, not for an access.
 * Return: 0 when the set is held, -EINPROGRESS when it is queued and will be kicked,
 * -EAGAIN without @wait, -EDEADLK, -ENOLCK, -ERESTARTSYS. A set that was queued stays
 * so when this fails.
 */
int dsync_acquire_try(struct dsync_set *set, bool wait, bool intr)
{
	bool need_graph = false;
	struct dsync_txn txn;
	int ret;

	ret = dsync_txn_lock(&txn, set, intr);
	if (ret)
		return ret;

	if (!wait && dsync_fence_busy(set)) {
		ret = -EAGAIN;
		goto unlock;
	}
	ret = try_locked(set, wait, false, &need_graph);
	if (need_graph) {
		need_graph = false;
		dsync_graph_lock();
		ret = try_locked(set, wait, true, &need_graph);
		dsync_graph_unlock();
	}
unlock:
	dsync_txn_unlock(&txn);
	return ret;
}
