// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wait-for graph. It is nowhere but in the buffers' trees and the owners' lists:
 *
 *	set -> owner	hard: an access of the owner is held and conflicts
 *	set -> set	soft: the other request conflicts and has an earlier ticket
 *	owner -> set	the owner waits for its set: a call of it sleeps, or the set is queued
 *
 * A cycle of hard edges and of calls is a deadlock: one call of it fails. A committed job is no
 * part of one: it ends by itself. Neither is an owner that has only queued a set: it goes on, and
 * may release what the others wait for.
 *
 * A cycle with a soft edge is no deadlock: the request at the soft edge overtakes the one it is
 * queued behind, because that one waits, in the end, for the first one's owner. Queued sets count
 * there: to overtake does no harm, while an owner may come to depend on its queued set, and
 * would wait for itself.
 *
 * Whoever makes an edge that may close a cycle (owner.c) has published it before it searches. A
 * cycle does not dissolve by itself, so whoever was last finds all of it, with no lock but one
 * buffer's at a time. What was found may have fallen apart meanwhile: the victim is chosen with the
 * owners of the cycle locked against other verdicts, after each edge was looked at again.
 */
#include <linux/err.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/ww_mutex.h>

#include "buf.h"
#include "effort.h"
#include "graph.h"
#include "lease.h"
#include "owner.h"
#include "queue.h"
#include "search.h"
#include "set.h"
#include "trace_access.h"

/* The cycle's sets, from the last one back to the first, which the target waits for. */
static struct dsync_node *set_node(struct dsync_node *node)
{
	while (node && !node->set)
		node = node->parent;
	return node;
}

#define cycle_for_each(search, node)					\
	for (node = set_node((search)->last); node; node = set_node(node->parent))

static void verdict_unlock(struct dsync_search *search, struct dsync_node *end,
			   struct dsync_node *slow)
{
	struct dsync_node *node;

	cycle_for_each(search, node) {
		if (node == end)
			break;
		if (node != slow)
			ww_mutex_unlock(&node->set->owner->verdict);
	}
	if (slow)
		ww_mutex_unlock(&slow->set->owner->verdict);
}

/*
 * As txn.c locks resv; each owner is once in a cycle. A signal ends the wait, and nothing is
 * locked then.
 */
static int verdict_lock(struct dsync_search *search, struct ww_acquire_ctx *ctx)
{
	struct dsync_node *node, *slow = NULL;
	int ret;

again:
	cycle_for_each(search, node) {
		if (node == slow)
			continue;
		ret = ww_mutex_lock_interruptible(&node->set->owner->verdict, ctx);
		if (!ret)
			continue;
		verdict_unlock(search, node, slow);
		if (ret != -EDEADLK)
			return ret;
		ret = ww_mutex_lock_slow_interruptible(&node->set->owner->verdict, ctx);
		if (ret)
			return ret;
		slow = node;
		goto again;
	}
	ww_acquire_done(ctx);
	return 0;
}

/*
 * A task that is preempted, or whose cgroup is throttled, keeps nobody waiting for its verdict.
 * Where spinlocks sleep it can.
 */
static void verdict_begin(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
}

static void verdict_end(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

static bool accesses_conflict(const struct dsync_access *a, const struct dsync_access *b)
{
	/* No lock is held: whoever cuts a record lock meanwhile looks at its conflicts again. */
	return a->buf == b->buf && data_race(dsync_conflict_between(a, b));
}

static bool sets_conflict(struct dsync_set *set, struct dsync_set *via)
{
	struct dsync_access *access, *other;

	dsync_set_for_each(set, access)
		dsync_set_for_each(via, other)
			if (accesses_conflict(access, other))
				return true;
	return false;
}

/* Does a waiting set still wait, and the held one still hold what is in its way? */
static bool edge_stands(struct dsync_set *set, struct dsync_set *via)
{
	enum dsync_state held = READ_ONCE(via->state);

	return READ_ONCE(set->state) == DSYNC_QUEUED &&
	       !test_bit(DSYNC_SET_DOOMED, &set->kicked) &&
	       (held == DSYNC_HELD || held == DSYNC_READY) && sets_conflict(set, via);
}

static bool cycle_stands(struct dsync_search *search)
{
	struct dsync_set *via = search->last_via;
	struct dsync_node *node;

	for (node = search->last; node; node = node->parent) {
		if (node->set) {
			if (!edge_stands(node->set, via))
				return false;
		} else {
			via = node->via;
		}
	}
	return true;
}

static void trace_deadlock(struct dsync_set *set, struct dsync_set *via)
{
	struct dsync_access *access, *other;

	dsync_set_for_each(set, access)
		dsync_set_for_each(via, other)
			if (accesses_conflict(access, other))
				dsync_trace_deadlock(access, other);
}

/* The request that came last is the one to fail. */
static void doom(struct dsync_search *search)
{
	struct dsync_set *via = search->last_via, *victim = NULL, *victim_via = NULL;
	struct dsync_node *node;

	for (node = search->last; node; node = node->parent) {
		if (!node->set) {
			via = node->via;
		} else if (!victim || node->set->ticket > victim->ticket) {
			victim = node->set;
			victim_via = via;
		}
	}
	if (trace_dmabuf_sync_deadlock_enabled())
		trace_deadlock(victim, victim_via);
	set_bit(DSYNC_SET_DOOMED, &victim->kicked);
	dsync_owner_kick(victim->owner, victim);
}

/* Another verdict may have cut the cycle meanwhile, or a release. */
static void judge(struct dsync_search *search)
{
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, &dsync_verdict_class);
	if (verdict_lock(search, &ctx)) {
		search->effort->spent = true;
	} else {
		verdict_begin();
		if (cycle_stands(search))
			doom(search);
		verdict_unlock(search, NULL, NULL);
		verdict_end();
	}
	ww_acquire_fini(&ctx);
}

