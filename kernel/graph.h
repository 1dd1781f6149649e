/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_GRAPH_H
#define _DSYNC_GRAPH_H

struct dsync_owner;
struct dsync_set;

void dsync_graph_lock(void);
void dsync_graph_unlock(void);
void dsync_graph_assert_held(void);

int dsync_graph_find_deadlock(struct dsync_set *set);
int dsync_graph_owner_deadlock(struct dsync_owner *owner);
int dsync_graph_kick_cycle(struct dsync_owner *owner);
int dsync_graph_may_overtake(struct dsync_set *set);

#endif /* _DSYNC_GRAPH_H */
