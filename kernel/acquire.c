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
#include "acquire.h"
#include "buf.h"
#include "dmabuf_sync_trace.h"
#include "graph.h"
#include "hold.h"
#include "owner.h"
#include "queue.h"
#include "set.h"
#include "txn.h"

/* Edges of one access that are traced. */
#define TRACE_MAX_EDGES	64

static void trace_edges(struct dsync_access *access, struct dsync_trees *trees, u64 ticket,
			bool queued)
{
	struct dsync_ask ask = dsync_conflict_ask(access, ticket);
	struct dsync_access *other;
	unsigned int nr = 0;

	for (other = dsync_conflict_first(trees, &ask); other && nr++ < TRACE_MAX_EDGES;
	     other = dsync_conflict_next(trees, &ask, other))
		trace_dmabuf_sync_contended(access->buf->ino, access->id,
					    access->set->owner->id, other->id,
					    other->set->owner->id, other->set->owner->kind,
					    other->set->owner->tgid, other->set->tid,
					    queued);
}

static void trace_blocked(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	if (!trace_dmabuf_sync_contended_enabled())
		return;
	dsync_set_for_each(set, access) {
		dsync_buf_lock(access->buf, &flags);
		trace_edges(access, &access->buf->held, U64_MAX, false);
		trace_edges(access, &access->buf->queued, set->ticket, true);
		dsync_buf_unlock(access->buf, flags);
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

static void enqueue_local(struct dsync_set *set, struct dsync_access *blocker)
{
	struct dsync_access *access;

	dsync_queue_draw(set);
	blocker = last_in_line(set, blocker);
	set->state = DSYNC_QUEUED;
	dsync_set_for_each(set, access)
		dsync_buf_insert_queued(access->buf, access);
	dsync_queue_watch(set, blocker);
	dsync_owner_add_waiting(set->owner, set);
}

/* -EBUSY: the buffer is marked, come back with the resv locked. */
static int attempt_locked(struct dsync_set *set, unsigned int how)
{
	struct dsync_access *blocker;
	int ret;

	if (set->state == DSYNC_HELD)
		return 0;
	if (set->accesses[0].buf->marked)
		return -EBUSY;
	blocker = dsync_queue_holder(set);
	set->behind = !blocker;
	if (!blocker && !(how & ATTEMPT_OVERTAKE))
		blocker = dsync_queue_earlier(set);
	if (!blocker) {
		hlist_del_init(&set->watch);
		dsync_hold_local(set);
		return 0;
	}
	if (!(how & ATTEMPT_WAIT))
		return -EAGAIN;
	if (set->state == DSYNC_QUEUED) {
		dsync_queue_watch(set, blocker);
		return -EINPROGRESS;
	}
	ret = dsync_owner_charge_queued(set->owner, set->nr);
	if (ret)
		return ret;
	enqueue_local(set, blocker);
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

/* The first of some accesses of one buffer that is in the way, of those that are held, or queued. */
static struct dsync_access *part_holder(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_access *blocker = NULL;

	if (!access->buf->nr_held)
		return NULL;
	for (; access < end && !blocker; access++)
		blocker = dsync_buf_holder(access->buf, access);
	return blocker;
}

static struct dsync_access *part_earlier(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_access *blocker = NULL;

	if (!access->buf->nr_queued)
		return NULL;
	for (; access < end && !blocker; access++)
		blocker = dsync_buf_earlier(access->buf, access);
	return blocker;
}

/* Mark the buffer, and find out what is in the way of some accesses. */
static enum in_the_way mark_part(struct dsync_set *set, struct dsync_access *access,
				 struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	enum in_the_way way = NOTHING;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	WARN_ON_ONCE(buf->marked && buf->marked != set);
	buf->marked = set;
	if (part_holder(access, end))
		way = HOLDER;
	else if (part_earlier(access, end))
		way = EARLIER;
	dsync_buf_unlock(buf, flags);
	return way;
}

static enum in_the_way mark_all(struct dsync_set *set)
{
	enum in_the_way way = NOTHING;
	struct dsync_access *access, *end;

	dsync_set_for_each_part(set, access, end)
		way = max(way, mark_part(set, access, end));
	return way;
}

static void unmark(struct dsync_buf *buf)
{
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	buf->marked = NULL;
	dsync_queue_unlock(buf, flags);
}

static void unmark_all(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each_buf(set, access)
		unmark(access->buf);
}

/* Watch what is in the way of some accesses, unless it has gone. */
static bool watch_part(struct dsync_set *set, struct dsync_access *access,
		       struct dsync_access *end,
		       struct dsync_access *(*in_the_way)(struct dsync_access *access,
							  struct dsync_access *end))
{
	struct dsync_buf *buf = access->buf;
	struct dsync_access *blocker;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	blocker = in_the_way(access, end);
	if (blocker)
		dsync_queue_watch(set, blocker);
	dsync_buf_unlock(buf, flags);
	return blocker;
}

static bool watch(struct dsync_set *set,
		  struct dsync_access *(*in_the_way)(struct dsync_access *access,
						     struct dsync_access *end))
{
	struct dsync_access *access, *end;

	dsync_set_for_each_part(set, access, end)
		if (watch_part(set, access, end, in_the_way))
			return true;
	return false;
}

static void hold_part(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (; access < end; access++)
		dsync_hold_insert(access);
	dsync_buf_unlock(buf, flags);
}

static void hold_all(struct dsync_set *set)
{
	struct dsync_access *access, *end;

	dsync_set_for_each_part(set, access, end)
		hold_part(access, end);
	dsync_hold_publish(set);
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

	dsync_queue_draw(set);
	set->state = DSYNC_QUEUED;
	dsync_set_for_each_part(set, access, end)
		queue_part(access, end);
	dsync_owner_add_waiting(set->owner, set);
}

/* With all buffers marked. What is in the way can go at any time: it tells the set, then. */
static int attempt_marked(struct dsync_set *set, unsigned int how, enum in_the_way way)
{
	bool blocked = false;
	int ret = -EAGAIN;

	if (way == HOLDER)
		blocked = watch(set, part_holder);
	set->behind = !blocked;
	if (!blocked && way != NOTHING && !(how & ATTEMPT_OVERTAKE))
		blocked = watch(set, part_earlier);
	if (!blocked) {
		hold_all(set);
		return 0;
	}
	if (set->state == DSYNC_QUEUED)
		return -EINPROGRESS;
	if (how & ATTEMPT_WAIT)
		ret = dsync_owner_charge_queued(set->owner, set->nr);
	if (ret) {
		dsync_queue_unwatch(set);
		return ret;
	}
	enqueue_many(set);
	return -EINPROGRESS;
}

static int attempt_many(struct dsync_set *set, unsigned int how)
{
	int ret;

	dsync_queue_unwatch(set);
	ret = attempt_marked(set, how, mark_all(set));
	unmark_all(set);
	return ret;
}

static int attempt(struct dsync_set *set, unsigned int how, bool intr)
{
	struct dsync_txn txn;
	int ret = -EBUSY;

	if (set->local)
		ret = attempt_local(set, how);
	if (ret != -EBUSY)
		return ret;
	ret = dsync_txn_lock(&txn, set, intr);
	if (ret)
		return ret;
	ret = set->local ? attempt_local(set, how) : attempt_many(set, how);
	dsync_txn_unlock(&txn);
	return ret;
}

/* Only earlier requests are in the way of a set whose owner holds something. */
static int attempt_behind(struct dsync_set *set, unsigned int how, bool intr, int ret)
{
	if (!set->behind || !dsync_graph_may_overtake(set))
		return ret;
	return attempt(set, how | ATTEMPT_OVERTAKE, intr);
}

/* The set waits, or would, and its owner holds something. */
static int attempt_again(struct dsync_set *set, unsigned int how, bool intr, bool first,
			 int ret)
{
	ret = attempt_behind(set, how, intr, ret);
	if (first && ret == -EINPROGRESS)
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
 * over, -EAGAIN without @wait, -EDEADLK, -ENOLCK, -ERESTARTSYS. A set that was queued stays
 * so when this fails.
 */
int dsync_acquire(struct dsync_set *set, bool wait, bool intr)
{
	unsigned int how = wait ? ATTEMPT_WAIT : 0;
	bool first = set->state == DSYNC_NEW;
	int ret;

	ret = set_is_held(set) ? 0 : attempt(set, how, intr);
	if ((ret == -EINPROGRESS || ret == -EAGAIN) && dsync_owner_holds(set->owner))
		ret = attempt_again(set, how, intr, first, ret);
	/* A verdict is carried out, whatever the owner holds by now: no search counts the set. */
	if (ret == -EINPROGRESS && test_bit(DSYNC_SET_DOOMED, &set->kicked))
		ret = -EDEADLK;
	if (ret == -EINPROGRESS)
		trace_blocked(set);
	/* What is held now may have closed a cycle, or let somebody overtake. */
	if (!ret && dsync_owner_waits(set->owner))
		dsync_graph_acquired(set);
	return ret;
}
