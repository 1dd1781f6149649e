// SPDX-License-Identifier: GPL-2.0-only
/*
 * Conflicts: which accesses are in the way of another one. The one answer to that, for
 * requests, hand-over, fcntl(), the wait-for graph and queries.
 *
 * An interval tree (Cormen et al., Introduction to Algorithms, 14.3) with two things more in
 * each node. The largest end is known for the best owner of the subtree and for the best of all
 * other owners, so the asker's own accesses are never visited, however many it has. And the
 * earliest ticket leads to those who came before the asker.
 *
 * To find one access of another owner, and the next one, takes O(log n). With a ticket that
 * is not so in the worst case, when a subtree has one access that came early and another one that
 * reaches far enough; nor is it for a set that follows jobs, beside many of them.
 * dsync_conflict_scan() looks for these in pieces.
 */
#include <linux/err.h>
#include <linux/rbtree_augmented.h>

#include "conflict.h"
#include "owner.h"
#include "set.h"

static struct dsync_access *access_of(struct rb_node *rb)
{
	return rb ? rb_entry(rb, struct dsync_access, rb) : NULL;
}

static struct dsync_sub own_sub(const struct dsync_access *access)
{
	return (struct dsync_sub){
		.owner = access->set->owner,
		.end = access->last + 1,
		.ticket = access->set->ticket,
	};
}

/* @sub is to speak for @more, too. Of @more's other owners none is the best of both. */
static void sub_add(struct dsync_sub *sub, const struct dsync_sub *more)
{
	if (more->ticket < sub->ticket)
		sub->ticket = more->ticket;
	if (more->owner == sub->owner) {
		sub->end = max(sub->end, more->end);
		sub->other_end = max(sub->other_end, more->other_end);
	} else if (more->end > sub->end) {
		sub->owner = more->owner;
		sub->other_end = max(sub->end, more->other_end);
		sub->end = more->end;
	} else {
		sub->other_end = max(sub->other_end, more->end);
	}
}

static bool sub_equal(const struct dsync_sub *a, const struct dsync_sub *b)
{
	return a->owner == b->owner && a->end == b->end &&
	       a->other_end == b->other_end && a->ticket == b->ticket;
}

static bool sub_compute(struct dsync_access *access, bool exit)
{
	struct dsync_access *left = access_of(access->rb.rb_left);
	struct dsync_access *right = access_of(access->rb.rb_right);
	struct dsync_sub sub = own_sub(access);

	if (left)
		sub_add(&sub, &left->sub);
	if (right)
		sub_add(&sub, &right->sub);
	if (exit && sub_equal(&sub, &access->sub))
		return true;
	access->sub = sub;
	return false;
}

/* To remove an access brings the nodes above it up to date: about one descent. */
#define REMOVE_STEPS	8

RB_DECLARE_CALLBACKS(static, sub_callbacks, struct dsync_access, rb, sub, sub_compute);

/* Accesses with the same start stand in the order of their ids. */
static bool stands_before(unsigned long start, u64 id, const struct dsync_access *access)
{
	return start < access->start || (start == access->start && id < access->id);
}

static enum dsync_tree tree_of(const struct dsync_access *access)
{
	if (!dsync_access_writes(access))
		return DSYNC_READERS;
	return dsync_access_bounces(access) ? DSYNC_BOUNCED : DSYNC_WRITERS;
}

/*
 * Two kinds of writers exclude each other on all bytes. One writes where the CPUs look, the other
 * where the device does, and only whole buffers are copied from here to there.
 */
static u8 excludes_all_of(const struct dsync_access *access)
{
	if (!dsync_access_writes(access))
		return 0;
	return BIT(dsync_access_bounces(access) ? DSYNC_WRITERS : DSYNC_BOUNCED);
}

/**
 * dsync_conflict_between() - do two accesses conflict
 * @a: an access
 * @b: one of another owner, of the same buffer
 *
 * The same as the trees say.
 *
 * Return: true if they cannot be held at the same time.
 */
