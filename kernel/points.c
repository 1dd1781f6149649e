// SPDX-License-Identifier: GPL-2.0-only
/*
 * Points of timelines that a request waits for, and those that it owes: they are signaled when
 * its set is released. A request that waits for a point is in nobody's way: it is in no table,
 * and has no ticket, before the point is reached.
 *
 *	request --(points reached)--> acquires --(nobody was faster)--> ready --> signals
 *
 * A point that is owed is reached once. Among sets that exclude each other the second one
 * finds, once it has the bytes, that the first one has signaled, and fails. So the point is
 * sealed before the set leaves the tables, and reached afterwards: whoever waited for it finds
 * the bytes free.
 *
 * Whoever ends a set takes its points; they are used by nobody else from then on.
 */
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "points.h"
#include "set.h"
#include "trace_access.h"
#include "user.h"

#define for_each_point(points, point)					\
	for (point = (points)->list; point < (points)->list + (points)->nr; point++)

/**
 * dsync_points_alloc() - make room for points
 * @max: how many, not 0
 *
 * The current task's user has them on its account.
 *
 * Context: process context; may sleep.
 * Return: no points yet, or an error pointer: -ENOLCK (the user has too many) or -ENOMEM.
 */
struct dsync_points *dsync_points_alloc(unsigned int max)
{
	struct dsync_points *points;
	int ret = -ENOMEM;

	points = kzalloc(struct_size(points, list, max), GFP_KERNEL_ACCOUNT);
	if (!points)
		return ERR_PTR(-ENOMEM);
	points->max = max;
	points->user = dsync_user_get();
	if (!points->user)
		goto free;
	ret = dsync_user_charge(points->user, DSYNC_QUOTA_POINTS, max);
	if (!ret)
		return points;
	dsync_user_put(points->user);
free:
	kfree(points);
	return ERR_PTR(ret);
}

static void point_wake(struct dsync_timeline_waiter *waiter)
{
	struct dsync_point *point = container_of(waiter, struct dsync_point, waiter);

	if (point->points->set)
		dsync_set_kick(point->points->set);
	else
		wake_up_process(point->points->task);
}

/**
 * dsync_points_add() - add a point
 * @points: with room for it
 * @timeline: whose; one that is owed the caller can signal, and keeps so meanwhile
 * @value: which
 * @kind: what for
 */
void dsync_points_add(struct dsync_points *points, struct dsync_timeline *timeline, u64 value,
		      enum dsync_point_kind kind)
{
	struct dsync_point *point = &points->list[points->nr++];

	dsync_timeline_get(timeline);
	if (kind == DSYNC_POINT_OWED)
		dsync_timeline_join(timeline);
	dsync_timeline_waiter_init(&point->waiter, point_wake);
	point->points = points;
	point->timeline = timeline;
	point->value = value;
	point->kind = kind;
}

/* A request is known by its first access, a call by its task. */
static u64 key_access(const struct dsync_points *points)
{
	return points->set ? points->set->accesses[0].id : 0;
}

static u32 key_tid(const struct dsync_points *points)
{
	return points->set ? dsync_set_tid(points->set) : task_pid_nr(points->task);
}

static void trace_begin(struct dsync_point *point)
{
	if (point->begun)
		return;
	point->begun = true;
	trace_dmabuf_sync_point_wait_begin(dsync_timeline_id(point->timeline), point->value,
					   key_access(point->points),
					   key_tid(point->points), 0);
}

static void trace_end(struct dsync_point *point, int error)
{
	if (!point->begun)
		return;
	point->begun = false;
	trace_dmabuf_sync_point_wait_end(dsync_timeline_id(point->timeline), point->value,
					 key_access(point->points), key_tid(point->points),
					 error);
}

/**
 * dsync_points_arm() - how does a point stand, and wake up when it ends
 * @point: a point that is waited for
 *
 * Context: process context.
 * Return: as dsync_timeline_arm().
 */
int dsync_points_arm(struct dsync_point *point)
{
	int ret = dsync_timeline_arm(point->timeline, &point->waiter, point->value);

	if (ret == -EINPROGRESS)
		trace_begin(point);
	else
		trace_end(point, ret);
	return ret;
}

static void point_drop(struct dsync_point *point)
{
	dsync_timeline_disarm(point->timeline, &point->waiter);
	trace_end(point, -ECANCELED);
	if (point->kind == DSYNC_POINT_OWED)
		dsync_timeline_leave(point->timeline);
	dsync_timeline_put(point->timeline);
}

