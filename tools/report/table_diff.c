// SPDX-License-Identifier: GPL-2.0-only
/* The tables of what differs between two recordings. */
#include "report_diff.h"
#include "table_get.h"

#define FIGURE(name, statement) GET(figure_##name, struct diff_figure, statement)
#define LATENCY(name, statement) GET(change_##name, struct diff_latency, statement)

/* In percent of what it was. */
static void diff_change(struct value *value, double before, double after)
{
	get_percent(value, after - before, before);
}

FIGURE(name, get_text(value, row->name))
FIGURE(before, *value = row->before)
FIGURE(after, *value = row->after)
FIGURE(change, diff_change(value, row->before.known ? row->before.real : 0,
			   row->after.known ? row->after.real : 0);
	       value->known &= row->after.known)

static const struct column figure_columns[] = {
	{ "figure", "FIGURE", COLUMN_TEXT, 24, .get = figure_name },
	{ "before", "BEFORE", COLUMN_RATE, 8, .get = figure_before },
	{ "after", "AFTER", COLUMN_RATE, 8, .get = figure_after },
	{ "change_percent", "CHANGE%", COLUMN_PERCENT, 8, .get = figure_change },
};

const struct table diff_figure_table = TABLE("figures", figure_columns);

static const struct report_latency *diff_any(const struct diff_latency *row)
{
	return row->after ?: row->before;
}

static void diff_name(const struct report_latency *latency, struct value *value)
{
	const struct model_buffer *buffer;

	buffer = latency->ino ? model_buffer_find(latency->model, latency->ino) : NULL;
	get_text(value, buffer ? buffer->name : NULL);
}

#define SIDES(name)							\
LATENCY(name##_before, value->known = row->before;			\
		       value->number = row->before ? row->before->name##_ns : 0) \
LATENCY(name##_after, value->known = row->after;			\
		      value->number = row->after ? row->after->name##_ns : 0) \
LATENCY(name##_change,							\
	diff_change(value, row->before ? row->before->name##_ns : 0,	\
		    row->after ? row->after->name##_ns : 0);		\
	value->known &= !!row->after)

LATENCY(what, get_text(value, diff_any(row)->name))
LATENCY(ino, get_number(value, diff_any(row)->ino))
LATENCY(name, diff_name(diff_any(row), value))
LATENCY(waits_before, value->number = row->before ? row->before->nr : 0)
LATENCY(waits_after, value->number = row->after ? row->after->nr : 0)
SIDES(p50)
SIDES(p95)
SIDES(p99)
SIDES(max)

#define SIDE_COLUMNS(name, title)					\
	{ #name "_before_ns", title, COLUMN_NS, 6, .get = change_##name##_before }, \
	{ #name "_after_ns", "AFTER", COLUMN_NS, 6, .get = change_##name##_after }, \
	{ #name "_change_percent", "CHG%", COLUMN_PERCENT, 6,		\
	  .get = change_##name##_change }

static const struct column change_columns[] = {
	{ "what", "WAITS OF", COLUMN_TEXT, 14, .get = change_what },
	{ "ino", "INO", COLUMN_NUMBER, 5, .get = change_ino },
	{ "name", "NAME", COLUMN_TEXT, 8, 1, .get = change_name },
	{ "waits_before", "WAITS", COLUMN_COUNT, 5, .get = change_waits_before },
	{ "waits_after", "AFTER", COLUMN_COUNT, 5, .get = change_waits_after },
	SIDE_COLUMNS(p50, "P50"),
	SIDE_COLUMNS(p95, "P95"),
	SIDE_COLUMNS(p99, "P99"),
	SIDE_COLUMNS(max, "MAX"),
};

const struct table diff_latency_table = TABLE("latencies", change_columns);
