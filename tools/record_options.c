// SPDX-License-Identifier: GPL-2.0-only
#include "record_options.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SECONDS	86400.0
#define MIN_SECONDS	0.01
#define RING_BYTES	(1U << 20)
#define MEMORY_BYTES	(16U << 20)
#define MIN_MEMORY	(1U << 20)
#define MAX_MEMORY	(1ULL << 34)

enum {
	OPTION_MEMORY = 256,
	OPTION_PROBE,
	OPTION_RING_SIZE,
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
	  "Of --flight: room for the last seconds (16777216)", 1 },
	{ "probe", OPTION_PROBE, "KIND", 0,
	  "tp_btf or raw_tp (the first one that the kernel can do)", 1 },
	{ "ring-size", OPTION_RING_SIZE, "BYTES", 0,
	  "Size of each ring of events, a power of 2 and whole pages (1048576)", 1 },
	{ "verbose", 'v', NULL, 0, "Print what libbpf says", 1 },
	{ 0 },
};

static uint64_t options_number(struct argp_state *state, const char *what, const char *arg,
			       uint64_t min, uint64_t max)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(arg, &end, 0);
	if (errno || !isdigit(*arg) || *end || number < min || number > max)
		argp_error(state, "%s: '%s' is not a number from %llu to %llu", what, arg,
			   (unsigned long long)min, (unsigned long long)max);
	return number;
}

static uint64_t options_seconds(struct argp_state *state, const char *what, const char *arg)
{
	double seconds;
	char *end;

	seconds = strtod(arg, &end);
	if (end == arg || *end || !(seconds >= MIN_SECONDS && seconds <= MAX_SECONDS))
		argp_error(state, "%s: '%s' is not a number of seconds from %g to %g", what,
			   arg, MIN_SECONDS, MAX_SECONDS);
	return llround(seconds * 1e9);
}

static uint32_t options_ring(struct argp_state *state, const char *arg)
{
	uint32_t page = sysconf(_SC_PAGESIZE);
	uint32_t size = options_number(state, "--ring-size", arg, page, 1 << 30);

	if (size & (size - 1))
		argp_error(state, "--ring-size: '%s' is not a power of 2", arg);
	return size;
}

static enum session_probe options_probe(struct argp_state *state, const char *arg)
{
	enum session_probe probe;

	for (probe = SESSION_PROBE_TP_BTF; probe <= SESSION_PROBE_RAW_TP; probe++)
		if (!strcmp(arg, session_probe_name(probe)))
			return probe;
	argp_error(state, "--probe: '%s' is neither tp_btf nor raw_tp", arg);
	return SESSION_PROBE_AUTO;
}

/* What follows from several options. */
static void options_together(struct argp_state *state, const struct record_options *options)
{
	const struct record_trigger *trigger = &options->trigger;

	if (!options->flight_ns && (trigger->wait_ns || trigger->deadlock || trigger->revoked))
		argp_error(state, "--trigger is for --flight: else everything is written");
}

static error_t options_one(int key, char *arg, struct argp_state *state)
{
	struct record_options *options = state->input;

	switch (key) {
	case 'o':
		options->output = arg;
		return 0;
	case 'd':
		options->duration_ns = options_seconds(state, "--duration", arg);
		return 0;
	case 'f':
		options->flight_ns = options_seconds(state, "--flight", arg);
		return 0;
	case 't':
		if (record_trigger_parse(&options->trigger, arg))
			argp_error(state, "--trigger: '%s' is none of wait=MS, deadlock and "
				   "revoked", arg);
		return 0;
	case OPTION_MEMORY:
		options->memory_bytes = options_number(state, "--memory", arg, MIN_MEMORY,
						       MAX_MEMORY);
		return 0;
	case OPTION_PROBE:
		options->probe = options_probe(state, arg);
		return 0;
	case OPTION_RING_SIZE:
		options->ring_bytes = options_ring(state, arg);
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
