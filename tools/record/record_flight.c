// SPDX-License-Identifier: GPL-2.0-only
#include "record_flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_type.h"

/* Parts that the time asked for is divided into; the other ones are for what is not whole. */
#define PARTS_OF_TIME	4
/* Places that an access may have: others may be there for as long as they like. */
#define FLIGHT_NR_NEAR	16
/* In the events of an access. */
#define WORD_ACCESS	1

int record_flight_init(struct record_flight *flight, uint64_t keep_ns, size_t bytes)
{
	unsigned int i;

	*flight = (struct record_flight){
		.keep_ns = keep_ns,
		.part_bytes = bytes / FLIGHT_NR_PARTS,
		.buffers = calloc(FLIGHT_NR_NAMES, sizeof(*flight->buffers)),
		.timelines = calloc(FLIGHT_NR_NAMES, sizeof(*flight->timelines)),
		.stacks = calloc(FLIGHT_NR_NAMES, sizeof(*flight->stacks)),
	};
	for (i = 0; i < FLIGHT_NR_PARTS; i++) {
		flight->parts[i].data = malloc(flight->part_bytes);
		if (!flight->parts[i].data)
			return -ENOMEM;
	}
	return flight->buffers && flight->timelines && flight->stacks ? 0 : -ENOMEM;
}

void record_flight_free(struct record_flight *flight)
{
	unsigned int i;

	for (i = 0; i < FLIGHT_NR_PARTS; i++)
		free(flight->parts[i].data);
	free(flight->buffers);
	free(flight->timelines);
	free(flight->stacks);
}

bool record_flight_is_due(struct record_flight *flight, uint64_t now_ns)
{
	const struct flight_part *part = &flight->parts[flight->last];

	if (flight->asked || !flight->nr)
		return false;
	flight->asked = part->size > flight->part_bytes / 2 ||
			now_ns - part->begin_ns >= flight->keep_ns / PARTS_OF_TIME;
	return flight->asked;
}

/* The next part, in place of the oldest one if there is no other place. */
static struct flight_part *flight_next(struct record_flight *flight, uint64_t begin_ns)
{
	struct flight_part *part;

	flight->last = (flight->last + 1) % FLIGHT_NR_PARTS;
	if (flight->nr < FLIGHT_NR_PARTS)
		flight->nr++;
	part = &flight->parts[flight->last];
	part->size = 0;
	part->begin_ns = begin_ns;
	part->has_snapshot = false;
	flight->asked = false;
	return part;
}

/* A name is told once, perhaps long ago. Of two with one place the latter stays. */
static void flight_name(struct record_flight *flight, const struct record_head *head)
{
	const struct record *record = (const void *)head;
	struct record *names = flight->timelines;

	if (head->kind == RECORD_BUFFER)
		names = flight->buffers;
	memcpy(&names[record->words[0] % FLIGHT_NR_NAMES], record, head->size);
}

/* A place for @access that has @wanted: the same, or 0 if it is to be free. */
static struct record *flight_stack_find(struct record_flight *flight, uint64_t access,
					uint64_t wanted)
{
	unsigned int i;

	for (i = 0; i < FLIGHT_NR_NEAR; i++) {
		struct record *stack = &flight->stacks[(access + i) % FLIGHT_NR_NAMES];

		if (stack->words[STACK_ACCESS] == wanted)
			return stack;
	}
	return NULL;
}

/* A stack stays as long as its access; one that finds no place is told if it is missed. */
static void flight_stack_keep(struct record_flight *flight, const struct record_head *head)
{
	const struct record *record = (const void *)head;
	uint64_t access = record->words[STACK_ACCESS];
	struct record *stack = flight_stack_find(flight, access, access);

	if (!stack)
		stack = flight_stack_find(flight, access, 0);
	if (stack)
		memcpy(stack, record, head->size);
}

static void flight_stack_forget(struct record_flight *flight, const struct record_head *head)
{
	uint64_t access = ((const struct record *)head)->words[WORD_ACCESS];
	struct record *stack = flight_stack_find(flight, access, access);

	if (stack)
		stack->words[STACK_ACCESS] = 0;
}