/* What a search for cycles of holders has found; what it passed by may be part of others. */
enum outcome {
	NO_CYCLE,
	NO_CYCLE_OF_HOLDERS,
	A_CYCLE,
};

static enum outcome judge_one(struct dsync_owner *owner, struct dsync_effort *effort)
{
	struct dsync_search search;
	enum outcome outcome;

	dsync_search_init(&search, owner, effort);
	dsync_search_from_target(&search);
	if (dsync_search_run(&search)) {
		outcome = A_CYCLE;
		judge(&search);
	} else {
		outcome = search.passed || effort->spent ? NO_CYCLE_OF_HOLDERS : NO_CYCLE;
	}
	dsync_search_fini(&search);
	return outcome;
}

static void own_for_each(struct dsync_owner *owner,
			 void (*fn)(struct dsync_owner *owner, struct dsync_set *set))
{
	struct dsync_set *set, *prev = NULL;

	while ((set = dsync_owner_next_waiting(owner, prev))) {
		if (prev)
			dsync_set_put(prev);
		prev = set;
		fn(owner, set);
		cond_resched();
	}
	if (prev)
		dsync_set_put(prev);
}

/* What they watch was chosen when the owner had no right to overtake. */
static void kick_own(struct dsync_owner *owner)
{
	own_for_each(owner, dsync_owner_kick);
}

static void set_search(struct dsync_owner *owner, struct dsync_set *set)
{
	set_bit(DSYNC_SET_UNSURE, &set->kicked);
	dsync_owner_kick(owner, set);
}

/* Who searched has no more steps, and goes on: those that wait have some of their own. */
static void search_by_own(struct dsync_owner *owner)
{
	own_for_each(owner, set_search);
}

/*
 * Let the sets of cycles with soft edges look again. In each of them there is one that finds
 * that it may overtake now. All that @owner waits for is looked at: it may have closed several
 * cycles at once, and nobody else knows of them. One that something held is in the way of looks,
 * too: it may watch a request still that it could overtake by now, and watches the holder then.
 */
static void kick_overtakers(struct dsync_owner *owner, struct dsync_effort *effort)
{
	struct dsync_search search;
	struct dsync_node *node;

	if (effort->spent)
		return;
	dsync_search_init(&search, owner, effort);
	search.soft = true;
	search.all = true;
	dsync_search_from_target(&search);
	if (dsync_search_run(&search))
		list_for_each_entry(node, &search.seen, link)
			if (node->set)
				dsync_owner_kick(node->set->owner, node->set);
	dsync_search_fini(&search);
}

/*
 * Each round finds a cycle of requests that were there before the first one, and dooms one of
 * them or finds that it has gone: so they come to an end.
 */
static enum outcome judge_all(struct dsync_owner *owner, struct dsync_effort *effort)
{
	enum outcome outcome;

	do {
		outcome = effort->spent ? NO_CYCLE_OF_HOLDERS : judge_one(owner, effort);
		cond_resched();
	} while (outcome == A_CYCLE);
	return outcome;
}

/* Accesses that are looked at to find one that covers another. */
#define COVER_MAX	16

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
		past->wanted = dsync_lease_first(past->wanted, READ_ONCE(held->set->wanted));
		covered = dsync_conflict_covers(held, access);
		if (covered)
			past->acquired_ns = min(past->acquired_ns,
						READ_ONCE(held->set->acquired_ns));
	}
	dsync_buf_unlock(buf, flags);
	return covered;
}

static bool set_is_covered(struct dsync_set *set)
{
	struct dsync_access *access;
	struct dsync_past past = {};

	dsync_set_for_each(set, access)
		if (!access_is_covered(access, &past))
			return false;
	return true;
}

/**
 * dsync_graph_queued() - a set waits, and its owner holds something: does that close a cycle
 * @set: the set, in the tables
 *
 * In a cycle of holders one request is doomed (DSYNC_SET_DOOMED) and kicked, perhaps this one. An
 * asynchronous request closes none, unless the search is for others of its owner
 * (DSYNC_SET_UNSURE). Who may overtake now is kicked. A search that cannot be finished is
 * repeated: the set will be kicked.
 *
 * Context: process context; may sleep for memory and for other verdicts over the same owners.
 */
