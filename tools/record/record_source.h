/* SPDX-License-Identifier: GPL-2.0-only */
/* dmasync-record's programs and their rings. */
#ifndef RECORD_SOURCE_H
#define RECORD_SOURCE_H

#include <stdbool.h>

#include "cost.h"
#include "record_batch.h"
#include "record_stacks.h"
#include "session.h"

struct dmasync_record_bpf;
struct ring_buffer;

/**
 * struct record_losses - what is not in the recording
 * @records: that found their ring full
 * @runs: of programs: an event within an event
 * @unlisted: accesses that a snapshot left out, or for which there was no room, at most
 * @stacks: for which there was no place in the map, or no frames
 * @frames: stacks that have a frame too many: STACKS_MAX_FRAMES others are there
 */
struct record_losses {
	uint64_t records;
	uint64_t runs;
	uint64_t unlisted;
	uint64_t stacks;
	uint64_t frames;
};

static inline uint64_t record_losses_sum(const struct record_losses *lost)
{
	return lost->records + lost->runs + lost->unlisted + lost->stacks + lost->frames;
}

/**
 * struct record_source - one attachment after the other
 * @ring_bytes: size of each ring
 * @nr_stacks: places in the table of stacks; 0: they are not wanted
 * @skel: the programs while there are any
 * @rings: their rings
 * @cost: counts runs that did not take place
 * @batch: records that came in
 * @end_ns: what began then or later is left out
 * @lost: since the tool was started
 * @seen: what @skel had lost, as far as it is in @lost
 * @seen_stacks: likewise, stacks
 * @stacks: their frames
 * @snapshot_error: what reading the snapshot returned the last time
 */
struct record_source {
	uint32_t ring_bytes;
	uint32_t nr_stacks;
	struct dmasync_record_bpf *skel;
	struct ring_buffer *rings;
	struct cost cost;
	struct record_batch batch;
	uint64_t end_ns;
	struct record_losses lost;
	uint64_t seen;
	uint64_t seen_stacks;
	struct record_stacks stacks;
	int snapshot_error;
};

extern const struct session_ops record_source_ops;

/* @nr_stacks: places in the table of stacks; 0: they are not wanted. */
void record_source_init(struct record_source *source, uint32_t ring_bytes,
			uint32_t nr_stacks);
void record_source_end(struct record_source *source);
/* Readable when a ring fills up; -1 while there are no programs. */
int record_source_fd(const struct record_source *source);
/*
 * Take what is in the rings into the batch: what it has are all records up to now, in any
 * order. Return: 0; -ENOSPC: the batch is full, take it and read on; or -EAGAIN: so many
 * stacks were looked up that signals had better be looked at before reading on.
 */
int record_source_read(struct record_source *source);
/* Count what was lost up to now. */
void record_source_count(struct record_source *source);

/*
 * record_snapshot.c: what is there now, as records in the batch, of a time before it was
 * looked at: what began later has events of its own.
 */
void record_snapshot(struct record_source *source);

#endif /* RECORD_SOURCE_H */
