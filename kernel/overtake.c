// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overtaking: a set may be acquired before earlier requests that wait, over any number of edges,
 * for the set's owner. To queue it behind them would be a deadlock (invariant 4).
 *
 * It is in the way of those it overtakes, as what they wait for is. So it takes over the lease of
 * that (lease.c), whatever bytes it is of; else an owner that takes turns with itself would keep
 * them out for ever.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "buf.h"
#include "effort.h"
#include "lease.h"
#include "overtake.h"
#include "owner.h"
#include "queue.h"
#include "search.h"
#include "set.h"

/* Accesses that are looked at to find one that covers another. */
#define COVER_MAX	16

static void past_note(struct dsync_past *past, const struct dsync_set *held)
{
	past->wanted = dsync_lease_first(past->wanted, READ_ONCE(held->wanted));
}

/*
 * Does the owner hold the bytes already, so that whoever waits for them waits for it? By a set that
 * is ready: its own search is over. If so, since when?
 */
static bool access_is_covered(struct dsync_access *access, struct dsync_past *past)
{
	struct dsync_ask ask = {
		.start = access->start,
		.last = access->last,
		.ticket = U64_MAX,
	};
	struct dsync_buf *buf = access->buf;
	struct dsync_access *held;
	unsigned int nr = 0;
	unsigned long flags;
	bool covered = false;

	dsync_buf_lock(buf, &flags);
	for (held = dsync_conflict_first(&buf->held, &ask);
	     held && !covered && nr++ < COVER_MAX;
	     held = dsync_conflict_next(&buf->held, &ask, held)) {
		if (held->set->owner != access->set->owner ||
		    READ_ONCE(held->set->state) != DSYNC_READY)
			continue;
		past_note(past, held->set);
		covered = dsync_conflict_covers(held, access);
		if (covered)
			past->acquired_ns = min(past->acquired_ns,
						READ_ONCE(held->set->acquired_ns));
	}
	dsync_buf_unlock(buf, flags);
	return covered;
}

/**
 * dsync_overtake_covered() - does the owner of a set hold all of it already
 * @set: the set
 *
 * Context: process context.
 * Return: true if so: it is not in anybody's way who did not wait for the owner before.
 */
bool dsync_overtake_covered(struct dsync_set *set)
{
	struct dsync_access *access;
	struct dsync_past past = {};

	dsync_set_for_each(set, access)
		if (!access_is_covered(access, &past))
			return false;
	return true;
}

/**
 * struct overtaking - may a set overtake, a question with many parts
 * @set: the set
 * @owner: its owner
 * @ticket: earlier requests have an earlier one
 * @proven: requests that wait for @owner
 * @past: what the owner has of the set already
 * @effort: what all of it may cost
 */
struct overtaking {
	struct dsync_set *set;
	struct dsync_owner *owner;
	u64 ticket;
	struct dsync_places proven;
	struct dsync_past *past;
	struct dsync_effort effort;
};

/* Does @earlier wait, over any edges, for the owner, or for what does? */
static bool waits_for(struct overtaking *over, struct dsync_set *earlier)
{
	struct dsync_search search;
	bool found;

	dsync_search_init(&search, over->owner, &over->effort);
	search.soft = true;
	search.goals = &over->proven;
	dsync_search_from_set(&search, earlier);
	found = dsync_search_run(&search);
	if (search.last_via)
		past_note(over->past, search.last_via);
	dsync_search_fini(&search);
	return found;
}

/**
 * struct bystander - an earlier request that does not wait for the owner
 * @access: the access of the request that is in the way, under the reference of
 * @set: the request, a reference; NULL: there is none
 */
struct bystander {
	struct dsync_access *access;
	struct dsync_set *set;
};

/*
 * The next earlier request in the way of @access, with a reference; none, also, when it takes
 * longer to find one: the cursor tells the end.
 */
static struct bystander earlier_get(struct overtaking *over, struct dsync_access *access,
				    const struct dsync_ask *ask, struct dsync_cursor *cursor)
{
	struct bystander earlier = {};
	struct dsync_access *found;
	unsigned long flags;
	unsigned int steps;

	dsync_buf_lock(access->buf, &flags);
	found = dsync_conflict_scan(&access->buf->queued, ask, cursor, DSYNC_MAX_STEPS);
	if (!IS_ERR_OR_NULL(found)) {
		dsync_conflict_mark(cursor, found);
		dsync_set_get(found->set);
		earlier = (struct bystander){ .access = found, .set = found->set };
	}
	steps = access->buf->steps;
	dsync_buf_unlock(access->buf, flags);
	dsync_effort_take(&over->effort, steps + 1);
	return earlier;
}

