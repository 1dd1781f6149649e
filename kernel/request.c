// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: what happens to a set from the call that asks for it to the moment it is ready
 * or has failed.
 *
 *	points of timelines (points.c) -> attempt (acquire.c) -> held -> fences of stock
 *	drivers (fence.c) -> CPU windows (coherency.c) -> ready
 *
 * Each step returns instead of sleeping for somebody else, with -EINPROGRESS and the promise
 * of a kick. A blocking request is stepped by its task, which sleeps in between. An
 * asynchronous one is stepped by the caller first, and then by a worker. A queued one is handed
 * over like a blocking one, without a worker; what only its user waits for (fences, windows) is
 * left to whichever task of the user looks.
 */
#include <linux/bits.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>

#include "acquire.h"
#include "buf.h"
#include "coherency.h"
#include "fence.h"
#include "lease.h"
#include "owner.h"
#include "points.h"
#include "queue.h"
#include "release.h"
#include "request.h"
#include "ticket.h"
#include "trace_access.h"
#include "work.h"

static void request_begin(struct dsync_set *set)
{
	u64 id = dsync_ids_draw(set->nr);
	struct dsync_access *access;

	WARN_ON_ONCE(set->requested_ns);
	dsync_set_adopt(set);
	set->stage = set->has_points ? DSYNC_STAGE_POINTS : DSYNC_STAGE_ACQUIRE;
	set->requested_ns = ktime_get_ns();
	dsync_set_for_each(set, access) {
		access->id = id;
		id += nr_cpu_ids;
		dsync_trace(request, access);
	}
}

static void trace_failed(struct dsync_set *set, int error)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		dsync_trace(failed, access, error);
}

/* How a step is made. */
#define STEP_WAIT	BIT(0)	/* else the request fails where it would have to wait */
#define STEP_INTR	BIT(1)	/* a pending signal ends it */

/**
 * struct stage - a part of a request's life
 * @step: go on; 0: the stage is over; -EINPROGRESS: the set will be kicked, or handed over;
 *	else the request fails. @how: STEP_... bits
 * @undo: the request fails in this stage, or in a later one
 */
struct stage {
	int (*step)(struct dsync_set *set, unsigned int how);
	void (*undo)(struct dsync_set *set);
};

static int points_step(struct dsync_set *set, unsigned int how)
{
	int ret = dsync_points_step(set);

	return ret == -EINPROGRESS && !(how & STEP_WAIT) ? -EAGAIN : ret;
}

static int acquire_step(struct dsync_set *set, unsigned int how)
{
	int ret;

	if (!(how & STEP_WAIT) && !set->follows && dsync_fence_busy(set))
		return -EAGAIN;
	ret = dsync_acquire(set, how & STEP_WAIT, how & STEP_INTR);
	return ret || !set->has_points ? ret : dsync_points_check(set);
}

static void acquire_undo(struct dsync_set *set)
{
	/* Pairs with smp_store_release() in dsync_hold_publish(). */
	if (smp_load_acquire(&set->state) == DSYNC_QUEUED)
		dsync_queue_cancel(set);
	if (set->state == DSYNC_HELD || set->state == DSYNC_READY)
		dsync_release_unready(set);
}

static int fences_step(struct dsync_set *set, unsigned int how)
{
	if (set->follows)
		return 0;
	if (how & STEP_WAIT)
		return dsync_fence_wait(set);
	return dsync_fence_busy(set) ? -EAGAIN : 0;
}

static int windows_step(struct dsync_set *set, unsigned int how)
{
	return dsync_coherency_begin(set);
}

static const struct stage stages[DSYNC_NR_STAGES] = {
	[DSYNC_STAGE_POINTS] = { points_step, dsync_points_drop },
	[DSYNC_STAGE_ACQUIRE] = { acquire_step, acquire_undo },
	[DSYNC_STAGE_FENCES] = { fences_step, dsync_fence_wait_stop },
	[DSYNC_STAGE_WINDOWS] = { windows_step, dsync_coherency_end },
};

/* As far as the stage @end. */
static int request_step_to(struct dsync_set *set, unsigned int end, unsigned int how)
{
	int ret;

	for (; set->stage < end; set->stage++) {
		ret = stages[set->stage].step(set, how);
		if (ret)
			return ret;
	}
	return 0;
}

static int request_step(struct dsync_set *set, unsigned int how)
{
	int ret = request_step_to(set, DSYNC_NR_STAGES, how);

	if (ret)
		return ret;
	WRITE_ONCE(set->state, DSYNC_READY);
	dsync_lease_ready(set);
	return 0;
}

