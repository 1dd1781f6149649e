/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_OVERTAKE_H
#define _DSYNC_OVERTAKE_H

#include <linux/types.h>

struct dsync_set;

/**
 * struct dsync_past - what an owner that overtakes has had before
 * @acquired_ns: CLOCK_MONOTONIC, since when it has the bytes of the set; U64_MAX: not all of them
 * @wanted: &dsync_set.wanted: when the first lease began of these, and of what those wait for whom
 *	the set overtakes; or 0
 */
struct dsync_past {
	u64 acquired_ns;
	unsigned long wanted;
};

bool dsync_overtake_may(struct dsync_set *set, struct dsync_past *past);
bool dsync_overtake_covered(struct dsync_set *set);

#endif /* _DSYNC_OVERTAKE_H */
