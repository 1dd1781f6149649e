// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches through the wait-for graph: is an owner reached, from a set or from itself. What the
 * edges are and what an answer means is in graph.c.
 *
 * A search looks at one buffer at a time, under that buffer's lock, and for a bounded time. It
 * is its caller's own: nobody else waits for it, and it visits each owner and each set once. What
 * was queued after it began it passes over, so that it ends; it also ends when its effort is spent.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "buf.h"
#include "effort.h"
#include "owner.h"
#include "search.h"
#include "set.h"

/* Edges that are followed after one look. */
#define BATCH	16

/* Without memory the answer is not known: no reason to end anybody. */
#define SEARCH_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN)

/* To make a node takes as long as looking at so many. */
#define NODE_STEPS	16

/**
 * dsync_places_init() - nothing was reached
 * @places: to be forgotten at the end
 */
void dsync_places_init(struct dsync_places *places)
{
	places->root = RB_ROOT;
	places->nr_few = 0;
}

/* Where a place is, or where it would be. */
static struct rb_node **place_of(struct dsync_places *places, const void *place,
				 struct rb_node **parent)
{
	struct rb_node **link = &places->root.rb_node;
	struct dsync_node *node;

	*parent = NULL;
	while (*link) {
		node = rb_entry(*link, struct dsync_node, rb);
		if (node->place == place)
			break;
		*parent = *link;
		link = place < node->place ? &(*link)->rb_left : &(*link)->rb_right;
	}
	return link;
}

/**
 * dsync_places_know() - was a place reached
 * @places: places that were
 * @place: address of a set or an owner, only to be compared
 *
 * Return: true if so.
 */
bool dsync_places_know(const struct dsync_places *places, const void *place)
{
	struct rb_node *parent;

	return *place_of((struct dsync_places *)places, place, &parent);
}

static struct dsync_node *node_alloc(struct dsync_places *places)
{
	struct dsync_node *node;

	if (places->nr_few == DSYNC_FEW_PLACES)
		return kzalloc(sizeof(*node), SEARCH_GFP);
	node = &places->few[places->nr_few++];
	*node = (struct dsync_node){};
	return node;
}

static struct dsync_node *node_create(struct dsync_places *places, const void *place,
				      struct dsync_effort *effort)
{
	struct dsync_node *node = NULL;

	dsync_effort_take(effort, NODE_STEPS);
	if (!effort->spent)
		node = node_alloc(places);
	if (node)
		node->place = place;
	else
		effort->spent = true;
	return node;
}

/**
 * dsync_places_note() - a place is reached
 * @places: places that were
 * @place: address of a set or an owner
 * @effort: what it may cost
 *
 * Context: process context; may sleep for memory.
 * Return: its node; NULL if it was reached before, or the effort is spent.
 */
struct dsync_node *dsync_places_note(struct dsync_places *places, const void *place,
				     struct dsync_effort *effort)
{
	struct rb_node *parent, **link = place_of(places, place, &parent);
	struct dsync_node *node;

	if (*link)
		return NULL;
	node = node_create(places, place, effort);
	if (!node)
		return NULL;
	rb_link_node(&node->rb, parent, link);
	rb_insert_color(&node->rb, &places->root);
	return node;
}

static bool is_one_of_few(const struct dsync_places *places, const struct dsync_node *node)
{
	return node >= places->few && node < places->few + DSYNC_FEW_PLACES;
}

static void node_free(struct dsync_places *places, struct dsync_node *node)
{
	if (node->set)
		dsync_set_put(node->set);
	if (node->owner)
		dsync_owner_put(node->owner);
	if (node->via)
		dsync_set_put(node->via);
	if (!is_one_of_few(places, node))
		kfree(node);
}

/**
 * dsync_places_forget() - drop all places
 * @places: places that were reached
 */
void dsync_places_forget(struct dsync_places *places)
{
	struct dsync_node *node, *next;

	rbtree_postorder_for_each_entry_safe(node, next, &places->root, rb) {
		node_free(places, node);
		cond_resched();
	}
	dsync_places_init(places);
}

/* A node for a place that was not reached before, or NULL. */
static struct dsync_node *node_add(struct dsync_search *search, void *place)
{
	struct dsync_node *node = dsync_places_note(&search->places, place, search->effort);

	if (node) {
		node->parent = search->from;
		list_add(&node->link, &search->todo);
	}
	return node;
}

static bool search_over(const struct dsync_search *search)
{
	return search->effort->spent || (search->last && !search->all);
}

static void reach_target(struct dsync_search *search, struct dsync_set *via)
{
	if (search->last)
		return;
	search->last = search->from;
	if (via)
		dsync_set_get(via);
	search->last_via = via;
}

