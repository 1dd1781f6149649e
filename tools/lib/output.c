// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "format.h"

#define DEFAULT_WIDTH	132

static struct value output_value(const struct column *column, const void *row)
{
	struct value value = { 0 };

	column->get(row, &value);
	return value;
}

static bool output_is_real(enum column_type type)
{
	return type == COLUMN_RATE || type == COLUMN_PERCENT;
}

/* The cell as people read it. */
static void output_text(const struct column *column, const void *row,
			char *text, size_t size)
{
	struct value value = output_value(column, row);

	if (!value.known) {
		snprintf(text, size, "-");
		return;
	}
	switch (column->type) {
	case COLUMN_TEXT:
		snprintf(text, size, "%s", value.text);
		break;
	case COLUMN_NUMBER:
		snprintf(text, size, "%" PRIu64, value.number);
		break;
	case COLUMN_COUNT:
		format_count(text, size, value.number);
		break;
	case COLUMN_BYTES:
		format_bytes(text, size, value.number);
		break;
	case COLUMN_NS:
		format_ns(text, size, value.number);
		break;
	case COLUMN_RATE:
		format_count(text, size, value.real);
		break;
	case COLUMN_PERCENT:
		format_percent(text, size, value.real);
		break;
	}
}

static int output_need(const struct layout *layout)
{
	size_t i;
	int need = 0;

	for (i = 0; i < layout->nr; i++)
		need += layout->cells[i].width + (i > 0);
	return need;
}

/* Leave out the column that is missed least. Return: false if all are needed. */
static bool output_drop(struct layout *layout)
{
	size_t i, victim = 0;
	int drop = 0;

	for (i = 0; i < layout->nr; i++) {
		if (layout->cells[i].column->drop <= drop)
			continue;
		drop = layout->cells[i].column->drop;
		victim = i;
	}
	if (!drop)
		return false;
	layout->nr--;
	memmove(&layout->cells[victim], &layout->cells[victim + 1],
		(layout->nr - victim) * sizeof(layout->cells[0]));
	return true;
}

static void output_spread(struct layout *layout, int spare)
{
	int shares = 0;
	size_t i;

	for (i = 0; i < layout->nr; i++)
		shares += layout->cells[i].column->spare;
	for (i = 0; i < layout->nr && shares; i++) {
		int share = layout->cells[i].column->spare;
		int more = spare * share / shares;

		layout->cells[i].width += more;
		spare -= more;
		shares -= share;
	}
}

static void output_add(struct layout *layout, const struct column *column, int width)
{
	if (!column->title || layout->nr == OUTPUT_MAX_COLUMNS)
		return;
	layout->cells[layout->nr].column = column;
	layout->cells[layout->nr].width = width;
	layout->cells[layout->nr++].mark = '\0';
}

void output_layout(const struct table *table, int width, struct layout *layout)
{
	size_t i;

	layout->nr = 0;
	for (i = 0; i < table->nr_columns; i++)
		output_add(layout, &table->columns[i], table->columns[i].width);
	if (!width)
		width = DEFAULT_WIDTH;
	while (output_need(layout) > width && output_drop(layout))
		;
	if (output_need(layout) < width)
		output_spread(layout, width - output_need(layout));
}

void output_layout_titles(const struct table *table, struct layout *layout)
{
	size_t i;

	layout->nr = 0;
	for (i = 0; i < table->nr_columns; i++)
		output_add(layout, &table->columns[i], strlen(table->columns[i].title ?: ""));
}

void output_widen(struct layout *layout, const void *row)
{
	char text[OUTPUT_LINE_SIZE];
	size_t i;

	for (i = 0; i < layout->nr; i++) {
		output_text(layout->cells[i].column, row, text, sizeof(text));
		if ((int)strlen(text) > layout->cells[i].width)
			layout->cells[i].width = strlen(text);
	}
}

/* Text to the left, numbers to the right; what is too long is cut. */
static void output_cell(const struct layout *layout, size_t i, const char *text,
			char *line, size_t size)
{
	enum column_type type = layout->cells[i].column->type;
	int width = layout->cells[i].width;
	size_t len = strlen(line);

	snprintf(line + len, size - len, "%s%*.*s", i ? " " : "",
		 type == COLUMN_TEXT ? -width : width, width, text);
}

void output_mark(struct layout *layout, const struct column *column, char mark)
{
	size_t i;

	for (i = 0; i < layout->nr; i++)
		if (layout->cells[i].column == column)
			layout->cells[i].mark = mark;
}

/* There is a space before each title, but for a text that begins the line. */
static void output_put_mark(char *line, size_t begin, char mark)
{
	size_t blank = begin + strspn(line + begin, " ");

	if (blank)
		line[blank - 1] = mark;
	else
		line[strcspn(line, " ")] = mark;
}

static void output_trim(char *line)
{
	size_t len = strlen(line);

	while (len && line[len - 1] == ' ')
		line[--len] = '\0';
}

