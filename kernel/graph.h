/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_GRAPH_H
#define _DSYNC_GRAPH_H

#include <linux/types.h>

struct dsync_set;

void dsync_graph_queued(struct dsync_set *set);
void dsync_graph_acquired(struct dsync_set *set);
void dsync_graph_moved(struct dsync_set *set);
/**
 * struct dsync_past - what an owner has held already of the bytes of a set
 * @acquired_ns: CLOCK_MONOTONIC, since when; U64_MAX: not all of them
 * @wanted: when the first lease of it began: &dsync_set.wanted; or 0
 */
struct dsync_past {
	u64 acquired_ns;
	unsigned long wanted;
};

bool dsync_graph_may_overtake(struct dsync_set *set, struct dsync_past *past);

#endif /* _DSYNC_GRAPH_H */
