// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue: sets that wait, in the order of one global ticket. A set is queued in all its
 * buffers and holds nothing. It watches one access that is in its way. When that one leaves
 * its tree the set is looked at, in the same critical section:
 *
 *	a held access is in the way		it watches that one
 *	an earlier request is in the way	it watches that one
 *	nothing is				it is handed over: held from here on
 *
 * So a release costs what it lets in, not what waits. A set that cannot be looked at under one
 * lock (several buffers, or many accesses), and one that may overtake, is kicked: its task,
 * or a worker, looks.
 *
 * What has to be looked at is on &dsync_buf.pending, and stays queued until it was: whoever comes
 * meanwhile finds it in the tree. So the lock can be dropped at any time. Those who came first are
 * looked at first.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "buf.h"
#include "hold.h"
#include "lease.h"
#include "line.h"
#include "owner.h"
#include "queue.h"
#include "set.h"
#include "work.h"

/* To look at a set takes as long as looking at so many nodes, whatever is in its way. */
#define LOOK_STEPS	4

/* And a wake-up as long as so many. */
#define WAKE_STEPS	32

/* Times that a task takes the lock to look at what is pending, before a worker goes on with it. */
#define MAX_ROUNDS	4

static atomic64_t last_ticket = ATOMIC64_INIT(0);

/**
 * dsync_queue_draw() - give a set its place in the order of all
 * @set: a set that has to wait; it keeps a ticket that it has
 *
 * Context: any.
 */
void dsync_queue_draw(struct dsync_set *set)
{
	if (!set->ticket)
		set->ticket = atomic64_inc_return(&last_ticket);
}

/**
 * dsync_queue_last_ticket() - the latest ticket that was drawn
 *
 * A set with a later one is published after this call, and whoever publishes it finds what was
 * published before.
 *
 * Context: any. A full barrier.
 * Return: the ticket.
 */
u64 dsync_queue_last_ticket(void)
{
	/* What the caller published comes before; pairs with atomic64_inc_return() above. */
	smp_mb();
	return atomic64_read(&last_ticket);
}

/**
 * dsync_queue_watch() - have a set looked at when an access goes
 * @set: the set
 * @blocker: an access that is in its way, in a tree
 *
 * Context: &dsync_buf.lock of @blocker's buffer held; a set that watches already does so in
 * the same buffer.
 */
void dsync_queue_watch(struct dsync_set *set, struct dsync_access *blocker)
{
	lockdep_assert_held(&blocker->buf->lock);
	list_move_tail(&set->watch, &blocker->watchers);
	WRITE_ONCE(set->watched, blocker->buf);
	dsync_lease_watched(blocker);
}

/**
 * dsync_queue_unwatch() - the set is not looked at any more
 * @set: the set; only its task, or its worker, makes it watch
 *
 * Context: any; takes a &dsync_buf.lock.
 */
void dsync_queue_unwatch(struct dsync_set *set)
{
	struct dsync_buf *buf = READ_ONCE(set->watched);
	unsigned long flags;

	if (!buf)
		return;
	dsync_buf_lock(buf, &flags);
	list_del_init(&set->watch);
	WRITE_ONCE(set->watched, NULL);
	dsync_buf_unlock(buf, flags);
}

/**
 * dsync_queue_holder() - is a held access in the way of a local set
 * @set: the set
 *
 * Context: &dsync_buf.lock held.
 * Return: the access, or NULL.
 */
struct dsync_access *dsync_queue_holder(struct dsync_set *set)
{
	struct dsync_access *access, *holder = NULL;

	if (!set->accesses[0].buf->nr_held)
		return NULL;
	dsync_set_for_each(set, access) {
		holder = dsync_buf_holder(access->buf, access);
		if (holder)
			break;
	}
	return holder;
}

/*
 * The set stays: its end needs the lock. Its user's task does the rest, when it looks. Only where
 * another one of that user sleeps for the owner a worker does, too: what is held now may have
 * closed a cycle.
 */
static void hand_over_async(struct dsync_set *set)
{
	struct dsync_access *access;

	if (set->by_task) {
		dsync_set_for_each(set, access)
			if (!list_empty(&access->watchers))
				dsync_lease_watched(access);
		set->done(set, 0);
	}
	if (!set->by_task || dsync_owner_blocks(set->owner))
		dsync_work_request(set);
}

/*
 * The task may return, and end, as soon as it sees the state; with interrupts off RCU keeps it
 * until it was woken.
 */
static void hand_over(struct dsync_set *set)
{
	struct dsync_buf *buf = set->accesses[0].buf;
	struct task_struct *task = set->task;
	bool async = set->done;

	set_bit(DSYNC_SET_KICKED, &set->kicked);
	dsync_hold_local(set);
	buf->steps += WAKE_STEPS;
	if (async)
		hand_over_async(set);
	else
		wake_up_process(task);
}

static void kick(struct dsync_buf *buf, struct dsync_set *set)
{
	dsync_set_kick(set);
	buf->steps += WAKE_STEPS;
}

