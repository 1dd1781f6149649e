// SPDX-License-Identifier: GPL-2.0-only
#include "record_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int record_batch_init(struct record_batch *batch, size_t bytes)
{
	*batch = (struct record_batch){
		.max = bytes,
		.max_nr = bytes / sizeof(struct record_head),
	};
	batch->data = malloc(batch->max);
	batch->places = calloc(batch->max_nr, sizeof(*batch->places));
	return batch->data && batch->places ? 0 : -ENOMEM;
}

void record_batch_free(struct record_batch *batch)
{
	free(batch->data);
	free(batch->places);
	*batch = (struct record_batch){ 0 };
}

int record_batch_add(struct record_batch *batch, const void *record, size_t size)
{
	const struct record_head *head = record;

	if (size > batch->max - batch->size || batch->nr == batch->max_nr)
		return -ENOSPC;
	memcpy(batch->data + batch->size, record, size);
	batch->places[batch->nr] = (struct record_place){
		head->time_ns, batch->size, batch->nr,
	};
	batch->nr++;
	batch->size += size;
	return 0;
}

static int batch_by_time(const void *a, const void *b)
{
	const struct record_place *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns > y->time_ns ? 1 : -1;
	return (x->number > y->number) - (x->number < y->number);
}

static int batch_by_place(const void *a, const void *b)
{
	const struct record_place *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* The places from @first on are those that are left: move their records together. */
static void batch_keep(struct record_batch *batch, size_t first)
{
	size_t left = batch->nr - first, size = 0, i;

	memmove(batch->places, batch->places + first, left * sizeof(*batch->places));
	if (left)
		qsort(batch->places, left, sizeof(*batch->places), batch_by_place);
	for (i = 0; i < left; i++) {
		struct record_place *place = &batch->places[i];
		const struct record_head *head = (const void *)(batch->data + place->at);
		size_t bytes = head->size;

		memmove(batch->data + size, head, bytes);
		place->at = size;
		place->number = i;
		size += bytes;
	}
	batch->nr = left;
	batch->size = size;
}

int record_batch_take(struct record_batch *batch, uint64_t until_ns,
		      int (*fn)(const struct record_head *record, void *priv), void *priv)
{
	int ret = 0;
	size_t i;

	if (batch->nr)
		qsort(batch->places, batch->nr, sizeof(*batch->places), batch_by_time);
	for (i = 0; i < batch->nr && !ret && batch->places[i].time_ns < until_ns; i++)
		ret = fn((const void *)(batch->data + batch->places[i].at), priv);
	batch_keep(batch, i);
	return ret;
}
