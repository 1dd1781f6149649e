// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases: a CPU access that others have waited for as long as its lease is revoked, whatever its
 * owner is doing: computing, sleeping, stopped, frozen.
 *
 *	somebody begins to wait for it		wanted: its lease begins, and its owner is told
 *	its lease is over, and somebody waits	revoked: a worker releases the set
 *
 * Who waits watches one of the accesses that are in its way (queue.c), and that one is wanted from
 * then on. A buffer that somebody waits in has a timer. It goes off several times in a lease,
 * finds other accesses that somebody waits for, and revokes those whose lease is over, all in one
 * pass: a crowd of readers delays a writer by one lease, not by one each.
 *
 * A lease that has begun does not begin anew when those who wait are interrupted and come back:
 * only where the timer finds nobody who waits.
 *
 * Revoked are sets of contexts and record locks. A driver knows what it does, and a job is its
 * engine's.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "buf.h"
#include "lease.h"
#include "owner.h"
#include "request.h"
#include "set.h"
#include "work.h"

static unsigned int lease_ms = 5000;
module_param(lease_ms, uint, 0644);
MODULE_PARM_DESC(lease_ms, "milliseconds after which a CPU access that others wait for is revoked; 0: never");

/* The timer goes off so many times in a lease. */
#define TICKS_PER_LEASE	8

/* So soon it finds out whose lease is short. Not sooner: it looks at all that is held. */
#define SOON_MS		100

/* To look at an access takes as long as looking at so many nodes; to tell its owner; to revoke. */
#define LOOK_STEPS	16
#define WANT_STEPS	32
#define REVOKE_STEPS	64

/* By owner's kind. Written before there is one of that kind. */
static const struct dsync_lease_ops *lease_ops[DMABUF_SYNC_OWNER_DRIVER + 1];

/**
 * dsync_lease_register() - owners of a kind have leases
 * @kind: DMABUF_SYNC_OWNER_...
 * @ops: what that is to them
 *
 * Context: the start of a part.
 */
void dsync_lease_register(u32 kind, const struct dsync_lease_ops *ops)
{
	lease_ops[kind] = ops;
}

static const struct dsync_lease_ops *ops_of(const struct dsync_set *set)
{
	return lease_ops[set->owner->kind];
}

/**
 * struct dsync_lease - the timer of a buffer
 * @buf: the buffer; @work has a reference while it is queued, or runs
 * @armed: @work will run at @expires or before; under &dsync_buf.lock
 * @expires: jiffies; likewise
 * @work: looks at what is held
 */
struct dsync_lease {
	struct dsync_buf *buf;
	bool armed;
	unsigned long expires;
	struct delayed_work work;
};

/**
 * dsync_lease_ms() - how long others wait for an owner
 * @owner: whose lease
 *
 * Return: milliseconds; 0: there is no lease.
 */
unsigned int dsync_lease_ms(const struct dsync_owner *owner)
{
	unsigned int ms = READ_ONCE(lease_ms);

	return ms ? min_not_zero(ms, READ_ONCE(owner->lease_ms)) : 0;
}

/* The jiffy in which a lease begins has passed in part. */
static unsigned long end_of(unsigned long since, unsigned int ms)
{
	return since + msecs_to_jiffies(ms) + 1;
}

/* Jiffies at which the lease of a wanted set is over. */
static unsigned long lease_end(const struct dsync_set *set)
{
	unsigned int ms = dsync_lease_ms(set->owner);

	return ms ? end_of(READ_ONCE(set->wanted), ms) : jiffies + MAX_JIFFY_OFFSET;
}

/* The work may begin, but not end, before its reference is there: it takes the lock. */
static void lease_arm(struct dsync_lease *lease, unsigned long expires)
{
	unsigned long now = jiffies;

	lockdep_assert_held(&lease->buf->lock);
	if (lease->armed && !time_before(expires, lease->expires))
		return;
	lease->armed = true;
	lease->expires = expires;
	if (!mod_delayed_work(system_unbound_wq, &lease->work,
			      time_after(expires, now) ? expires - now : 0))
		refcount_inc(&lease->buf->ref);
}

static unsigned long next_tick(void)
{
	return jiffies + max(msecs_to_jiffies(READ_ONCE(lease_ms)) / TICKS_PER_LEASE, 1);
}

