/* SPDX-License-Identifier: GPL-2.0-only */
/* The wait-for graph of a model: who waits for whom, and who is in whose way. */
#ifndef WAIT_GRAPH_H
#define WAIT_GRAPH_H

#include <stddef.h>

#include "model.h"

/* Blockers of which no more is known than the edge tells: so many are kept. */
#define WAIT_MAX_STRANGERS	256

/* Bits of struct model_access.mark. */
enum wait_mark {
	WAIT_BLOCKED = 1,	/* it waits for something that is in the graph */
	WAIT_ROOTED = 2,	/* for callers */
	WAIT_SHOWN = 4,		/* likewise */
};

/**
 * struct wait_pair - one waits for the other, and for nobody in between
 * @blocker: the one that is in the way
 * @waiter: the one that waits; or that is held by an owner who waits as @blocker
 */
struct wait_pair {
	struct model_access *blocker;
	struct model_access *waiter;
};

/**
 * struct wait_graph - the graph
 * @model: whose accesses these are
 * @nodes: accesses that wait, and all that they wait for, directly or not
 * @pairs: sorted by blocker; the waiters of one by the time when they began to wait
 * @strangers: blockers that are not in the model
 * @round: of looking around; accesses with this @visit were seen in it
 * @steps: that may still be spent on looking around
 * @todo: room for all accesses
 */
struct wait_graph {
	struct model *model;
	struct model_access **nodes;
	size_t nr_nodes, max_nodes;
	struct wait_pair *pairs;
	size_t nr_pairs, max_pairs;
	struct model_access *strangers;
	size_t nr_strangers;
	unsigned int round;
	unsigned int steps;
	struct model_access **todo;
	size_t max_todo;
};

/*
 * An access waits for those it is blocked on; a job that its engine has not begun for the job
 * ahead of it; and one that is held, or is acquired together with another one, for what its
 * owner waits for elsewhere. Of A blocked on B and C, and B blocked on C, only A - B - C is
 * kept. Marks are made anew.
 */
void wait_graph_build(struct wait_graph *graph, struct model *model);
void wait_graph_free(struct wait_graph *graph);

/* The first pair whose blocker is @access; @nr gets how many there are. */
const struct wait_pair *wait_graph_waiters(const struct wait_graph *graph,
					   const struct model_access *access, size_t *nr);

/* Something that @access waits for, or NULL. */
struct model_access *wait_graph_next(const struct wait_graph *graph,
				     const struct model_access *access);

/*
 * Call @fn for all that wait for @access, directly or not, and were not seen in this round.
 * Stops when there are no steps left.
 */
void wait_graph_behind(struct wait_graph *graph, struct model_access *access,
		       void (*fn)(struct model_access *waiter, void *priv), void *priv);

#endif /* WAIT_GRAPH_H */
