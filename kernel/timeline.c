// SPDX-License-Identifier: GPL-2.0-only
/*
 * Timelines: a counter that user space raises, and others wait for. They order accesses that
 * exclusion alone leaves in any order: who fills a buffer, who empties it, who fills it again.
 *
 *	value >= point		the point is reached, for ever
 *	failed >= point > value	whoever owed it gave it up: -EPIPE, until it is reached
 *	nobody can signal	it is never reached: -EPIPE, for ever
 *
 * A timeline is no dma_fence and never becomes one: user space can hold back a point for any
 * time (invariant 10). Those who wait are tasks, requests that hold nothing yet, and pollers.
 *
 * All of it is in process context. Whoever signals wakes those who wait, a few at a time.
 */
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "owner.h"
#include "timeline.h"
#include "trace_access.h"

/* So many are woken before the lock is dropped. */
#define WAKES_PER_SECTION	4

/**
 * struct dsync_timeline - a counter
 * @ref: one per descriptor, and per point of a request or of a call
 * @id: unique since boot
 */
struct dsync_timeline {
	struct kref ref;
	u64 id;

	/**
	 * @lock: protects the members below. Taken in process context; inside it are
	 * &dsync_context.lock, wait queues and worker pools
	 */
	spinlock_t lock;
	/** @value: the largest point that was signaled */
	u64 value;
	/** @sealed: the largest point that was, or is about to be */
	u64 sealed;
	/** @failed: the largest point that was given up */
	u64 failed;
	/** @nr_signallers: descriptors that can signal, and requests that will */
	unsigned int nr_signallers;
	/** @nr_waiters: nodes in @waiters */
	unsigned int nr_waiters;
	/** @waiters: struct dsync_timeline_waiter, by their points */
	struct rb_root_cached waiters;
};

/**
 * dsync_timeline_create() - make a timeline
 * @value: where it begins
 *
 * Nobody can signal it before dsync_timeline_join().
 *
 * Context: process context; may sleep.
 * Return: the timeline with a reference for the caller, or NULL without memory.
 */
struct dsync_timeline *dsync_timeline_create(u64 value)
{
	struct dsync_timeline *timeline = kzalloc(sizeof(*timeline), GFP_KERNEL_ACCOUNT);

	if (!timeline)
		return NULL;
	kref_init(&timeline->ref);
	timeline->id = dsync_id_next();
	spin_lock_init(&timeline->lock);
	timeline->value = value;
	timeline->sealed = value;
	timeline->waiters = RB_ROOT_CACHED;
	return timeline;
}

/**
 * dsync_timeline_get() - take a reference
 * @timeline: the timeline, of which somebody has one
 */
void dsync_timeline_get(struct dsync_timeline *timeline)
{
	kref_get(&timeline->ref);
}

static void timeline_release(struct kref *ref)
{
	struct dsync_timeline *timeline = container_of(ref, struct dsync_timeline, ref);

	WARN_ON_ONCE(timeline->nr_signallers || timeline->nr_waiters);
	kfree(timeline);
}

/**
 * dsync_timeline_put() - drop a reference
 * @timeline: the timeline; it goes with the last one
 */
void dsync_timeline_put(struct dsync_timeline *timeline)
{
	kref_put(&timeline->ref, timeline_release);
}

/**
 * dsync_timeline_id() - the number of a timeline
 * @timeline: the timeline
 *
 * Return: a number that is unique since boot, also among owners and accesses.
 */
u64 dsync_timeline_id(const struct dsync_timeline *timeline)
{
	return timeline->id;
}

/* 0: reached; -EPIPE: it will not be; -EINPROGRESS: it may be. */
static int look(const struct dsync_timeline *timeline, u64 point)
{
	lockdep_assert_held(&timeline->lock);
	if (timeline->value >= point)
		return 0;
	if (timeline->failed >= point || !timeline->nr_signallers)
		return -EPIPE;
	return -EINPROGRESS;
}

