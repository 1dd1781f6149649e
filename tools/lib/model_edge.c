// SPDX-License-Identifier: GPL-2.0-only
/* Who is in the way of a request, of those that it was told of. */
#include "model.h"

#include <stdlib.h>

static int model_by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* It waits for a fence: is that one of a job? */
static void model_sync_edge(const struct model *model, struct model_access *sync)
{
	const struct model_access *job = NULL;
	size_t i;

	for (i = 0; i < model->nr_accesses; i++) {
		const struct model_access *access = &model->accesses[i];

		if (model_access_is_job(access) &&
		    access->at.fence_context == sync->at.wait_context &&
		    access->at.fence_seqno == sync->at.wait_seqno &&
		    (!job || access->at.ino == sync->at.ino))
			job = access;
	}
	if (!job)
		return;
	sync->nr_edges = 1;
	sync->edges[0] = (struct top_edge){
		.blocker = job->id,
		.owner = job->at.owner,
		.kind = job->at.kind,
		.tgid = job->at.tgid,
		.tid = job->at.tid,
	};
}

void model_over_set(struct model *model, uint64_t *ids, size_t nr)
{
	if (nr)
		qsort(ids, nr, sizeof(*ids), model_by_number);
	model->over = ids;
	model->nr_over = nr;
}

/* Without @complete: one that was never seen may be there all the same. */
static bool model_may_block(const struct model *model, const struct top_edge *edge)
{
	if (model_access_find(model, edge->blocker))
		return true;
	return !model->complete && !edge->known &&
	       !(model->nr_over && bsearch(&edge->blocker, model->over, model->nr_over,
					   sizeof(*model->over), model_by_number));
}

void model_edges(struct model *model, struct model_access *access)
{
	unsigned int i, nr = 0;

	for (i = 0; i < access->nr_edges; i++) {
		const struct top_edge *edge = &access->edges[i];

		if (model_may_block(model, edge))
			access->edges[nr++] = *edge;
	}
	access->nr_edges = nr;
	if (model_access_is_sync(access))
		model_sync_edge(model, access);
	access->more_edges = access->at.nr_edges > TOP_NR_EDGES &&
			     nr == TOP_NR_EDGES;
}
