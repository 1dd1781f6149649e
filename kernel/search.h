/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_SEARCH_H
#define _DSYNC_SEARCH_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

struct dsync_effort;
struct dsync_owner;
struct dsync_set;

/**
 * struct dsync_scan - edges that a search has followed already, in a buffer's tree
 * @start: first byte
 * @last: last byte
 * @ticket: edges to requests with this ticket or a later one were not
 * @mode: of the access that they were followed of
 * @owner: edges to this owner were not; NULL: to all; only to be compared
 *
 * Where many wait for the same bytes, each for all before it, this spares looking at each
 * pair.
 */
struct dsync_scan {
	unsigned long start;
	unsigned long last;
	u64 ticket;
	u32 mode;
	const struct dsync_owner *owner;
};

/**
 * struct dsync_node - a place that a search has reached
 * @rb: in &dsync_search.places, by @place
 * @place: address of the set or owner, or of the buffer that @scans is of
 * @link: in &dsync_search.todo or .seen
 * @parent: the node whose edge led here
 * @set: a waiting set, a reference; or NULL:
 * @owner: an owner, a reference
 * @via: the held set that made the edge to @owner, a reference
 * @scans: what was followed of a buffer's held accesses, and of the queued ones
 */
struct dsync_node {
	struct rb_node rb;
	const void *place;
	struct list_head link;
	struct dsync_node *parent;
	struct dsync_set *set;
	struct dsync_owner *owner;
	struct dsync_set *via;
	struct dsync_scan scans[2];
};

/* Most searches reach one set, in one buffer. */
#define DSYNC_FEW_PLACES	2

/**
 * struct dsync_places - places that were reached
 * @root: struct dsync_node
 * @nr_few: how many of @few are among them
 * @few: room for the first ones
 */
struct dsync_places {
	struct rb_root root;
	unsigned int nr_few;
	struct dsync_node few[DSYNC_FEW_PLACES];
};

/**
 * struct dsync_search - a depth-first search for an owner
 * @target: the owner
 * @effort: what it may cost
 * @goals: sets that are known to wait for @target; or NULL
 * @soft: follow soft edges and those of asynchronous requests, too
 * @all: do not stop at the target
 * @passed: there may be edges on the way that are followed if @soft only
 * @places: what was reached
 * @todo: nodes whose edges were not followed
 * @seen: nodes whose edges were
 * @from: node whose edges are being followed
 * @last: the node whose edge reached the target; NULL: it was not reached
 * @last_via: the held set of @target that made that edge, a reference
 */
struct dsync_search {
	struct dsync_owner *target;
	struct dsync_effort *effort;
	const struct dsync_places *goals;
	bool soft;
	bool all;
	bool passed;
	struct dsync_places places;
	struct list_head todo;
	struct list_head seen;
	struct dsync_node *from;
	struct dsync_node *last;
	struct dsync_set *last_via;
};

void dsync_places_init(struct dsync_places *places);
bool dsync_places_know(const struct dsync_places *places, const void *place);
struct dsync_node *dsync_places_note(struct dsync_places *places, const void *place,
				     struct dsync_effort *effort);
void dsync_places_forget(struct dsync_places *places);

void dsync_search_init(struct dsync_search *search, struct dsync_owner *target,
		       struct dsync_effort *effort);
void dsync_search_from_set(struct dsync_search *search, struct dsync_set *set);
void dsync_search_from_target(struct dsync_search *search);
bool dsync_search_run(struct dsync_search *search);
void dsync_search_fini(struct dsync_search *search);

#endif /* _DSYNC_SEARCH_H */
