// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks through the wait-for graph: is an owner reached, from a set or from itself. What the
 * edges are and what an answer means is in graph.c.
 *
 * The latest of the requests that were reached is followed first: it has edges to most of the
 * others, which then need not be looked at again (struct dsync_scan).
 */
#include <linux/sched.h>

#include "buf.h"
#include "graph.h"
#include "owner.h"
#include "set.h"
#include "walk.h"

static u64 nr_walks;

static struct dsync_set *set_of(struct dsync_node *node)
{
	return container_of(node, struct dsync_set, node);
}

static struct dsync_owner *owner_of(struct dsync_node *node)
{
	return container_of(node, struct dsync_owner, node);
}

static bool walk_mark(struct dsync_walk *walk, struct dsync_node *node)
{
	if (node->walk == nr_walks)
		return false;
	node->walk = nr_walks;
	node->parent = walk->from;
	list_add(&node->link, &walk->todo);
	return true;
}

static void walk_to_owner(struct dsync_walk *walk, struct dsync_owner *owner)
{
	if (owner == walk->target)
		walk->found = true;
	else if (walk_mark(walk, &owner->node))
		dsync_owner_get(owner);
}

static void walk_to_set(struct dsync_walk *walk, struct dsync_set *set)
{
	if (walk_mark(walk, &set->node))
		dsync_set_get(set);
}

static bool walk_over(const struct dsync_walk *walk)
{
	return (walk->found && !walk->all) ||
	       *walk->steps > DSYNC_WALK_MAX_STEPS;
}

/* Does what was scanned include the edges of @access, but perhaps for those to one owner? */
static bool scan_covers(const struct dsync_scan *scan,
			const struct dsync_access *access, u64 ticket)
{
	return scan->walk == nr_walks && ticket <= scan->ticket &&
	       access->it.start >= scan->start && access->it.last <= scan->last &&
	       (scan->writes || !dsync_access_writes(access));
}

static bool scan_done(const struct dsync_scan *scan,
		      const struct dsync_access *access, u64 ticket)
{
	return scan_covers(scan, access, ticket) &&
	       (!scan->owner || scan->owner == access->set->owner);
}

/* The edges of @access were followed; together with those before, that may be all. */
static void scan_note(struct dsync_scan *scan, const struct dsync_access *access,
		      u64 ticket)
{
	bool all = scan_covers(scan, access, ticket);

	*scan = (struct dsync_scan){
		.walk = nr_walks,
		.start = access->it.start,
		.last = access->it.last,
		.ticket = ticket,
		.writes = dsync_access_writes(access),
		.owner = all ? NULL : access->set->owner,
	};
}

/* The references that the callees take are safe: the caller has the buffer's lock. */
static void walk_hard(struct dsync_walk *walk, struct dsync_access *access)
{
	struct dsync_scan *scan = &access->buf->hard;
	struct dsync_access *other = NULL;

	if (scan_done(scan, access, U64_MAX))
		return;
	while (!walk_over(walk) &&
	       (other = dsync_buf_holder(access->buf, access, other))) {
		(*walk->steps)++;
		walk_to_owner(walk, other->set->owner);
	}
	if (!other)
		scan_note(scan, access, U64_MAX);
}

static void walk_soft(struct dsync_walk *walk, struct dsync_access *access)
{
	struct dsync_scan *scan = &access->buf->soft;
	u64 ticket = access->set->ticket;
	struct dsync_access *other = NULL;

	if (scan_done(scan, access, ticket))
		return;
	while (!walk_over(walk) &&
	       (other = dsync_buf_earlier(access->buf, access, other))) {
		(*walk->steps)++;
		walk_to_set(walk, other->set);
	}
	if (!other)
		scan_note(scan, access, ticket);
}

static void walk_set(struct dsync_walk *walk, struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		walk_hard(walk, access);
		if (walk->soft)
			walk_soft(walk, access);
		spin_unlock_irqrestore(&access->buf->lock, flags);
		(*walk->steps)++;
	}
}

static void walk_owner(struct dsync_walk *walk, struct dsync_owner *owner)
{
	struct dsync_set *set;
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	list_for_each_entry(set, &owner->waiting, waiting) {
		(*walk->steps)++;
		walk_to_set(walk, set);
	}
	spin_unlock_irqrestore(&owner->lock, flags);
}

