// SPDX-License-Identifier: GPL-2.0-only
/* Waits that are over, by who waited and who was in the way; and names of fence contexts. */
#include "model.h"

#include <err.h>
#include <stdlib.h>

static int model_by_context(const void *a, const void *b)
{
	const struct model_timeline *x = a, *y = b;

	return (x->context > y->context) - (x->context < y->context);
}

void model_blames_set(struct model *model, const struct top_blame_key *keys,
		      const struct top_blame *sums, size_t nr)
{
	size_t i;

	model->blames = reallocarray(model->blames, nr + 1, sizeof(*model->blames));
	if (!model->blames)
		err(1, "no memory for %zu pairs", nr);
	for (i = 0; i < nr; i++)
		model->blames[i] = (struct model_blame){ keys[i], sums[i] };
	model->nr_blames = nr;
}

void model_timelines_set(struct model *model, const uint64_t *contexts,
			 const struct top_timeline *timelines, size_t nr)
{
	size_t i;

	model->timelines = reallocarray(model->timelines, nr + 1, sizeof(*model->timelines));
	if (!model->timelines)
		err(1, "no memory for %zu timelines", nr);
	for (i = 0; i < nr; i++)
		model->timelines[i] = (struct model_timeline){ contexts[i], timelines[i] };
	model->nr_timelines = nr;
	if (nr)
		qsort(model->timelines, nr, sizeof(*model->timelines), model_by_context);
}

const struct top_timeline *model_timeline(const struct model *model, uint64_t context)
{
	struct model_timeline key = { .context = context }, *found = NULL;

	if (model->nr_timelines)
		found = bsearch(&key, model->timelines, model->nr_timelines,
				sizeof(*model->timelines), model_by_context);
	return found ? &found->timeline : NULL;
}
