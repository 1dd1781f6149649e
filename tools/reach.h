/* SPDX-License-Identifier: GPL-2.0-only */
/* Which accesses matter to one process: its own, and whatever is in their way. */
#ifndef REACH_H
#define REACH_H

#include <stdint.h>

struct model;

/*
 * Drop all other accesses. Needs them in order of their ids, and model->waiting with its
 * edges; that one is not valid any more afterwards.
 */
void reach_keep(struct model *model, uint32_t tgid);

#endif /* REACH_H */
