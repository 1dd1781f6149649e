// SPDX-License-Identifier: GPL-2.0-only
#include "view_list.h"

#include <err.h>
#include <stdlib.h>

void view_list_resize(struct view_list *list, size_t nr)
{
	list->nr = nr;
	if (nr <= list->max)
		return;
	list->max = nr;
	list->rows = reallocarray(list->rows, nr, sizeof(*list->rows));
	if (!list->rows)
		err(1, "no memory for %zu %s", nr, list->table->name);
}

static int view_list_compare(const void *a, const void *b, void *priv)
{
	const void *x = *(const void *const *)a, *y = *(const void *const *)b;
	const struct view_list *list = priv;

	return order_compare(&list->order, x, y) ?: list->tie(x, y);
}

void view_list_sort(struct view_list *list)
{
	if (list->nr)
		qsort_r(list->rows, list->nr, sizeof(*list->rows), view_list_compare, list);
}

size_t view_list_select(const struct view_list *list, bool idle, const void **rows)
{
	size_t nr = 0, i;

	for (i = 0; i < list->nr; i++)
		if (idle || !list->idle || !list->idle(list->rows[i]))
			rows[nr++] = list->rows[i];
	return nr;
}

void view_list_free(struct view_list *list)
{
	free(list->rows);
	list->rows = NULL;
	list->nr = 0;
	list->max = 0;
}
