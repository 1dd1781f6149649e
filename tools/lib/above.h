/* SPDX-License-Identifier: GPL-2.0-only */
/* A wait that is longer than the user expects: whose it is, and who is in the way. */
#ifndef ABOVE_H
#define ABOVE_H

#include <stdbool.h>
#include <stddef.h>

#include "chain.h"

/*
 * Is there one in the model, over or in progress, of @above_ns or more? Then say so in @text:
 * the longest one, and the root of its chain or, when it is over, who was in its way last.
 */
bool above_find(const struct model *model, const struct chains *chains, uint64_t above_ns,
		char *text, size_t size);

#endif /* ABOVE_H */