static unsigned long earlier(unsigned long a, unsigned long b)
{
	return time_before(a, b) ? a : b;
}

/*
 * Is it held by somebody whom it can be taken from? Not from a request that is on its way to be
 * ready: its task goes on as soon as it can. But nobody may ever look at a queued one, unless it
 * waits for a fence.
 */
static bool is_leased(const struct dsync_access *access)
{
	const struct dsync_set *set = access->set;

	if (!ops_of(set))
		return false;
	switch (READ_ONCE(set->state)) {
	case DSYNC_READY:
		return true;
	case DSYNC_HELD:
		return set->by_task &&
		       (!READ_ONCE(set->wait.armed) || READ_ONCE(set->wait.fired));
	default:
		return false;
	}
}

/* The lease of a set began at @since, in jiffies. Once, whichever of its buffers is locked. */
static void begin(struct dsync_set *set, unsigned long since)
{
	if (cmpxchg(&set->wanted, 0, since ?: 1))
		return;
	if (ops_of(set)->wanted)
		ops_of(set)->wanted(set);
}

static void want(struct dsync_access *access)
{
	if (READ_ONCE(access->set->wanted))
		return;
	access->buf->steps += WANT_STEPS;
	begin(access->set, jiffies);
}

/**
 * dsync_lease_first() - which one of two leases began first
 * @a: &dsync_set.wanted
 * @b: &dsync_set.wanted, of another set
 *
 * Return: that one; 0 if none has begun.
 */
unsigned long dsync_lease_first(unsigned long a, unsigned long b)
{
	return a && b ? earlier(a, b) : a ?: b;
}

/**
 * dsync_lease_inherit() - a set is held in the place of others of its owner, or beside them
 * @set: the set, held
 * @since: when the first lease of these began: &dsync_set.wanted
 *
 * Else an owner that requests anew before it releases would never let anybody in.
 *
 * Context: process context.
 */
void dsync_lease_inherit(struct dsync_set *set, unsigned long since)
{
	if (!since)
		return;
	begin(set, since);
	WRITE_ONCE(set->wanted, dsync_lease_first(READ_ONCE(set->wanted), since));
}

/**
 * dsync_lease_is_over() - is a lease over
 * @owner: whose
 * @since: when it began: &dsync_set.wanted
 *
 * Return: true if so. A set of the owner that inherits it is not to be acquired before others any
 * more.
 */
bool dsync_lease_is_over(const struct dsync_owner *owner, unsigned long since)
{
	unsigned int ms = dsync_lease_ms(owner);

	return since && ms && !time_before(jiffies, end_of(since, ms));
}

/**
 * dsync_lease_watched() - somebody waits for an access
 * @access: the access, held or queued
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_lease_watched(struct dsync_access *access)
{
	/* Pairs with cmpxchg() in lease_get(). */
	struct dsync_lease *lease = smp_load_acquire(&access->buf->lease);
	unsigned long expires;

	lockdep_assert_held(&access->buf->lock);
	if (!lease || !READ_ONCE(lease_ms))
		return;
	expires = next_tick();
	if (is_leased(access)) {
		want(access);
		expires = earlier(expires, lease_end(access->set));
	}
	lease_arm(lease, expires);
}

static noinline void look_at_watched(struct dsync_access *access)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	if (!list_empty(&access->watchers))
		dsync_lease_watched(access);
	dsync_buf_unlock(buf, flags);
}

/**
 * dsync_lease_ready() - a set is ready: who waited for it before then, does so from now on
 * @set: the set
 *
 * Context: process context.
 */
void dsync_lease_ready(struct dsync_set *set)
{
	struct dsync_access *access;

	if (!ops_of(set))
		return;
	/* Whoever begins to watch just now may not see that it is ready: the timer finds that. */
	dsync_set_for_each(set, access) {
		/* Once more with the lock. */
		if (data_race(!list_empty(&access->watchers)))
			look_at_watched(access);
	}
}

/* Does any request of others wait until the access goes? */
static bool is_in_the_way(struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, U64_MAX);

	access->buf->steps += LOOK_STEPS;
	return dsync_conflict_first(&access->buf->queued, &ask);
}

/*
 * Nobody waits for an access any more. A lease of which all that can be seen here is free begins
 * anew with the next one who waits.
 */
