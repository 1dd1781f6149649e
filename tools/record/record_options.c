// SPDX-License-Identifier: GPL-2.0-only
#include "record_options.h"

#include <errno.h>

#include "options.h"

#define MAX_SECONDS	86400.0
#define MIN_SECONDS	0.01
#define RING_BYTES	(1U << 20)
#define NR_STACKS	16384
#define MIN_STACKS	16
#define MAX_STACKS	(1U << 20)
#define MEMORY_BYTES	(16U << 20)
#define MIN_MEMORY	(1U << 20)
#define MAX_MEMORY	(1ULL << 34)

enum {
	OPTION_MEMORY = 256,
	OPTION_PROBE,
	OPTION_RING_SIZE,
	OPTION_STACKS,
};

const char *argp_program_version = "dmasync-record (dmabuf-sync) " VERSION;

static const char options_doc[] =
"Record what happens to dma-bufs, for dmasync-report.\n"
"\v"
"SIGINT and SIGTERM end the recording. SIGUSR1 is a trigger, too.\n\n"
"Exit status: 0, or 2 if something was lost, 3 if --flight ended without a trigger, 1 on "
"failure, 64 on wrong usage.";

static const struct argp_option options_argp[] = {
	{ "output", 'o', "FILE", 0, "Write to FILE (dmasync.rec); -: standard output", 0 },
	{ "duration", 'd', "SECONDS", 0, "End after this time", 0 },
	{ "flight", 'f', "SECONDS", 0,
	  "Keep the last SECONDS in memory; write them at a trigger, and end", 0 },
	{ "trigger", 't', "WHAT", 0,
	  "Of --flight: wait=MS (a wait of so many milliseconds), deadlock or revoked; may be "
	  "given several times", 0 },
	{ "memory", OPTION_MEMORY, "BYTES", 0,
	  "Of --flight: memory for the last seconds (16777216)", 1 },
	{ "probe", OPTION_PROBE, "KIND", 0,
	  "tp_btf or raw_tp (the first one that the kernel can do)", 1 },
	{ "ring-size", OPTION_RING_SIZE, "BYTES", 0,
	  "Size of each ring of events, a power of 2 and whole pages (1048576)", 1 },
	{ "stacks", OPTION_STACKS, "NUMBER", OPTION_ARG_OPTIONAL,
	  "Also where in program and kernel each access was requested: a table of NUMBER "
	  "places, a power of 2 (16384), two for a stack", 0 },
	{ "verbose", 'v', NULL, 0, "Print what libbpf says", 1 },
	{ 0 },
};

/* What follows from several options. */
static void options_together(struct argp_state *state, const struct record_options *options)
{
	const struct record_trigger *trigger = &options->trigger;

	if (!options->flight_ns && (trigger->wait_ns || trigger->deadlock || trigger->revoked))
		argp_error(state, "--trigger needs --flight: without it everything is written");
}

static error_t options_one(int key, char *arg, struct argp_state *state)
{
	struct record_options *options = state->input;

	switch (key) {
	case 'o':
		options->output = arg;
		return 0;
	case 'd':
		options->duration_ns = options_seconds_ns(state, "--duration", arg,
							  MIN_SECONDS, MAX_SECONDS);
		return 0;
	case 'f':
		options->flight_ns = options_seconds_ns(state, "--flight", arg, MIN_SECONDS,
							MAX_SECONDS);
		return 0;
	case 't':
		if (record_trigger_parse(&options->trigger, arg))
			argp_error(state, "--trigger: '%s' is none of wait=MS, deadlock and "
				   "revoked; MS is a number above 0", arg);
		return 0;
	case OPTION_MEMORY:
		options->memory_bytes = options_number(state, "--memory", arg, MIN_MEMORY,
						       MAX_MEMORY);
		return 0;
	case OPTION_PROBE:
		options->probe = options_word(state, "--probe", arg, WORDS_PROBE,
					      SESSION_PROBE_TP_BTF);
		return 0;
	case OPTION_RING_SIZE:
		options->ring_bytes = options_ring_bytes(state, "--ring-size", arg);
		return 0;
	case OPTION_STACKS:
		options->nr_stacks = !arg ? NR_STACKS :
				     options_power_of_2(state, "--stacks", arg, MIN_STACKS,
							MAX_STACKS);
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	case ARGP_KEY_SUCCESS:
		options_together(state, options);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': there are no arguments, only options", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void record_options_parse(struct record_options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options_argp, .parser = options_one, .doc = options_doc,
	};

	*options = (struct record_options){
		.output = "dmasync.rec",
		.memory_bytes = MEMORY_BYTES,
		.ring_bytes = RING_BYTES,
	};
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