static bool waiter_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct dsync_timeline_waiter, node)->point <
	       rb_entry(b, struct dsync_timeline_waiter, node)->point;
}

static void waiter_insert(struct dsync_timeline *timeline,
			  struct dsync_timeline_waiter *waiter)
{
	rb_add_cached(&waiter->node, &timeline->waiters, waiter_less);
	timeline->nr_waiters++;
}

static void waiter_remove(struct dsync_timeline *timeline,
			  struct dsync_timeline_waiter *waiter)
{
	if (RB_EMPTY_NODE(&waiter->node))
		return;
	rb_erase_cached(&waiter->node, &timeline->waiters);
	RB_CLEAR_NODE(&waiter->node);
	timeline->nr_waiters--;
}

/* The first waiter, if it waits for a point up to @point; else NULL. */
static struct dsync_timeline_waiter *waiter_up_to(struct dsync_timeline *timeline, u64 point)
{
	struct rb_node *node = rb_first_cached(&timeline->waiters);
	struct dsync_timeline_waiter *waiter = NULL;

	if (node)
		waiter = rb_entry(node, struct dsync_timeline_waiter, node);
	return waiter && waiter->point <= point ? waiter : NULL;
}

/* Wake some of those who wait for a point up to @point. False if these were all. */
static bool serve_some(struct dsync_timeline *timeline, u64 point)
{
	struct dsync_timeline_waiter *waiter;
	unsigned int nr;

	lockdep_assert_held(&timeline->lock);
	for (nr = 0; nr < WAKES_PER_SECTION; nr++) {
		waiter = waiter_up_to(timeline, point);
		if (!waiter)
			return false;
		waiter_remove(timeline, waiter);
		waiter->wake(waiter);
	}
	return true;
}

/*
 * All points up to @point have ended, so nobody begins to wait for one: what is to be done here
 * does not grow, whatever others signal meanwhile. The caller's reference keeps the timeline.
 */
static void unlock_and_serve(struct dsync_timeline *timeline, u64 point)
	__releases(&timeline->lock)
{
	while (serve_some(timeline, point)) {
		spin_unlock(&timeline->lock);
		cond_resched();
		spin_lock(&timeline->lock);
	}
	spin_unlock(&timeline->lock);
}

/**
 * dsync_timeline_join() - there is one more who can signal
 * @timeline: the timeline, which is new, or which the caller can signal already
 */
void dsync_timeline_join(struct dsync_timeline *timeline)
{
	spin_lock(&timeline->lock);
	timeline->nr_signallers++;
	spin_unlock(&timeline->lock);
}

/**
 * dsync_timeline_leave() - take back dsync_timeline_join()
 * @timeline: the timeline
 *
 * With the last one all waits for points that are not reached end.
 *
 * Context: process context; may sleep.
 */
void dsync_timeline_leave(struct dsync_timeline *timeline)
{
	spin_lock(&timeline->lock);
	if (--timeline->nr_signallers)
		spin_unlock(&timeline->lock);
	else
		unlock_and_serve(timeline, U64_MAX);
}

/**
 * dsync_timeline_signal() - reach a point that was not reached
 * @timeline: the timeline, which the caller can signal
 * @point: the point, and with it all before it
 *
 * Context: process context; may sleep.
 * Return: 0, or -ERANGE: it is reached, or about to be; nothing changes.
 */
int dsync_timeline_signal(struct dsync_timeline *timeline, u64 point)
{
	spin_lock(&timeline->lock);
	if (point <= timeline->sealed) {
		spin_unlock(&timeline->lock);
		return -ERANGE;
	}
	timeline->sealed = point;
	timeline->value = point;
	trace_dmabuf_sync_point_signal(timeline->id, point, 0);
	unlock_and_serve(timeline, point);
	return 0;
}

/**
 * dsync_timeline_seal() - a point is about to be reached: nobody else may
 * @timeline: the timeline
 * @point: the point, for which dsync_timeline_reach() follows
 */
