/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of dmasync-exporter. */
#ifndef EXPORTER_OPTIONS_H
#define EXPORTER_OPTIONS_H

#include "top_source.h"

/**
 * struct exporter_options - from the command line
 * @limits: what is kept in the kernel, and by what buffers are told apart
 * @max_labels: how many values the label has, besides that for all others
 * @interval_ns: how old numbers may be that are told again
 * @listen: address and port; NULL: not given
 * @verbose: print what libbpf says
 */
struct exporter_options {
	struct top_limits limits;
	unsigned int max_labels;
	uint64_t interval_ns;
	const char *listen;
	bool verbose;
};

/* Ends the program when they are wrong. */
void exporter_options_parse(struct exporter_options *options, int argc, char **argv);

#endif /* EXPORTER_OPTIONS_H */