/* Nobody kicks the set any more and nothing of it is left in any table. */
static void request_fail(struct dsync_set *set, int error)
{
	unsigned int stage = min_t(unsigned int, set->stage, DSYNC_NR_STAGES - 1);

	do {
		stages[stage].undo(set);
	} while (stage--);
	if (set->state != DSYNC_OVER) {
		trace_failed(set, error);
		/* Pairs with smp_load_acquire() of who wants to use the sync object again. */
		smp_store_release(&set->state, DSYNC_OVER);
	}
}

/* Sleep until the set is kicked, a signal comes or the deadline passes. */
static int request_sleep(struct dsync_set *set, ktime_t *deadline)
{
	int ret = 0;

	for (;;) {
		/* Pairs with dsync_set_kick(). */
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (test_and_clear_bit(DSYNC_SET_KICKED, &set->kicked)) {
			ret = 0;
			break;
		}
		if (test_bit(DSYNC_SET_ABORTED, &set->kicked))
			ret = -ECANCELED;
		else if (signal_pending(current))
			ret = -ERESTARTSYS;
		if (ret)
			break;
		if (!schedule_hrtimeout_range(deadline, current->timer_slack_ns,
					      HRTIMER_MODE_ABS))
			ret = -ETIMEDOUT;
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

/* A request that is handed over while it gives up has what it asked for. */
static bool gives_up(struct dsync_set *set, int error)
{
	if (error == -ECANCELED || stages[set->stage].step != acquire_step)
		return true;
	return dsync_queue_cancel(set);
}

/**
 * dsync_request() - acquire a set, sleep as long as that takes
 * @set: a new set of this task; the same call that a signal interrupted keeps its place
 * @deadline: CLOCK_MONOTONIC time to give up at, or NULL
 *
 * Context: process context; sleeps interruptibly.
 * Return: 0 when the set is ready; else it is over: -EDEADLK, -ENOLCK, -ENOMEM,
 * -ETIMEDOUT, -ERESTARTSYS, -ECANCELED (dsync_set_abort()), or what an exporter's
 * begin_cpu_access returned.
 */
int dsync_request(struct dsync_set *set, ktime_t *deadline)
{
	int ret;

	request_begin(set);
	set->ticket = dsync_ticket_take(set);
	do {
		ret = request_step(set, STEP_WAIT | STEP_INTR);
		if (ret != -EINPROGRESS)
			break;
		ret = request_sleep(set, deadline);
		if (ret && !gives_up(set, ret))
			ret = 0;
	} while (!ret);
	/* A signal that restarts the call does not cost its place in the queue. */
	if (ret == -ERESTARTSYS && set->ticket && !fatal_signal_pending(current))
		dsync_ticket_keep(set);
	if (ret)
		request_fail(set, ret);
	return ret;
}

/**
 * dsync_request_nonblock() - acquire a set now or not at all
 * @set: a new set
 *
 * Context: process context; sleeps for no other owner and for no fence, but may for the
 * buffers' resv locks, for memory and for exporters.
 * Return: 0 when the set is ready; else it is over: -EAGAIN if it conflicts with a held
 * access, with a request that waits already or with a fence, -ENOLCK, -ERESTARTSYS, or
 * what an exporter's begin_cpu_access returned.
 */
int dsync_request_nonblock(struct dsync_set *set)
{
	int ret;

	request_begin(set);
	ret = request_step(set, STEP_INTR);
	if (ret)
		request_fail(set, ret);
	return ret;
}

/* Steps of one set are serialized; who finds it finished has nothing to do. */
static void request_work(struct work_struct *work)
{
	struct dsync_set *set = container_of(work, struct dsync_set, work);
	bool finished = false;
	int ret;

	mutex_lock(&set->run);
	if (set->result == -EINPROGRESS) {
		ret = request_step(set, STEP_WAIT);
		finished = ret != -EINPROGRESS;
		if (finished && ret)
			request_fail(set, ret);
		set->result = ret;
	}
	mutex_unlock(&set->run);

	if (finished) {
		/* A kick that came too late: nobody keeps the set alive for it. */
		disable_work(&set->work);
		set->done(set, ret);
		dsync_set_put(set);
	}
}

/**
 * dsync_request_async() - acquire a set, be told when it is ready
 * @set: a new set
 * @done: called by a worker: with 0 when the set is ready, else with a negative errno and
 *	the set is over; it may release the set and drop references
 *
 * Context: process context; as dsync_request_nonblock().
 * Return: 0, and @done will be called once unless the request is cancelled; or -ENOLCK, -ENOMEM,
 * or what an exporter returned: the set is over and @done is not called.
 */
int dsync_request_async(struct dsync_set *set, dsync_done_fn done)
{
	int ret;

	set->done = done;
	set->by_task = false;
	INIT_WORK(&set->work, request_work);
	/* One for the request, and one for here: a mutex must outlive its unlocking. */
	dsync_set_get(set);
	dsync_set_get(set);
	request_begin(set);

	mutex_lock(&set->run);
	ret = request_step(set, STEP_WAIT);
	if (!ret) {
		dsync_work_request(set);
	} else if (ret != -EINPROGRESS) {
		request_fail(set, ret);
		set->result = ret;
	}
	mutex_unlock(&set->run);

	if (!ret || ret == -EINPROGRESS) {
		ret = 0;
	} else {
		disable_work_sync(&set->work);
		dsync_set_put(set);
	}
	dsync_set_put(set);
	return ret;
}

/* The end of a queued request. */
static int request_finish(struct dsync_set *set, int ret)
{
	if (ret)
		request_fail(set, ret);
	/* What is read by an event is not restarted. */
	set->result = ret == -ERESTARTSYS ? -EINTR : ret;
	return ret;
}

/* Does a request that has to wait give up, since its deadline has passed? */
static bool is_late(struct dsync_set *set)
{
	if (likely(!test_bit(DSYNC_SET_LATE, &set->kicked)))
		return false;
	if (set->stage != DSYNC_STAGE_ACQUIRE)
		return true;
	/* Handed over, it goes on. Pairs with smp_store_release() in dsync_hold_publish(). */
	return smp_load_acquire(&set->state) == DSYNC_QUEUED && dsync_queue_cancel(set);
}

/* Everything but the windows. What can be had is had, however late it is. */
static int request_look(struct dsync_set *set)
{
	int ret = set->result;

	lockdep_assert_held(&set->run);
	if (ret != -EINPROGRESS)
		return ret;
	ret = request_step_to(set, DSYNC_STAGE_WINDOWS, STEP_WAIT);
	if (ret == -EINPROGRESS && is_late(set))
		ret = -ETIMEDOUT;
	if (ret && ret != -EINPROGRESS)
		request_finish(set, ret);
	return ret;
}

/*
 * A task that wants to look does not wait for whoever is at it, but leaves a note. Each of both
 * writes first, and then looks:
 *
 *	look_trylock()			look_unlock()
 *	set DSYNC_SET_KICKED		mutex_unlock()
 *	mutex_trylock()			test DSYNC_SET_KICKED
 *
 * So either the task gets the mutex, or the other one has news.
 */
static bool look_trylock(struct dsync_set *set)
{
	set_bit(DSYNC_SET_KICKED, &set->kicked);
	/* Pairs with test_and_clear_bit() in look_unlock(). */
	smp_mb__after_atomic();
	if (!mutex_trylock(&set->run))
		return false;
	clear_bit(DSYNC_SET_KICKED, &set->kicked);
	return true;
}

/* Return: true if a task wanted to look meanwhile, or the set was handed over. */
static bool look_unlock(struct dsync_set *set)
{
	mutex_unlock(&set->run);
	return test_and_clear_bit(DSYNC_SET_KICKED, &set->kicked);
}

/* A queued request was kicked, or its owner waits for something else. */
static void look_work(struct work_struct *work)
{
	struct dsync_set *set = container_of(work, struct dsync_set, work);
	bool news;

	mutex_lock(&set->run);
	news = request_look(set) != -EINPROGRESS;
	if (look_unlock(set) || news)
		set->done(set, 0);
}

/**
 * dsync_request_queue() - acquire a set later, by tasks of its user
 * @set: a new set
 * @news: called with 0, in any context and with a buffer's or a fence's lock held, when
 *	dsync_request_look() may have news; sometimes without need
 *
 * The caller ends the request with dsync_request_cancel(), whatever comes of it.
 *
 * Context: process context; as dsync_request_nonblock().
 * Return: 0 when the set is ready, -EINPROGRESS when it waits; or -ENOLCK, -ENOMEM, or what an
 * exporter returned: the set is over.
 */
int dsync_request_queue(struct dsync_set *set, dsync_done_fn news)
{
	int ret;

	set->done = news;
	set->by_task = true;
	INIT_WORK(&set->work, look_work);
	request_begin(set);
	mutex_lock(&set->run);
	ret = request_step(set, STEP_WAIT);
	if (ret != -EINPROGRESS)
		request_finish(set, ret);
	if (look_unlock(set) && ret == -EINPROGRESS)
		news(set, 0);
	return ret;
}

/**
 * dsync_request_late() - the deadline of a queued request has passed
 * @set: the set; dsync_request_cancel() was not called, or the caller is waited for after that
 *
 * Unless it was acquired by then, its end is -ETIMEDOUT.
 *
 * Context: any.
 */
void dsync_request_late(struct dsync_set *set)
{
	set_bit(DSYNC_SET_LATE, &set->kicked);
	dsync_work_request(set);
}

/*
 * Only who holds something may overtake. Without that the set has nothing to look for: it watches
 * what is in its way, and there is news when it is handed over, or when its owner holds something.
 */
static bool stands_in_line(const struct dsync_set *set)
{
	/* Pairs with smp_store_release() in dsync_hold_publish(). */
	return set->local && smp_load_acquire(&set->state) == DSYNC_QUEUED &&
	       !dsync_owner_holds(set->owner);
}

/**
 * dsync_request_look() - see how far a queued request is
 * @set: the set
 *
 * Context: process context, a task of the set's user, one at a time; may sleep for memory, not for
 * an exporter.
 * Return: -EINPROGRESS if it waits on, and there will be news; 0 if it is ready, or only its
 * windows are not open: dsync_request_open(); else the set is over.
 */
int dsync_request_look(struct dsync_set *set)
{
	int ret = -EINPROGRESS;

	/* Whoever is at it has news afterwards, or opens the windows. */
	if (!look_trylock(set))
		return -EINPROGRESS;
	if (!stands_in_line(set))
		ret = request_look(set);
	mutex_unlock(&set->run);
	return ret;
}

/**
 * dsync_request_goes_on() - is a queued request not over, nor ready
 * @set: the set, which nobody opens at the same time
 *
 * Return: true if dsync_request_open() is to be called again.
 */
bool dsync_request_goes_on(const struct dsync_set *set)
{
	return set->result == -EINPROGRESS;
}

/**
 * dsync_request_open() - open the windows of a queued request
 * @set: the set, after dsync_request_look() has returned 0
 *
 * Context: process context, a task of the set's user; sleeps as the exporters do.
 * Return: 0 when the set is ready; -ERESTARTSYS or -EINTR if a signal is pending: to be called
 * again; else the set is over, -ECANCELED if it was cancelled meanwhile.
 */
int dsync_request_open(struct dsync_set *set)
{
	int ret;

	if (mutex_lock_interruptible(&set->run))
		return -ERESTARTSYS;
	ret = set->result;
	if (ret == -EINPROGRESS) {
		ret = request_step(set, STEP_WAIT | STEP_INTR);
		if ((ret != -ERESTARTSYS && ret != -EINTR) || !signal_pending(current))
			request_finish(set, ret);
	}
	mutex_unlock(&set->run);
	return ret;
}

/*
 * A queued request ends before its user has it. What it owed fails once the bytes are free:
 * whoever has waited for that may want them.
 */
static void request_break(struct dsync_set *set, int error, enum dsync_end how)
{
	struct dsync_points *points = dsync_points_take(set, how);

	request_finish(set, error);
	if (points)
		dsync_points_end(points, how);
}

/**
 * dsync_request_revoke() - the lease of a queued request that was acquired is over
 * @set: the set; the caller has a reference
 *
 * Its event tells -EOWNERDEAD.
 *
 * Context: process context; sleeps while a task is in dsync_request_open().
 * Return: true if so; false: it is ready, or over.
 */
bool dsync_request_revoke(struct dsync_set *set)
{
	struct dsync_access *access;
	bool revoked;

	mutex_lock(&set->run);
	revoked = set->result == -EINPROGRESS && READ_ONCE(set->state) == DSYNC_HELD;
	if (revoked) {
		dsync_set_for_each(set, access)
			dsync_trace(revoked, access);
		request_break(set, -EOWNERDEAD, DSYNC_END_REVOKED);
		/* With the mutex, which the end of the set's user takes, too. */
		set->done(set, 0);
	}
	mutex_unlock(&set->run);
	return revoked;
}

/**
 * dsync_request_abandon() - the owner of a queued request is gone
 * @set: the set, for which dsync_request_cancel() comes next
 *
 * Whoever waits for what it owes learns of it.
 *
 * Context: process context; sleeps as dsync_request_cancel().
 */
void dsync_request_abandon(struct dsync_set *set)
{
	mutex_lock(&set->run);
	if (set->result == -EINPROGRESS)
		request_break(set, -ECANCELED, DSYNC_END_ABANDONED);
	mutex_unlock(&set->run);
}

/**
 * dsync_request_cancel() - withdraw an asynchronous, or a queued, request
 * @set: the set; the caller has a reference
 *
 * Context: process context, not inside @done; sleeps until a running @done, or a task in
 * dsync_request_open(), returned.
 * Return: true if @done was not called and will not be: the set is over. False if it was; for a
 * queued request: if it had ended.
 */
bool dsync_request_cancel(struct dsync_set *set)
{
	bool cancelled;

	disable_work_sync(&set->work);
	mutex_lock(&set->run);
	cancelled = set->result == -EINPROGRESS;
	if (cancelled)
		request_finish(set, -ECANCELED);
	mutex_unlock(&set->run);
	if (cancelled && !set->by_task)
		dsync_set_put(set);
	return cancelled;
}
