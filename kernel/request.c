// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: what happens to a set from the call that asks for it to the moment it is ready
 * or has failed.
 *
 *	attempt (acquire.c) -> held -> fences of stock drivers (fence.c) -> CPU windows
 *	(coherency.c) -> ready
 *
 * Each step returns instead of sleeping for somebody else, with -EINPROGRESS and the promise
 * of a kick. A blocking request is stepped by its task, which sleeps in between; an
 * asynchronous one first by the caller and then by a worker, which does not.
 */
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>

#include "acquire.h"
#include "buf.h"
#include "coherency.h"
#include "dmabuf_sync_trace.h"
#include "fence.h"
#include "owner.h"
#include "queue.h"
#include "release.h"
#include "request.h"
#include "ticket.h"

static void trace_request(struct dsync_access *access)
{
	struct dsync_set *set = access->set;
	struct dsync_owner *owner = set->owner;

	trace_dmabuf_sync_request(access->buf->ino, access->id, owner->id, owner->kind,
				  owner->tgid, set->tid, access->mode & DMA_BUF_ACCESS_RW,
				  dsync_access_is_dma(access), access->start,
				  dsync_access_len(access), 0);
}

static void request_begin(struct dsync_set *set)
{
	struct dsync_access *access;

	WARN_ON_ONCE(set->requested_ns);
	dsync_set_adopt(set);
	set->requested_ns = ktime_get_ns();
	dsync_set_for_each(set, access) {
		access->id = dsync_id_next();
		trace_request(access);
	}
}

static void trace_failed(struct dsync_set *set, int error)
{
	u64 wait_ns = ktime_get_ns() - set->requested_ns;
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		trace_dmabuf_sync_failed(access->buf->ino, access->id,
					 set->owner->id, error, wait_ns);
}

/**
 * struct stage - a part of a request's life
 * @step: go on; 0: the stage is over; -EINPROGRESS: the set will be kicked, or handed over;
 *	else the request fails. @intr: a pending signal ends it
 * @undo: the request fails in this stage, or in a later one
 */
struct stage {
	int (*step)(struct dsync_set *set, bool wait, bool intr);
	void (*undo)(struct dsync_set *set);
};

static int acquire_step(struct dsync_set *set, bool wait, bool intr)
{
	if (!wait && dsync_fence_busy(set))
		return -EAGAIN;
	return dsync_acquire(set, wait, intr);
}

static void acquire_undo(struct dsync_set *set)
{
	/* Pairs with smp_store_release() in dsync_hold_publish(). */
	if (smp_load_acquire(&set->state) == DSYNC_QUEUED)
		dsync_queue_cancel(set);
	if (set->state == DSYNC_HELD || set->state == DSYNC_READY)
		dsync_release_unready(set);
}

static int fences_step(struct dsync_set *set, bool wait, bool intr)
{
	if (wait)
		return dsync_fence_wait(set);
	return dsync_fence_busy(set) ? -EAGAIN : 0;
}

static int windows_step(struct dsync_set *set, bool wait, bool intr)
{
	return dsync_coherency_begin(set);
}

static const struct stage stages[] = {
	{ acquire_step, acquire_undo },
	{ fences_step, dsync_fence_wait_stop },
	{ windows_step, dsync_coherency_end },
};

static int request_step(struct dsync_set *set, bool wait, bool intr)
{
	int ret;

	for (; set->stage < ARRAY_SIZE(stages); set->stage++) {
		ret = stages[set->stage].step(set, wait, intr);
		if (ret)
			return ret;
	}
	set->state = DSYNC_READY;
	return 0;
}

/* Nobody kicks the set any more and nothing of it is left in any table. */
static void request_fail(struct dsync_set *set, int error)
{
	unsigned int stage = min_t(unsigned int, set->stage, ARRAY_SIZE(stages) - 1);

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
		ret = request_step(set, true, true);
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
	ret = request_step(set, false, true);
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
		ret = request_step(set, true, false);
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
	INIT_WORK(&set->work, request_work);
	/* One for the request, and one for here: a mutex must outlive its unlocking. */
	dsync_set_get(set);
	dsync_set_get(set);
	request_begin(set);

	mutex_lock(&set->run);
	ret = request_step(set, true, false);
	if (!ret) {
		dsync_set_queue_work(&set->work);
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

/**
 * dsync_request_cancel() - withdraw an asynchronous request
 * @set: the set; the caller has a reference
 *
 * Context: process context, not inside @done; sleeps until a running @done returned.
 * Return: true if @done was not called and will not be: the set is over. False if it was.
 */
bool dsync_request_cancel(struct dsync_set *set)
{
	disable_work_sync(&set->work);
	if (set->result != -EINPROGRESS)
		return false;

	request_fail(set, -ECANCELED);
	set->result = -ECANCELED;
	dsync_set_put(set);
	return true;
}
