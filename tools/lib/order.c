// SPDX-License-Identifier: GPL-2.0-only
#include "order.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const struct column *order_title(const struct table *table, const char *title)
{
	size_t i;

	for (i = 0; i < table->nr_columns; i++)
		if (table->columns[i].title && table->columns[i].title[0] &&
		    !strcasecmp(table->columns[i].title, title))
			return &table->columns[i];
	return NULL;
}

static const struct column *order_column(const struct table *table, const char *name)
{
	return output_column(table, name) ?: order_title(table, name);
}

static int order_add(struct order *order, const struct table *table, const char *text,
		     size_t len)
{
	struct order_key *key = &order->keys[order->nr];
	char name[64];

	if (order->nr == ORDER_MAX_KEYS || len >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, len);
	name[len] = '\0';
	key->ascending = name[0] == '+';
	key->column = order_column(table, name + key->ascending);
	order->nr++;
	return key->column ? 0 : -EINVAL;
}

int order_parse(struct order *order, const struct table *table, const char *text)
{
	size_t len = strcspn(text, ",");
	int err;

	order->nr = 0;
	err = order_add(order, table, text, len);
	while (!err && text[len]) {
		text += len + 1;
		len = strcspn(text, ",");
		err = order_add(order, table, text, len);
	}
	return err;
}

void order_set(struct order *order, const struct column *column)
{
	*order = (struct order){ .keys = { { .column = column } }, .nr = 1 };
}

void order_step(struct order *order, const struct table *table, int step)
{
	size_t i = order->keys[0].column - table->columns;

	do {
		i = (i + table->nr_columns + step) % table->nr_columns;
	} while (!table->columns[i].title);
	order->keys[0].column = &table->columns[i];
	order->nr = 1;
}

void order_move(struct order *order, const struct table *table, const char *otherwise)
{
	unsigned int nr = 0, i;

	for (i = 0; i < order->nr; i++) {
		const struct column *column = order->keys[i].column;

		column = column->key ? output_column(table, column->key) : NULL;
		if (column)
			order->keys[nr++] = (struct order_key){
				column, order->keys[i].ascending,
			};
	}
	order->nr = nr;
	if (!nr)
		order_set(order, output_column(table, otherwise));
}

void order_mark(const struct order *order, struct layout *layout)
{
	unsigned int i;

	for (i = 0; i < order->nr; i++)
		output_mark(layout, order->keys[i].column,
			    order->keys[i].ascending ? OUTPUT_UP : OUTPUT_DOWN);
}

int order_compare(const struct order *order, const void *a, const void *b)
{
	int result = 0;
	unsigned int i;

	for (i = 0; i < order->nr && !result; i++) {
		result = output_compare(order->keys[i].column, a, b);
		if (!order->keys[i].ascending)
			result = -result;
	}
	return result;
}