/* Pairs of accesses that are compared in the time that a tree node takes. */
#define PAIRS_PER_STEP	2

/* Sets that were looked at in one section, and that nobody watches yet. */
#define NR_TAILS	8

/**
 * struct crowd - those who are looked at in one section
 * @tails: the last ones of some chains
 * @nr: how many
 *
 * When all of a crowd have the same request in their way they do not all watch that one, or each
 * end in it would have all of them looked at. Each watches one that was looked at before it,
 * is earlier, and is in its way, too.
 */
struct crowd {
	struct dsync_set *tails[NR_TAILS];
	unsigned int nr;
};

/* The access of an earlier set that is in the way of another one, or NULL. */
static struct dsync_access *in_the_way(struct dsync_set *earlier, struct dsync_set *set)
{
	struct dsync_access *access, *other;

	if (earlier->ticket > set->ticket || earlier->owner == set->owner)
		return NULL;
	set->accesses[0].buf->steps += earlier->nr * set->nr / PAIRS_PER_STEP;
	dsync_set_for_each(earlier, other)
		dsync_set_for_each(set, access)
			if (dsync_conflict_between(access, other))
				return other;
	return NULL;
}

/* The latest tail that the set can watch, in whose place it comes; else @blocker. */
static struct dsync_access *join(struct crowd *crowd, struct dsync_set *set,
				 struct dsync_access *blocker)
{
	unsigned int i, place = crowd->nr;
	struct dsync_access *access;
	u64 ticket = 0;

	/* One is compared in any case: else a crowd whose looks take long would be no chain. */
	for (i = 0; i < crowd->nr && (!i || !dsync_buf_spent(blocker->buf)); i++) {
		blocker->buf->steps++;
		access = in_the_way(crowd->tails[i], set);
		if (access && crowd->tails[i]->ticket > ticket) {
			ticket = crowd->tails[i]->ticket;
			blocker = access;
			place = i;
		}
	}
	if (place < NR_TAILS)
		crowd->tails[place] = set;
	if (place == crowd->nr && place < NR_TAILS)
		crowd->nr++;
	return blocker;
}

/*
 * The set may overtake, which is for its owner alone: a task of its user finds out when it looks.
 * It watches a request that goes before it in any case: those behind lose nothing.
 */
static void kick_overtaker(struct dsync_buf *buf, struct dsync_set *set)
{
	if (!set->by_task) {
		kick(buf, set);
		return;
	}
	set->done(set, 0);
	buf->steps += WAKE_STEPS;
}

/* Earlier requests are in the way, or it takes longer to know. */
static void look_on(struct dsync_buf *buf, struct dsync_set *set, struct crowd *crowd,
		    struct dsync_access *blocker)
{
	if (IS_ERR(blocker)) {
		kick(buf, set);
	} else if (dsync_owner_holds(set->owner)) {
		dsync_queue_watch(set, blocker);
		kick_overtaker(buf, set);
	} else {
		dsync_queue_watch(set, join(crowd, set, blocker));
	}
}

#ifdef CONFIG_DMABUF_SYNC_DEBUG
static unsigned long looks;
module_param(looks, ulong, 0644);
MODULE_PARM_DESC(looks, "requests that were looked at because something in their way had gone");

static void note_look(void)
{
	WRITE_ONCE(looks, READ_ONCE(looks) + 1);
}
#else
static void note_look(void)
{
}
#endif

static void look(struct dsync_buf *buf, struct dsync_set *set, struct crowd *crowd)
{
	struct dsync_access *blocker;

	note_look();
	buf->steps += LOOK_STEPS;
	if (!set->local) {
		kick(buf, set);
		return;
	}
	blocker = dsync_queue_holder(set);
	if (blocker) {
		dsync_queue_watch(set, blocker);
		return;
	}
	dsync_line_begin(set);
	blocker = dsync_line_earlier(set, set->accesses + set->nr);
	if (!blocker)
		hand_over(set);
	else
		look_on(buf, set, crowd, blocker);
}

/*
 * What follows jobs passes them over, as many as can be looked at in a section: it needs most of
 * one.
 */
static bool is_time_for(const struct dsync_buf *buf, const struct dsync_set *set)
{
	return !dsync_buf_spent(buf) && !(set->follows && buf->steps > DSYNC_MAX_STEPS / 2);
}

/* Those who came first are looked at first. False if there is more to do, and the time is spent. */
static bool serve(struct dsync_buf *buf)
{
	struct crowd crowd = {};
	struct dsync_set *set;

	while (!list_empty(&buf->pending) && !buf->marked) {
		set = list_first_entry(&buf->pending, struct dsync_set, watch);
		if (!is_time_for(buf, set))
			return false;
		list_del_init(&set->watch);
		look(buf, set, &crowd);
	}
	return true;
}

static void serve_work(struct work_struct *work)
{
	struct dsync_buf *buf = container_of(work, struct dsync_buf, work);
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	while (!serve(buf)) {
		dsync_buf_unlock(buf, flags);
		cond_resched();
		dsync_buf_lock(buf, &flags);
	}
	dsync_buf_unlock(buf, flags);
	dsync_buf_put(buf);
}

