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
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/ww_mutex.h>

#include "buf.h"
#include "effort.h"
#include "graph.h"
#include "overtake.h"
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

/* Is one access at most in the way of another one, of an owner that waits for nobody? */
static bool holder_runs(struct dsync_buf *buf, const struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, U64_MAX);
	struct dsync_access *holder = dsync_conflict_first(&buf->held, &ask);

	return !holder || (!dsync_owner_waits(holder->set->owner) &&
			   !dsync_conflict_next(&buf->held, &ask, holder));
}

/*
 * Is a set all that its owner waits with, and behind nothing but an owner that waits for nobody?
 * Most are, and no cycle goes through these. If that owner begins to wait now, it searches itself,
 * and finds what was published before: dsync_owner_add_waiting() of both is a full barrier.
 */
static bool ends_at_holder(struct dsync_set *set)
{
	struct dsync_access *access = &set->accesses[0];
	struct dsync_buf *buf = access->buf;
	unsigned long flags;
	bool ends;

	/* A set that follows jobs may have many to look at. */
	if (set->nr > 1 || atomic_read(&set->owner->nr_queued) > 1 || set->follows ||
	    test_bit(DSYNC_SET_UNSURE, &set->kicked))
		return false;
	dsync_buf_lock(buf, &flags);
	/* One of the requests there is this one. */
	ends = buf->nr_queued == 1 && holder_runs(buf, access);
	dsync_buf_unlock(buf, flags);
	return ends;
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
	enum outcome outcome = NO_CYCLE_OF_HOLDERS;
	struct dsync_effort effort;
	bool judges;

	if (ends_at_holder(set))
		return;
	judges = test_and_clear_bit(DSYNC_SET_UNSURE, &set->kicked) || !set->done;
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
	if (dsync_overtake_covered(set))
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
