// SPDX-License-Identifier: GPL-2.0-only
/*
 * Release: the accesses of a set leave the buffers' tables. That takes the buffers' locks
 * alone, one after the other, and so works in any context. CPU windows have to be closed
 * first, which sleeps; where that is not allowed a worker does both.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "abandon.h"
#include "buf.h"
#include "coherency.h"
#include "gap.h"
#include "hold.h"
#include "owner.h"
#include "points.h"
#include "release.h"
#include "set.h"
#include "trace_access.h"
#include "work.h"

/*
 * A writer that was told of marks has written the bytes. fcntl() tells nobody, so it leaves them
 * for whoever is told.
 */
static void clear_marks(struct dsync_set *set)
{
	struct dsync_access *access;

	if (likely(!set->marks) || set->owner->kind == DMABUF_SYNC_OWNER_FCNTL)
		return;
	dsync_set_for_each(set, access)
		if (access->marks && dsync_access_writes(access))
			dsync_abandon_clear(access);
}

/* Of what is written on by another set nothing is said yet. */
static void clear_but(const struct dsync_access *access, const struct dsync_set *by)
{
	struct dsync_access piece = { .set = access->set, .buf = access->buf };
	struct dsync_gap gap;

	dsync_gap_for_each(by, access, gap) {
		piece.start = gap.start;
		piece.last = gap.last;
		dsync_abandon_clear(&piece);
	}
}

static void clear_marks_but(struct dsync_set *set, const struct dsync_set *by)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		if (access->marks && dsync_access_writes(access))
			clear_but(access, by);
}

static void trace_over(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		dsync_trace_released(access);
}

static void note_abandoned(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access) {
		if (!dsync_access_writes(access))
			continue;
		dsync_abandon_note(access, DSYNC_MARK_ABANDONED);
		dsync_trace(abandoned, access);
	}
}

static void note_revoked(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access) {
		if (dsync_access_writes(access))
			dsync_abandon_note(access, DSYNC_MARK_REVOKED);
		dsync_trace(revoked, access);
	}
}

static void leave_tables(struct dsync_set *set)
{
	if (trace_dmabuf_sync_released_enabled())
		trace_over(set);
	dsync_hold_drop(set);
	/* Pairs with smp_load_acquire() of who wants to use the set, or its object, again. */
	smp_store_release(&set->state, DSYNC_OVER);
}

static void release_work(struct work_struct *work)
{
	struct dsync_set *set;

	set = container_of(work, struct dsync_set, release_work);
	dsync_coherency_end(set);
	clear_marks(set);
	leave_tables(set);
	dsync_set_put(set);
}

/* Before anybody else can get in. */
static void leave_marks(struct dsync_set *set, enum dsync_end how)
{
	switch (how) {
	case DSYNC_END_RELEASED:
		clear_marks(set);
		break;
	case DSYNC_END_UNDELIVERED:
		break;
	case DSYNC_END_ABANDONED:
		note_abandoned(set);
		break;
	case DSYNC_END_REVOKED:
		note_revoked(set);
		break;
	}
}

/**
 * dsync_release() - a set that was ready ends
 * @set: the set, not committed
 * @how: why. It ends once, by whoever comes first: its owner, the end of that, or of its lease
 *
 * Context: process context; may sleep.
 * Return: 0, or -EOWNERDEAD: it has ended, or is about to.
 */
int dsync_release(struct dsync_set *set, enum dsync_end how)
{
	struct dsync_points *points;

	if (cmpxchg(&set->state, DSYNC_READY, DSYNC_CLOSING) != DSYNC_READY)
		return -EOWNERDEAD;
	dsync_coherency_end(set);
	leave_marks(set, how);
	points = dsync_points_take(set, how);
	leave_tables(set);
	if (points)
		dsync_points_end(points, how);
	return 0;
}

/**
 * dsync_release_unclaim() - a claimed set is ready again, or for the first time
 * @set: a set that is DSYNC_CHANGING
 *
 * Context: any.
 */
void dsync_release_unclaim(struct dsync_set *set)
{
	/* Pairs with cmpxchg() in dsync_release(). */
	smp_store_release(&set->state, DSYNC_READY);
}