/* A reference goes along with the work. */
static void serve_later(struct dsync_buf *buf)
{
	refcount_inc(&buf->ref);
	if (!dsync_work_serve(&buf->work))
		refcount_dec(&buf->ref);
}

/* Where spinlocks sleep they leave interrupts, and so the flags, alone. */
static bool caller_is_atomic(unsigned long flags)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return in_interrupt() || irqs_disabled();
	return in_interrupt() || irqs_disabled_flags(flags);
}

/**
 * dsync_queue_serve_unlock() - look at what is pending, and unlock a buffer's tables
 * @buf: the buffer
 * @flags: of dsync_buf_lock()
 *
 * For dsync_queue_unlock(), which see.
 *
 * Context: &dsync_buf.lock held.
 */
noinline void dsync_queue_serve_unlock(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock)
{
	unsigned int rounds = caller_is_atomic(flags) ? 1 : MAX_ROUNDS;
	bool done;

	for (;;) {
		done = serve(buf);
		if (!done && !--rounds) {
			serve_later(buf);
			done = true;
		}
		dsync_buf_unlock(buf, flags);
		if (done)
			return;
		dsync_buf_lock(buf, &flags);
	}
}

/**
 * dsync_queue_serve() - look at what is pending
 * @buf: the buffer, whose mark has gone
 *
 * Context: any.
 */
void dsync_queue_serve(struct dsync_buf *buf)
{
	unsigned long flags;

	/* Whoever adds something after the mark has gone looks at it himself: it may be missed. */
	if (data_race(list_empty(&buf->pending)))
		return;
	dsync_buf_lock(buf, &flags);
	dsync_queue_unlock(buf, flags);
}

/**
 * dsync_queue_unlock_later() - unlock a buffer's tables, and let a worker look at what is pending
 * @buf: the buffer
 * @flags: of dsync_buf_lock()
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_queue_unlock_later(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock)
{
	if (!list_empty(&buf->pending))
		serve_later(buf);
	dsync_buf_unlock(buf, flags);
}

/**
 * dsync_queue_init() - nothing is pending
 * @buf: a new buffer
 */
void dsync_queue_init(struct dsync_buf *buf)
{
	INIT_LIST_HEAD(&buf->pending);
	INIT_WORK(&buf->work, serve_work);
}

static void look_at_watchers(struct dsync_access *access, struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (; access < end; access++)
		dsync_queue_wake_watchers(access);
	dsync_queue_unlock(buf, flags);
}

/**
 * dsync_queue_committed() - the job of a set is committed: those that follow it go on
 * @set: the set; the buffers were locked since it is committed, so whoever came before that is seen
 *
 * Context: process context.
 */
void dsync_queue_committed(struct dsync_set *set)
{
	struct dsync_access *access, *end;

	dsync_set_for_each_part(set, access, end)
		if (READ_ONCE(access->buf->nr_followers))
			look_at_watchers(access, end);
}

static void remove_some(struct dsync_set *set, struct dsync_access *access,
			struct dsync_access *end)
{
	struct dsync_buf *buf = access->buf;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (; access < end; access++) {
		dsync_buf_remove_queued(buf, access);
		dsync_queue_wake_watchers(access);
	}
	dsync_queue_unlock(buf, flags);
}

/* Nobody but the set's own task, or worker, changes its state. */
static void cancel_many(struct dsync_set *set)
{
	struct dsync_access *access, *end;

	dsync_queue_unwatch(set);
	dsync_set_for_each_part(set, access, end)
		remove_some(set, access, end);
	dsync_owner_del_waiting(set->owner, set);
	WRITE_ONCE(set->state, DSYNC_NEW);
}

static bool cancel_local(struct dsync_set *set)
{
	struct dsync_buf *buf = set->accesses[0].buf;
	struct dsync_access *access;
	unsigned long flags;
	bool cancelled;

	dsync_buf_lock(buf, &flags);
	cancelled = set->state == DSYNC_QUEUED;
	if (cancelled) {
		list_del_init(&set->watch);
		dsync_set_for_each(set, access) {
			dsync_buf_remove_queued(buf, access);
			dsync_queue_wake_watchers(access);
		}
		dsync_owner_del_waiting(set->owner, set);
		WRITE_ONCE(set->state, DSYNC_NEW);
	}
	dsync_queue_unlock(buf, flags);
	return cancelled;
}

/**
 * dsync_queue_cancel() - the set gives up, unless it was handed over
 * @set: a set that was queued
 *
 * Nobody kicks the set any more when this returns. Those behind it may go on.
 *
 * Context: process context, the set's own task or worker. Needs no resv: requests only
 * become fewer.
 * Return: true if the set is new again; false: it is held.
 */
bool dsync_queue_cancel(struct dsync_set *set)
{
	if (set->local)
		return cancel_local(set);
	cancel_many(set);
	return true;
}
