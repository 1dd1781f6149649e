// SPDX-License-Identifier: GPL-2.0-only
#include "chain.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dmabuf_sync.h>

static struct chain_row *chain_push(struct chain_row **rows, size_t *nr, size_t *max,
				    struct model_access *access)
{
	if (*nr == *max) {
		*max = *max ? *max * 2 : 64;
		*rows = reallocarray(*rows, *max, sizeof(**rows));
		if (!*rows)
			err(1, "no memory for %zu rows of wait chains", *max);
	}
	(*rows)[*nr] = (struct chain_row){ .access = access };
	return &(*rows)[(*nr)++];
}

/* What is counted of those behind a root. */
struct chain_count {
	const struct chains *chains;
	struct chain_row *root;
};

/* Was another access of the same job counted? */
static bool chain_counted(const struct wait_graph *graph, const struct model_access *waiter)
{
	struct model_access **waiting;
	size_t nr, i;

	if (waiter->at.kind != DMABUF_SYNC_OWNER_DRIVER)
		return false;
	waiting = model_owner_waiting(graph->model, waiter->at.owner, &nr);
	for (i = 0; i < nr; i++)
		if (waiting[i] != waiter && waiting[i]->visit == graph->round &&
		    waiting[i]->nr_edges)
			return true;
	return false;
}

static void chain_behind(struct model_access *waiter, void *priv)
{
	struct chain_count *count = priv;

	waiter->mark |= WAIT_ROOTED;
	if (!model_access_waits(waiter) || !waiter->nr_edges ||
	    chain_counted(&count->chains->graph, waiter))
		return;
	count->root->blocks++;
	count->root->blocked_ns += model_access_age_ns(waiter);
}

static struct chain_row *chain_root(struct chains *chains, struct model_access *access)
{
	struct chain_count count = { .chains = chains };

	count.root = chain_push(&chains->roots, &chains->nr_roots, &chains->max_roots, access);
	access->mark |= WAIT_ROOTED;
	chains->graph.round++;
	wait_graph_behind(&chains->graph, access, chain_behind, &count);
	return count.root;
}

/* What nobody is in the way of. */
static void chain_find_roots(struct chains *chains)
{
	struct wait_graph *graph = &chains->graph;
	size_t i;

	chains->nr_roots = 0;
	for (i = 0; i < graph->nr_nodes; i++)
		if (!(graph->nodes[i]->mark & WAIT_BLOCKED))
			chain_root(chains, graph->nodes[i]);
}

/* From an access that is behind a cycle, or in it, to one that is in it. */
static struct model_access *chain_into_cycle(struct wait_graph *graph,
					     struct model_access *access)
{
	graph->round++;
	while (access->visit != graph->round) {
		struct model_access *next = wait_graph_next(graph, access);

		access->visit = graph->round;
		if (!next)
			break;
		access = next;
	}
	return access;
}

/* What is behind no root is behind a cycle, unless counting was too long a work. */
static void chain_find_cycles(struct chains *chains)
{
	struct wait_graph *graph = &chains->graph;
	size_t i;

	for (i = 0; i < graph->nr_nodes && graph->steps; i++)
		if (!(graph->nodes[i]->mark & WAIT_ROOTED))
			chain_root(chains,
				   chain_into_cycle(graph, graph->nodes[i]))->cycle = true;
}

static int chain_by_blocked(const void *a, const void *b)
{
	const struct chain_row *x = a, *y = b;

	if (x->cycle != y->cycle)
		return x->cycle ? -1 : 1;
	if (x->blocked_ns != y->blocked_ns)
		return x->blocked_ns < y->blocked_ns ? 1 : -1;
	return (x->access->id > y->access->id) - (x->access->id < y->access->id);
}

static void chain_add(struct chains *chains, const struct chain_row *row)
{
	if (chains->nr == CHAIN_MAX_ROWS)
		chains->nr_more++;
	else
		*chain_push(&chains->rows, &chains->nr, &chains->max, row->access) = *row;
}

/* The next row, and then those that wait for it. */
static void chain_step(struct chains *chains)
{
	struct chain_row row = chains->todo[--chains->nr_todo];
	struct model_access *access = row.access;
	const struct wait_pair *pairs;
	size_t nr;

	pairs = wait_graph_waiters(&chains->graph, access, &nr);
	row.again = access->mark & WAIT_SHOWN;
	row.cut = access->more_edges;
	row.past = chains->graph.model->recorded;
	chain_add(chains, &row);
	if (row.again)
		return;
	access->mark |= WAIT_SHOWN;
	while (nr--)
		chain_push(&chains->todo, &chains->nr_todo, &chains->max_todo,
			   pairs[nr].waiter)->depth = row.depth + 1;
}

static void chain_walk(struct chains *chains, const struct chain_row *root)
{
	*chain_push(&chains->todo, &chains->nr_todo, &chains->max_todo, root->access) = *root;
	while (chains->nr_todo)
		chain_step(chains);
}

void chain_build(struct chains *chains, struct model *model)
{
	struct wait_graph *graph = &chains->graph;
	size_t i;

	chains->nr = 0;
	chains->nr_more = 0;
	chains->nr_todo = 0;
	wait_graph_build(graph, model);
	chain_find_roots(chains);
	chain_find_cycles(chains);
	if (chains->nr_roots)
		qsort(chains->roots, chains->nr_roots, sizeof(*chains->roots),
		      chain_by_blocked);
	for (i = 0; i < chains->nr_roots; i++)
		chain_walk(chains, &chains->roots[i]);
	/* Where counting was too long a work, cycles were not looked for. */
	for (i = 0; i < graph->nr_nodes; i++) {
		struct chain_row row = { .access = graph->nodes[i] };

		if (!(graph->nodes[i]->mark & WAIT_SHOWN))
			chain_walk(chains, &row);
	}
}

void chain_free(struct chains *chains)
{
	wait_graph_free(&chains->graph);
	free(chains->rows);
	free(chains->roots);
	free(chains->todo);
	memset(chains, 0, sizeof(*chains));
}