void output_heading(const struct layout *layout, char *line, size_t size)
{
	size_t i;

	line[0] = '\0';
	for (i = 0; i < layout->nr; i++) {
		size_t begin = strlen(line);

		output_cell(layout, i, layout->cells[i].column->title, line,
			    size);
		if (layout->cells[i].mark)
			output_put_mark(line, begin, layout->cells[i].mark);
	}
	output_trim(line);
}

void output_line(const struct layout *layout, const void *row, char *line,
		 size_t size)
{
	char text[OUTPUT_LINE_SIZE];
	size_t i;

	line[0] = '\0';
	for (i = 0; i < layout->nr; i++) {
		const struct column *column = layout->cells[i].column;

		if (column->fit)
			column->fit(row, text, layout->cells[i].width);
		else
			output_text(column, row, text, sizeof(text));
		output_cell(layout, i, text, line, size);
	}
	output_trim(line);
}

/* "title value", with a unit where there is a value. */
static void output_pair(const struct column *column, const void *row, char *pair, size_t size)
{
	bool percent = column->type == COLUMN_PERCENT && output_value(column, row).known;
	char text[VALUE_TEXT_SIZE];

	output_text(column, row, text, sizeof(text));
	snprintf(pair, size, "%s %s%s", column->title, text, percent ? "%" : "");
}

void output_pairs(const struct table *table, const void *row, int width,
		  void (*emit)(const char *line, void *priv), void *priv)
{
	char line[OUTPUT_LINE_SIZE] = "", pair[VALUE_TEXT_SIZE + 32];
	int number = 0;
	size_t i;

	for (i = 0; i < table->nr_columns; i++) {
		const struct column *column = &table->columns[i];
		bool full;

		if (!column->title)
			continue;
		output_pair(column, row, pair, sizeof(pair));
		full = width && strlen(line) + 2 + strlen(pair) > (size_t)width;
		if (line[0] && (full || column->line != number)) {
			emit(line, priv);
			line[0] = '\0';
		}
		number = column->line;
		snprintf(line + strlen(line), sizeof(line) - strlen(line),
			 "%s%s", line[0] ? "  " : "", pair);
	}
	if (line[0])
		emit(line, priv);
}

void output_csv_heading(FILE *file, const struct table *table)
{
	size_t i;

	fputs("time,lost", file);
	for (i = 0; i < table->nr_columns; i++)
		if (table->columns[i].key)
			fprintf(file, ",%s", table->columns[i].key);
	fputc('\n', file);
}

/* A text with quotes around it, its own ones doubled. */
static void output_csv_text(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', file);
		fputc(*text, file);
	}
	fputc('"', file);
}

void output_csv(FILE *file, const struct stamp *stamp, const struct table *table,
		const void *row)
{
	size_t i;

	fprintf(file, "%s,%" PRIu64, stamp->time, stamp->lost);
	for (i = 0; i < table->nr_columns; i++) {
		const struct column *column = &table->columns[i];
		struct value value;

		if (!column->key)
			continue;
		fputc(',', file);
		value = output_value(column, row);
		if (!value.known)
			continue;
		if (column->type == COLUMN_TEXT)
			output_csv_text(file, value.text);
		else if (output_is_real(column->type))
			fprintf(file, "%.3f", value.real);
		else
			fprintf(file, "%" PRIu64, value.number);
	}
	fputc('\n', file);
}

static struct json_object *output_json_value(const struct column *column,
					     const void *row)
{
	struct value value = output_value(column, row);
	char text[32];

	if (!value.known)
		return NULL;
	if (column->type == COLUMN_TEXT)
		return json_object_new_string(value.text);
	if (!output_is_real(column->type))
		return json_object_new_uint64(value.number);
	snprintf(text, sizeof(text), "%.3f", value.real);
	return json_object_new_double_s(value.real, text);
}

struct json_object *output_json(const struct table *table, const void *row)
{
	struct json_object *object = json_object_new_object();
	size_t i;

	for (i = 0; i < table->nr_columns; i++)
		if (table->columns[i].key)
			json_object_object_add(object, table->columns[i].key,
					       output_json_value(&table->columns[i],
								 row));
	return object;
}

const struct column *output_column(const struct table *table, const char *key)
{
	size_t i;

	for (i = 0; i < table->nr_columns; i++)
		if (table->columns[i].key && !strcmp(table->columns[i].key, key))
			return &table->columns[i];
	return NULL;
}

int output_compare(const struct column *column, const void *a, const void *b)
{
	struct value x = output_value(column, a), y = output_value(column, b);

	if (x.known != y.known)
		return x.known - y.known;
	if (!x.known)
		return 0;
	if (column->type == COLUMN_TEXT)
		return strcmp(x.text, y.text);
	if (output_is_real(column->type))
		return (x.real > y.real) - (x.real < y.real);
	return (x.number > y.number) - (x.number < y.number);
}
