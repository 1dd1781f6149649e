// SPDX-License-Identifier: GPL-2.0-only
#include "chain.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

/* Deeper than this nobody can read. */
#define MAX_DEPTH	64
/* Steps that may be spent on leaving out what follows from the rest. */
#define MAX_STEPS	500000

enum chain_mark {
	CHAIN_AWAITED = 1,	/* somebody waits for it: no chain begins here */
	CHAIN_SHOWN = 2,
};

/* One round of leaving out: accesses with this @visit are reachable. */
struct chain_reduce {
	const struct model *model;
	unsigned int visit;
	unsigned int steps;
};

static void chain_reach(struct chain_reduce *reduce,
			const struct model_access *from)
{
	unsigned int i;

	for (i = 0; i < from->nr_edges && reduce->steps < MAX_STEPS; i++) {
		struct model_access *to;

		reduce->steps++;
		to = model_access_find(reduce->model, from->edges[i].blocker);
		if (!to || to->visit == reduce->visit)
			continue;
		to->visit = reduce->visit;
		chain_reach(reduce, to);
	}
}

/* Leave out the blockers of @access that others of its blockers wait for. */
static void chain_reduce(struct chain_reduce *reduce,
			 struct model_access *access)
{
	struct model_access *blocker;
	unsigned int i, nr = 0;

	if (access->nr_edges < 2)
		return;
	reduce->visit++;
	for (i = 0; i < access->nr_edges; i++) {
		blocker = model_access_find(reduce->model,
					    access->edges[i].blocker);
		if (blocker)
			chain_reach(reduce, blocker);
	}
	/* When time is up, nothing that was seen is wrong, but not all was seen. */
	for (i = 0; i < access->nr_edges; i++) {
		blocker = model_access_find(reduce->model,
					    access->edges[i].blocker);
		if (!blocker || blocker->visit != reduce->visit)
			access->edges[nr++] = access->edges[i];
	}
	/* In a ring all are reachable: then all of them stay. */
	if (nr)
		access->nr_edges = nr;
}

static struct chain_row *chain_add(struct chains *chains, unsigned int depth)
{
	struct chain_row *row;

	if (chains->nr == chains->max) {
		chains->max = chains->max ? chains->max * 2 : 64;
		chains->rows = reallocarray(chains->rows, chains->max,
					    sizeof(*chains->rows));
		if (!chains->rows)
			err(1, "no memory for %zu rows of wait chains",
			    chains->max);
	}
	row = &chains->rows[chains->nr++];
	memset(row, 0, sizeof(*row));
	row->depth = depth;
	return row;
}

/* A blocker of which only the edge is known. */
static void chain_add_unknown(struct chains *chains, unsigned int depth,
			      const struct model_access *waiter,
			      const struct top_edge *edge)
{
	struct model_access *access = &chain_add(chains, depth)->access;

	access->id = edge->blocker;
	access->buffer = waiter->buffer;
	access->at.ino = waiter->at.ino;
	access->at.owner = edge->owner;
	access->at.kind = edge->kind;
	access->at.tgid = edge->tgid;
	access->at.tid = edge->tid;
	access->at.state = edge->queued ? TOP_STATE_REQUESTED : TOP_STATE_HELD;
}

static void chain_walk(struct chains *chains, struct model *model,
		       struct model_access *access, unsigned int depth)
{
	struct chain_row *row = chain_add(chains, depth);
	struct model_access **waiting, *ahead;
	size_t nr, i;

	row->access = *access;
	row->cut = access->more_edges;
	row->again = access->mark & CHAIN_SHOWN;
	if (row->again || depth == MAX_DEPTH)
		return;
	access->mark |= CHAIN_SHOWN;
	for (i = 0; i < access->nr_edges; i++) {
		const struct top_edge *edge = &access->edges[i];
		struct model_access *blocker;

		blocker = model_access_find(model, edge->blocker);
		if (blocker)
			chain_walk(chains, model, blocker, depth + 1);
		else
			chain_add_unknown(chains, depth + 1, access, edge);
	}
	if (access->at.state == TOP_STATE_COMMITTED) {
		ahead = model_job_ahead(model, access);
		if (ahead)
			chain_walk(chains, model, ahead, depth + 1);
	}
	if (!model_access_goes_on(access))
		return;
	waiting = model_owner_waiting(model, access->at.owner, &nr);
	for (i = 0; i < nr; i++)
		if (waiting[i]->nr_edges)
			chain_walk(chains, model, waiting[i], depth + 1);
}

/* Mark what stands further down in the chain of @access. */
static void chain_mark(struct model *model, const struct model_access *access)
{
	struct model_access **waiting;
	size_t nr, i, j;

	for (i = 0; i < access->nr_edges; i++) {
		struct model_access *blocker;

		blocker = model_access_find(model, access->edges[i].blocker);
		if (!blocker)
			continue;
		blocker->mark |= CHAIN_AWAITED;
		if (!model_access_goes_on(blocker))
			continue;
		waiting = model_owner_waiting(model, blocker->at.owner, &nr);
		for (j = 0; j < nr; j++)
			waiting[j]->mark |= CHAIN_AWAITED;
	}
}

static bool chain_begins(const struct model_access *access)
{
	return access->nr_edges || access->at.fence_wait;
}

void chain_build(struct chains *chains, struct model *model)
{
	struct chain_reduce reduce = { .model = model };
	size_t i;

	chains->nr = 0;
	for (i = 0; i < model->nr_waiting; i++)
		chain_reduce(&reduce, model->waiting[i]);
	for (i = 0; i < model->nr_waiting; i++)
		chain_mark(model, model->waiting[i]);
	for (i = 0; i < model->nr_accesses; i++)
		if (chain_begins(&model->accesses[i]) &&
		    !(model->accesses[i].mark & CHAIN_AWAITED))
			chain_walk(chains, model, &model->accesses[i], 0);
	/* A ring has no beginning: begin anywhere. */
	for (i = 0; i < model->nr_accesses; i++)
		if (chain_begins(&model->accesses[i]) &&
		    !(model->accesses[i].mark & CHAIN_SHOWN))
			chain_walk(chains, model, &model->accesses[i], 0);
}

void chain_free(struct chains *chains)
{
	free(chains->rows);
	memset(chains, 0, sizeof(*chains));
}
