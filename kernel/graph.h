/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_GRAPH_H
#define _DSYNC_GRAPH_H

#include <linux/list.h>
#include <linux/types.h>

struct dsync_access;
struct dsync_owner;
struct dsync_set;

/**
 * struct dsync_node - an owner or a waiting set, as a walk of the graph sees it
 * @link: in the walk's lists
 * @parent: the node that the walk came from
 * @walk: number of the last walk that was here
 * @is_set: a set, else an owner
 *
 * All members belong to the holder of the graph's mutex.
 */
struct dsync_node {
	struct list_head link;
	struct dsync_node *parent;
	u64 walk;
	bool is_set;
};

void dsync_graph_lock(void);
void dsync_graph_unlock(void);

int dsync_graph_find_deadlock(struct dsync_set *set);
int dsync_graph_owner_deadlock(struct dsync_owner *owner);
int dsync_graph_kick_cycle(struct dsync_owner *owner);
int dsync_graph_may_overtake(struct dsync_set *set);

#endif /* _DSYNC_GRAPH_H */
