// SPDX-License-Identifier: GPL-2.0-only
#include "top_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "options.h"
#include "top_tables.h"

#define MAX_SECONDS	86400.0
#define MIN_DELAY	0.01
#define MIN_ABOVE	0.000001

enum {
	OPTION_CHECK = 256,
	OPTION_CSV,
	OPTION_INO,
	OPTION_PROBE,
	OPTION_RING_SIZE,
	OPTION_FORGET,
};

const char *argp_program_version = "dmasync-top (dmabuf-sync) " VERSION;

static const char options_doc[] =
"Show contention, wait chains and CPU/DMA overlap of dma-bufs, live or of a recording.\n"
"\v"
"Signals: SIGUSR1 lets go of dmabuf_sync.ko, so that it can be unloaded, or "
"attaches again. SIGINT and SIGTERM end the window and the program; in batch mode "
"the window is written.\n\n"
"Keys: < > sort column, r reverse, g group by the next one, p pairs or back, i idle rows, d let go or attach, arrows, "
"page keys and Home scroll, Tab chooses whether rows or wait chains, "
"/ filters (Tab completes), Escape clears them, "
"Space holds the page or goes on, Left and Right step through the last minute, "
"w saves the page, q quit.";

static const struct argp_option options_argp[] = {
	{ "replay", 'r', "FILE", 0,
	  "Show a recording of dmasync-record at its own pace; batch: without waiting", 0 },
	{ "batch", 'b', NULL, 0,
	  "Write windows one after the other (without a terminal: always)", 0 },
	{ "check", OPTION_CHECK, NULL, 0,
	  "Say what can be seen here and what not, why, and what to do; then end", 0 },
	{ "count", 'n', "COUNT", 0, "End after COUNT windows", 0 },
	{ "delay", 'd', "SECONDS", 0, "Length of a window (1)", 0 },
	{ "json", 'J', NULL, 0, "Batch, one JSON object per line and window", 0 },
	{ "csv", OPTION_CSV, "TABLE", OPTION_ARG_OPTIONAL,
	  "Batch, TABLE as CSV: summary, buffers, groups, pairs, chains or events (buffers or, with -g, groups)",
	  0 },
	{ "group", 'g', "BY", 0,
	  "A row for each buffer (default), exporter, name, process, comm or engine", 0 },
	{ "sort", 's', "COLUMN[,COLUMN]", 0,
	  "Rows by COLUMN, the greatest first; +COLUMN: the least first (waiting)", 0 },
	{ "idle", 'i', NULL, 0,
	  "Text and screen show idle rows, too (CSV and JSON always do)", 0 },
	{ "above", 'a', "SECONDS", 0,
	  "End when somebody has waited for so long, and say who, and behind whom", 0 },
	{ "buffer", 'B', "INO|PATTERN", 0,
	  "Only the buffer with this inode number, or those whose name or exporter fits", 1 },
	{ "comm", 'c', "NAME", 0,
	  "Only accesses of threads of this name, and those in their way", 1 },
	{ "ino", OPTION_INO, "NUMBER", 0, "Only the buffer with this inode number", 1 },
	{ "pid", 'p', "PID", 0, "Only accesses of this process, and those in their way", 1 },
	{ "tid", 't', "TID", 0, "Only accesses of this thread, and those in their way", 1 },
	{ "probe", OPTION_PROBE, "KIND", 0,
	  "tp_btf or raw_tp (the first one that the kernel can do)", 2 },
	{ "ring-size", OPTION_RING_SIZE, "BYTES", 0,
	  "Size of each ring of events, a power of 2 and whole pages (65536)", 2 },
	{ "forget", OPTION_FORGET, "SECONDS", 0,
	  "Forget buffers, threads and engines that did nothing for so long (60)", 2 },
	{ "verbose", 'v', NULL, 0, "Print what libbpf says", 2 },
	{ 0 },
};

/* @task is there now, if one is wanted; @what: "process" or "thread". */
static void options_task(struct argp_state *state, const char *option, const char *what,
			 uint32_t task)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", task);
	if (task && access(path, F_OK))
		argp_error(state, "%s: there is no %s %u", option, what, task);
}

/* An option that is of programs in the kernel, and given, or NULL. */
static const char *options_of_programs(const struct top_options *options)
{
	const struct top_limits *limits = &options->limits;
	struct top_limits usual;

	top_limits_init(&usual);
	if (options->check)
		return "--check";
	if (options->probe)
		return "--probe";
	if (options->verbose)
		return "--verbose";
	if (limits->ring_bytes != usual.ring_bytes)
		return "--ring-size";
	if (limits->max_accesses != usual.max_accesses)
		return "--max-accesses";
	return limits->max_buffers != usual.max_buffers ? "--max-buffers" : NULL;
}

