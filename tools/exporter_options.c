// SPDX-License-Identifier: GPL-2.0-only
#include "exporter_options.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SECONDS	3600.0
/* The kernel has room for the histograms of so many. */
#define MAX_LABELS	200

enum {
	OPTION_LABEL_BY = 256,
	OPTION_MAX_LABELS,
	OPTION_MIN_INTERVAL,
	OPTION_MAX_ACCESSES,
	OPTION_MAX_BUFFERS,
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
	  "Who asks earlier gets the numbers of the last time (1)", 0 },
	{ "max-accesses", OPTION_MAX_ACCESSES, "NUMBER", 0,
	  "Accesses kept at once (16384)", 1 },
	{ "max-buffers", OPTION_MAX_BUFFERS, "NUMBER", 0,
	  "Buffers kept at once (4096)", 1 },
	{ "verbose", 'v', NULL, 0, "Print what libbpf says", 1 },
	{ 0 },
};

static uint64_t options_number(struct argp_state *state, const char *what, const char *arg,
			       uint64_t max)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(arg, &end, 10);
	if (errno || !isdigit((unsigned char)*arg) || *end || !number || number > max)
		argp_error(state, "%s: '%s' is not a number from 1 to %llu", what, arg,
			   (unsigned long long)max);
	return number;
}

static uint64_t options_seconds(struct argp_state *state, const char *what, const char *arg)
{
	double seconds;
	char *end;

	seconds = strtod(arg, &end);
	if (end == arg || *end || !(seconds >= 0 && seconds <= MAX_SECONDS))
		argp_error(state, "%s: '%s' is not a number of seconds from 0 to %g", what,
			   arg, MAX_SECONDS);
	return llround(seconds * 1e9);
}

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
	struct top_limits *limits = &options->limits;

	switch (key) {
	case 'l':
		options->listen = arg;
		return 0;
	case OPTION_LABEL_BY:
		limits->waits_by = options_label(state, arg);
		return 0;
	case OPTION_MAX_LABELS:
		options->max_labels = options_number(state, "--max-labels", arg, MAX_LABELS);
		return 0;
	case OPTION_MIN_INTERVAL:
		options->interval_ns = options_seconds(state, "--min-interval", arg);
		return 0;
	case OPTION_MAX_ACCESSES:
		limits->max_accesses = options_number(state, "--max-accesses", arg, 1 << 20);
		return 0;
	case OPTION_MAX_BUFFERS:
		limits->max_buffers = options_number(state, "--max-buffers", arg, 1 << 20);
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
	static const struct argp argp = {
		.options = options_argp,
		.parser = options_one,
		.doc = options_doc,
	};

	*options = (struct exporter_options){
		.limits = {
			.max_accesses = 16384,
			.max_buffers = 4096,
			.ring_bytes = 65536,
			.forget_s = 60,
			.waits_by = TOP_WAITS_EXPORTER,
		},
		.max_labels = 32,
		.interval_ns = 1000000000,
	};
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
