// SPDX-License-Identifier: GPL-2.0-only
/* Threads and engines with counters of their own. */
#include "model.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

static int model_by_key(const void *a, const void *b)
{
	const struct model_user *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* What it was before this window: nothing, for one that is new. */
static const struct model_user *model_user_before(const struct model *model,
						  const struct model_user *user)
{
	static const struct model_user none;
	const struct model_user *before = NULL;

	if (model->nr_users)
		before = bsearch(user, model->users, model->nr_users, sizeof(*model->users),
				 model_by_key);
	return before ?: &none;
}

static void model_user_sample(const struct model *model, struct model_user *user,
			      uint32_t number)
{
	const struct model_user *before = model_user_before(model, user);
	bool active = memcmp(&user->counters, &before->counters, sizeof(user->counters));

	model_window_add(&user->window, &user->counters, &before->counters, number);
	user->active_ns = active ? model->now_ns : before->active_ns;
}

void model_users_sample(struct model *model, const struct top_user *keys,
			const struct top_counters *counters, size_t nr, uint32_t number)
{
	struct model_user *users = calloc(nr + 1, sizeof(*users));
	size_t i;

	if (!users)
		err(1, "no memory for %zu threads and engines", nr);
	for (i = 0; i < nr; i++) {
		users[i].key = keys[i];
		users[i].counters = counters[i];
		model_user_sample(model, &users[i], number);
	}
	qsort(users, nr, sizeof(*users), model_by_key);
	free(model->users);
	model->users = users;
	model->nr_users = nr;
}
