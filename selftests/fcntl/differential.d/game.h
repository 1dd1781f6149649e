/* SPDX-License-Identifier: GPL-2.0-only */
/* A game: a sequence of steps, played on both sides until they differ. */
#ifndef _GAME_H
#define _GAME_H

#include <stdbool.h>

#include "step.h"

#define GAME_WHY_BYTES	512

/**
 * struct games - games that are played in the same way, and what happened in all of them
 * @broken: the dma-buf side does not unlock as it should: see struct side
 * @verbose: show each step
 * @counts: steps played, sleepers, those that got in; by rule: refusals behind the queue,
 *	deadlocks that the VFS overlooks, and those that it finds late, which end the game; locks
 *	of the open file; steps not played
 */
struct games {
	bool broken, verbose;
	struct {
		unsigned long steps, slept, granted, queue, deadlock, late, ofd, skipped;
	} counts;
};

/*
 * Play @nr steps. @why has room for GAME_WHY_BYTES and says what differed. Return: the step at
 * which the sides differ, @nr if they do not, or -1 if the game could not begin.
 */
int game_play(struct games *games, const struct step *steps, int nr, char *why);

#endif /* _GAME_H */
