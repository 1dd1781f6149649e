/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: the locks and who sleeps for what, as far as both sides agree, and what the rules
 * say about one more request.
 */
#ifndef _MODEL_H
#define _MODEL_H

#include <stdbool.h>

#include "step.h"
#include "table.h"

/**
 * struct model - what holds and what waits
 * @waiting: requests of sleeping players, by player
 * @sleeps: the player sleeps
 * @interrupted: what a signal has interrupted last, by player; it keeps its place in the queue
 * @table: the locks, from the last comparison
 */
struct model {
	struct lock waiting[NR_PLAYERS];
	bool sleeps[NR_PLAYERS];
	struct lock interrupted[NR_PLAYERS];
	struct table table;
};

/* The lock that a step asks for; false if it asks for none, or for nonsense. */
bool model_lock_of(const struct step *step, struct lock *lock);
/* Another owner's lock is in the way. */
bool model_has_holder(const struct model *model, const struct lock *lock);
/* To wait for @lock would be to wait for its own owner. */
bool model_closes_cycle(const struct model *model, const struct lock *lock);
/* A request that waits is in the way, and does not wait for us. */
bool model_is_behind(const struct model *model, const struct lock *lock);
/* Who would sleep in the way of another sleeper, or behind it, meets it in a race later. */
bool model_meets_sleeper(const struct model *model, const struct lock *lock);

#endif /* _MODEL_H */
