// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "top_tables.h"

/* As they were made. */
static int output_tie(const void *a, const void *b)
{
	return (a > b) - (a < b);
}

/* How the rows of each part are ordered; NULL: as they were made. */
static const struct {
	const struct table *table;
	const char *order;
	const char *title;
} output_parts[REPORT_NR_PARTS] = {
	[REPORT_BUFFERS] = { &top_buffer_table, "acquired", "buffers" },
	[REPORT_GROUPS] = { &top_group_table, "acquired", "groups" },
	[REPORT_PAIRS] = { &top_pair_table, "wait_ns", "who waited behind whom" },
	[REPORT_STACKS] = { &report_stack_table, "wait_ns", "where waits were requested" },
	[REPORT_LATENCIES] = { &report_latency_table, NULL, "how long waits were" },
	[REPORT_WAITS] = { &report_wait_table, NULL, "the longest waits" },
	[REPORT_CHAINS] = { &top_chain_table, NULL, "who waits for whom at the end" },
	[REPORT_EVENTS] = { &top_event_table, NULL, "events" },
};

uint64_t report_lost(const struct report *report)
{
	const struct record_reader *reader = &report->reader;

	return record_fact_number(reader, "lost_records") +
	       record_fact_number(reader, "lost_runs") +
	       record_fact_number(reader, "lost_unlisted") +
	       record_fact_number(reader, "lost_stacks") +
	       record_fact_number(reader, "lost_frames");
}

/* @nr rows of @size bytes each. */
static void output_rows(struct report *report, enum report_part part, const void *rows,
			size_t nr, size_t size)
{
	struct view_list *list = &report->lists[part];
	size_t i;

	view_list_resize(list, nr);
	for (i = 0; i < nr; i++)
		list->rows[i] = (const char *)rows + i * size;
}

static void output_buffers(struct report *report)
{
	struct view_list *list = &report->lists[REPORT_BUFFERS];
	size_t i;

	view_list_resize(list, report->model.nr_buffers);
	for (i = 0; i < list->nr; i++)
		list->rows[i] = report->model.buffers[i];
}

static void output_events(struct report *report)
{
	size_t nr = report->model.nr_events, i;
	struct top_event_row *rows = calloc(nr + 1, sizeof(*rows));

	for (i = 0; rows && i < nr; i++)
		rows[i] = (struct top_event_row){ &report->model.events[i],
						  report->model.now_ns };
	report->events = rows;
	output_rows(report, REPORT_EVENTS, rows, rows ? nr : 0, sizeof(*rows));
}

void report_lists(struct report *report)
{
	unsigned int i;

	for (i = 0; i < REPORT_NR_PARTS; i++) {
		report->lists[i].table = output_parts[i].table;
		report->lists[i].tie = output_tie;
	}
	report->groups.by = report->options.group;
	group_build(&report->groups, &report->model);
	blame_build(&report->blames, &report->model);
	chain_build(&report->chains, &report->model);
	output_buffers(report);
	output_events(report);
	output_rows(report, REPORT_GROUPS, report->groups.rows, report->groups.nr,
		    sizeof(*report->groups.rows));
	output_rows(report, REPORT_PAIRS, report->blames.rows, report->blames.nr,
		    sizeof(*report->blames.rows));
	output_rows(report, REPORT_STACKS, report->stacks.rows, report->stacks.nr_rows,
		    sizeof(*report->stacks.rows));
	output_rows(report, REPORT_LATENCIES, report->waits.latencies,
		    report->waits.nr_latencies, sizeof(*report->waits.latencies));
	output_rows(report, REPORT_WAITS, report->waits.rows, report->waits.nr,
		    sizeof(*report->waits.rows));
	output_rows(report, REPORT_CHAINS, report->chains.rows, report->chains.nr,
		    sizeof(*report->chains.rows));
	for (i = 0; i < REPORT_NR_PARTS; i++) {
		if (!output_parts[i].order)
			continue;
		order_set(&report->lists[i].order,
			  output_column(output_parts[i].table, output_parts[i].order));
		view_list_sort(&report->lists[i]);
	}
}

