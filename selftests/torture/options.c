// SPDX-License-Identifier: GPL-2.0-only
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "torture.h"

static const char usage_text[] =
	"usage: torture [OPTION...]\n"
	"\n"
	"Many owners over few buffers, at random, until a rule is broken or the time is over.\n"
	"Needs root, dmabuf_sync and dmabuf_sync_test.\n"
	"\n"
	"  --seed N         what to draw from (default: the time); printed at the start\n"
	"  --seconds N      how long (10)\n"
	"  --owners N       owners at a time, 1 to 64 (16)\n"
	"  --buffers N      buffers, 1 to 4 (3)\n"
	"  --round MS       time between two calms, in which nothing may be left (1000)\n"
	"  --patience MS    longest time that anybody may wait (30000)\n"
	"  --kinds LIST     of context,job,stock,crowd,sleeper (all)\n"
	"  --no-kill        no process is killed\n"
	"  --no-throttle    no process is kept from the processors\n"
	"  --no-trace       record no events: faster, and a failure shows less\n"
	"\n"
	"Exit status: 0, 1 a rule was broken, 2 wrong usage or no such machine.\n";

static uint64_t number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	value = strtoull(text, &end, 0);
	if (end == text || *end || *text == '-' || value < min || value > max) {
		fprintf(stderr, "torture: --%s: '%s' is no number from %llu to %llu\n", name, text,
			(unsigned long long)min, (unsigned long long)max);
		exit(2);
	}
	return value;
}

enum {
	SEED, SECONDS, OWNERS, BUFFERS, ROUND, PATIENCE, KINDS, NO_KILL, NO_THROTTLE, NO_TRACE,
	HELP,
};

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, SEED },
	{ "seconds", required_argument, NULL, SECONDS },
	{ "owners", required_argument, NULL, OWNERS },
	{ "buffers", required_argument, NULL, BUFFERS },
	{ "round", required_argument, NULL, ROUND },
	{ "patience", required_argument, NULL, PATIENCE },
	{ "kinds", required_argument, NULL, KINDS },
	{ "no-kill", no_argument, NULL, NO_KILL },
	{ "no-throttle", no_argument, NULL, NO_THROTTLE },
	{ "no-trace", no_argument, NULL, NO_TRACE },
	{ "help", no_argument, NULL, HELP },
	{ }
};

static void option_set(struct to_options *options, int option, const char *text)
{
	switch (option) {
	case SEED:
		options->seed = number("seed", text, 0, UINT64_MAX);
		break;
	case SECONDS:
		options->seconds = number("seconds", text, 1, 1000000);
		break;
	case OWNERS:
		options->owners = number("owners", text, 1, TO_SLOTS);
		break;
	case BUFFERS:
		options->buffers = number("buffers", text, 1, TO_BUFS);
		break;
	case ROUND:
		options->round_ms = number("round", text, 10, 1000000);
		break;
	case PATIENCE:
		options->patience_ms = number("patience", text, 1000, 1000000);
		break;
	case KINDS:
		options->kinds = text;
		break;
	case NO_KILL:
		options->kill = false;
		break;
	case NO_THROTTLE:
		options->throttle = false;
		break;
	case NO_TRACE:
		options->trace = false;
		break;
	case HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		fputs(usage_text, stderr);
		exit(2);
	}
}

void to_options_parse(struct to_options *options, int argc, char **argv)
{
	int option;

	*options = (struct to_options){
		.seed = time(NULL), .seconds = 10, .owners = 16, .buffers = 3,
		.round_ms = 1000, .patience_ms = 30000, .kill = true, .throttle = true,
		.trace = true,
	};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		option_set(options, option, optarg);
	if (optind < argc) {
		fputs(usage_text, stderr);
		exit(2);
	}
}
