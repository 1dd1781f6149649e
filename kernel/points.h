/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_POINTS_H
#define _DSYNC_POINTS_H

#include <linux/types.h>

#include "release.h"
#include "set.h"
#include "timeline.h"

struct dsync_points;
struct dsync_user;
struct task_struct;

/**
 * enum dsync_point_kind - what somebody has to do with a point
 * @DSYNC_POINT_AWAITED: it waits for it
 * @DSYNC_POINT_OWED: it will signal it
 */
enum dsync_point_kind {
	DSYNC_POINT_AWAITED,
	DSYNC_POINT_OWED,
};

/**
 * struct dsync_point - a point that a request, or a call, has to do with
 * @waiter: on the timeline, while it is waited for
 * @points: all of them
 * @timeline: whose; a reference
 * @value: which
 * @kind: what for
 * @begun: that the wait has begun was traced
 */
struct dsync_point {
	struct dsync_timeline_waiter waiter;
	struct dsync_points *points;
	struct dsync_timeline *timeline;
	u64 value;
	enum dsync_point_kind kind;
	bool begun;
};

/**
 * struct dsync_points - all points of a request, or of a call
 * @user: who pays, a reference
 * @set: the request that is kicked when a point has ended, or NULL
 * @task: else who is woken
 * @nr: entries of @list in use
 * @max: entries of @list
 * @list: the points
 */
struct dsync_points {
	struct dsync_user *user;
	struct dsync_set *set;
	struct task_struct *task;
	unsigned int nr;
	unsigned int max;
	struct dsync_point list[] __counted_by(max);
};

struct dsync_points *dsync_points_alloc(unsigned int max);
void dsync_points_add(struct dsync_points *points, struct dsync_timeline *timeline, u64 value,
		      enum dsync_point_kind kind);
void dsync_points_free(struct dsync_points *points);
int dsync_points_arm(struct dsync_point *point);

void dsync_points_attach(struct dsync_points *points, struct dsync_set *set);
int dsync_points_step(struct dsync_set *set);
int dsync_points_check(struct dsync_set *set);
void dsync_points_drop(struct dsync_set *set);
void dsync_points_pass(struct dsync_set *from, struct dsync_set *to);
struct dsync_points *dsync_points_detach(struct dsync_set *set, enum dsync_end how);
void dsync_points_end(struct dsync_points *points, enum dsync_end how);

/**
 * dsync_points_take() - a set ends
 * @set: the set, which the caller ends: nobody else does
 * @how: why
 *
 * Context: process context.
 * Return: its points, for dsync_points_end() once it has left the tables, or NULL.
 */
static inline struct dsync_points *dsync_points_take(struct dsync_set *set, enum dsync_end how)
{
	return set->has_points ? dsync_points_detach(set, how) : NULL;
}

#endif /* _DSYNC_POINTS_H */
