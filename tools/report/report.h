/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording as dmasync-report shows it. */
#ifndef REPORT_H
#define REPORT_H

#include "blame.h"
#include "chain.h"
#include "group.h"
#include "record_read.h"
#include "report_options.h"
#include "report_stacks.h"
#include "report_waits.h"
#include "view_list.h"

struct top_event_row;

enum report_part {
	REPORT_BUFFERS,
	REPORT_GROUPS,
	REPORT_PAIRS,
	REPORT_STACKS,
	REPORT_LATENCIES,
	REPORT_WAITS,
	REPORT_CHAINS,
	REPORT_EVENTS,
	REPORT_NR_PARTS,
};

/**
 * struct report - a recording, replayed
 * @options: from the command line
 * @reader: the file
 * @problem: what record_next() returned at last: 0 when the file is whole
 * @begin_ns: time of the first record
 * @end_ns: up to this time nothing more has happened
 * @model: at the end, with all of it as one window
 * @waits: its waits
 * @stacks: where they were requested
 * @groups: likewise
 * @blames: likewise
 * @chains: who waits for whom at the end
 * @events: rows of its events
 * @lists: rows of the tables
 */
struct report {
	struct report_options options;
	struct record_reader reader;
	int problem;
	uint64_t begin_ns;
	uint64_t end_ns;
	struct model model;
	struct report_waits waits;
	struct report_stacks stacks;
	struct groups groups;
	struct blames blames;
	struct chains chains;
	struct top_event_row *events;
	struct view_list lists[REPORT_NR_PARTS];
};

/* What was lost while it was recorded, in all. */
uint64_t report_lost(const struct report *report);
/* report_output.c: the tables. Return: 0 or a negative errno. */
void report_lists(struct report *report);
int report_write(struct report *report);
/* report_list.c: a record as a line of text, for @begin_ns as the time 0. */
void report_record(const struct record *record, uint64_t begin_ns);

extern const struct table report_recording_table;	/* struct report */

#endif /* REPORT_H */
