/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_COHERENCY_H
#define _DSYNC_COHERENCY_H

struct dsync_set;

int dsync_coherency_begin(struct dsync_set *set);
void dsync_coherency_end(struct dsync_set *set);

#endif /* _DSYNC_COHERENCY_H */
