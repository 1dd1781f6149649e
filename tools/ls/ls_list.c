// SPDX-License-Identifier: GPL-2.0-only
#include "ls_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* Room for one more entry of @size bytes in an array of @nr, which doubles at powers of 2. */
static void *list_grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	return reallocarray(array, nr ? 2 * nr : 1, size);
}

static int list_add_access(struct ls_list *list, const struct snapshot_line *line)
{
	struct ls_access *one;

	one = list_grow(list->accesses, list->nr_accesses, sizeof(*one));
	if (!one)
		return -ENOMEM;
	list->accesses = one;
	one += list->nr_accesses++;
	*one = (struct ls_access){
		.access = { .id = line->id, .at = line->access, .timeline = line->timeline },
		.size = line->size,
	};
	memcpy(one->exporter, line->exporter, sizeof(one->exporter));
	return 0;
}

static int list_add_edge(struct ls_list *list, const struct snapshot_line *line)
{
	struct ls_edge *edges;

	edges = list_grow(list->edges, list->nr_edges, sizeof(*edges));
	if (!edges)
		return -ENOMEM;
	list->edges = edges;
	edges[list->nr_edges++] = (struct ls_edge){
		.waiter = line->id, .blocker = line->edge.blocker, .owner = line->edge.owner,
	};
	return 0;
}

static int list_add_more(struct ls_list *list, const struct snapshot_line *line)
{
	struct ls_more *more;

	more = list_grow(list->more, list->nr_more, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->more = more;
	more[list->nr_more++] = (struct ls_more){
		.ino = line->access.ino, .held = line->held, .edges = line->edges,
	};
	return 0;
}

static int list_line(const struct snapshot_line *line, void *priv)
{
	switch (line->type) {
	case SNAPSHOT_ACCESS:
		return list_add_access(priv, line);
	case SNAPSHOT_EDGE:
		return list_add_edge(priv, line);
	case SNAPSHOT_MORE:
		return list_add_more(priv, line);
	default:
		return 0;
	}
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_access(const void *a, const void *b)
{
	const struct ls_access *const *x = a, *const *y = b;

	return compare((*x)->access.id, (*y)->access.id);
}

static int compare_edge(const void *a, const void *b)
{
	const struct ls_edge *x = a, *y = b;

	return compare(x->waiter, y->waiter) ?: compare(x->blocker, y->blocker);
}

static struct ls_access *list_find(const struct ls_list *list, uint64_t id)
{
	struct ls_access key = { .access = { .id = id } }, *wanted = &key, **found;

	found = bsearch(&wanted, list->by_id, list->nr_accesses, sizeof(*list->by_id),
			compare_access);
	return found ? *found : NULL;
}

/* What it waits for begins at the first edge of its own. */
static void list_connect(struct ls_list *list)
{
	struct ls_access *waiter;
	struct ls_edge *edge;
	size_t i;

	for (i = 0; i < list->nr_edges; i++) {
		edge = &list->edges[i];
		edge->by = list_find(list, edge->blocker);
		if (edge->by)
			edge->by->blocks = true;
		waiter = list_find(list, edge->waiter);
		if (!waiter)
			continue;
		if (!waiter->nr_edges++)
			waiter->edges = edge;
	}
}

static int list_sort(struct ls_list *list)
{
	uint64_t now_ns = clock_now_ns();
	size_t i;

	if (!list->nr_accesses)
		return 0;
	list->by_id = reallocarray(NULL, list->nr_accesses, sizeof(*list->by_id));
	if (!list->by_id)
		return -ENOMEM;
	for (i = 0; i < list->nr_accesses; i++) {
		list->accesses[i].access.now_ns = now_ns;
		list->by_id[i] = &list->accesses[i];
	}
	qsort(list->by_id, list->nr_accesses, sizeof(*list->by_id), compare_access);
	if (list->nr_edges)
		qsort(list->edges, list->nr_edges, sizeof(*list->edges), compare_edge);
	list_connect(list);
	return 0;
}

int ls_list_read(struct ls_list *list)
{
	int err;

	memset(list, 0, sizeof(*list));
	err = snapshot_read(list_line, list) ?: list_sort(list);
	if (err)
		ls_list_free(list);
	return err;
}

static bool list_is_asked_for(const struct ls_access *one, const struct ls_choice *choice)
{
	if (choice->tgid && one->access.at.tgid != choice->tgid)
		return false;
	if (choice->ino && one->access.at.ino != choice->ino)
		return false;
	return !choice->waiting || one->nr_edges;
}

static void list_show(struct ls_access *one, struct ls_access **found)
{
	if (!one || one->shown)
		return;
	one->shown = true;
	one->next = *found;
	*found = one;
}

void ls_list_choose(struct ls_list *list, const struct ls_choice *choice)
{
	struct ls_access *found = NULL, *one;
	size_t i;

	for (i = 0; i < list->nr_accesses; i++)
		if (list_is_asked_for(&list->accesses[i], choice))
			list_show(&list->accesses[i], &found);
	while ((one = found)) {
		found = one->next;
		for (i = 0; i < one->nr_edges; i++)
			list_show(one->edges[i].by, &found);
	}
}

void ls_list_free(struct ls_list *list)
{
	free(list->accesses);
	free(list->by_id);
	free(list->edges);
	free(list->more);
	memset(list, 0, sizeof(*list));
}
