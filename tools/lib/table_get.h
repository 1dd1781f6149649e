/* SPDX-License-Identifier: GPL-2.0-only */
/* What the getters of tables are made of. */
#ifndef TABLE_GET_H
#define TABLE_GET_H

#include <stdio.h>

#include "output.h"

#define TABLE(table_name, array)					\
	{ .name = table_name, .columns = array,				\
	  .nr_columns = sizeof(array) / sizeof((array)[0]) }

/* A getter of a table whose rows are of @type: @statement fills @value from @row. */
#define GET(function, type, statement)					\
static void function(const void *any, struct value *value)		\
{									\
	const type *row = any;						\
									\
	value->known = true;						\
	statement;							\
}

/* An empty text is an unknown one. */
static inline void get_text(struct value *value, const char *text)
{
	value->known = text && text[0];
	if (value->known)
		snprintf(value->text, sizeof(value->text), "%s", text);
}

/* @part of @whole in percent, unknown when there is no whole. */
static inline void get_percent(struct value *value, double part, double whole)
{
	value->known = whole > 0;
	if (value->known)
		value->real = 100 * part / whole;
}

static inline void get_rate(struct value *value, double events,
			    uint64_t window_ns)
{
	value->known = window_ns;
	if (value->known)
		value->real = events * 1e9 / window_ns;
}

/* The mean of @nr numbers with this @sum, unknown when there are none. */
static inline void get_mean(struct value *value, uint64_t sum, uint64_t nr)
{
	value->known = nr;
	if (nr)
		value->number = sum / nr;
}

/* A number that is unknown when it is 0. */
static inline void get_number(struct value *value, uint64_t number)
{
	value->known = number;
	value->number = number;
}

#endif /* TABLE_GET_H */
