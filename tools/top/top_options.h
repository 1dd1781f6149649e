/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-top's options. */
#ifndef TOP_OPTIONS_H
#define TOP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "session.h"
#include "top_filter.h"
#include "top_report.h"

/**
 * struct top_options - what the user asked for
 * @limits: what is looked at, and how much of it is kept
 * @filter: the filters of @limits in words
 * @probe: kind of probe
 * @report: format of standard output in batch mode
 * @sort: what is to order the rows, NULL: nothing
 * @order: the same
 * @group: what makes the rows
 * @idle: pages show idle buffers, too
 * @batch: write windows one after the other, no screen
 * @replay: a recording to show, NULL: what happens now
 * @check: say what is available
 * @verbose: print what libbpf says
 * @delay_ns: length of a window
 * @count: windows, 0: until told to stop
 */
struct top_options {
	struct top_limits limits;
	char filter[TOP_FILTER_SIZE];
	enum session_probe probe;
	struct top_report report;
	const char *sort;
	struct order order;
	enum group_by group;
	bool idle;
	bool batch;
	const char *replay;
	bool check;
	bool verbose;
	uint64_t delay_ns;
	uint64_t count;
};

/* Does not return when they are wrong, or ask for help. */
void top_options_parse(struct top_options *options, int argc, char **argv);

#endif /* TOP_OPTIONS_H */
