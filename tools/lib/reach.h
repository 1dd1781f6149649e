/* SPDX-License-Identifier: GPL-2.0-only */
/* Which accesses matter behind a filter: those that pass, and whatever is in their way. */
#ifndef REACH_H
#define REACH_H

struct model;

/*
 * Drop all other accesses. Needs them in order of their ids, and model->waiting with its
 * edges; that one is not valid any more afterwards.
 */
void reach_keep(struct model *model);

#endif /* REACH_H */
