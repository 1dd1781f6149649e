/* SPDX-License-Identifier: GPL-2.0-only */
/* Who causes waiting: pairs of a waiter and who is in its way, the worst first. */
#ifndef BLAME_H
#define BLAME_H

#include "model.h"

/* Pairs that are shown; others are summed. */
#define BLAME_MAX_ROWS	256

/**
 * struct blame_party - a waiter, or who is in its way
 * @tgid: process, 0 when not known
 * @comm: name of the thread that made the request, empty when not known
 * @context: fence context of a job, when its engine's name is not known
 * @engine: of a job: its timeline, empty when not known
 */
struct blame_party {
	uint32_t tgid;
	char comm[TOP_COMM_LEN];
	uint64_t context;
	char engine[TOP_NAME_LEN];
};

/**
 * struct blame_row - a pair, or all of which there are too many
 * @waiter: who waits
 * @holder: who is in its way
 * @sum: waits that are over and, with their length so far, those in progress
 * @nr_inos: buffers in @sum
 * @nr_waiting: waits in progress
 * @oldest_ns: the longest of these
 * @nr_pairs: 0: it is a pair; else the row sums so many, or those that were not told apart
 */
struct blame_row {
	struct blame_party waiter;
	struct blame_party holder;
	struct top_blame sum;
	unsigned int nr_inos;
	unsigned int nr_waiting;
	uint64_t oldest_ns;
	uint64_t nr_pairs;
};

/**
 * struct blames - all pairs since the source was attached
 * @rows: the pairs, the one with the longest time first; the last one may be that of others
 * @nr: how many
 * @max: room
 */
struct blames {
	struct blame_row *rows;
	size_t nr, max;
};

void blame_build(struct blames *blames, const struct model *model);
void blame_free(struct blames *blames);

#endif /* BLAME_H */