static void options_replay(struct argp_state *state, const struct top_options *options)
{
	const char *option = options_of_programs(options);

	if (option)
		argp_error(state, "%s is for programs in the kernel, and a recording needs none: drop it or --replay",
			   option);
	if (options->limits.glob.end && !strcmp(options->replay, "-"))
		argp_error(state, "--buffer: for a pattern a recording is read twice, which '-' cannot be: name a file");
}

static void options_filter(struct argp_state *state, enum top_filter_key key, const char *arg)
{
	struct top_options *options = state->input;
	char why[TOP_FILTER_WHY];

	if (top_filter_set(&options->limits, key, arg, why))
		argp_error(state, "--%s: %s", top_filter_word(key), why);
	top_filter_append(options->filter, key, arg);
}

/* What follows from several options. */
static void options_together(struct argp_state *state, struct top_options *options)
{
	const struct table *table = options->group == GROUP_BY_BUFFER ? &top_buffer_table :
				    &top_group_table;

	if (options->replay) {
		options_replay(state, options);
	} else {
		options_task(state, "--pid", "process", options->limits.tgid);
		options_task(state, "--tid", "thread", options->limits.tid);
	}
	if (options->report.format == TOP_FORMAT_CSV && !options->report.table)
		options->report.table = table;
	if (order_parse(&options->order, table, options->sort ?: "waiting"))
		argp_error(state, "--sort: '%s' is not one or two of the columns of %s; 'dmasync-top --csv=%s -n 1' shows their names",
			   options->sort, table->name, table->name);
}

static void options_report(struct argp_state *state, struct top_report *report,
			   enum top_format format, const char *table)
{
	if (report->format != TOP_FORMAT_TEXT && report->format != format)
		argp_error(state, "--json and --csv exclude each other: choose one");
	report->format = format;
	report->table = table ? top_report_table(table) : NULL;
	if (table && !report->table)
		argp_error(state, "--csv: there is no table '%s': summary, buffers, groups, pairs, chains or events",
			   table);
}

static error_t options_limit(int key, char *arg, struct argp_state *state)
{
	struct top_options *options = state->input;
	struct top_limits *limits = &options->limits;

	switch (key) {
	case 'a':
		limits->above_ns = options_seconds_ns(state, "--above", arg, MIN_ABOVE,
						      MAX_SECONDS);
		return 0;
	case OPTION_INO:
		options_number(state, "--ino", arg, 1, UINT64_MAX);
		options_filter(state, TOP_FILTER_BUFFER, arg);
		return 0;
	case 'B':
		options_filter(state, TOP_FILTER_BUFFER, arg);
		return 0;
	case 'p':
		options_filter(state, TOP_FILTER_PID, arg);
		return 0;
	case 't':
		options_filter(state, TOP_FILTER_TID, arg);
		return 0;
	case 'c':
		options_filter(state, TOP_FILTER_COMM, arg);
		return 0;
	case OPTION_RING_SIZE:
		limits->ring_bytes = options_ring_bytes(state, "--ring-size", arg);
		return 0;
	case OPTION_FORGET:
		limits->forget_s = options_number(state, "--forget", arg, 1,
						  UINT32_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t options_one(int key, char *arg, struct argp_state *state)
{
	struct top_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->limits;
		return 0;
	case 'b':
		options->batch = true;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case 'r':
		options->replay = arg;
		return 0;
	case 'n':
		options->count = options_number(state, "--count", arg, 1,
						UINT64_MAX);
		return 0;
	case 'd':
		options->delay_ns = options_seconds_ns(state, "--delay", arg, MIN_DELAY,
						       MAX_SECONDS);
		return 0;
	case 'J':
		options_report(state, &options->report, TOP_FORMAT_JSON, NULL);
		return 0;
	case OPTION_CSV:
		options_report(state, &options->report, TOP_FORMAT_CSV, arg);
		return 0;
	case 's':
		options->sort = arg;
		return 0;
	case 'g':
		options->group = options_word(state, "--group", arg, WORDS_GROUP,
					      GROUP_BY_BUFFER);
		return 0;
	case 'i':
		options->idle = true;
		return 0;
	case OPTION_PROBE:
		options->probe = options_word(state, "--probe", arg, WORDS_PROBE,
					      SESSION_PROBE_TP_BTF);
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case ARGP_KEY_SUCCESS:
		options_together(state, options);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': there are no arguments, only options",
			   arg);
		return EINVAL;
	default:
		return options_limit(key, arg, state);
	}
}

void top_options_parse(struct top_options *options, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &top_limits_argp }, { 0 } };
	static const struct argp argp = {
		.options = options_argp,
		.parser = options_one,
		.doc = options_doc,
		.children = children,
	};

	*options = (struct top_options){ .delay_ns = CLOCK_NSEC_PER_SEC };
	top_limits_init(&options->limits);
	argp_parse(&argp, argc, argv, 0, NULL, options);
	if (options->report.format != TOP_FORMAT_TEXT ||
	    !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		options->batch = true;
}