/* Nobody is at it in the buffers' tables who has seen it ready. */
static void leave_looks(struct dsync_set *set)
{
	struct dsync_access *access;
	unsigned long flags;

	dsync_set_for_each_buf(set, access) {
		dsync_buf_lock(access->buf, &flags);
		dsync_buf_unlock(access->buf, flags);
	}
}

/**
 * dsync_release_claim() - nobody else ends a set from here on
 * @set: a set that was ready; &dsync_set.run held
 *
 * dsync_release_replaced() follows, or dsync_release_unclaim().
 *
 * The timer of a lease that was over may have seen the set ready, and its worker may have come
 * when it was not. Then the caller ends the set: nobody else may.
 *
 * Context: any.
 * Return: false: it has ended, or is to end.
 */
bool dsync_release_claim(struct dsync_set *set)
{
	lockdep_assert_held(&set->run);
	if (cmpxchg(&set->state, DSYNC_READY, DSYNC_CHANGING) != DSYNC_READY)
		return false;
	leave_looks(set);
	if (!test_bit(DSYNC_SET_EXPIRED, &set->kicked))
		return true;
	dsync_release_unclaim(set);
	return false;
}

/**
 * dsync_release_replaced() - a set ends, and another one of its owner goes on
 * @set: a set that is DSYNC_CHANGING, without points
 * @by: the other one, held
 *
 * Context: process context; may sleep as the exporters do.
 */
void dsync_release_replaced(struct dsync_set *set, const struct dsync_set *by)
{
	dsync_coherency_end(set);
	clear_marks_but(set, by);
	leave_tables(set);
}

/* False also where it cannot be told: kernels without preemption do not count. */
static bool may_sleep(void)
{
	return preemptible() && !rcu_preempt_depth();
}

/**
 * dsync_release_any() - the same in any context
 * @set: the set, not committed
 *
 * CPU accesses that are released where sleeping is not allowed are over a little later, when a
 * worker has closed their windows, and so are bytes that were marked as abandoned.
 *
 * Context: any.
 * Return: false, with a warning, if the set is not ready.
 */
bool dsync_release_any(struct dsync_set *set)
{
	if (WARN_ON_ONCE(READ_ONCE(set->state) != DSYNC_READY))
		return false;

	if (!set->has_cpu && !set->marks) {
		leave_tables(set);
	} else if (may_sleep()) {
		WARN_ON_ONCE(dsync_release(set, DSYNC_END_RELEASED));
	} else {
		/* From here on it is the worker's: nobody finds it ready once more. */
		WRITE_ONCE(set->state, DSYNC_CLOSING);
		INIT_WORK(&set->release_work, release_work);
		dsync_set_get(set);
		dsync_work_release(&set->release_work);
	}
	return true;
}

/* As if its owner had not been told of them. */
static void keep_marks(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		access->marks = 0;
	set->marks = 0;
}

/**
 * dsync_release_unwritten() - the same by an owner that has written nothing
 * @set: the set, not committed, of a driver: nobody else ends it
 *
 * Bytes that were marked as abandoned stay so, for the next one who asks for them.
 *
 * Context: any.
 * Return: as dsync_release_any().
 */
bool dsync_release_unwritten(struct dsync_set *set)
{
	if (READ_ONCE(set->state) == DSYNC_READY)
		keep_marks(set);
	return dsync_release_any(set);
}

/**
 * dsync_release_unready() - a request fails after its accesses were acquired
 * @set: a held set without CPU windows
 *
 * Context: process context.
 */
void dsync_release_unready(struct dsync_set *set)
{
	leave_tables(set);
}

/**
 * dsync_release_job() - the fence of a committed set signaled
 * @set: the set
 *
 * A job that failed has not written what was abandoned.
 *
 * Context: any, hard interrupt and &dma_fence.lock included; a worker if bytes were marked as
 * abandoned.
 */
void dsync_release_job(struct dsync_set *set)
{
	if (!set->commit.job.fence->error)
		clear_marks(set);
	leave_tables(set);
}
