// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acquisition: one attempt.
 *
 *	a held access is in the way		wait (or -EAGAIN)
 *	an earlier request is in the way	wait (or -EAGAIN), unless it may be overtaken
 *	otherwise				all accesses are held from here on
 *
 * A local set, of one buffer and few accesses, is checked and entered in one critical section of
 * that buffer's lock. Any other set locks the resv of its buffers through an acquire context and
 * marks the buffers: nobody else enters a marked buffer, so that it can go from one to the next.
 * A local set that meets the mark takes the resv, too. Accesses leave the tables at any time.
 *
 * request.c makes the attempts one after the other, for a task or for a worker.
 */
#include <linux/err.h>

#include "acquire.h"
#include "buf.h"
#include "fence.h"
#include "graph.h"
#include "hold.h"
#include "lease.h"
#include "line.h"
#include "overtake.h"
#include "owner.h"
#include "queue.h"
#include "set.h"
#include "trace_access.h"
#include "txn.h"

/* Edges of one access that are traced with its buffer locked, and how often it is locked. */
#define TRACE_EDGES	16
#define TRACE_SECTIONS	4

/* Some of the edges of an access, in one section. */
static void trace_some(struct dsync_access *access, struct dsync_trees *trees,
		       const struct dsync_ask *ask, struct dsync_cursor *cursor)
{
	bool queued = trees == &access->buf->queued;
	struct dsync_access *other;
	unsigned int nr = 0;
	unsigned long flags;

	dsync_buf_lock(access->buf, &flags);
	while (nr++ < TRACE_EDGES && !dsync_buf_spent(access->buf)) {
		other = dsync_conflict_scan(trees, ask, cursor, DSYNC_MAX_STEPS);
		if (IS_ERR_OR_NULL(other))
			break;
		dsync_conflict_mark(cursor, other);
		dsync_trace_contended(access, other, queued);
	}
	dsync_buf_unlock(access->buf, flags);
}

static void trace_edges(struct dsync_access *access, struct dsync_trees *trees, u64 ticket)
{
	struct dsync_ask ask = dsync_conflict_ask(access, ticket);
	struct dsync_cursor cursor = {};
	unsigned int sections = 0;

	while (!cursor.over && sections++ < TRACE_SECTIONS)
		trace_some(access, trees, &ask, &cursor);
}

static noinline void trace_blocked(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access) {
		trace_edges(access, &access->buf->held, U64_MAX);
		trace_edges(access, &access->buf->queued, set->ticket);
	}
}

/* How an attempt is made. */
#define ATTEMPT_WAIT		BIT(0)	/* queue the set if it cannot be acquired */
#define ATTEMPT_OVERTAKE	BIT(1)	/* earlier requests are not in the way */

static bool set_is_held(const struct dsync_set *set)
{
	/* Pairs with smp_store_release() in dsync_hold_publish(). */
	return smp_load_acquire(&set->state) == DSYNC_HELD;
}

/*
 * The request that was queued last is watched if it can be: so a crowd is a chain. Whoever may
 * overtake watches what is held as long as something is, to look when only requests are left.
 */
static struct dsync_access *last_in_line(struct dsync_set *set, struct dsync_access *blocker)
{
	struct dsync_access *tail = blocker->buf->tail, *access;

	if (!tail || tail->set->owner == set->owner || tail->set->ticket > set->ticket ||
	    dsync_owner_holds(set->owner))
		return blocker;
	dsync_set_for_each(set, access)
		if (dsync_conflict_between(access, tail))
			return tail;
	return blocker;
}

/* A set came back with a ticket from before: who has asked for earlier requests asks again. */
static void note_return(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each_buf(set, access)
		atomic_inc(&access->buf->nr_returned);
}

/* Return: what is to be watched, of which @blocker is one; -EAGAIN if it is not known. */
static struct dsync_access *enqueue_local(struct dsync_set *set, struct dsync_access *blocker)
{
	bool returns = set->ticket;
	struct dsync_access *access;

