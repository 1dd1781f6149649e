// SPDX-License-Identifier: GPL-2.0-only
/* The end of a round: everybody parks, and then nothing may be left of what they did. */
#include <stdio.h>
#include <string.h>

#include "torture.h"

/* What debug builds of the framework count, and twice DSYNC_MAX_STEPS. */
#define STEPS		"/sys/module/dmabuf_sync/parameters/max_steps"
#define MAX_STEPS	2048

static struct to_slot *not_parked(struct to_arena *arena)
{
	unsigned int i;

	for (i = 0; i < arena->options.owners; i++)
		if (!to_load(&arena->slots[i].parked))
			return &arena->slots[i];
	return NULL;
}

/* Who still waits when nobody asks for more waits for a wake-up that does not come. */
static void check_parked(struct to_arena *arena)
{
	struct to_slot *slot;

	if (ST_UNTIL_MS(!not_parked(arena) || to_load(&arena->failed),
			arena->options.patience_ms))
		return;
	slot = not_parked(arena);
	if (slot)
		to_fail(arena, to_blame(arena, slot->tid),
			"slot %ld (tid %d, %s) comes to no end when all others do",
			(long)(slot - arena->slots), slot->tid,
			to_kind_of(slot->kind)->name);
}

static void check_snapshot(struct to_arena *arena)
{
	struct st_snap snap;

	if (st_snapshot_becomes_empty())
		return;
	st_snapshot(0, &snap, 1);
	to_fail(arena, "death", "access %llu of owner %llu (tid %u, %s) is left at rest",
		(unsigned long long)snap.access, (unsigned long long)snap.owner, snap.tid,
		snap.state);
}

static unsigned int sum(const uint32_t *counts)
{
	return counts[0] + counts[1] + counts[2];
}

static void check_windows(struct to_arena *arena, int test)
{
	struct dst_count count;
	unsigned int i;

	for (i = 0; i < arena->options.buffers; i++) {
		if (!arena->counted[i] || st_buffer_count(test, &arena->bufs[i], &count))
			continue;
		if (sum(count.begin) != sum(count.end))
			to_fail(arena, "balance",
				"buffer %u: %u begin_cpu_access and %u end_cpu_access",
				i, sum(count.begin), sum(count.end));
		if (count.calls_max > 1)
			to_fail(arena, "balance", "buffer %u: %u calls of the exporter at once",
				i, count.calls_max);
	}
}

/* The ring may lose events, a total does not. */
static void check_totals(struct to_arena *arena)
{
	long long requests = to_trace_total("request"), acquired = to_trace_total("acquired");
	long long released = to_trace_total("released"), failed = to_trace_total("failed");

	if (requests >= 0 && (requests != acquired + failed || acquired != released))
		to_fail(arena, "balance",
			"events: %lld request, %lld acquired, %lld failed, %lld released",
			requests, acquired, failed, released);
}

/* A lock is held for as much as the engine does at a stretch, and what was begun then. */
static void check_steps(struct to_arena *arena)
{
	FILE *file = fopen(STEPS, "re");
	unsigned int steps = 0;

	if (file && fscanf(file, "%u", &steps) == 1 && steps > MAX_STEPS)
		to_fail(arena, "steps", "%u accesses were looked at with a buffer locked, and %u is the limit",
			steps, MAX_STEPS);
	if (file)
		fclose(file);
}

bool to_round_calm(struct to_arena *arena, int test)
{
	to_store(&arena->phase, TO_CALM);
	check_parked(arena);
	if (!to_load(&arena->failed))
		check_snapshot(arena);
	if (!to_load(&arena->failed)) {
		to_cells_check_empty(arena);
		check_windows(arena, test);
		if (arena->options.trace)
			check_totals(arena);
		check_steps(arena);
	}
	return !to_load(&arena->failed);
}