static void unwant(struct dsync_set *set)
{
	struct dsync_access *access;

	if (!set->local)
		return;
	dsync_set_for_each(set, access)
		if (is_in_the_way(access))
			return;
	WRITE_ONCE(set->wanted, 0);
}

/**
 * dsync_lease_pass() - a set is going to be held in the place of another one
 * @from: the other one
 * @to: the set, of the same context
 *
 * Else an owner that changes what it holds again and again would never let anybody in.
 *
 * Context: any.
 */
void dsync_lease_pass(const struct dsync_set *from, struct dsync_set *to)
{
	unsigned long since = READ_ONCE(from->wanted);

	WRITE_ONCE(to->wanted, dsync_lease_first(READ_ONCE(to->wanted), since));
}

static bool access_is_wanted(struct dsync_access *access)
{
	unsigned long flags;
	bool wanted;

	dsync_buf_lock(access->buf, &flags);
	wanted = is_in_the_way(access);
	dsync_buf_unlock(access->buf, flags);
	return wanted;
}

/**
 * dsync_lease_is_wanted() - does anybody wait for what a set has
 * @set: the set, held
 *
 * Context: process context.
 * Return: true if so.
 */
bool dsync_lease_is_wanted(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		if (access_is_wanted(access))
			return true;
	return false;
}

/* A queued request. If it has become ready the next tick finds it so. */
static void fail_work(struct work_struct *work)
{
	struct dsync_set *set = container_of(work, struct dsync_set, release_work);

	if (!dsync_request_revoke(set))
		clear_bit(DSYNC_SET_EXPIRED, &set->kicked);
	dsync_set_put(set);
}

/* What cannot be taken yet is tried again. */
static void revoke_work(struct work_struct *work)
{
	struct dsync_set *set = container_of(work, struct dsync_set, release_work);

	if (!ops_of(set)->revoke(set))
		clear_bit(DSYNC_SET_EXPIRED, &set->kicked);
	dsync_set_put(set);
}

static void revoke_by(struct dsync_set *set, work_func_t fn)
{
	dsync_set_get(set);
	INIT_WORK(&set->release_work, fn);
	dsync_work_revoke(&set->release_work);
}

/* It is in a tree, so it has not ended. */
static void revoke(struct dsync_set *set)
{
	if (test_and_set_bit(DSYNC_SET_EXPIRED, &set->kicked))
		return;
	if (READ_ONCE(set->state) == DSYNC_HELD)
		revoke_by(set, fail_work);
	else if (ops_of(set)->expire(set))
		revoke_by(set, revoke_work);
}

/* Return: the jiffies at which the access is to be looked at again, @next at the latest. */
static unsigned long look(struct dsync_access *access, unsigned long next)
{
	struct dsync_set *set = access->set;
	unsigned long expires;

	access->buf->steps++;
	if (!is_leased(access))
		return next;
	if (!is_in_the_way(access)) {
		if (READ_ONCE(set->wanted))
			unwant(set);
		return next;
	}
	want(access);
	expires = lease_end(set);
	if (time_before(jiffies, expires))
		return earlier(expires, next);
	access->buf->steps += REVOKE_STEPS;
	revoke(set);
	return next;
}

/* Its owner is told again: it may have made way, as it thinks. */
static void review_access(struct dsync_access *access)
{
	struct dsync_buf *buf = access->buf;
	/* Pairs with cmpxchg() in lease_get(). */
	struct dsync_lease *lease = smp_load_acquire(&buf->lease);
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	if (lease && READ_ONCE(lease_ms) && is_in_the_way(access)) {
		if (ops_of(access->set)->wanted)
			ops_of(access->set)->wanted(access->set);
		lease_arm(lease, look(access, next_tick()));
	}
	dsync_buf_unlock(buf, flags);
}

/**
 * dsync_lease_review() - the timers may have passed by a set while it was not ready
 * @set: a set of a context that is ready; others may end it meanwhile
 *
 * Whoever waits for it is served as soon as its lease is over, which may be now.
 *
 * Context: process context.
 */
void dsync_lease_review(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		review_access(access);
}