	dsync_queue_draw(set);
	if (!IS_ERR(blocker))
		blocker = last_in_line(set, blocker);
	WRITE_ONCE(set->state, DSYNC_QUEUED);
	dsync_set_for_each(set, access)
		dsync_buf_insert_queued(access->buf, access);
	if (returns)
		note_return(set);
	dsync_owner_add_waiting(set->owner, set);
	return blocker;
}

/* What is in the way of a local set; -EAGAIN when it takes longer to know. */
static struct dsync_access *local_blocker(struct dsync_set *set, unsigned int how)
{
	struct dsync_access *blocker = dsync_queue_holder(set);

	set->behind = !blocker;
	if (blocker || how & ATTEMPT_OVERTAKE || !set->accesses[0].buf->nr_queued)
		return blocker;
	dsync_line_begin(set);
	return dsync_line_earlier(set, set->accesses + set->nr);
}

/*
 * -EBUSY: the buffer is marked, come back with the resv locked. -EALREADY: the set is queued, drop
 * the lock and go on.
 */
static int attempt_locked(struct dsync_set *set, unsigned int how)
{
	struct dsync_access *blocker;
	int ret;

	if (set->state == DSYNC_HELD)
		return 0;
	if (set->accesses[0].buf->marked)
		return -EBUSY;
	blocker = local_blocker(set, how);
	if (!blocker) {
		if (set->state == DSYNC_QUEUED)
			list_del_init(&set->watch);
		dsync_hold_local(set);
		return 0;
	}
	if (!(how & ATTEMPT_WAIT))
		return -EAGAIN;
	if (set->state == DSYNC_NEW) {
		ret = dsync_owner_charge_queued(set->owner, set->nr);
		if (ret)
			return ret;
		blocker = enqueue_local(set, blocker);
	}
	if (IS_ERR(blocker))
		return -EALREADY;
	dsync_queue_watch(set, blocker);
	return -EINPROGRESS;
}

static int attempt_local(struct dsync_set *set, unsigned int how)
{
	struct dsync_buf *buf = set->accesses[0].buf;
	unsigned long flags;
	int ret;

	dsync_buf_lock(buf, &flags);
	ret = attempt_locked(set, how);
	dsync_buf_unlock(buf, flags);
	return ret;
}

/* What is in the way of a set of several buffers. */
enum in_the_way {
	NOTHING,
	EARLIER,	/* only earlier requests */
	HOLDER,
};

/* The first held access that is in the way of some accesses of one buffer. */
static struct dsync_access *part_holder(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_access *blocker = NULL;

	if (!access->buf->nr_held)
		return NULL;
	for (; access < end && !blocker; access++)
		blocker = dsync_buf_holder(access->buf, access);
	return blocker;
}

/*
 * Mark the buffer, and find out what is in the way of some accesses. @way says what is in that of
 * those before: if anything, it was not asked for all earlier requests, and is not any more.
 */
static enum in_the_way mark_part(struct dsync_set *set, struct dsync_access *access,
				 struct dsync_access *end, enum in_the_way way)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	WARN_ON_ONCE(buf->marked && buf->marked != set);
	buf->marked = set;
	if (part_holder(access, end))
		way = HOLDER;
	else if (way == NOTHING && dsync_line_earlier(set, end))
		way = EARLIER;
	dsync_buf_unlock(buf, flags);
	return way;
}

static enum in_the_way mark_all(struct dsync_set *set)
{
	enum in_the_way way = NOTHING;
	struct dsync_access *access, *end;

	dsync_line_begin(set);
	dsync_set_for_each_part(set, access, end)
		way = mark_part(set, access, end, way);
	/* One that came back before its buffer was marked may stand where it was asked already. */
	if (set->state == DSYNC_QUEUED && dsync_line_begin(set) && way == NOTHING)
		way = EARLIER;
	return way;
}

/* What it has kept waiting is served when nothing is locked: dsync_queue_serve(). */
static void unmark(struct dsync_buf *buf)
{
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	buf->marked = NULL;
	dsync_buf_unlock(buf, flags);
}

static void unmark_all(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each_buf(set, access)
		unmark(access->buf);
}

