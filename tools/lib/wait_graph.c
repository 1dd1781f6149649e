// SPDX-License-Identifier: GPL-2.0-only
#include "wait_graph.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

/* Steps that may be spent on leaving out what follows from the rest, and on counting. */
#define MAX_STEPS	500000

static void *graph_grow(void *array, size_t nr, size_t *max, size_t size)
{
	if (nr < *max)
		return array;
	*max = *max ? *max * 2 : 64;
	array = reallocarray(array, *max, size);
	if (!array)
		err(1, "no memory for %zu parts of wait chains", *max);
	return array;
}

/* Is it new in this round? */
static bool graph_visit(struct wait_graph *graph, struct model_access *access)
{
	if (access->visit == graph->round)
		return false;
	access->visit = graph->round;
	return true;
}

/* Visit what @from is blocked on, and what that is blocked on. */
static void graph_reach(struct wait_graph *graph, struct model_access *from)
{
	size_t nr = 0;
	unsigned int i;

	graph->todo[nr++] = from;
	while (nr && graph->steps) {
		from = graph->todo[--nr];
		for (i = 0; i < from->nr_edges && graph->steps; i++) {
			struct model_access *to;

			graph->steps--;
			to = model_access_find(graph->model, from->edges[i].blocker);
			if (to && graph_visit(graph, to))
				graph->todo[nr++] = to;
		}
	}
}

/* Leave out the blockers of @access that others of its blockers wait for. */
static void graph_reduce(struct wait_graph *graph, struct model_access *access)
{
	struct model_access *blocker;
	unsigned int i, nr = 0;

	if (access->nr_edges < 2)
		return;
	graph->round++;
	for (i = 0; i < access->nr_edges; i++) {
		blocker = model_access_find(graph->model, access->edges[i].blocker);
		if (blocker)
			graph_reach(graph, blocker);
	}
	/* When time is up, nothing that was seen is wrong, but not all was seen. */
	for (i = 0; i < access->nr_edges; i++) {
		blocker = model_access_find(graph->model, access->edges[i].blocker);
		if (!blocker || blocker->visit != graph->round)
			access->edges[nr++] = access->edges[i];
	}
	/* In a ring all are reachable: then all of them stay. */
	if (nr)
		access->nr_edges = nr;
}

/* A blocker of which only the edge is known. NULL: there are too many. */
static struct model_access *graph_stranger(struct wait_graph *graph,
					   const struct model_access *waiter,
					   const struct top_edge *edge)
{
	struct model_access *access;
	size_t i;

	for (i = 0; i < graph->nr_strangers; i++)
		if (graph->strangers[i].id == edge->blocker)
			return &graph->strangers[i];
	if (i == WAIT_MAX_STRANGERS)
		return NULL;
	access = &graph->strangers[graph->nr_strangers++];
	*access = (struct model_access){
		.id = edge->blocker,
		.buffer = waiter->buffer,
		.at = {
			.ino = waiter->at.ino,
			.owner = edge->owner,
			.kind = edge->kind,
			.tgid = edge->tgid,
			.tid = edge->tid,
			.state = edge->queued ? TOP_STATE_REQUESTED : TOP_STATE_HELD,
		},
	};
	return access;
}

static void graph_node(struct wait_graph *graph, struct model_access *access)
{
	if (!graph_visit(graph, access))
		return;
	graph->nodes = graph_grow(graph->nodes, graph->nr_nodes, &graph->max_nodes,
				  sizeof(*graph->nodes));
	graph->nodes[graph->nr_nodes++] = access;
}

static void graph_pair(struct wait_graph *graph, struct model_access *blocker,
		       struct model_access *waiter)
{
	graph->pairs = graph_grow(graph->pairs, graph->nr_pairs, &graph->max_pairs,
				  sizeof(*graph->pairs));
	graph->pairs[graph->nr_pairs++] = (struct wait_pair){ blocker, waiter };
	waiter->mark |= WAIT_BLOCKED;
	graph_node(graph, blocker);
}

static void graph_follow(struct wait_graph *graph, struct model_access *access)
{
	struct model_access **waiting, *to;
	size_t nr, i;

	for (i = 0; i < access->nr_edges; i++) {
		to = model_access_find(graph->model, access->edges[i].blocker) ?:
		     graph_stranger(graph, access, &access->edges[i]);
		if (to)
			graph_pair(graph, to, access);
		else
			access->more_edges = true;
	}
	to = access->at.state == TOP_STATE_COMMITTED ?
	     model_job_ahead(graph->model, access) : NULL;
	if (to)
		graph_pair(graph, to, access);
	if (!model_access_goes_on(access))
		return;
	waiting = model_owner_waiting(graph->model, access->at.owner, &nr);
	for (i = 0; i < nr; i++)
		if (waiting[i]->nr_edges)
			graph_pair(graph, waiting[i], access);
}

