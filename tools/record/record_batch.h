/* SPDX-License-Identifier: GPL-2.0-only */
/* Records that came in and were not written yet, in the order of their times. */
#ifndef RECORD_BATCH_H
#define RECORD_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "../../bpf/dmasync_record.h"

struct record_place {
	uint64_t time_ns;
	uint32_t at;
	uint32_t number;
};

/**
 * struct record_batch - records
 * @data: the records, as they came in
 * @size: bytes in use
 * @max: room
 * @places: where each one is
 * @nr: how many
 * @max_nr: room
 */
struct record_batch {
	char *data;
	size_t size, max;
	struct record_place *places;
	size_t nr, max_nr;
};

/* Return: 0 or -ENOMEM. */
int record_batch_init(struct record_batch *batch, size_t bytes);
void record_batch_free(struct record_batch *batch);

/* Return: 0, or -ENOSPC when it has no room: it has to be taken first. */
int record_batch_add(struct record_batch *batch, const void *record, size_t size);

/*
 * Call @fn for each record from before @until_ns, the oldest one first, until it returns
 * non-zero, and forget these. Those of the same time stay in the order in which they came.
 */
int record_batch_take(struct record_batch *batch, uint64_t until_ns,
		      int (*fn)(const struct record_head *record, void *priv), void *priv);

#endif /* RECORD_BATCH_H */
