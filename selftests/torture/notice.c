// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fairness: an owner whose request is queued says so in its notice, before it does anything
 * else; it withdraws the notice before it releases or cancels the request. Somebody who
 * begins a request later and acquires it while the notice is there, though the two
 * conflict, has overtaken: the noticed request is not acquired, as the two exclude each
 * other, and it is not over. Nobody may be overtaken like that by an owner that holds
 * nothing, for nobody waits for such an owner.
 *
 * So the bound is 0, and exact. Owners that hold something overtake by right when a deadlock
 * would follow otherwise; they are left out, on both sides. That nobody waits for ever
 * because of those is watch.c's to see.
 *
 * A stock driver has a notice while a fence of its own is in a resv, and withdraws it before it
 * signals the fence. Whoever begins later, whatever it holds, must not be beside that fence:
 * neither acquire what conflicts, nor commit it.
 */
#include <string.h>

#include "torture.h"

static void notice_write(struct to_notice *notice, bool active, uint64_t seq,
			 const struct to_set *set)
{
	to_add(&notice->version, 1);
	notice->active = active;
	notice->seq = seq;
	if (set)
		notice->set = *set;
	to_add(&notice->version, 1);
}

void to_notice_publish(struct to_actor *actor, const struct to_set *set, bool queued)
{
	notice_write(&actor->slot->notice, true,
		     queued ? to_add(&actor->arena->seq, 1) : UINT64_MAX, set);
}

void to_notice_withdraw(struct to_actor *actor)
{
	if (actor->slot->notice.active)
		notice_write(&actor->slot->notice, false, UINT64_MAX, NULL);
}

bool to_notice_read(struct to_slot *slot, struct to_notice *notice)
{
	unsigned int try;

	for (try = 0; try < 10; try++) {
		uint64_t version = to_load(&slot->notice.version);

		if (version & 1)
			continue;
		*notice = slot->notice;
		if (to_load(&slot->notice.version) == version)
			return notice->active;
	}
	return false;
}

/* A time in the order of all notices; 0 if the owner may overtake. */
uint64_t to_notice_begin(struct to_actor *actor)
{
	return actor->nr_held ? 0 : to_add(&actor->arena->seq, 1);
}

/* The owner died or the request came to its end: not overtaken, if that was before. */
static bool still_there(struct to_slot *slot, const struct to_notice *notice, uint32_t life)
{
	return to_load(&slot->notice.version) == notice->version &&
	       to_slot_lives(slot, life);
}

/* Somebody whose notice is older than @begin, and must come before @set; NULL: nobody. */
static struct to_slot *find_earlier(struct to_actor *actor, enum to_order order,
				    const struct to_set *set, uint64_t begin,
				    struct to_notice *notice)
{
	struct to_arena *arena = actor->arena;
	unsigned int i;

	for (i = 0; i < arena->options.owners; i++) {
		struct to_slot *slot = &arena->slots[i];
		uint32_t life = to_load(&slot->life);

		if (slot != actor->slot && to_kind_of(slot->kind)->order == order &&
		    to_notice_read(slot, notice) && notice->seq < begin &&
		    to_set_conflicts(&notice->set, set) && still_there(slot, notice, life))
			return slot;
	}
	return NULL;
}

void to_notice_check(struct to_actor *actor, const struct to_set *set, uint64_t begin)
{
	struct to_notice notice;
	struct to_slot *slot = find_earlier(actor, TO_QUEUES, set, begin, &notice);

	if (slot)
		to_fail(actor->arena, "fairness",
			"slot %u (tid %d) acquired what it requested at %llu before slot %ld (tid %d), which was queued at %llu",
			actor->index, actor->slot->tid, (unsigned long long)begin,
			(long)(slot - actor->arena->slots), slot->tid,
			(unsigned long long)notice.seq);
}

uint64_t to_fence_begin(struct to_actor *actor)
{
	return to_add(&actor->arena->seq, 1);
}

void to_fence_check(struct to_actor *actor, const char *what, const struct to_set *set,
		    uint64_t begin)
{
	struct to_notice notice;
	struct to_slot *slot = find_earlier(actor, TO_PUBLISHES, set, begin, &notice);

	if (slot)
		to_fail(actor->arena, "fence",
			"slot %u (tid %d) %s at %llu beside the fence of slot %ld, which was published at %llu and is not signaled",
			actor->index, actor->slot->tid, what, (unsigned long long)begin,
			(long)(slot - actor->arena->slots), (unsigned long long)notice.seq);
}
