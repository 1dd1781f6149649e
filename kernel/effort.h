/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_EFFORT_H
#define _DSYNC_EFFORT_H

#include <linux/types.h>

struct dsync_set;

/**
 * struct dsync_effort - what the searches for one answer may cost, and did
 * @horizon: requests with a later ticket do not count: their own tasks search
 * @left: steps that are left
 * @given: steps that there were
 * @spent: there were too few, or no memory, or the task is to end: the answer is not known
 */
struct dsync_effort {
	u64 horizon;
	u64 left;
	u64 given;
	bool spent;
};

int dsync_effort_start(void);
void dsync_effort_stop(void);

void dsync_effort_begin(struct dsync_effort *effort, struct dsync_set *set);
void dsync_effort_take(struct dsync_effort *effort, unsigned int steps);
bool dsync_effort_end(struct dsync_effort *effort, struct dsync_set *set);
void dsync_effort_repeat(struct dsync_set *set);

#endif /* _DSYNC_EFFORT_H */
