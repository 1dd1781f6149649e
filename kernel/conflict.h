/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_CONFLICT_H
#define _DSYNC_CONFLICT_H

#include "access.h"

/*
 * Accesses of a buffer are kept apart by what they exclude. In the order in which they are looked
 * through: writers, writers that are DSYNC_ACCESS_BOUNCED, those that only read.
 */
enum dsync_tree {
	DSYNC_WRITERS,
	DSYNC_BOUNCED,
	DSYNC_READERS,
	DSYNC_NR_TREES,
};

/**
 * struct dsync_trees - the held accesses of a buffer, or the queued ones
 * @roots: by start
 * @steps: nodes looked at; the holder of &dsync_buf.lock counts and clears them
 */
struct dsync_trees {
	struct rb_root roots[DSYNC_NR_TREES];
	unsigned int *steps;
};

/**
 * struct dsync_ask - which accesses a search is for
 * @except: not those of this owner; NULL: of all
 * @start: with bytes from here
 * @last: to here
 * @ticket: of sets with an earlier ticket; U64_MAX: of all
 * @writers_only: not those that only read
 * @uncommitted_only: not those of jobs whose fence is published
 * @all_of: BIT(enum dsync_tree): there, those with whatever bytes
 */
struct dsync_ask {
	const struct dsync_owner *except;
	unsigned long start;
	unsigned long last;
	u64 ticket;
	bool writers_only;
	bool uncommitted_only;
	u8 all_of;
};

/**
 * struct dsync_cursor - a place in the trees that lasts while their lock is dropped
 * @tree: enum dsync_tree
 * @over: dsync_conflict_scan() has come to the end
 * @start: first byte of the access that was looked at last
 * @id: its id; 0: none was looked at
 */
struct dsync_cursor {
	u8 tree;
	bool over;
	unsigned long start;
	u64 id;
};

/**
 * dsync_conflict_has_writers() - does one of the accesses write
 * @trees: of their buffer
 *
 * Context: &dsync_buf.lock held.
 * Return: true if so.
 */
static inline bool dsync_conflict_has_writers(const struct dsync_trees *trees)
{
	return !RB_EMPTY_ROOT(&trees->roots[DSYNC_WRITERS]) ||
	       !RB_EMPTY_ROOT(&trees->roots[DSYNC_BOUNCED]);
}

void dsync_conflict_insert(struct dsync_trees *trees, struct dsync_access *access);
void dsync_conflict_remove(struct dsync_trees *trees, struct dsync_access *access);

bool dsync_conflict_covers(const struct dsync_access *a, const struct dsync_access *b);
bool dsync_conflict_between(const struct dsync_access *a, const struct dsync_access *b);
struct dsync_ask dsync_conflict_ask(const struct dsync_access *access, u64 ticket);
struct dsync_access *dsync_conflict_first(struct dsync_trees *trees,
					  const struct dsync_ask *ask);
struct dsync_access *dsync_conflict_next(struct dsync_trees *trees,
					 const struct dsync_ask *ask,
					 struct dsync_access *prev);
struct dsync_access *dsync_conflict_find(struct dsync_trees *trees, unsigned long start, u64 id);
struct dsync_access *dsync_conflict_resume(struct dsync_trees *trees,
					   const struct dsync_ask *ask,
					   const struct dsync_cursor *cursor);
struct dsync_access *dsync_conflict_scan(struct dsync_trees *trees,
					 const struct dsync_ask *ask,
					 struct dsync_cursor *cursor,
					 unsigned int max_steps);
void dsync_conflict_mark(struct dsync_cursor *cursor, const struct dsync_access *access);

#endif /* _DSYNC_CONFLICT_H */
