/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last seconds, in memory. It is divided into parts that begin with a snapshot each: the
 * oldest part is dropped as a whole, and what is left can be understood without it.
 */
#ifndef RECORD_FLIGHT_H
#define RECORD_FLIGHT_H

#include <stdbool.h>

#include "record_sink.h"

#define FLIGHT_NR_PARTS	8
/* Buffers and fence contexts whose names are kept, and accesses whose stacks are. */
#define FLIGHT_NR_NAMES	4096

/**
 * struct flight_part - records, one after the other
 * @data: the records
 * @size: bytes in use
 * @begin_ns: time of the first one
 * @has_snapshot: it begins with one
 */
struct flight_part {
	char *data;
	size_t size;
	uint64_t begin_ns;
	bool has_snapshot;
};

/**
 * struct record_flight - all of it
 * @keep_ns: how much is asked for
 * @part_bytes: room of a part
 * @parts: the parts, a ring
 * @last: the latest one
 * @nr: how many there are
 * @asked: a snapshot was taken for the next part, and is on its way
 * @buffers: latest RECORD_BUFFER of a buffer, by inode number
 * @timelines: latest RECORD_TIMELINE of a fence context, by number
 * @stacks: latest RECORD_STACK of an access, by number
 * @lost_stacks: of accesses that a snapshot has, without a place or without room in a part
 */
struct record_flight {
	uint64_t keep_ns;
	size_t part_bytes;
	struct flight_part parts[FLIGHT_NR_PARTS];
	unsigned int last;
	unsigned int nr;
	bool asked;
	struct record *buffers;
	struct record *timelines;
	struct record *stacks;
	uint64_t lost_stacks;
};

/* @bytes of memory. Return: 0 or -ENOMEM. */
int record_flight_init(struct record_flight *flight, uint64_t keep_ns, size_t bytes);
void record_flight_free(struct record_flight *flight);
/* It is time for the next part: take a snapshot. Once for each part. */
bool record_flight_is_due(struct record_flight *flight, uint64_t now_ns);
void record_flight_add(struct record_flight *flight, const struct record_head *record);
/*
 * The last seconds up to @now_ns, or as many as there was room for, and @frames before that.
 * Return: 0 or -errno.
 */
int record_flight_write(const struct record_flight *flight, const struct record_stacks *frames,
			struct record_sink *sink, uint64_t now_ns);

#endif /* RECORD_FLIGHT_H */
