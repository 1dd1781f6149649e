/* SPDX-License-Identifier: GPL-2.0-only */
/* The lock table of one side, from /proc/locks, in an order that can be compared. */
#ifndef _TABLE_H
#define _TABLE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

#include "play.h"

#define MAX_LOCKS	512
/* Owners: players, and a player's child. */
#define OWNER_CHILD	NR_PLAYERS
#define NR_OWNERS	(OWNER_CHILD + 1)

struct lock {
	unsigned int file, owner;
	short type;
	int64_t start, end;
};

struct table {
	unsigned int nr;
	struct lock locks[MAX_LOCKS];
};

/* The owner that a side's kernel calls @pid; NR_OWNERS: none of the side. */
unsigned int table_owner(const struct side *side, int pid);
/* What both sides hold, from one look at the kernel's list. */
void table_read(struct table *tmpfs, const struct side *tmpfs_side,
		struct table *dma, const struct side *dma_side);
/* The same locks of the same owners. */
bool table_equal(const struct table *a, const struct table *b);
/* This lock of that owner, in the way F_GETLK names it. */
bool table_has_lock(const struct table *table, unsigned int file, unsigned int owner,
		    const struct flock *fl);
/* Any lock on the file. */
bool table_has_file(const struct table *table, unsigned int file);
/* In words, until the second call after this one. */
const char *table_text(const struct table *table);

#endif /* _TABLE_H */