bool dsync_conflict_between(const struct dsync_access *a, const struct dsync_access *b)
{
	return dsync_mode_conflicts(a->mode, b->mode) &&
	       (excludes_all_of(a) & BIT(tree_of(b)) ||
		dsync_range_overlaps(a->start, a->last, b->start, b->last));
}

/**
 * dsync_conflict_insert() - put an access into its tree
 * @trees: of its buffer
 * @access: the access, in no tree; its set has its owner and, if it waits, its ticket
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_conflict_insert(struct dsync_trees *trees, struct dsync_access *access)
{
	struct rb_root *root = &trees->roots[tree_of(access)];
	struct rb_node **link = &root->rb_node, *parent = NULL;
	struct dsync_sub own = own_sub(access);
	struct dsync_access *node;

	while (*link) {
		(*trees->steps)++;
		parent = *link;
		node = access_of(parent);
		sub_add(&node->sub, &own);
		if (stands_before(access->start, access->id, node))
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	access->sub = own;
	rb_link_node(&access->rb, parent, link);
	rb_insert_augmented(&access->rb, root, &sub_callbacks);
}

/**
 * dsync_conflict_remove() - take an access out of its tree
 * @trees: of its buffer
 * @access: the access; RB_EMPTY_NODE() tells that it is in no tree
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_conflict_remove(struct dsync_trees *trees, struct dsync_access *access)
{
	*trees->steps += REMOVE_STEPS;
	rb_erase_augmented(&access->rb, &trees->roots[tree_of(access)], &sub_callbacks);
	RB_CLEAR_NODE(&access->rb);
}

/* May an access of the subtree be one of those that are asked for? */
static bool sub_may(const struct dsync_access *access, const struct dsync_ask *ask)
{
	const struct dsync_sub *sub = &access->sub;
	unsigned long end = sub->owner != ask->except ? sub->end : sub->other_end;

	return end > ask->start && sub->ticket < ask->ticket;
}

static bool access_is(const struct dsync_access *access, const struct dsync_ask *ask)
{
	return access->last >= ask->start && access->set->owner != ask->except &&
	       access->set->ticket < ask->ticket &&
	       !(ask->uncommitted_only && dsync_set_is_committed(access->set));
}

/* The first access in a subtree that may have one, as far as the left branches tell. */
static struct dsync_access *leftmost(struct dsync_access *access,
				     const struct dsync_ask *ask, unsigned int *steps)
{
	struct dsync_access *left;

	for (;;) {
		(*steps)++;
		left = access_of(access->rb.rb_left);
		if (!left || !sub_may(left, ask))
			return access;
		access = left;
	}
}

/* The next access in the tree's order, without the subtrees that have none. */
static struct dsync_access *successor(struct dsync_access *access,
				      const struct dsync_ask *ask, unsigned int *steps)
{
	struct dsync_access *right = access_of(access->rb.rb_right);
	struct rb_node *rb = &access->rb, *parent;

	if (right && sub_may(right, ask))
		return leftmost(right, ask, steps);
	while ((parent = rb_parent(rb)) && parent->rb_right == rb) {
		(*steps)++;
		rb = parent;
	}
	return access_of(parent);
}

/* From @access on: what stands behind the last byte that is asked for begins there. */
static struct dsync_access *find_from(struct dsync_access *access,
				      const struct dsync_ask *ask, unsigned int *steps)
{
	while (access && access->start <= ask->last) {
		(*steps)++;
		if (access_is(access, ask))
			return access;
		access = successor(access, ask, steps);
	}
	return NULL;
}

/**
 * dsync_conflict_covers() - is all that conflicts with an access in the way of another one, too
 * @a: the other one
 * @b: the access, in the same buffer
 *
 * But for what @a's owner has itself.
 *
 * Return: true if so.
 */
bool dsync_conflict_covers(const struct dsync_access *a, const struct dsync_access *b)
{
	return a->start <= b->start && a->last >= b->last &&
	       (!dsync_access_writes(b) || tree_of(a) == tree_of(b));
}

