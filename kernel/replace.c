// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replacement: an owner keeps some of what it holds, cut another way. Record locks are split,
 * merged and downgraded. Each step here leaves the bytes that are kept held at any moment, so
 * that no other owner can get in between: what grows or comes does so over bytes that the
 * owner holds already, and what shrinks or goes does so afterwards.
 *
 * Sets of record locks are of one CPU access each. Those of contexts are replaced as a whole: a set
 * that has what is kept comes before the other one goes. To tools, an access that is cut is
 * released and another one acquired, at the same moment.
 */
#include <linux/dma-buf.h>
#include <linux/minmax.h>

#include "buf.h"
#include "coherency.h"
#include "graph.h"
#include "hold.h"
#include "lease.h"
#include "owner.h"
#include "poll.h"
#include "queue.h"
#include "release.h"
#include "replace.h"
#include "request.h"
#include "set.h"
#include "trace_access.h"

static struct dsync_access *only(struct dsync_set *set)
{
	return &set->accesses[0];
}

/*
 * The only place that knows the buffer's tables. A held set leaves them and comes back with another
 * range, under the buffer's lock; a new one comes. Those whom that lets in are looked at. A search
 * may have passed by meanwhile, and may have missed the set: so the owner searches if it waits.
 */
static void table_change(struct dsync_set *set, u32 mode, u64 start, u64 last)
{
	struct dsync_access *access = only(set);
	bool held = set->state == DSYNC_READY;
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	if (held) {
		dsync_trace(released, access);
		dsync_buf_remove_held(buf, access);
		dsync_queue_wake_watchers(access);
	}
	access->id = dsync_id_next();
	/* A search reads them without the lock (search.c). */
	WRITE_ONCE(access->mode, mode);
	WRITE_ONCE(access->start, min_t(u64, start, DSYNC_LAST_BYTE));
	WRITE_ONCE(access->last, min_t(u64, last, DSYNC_LAST_BYTE));
	dsync_buf_insert_held(buf, access);
	if (!held)
		dsync_owner_add_held(set->owner, 1);
	/* Under the lock: a search that finds the access finds it held. */
	WRITE_ONCE(set->state, DSYNC_READY);
	dsync_trace(request, access);
	dsync_trace(acquired, access, 0);
	if (held)
		dsync_poll_dropped(buf);
	dsync_queue_unlock(buf, flags);

	if (dsync_owner_waits(set->owner))
		dsync_graph_moved(set);
}

static void recut(struct dsync_set *set, u32 mode, u64 start, u64 last)
{
	dsync_coherency_pause(set, mode);
	table_change(set, mode, start, last);
	dsync_coherency_resume(set);
}

/**
 * dsync_replace_cut() - hold less
 * @set: a ready set
 * @mode: its mode from here on, as strong as it was at most
 * @start: its first byte, not before the one it had
 * @last: its last byte, not behind the one it had
 *
 * Context: process context; may sleep as the exporters do, and for the resv.
 */
void dsync_replace_cut(struct dsync_set *set, u32 mode, u64 start, u64 last)
{
	WARN_ON_ONCE(start < only(set)->start || last > only(set)->last ||
		     mode & ~only(set)->mode);
	recut(set, mode, start, last);
}

/**
 * dsync_replace_part() - hold some bytes by a set of their own
 * @set: a ready set that has the first of these bytes; it keeps what it has
 * @part: of dsync_set_alloc_part(), filled; ready afterwards
 * @mode: of @part
 * @start: first byte of @part
 * @last: last byte; the owner holds all of them already, in modes as strong
 *
 * Context: process context; may sleep as the exporters do, and for the resv.
 */
void dsync_replace_part(struct dsync_set *set, struct dsync_set *part, u32 mode,
			u64 start, u64 last)
{
	WARN_ON_ONCE(part->state != DSYNC_NEW || start < only(set)->start ||
		     start > only(set)->last);
	part->acquired_ns = set->acquired_ns;
	part->requested_ns = ktime_get_ns();
	only(part)->marks = only(set)->marks;
	part->marks = only(set)->marks;
	table_change(part, mode, start, last);
	dsync_lease_inherit(part, READ_ONCE(set->wanted));
	dsync_coherency_resume(part);
}

/**
 * dsync_replace_merge() - hold the bytes of two sets by one
 * @set: a ready set
 * @other: another one, of the same mode, that touches or overlaps it; over afterwards
 *
 * Context: process context; may sleep as the exporters do, and for the resv.
 */
void dsync_replace_merge(struct dsync_set *set, struct dsync_set *other)
{
	u64 start = min(only(set)->start, only(other)->start);
	u64 last = max(only(set)->last, only(other)->last);

	WARN_ON_ONCE(only(set)->mode != only(other)->mode);
	/* Its age is that of the oldest part. */
	WRITE_ONCE(set->acquired_ns, min(set->acquired_ns, other->acquired_ns));
	only(set)->marks |= only(other)->marks;
	set->marks |= other->marks;
	dsync_lease_inherit(set, READ_ONCE(other->wanted));
	if (start != only(set)->start || last != only(set)->last)
		recut(set, only(set)->mode, start, last);
	WARN_ON_ONCE(dsync_release(other, DSYNC_END_RELEASED));
}

/* Nothing is in the way of these: the owner holds their bytes. */
static void hold_part(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (; access < end; access++) {
		access->id = dsync_id_next();
		dsync_trace(request, access);
		dsync_hold_insert(access);
	}
	dsync_buf_unlock(buf, flags);
}

/**
 * dsync_replace_less() - hold some of what a set holds by another set, too
 * @set: a set that is DSYNC_CHANGING; it keeps what it has
 * @less: new, filled; all of its bytes are @set's, in modes as strong. Held afterwards, with its
 *	windows open, and DSYNC_CHANGING
 *
 * Context: process context; may sleep as the exporters do.
 */
void dsync_replace_less(const struct dsync_set *set, struct dsync_set *less)
{
	struct dsync_access *access, *end;

	/* What it may search for begins now (effort.c); its age is that of @set. */
	less->requested_ns = ktime_get_ns();
	dsync_set_for_each_part(less, access, end)
		hold_part(access, end);
	dsync_hold_publish(less);
	WRITE_ONCE(less->acquired_ns, READ_ONCE(set->acquired_ns));
	dsync_coherency_resume(less);
	less->stage = DSYNC_NR_STAGES;
	WRITE_ONCE(less->state, DSYNC_CHANGING);
}

/**
 * dsync_replace_all() - a set is held in the place of another one, which ends
 * @set: a set that is DSYNC_CHANGING
 * @by: another one of the same owner, to which dsync_points_pass() and dsync_lease_pass() went;
 *	ready afterwards, when @set has gone, so that what it owes is not signaled before
 *
 * Context: process context; may sleep as the exporters do.
 */
void dsync_replace_all(struct dsync_set *set, struct dsync_set *by)
{
	bool wanted = dsync_lease_is_wanted(set);

	dsync_release_replaced(set, by);
	/* It has made way. */
	if (wanted && !dsync_lease_is_wanted(by))
		WRITE_ONCE(by->wanted, 0);
	dsync_release_unclaim(by);
	dsync_lease_review(by);
	/* A search may have passed by meanwhile, and may have missed both. */
	if (dsync_owner_waits(by->owner))
		dsync_graph_moved(by);
}
