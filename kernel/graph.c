// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wait-for graph, walked when a request that has to wait could close a cycle.
 *
 *	set -> owner	hard: an access of the owner is held and conflicts
 *	set -> set	soft: the other request conflicts and has an earlier ticket
 *	owner -> set	the owner waits for its set
 *
 * A cycle of hard edges is a deadlock: the request that closes it fails. A cycle with a
 * soft edge is none: the request at the soft edge overtakes the one it is queued behind,
 * because that one waits, in the end, for the first one's owner.
 *
 * Every node on a cycle holds something while it waits. Owners become like that, and
 * acquire more while they are, under the mutex only (owner.c). So no edge of a cycle
 * appears while somebody walks, and edges seen one after the other were all there when the
 * walk began; that the sets on the path still wait at its end makes sure that none of
 * them gave up in between. Edges may go at any time: that needs no lock but the
 * buffer's.
 */
#include <linux/mutex.h>

#include "buf.h"
#include "graph.h"
#include "owner.h"
#include "set.h"

/* Accesses that one walk looks at before it gives up: about a millisecond. */
#define GRAPH_MAX_STEPS	10000

static DEFINE_MUTEX(graph_mutex);
static u64 nr_walks;

/**
 * struct walk - a breadth-first search for an owner
 * @target: the owner that is looked for
 * @soft: follow soft edges, too
 * @all: do not stop at @target
 * @steps: accesses looked at so far, by this walk and those that decide the same
 * @from: node whose edges are being followed
 * @todo: nodes reached, their edges not followed
 * @seen: nodes whose edges were followed
 * @found: @target was reached
 */
struct walk {
	struct dsync_owner *target;
	bool soft;
	bool all;
	unsigned int *steps;
	struct dsync_node *from;
	struct list_head todo;
	struct list_head seen;
	bool found;
};

/**
 * dsync_graph_lock() - keep owners from beginning to wait while they hold something
 *
 * Context: process context; may sleep, for as long as a few walks take. Taken inside
 * resv locks.
 */
void dsync_graph_lock(void)
{
	mutex_lock(&graph_mutex);
}

void dsync_graph_unlock(void)
{
	mutex_unlock(&graph_mutex);
}

static struct dsync_set *set_of(struct dsync_node *node)
{
	return container_of(node, struct dsync_set, node);
}

static struct dsync_owner *owner_of(struct dsync_node *node)
{
	return container_of(node, struct dsync_owner, node);
}

static bool walk_mark(struct walk *walk, struct dsync_node *node)
{
	if (node->walk == nr_walks)
		return false;
	node->walk = nr_walks;
	node->parent = walk->from;
	list_add_tail(&node->link, &walk->todo);
	return true;
}

static void walk_to_owner(struct walk *walk, struct dsync_owner *owner)
{
	if (owner == walk->target)
		walk->found = true;
	else if (walk_mark(walk, &owner->node))
		dsync_owner_get(owner);
}

static void walk_to_set(struct walk *walk, struct dsync_set *set)
{
	if (walk_mark(walk, &set->node))
		dsync_set_get(set);
}

static bool walk_over(const struct walk *walk)
{
	return (walk->found && !walk->all) || *walk->steps > GRAPH_MAX_STEPS;
}

/* The locks that the callees' references need are held by the caller: buf->lock. */
static void walk_access(struct walk *walk, struct dsync_access *access)
{
	struct dsync_access *other = NULL;

	while (!walk_over(walk) &&
	       (other = dsync_buf_holder(access->buf, access, other))) {
		(*walk->steps)++;
		walk_to_owner(walk, other->set->owner);
	}
	if (!walk->soft)
		return;
	other = NULL;
	while (!walk_over(walk) &&
	       (other = dsync_buf_earlier(access->buf, access, other))) {
		(*walk->steps)++;
		walk_to_set(walk, other->set);
	}
}

static void walk_set(struct walk *walk, struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		walk_access(walk, access);
		spin_unlock_irqrestore(&access->buf->lock, flags);
		(*walk->steps)++;
	}
}

static void walk_owner(struct walk *walk, struct dsync_owner *owner)
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

static void walk_init(struct walk *walk, struct dsync_owner *target, bool soft,
		      unsigned int *steps)
{
	lockdep_assert_held(&graph_mutex);
	nr_walks++;
	*walk = (struct walk){
		.target = target,
		.soft = soft,
		.steps = steps,
	};
	INIT_LIST_HEAD(&walk->todo);
	INIT_LIST_HEAD(&walk->seen);
}

static void walk_fini(struct walk *walk)
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

/* Every set from the last node back to the first still waits. */
static bool walk_path_holds(struct walk *walk)
{
	struct dsync_node *node;

	for (node = walk->from; node; node = node->parent)
		if (node->is_set && !READ_ONCE(set_of(node)->queued))
			return false;
	return true;
}

