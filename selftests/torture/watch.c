// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking on: nobody waits for longer than anybody's patience, and nobody holds a part of the
 * set that it waits for.
 *
 * A set enters the tables access by access, though nobody can get in between, so the
 * snapshot may show a part of it; but not again and again for a tenth of a second.
 */
#include <string.h>

#include "torture.h"

#define MAX_SNAPS	1024
#define LOOKS		6
#define LOOK_MS		20

static void check_patience(struct to_arena *arena)
{
	int64_t now = st_now_ns(), since;
	unsigned int i;

	for (i = 0; i < arena->options.owners; i++) {
		struct to_slot *slot = &arena->slots[i];

		since = to_load(&slot->waits_ns);
		if (!since || now - since < arena->options.patience_ms * ST_NSEC_PER_MSEC)
			continue;
		to_fail(arena, to_blame(arena, slot->tid), "slot %u (tid %d, %s) waits for %lld ms",
			i, slot->tid, to_kind_of(slot->kind)->name,
			(long long)(now - since) / ST_NSEC_PER_MSEC);
	}
}

/* The owner that @tid plays holds some accesses of @set, and waits for all the others. */
static bool set_is_torn(const struct st_snap *snaps, int nr, pid_t tid,
			const struct to_set *set)
{
	unsigned int held = 0, queued = 0;
	uint64_t owner = 0;
	int i;

	for (i = 0; i < nr; i++) {
		if (snaps[i].edge || snaps[i].tid != (uint32_t)tid)
			continue;
		if (owner && snaps[i].owner != owner)
			return false;
		owner = snaps[i].owner;
		if (strcmp(snaps[i].state, "queued"))
			held++;
		else
			queued++;
	}
	return held && queued && held + queued == set->nr;
}

static bool look(struct to_arena *arena, struct to_notice *notices, bool *torn)
{
	static struct st_snap snaps[MAX_SNAPS];
	struct to_notice notice;
	int nr = st_snapshot(0, snaps, MAX_SNAPS);
	bool any = false;
	unsigned int i;

	if (nr > MAX_SNAPS)
		nr = MAX_SNAPS;
	for (i = 0; i < arena->options.owners; i++) {
		struct to_slot *slot = &arena->slots[i];

		torn[i] = torn[i] && to_notice_read(slot, &notice) &&
			  notice.version == notices[i].version &&
			  set_is_torn(snaps, nr, slot->tid, &notice.set);
		any |= torn[i];
	}
	return any;
}

/* Only sets of owners that hold nothing else: those have a notice. */
static void check_sets(struct to_arena *arena)
{
	struct to_notice notices[TO_SLOTS];
	bool torn[TO_SLOTS];
	unsigned int i, looks;

	for (i = 0; i < arena->options.owners; i++)
		torn[i] = to_notice_read(&arena->slots[i], &notices[i]);
	for (looks = 0; looks < LOOKS; looks++) {
		if (looks)
			st_sleep_ms(LOOK_MS);
		if (!look(arena, notices, torn))
			return;
	}
	for (i = 0; i < arena->options.owners; i++)
		if (torn[i])
			to_fail(arena, "atomic-set", "slot %u (tid %d) holds a part of its set and waits for the rest",
				i, arena->slots[i].tid);
}

void to_watch_turn(struct to_arena *arena)
{
	check_patience(arena);
	check_sets(arena);
}
