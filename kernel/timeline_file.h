/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TIMELINE_FILE_H
#define _DSYNC_TIMELINE_FILE_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "call.h"
#include "timeline.h"

struct file;

/**
 * struct dsync_timeline_file - an open file of a timeline
 * @timeline: the timeline, a reference; what can signal has joined it
 * @user: who opened it, a reference
 * @waiter: for pollers
 * @wait: pollers, and calls that sleep
 * @wake: wakes those on @wait
 * @calls: calls that may sleep
 */
struct dsync_timeline_file {
	struct dsync_timeline *timeline;
	struct dsync_user *user;
	struct dsync_timeline_waiter waiter;
	wait_queue_head_t wait;
	struct work_struct wake;
	struct dsync_calls calls;

	/** @lock: protects the member below, and what @waiter waits for */
	struct mutex lock;
	/** @point: which point poll() is about */
	u64 point;
};

struct file *dsync_timeline_file_open(struct dsync_timeline *timeline, u64 point, int mode);
struct file *dsync_timeline_file_get(int fd);
void dsync_timeline_file_poll_for(struct dsync_timeline_file *tf, u64 point);

#endif /* _DSYNC_TIMELINE_FILE_H */