/* Watch the held access that is in the way of some accesses, unless it has gone. */
static bool watch_holder_of_part(struct dsync_set *set, struct dsync_access *access,
				 struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	struct dsync_access *holder;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	holder = part_holder(access, end);
	if (holder)
		dsync_queue_watch(set, holder);
	dsync_buf_unlock(buf, flags);
	return holder;
}

static bool watch_holder(struct dsync_set *set)
{
	struct dsync_access *access, *end;

	dsync_set_for_each_part(set, access, end)
		if (watch_holder_of_part(set, access, end))
			return true;
	return false;
}

/* The same for an earlier request: -EINPROGRESS if there is one, -EALREADY if it takes longer. */
static int watch_earlier_of_part(struct dsync_set *set, struct dsync_access *access,
				 struct dsync_access *end)
{
	struct dsync_access *earlier;
	unsigned long flags;

	dsync_buf_lock(access->buf, &flags);
	earlier = dsync_line_earlier(set, end);
	if (!IS_ERR_OR_NULL(earlier))
		dsync_queue_watch(set, earlier);
	dsync_buf_unlock(access->buf, flags);
	if (IS_ERR(earlier))
		return -EALREADY;
	return earlier ? -EINPROGRESS : 0;
}

static int watch_earlier(struct dsync_set *set)
{
	struct dsync_access *access, *end;
	int ret = 0;

	dsync_set_for_each_part(set, access, end) {
		ret = watch_earlier_of_part(set, access, end);
		if (ret)
			break;
	}
	return ret;
}

static bool is_last_of_buf(const struct dsync_set *set, const struct dsync_access *end)
{
	return end == set->accesses + set->nr || end->first & DSYNC_FIRST_OF_BUF;
}

/*
 * The mark of a buffer goes with the last access there: what enters now finds them held. Those of
 * the other buffers stay, so that nothing comes in the way there. But not if the set was queued: a
 * search would take it for one that still waits.
 */
static void hold_part(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	struct dsync_set *set = access->set;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (; access < end; access++)
		dsync_hold_insert(access);
	if (set->state == DSYNC_NEW && is_last_of_buf(set, end))
		buf->marked = NULL;
	dsync_buf_unlock(buf, flags);
}

static void hold_all(struct dsync_set *set)
{
	struct dsync_access *access, *end;

	dsync_set_for_each_part(set, access, end)
		hold_part(access, end);
	dsync_hold_publish(set);
	/* Whoever searches looks at the state: it is to be seen before others of the owner wait. */
	smp_mb();
}

static void queue_part(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (; access < end; access++)
		dsync_buf_insert_queued(buf, access);
	dsync_buf_unlock(buf, flags);
}

static void enqueue_many(struct dsync_set *set)
{
	struct dsync_access *access, *end;
	bool returns = set->ticket;

	dsync_queue_draw(set);
	WRITE_ONCE(set->state, DSYNC_QUEUED);
	dsync_set_for_each_part(set, access, end)
		queue_part(access, end);
	if (returns)
		note_return(set);
	dsync_owner_add_waiting(set->owner, set);
}

/*
 * With all buffers marked, which they stay unless a new set is held then. What is in the way can
 * go at any time: it tells the set, then. -EALREADY: the set is queued, unlock and go on.
 */
static int attempt_marked(struct dsync_set *set, unsigned int how, enum in_the_way way)
{
	int ret = 0, error;

	if (way == HOLDER && watch_holder(set))
		ret = -EINPROGRESS;
	set->behind = !ret;
	if (!ret && way != NOTHING && !(how & ATTEMPT_OVERTAKE))
		ret = watch_earlier(set);
	if (!ret) {
		hold_all(set);
		return 0;
	}
	if (set->state == DSYNC_QUEUED)
		return ret;
	error = how & ATTEMPT_WAIT ? dsync_owner_charge_queued(set->owner, set->nr) : -EAGAIN;
	if (error) {
		dsync_queue_unwatch(set);
		return error;
	}
	enqueue_many(set);
	return ret;
}

static int attempt_many(struct dsync_set *set, unsigned int how)
{
	bool queued = set->state == DSYNC_QUEUED;
	int ret;

	dsync_queue_unwatch(set);
	ret = attempt_marked(set, how, mark_all(set));
	if (ret || queued)
		unmark_all(set);
	return ret;
}