/**
 * dsync_points_free() - have nothing to do with these points any more
 * @points: the points; nobody is woken for them when this returns
 *
 * Context: process context; may sleep.
 */
void dsync_points_free(struct dsync_points *points)
{
	struct dsync_point *point;

	for_each_point(points, point)
		point_drop(point);
	dsync_user_uncharge(points->user, DSYNC_QUOTA_POINTS, points->max);
	dsync_user_put(points->user);
	kfree(points);
}

/**
 * dsync_points_attach() - make points those of a request
 * @points: the points
 * @set: a set of a context, new
 */
void dsync_points_attach(struct dsync_points *points, struct dsync_set *set)
{
	points->set = set;
	set->points = points;
	set->has_points = true;
}

/* Is there anything that cannot be owed any more? */
static bool is_too_late(const struct dsync_points *points)
{
	const struct dsync_point *point;

	for_each_point(points, point)
		if (point->kind == DSYNC_POINT_OWED &&
		    dsync_timeline_is_sealed(point->timeline, point->value))
			return true;
	return false;
}

/**
 * dsync_points_step() - have all points been reached that a request waits for
 * @set: the set of a request
 *
 * Context: process context.
 * Return: 0; -EINPROGRESS: the set will be kicked; -EPIPE: one of them will not be reached;
 * -ERANGE: what it owes is reached already.
 */
int dsync_points_step(struct dsync_set *set)
{
	struct dsync_point *point;
	int ret = 0, one;

	if (is_too_late(set->points))
		return -ERANGE;
	for_each_point(set->points, point) {
		if (point->kind != DSYNC_POINT_AWAITED)
			continue;
		one = dsync_points_arm(point);
		if (one == -EPIPE)
			return one;
		ret = one ?: ret;
	}
	return ret;
}

/**
 * dsync_points_check() - can a set that is held signal what it owes
 * @set: the set
 *
 * Context: process context.
 * Return: 0, or -ERANGE: somebody was faster, whom this set may have waited for.
 */
int dsync_points_check(struct dsync_set *set)
{
	return is_too_late(set->points) ? -ERANGE : 0;
}

/**
 * dsync_points_detach() - a set that has points ends
 * @set: the set
 * @how: why
 *
 * For dsync_points_take(), which see.
 *
 * Context: process context.
 * Return: its points.
 */
struct dsync_points *dsync_points_detach(struct dsync_set *set, enum dsync_end how)
{
	struct dsync_points *points = set->points;
	struct dsync_point *point;

	set->points = NULL;
	set->has_points = false;
	if (how != DSYNC_END_RELEASED)
		return points;
	for_each_point(points, point)
		if (point->kind == DSYNC_POINT_OWED)
			dsync_timeline_seal(point->timeline, point->value);
	return points;
}

static void point_end(struct dsync_point *point, enum dsync_end how)
{
	switch (how) {
	case DSYNC_END_RELEASED:
		dsync_timeline_reach(point->timeline, point->value);
		break;
	case DSYNC_END_UNDELIVERED:
		break;
	case DSYNC_END_ABANDONED:
	case DSYNC_END_REVOKED:
		dsync_timeline_fail(point->timeline, point->value);
		break;
	}
}

/**
 * dsync_points_end() - a set has ended
 * @points: what it had, from dsync_points_take()
 * @how: why. What is released is signaled. What was abandoned or revoked fails. What its owner
 *	was never told of is as if it had not been
 *
 * Context: process context; may sleep.
 */
void dsync_points_end(struct dsync_points *points, enum dsync_end how)
{
	struct dsync_point *point;

	for_each_point(points, point)
		if (point->kind == DSYNC_POINT_OWED)
			point_end(point, how);
	dsync_points_free(points);
}

/**
 * dsync_points_drop() - a request has failed: it owes nothing
 * @set: its set, whose steps nobody makes any more
 *
 * Context: process context; may sleep.
 */
void dsync_points_drop(struct dsync_set *set)
{
	struct dsync_points *points = dsync_points_take(set, DSYNC_END_UNDELIVERED);

	if (points)
		dsync_points_free(points);
}

/**
 * dsync_points_pass() - a set is held in the place of another one, and owes what that did
 * @from: the other one, which nobody else ends
 * @to: the set, which nobody else ends yet
 */
void dsync_points_pass(struct dsync_set *from, struct dsync_set *to)
{
	if (!from->has_points)
		return;
	to->points = from->points;
	to->points->set = to;
	to->has_points = true;
	from->points = NULL;
	from->has_points = false;
}