/*
 * The owner of a held set keeps others waiting, unless its job goes on without it. A set that is
 * just being acquired is left to its task, which searches when all of it is there.
 */
static void reach_holder(struct dsync_search *search, struct dsync_set *via)
{
	enum dsync_state state = READ_ONCE(via->state);
	struct dsync_owner *owner = via->owner;
	struct dsync_node *node;

	if (state != DSYNC_HELD && state != DSYNC_READY)
		return;
	if (owner == search->target) {
		reach_target(search, via);
		return;
	}
	/* If it begins to now, it searches itself, and finds what was published before. */
	if (!dsync_owner_waits(owner))
		return;
	node = node_add(search, owner);
	if (!node)
		return;
	dsync_owner_get(owner);
	node->owner = owner;
	dsync_set_get(via);
	node->via = via;
}

static bool set_is_late(const struct dsync_search *search, const struct dsync_set *set)
{
	return set->ticket > search->effort->horizon;
}

static void reach_set(struct dsync_search *search, struct dsync_set *set)
{
	struct dsync_node *node;

	if (set_is_late(search, set))
		return;
	if (search->goals && dsync_places_know(search->goals, set)) {
		reach_target(search, NULL);
		return;
	}
	node = node_add(search, set);
	if (!node)
		return;
	dsync_set_get(set);
	node->set = set;
}

/* Some of the sets in the way, with a reference on each; how many. The cursor tells the end. */
static unsigned int collect(struct dsync_access *access, struct dsync_trees *trees,
			    const struct dsync_ask *ask, struct dsync_cursor *cursor,
			    struct dsync_set **sets, struct dsync_effort *effort)
{
	struct dsync_access *other;
	unsigned int nr = 0, steps;
	unsigned long flags;

	dsync_buf_lock(access->buf, &flags);
	while (nr < BATCH) {
		other = dsync_conflict_scan(trees, ask, cursor, DSYNC_MAX_STEPS);
		if (IS_ERR_OR_NULL(other))
			break;
		dsync_conflict_mark(cursor, other);
		dsync_set_get(other->set);
		sets[nr++] = other->set;
	}
	steps = access->buf->steps;
	dsync_buf_unlock(access->buf, flags);
	dsync_effort_take(effort, steps + nr + 1);
	return nr;
}

/* Does what was followed include the edges of @access, but perhaps for those to one owner? */
static bool scan_covers(const struct dsync_scan *scan, const struct dsync_access *access,
			u64 ticket)
{
	const struct dsync_access followed = {
		.start = scan->start,
		.last = scan->last,
		.mode = scan->mode,
	};

	return ticket <= scan->ticket && dsync_conflict_covers(&followed, access);
}

static bool scan_done(const struct dsync_scan *scan, const struct dsync_access *access,
		      u64 ticket)
{
	return scan_covers(scan, access, ticket) &&
	       (!scan->owner || scan->owner == access->set->owner);
}

/* The edges of @access were followed; together with those before, that may be all. */
static void scan_note(struct dsync_scan *scan, const struct dsync_access *access, u64 ticket)
{
	bool all = scan_covers(scan, access, ticket);

	*scan = (struct dsync_scan){
		.start = access->start,
		.last = access->last,
		.ticket = ticket,
		.mode = access->mode,
		.owner = all ? NULL : access->set->owner,
	};
}

typedef void (*reach_fn)(struct dsync_search *search, struct dsync_set *set);

static void follow_edges(struct dsync_search *search, struct dsync_access *access,
			 struct dsync_trees *trees, u64 ticket, reach_fn reach)
{
	struct dsync_ask ask = dsync_conflict_ask(access, ticket);
	struct dsync_cursor cursor = {};
	struct dsync_set *sets[BATCH];
	unsigned int i, nr;

	do {
		nr = collect(access, trees, &ask, &cursor, sets, search->effort);
		for (i = 0; i < nr; i++) {
			if (!search_over(search))
				reach(search, sets[i]);
			dsync_set_put(sets[i]);
		}
		cond_resched();
	} while (!cursor.over && !search_over(search));
}

/* The node of a buffer, which may have been reached before; NULL when the effort is spent. */
static struct dsync_node *buf_node(struct dsync_search *search, const struct dsync_buf *buf)
{
	struct rb_node *parent, **link = place_of(&search->places, buf, &parent);

	if (*link)
		return rb_entry(*link, struct dsync_node, rb);
	return dsync_places_note(&search->places, buf, search->effort);
}

static void follow(struct dsync_search *search, struct dsync_access *access,
		   struct dsync_trees *trees, u64 ticket, reach_fn reach)
{
	struct dsync_node *node = buf_node(search, access->buf);
	struct dsync_scan *scan;