void dsync_timeline_seal(struct dsync_timeline *timeline, u64 point)
{
	spin_lock(&timeline->lock);
	timeline->sealed = max(timeline->sealed, point);
	spin_unlock(&timeline->lock);
}

/**
 * dsync_timeline_is_sealed() - is it too late to signal a point
 * @timeline: the timeline
 * @point: the point
 *
 * Return: true if it is reached, or about to be.
 */
bool dsync_timeline_is_sealed(struct dsync_timeline *timeline, u64 point)
{
	bool sealed;

	spin_lock(&timeline->lock);
	sealed = point <= timeline->sealed;
	spin_unlock(&timeline->lock);
	return sealed;
}

/**
 * dsync_timeline_reach() - a point is reached, unless it was before
 * @timeline: the timeline
 * @point: the point, which was sealed
 *
 * Context: process context; may sleep.
 */
void dsync_timeline_reach(struct dsync_timeline *timeline, u64 point)
{
	spin_lock(&timeline->lock);
	timeline->value = max(timeline->value, point);
	trace_dmabuf_sync_point_signal(timeline->id, point, 0);
	unlock_and_serve(timeline, point);
}

/**
 * dsync_timeline_fail() - whoever owed a point gives it up
 * @timeline: the timeline
 * @point: the point. Waits for it, and for those before it, fail until it is reached
 *
 * Context: process context; may sleep.
 */
void dsync_timeline_fail(struct dsync_timeline *timeline, u64 point)
{
	spin_lock(&timeline->lock);
	timeline->failed = max(timeline->failed, point);
	trace_dmabuf_sync_point_signal(timeline->id, point, -EPIPE);
	unlock_and_serve(timeline, point);
}

/**
 * dsync_timeline_look() - how a point stands
 * @timeline: the timeline
 * @point: the point
 *
 * Return: 0: it is reached; -EPIPE: it was given up, or nobody is left who can signal;
 * -EINPROGRESS: it may be reached.
 */
int dsync_timeline_look(struct dsync_timeline *timeline, u64 point)
{
	int ret;

	spin_lock(&timeline->lock);
	ret = look(timeline, point);
	spin_unlock(&timeline->lock);
	return ret;
}

/**
 * dsync_timeline_arm() - wait for a point
 * @timeline: the timeline
 * @waiter: who is to be woken, armed or not; it is armed only for -EINPROGRESS
 * @point: the point
 *
 * Return: as dsync_timeline_look().
 */
int dsync_timeline_arm(struct dsync_timeline *timeline, struct dsync_timeline_waiter *waiter,
		       u64 point)
{
	int ret;

	spin_lock(&timeline->lock);
	waiter_remove(timeline, waiter);
	ret = look(timeline, point);
	waiter->point = point;
	if (ret == -EINPROGRESS)
		waiter_insert(timeline, waiter);
	spin_unlock(&timeline->lock);
	return ret;
}

/**
 * dsync_timeline_disarm() - do not wait any more
 * @timeline: the timeline
 * @waiter: who was to be woken; nobody is in its @wake when this returns
 */
void dsync_timeline_disarm(struct dsync_timeline *timeline,
			   struct dsync_timeline_waiter *waiter)
{
	spin_lock(&timeline->lock);
	waiter_remove(timeline, waiter);
	spin_unlock(&timeline->lock);
}

/**
 * dsync_timeline_status() - all that is to be known of a timeline
 * @timeline: the timeline
 *
 * Return: its state at one moment. What was given up and is reached by now is not told.
 */
struct dsync_timeline_status dsync_timeline_status(struct dsync_timeline *timeline)
{
	struct dsync_timeline_status status;

	spin_lock(&timeline->lock);
	status.value = timeline->value;
	status.failed = timeline->failed > timeline->value ? timeline->failed : 0;
	status.nr_signallers = timeline->nr_signallers;
	status.nr_waiters = timeline->nr_waiters;
	spin_unlock(&timeline->lock);
	return status;
}