/* Look at some held accesses, from the cursor on; false if all were seen. */
static bool look_some(struct dsync_buf *buf, struct dsync_cursor *cursor, unsigned long *next)
{
	struct dsync_ask all = { .last = ULONG_MAX, .ticket = U64_MAX };
	struct dsync_access *access;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (access = dsync_conflict_resume(&buf->held, &all, cursor);
	     access && !dsync_buf_spent(buf);
	     access = dsync_conflict_next(&buf->held, &all, access)) {
		dsync_conflict_mark(cursor, access);
		*next = look(access, *next);
	}
	dsync_buf_unlock(buf, flags);
	return access;
}

static void lease_fired(struct dsync_lease *lease)
{
	unsigned long flags;

	dsync_buf_lock(lease->buf, &flags);
	lease->armed = false;
	dsync_buf_unlock(lease->buf, flags);
}

/* While somebody waits the timer goes on. */
static void lease_rearm(struct dsync_lease *lease, unsigned long next)
{
	struct dsync_buf *buf = lease->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	if (buf->nr_queued && READ_ONCE(lease_ms))
		lease_arm(lease, next);
	dsync_buf_unlock(buf, flags);
}

static void lease_work(struct work_struct *work)
{
	struct dsync_lease *lease = container_of(to_delayed_work(work), struct dsync_lease, work);
	unsigned long next = next_tick();
	struct dsync_buf *buf = lease->buf;
	struct dsync_cursor cursor = {};

	lease_fired(lease);
	while (look_some(buf, &cursor, &next))
		cond_resched();
	lease_rearm(lease, next);
	dsync_buf_put(buf);
}

/* The buffer's lease, made by the first one who waits there. */
static struct dsync_lease *lease_get(struct dsync_buf *buf)
{
	/* Pairs with cmpxchg() here. */
	struct dsync_lease *lease = smp_load_acquire(&buf->lease), *other;

	if (likely(lease))
		return lease;
	lease = kzalloc(sizeof(*lease), GFP_KERNEL_ACCOUNT);
	if (!lease)
		return NULL;
	lease->buf = buf;
	INIT_DELAYED_WORK(&lease->work, lease_work);
	other = cmpxchg(&buf->lease, NULL, lease);
	if (!other)
		return lease;
	kfree(lease);
	return other;
}

/* Whoever begins to watch before there is a timer is found at once. */
static int lease_make(struct dsync_buf *buf)
{
	struct dsync_lease *lease = lease_get(buf);
	unsigned long flags;

	if (!lease)
		return -ENOMEM;
	dsync_buf_lock(buf, &flags);
	lease_arm(lease, jiffies);
	dsync_buf_unlock(buf, flags);
	return 0;
}

/*
 * A set of several buffers watches in one of them, and does so before it is queued there: whoever
 * is in its way in the others has a lease, too, and the timer may have gone off in between. Who
 * that is, and what they have promised, is not known before it goes off.
 */
static void lease_tick(struct dsync_buf *buf)
{
	unsigned long soon = jiffies + msecs_to_jiffies(SOON_MS), flags;

	if (!READ_ONCE(lease_ms))
		return;
	dsync_buf_lock(buf, &flags);
	lease_arm(buf->lease, earlier(soon, next_tick()));
	dsync_buf_unlock(buf, flags);
}

static int lease_begin_in(struct dsync_set *set, struct dsync_buf *buf)
{
	/* Pairs with cmpxchg() in lease_get(). */
	if (unlikely(!smp_load_acquire(&buf->lease)))
		return lease_make(buf);
	if (!set->local)
		lease_tick(buf);
	return 0;
}

/**
 * dsync_lease_begin() - a request waits: those who are in its way have a lease
 * @set: the set, queued
 *
 * Context: process context; may sleep.
 * Return: 0 or -ENOMEM.
 */
int dsync_lease_begin(struct dsync_set *set)
{
	struct dsync_access *access;
	int ret = 0;

	dsync_set_for_each_buf(set, access) {
		ret = lease_begin_in(set, access->buf);
		if (ret)
			break;
	}
	return ret;
}

/**
 * dsync_lease_stop() - stop the timer of a buffer
 * @buf: the buffer, which nobody uses any more
 *
 * Context: process context; may sleep.
 */
void dsync_lease_stop(struct dsync_buf *buf)
{
	if (buf->lease && cancel_delayed_work_sync(&buf->lease->work))
		dsync_buf_put(buf);
}