	if (!node)
		return;
	scan = &node->scans[trees == &access->buf->queued];
	if (scan_done(scan, access, ticket))
		return;
	follow_edges(search, access, trees, ticket, reach);
	scan_note(scan, access, ticket);
}

/* A victim waits for nobody: it is about to give up. */
static bool set_waits(struct dsync_set *set)
{
	return READ_ONCE(set->state) == DSYNC_QUEUED &&
	       !test_bit(DSYNC_SET_DOOMED, &set->kicked);
}

/*
 * By now the access may be held, and then it may be cut at any time (replace.c): it is read once.
 * Whoever cuts it searches for the owner afterwards.
 */
static void follow_access(struct dsync_search *search, const struct dsync_access *access)
{
	struct dsync_access now = {
		.start = READ_ONCE(access->start),
		.last = READ_ONCE(access->last),
		.set = access->set,
		.buf = access->buf,
		.mode = READ_ONCE(access->mode),
	};

	follow(search, &now, &now.buf->held, U64_MAX, reach_holder);
	if (search->soft && !search_over(search))
		follow(search, &now, &now.buf->queued, now.set->ticket, reach_set);
}

static void follow_set(struct dsync_search *search, struct dsync_set *set)
{
	struct dsync_access *access;

	if (!set_waits(set))
		return;
	dsync_set_for_each(set, access) {
		/* One of the requests there is this one. */
		search->passed |= !search->soft && READ_ONCE(access->buf->nr_queued) > 1;
		follow_access(search, access);
		if (search_over(search))
			return;
	}
}

/*
 * An owner that has queued a set goes on. It is stuck in its calls only; but nobody is to be
 * queued behind what waits for it in any way.
 */
static bool owner_waits_for(const struct dsync_search *search, const struct dsync_set *set)
{
	return search->soft || !set->done;
}

/*
 * The list is in the order in which sets were published. So behind a set that is late there are
 * only such whose tasks search after this search began.
 */
static void follow_owner(struct dsync_search *search, struct dsync_owner *owner)
{
	struct dsync_set *set, *prev = NULL;
	bool go_on = true;

	while (go_on && (set = dsync_owner_next_waiting(owner, prev))) {
		if (prev)
			dsync_set_put(prev);
		prev = set;
		if (owner_waits_for(search, set))
			reach_set(search, set);
		else
			search->passed = true;
		dsync_effort_take(search->effort, 1);
		go_on = !set_is_late(search, set) && !search_over(search);
		cond_resched();
	}
	if (prev)
		dsync_set_put(prev);
}

/**
 * dsync_search_init() - prepare a search; dsync_search_fini() must follow
 * @search: the search; its flags can be set afterwards
 * @target: the owner to look for
 * @effort: what the search may cost, together with others perhaps
 */
void dsync_search_init(struct dsync_search *search, struct dsync_owner *target,
		       struct dsync_effort *effort)
{
	search->target = target;
	search->effort = effort;
	search->goals = NULL;
	search->soft = false;
	search->all = false;
	search->passed = false;
	search->from = NULL;
	search->last = NULL;
	search->last_via = NULL;
	dsync_places_init(&search->places);
	INIT_LIST_HEAD(&search->todo);
	INIT_LIST_HEAD(&search->seen);
}

/**
 * dsync_search_from_set() - begin at a waiting set
 * @search: the search
 * @set: the set
 */
void dsync_search_from_set(struct dsync_search *search, struct dsync_set *set)
{
	reach_set(search, set);
}

/**
 * dsync_search_from_target() - begin at all that the target waits for
 * @search: the search
 */
void dsync_search_from_target(struct dsync_search *search)
{
	follow_owner(search, search->target);
}

/**
 * dsync_search_run() - follow edges until the target is found or nothing is left
 * @search: the search, with places to begin at
 *
 * Context: process context; may sleep for memory.
 * Return: true if the target was reached. If not, and the effort is spent, it is not known.
 */
bool dsync_search_run(struct dsync_search *search)
{
	struct dsync_node *node;

	while (!search_over(search) && !list_empty(&search->todo)) {
		node = list_first_entry(&search->todo, struct dsync_node, link);
		list_move_tail(&node->link, &search->seen);
		search->from = node;
		if (node->set)
			follow_set(search, node->set);
		else
			follow_owner(search, node->owner);
		cond_resched();
	}
	return search->last;
}

/**
 * dsync_search_fini() - drop what the search holds on to
 * @search: the search
 */
void dsync_search_fini(struct dsync_search *search)
{
	dsync_places_forget(&search->places);
	if (search->last_via)
		dsync_set_put(search->last_via);
}
