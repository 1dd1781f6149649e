// SPDX-License-Identifier: GPL-2.0-only
#include "exporter_options.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "options.h"

#define MAX_SECONDS	3600.0
/* The kernel has room for the histograms of so many. */
#define MAX_LABELS	200

enum {
	OPTION_LABEL_BY = 256,
	OPTION_MAX_LABELS,
	OPTION_MIN_INTERVAL,
};

const char *argp_program_version = "dmasync-exporter (dmabuf-sync) " VERSION;

static const char options_doc[] =
"Serve waits, holders and CPU/DMA overlap of dma-bufs as metrics, for Prometheus.\n"
"\v"
"Signals: SIGUSR1 lets go of dmabuf_sync.ko, so that it can be unloaded, or attaches again. "
"SIGINT and SIGTERM end the program.";

static const struct argp_option options_argp[] = {
	{ "listen", 'l', "ADDRESS:PORT", 0,
	  "Where to serve /metrics (127.0.0.1:9788, or the sockets of a service manager)", 0 },
	{ "label-by", OPTION_LABEL_BY, "WHAT", 0,
	  "Tell buffers apart by exporter (default) or name, or not: none", 0 },
	{ "max-labels", OPTION_MAX_LABELS, "NUMBER", 0,
	  "Values that this label has (32); all others are 'other'", 0 },
	{ "min-interval", OPTION_MIN_INTERVAL, "SECONDS", 0,
	  "Whoever asks sooner gets the numbers of the last time (1)", 0 },
	{ "verbose", 'v', NULL, 0, "Print what libbpf says", 2 },
	{ 0 },
};

static uint32_t options_label(struct argp_state *state, const char *arg)
{
	if (!strcmp(arg, "exporter"))
		return TOP_WAITS_EXPORTER;
	if (!strcmp(arg, "name"))
		return TOP_WAITS_NAME;
	if (strcmp(arg, "none"))
		argp_error(state, "--label-by: '%s' is none of exporter, name and none", arg);
	return TOP_WAITS_ALL;
}

static error_t options_one(int key, char *arg, struct argp_state *state)
{
	struct exporter_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->limits;
		return 0;
	case 'l':
		options->listen = arg;
		return 0;
	case OPTION_LABEL_BY:
		options->limits.waits_by = options_label(state, arg);
		return 0;
	case OPTION_MAX_LABELS:
		options->max_labels = options_number(state, "--max-labels", arg, 1,
						     MAX_LABELS);
		return 0;
	case OPTION_MIN_INTERVAL:
		options->interval_ns = options_seconds_ns(state, "--min-interval", arg, 0,
							  MAX_SECONDS);
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': there are no arguments, only options", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void exporter_options_parse(struct exporter_options *options, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &top_limits_argp }, { 0 } };
	static const struct argp argp = {
		.options = options_argp,
		.parser = options_one,
		.doc = options_doc,
		.children = children,
	};

	*options = (struct exporter_options){
		.max_labels = 32,
		.interval_ns = CLOCK_NSEC_PER_SEC,
	};
	top_limits_init(&options->limits);
	options->limits.waits_by = TOP_WAITS_EXPORTER;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
