/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_GRAPH_H
#define _DSYNC_GRAPH_H

#include <linux/types.h>

struct dsync_set;

void dsync_graph_queued(struct dsync_set *set);
void dsync_graph_acquired(struct dsync_set *set);
void dsync_graph_moved(struct dsync_set *set);

#endif /* _DSYNC_GRAPH_H */
