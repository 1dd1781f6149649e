// SPDX-License-Identifier: GPL-2.0-only
#include "report_options.h"

#include "options.h"

#define MAX_SECONDS	1e9
#define ROWS		20

enum {
	OPTION_CSV = 256,
	OPTION_DIFF,
	OPTION_FOLDED,
	OPTION_PERFETTO,
	OPTION_UNTIL,
};

const char *argp_program_version = "dmasync-report (dmabuf-sync) " VERSION;

static const char options_doc[] =
"Show what dmasync-record has recorded in FILE (dmasync.rec).\n"
"\v"
"Exit status: 0, or 2 if something was lost or the file is damaged, 1 on failure, "
"64 on wrong usage.";

static const struct argp_option options_argp[] = {
	{ "json", 'J', NULL, 0, "One JSON object", 0 },
	{ "csv", OPTION_CSV, "TABLE", 0,
	  "TABLE as CSV: recording, buffers, groups, pairs, stacks, latencies, waits, chains "
	  "or events",
	  0 },
	{ "diff", OPTION_DIFF, "BEFORE", 0,
	  "What differs between the recording BEFORE and FILE, as text or JSON", 0 },
	{ "folded", OPTION_FOLDED, NULL, 0,
	  "Waiting by stack, for tools that draw flame graphs: microseconds", 0 },
	{ "list", 'l', NULL, 0, "Each record as a line of text", 0 },
	{ "perfetto", OPTION_PERFETTO, "FILE", 0,
	  "Write a trace for ui.perfetto.dev: tracks of buffers, owners and engines", 0 },
	{ "group", 'g', "BY", 0,
	  "Groups by exporter, name, process, comm (default) or engine", 0 },
	{ "rows", 'n', "NUMBER", 0, "Rows of each table of the text (20); 0: all", 0 },
	{ "until", OPTION_UNTIL, "SECONDS", 0,
	  "Stop after this time of the recording: who waits for whom then", 0 },
	{ 0 },
};

static void options_format(struct argp_state *state, enum report_format format)
{
	struct report_options *options = state->input;

	if (options->format != REPORT_TEXT && options->format != format)
		argp_error(state, "--json, --csv, --folded, --list and --perfetto exclude each "
			   "other: choose one");
	options->format = format;
}

/* What follows from several options. */
static void options_together(struct argp_state *state, const struct report_options *options)
{
	if (options->diff && options->format != REPORT_TEXT && options->format != REPORT_JSON)
		argp_error(state, "--diff has a text of its own and JSON only: leave out --csv, "
			   "--folded, --list and --perfetto");
}

static error_t options_one(int key, char *arg, struct argp_state *state)
{
	struct report_options *options = state->input;

	switch (key) {
	case 'J':
		options_format(state, REPORT_JSON);
		return 0;
	case OPTION_CSV:
		options_format(state, REPORT_CSV);
		options->table = arg;
		return 0;
	case OPTION_DIFF:
		options->diff = arg;
		return 0;
	case OPTION_FOLDED:
		options_format(state, REPORT_FOLDED);
		return 0;
	case 'l':
		options_format(state, REPORT_LIST);
		return 0;
	case OPTION_PERFETTO:
		options_format(state, REPORT_PERFETTO);
		options->perfetto = arg;
		return 0;
	case 'g':
		options->group = options_word(state, "--group", arg, WORDS_GROUP,
					      GROUP_BY_EXPORTER);
		return 0;
	case 'n':
		options->rows = options_number(state, "--rows", arg, 0, UINT64_MAX);
		return 0;
	case OPTION_UNTIL:
		options->until_ns = options_seconds_ns(state, "--until", arg, 0, MAX_SECONDS);
		return 0;
	case ARGP_KEY_SUCCESS:
		options_together(state, options);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num)
			argp_error(state, "'%s': there is one file", arg);
		options->file = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void report_options_parse(struct report_options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options_argp, .parser = options_one, .args_doc = "[FILE]",
		.doc = options_doc,
	};

	*options = (struct report_options){
		.file = "dmasync.rec",
		.group = GROUP_BY_COMM,
		.rows = ROWS,
		.until_ns = UINT64_MAX,
	};
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
