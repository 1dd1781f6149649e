// SPDX-License-Identifier: GPL-2.0-only
#include "top_report.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "top_tables.h"

/* What a report is made of, and a table's part of it. */
struct report_parts {
	const struct top_view *view;
	const struct model *model;
	const struct top_summary *summary;
};

typedef void (*report_row_fn)(const struct table *table, const void *row,
			      void *priv);

static const struct table *const report_tables[] = {
	&top_summary_table, &top_buffer_table, &top_group_table,
	&top_pair_table, &top_chain_table, &top_event_table,
};

#define NR_TABLES (sizeof(report_tables) / sizeof(report_tables[0]))

const struct table *top_report_table(const char *name)
{
	size_t i;

	for (i = 0; i < NR_TABLES; i++)
		if (!strcmp(report_tables[i]->name, name))
			return report_tables[i];
	return NULL;
}

static void report_list(const struct view_list *list, report_row_fn fn, void *priv)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		fn(list->table, list->rows[i], priv);
}

static void report_rows(const struct report_parts *parts,
			const struct table *table, report_row_fn fn, void *priv)
{
	struct top_event_row event = { .now_ns = parts->model->now_ns };
	unsigned int pane;
	size_t i;

	if (table == &top_summary_table)
		fn(table, parts->summary, priv);
	for (pane = 0; pane < TOP_NR_PANES; pane++)
		if (table == parts->view->lists[pane].table)
			report_list(&parts->view->lists[pane], fn, priv);
	if (table == &top_chain_table)
		for (i = 0; i < parts->view->chains.nr; i++)
			fn(table, &parts->view->chains.rows[i], priv);
	if (table == &top_event_table) {
		for (i = 0; i < parts->model->nr_events; i++) {
			event.event = &parts->model->events[i];
			fn(table, &event, priv);
		}
	}
}

static void report_json_row(const struct table *table, const void *row,
			    void *priv)
{
	json_object_array_add(priv, output_json(table, row));
}

static void report_json(const struct report_parts *parts, const struct stamp *stamp)
{
	struct json_object *root = json_object_new_object(), *rows;
	size_t i;

	json_object_object_add(root, "time", json_object_new_string(stamp->time));
	json_object_object_add(root, "lost", json_object_new_uint64(stamp->lost));
	json_object_object_add(root, "summary",
			       output_json(&top_summary_table, parts->summary));
	for (i = 0; i < NR_TABLES; i++) {
		if (report_tables[i] == &top_summary_table)
			continue;
		rows = json_object_new_array();
		report_rows(parts, report_tables[i], report_json_row, rows);
		json_object_object_add(root, report_tables[i]->name, rows);
	}
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

static void report_csv_row(const struct table *table, const void *row,
			   void *priv)
{
	output_csv(stdout, priv, table, row);
}

static void report_csv(const struct report_parts *parts,
		       const struct top_report *report, struct stamp *stamp)
{
	if (!report->started)
		output_csv_heading(stdout, report->table);
	report_rows(parts, report->table, report_csv_row, stamp);
}

/* Of the terminal that shows the text; 0: there is none. */
static int report_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static void report_text(const struct top_report *report, struct top_view *view,
			const struct top_summary *summary)
{
	struct page page = { 0 };
	size_t i;

	top_view_page(view, summary, &page, report_width(), 0);
	if (report->started)
		putchar('\n');
	for (i = 0; i < page.nr; i++)
		puts(page.lines[i].text);
	page_free(&page);
}

int top_report_write(struct top_report *report, struct top_view *view,
		     const struct top_summary *summary)
{
	struct report_parts parts = {
		.view = view,
		.model = summary->model,
		.summary = summary,
	};
	struct stamp stamp = { .lost = model_lost_sum(&summary->model->lost) };

	memcpy(stamp.time, summary->time, sizeof(stamp.time));
	switch (report->format) {
	case TOP_FORMAT_TEXT:
		report_text(report, view, summary);
		break;
	case TOP_FORMAT_JSON:
		report_json(&parts, &stamp);
		break;
	case TOP_FORMAT_CSV:
		report_csv(&parts, report, &stamp);
		break;
	}
	report->started = true;
	return fflush(stdout) || ferror(stdout) ? -(errno ?: EIO) : 0;
}
