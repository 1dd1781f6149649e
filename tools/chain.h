/* SPDX-License-Identifier: GPL-2.0-only */
/* Wait chains: the wait-for graph of a model as trees of text lines. */
#ifndef CHAIN_H
#define CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "model.h"

/**
 * struct chain_row - an access in a chain; what it waits for follows, one deeper
 * @access: the access
 * @depth: 0 where a chain begins
 * @again: its own chain is shown further up
 * @cut: some of what it waits for is not in the model
 */
struct chain_row {
	struct model_access access;
	unsigned int depth;
	bool again;
	bool cut;
};

/**
 * struct chains - all chains, one after the other
 * @rows: their accesses
 * @nr: how many
 * @max: room
 */
struct chains {
	struct chain_row *rows;
	size_t nr, max;
};

/*
 * A chain begins with an access that nobody waits for. It goes on with those it is
 * blocked on, from one that is held with what its owner waits for elsewhere, and from a job that
 * its engine has not begun with the job ahead of it.
 * Of A blocked on B and C, and B blocked on C, only A - B - C is shown.
 */
void chain_build(struct chains *chains, struct model *model);
void chain_free(struct chains *chains);

#endif /* CHAIN_H */