/**
 * dsync_walk_init() - prepare a walk; dsync_walk_fini() must follow
 * @walk: the walk
 * @target: the owner to look for
 * @soft: follow soft edges, too
 * @steps: accesses looked at so far, which is added to
 *
 * Context: the graph locked, until dsync_walk_fini().
 */
void dsync_walk_init(struct dsync_walk *walk, struct dsync_owner *target,
		     bool soft, unsigned int *steps)
{
	dsync_graph_assert_held();
	WRITE_ONCE(nr_walks, nr_walks + 1);
	*walk = (struct dsync_walk){
		.target = target,
		.soft = soft,
		.steps = steps,
	};
	INIT_LIST_HEAD(&walk->todo);
	INIT_LIST_HEAD(&walk->seen);
}

/**
 * dsync_walk_hide() - a set begins to wait: a walk that is under way passes it over
 * @set: the set, in no table yet
 *
 * Its owner may have held something when the walk came by and have released that since:
 * the walk would put together edges that never were there at the same time.
 *
 *	walk				owner
 *	begins: nr_walks
 *	  buffer's lock: sees it hold
 *					  buffer's lock: releases
 *					owner's lock: holds nothing; reads nr_walks
 *	  owner's lock: sees it wait
 *
 * Context: the owner's lock held.
 */
void dsync_walk_hide(struct dsync_set *set)
{
	set->node.walk = READ_ONCE(nr_walks);
}

/**
 * dsync_walk_from_set() - begin at a waiting set
 * @walk: the walk
 * @set: the set
 */
void dsync_walk_from_set(struct dsync_walk *walk, struct dsync_set *set)
{
	walk_to_set(walk, set);
}

/**
 * dsync_walk_from_target() - begin at all that the target waits for
 * @walk: the walk
 */
void dsync_walk_from_target(struct dsync_walk *walk)
{
	walk_owner(walk, walk->target);
}

/**
 * dsync_walk_run() - follow edges until the target is found or nothing is left
 * @walk: the walk, with places to begin at
 *
 * Return: 1 if the target was found, 0 if not, -ENOLCK after too many steps.
 */
int dsync_walk_run(struct dsync_walk *walk)
{
	struct dsync_node *node;

	while (!list_empty(&walk->todo)) {
		node = list_first_entry(&walk->todo, struct dsync_node, link);
		list_move_tail(&node->link, &walk->seen);
		walk->from = node;
		if (node->is_set)
			walk_set(walk, set_of(node));
		else
			walk_owner(walk, owner_of(node));
		if (walk_over(walk))
			break;
		cond_resched();
	}
	if (walk->found && !walk->all)
		return 1;
	return *walk->steps > DSYNC_WALK_MAX_STEPS ? -ENOLCK : walk->found;
}

/**
 * dsync_walk_path_holds() - do all sets on the path that was found still wait
 * @walk: a walk that has just found its target
 *
 * Return: true if so: then all edges of the path were there at the same time.
 */
bool dsync_walk_path_holds(const struct dsync_walk *walk)
{
	struct dsync_node *node;

	for (node = walk->from; node; node = node->parent)
		if (node->is_set && !READ_ONCE(set_of(node)->queued))
			return false;
	return true;
}

/**
 * dsync_walk_visit_seen() - visit the sets that a walk came through
 * @walk: the walk
 * @fn: called for each, without locks
 */
void dsync_walk_visit_seen(struct dsync_walk *walk,
			   void (*fn)(struct dsync_set *set))
{
	struct dsync_node *node;

	list_for_each_entry(node, &walk->seen, link)
		if (node->is_set)
			fn(set_of(node));
}

/**
 * dsync_walk_fini() - drop what the walk holds on to
 * @walk: the walk
 */
void dsync_walk_fini(struct dsync_walk *walk)
{
	struct dsync_node *node, *next;

	list_splice(&walk->todo, &walk->seen);
	list_for_each_entry_safe(node, next, &walk->seen, link) {
		if (node->is_set)
			dsync_set_put(set_of(node));
		else
			dsync_owner_put(owner_of(node));
	}
}
