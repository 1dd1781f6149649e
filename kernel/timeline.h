/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TIMELINE_H
#define _DSYNC_TIMELINE_H

#include <linux/kref.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dsync_timeline;
struct dsync_user;

/**
 * struct dsync_timeline_waiter - somebody who waits for a point
 * @node: in &dsync_timeline.waiters while armed, under &dsync_timeline.lock
 * @point: which
 * @wake: called once, when the point has ended: it is reached, or will not be. With
 *	&dsync_timeline.lock held, in process context; the waiter is not armed any more
 */
struct dsync_timeline_waiter {
	struct rb_node node;
	u64 point;
	void (*wake)(struct dsync_timeline_waiter *waiter);
};

/**
 * struct dsync_timeline_status - what a timeline says of itself
 * @value: the largest point that was signaled
 * @failed: the largest point that was given up, or 0
 * @nr_signallers: who can signal
 * @nr_waiters: who waits
 */
struct dsync_timeline_status {
	u64 value;
	u64 failed;
	unsigned int nr_signallers;
	unsigned int nr_waiters;
};

/* Of a waiter that is new. */
static inline void
dsync_timeline_waiter_init(struct dsync_timeline_waiter *waiter,
			   void (*wake)(struct dsync_timeline_waiter *waiter))
{
	RB_CLEAR_NODE(&waiter->node);
	waiter->wake = wake;
}

struct dsync_timeline *dsync_timeline_create(u64 value);
void dsync_timeline_get(struct dsync_timeline *timeline);
void dsync_timeline_put(struct dsync_timeline *timeline);
u64 dsync_timeline_id(const struct dsync_timeline *timeline);

void dsync_timeline_join(struct dsync_timeline *timeline);
void dsync_timeline_leave(struct dsync_timeline *timeline);

int dsync_timeline_signal(struct dsync_timeline *timeline, u64 point);
void dsync_timeline_seal(struct dsync_timeline *timeline, u64 point);
bool dsync_timeline_is_sealed(struct dsync_timeline *timeline, u64 point);
void dsync_timeline_reach(struct dsync_timeline *timeline, u64 point);
void dsync_timeline_fail(struct dsync_timeline *timeline, u64 point);

int dsync_timeline_look(struct dsync_timeline *timeline, u64 point);
int dsync_timeline_arm(struct dsync_timeline *timeline, struct dsync_timeline_waiter *waiter,
		       u64 point);
void dsync_timeline_disarm(struct dsync_timeline *timeline,
			   struct dsync_timeline_waiter *waiter);
struct dsync_timeline_status dsync_timeline_status(struct dsync_timeline *timeline);

#endif /* _DSYNC_TIMELINE_H */