static int graph_by_blocker(const void *a, const void *b)
{
	const struct wait_pair *x = a, *y = b;

	if (x->blocker->id != y->blocker->id)
		return x->blocker->id > y->blocker->id ? 1 : -1;
	if (x->waiter->at.since_ns != y->waiter->at.since_ns)
		return x->waiter->at.since_ns > y->waiter->at.since_ns ? 1 : -1;
	return (x->waiter->id > y->waiter->id) - (x->waiter->id < y->waiter->id);
}

/* Room for as many nodes as there can be, and all of it as it was before the first round. */
static void graph_begin(struct wait_graph *graph, struct model *model)
{
	size_t max = model->nr_accesses + WAIT_MAX_STRANGERS + 1, i;

	graph->model = model;
	graph->nr_nodes = 0;
	graph->nr_pairs = 0;
	graph->nr_strangers = 0;
	graph->round = 0;
	graph->steps = MAX_STEPS;
	if (!graph->strangers)
		graph->strangers = calloc(WAIT_MAX_STRANGERS, sizeof(*graph->strangers));
	if (max > graph->max_todo) {
		graph->max_todo = max;
		graph->todo = reallocarray(graph->todo, max, sizeof(*graph->todo));
	}
	if (!graph->strangers || !graph->todo)
		err(1, "no memory for the wait chains of %zu accesses", max);
	for (i = 0; i < model->nr_accesses; i++) {
		model->accesses[i].mark = 0;
		model->accesses[i].visit = 0;
	}
}

void wait_graph_build(struct wait_graph *graph, struct model *model)
{
	size_t i;

	graph_begin(graph, model);
	for (i = 0; i < model->nr_waiting; i++)
		graph_reduce(graph, model->waiting[i]);
	graph->round++;
	for (i = 0; i < model->nr_accesses; i++)
		if (model->accesses[i].nr_edges || model->accesses[i].at.fence_wait)
			graph_node(graph, &model->accesses[i]);
	for (i = 0; i < graph->nr_nodes; i++)
		graph_follow(graph, graph->nodes[i]);
	if (graph->nr_pairs)
		qsort(graph->pairs, graph->nr_pairs, sizeof(*graph->pairs), graph_by_blocker);
	graph->steps = MAX_STEPS;
}

const struct wait_pair *wait_graph_waiters(const struct wait_graph *graph,
					   const struct model_access *access, size_t *nr)
{
	size_t low = 0, high = graph->nr_pairs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (graph->pairs[middle].blocker->id < access->id)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < graph->nr_pairs && graph->pairs[high].blocker == access)
		high++;
	*nr = high - low;
	return graph->pairs + low;
}

struct model_access *wait_graph_next(const struct wait_graph *graph,
				     const struct model_access *access)
{
	struct model_access **waiting, *to;
	size_t nr, i;

	for (i = 0; i < access->nr_edges; i++) {
		to = model_access_find(graph->model, access->edges[i].blocker);
		if (to)
			return to;
	}
	if (access->at.state == TOP_STATE_COMMITTED)
		return model_job_ahead(graph->model, access);
	if (!model_access_goes_on(access))
		return NULL;
	waiting = model_owner_waiting(graph->model, access->at.owner, &nr);
	for (i = 0; i < nr; i++)
		if (waiting[i]->nr_edges)
			return waiting[i];
	return NULL;
}

void wait_graph_behind(struct wait_graph *graph, struct model_access *access,
		       void (*fn)(struct model_access *waiter, void *priv), void *priv)
{
	const struct wait_pair *pairs;
	size_t nr = 0, nr_pairs, i;

	graph->todo[nr++] = access;
	while (nr) {
		pairs = wait_graph_waiters(graph, graph->todo[--nr], &nr_pairs);
		for (i = 0; i < nr_pairs && graph->steps; i++) {
			graph->steps--;
			if (!graph_visit(graph, pairs[i].waiter))
				continue;
			fn(pairs[i].waiter, priv);
			graph->todo[nr++] = pairs[i].waiter;
		}
	}
}

void wait_graph_free(struct wait_graph *graph)
{
	free(graph->nodes);
	free(graph->pairs);
	free(graph->strangers);
	free(graph->todo);
	memset(graph, 0, sizeof(*graph));
}
