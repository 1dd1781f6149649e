/* SPDX-License-Identifier: GPL-2.0-only */
/* Command line of dmasync-report. */
#ifndef REPORT_OPTIONS_H
#define REPORT_OPTIONS_H

#include <stdint.h>

#include "group.h"
#include "output.h"

enum report_format {
	REPORT_TEXT,
	REPORT_JSON,
	REPORT_CSV,
	REPORT_FOLDED,
	REPORT_LIST,
	REPORT_PERFETTO,
};

/**
 * struct report_options - command line
 * @file: the recording
 * @diff: another one, from before, to compare it with, or NULL
 * @format: how to show it
 * @table: of REPORT_CSV: its name
 * @perfetto: of REPORT_PERFETTO: the file
 * @group: what groups are made by
 * @rows: rows of a table as text, 0: all
 * @until_ns: only so much of it, from its begin
 */
struct report_options {
	const char *file;
	const char *diff;
	enum report_format format;
	const char *table;
	const char *perfetto;
	enum group_by group;
	uint64_t rows;
	uint64_t until_ns;
};

void report_options_parse(struct report_options *options, int argc, char **argv);

#endif /* REPORT_OPTIONS_H */
