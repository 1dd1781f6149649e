/* SPDX-License-Identifier: GPL-2.0-only */
/* Each wait of a recording by itself: how long, who, and behind whom. */
#ifndef REPORT_WAITS_H
#define REPORT_WAITS_H

#include "model.h"
#include "output.h"
#include "report_stacks.h"
#include "../../bpf/dmasync_record.h"

/**
 * struct report_wait - a request that waited
 * @ino: buffer
 * @access: access id
 * @begin_ns: when it began, since the recording did: less than 0 for an earlier one
 * @wait_ns: how long it was, or has been up to the end
 * @pair: TOP_PAIR() of the last blocker
 * @error: how it ended, 0: with the access
 * @is_over: it did
 * @waiter: who waited
 * @holder: who was in the way, at last
 * @waiter_frame: innermost frame of the stack that requested it, or 0
 * @holder_frame: of the stack that requested what was in the way, or 0
 * @model: for the names of buffers and engines
 */
struct report_wait {
	uint64_t ino;
	uint64_t access;
	int64_t begin_ns;
	uint64_t wait_ns;
	uint32_t pair;
	int32_t error;
	bool is_over;
	struct top_party waiter;
	struct top_party holder;
	uint64_t waiter_frame;
	uint64_t holder_frame;
	const struct model *model;
};

/**
 * struct report_latency - waits that have something in common
 * @name: what; of a buffer "buffer"
 * @ino: of a buffer
 * @model: for its name
 * @nr: how many
 * @sum_ns: in all
 * @p50_ns: half of them were not longer
 * @p95_ns: 95 %
 * @p99_ns: 99 %
 * @max_ns: the longest
 */
struct report_latency {
	char name[32];
	uint64_t ino;
	const struct model *model;
	uint64_t nr;
	uint64_t sum_ns;
	uint64_t p50_ns;
	uint64_t p95_ns;
	uint64_t p99_ns;
	uint64_t max_ns;
};

/**
 * struct report_waits - all of them
 * @stacks: where they were requested
 * @rows: the waits; after report_waits_end(): the longest one first
 * @nr: how many
 * @max: room
 * @latencies: of all, by who waits behind whom, by buffer
 * @nr_latencies: how many
 */
struct report_waits {
	const struct report_stacks *stacks;
	struct report_wait *rows;
	size_t nr, max;
	struct report_latency *latencies;
	size_t nr_latencies;
};

/* Look at a record before it is replayed. */
void report_waits_record(struct report_waits *waits, const struct record *record);
/* All were replayed into @model, which began at @begin_ns: add those that wait. */
void report_waits_end(struct report_waits *waits, const struct model *model,
		      uint64_t begin_ns);
void report_waits_free(struct report_waits *waits);

extern const struct table report_wait_table;		/* struct report_wait */
extern const struct table report_latency_table;		/* struct report_latency */

#endif /* REPORT_WAITS_H */