static int output_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static void output_puts(const char *line, void *priv)
{
	(void)priv;
	puts(line);
}

static void output_part(const struct report *report, enum report_part part)
{
	const struct view_list *list = &report->lists[part];
	size_t rows = report->options.rows, i;
	char line[OUTPUT_LINE_SIZE];
	struct layout layout;

	if (!list->nr)
		return;
	if (!rows || rows > list->nr)
		rows = list->nr;
	printf("\n%s\n", output_parts[part].title);
	output_layout(list->table, output_width(), &layout);
	output_heading(&layout, line, sizeof(line));
	puts(line);
	for (i = 0; i < rows; i++) {
		output_line(&layout, list->rows[i], line, sizeof(line));
		puts(line);
	}
	if (rows < list->nr)
		printf("... %zu more %s\n", list->nr - rows, list->table->name);
}

static void output_all_text(const struct report *report)
{
	enum report_part part;

	output_pairs(&report_recording_table, report, output_width(), output_puts, NULL);
	for (part = 0; part < REPORT_NR_PARTS; part++)
		output_part(report, part);
}

static void output_all_json(const struct report *report)
{
	struct json_object *root = json_object_new_object(), *rows;
	enum report_part part;
	size_t i;

	json_object_object_add(root, "file", json_object_new_string(report->reader.path));
	json_object_object_add(root, "problem", report->problem ?
			       json_object_new_string(report->reader.text) : NULL);
	json_object_object_add(root, "lost", json_object_new_uint64(report_lost(report)));
	json_object_object_add(root, "recording",
			       output_json(&report_recording_table, report));
	for (part = 0; part < REPORT_NR_PARTS; part++) {
		const struct view_list *list = &report->lists[part];

		rows = json_object_new_array();
		for (i = 0; i < list->nr; i++)
			json_object_array_add(rows, output_json(list->table, list->rows[i]));
		json_object_object_add(root, list->table->name, rows);
	}
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

/* Return: 0, or -ENOENT when there is no such table. */
static int output_all_csv(const struct report *report)
{
	struct stamp stamp = { .lost = report_lost(report) };
	const char *name = report->options.table;
	const struct view_list *list;
	enum report_part part;
	struct value begin = { 0 };
	size_t i;

	output_column(&report_recording_table, "begin")->get(report, &begin);
	snprintf(stamp.time, sizeof(stamp.time), "%.31s", begin.known ? begin.text : "");
	if (!strcmp(name, report_recording_table.name)) {
		output_csv_heading(stdout, &report_recording_table);
		output_csv(stdout, &stamp, &report_recording_table, report);
		return 0;
	}
	for (part = 0; part < REPORT_NR_PARTS; part++)
		if (!strcmp(name, output_parts[part].table->name))
			break;
	if (part == REPORT_NR_PARTS)
		return -ENOENT;
	list = &report->lists[part];
	output_csv_heading(stdout, list->table);
	for (i = 0; i < list->nr; i++)
		output_csv(stdout, &stamp, list->table, list->rows[i]);
	return 0;
}

int report_write(struct report *report)
{
	int err = 0;

	switch (report->options.format) {
	case REPORT_TEXT:
		output_all_text(report);
		break;
	case REPORT_JSON:
		output_all_json(report);
		break;
	case REPORT_CSV:
		err = output_all_csv(report);
		break;
	case REPORT_FOLDED:
		report_stacks_folded(&report->stacks, &report->waits, stdout);
		break;
	case REPORT_LIST:
	case REPORT_PERFETTO:
		break;
	}
	if (!err && (fflush(stdout) || ferror(stdout)))
		err = errno ? -errno : -EIO;
	return err;
}
