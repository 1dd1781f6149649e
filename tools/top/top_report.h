/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top's views for files and programs: text, JSON, CSV. */
#ifndef TOP_REPORT_H
#define TOP_REPORT_H

#include "top_view.h"

enum top_format {
	TOP_FORMAT_TEXT,
	TOP_FORMAT_JSON,	/* one object per line and window */
	TOP_FORMAT_CSV,
};

/**
 * struct top_report - what goes to standard output
 * @format: how
 * @table: of TOP_FORMAT_CSV: which of the tables
 * @started: the first window is written
 */
struct top_report {
	enum top_format format;
	const struct table *table;
	bool started;
};

/* The table of this name, or NULL. */
const struct table *top_report_table(const char *name);

/* Write a window. Return: 0, or a negative errno when the output takes no more. */
int top_report_write(struct top_report *report, struct top_view *view,
		     const struct top_summary *summary);

#endif /* TOP_REPORT_H */
