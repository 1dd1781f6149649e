// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why does a request wait? Follow the snapshot's edges from it: to whoever holds what it waits
 * for, and on from there while that owner waits itself.
 *
 *	no edge			nothing is in its way: a wake-up was lost
 *	back to an owner	a deadlock that was not found
 *	to one that lives	and does not wait: it is slow; or the queue is unfair
 *
 * But first of all, does it wait for somebody who died, over any edges: accesses outlived their
 * owner, and all the others wait for that.
 */
#include <stdlib.h>
#include <string.h>

#include "torture.h"

#define MAX_SNAPS	4096

static const struct st_snap *access_of(const struct st_snap *snaps, int nr, pid_t tid)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!snaps[i].edge && snaps[i].tid == (uint32_t)tid &&
		    !strcmp(snaps[i].state, "queued"))
			return &snaps[i];
	return NULL;
}

/* What the owner is blocked on; a held access counts before a queued one. */
static const struct st_snap *edge_of(const struct st_snap *snaps, int nr, uint64_t owner)
{
	const struct st_snap *found = NULL;
	int i;

	for (i = 0; i < nr; i++) {
		if (!snaps[i].edge || snaps[i].owner != owner)
			continue;
		if (!found || !snaps[i].queued)
			found = &snaps[i];
	}
	return found;
}

static bool owner_waits(const struct st_snap *snaps, int nr, uint64_t owner)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!snaps[i].edge && snaps[i].owner == owner &&
		    !strcmp(snaps[i].state, "queued"))
			return true;
	return false;
}

static bool tid_lives(struct to_arena *arena, uint32_t tid)
{
	unsigned int slot;

	for (slot = 0; slot < arena->options.owners; slot++)
		if (tid == (uint32_t)to_load(&arena->slots[slot].tid))
			return true;
	return false;
}

/* It has accesses, and nobody plays it any more. */
static bool owner_died(struct to_arena *arena, const struct st_snap *snaps, int nr,
		       uint64_t owner)
{
	bool found = false;
	int i;

	for (i = 0; i < nr; i++) {
		if (snaps[i].edge || snaps[i].owner != owner)
			continue;
		if (tid_lives(arena, snaps[i].tid))
			return false;
		found = true;
	}
	return found;
}

static bool owner_is_in(const uint64_t *owners, int nr, uint64_t owner)
{
	while (nr-- > 0)
		if (owners[nr] == owner)
			return true;
	return false;
}

static bool waits_for_dead(struct to_arena *arena, const struct st_snap *snaps, int nr,
			   uint64_t owner)
{
	static uint64_t owners[MAX_SNAPS + 1];
	int nr_owners = 1, at, i;

	owners[0] = owner;
	for (at = 0; at < nr_owners; at++)
		for (i = 0; i < nr; i++) {
			if (!snaps[i].edge || snaps[i].owner != owners[at])
				continue;
			if (owner_died(arena, snaps, nr, snaps[i].blocker_owner))
				return true;
			if (!owner_is_in(owners, nr_owners, snaps[i].blocker_owner))
				owners[nr_owners++] = snaps[i].blocker_owner;
		}
	return false;
}

static const char *follow(struct to_arena *arena, const struct st_snap *snaps, int nr,
			  uint64_t owner)
{
	int steps;

	if (waits_for_dead(arena, snaps, nr, owner))
		return "death";
	for (steps = 0; steps <= TO_SLOTS; steps++) {
		const struct st_snap *edge = edge_of(snaps, nr, owner);

		if (!edge)
			return owner_waits(snaps, nr, owner) ? "lost-wakeup" : "starvation";
		owner = edge->blocker_owner;
		if (!owner_waits(snaps, nr, owner))
			return "starvation";
	}
	return "deadlock";
}

const char *to_blame(struct to_arena *arena, pid_t tid)
{
	struct st_snap *snaps = calloc(MAX_SNAPS, sizeof(*snaps));
	const struct st_snap *access;
	const char *rule = "starvation";
	int nr = snaps ? st_snapshot(0, snaps, MAX_SNAPS) : -1;

	if (nr > MAX_SNAPS)
		nr = MAX_SNAPS;
	access = nr > 0 ? access_of(snaps, nr, tid) : NULL;
	if (access)
		rule = follow(arena, snaps, nr, access->owner);
	free(snaps);
	return rule;
}