/*
 * Follow edges until the target is found or nothing is left. The nodes to begin with are
 * in @todo.
 */
static int walk_run(struct walk *walk)
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
	return *walk->steps > GRAPH_MAX_STEPS ? -ENOLCK : walk->found;
}

static void walk_kick_seen(struct walk *walk)
{
	struct dsync_node *node;

	list_for_each_entry(node, &walk->seen, link)
		if (node->is_set)
			dsync_owner_kick(set_of(node)->owner);
}

/*
 * Search from @set or, without one, from all that @target waits for. A path that fell
 * apart while it was found proves nothing: look once more. Unless it is @set itself that
 * gave up: it would be found like that again and again, and is in nobody's way any more.
 */
static int walk_find(struct dsync_set *set, struct dsync_owner *target,
		     bool soft, unsigned int *steps)
{
	struct walk walk;
	bool again;
	int ret;

	do {
		walk_init(&walk, target, soft, steps);
		if (set)
			walk_to_set(&walk, set);
		else
			walk_owner(&walk, target);
		ret = walk_run(&walk);
		again = ret == 1 && !walk_path_holds(&walk);
		walk_fini(&walk);
	} while (again && (!set || READ_ONCE(set->queued)));
	return ret;
}

/**
 * dsync_graph_find_deadlock() - does a waiting set close a cycle of holders
 * @set: the set, already queued
 *
 * Context: the graph locked.
 * Return: 1 if so, 0 if not, -ENOLCK if there are too many accesses to look at.
 */
int dsync_graph_find_deadlock(struct dsync_set *set)
{
	unsigned int steps = 0;

	return walk_find(set, set->owner, false, &steps);
}

/**
 * dsync_graph_owner_deadlock() - did an owner close a cycle by acquiring something
 * @owner: the owner, which still waits for other sets
 *
 * Context: the graph locked.
 * Return: as dsync_graph_find_deadlock().
 */
int dsync_graph_owner_deadlock(struct dsync_owner *owner)
{
	unsigned int steps = 0;

	return walk_find(NULL, owner, false, &steps);
}

/**
 * dsync_graph_kick_cycle() - let the sets of cycles with soft edges look again
 * @owner: the owner that closed them: it began to wait, or it acquired something while it
 *	waits
 *
 * In each of them there is one that finds that it may overtake now. All that @owner waits
 * for is kicked, over any number of edges: it may have closed several cycles at once, and
 * nobody else knows of them.
 *
 * Context: the graph locked.
 * Return: as dsync_graph_find_deadlock(), 1 meaning that there was such a cycle.
 */
int dsync_graph_kick_cycle(struct dsync_owner *owner)
{
	unsigned int steps = 0;
	struct walk walk;
	int ret;

	walk_init(&walk, owner, true, &steps);
	walk.all = true;
	walk_owner(&walk, owner);
	ret = walk_run(&walk);
	if (ret == 1)
		walk_kick_seen(&walk);
	walk_fini(&walk);
	return ret;
}

/* The next earlier request in the way of @set that was not looked at in this pass. */
static struct dsync_set *next_earlier(struct dsync_set *set, u64 last_ticket)
{
	struct dsync_access *access, *other;
	struct dsync_set *next = NULL;
	unsigned long flags;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		other = NULL;
		while ((other = dsync_buf_earlier(access->buf, access, other))) {
			if (other->set->ticket <= last_ticket ||
			    (next && other->set->ticket >= next->ticket))
				continue;
			if (next)
				dsync_set_put(next);
			next = other->set;
			dsync_set_get(next);
		}
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
	return next;
}

/**
 * dsync_graph_may_overtake() - may a set be acquired before earlier requests
 * @set: a set that conflicts with nothing that is held
 *
 * It may if each earlier request that it conflicts with waits, over any number of edges,
 * for the set's owner: to wait behind such a request would be a deadlock that only the
 * queue made (invariant 4). Soft edges count on the way even where they could be overtaken
 * themselves; so every soft edge on a cycle gives way, whichever is looked at first. An
 * earlier request that gives up meanwhile is in nobody's way; none is acquired meanwhile,
 * as that takes the resv.
 *
 * Context: the graph and the set's resv locked.
 * Return: 1 if so, 0 if not, -ENOLCK if there are too many accesses to look at.
 */
int dsync_graph_may_overtake(struct dsync_set *set)
{
	struct dsync_set *earlier;
	unsigned int steps = 0;
	u64 ticket = 0;
	int ret = 1;

	while (ret == 1 && (earlier = next_earlier(set, ticket))) {
		ticket = earlier->ticket;
		ret = walk_find(earlier, set->owner, true, &steps);
		dsync_set_put(earlier);
	}
	return ret;
}
