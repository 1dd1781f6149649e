/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_WALK_H
#define _DSYNC_WALK_H

#include <linux/list.h>
#include <linux/types.h>

struct dsync_access;
struct dsync_owner;
struct dsync_set;

/* Accesses that the walks for one decision look at before they give up: about a millisecond. */
#define DSYNC_WALK_MAX_STEPS	10000

/**
 * struct dsync_node - an owner or a waiting set, as a walk sees it
 * @link: in the walk's lists
 * @parent: the node that the walk came from
 * @walk: number of the last walk that was here
 * @is_set: a set, else an owner
 *
 * All members belong to the holder of the graph's mutex, but for dsync_walk_hide().
 */
struct dsync_node {
	struct list_head link;
	struct dsync_node *parent;
	u64 walk;
	bool is_set;
};

/**
 * struct dsync_scan - edges of a buffer that a walk has followed already
 * @walk: number of that walk
 * @start: first byte
 * @last: last byte
 * @ticket: edges to requests with this ticket or a later one were not
 * @writes: edges to readers were, too
 * @owner: edges to this owner were not; NULL: to all
 *
 * Where many wait for the same bytes, each for all before it, this spares looking at each
 * pair. All members belong to the holder of the graph's mutex.
 */
struct dsync_scan {
	u64 walk;
	unsigned long start;
	unsigned long last;
	u64 ticket;
	bool writes;
	struct dsync_owner *owner;
};

/**
 * struct dsync_walk - a depth-first search for an owner
 * @target: the owner that is looked for
 * @soft: follow soft edges, too
 * @all: do not stop at @target
 * @steps: accesses looked at so far, by this walk and those that decide the same
 * @from: node whose edges are being followed
 * @todo: nodes reached, their edges not followed
 * @seen: nodes whose edges were followed
 * @found: @target was reached
 */
struct dsync_walk {
	struct dsync_owner *target;
	bool soft;
	bool all;
	unsigned int *steps;
	struct dsync_node *from;
	struct list_head todo;
	struct list_head seen;
	bool found;
};

void dsync_walk_init(struct dsync_walk *walk, struct dsync_owner *target,
		     bool soft, unsigned int *steps);
void dsync_walk_hide(struct dsync_set *set);
void dsync_walk_from_set(struct dsync_walk *walk, struct dsync_set *set);
void dsync_walk_from_target(struct dsync_walk *walk);
int dsync_walk_run(struct dsync_walk *walk);
bool dsync_walk_path_holds(const struct dsync_walk *walk);
void dsync_walk_visit_seen(struct dsync_walk *walk,
			   void (*fn)(struct dsync_set *set));
void dsync_walk_fini(struct dsync_walk *walk);

#endif /* _DSYNC_WALK_H */
