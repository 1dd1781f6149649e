/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables: one description of their columns makes the human view, CSV and JSON.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,		/* a name rather than an amount: 123456 stays so */
	COLUMN_COUNT,
	COLUMN_BYTES,
	COLUMN_NS,
	COLUMN_RATE,		/* per second */
	COLUMN_PERCENT,
};

#define VALUE_TEXT_SIZE	160

/**
 * struct value - a cell
 * @known: false: there is none ("-", an empty field, null)
 * @number: of COLUMN_NUMBER, _COUNT, _BYTES, _NS
 * @real: of COLUMN_RATE, _PERCENT
 * @text: of COLUMN_TEXT
 */
struct value {
	bool known;
	union {
		uint64_t number;
		double real;
		char text[VALUE_TEXT_SIZE];
	};
};

/**
 * struct column - one column of a table
 * @key: name in CSV, JSON and options; the unit is part of it. NULL: human view only
 * @title: heading in the human view. NULL: CSV and JSON only
 * @type: which member of struct value
 * @width: characters it needs in the human view
 * @spare: share of spare characters that it gets, 0 for none
 * @drop: when space is short the columns with the highest numbers are left out; 0: never
 * @line: in output_pairs(): the line it stands in
 * @get: fills in the cell of a row; it was zeroed before
 * @fit: optional: text that makes the best of the width it gets
 */
struct column {
	const char *key;
	const char *title;
	enum column_type type;
	int width;
	int spare;
	int drop;
	int line;
	void (*get)(const void *row, struct value *value);
	void (*fit)(const void *row, char *text, size_t width);
};

/**
 * struct table - columns
 * @name: in JSON and options
 * @columns: the columns
 * @nr_columns: how many
 */
struct table {
	const char *name;
	const struct column *columns;
	size_t nr_columns;
};

#define OUTPUT_MAX_COLUMNS	48
#define OUTPUT_LINE_SIZE	1024

/* What stands in front of a heading: of none, or of one that rows are ordered by. */
#define OUTPUT_DOWN	'>'	/* the greatest first */
#define OUTPUT_UP	'<'

/* Which columns a human view has, and how wide they are. */
struct layout {
	size_t nr;
	struct {
		const struct column *column;
		int width;
		char mark;
	} cells[OUTPUT_MAX_COLUMNS];
};

/* @width: of the view; 0: as wide as the rows of a terminal with 132 columns. */
void output_layout(const struct table *table, int width, struct layout *layout);
/* Mark the heading of a column, if it is there. */
void output_mark(struct layout *layout, const struct column *column, char mark);
/* As wide as the titles, then as what these rows have: nothing is cut, or left out. */
void output_layout_titles(const struct table *table, struct layout *layout);
void output_widen(struct layout *layout, const void *row);
void output_heading(const struct layout *layout, char *line, size_t size);
void output_line(const struct layout *layout, const void *row, char *line,
		 size_t size);

/*
 * A table of one row as "title value" pairs. Calls @emit for each line, which is
 * not longer than @width (0: without limit).
 */
void output_pairs(const struct table *table, const void *row, int width,
		  void (*emit)(const char *line, void *priv), void *priv);

/**
 * struct stamp - how lines of CSV begin
 * @time: when the window ended
 * @lost: what was lost up to then, in all
 */
struct stamp {
	char time[32];
	uint64_t lost;
};

void output_csv_heading(FILE *file, const struct table *table);
void output_csv(FILE *file, const struct stamp *stamp, const struct table *table,
		const void *row);
struct json_object *output_json(const struct table *table, const void *row);

/* The column with this key, or NULL. */
const struct column *output_column(const struct table *table, const char *key);
/* As for qsort(): what is not known is least. */
int output_compare(const struct column *column, const void *a, const void *b);

#endif /* OUTPUT_H */