static void serve_all(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each_buf(set, access)
		dsync_queue_serve(access->buf);
}

/* With the resv of all buffers locked. */
static noinline int attempt_txn(struct dsync_set *set, unsigned int how, bool intr)
{
	struct dsync_txn txn;
	int ret;

	ret = dsync_txn_lock(&txn, set, intr);
	if (ret)
		return ret;
	ret = set->local ? attempt_local(set, how) : attempt_many(set, how);
	if (!ret)
		dsync_fence_look(set);
	dsync_txn_unlock(&txn);
	if (!set->local)
		serve_all(set);
	return ret;
}

static int attempt_once(struct dsync_set *set, unsigned int how, bool intr)
{
	int ret = set->local ? attempt_local(set, how) : -EBUSY;

	return ret == -EBUSY ? attempt_txn(set, how, intr) : ret;
}

/* It is asked who came earlier, in pieces, with nothing locked in between. */
static int attempt(struct dsync_set *set, unsigned int how, bool intr)
{
	int ret = attempt_once(set, how, intr);

	while (ret == -EALREADY) {
		cond_resched();
		if (!set->local)
			dsync_line_scan(set);
		ret = attempt_once(set, how, intr);
	}
	return ret;
}

/* Only earlier requests are in the way of a set whose owner holds something. */
static noinline int attempt_behind(struct dsync_set *set, unsigned int how, bool intr, int ret)
{
	struct dsync_past past;

	if (!set->behind || !dsync_overtake_may(set, &past) ||
	    dsync_lease_is_over(set->owner, past.wanted))
		return ret;
	ret = attempt(set, how | ATTEMPT_OVERTAKE, intr);
	/* What the owner has had of it for so long it has still. */
	if (!ret) {
		WRITE_ONCE(set->acquired_ns, min(set->acquired_ns, past.acquired_ns));
		dsync_lease_inherit(set, past.wanted);
	}
	return ret;
}

/* The set waits, or would, and its owner holds something. */
static int attempt_again(struct dsync_set *set, unsigned int how, bool intr, bool first,
			 int ret)
{
	ret = attempt_behind(set, how, intr, ret);
	if (ret == -EINPROGRESS && (first || test_bit(DSYNC_SET_UNSURE, &set->kicked)))
		dsync_graph_queued(set);
	return ret;
}

/**
 * dsync_acquire() - one attempt to acquire a set
 * @set: a new set, or one that is queued and was kicked, or handed over
 * @wait: queue it when it cannot be acquired
 * @intr: a pending signal ends the attempt
 *
 * Context: process context; may sleep for the resv of the buffers, not for an access.
 * Return: 0 when the set is held, -EINPROGRESS when it is queued and will be kicked or handed
 * over, -EAGAIN without @wait, -EDEADLK, -ENOLCK, -ENOMEM, -ERESTARTSYS. A set that was queued
 * stays so when this fails.
 */
int dsync_acquire(struct dsync_set *set, bool wait, bool intr)
{
	unsigned int how = wait ? ATTEMPT_WAIT : 0;
	bool first = READ_ONCE(set->state) == DSYNC_NEW;
	int ret;

	ret = set_is_held(set) ? 0 : attempt(set, how, intr);
	if ((ret == -EINPROGRESS || ret == -EAGAIN) && dsync_owner_holds(set->owner))
		ret = attempt_again(set, how, intr, first, ret);
	/* A verdict is carried out, whatever the owner holds by now: no search counts the set. */
	if (ret == -EINPROGRESS && test_bit(DSYNC_SET_DOOMED, &set->kicked))
		ret = -EDEADLK;
	if (ret == -EINPROGRESS && trace_dmabuf_sync_contended_enabled())
		trace_blocked(set);
	if (ret == -EINPROGRESS && dsync_lease_begin(set))
		ret = -ENOMEM;
	/* What is held now may have closed a cycle, or let somebody overtake. */
	if (!ret && dsync_owner_waits(set->owner))
		dsync_graph_acquired(set);
	return ret;
}