static void flight_append(struct flight_part *part, const struct record_head *record)
{
	memcpy(part->data + part->size, record, record->size);
	part->size += record->size;
}

/* An access that is there when a part begins may have been requested long ago. */
static void flight_stack(struct record_flight *flight, struct flight_part *part,
			 const struct record_head *head)
{
	const struct record *there = (const void *)head;
	uint64_t access = there->words[THERE_ACCESS];
	const struct record *kept = flight_stack_find(flight, access, access);
	struct record stack;

	if (!kept) {
		/* Only one from before the start never had a stack. */
		flight->lost_stacks += !flight_stack_find(flight, access, 0);
		return;
	}
	if (part->size + kept->head.size > flight->part_bytes) {
		flight->lost_stacks++;
		return;
	}
	stack = *kept;
	stack.head.time_ns = head->time_ns;
	flight_append(part, &stack.head);
}

void record_flight_add(struct record_flight *flight, const struct record_head *record)
{
	struct flight_part *part = &flight->parts[flight->last];

	if (record->kind == RECORD_BUFFER || record->kind == RECORD_TIMELINE)
		flight_name(flight, record);
	if (record->kind == RECORD_STACK)
		flight_stack_keep(flight, record);
	if (record->kind == RECORD_RELEASED || record->kind == RECORD_FAILED)
		flight_stack_forget(flight, record);
	if (record->kind == RECORD_BUFFER || record->kind == RECORD_TIMELINE ||
	    record->kind == RECORD_FRAME)
		return;
	if (!flight->nr || record->kind == RECORD_SNAPSHOT ||
	    part->size + record->size > flight->part_bytes)
		part = flight_next(flight, record->time_ns);
	part->has_snapshot |= record->kind == RECORD_SNAPSHOT;
	flight_append(part, record);
	if (record->kind == RECORD_THERE)
		flight_stack(flight, part, record);
}

static const struct flight_part *flight_part(const struct record_flight *flight,
					     unsigned int age)
{
	return &flight->parts[(flight->last + FLIGHT_NR_PARTS - age) % FLIGHT_NR_PARTS];
}

/*
 * How old the part is to begin with: the youngest one that has all of the time and a snapshot,
 * or else the oldest one: in a burst parts fill up faster than snapshots come.
 */
static unsigned int flight_begin(const struct record_flight *flight, uint64_t from_ns)
{
	unsigned int age;

	for (age = 0; age + 1 < flight->nr; age++)
		if (flight_part(flight, age)->has_snapshot &&
		    flight_part(flight, age)->begin_ns <= from_ns)
			break;
	return age;
}

static int flight_write_names(const struct record *names, size_t nr, struct record_sink *sink,
			      uint64_t time_ns)
{
	int err = 0;
	size_t i;

	for (i = 0; i < nr && !err; i++) {
		struct record record = names[i];

		record.head.time_ns = time_ns;
		if (record.head.size)
			err = record_sink_add(sink, &record.head);
	}
	return err;
}

static int flight_write_part(const struct flight_part *part, struct record_sink *sink)
{
	const struct record_head *record;
	size_t at;
	int err = 0;

	for (at = 0; at < part->size && !err; at += record->size) {
		record = (const void *)(part->data + at);
		err = record_sink_add(sink, record);
	}
	return err;
}

int record_flight_write(const struct record_flight *flight, const struct record_stacks *frames,
			struct record_sink *sink, uint64_t now_ns)
{
	uint64_t begin_ns, from_ns = now_ns - flight->keep_ns;
	unsigned int age;
	int err;

	if (!flight->nr)
		return 0;
	if (now_ns < flight->keep_ns)
		from_ns = 0;
	age = flight_begin(flight, from_ns);
	begin_ns = flight_part(flight, age)->begin_ns;
	err = flight_write_names(flight->buffers, FLIGHT_NR_NAMES, sink, begin_ns);
	if (!err)
		err = flight_write_names(flight->timelines, FLIGHT_NR_NAMES, sink, begin_ns);
	if (!err)
		err = flight_write_names(frames->frames, frames->nr, sink, begin_ns);
	for (age++; age-- > 0 && !err; )
		err = flight_write_part(flight_part(flight, age), sink);
	return err;
}
