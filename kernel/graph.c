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
#include "walk.h"

static DEFINE_MUTEX(graph_mutex);

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

void dsync_graph_assert_held(void)
{
	lockdep_assert_held(&graph_mutex);
}

/*
 * Search from @set or, without one, from all that @target waits for. A path that fell
 * apart while it was found proves nothing: look once more. Unless it is @set itself that
 * gave up: it would be found like that again and again, and is in nobody's way any more.
 */
static int find(struct dsync_set *set, struct dsync_owner *target, bool soft,
		unsigned int *steps)
{
	struct dsync_walk walk;
	bool again;
	int ret;

	do {
		dsync_walk_init(&walk, target, soft, steps);
		if (set)
			dsync_walk_from_set(&walk, set);
		else
			dsync_walk_from_target(&walk);
		ret = dsync_walk_run(&walk);
		again = ret == 1 && !dsync_walk_path_holds(&walk);
		dsync_walk_fini(&walk);
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

	return find(set, set->owner, false, &steps);
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

	return find(NULL, owner, false, &steps);
}

/* One that a held access is in the way of is kicked when that one is released. */
static void kick_unless_held_up(struct dsync_set *set)
{
	if (!dsync_set_blocked_by(set, dsync_buf_holder))
		dsync_owner_kick(set->owner, set);
}

/**
 * dsync_graph_kick_cycle() - let the sets of cycles with soft edges look again
 * @owner: the owner that closed them: it began to wait, or it acquired something while it
 *	waits
 *
 * In each of them there is one that finds that it may overtake now. All that @owner waits
 * for is looked at, over any number of edges: it may have closed several cycles at once, and
 * nobody else knows of them.
 *
 * Context: the graph locked.
 * Return: as dsync_graph_find_deadlock(), 1 meaning that there was such a cycle.
 */
int dsync_graph_kick_cycle(struct dsync_owner *owner)
{
	unsigned int steps = 0;
	struct dsync_walk walk;
	int ret;

	dsync_walk_init(&walk, owner, true, &steps);
	walk.all = true;
	dsync_walk_from_target(&walk);
	ret = dsync_walk_run(&walk);
	if (ret == 1)
		dsync_walk_visit_seen(&walk, kick_unless_held_up);
	dsync_walk_fini(&walk);
	return ret;
}

/* Does one of the owner's held accesses keep a queued access waiting? */
static bool held_up_by(struct dsync_access *access, struct dsync_owner *owner,
		       unsigned int *steps)
{
	struct dsync_access *holder = NULL;

	do {
		holder = dsync_buf_holder(access->buf, access, holder);
		(*steps)++;
	} while (holder && holder->set->owner != owner &&
		 *steps <= DSYNC_WALK_MAX_STEPS);
	return holder && holder->set->owner == owner;
}

/*
 * The earlier requests in the way of @set, with a reference on each, but for those that wait for
 * its owner in the same buffer: in an upgrade that is all of them.
 */
static void collect_earlier(struct dsync_set *set, struct list_head *earlier,
			    unsigned int *steps)
{
	struct dsync_access *access, *other;
	unsigned long flags;

	dsync_set_for_each(set, access) {
		spin_lock_irqsave(&access->buf->lock, flags);
		other = NULL;
		while (*steps <= DSYNC_WALK_MAX_STEPS &&
		       (other = dsync_buf_earlier(access->buf, access, other))) {
			if (!list_empty(&other->set->earlier) ||
			    held_up_by(other, set->owner, steps))
				continue;
			dsync_set_get(other->set);
			list_add_tail(&other->set->earlier, earlier);
		}
		spin_unlock_irqrestore(&access->buf->lock, flags);
	}
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
	struct dsync_set *other, *next;
	unsigned int steps = 0;
	LIST_HEAD(earlier);
	int ret;

	collect_earlier(set, &earlier, &steps);
	ret = steps > DSYNC_WALK_MAX_STEPS ? -ENOLCK : 1;
	list_for_each_entry_safe(other, next, &earlier, earlier) {
		if (ret == 1)
			ret = find(other, set->owner, true, &steps);
		list_del_init(&other->earlier);
		dsync_set_put(other);
	}
	return ret;
}
