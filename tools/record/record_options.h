/* SPDX-License-Identifier: GPL-2.0-only */
/* Command line of dmasync-record. */
#ifndef RECORD_OPTIONS_H
#define RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "record_trigger.h"
#include "session.h"

/**
 * struct record_options - command line
 * @output: the file
 * @duration_ns: end after this time, 0: not by itself
 * @flight_ns: keep so much in memory, until @trigger; 0: write all
 * @memory_bytes: room for it
 * @trigger: what is waited for
 * @ring_bytes: size of each ring
 * @nr_stacks: places in the table of stacks; 0: they are not wanted
 * @probe: kind of probe that is asked for
 * @verbose: print what libbpf says
 */
struct record_options {
	const char *output;
	uint64_t duration_ns;
	uint64_t flight_ns;
	uint64_t memory_bytes;
	struct record_trigger trigger;
	uint32_t ring_bytes;
	uint32_t nr_stacks;
	enum session_probe probe;
	bool verbose;
};

void record_options_parse(struct record_options *options, int argc, char **argv);

#endif /* RECORD_OPTIONS_H */
