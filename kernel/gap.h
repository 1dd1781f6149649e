/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_GAP_H
#define _DSYNC_GAP_H

#include <linux/types.h>

struct dsync_access;
struct dsync_set;

/**
 * struct dsync_gap - bytes of an access that a set does not have
 * @start: first byte
 * @last: last byte
 * @next: where the bytes begin that were not looked at
 */
struct dsync_gap {
	unsigned long start;
	unsigned long last;
	unsigned long next;
};

/* The bytes of @access that @set does not have in a mode as strong, piece by piece. */
#define dsync_gap_for_each(set, access, gap)			\
	for ((gap).next = (access)->start; dsync_gap_next(set, access, &(gap)); )

bool dsync_gap_next(const struct dsync_set *set, const struct dsync_access *access,
		    struct dsync_gap *gap);

#endif /* _DSYNC_GAP_H */
