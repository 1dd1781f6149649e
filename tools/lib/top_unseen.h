/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tool cannot see on this machine, as this user, and why. */
#ifndef TOP_UNSEEN_H
#define TOP_UNSEEN_H

#include "top_source.h"

enum top_sight {
	TOP_SIGHT_MODULE,
	TOP_SIGHT_PROGRAMS,
	TOP_SIGHT_STOCK,
	TOP_SIGHT_BTF,
	TOP_SIGHT_FCNTL,
	TOP_SIGHT_KERNEL,
	TOP_SIGHT_SNAPSHOT,
	TOP_SIGHT_NAMES,
	TOP_SIGHT_COST,
	TOP_NR_SIGHTS,
};

/**
 * struct top_unseen - what there is to see
 * @why: by enum top_sight: why it is not seen, and what to do; empty: it is
 * @nr: how many there are to tell of: without programs only the first two
 */
struct top_unseen {
	char why[TOP_NR_SIGHTS][320];
	unsigned int nr;
};

/* What it is called. */
const char *top_unseen_name(enum top_sight sight);
void top_unseen_find(struct top_unseen *unseen, const struct session *session,
		     const struct top_source *source);
/* All of it that is not seen in a line, "none" when everything is. */
void top_unseen_line(const struct top_unseen *unseen, char *text, size_t size);

#endif /* TOP_UNSEEN_H */
