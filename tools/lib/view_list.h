/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of a table, in order. */
#ifndef VIEW_LIST_H
#define VIEW_LIST_H

#include "order.h"

/**
 * struct view_list - rows
 * @table: what they are rows of
 * @tie: order of rows that @order does not tell apart, so that they stay where they are
 * @idle: is there nothing to say of a row? NULL: of none
 * @order: the order
 * @rows: the rows
 * @nr: how many
 * @max: room
 */
struct view_list {
	const struct table *table;
	int (*tie)(const void *a, const void *b);
	bool (*idle)(const void *row);
	struct order order;
	const void **rows;
	size_t nr, max;
};

/* Make room for @nr rows, which the caller fills in. */
void view_list_resize(struct view_list *list, size_t nr);
void view_list_sort(struct view_list *list);
/* Those that are not idle, or all, into @rows, where there is room. Return: how many. */
size_t view_list_select(const struct view_list *list, bool idle, const void **rows);
void view_list_free(struct view_list *list);

#endif /* VIEW_LIST_H */
