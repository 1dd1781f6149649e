// SPDX-License-Identifier: GPL-2.0-only
#include "reach.h"

#include <err.h>
#include <stdlib.h>

#include "model.h"

/* Accesses that were reached and have not been looked at: each is in here once at most. */
struct reach {
	struct model *model;
	struct model_access **todo;
	size_t nr;
};

static void reach_add(struct reach *reach, struct model_access *access)
{
	if (!access || access->mark)
		return;
	access->mark = 1;
	reach->todo[reach->nr++] = access;
}

/* On to what @access waits for, or what its owner waits for elsewhere. */
static void reach_step(struct reach *reach, const struct model_access *access)
{
	struct model_access **waiting;
	size_t nr, i;

	for (i = 0; i < access->nr_edges; i++)
		reach_add(reach, model_access_find(reach->model,
						   access->edges[i].blocker));
	if (access->at.state == TOP_STATE_COMMITTED)
		reach_add(reach, model_job_ahead(reach->model, access));
	if (!model_access_goes_on(access))
		return;
	waiting = model_owner_waiting(reach->model, access->at.owner, &nr);
	for (i = 0; i < nr; i++)
		reach_add(reach, waiting[i]);
}

void reach_keep(struct model *model)
{
	struct reach reach = { .model = model };
	size_t nr = 0, i;

	reach.todo = calloc(model->nr_accesses + 1, sizeof(*reach.todo));
	if (!reach.todo)
		err(1, "no memory for %zu accesses", model->nr_accesses);
	for (i = 0; i < model->nr_accesses; i++)
		if (model->accesses[i].at.passes)
			reach_add(&reach, &model->accesses[i]);
	while (reach.nr)
		reach_step(&reach, reach.todo[--reach.nr]);
	free(reach.todo);
	for (i = 0; i < model->nr_accesses; i++) {
		if (!model->accesses[i].mark)
			continue;
		model->accesses[nr] = model->accesses[i];
		model->accesses[nr++].mark = 0;
	}
	model->nr_accesses = nr;
}
