// SPDX-License-Identifier: GPL-2.0-only
/*
 * The call that waits for points: for all of them or for one, until a deadline.
 */
#include <linux/freezer.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include <uapi/linux/dmabuf_sync_timeline.h>

#include "call.h"
#include "deadline.h"
#include "points.h"
#include "timeline_file.h"
#include "timeline_wait.h"

/* Have all been reached? @index is the one that will not be. */
static int look_for_all(struct dsync_points *points, u32 *index)
{
	int ret = 0, one;
	unsigned int i;

	for (i = 0; i < points->nr; i++) {
		one = dsync_points_arm(&points->list[i]);
		if (one == -EPIPE)
			*index = i;
		if (one == -EPIPE)
			return one;
		ret = one ?: ret;
	}
	return ret;
}

/* Has one been reached? @index is that, or one that will not be. */
static int look_for_any(struct dsync_points *points, u32 *index)
{
	int ret = -EINPROGRESS, one;
	unsigned int i;

	for (i = 0; i < points->nr; i++) {
		one = dsync_points_arm(&points->list[i]);
		if (one == -EINPROGRESS || ret == one)
			continue;
		*index = i;
		ret = one;
		if (!ret)
			break;
	}
	return ret;
}

static int look(struct dsync_points *points, struct dmabuf_sync_wait *arg)
{
	if (arg->flags & DMABUF_SYNC_WAIT_ANY)
		return look_for_any(points, &arg->index);
	return look_for_all(points, &arg->index);
}

/* What ends the call before the points do. */
static int interruption(const struct dsync_call *call)
{
	if (dsync_call_is_cancelled(call))
		return -ECANCELED;
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

static int sleep_for(struct dsync_points *points, struct dmabuf_sync_wait *arg,
		     struct dsync_call *call, ktime_t *deadline)
{
	int ret, end = 0;

	for (;;) {
		/* Pairs with the wake-up of a waiter, which is armed by looking. */
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		ret = look(points, arg);
		if (ret != -EINPROGRESS)
			break;
		ret = end ?: interruption(call);
		if (ret)
			break;
		if (!schedule_hrtimeout_range(deadline, current->timer_slack_ns,
					      HRTIMER_MODE_ABS))
			end = -ETIMEDOUT;
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/* The close of the file wakes who is in its queue. */
static int wait_in_call(struct file *file, struct dsync_points *points,
			struct dmabuf_sync_wait *arg, ktime_t *deadline)
{
	struct dsync_timeline_file *tf = file->private_data;
	DEFINE_WAIT_FUNC(entry, default_wake_function);
	struct dsync_call call;
	int ret;

	ret = dsync_call_begin(&tf->calls, &call, file, NULL);
	if (ret)
		return ret;
	add_wait_queue(&tf->wait, &entry);
	ret = sleep_for(points, arg, &call, deadline);
	remove_wait_queue(&tf->wait, &entry);
	dsync_call_end(&tf->calls, &call);
	return ret;
}

/**
 * dsync_timeline_wait() - wait for points
 * @file: what the call was made on
 * @points: the points; they are given up
 * @arg: checked; @index is filled in
 *
 * Context: process context; sleeps interruptibly.
 * Return: 0 or a negative errno, see struct dmabuf_sync_wait.
 */
int dsync_timeline_wait(struct file *file, struct dsync_points *points,
			struct dmabuf_sync_wait *arg)
{
	ktime_t deadline = dsync_deadline_to_host(arg->deadline_ns);
	int ret;

	points->task = current;
	ret = look(points, arg);
	if (ret == -EINPROGRESS)
		ret = arg->flags & DMABUF_SYNC_WAIT_NONBLOCK ? -EAGAIN :
		      wait_in_call(file, points, arg, arg->deadline_ns ? &deadline : NULL);
	dsync_points_free(points);
	return ret;
}