/* The question as it is put to one tree; @whole is room for it. */
static const struct dsync_ask *ask_tree(const struct dsync_ask *ask, enum dsync_tree tree,
					struct dsync_ask *whole)
{
	if (likely(!(ask->all_of & BIT(tree))))
		return ask;
	*whole = *ask;
	whole->start = 0;
	whole->last = DSYNC_LAST_BYTE;
	return whole;
}

static struct dsync_access *tree_first(struct dsync_trees *trees, enum dsync_tree tree,
				       const struct dsync_ask *ask)
{
	struct dsync_access *root = access_of(trees->roots[tree].rb_node);
	struct dsync_ask whole;

	if (!root)
		return NULL;
	ask = ask_tree(ask, tree, &whole);
	if (!sub_may(root, ask))
		return NULL;
	return find_from(leftmost(root, ask, trees->steps), ask, trees->steps);
}

static unsigned int trees_end(const struct dsync_ask *ask)
{
	return ask->writers_only ? DSYNC_READERS : DSYNC_NR_TREES;
}

/* The first one in @tree and those behind it. */
static struct dsync_access *trees_first(struct dsync_trees *trees, enum dsync_tree tree,
					const struct dsync_ask *ask)
{
	struct dsync_access *access = NULL;

	for (; tree < trees_end(ask) && !access; tree++)
		access = tree_first(trees, tree, ask);
	return access;
}

/**
 * dsync_conflict_ask() - ask for what is in the way of an access
 * @access: the access; its set knows its owner
 * @ticket: only of sets with an earlier ticket; U64_MAX: of all
 *
 * Return: the question.
 */
struct dsync_ask dsync_conflict_ask(const struct dsync_access *access, u64 ticket)
{
	return (struct dsync_ask){
		.except = access->set->owner,
		.start = access->start,
		.last = access->last,
		.ticket = ticket,
		.writers_only = !dsync_access_writes(access),
		.uncommitted_only = access->set->follows,
		.all_of = excludes_all_of(access),
	};
}

/**
 * dsync_conflict_first() - find one of the accesses that are asked for
 * @trees: where
 * @ask: which
 *
 * Writers are found before readers, both in the order of their starts.
 *
 * Context: &dsync_buf.lock held.
 * Return: the first access, or NULL.
 */
struct dsync_access *dsync_conflict_first(struct dsync_trees *trees,
					  const struct dsync_ask *ask)
{
	return trees_first(trees, DSYNC_WRITERS, ask);
}

/* What is left from @access on, in its tree and in those behind it. */
static struct dsync_access *rest(struct dsync_trees *trees, const struct dsync_ask *ask,
				 enum dsync_tree tree, struct dsync_access *access)
{
	struct dsync_ask whole;

	access = find_from(access, ask_tree(ask, tree, &whole), trees->steps);
	return access ?: trees_first(trees, tree + 1, ask);
}

/**
 * dsync_conflict_next() - find the next one
 * @trees: where
 * @ask: which
 * @prev: the answer before; the lock was held since
 *
 * Context: &dsync_buf.lock held.
 * Return: the next access, or NULL.
 */
struct dsync_access *dsync_conflict_next(struct dsync_trees *trees,
					 const struct dsync_ask *ask,
					 struct dsync_access *prev)
{
	enum dsync_tree tree = tree_of(prev);
	struct dsync_ask whole;

	return rest(trees, ask, tree,
		    successor(prev, ask_tree(ask, tree, &whole), trees->steps));
}