void dsync_graph_queued(struct dsync_set *set)
{
	bool judges = test_and_clear_bit(DSYNC_SET_UNSURE, &set->kicked) || !set->done;
	enum outcome outcome = NO_CYCLE_OF_HOLDERS;
	struct dsync_effort effort;

	dsync_effort_begin(&effort, set);
	if (judges)
		outcome = judge_all(set->owner, &effort);
	if (outcome != NO_CYCLE)
		kick_overtakers(set->owner, &effort);
	if (dsync_effort_end(&effort, set))
		return;
	set_bit(DSYNC_SET_UNSURE, &set->kicked);
	dsync_effort_repeat(set);
}

/**
 * dsync_graph_acquired() - a set is held, and its owner waits for others
 * @set: the set, in the tables
 *
 * As dsync_graph_queued(). What the owner waits for was looked at when it had no right to
 * overtake, perhaps, and is looked at again. Where the owner has the bytes already nothing changes.
 *
 * Context: as dsync_graph_queued().
 */
void dsync_graph_acquired(struct dsync_set *set)
{
	if (set_is_covered(set))
		return;
	dsync_graph_moved(set);
}

/**
 * dsync_graph_moved() - what an owner holds was cut another way, and it waits for something
 * @set: what it holds now; all is in the tables
 *
 * A search that was under way may have looked for what it holds where that had been, or would be.
 *
 * Context: as dsync_graph_queued().
 */
void dsync_graph_moved(struct dsync_set *set)
{
	struct dsync_owner *owner = set->owner;
	struct dsync_effort effort;
	enum outcome outcome;

	dsync_effort_begin(&effort, set);
	outcome = judge_all(owner, &effort);
	kick_own(owner);
	if (outcome != NO_CYCLE)
		kick_overtakers(owner, &effort);
	if (!dsync_effort_end(&effort, set))
		search_by_own(owner);
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
	dsync_search_fini(&search);
	return found;
}

/**
 * struct stranger - an earlier request that does not wait for the owner
 * @access: the access of the request that is in the way, under the reference of
 * @set: the request, a reference; NULL: there is none
 */
struct stranger {
	struct dsync_access *access;
	struct dsync_set *set;
};

/*
 * The next earlier request in the way of @access, with a reference; none, also, when it takes
 * longer to find one: the cursor tells the end.
 */
static struct stranger earlier_get(struct overtaking *over, struct dsync_access *access,
				   const struct dsync_ask *ask, struct dsync_cursor *cursor)
{
	struct stranger earlier = {};
	struct dsync_access *found;
	unsigned long flags;
	unsigned int steps;

	dsync_buf_lock(access->buf, &flags);
	found = dsync_conflict_scan(&access->buf->queued, ask, cursor, DSYNC_MAX_STEPS);
	if (!IS_ERR_OR_NULL(found)) {
		dsync_conflict_mark(cursor, found);
		dsync_set_get(found->set);
		earlier = (struct stranger){ .access = found, .set = found->set };
	}
	steps = access->buf->steps;
	dsync_buf_unlock(access->buf, flags);
	dsync_effort_take(&over->effort, steps + 1);
	return earlier;
}

/* The first of those in the way of @access that is a stranger, as far as is known. */
static struct stranger stranger_get(struct overtaking *over, struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, over->ticket);
	struct dsync_cursor cursor = {};
	struct stranger earlier = {};

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
	return (struct stranger){};
}

/*
 * Let the set be looked at when the stranger goes; false if it has gone already. A request that
 * does not wait has its answer.
 */
static bool stranger_watch(struct stranger *stranger, struct dsync_set *set)
{
	struct dsync_buf *buf = stranger->access->buf;
	unsigned long flags;
	bool there;

	if (READ_ONCE(set->state) != DSYNC_QUEUED)
		return true;
	dsync_queue_unwatch(set);
	dsync_buf_lock(buf, &flags);
	there = !RB_EMPTY_NODE(&stranger->access->rb);
	if (there && READ_ONCE(set->state) == DSYNC_QUEUED)
		dsync_queue_watch(set, stranger->access);
	dsync_buf_unlock(buf, flags);
	return there;
}

/* No stranger was found, but perhaps for want of steps: the set has to watch something again. */
static bool no_stranger(struct overtaking *over, bool watches)
{
	if (over->effort.spent && !watches)
		dsync_set_kick(over->set);
	return !over->effort.spent;
}

/* False if a stranger is in the way, which the set watches, then. */
static bool access_may_overtake(struct overtaking *over, struct dsync_access *access)
{
	struct stranger stranger;
	bool watches = true;

	if (access_is_covered(access, over->past))
		return true;
	do {
		stranger = stranger_get(over, access);
		if (!stranger.set)
			return no_stranger(over, watches);
		watches = stranger_watch(&stranger, access->set);
		dsync_set_put(stranger.set);
	} while (!watches);
	return false;
}

/**
 * dsync_graph_may_overtake() - may a set be acquired before earlier requests
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
bool dsync_graph_may_overtake(struct dsync_set *set, struct dsync_past *past)
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
