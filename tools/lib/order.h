/* SPDX-License-Identifier: GPL-2.0-only */
/* The order of a table's rows: by one column, or by two. */
#ifndef ORDER_H
#define ORDER_H

#include "output.h"

#define ORDER_MAX_KEYS	2

struct order_key {
	const struct column *column;
	bool ascending;
};

/**
 * struct order - by which columns
 * @keys: the first one counts, then the second one
 * @nr: how many
 */
struct order {
	struct order_key keys[ORDER_MAX_KEYS];
	unsigned int nr;
};

/**
 * order_parse() - what a user asks for
 * @order: gets it
 * @table: which has the columns
 * @text: one or two names, with a comma between them: as in CSV, or as on the screen, where
 *	small letters are like capitals; each with '+' in front of it when the least comes first
 *
 * Return: 0, or -EINVAL when there is no such column or there are too many.
 */
int order_parse(struct order *order, const struct table *table, const char *text);

/* By one column, the greatest first. */
void order_set(struct order *order, const struct column *column);
/* The next column on the screen, to the right (1) or to the left (-1). */
void order_step(struct order *order, const struct table *table, int step);
/* The same in another table, as far as it has these columns; else by its column @otherwise. */
void order_move(struct order *order, const struct table *table, const char *otherwise);
/* Mark the columns in a heading. */
void order_mark(const struct order *order, struct layout *layout);
/* As for qsort(). */
int order_compare(const struct order *order, const void *a, const void *b);

#endif /* ORDER_H */