/* The first access behind a place. */
static struct dsync_access *lower_bound(struct rb_root *root, unsigned long start, u64 id,
					unsigned int *steps)
{
	struct rb_node *rb = root->rb_node;
	struct dsync_access *found = NULL;

	while (rb) {
		(*steps)++;
		if (stands_before(start, id, access_of(rb))) {
			found = access_of(rb);
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	return found;
}

/**
 * dsync_conflict_find() - find an access
 * @trees: where
 * @start: its first byte
 * @id: its id
 *
 * Context: &dsync_buf.lock held.
 * Return: the access, or NULL.
 */
struct dsync_access *dsync_conflict_find(struct dsync_trees *trees, unsigned long start, u64 id)
{
	struct dsync_access *access;
	unsigned int tree;

	for (tree = 0; tree < DSYNC_NR_TREES; tree++) {
		access = lower_bound(&trees->roots[tree], start, id - 1, trees->steps);
		if (access && access->start == start && access->id == id)
			return access;
	}
	return NULL;
}

/**
 * dsync_conflict_resume() - go on where the lock was dropped
 * @trees: where
 * @ask: which
 * @cursor: the place, of dsync_conflict_mark(); all zeroes: from the beginning
 *
 * Context: &dsync_buf.lock held.
 * Return: the next access, or NULL.
 */
struct dsync_access *dsync_conflict_resume(struct dsync_trees *trees,
					   const struct dsync_ask *ask,
					   const struct dsync_cursor *cursor)
{
	if (!cursor->id)
		return dsync_conflict_first(trees, ask);
	return rest(trees, ask, cursor->tree,
		    lower_bound(&trees->roots[cursor->tree], cursor->start, cursor->id,
				trees->steps));
}

/* Where a scan goes on in the tree of its cursor. */
static struct dsync_access *scan_begin(struct dsync_trees *trees, const struct dsync_ask *ask,
				       const struct dsync_cursor *cursor)
{
	struct rb_root *root = &trees->roots[cursor->tree];
	struct dsync_access *access = access_of(root->rb_node);

	if (cursor->id)
		return lower_bound(root, cursor->start, cursor->id, trees->steps);
	return access && sub_may(access, ask) ? leftmost(access, ask, trees->steps) : NULL;
}

/* The next one in the tree of the cursor, which moves to the last one that is none. */
static struct dsync_access *scan_tree(struct dsync_trees *trees, const struct dsync_ask *ask,
				      struct dsync_cursor *cursor, unsigned int max_steps)
{
	struct dsync_access *access, *passed = NULL;
	struct dsync_ask whole;
	bool spent = false;

	ask = ask_tree(ask, cursor->tree, &whole);
	access = scan_begin(trees, ask, cursor);
	while (access && access->start <= ask->last && !access_is(access, ask) && !spent) {
		(*trees->steps)++;
		passed = access;
		spent = *trees->steps >= max_steps;
		access = successor(access, ask, trees->steps);
	}
	if (passed)
		dsync_conflict_mark(cursor, passed);
	if (spent)
		return ERR_PTR(-EAGAIN);
	return access && access->start <= ask->last ? access : NULL;
}

/**
 * dsync_conflict_scan() - find the next one, as far as time allows
 * @trees: where
 * @ask: which
 * @cursor: the place; all zeroes: the beginning. It moves to what was found to be none of those
 *	that are asked for: what comes there later is not found any more. The caller moves it past
 *	an answer with dsync_conflict_mark().
 * @max_steps: when to stop, as the buffer counts
 *
 * In the order of dsync_conflict_first().
 *
 * Context: &dsync_buf.lock held.
 * Return: the next access; NULL when there is none, and &dsync_cursor.over is set; -EAGAIN when
 * time is over.
 */
struct dsync_access *dsync_conflict_scan(struct dsync_trees *trees,
					 const struct dsync_ask *ask,
					 struct dsync_cursor *cursor,
					 unsigned int max_steps)
{
	struct dsync_access *access = NULL;

	while (!cursor->over) {
		if (!RB_EMPTY_ROOT(&trees->roots[cursor->tree]))
			access = scan_tree(trees, ask, cursor, max_steps);
		if (access)
			break;
		*cursor = (struct dsync_cursor){ .tree = cursor->tree + 1 };
		cursor->over = cursor->tree >= trees_end(ask);
	}
	return access;
}

/**
 * dsync_conflict_mark() - remember a place
 * @cursor: where to
 * @access: the access that was looked at last, in a tree
 */
void dsync_conflict_mark(struct dsync_cursor *cursor, const struct dsync_access *access)
{
	*cursor = (struct dsync_cursor){
		.tree = tree_of(access),
		.start = access->start,
		.id = access->id,
	};
}