/* The first of those in the way of @access that is a bystander, as far as is known. */
static struct bystander bystander_get(struct overtaking *over, struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, over->ticket);
	struct dsync_cursor cursor = {};
	struct bystander earlier = {};

	while (!cursor.over && !over->effort.spent) {
		if (earlier.set)
			dsync_set_put(earlier.set);
		earlier = earlier_get(over, access, &ask, &cursor);
		if (!earlier.set)
			continue;
		if (dsync_places_know(&over->proven, earlier.set))
			continue;
		if (!waits_for(over, earlier.set))
			return earlier;
		dsync_places_note(&over->proven, earlier.set, &over->effort);
		cond_resched();
	}
	if (earlier.set)
		dsync_set_put(earlier.set);
	return (struct bystander){};
}

/*
 * Let the set be looked at when the bystander goes; false if it has gone already. A request that
 * does not wait has its answer.
 */
static bool bystander_watch(struct bystander *bystander, struct dsync_set *set)
{
	struct dsync_buf *buf = bystander->access->buf;
	unsigned long flags;
	bool there;

	if (READ_ONCE(set->state) != DSYNC_QUEUED)
		return true;
	dsync_queue_unwatch(set);
	dsync_buf_lock(buf, &flags);
	there = !RB_EMPTY_NODE(&bystander->access->rb);
	if (there && READ_ONCE(set->state) == DSYNC_QUEUED)
		dsync_queue_watch(set, bystander->access);
	dsync_buf_unlock(buf, flags);
	return there;
}

/* No bystander was found, but perhaps for want of steps: the set has to watch something again. */
static bool no_bystander(struct overtaking *over, bool watches)
{
	if (over->effort.spent && !watches)
		dsync_set_kick(over->set);
	return !over->effort.spent;
}

/* False if a bystander is in the way, which the set watches, then. */
static bool access_may_overtake(struct overtaking *over, struct dsync_access *access)
{
	struct bystander bystander;
	bool watches = true;

	if (access_is_covered(access, over->past))
		return true;
	do {
		bystander = bystander_get(over, access);
		if (!bystander.set)
			return no_bystander(over, watches);
		watches = bystander_watch(&bystander, access->set);
		dsync_set_put(bystander.set);
	} while (!watches);
	return false;
}

/**
 * dsync_overtake_may() - may a set be acquired before earlier requests
 * @set: a set of an owner that holds something; earlier requests are in its way
 * @past: out: what the owner has of the set already
 *
 * It may if each of them waits, over any number of edges, for the set's owner: to wait behind such
 * a request would be a deadlock that only the queue made (invariant 4). Soft edges count on
 * the way even where they could be overtaken themselves; so every soft edge on a cycle gives way,
 * whichever is looked at first.
 *
 * If not, a queued set watches one that does not wait for the owner: with it gone it may be time.
 * If that is not known, it will be kicked to ask again.
 *
 * Earlier requests only become fewer. One that gives up after it was looked at, or that does not
 * wait for the owner any more, is overtaken all the same: that is a matter of a moment's order, as
 * what is held is looked at again.
 *
 * Context: process context; may sleep for memory.
 * Return: true if so.
 */
bool dsync_overtake_may(struct dsync_set *set, struct dsync_past *past)
{
	struct overtaking over = {
		.set = set, .owner = set->owner, .past = past,
	};
	struct dsync_access *access;
	bool may = true;

	*past = (struct dsync_past){ .acquired_ns = U64_MAX };
	dsync_places_init(&over.proven);
	dsync_effort_begin(&over.effort, set);
	over.ticket = set->ticket ?: over.effort.horizon + 1;
	dsync_set_for_each(set, access)
		may = may && access_may_overtake(&over, access);
	dsync_places_forget(&over.proven);
	if (!dsync_effort_end(&over.effort, set) && !may &&
	    READ_ONCE(set->state) == DSYNC_QUEUED)
		dsync_effort_repeat(set);
	return may;
}
