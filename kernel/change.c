// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes: what a held set of a context consists of is replaced, and nobody gets in between.
 *
 * The set that comes in its place is one of the same owner, so both can be held at once. It is
 * acquired as any other set is, with all that this means: order, deadlocks, fences, windows. The
 * one that is there stays as it is meanwhile, and goes afterwards:
 *
 *	nothing new	claim -> hold -> replace	waits for nobody, fails for nobody
 *	something new	request -> claim -> replace	as an acquire
 *
 * So a change that fails has changed nothing. What ends the old set (release, lease, close) and
 * the change compete for its state: whoever is first has it, and the other one fails. Where
 * nothing new is requested the claim comes first: the old set keeps others out while the new
 * accesses enter the tables without being looked at.
 */
#include <linux/dma-buf.h>
#include <linux/errno.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "abandon.h"
#include "buf.h"
#include "change.h"
#include "context.h"
#include "entry.h"
#include "gap.h"
#include "graph.h"
#include "owner.h"
#include "points.h"
#include "release.h"
#include "replace.h"
#include "request.h"
#include "user.h"

/**
 * dsync_change_has() - does a set have an access to a dma-buf
 * @set: the set, engaged
 * @dmabuf: the dma-buf
 *
 * Return: true if so: it can be changed to have others there.
 */
bool dsync_change_has(const struct dsync_set *set, const struct dma_buf *dmabuf)
{
	const struct dsync_access *access;

	dsync_set_for_each(set, access)
		if (access->buf->dmabuf == dmabuf)
			return true;
	return false;
}

/* Is there nothing that the old set does not have? */
static bool is_less(const struct dsync_change *change)
{
	const struct dsync_access *access;
	struct dsync_gap gap;

	dsync_set_for_each(&change->new->set, access)
		dsync_gap_for_each(&change->old->set, access, gap)
			return false;
	return true;
}

static u8 marks_in(struct dsync_buf *buf, const struct dsync_gap *gap)
{
	unsigned long flags;
	u8 marks;

	dsync_buf_lock(buf, &flags);
	marks = dsync_abandon_overlaps(buf, gap->start, gap->last);
	dsync_buf_unlock(buf, flags);
	return marks;
}

/* Of bytes that the old set does not have: of the others the caller was told. */
static u8 new_marks(const struct dsync_change *change)
{
	const struct dsync_access *access;
	struct dsync_access bytes;
	struct dsync_gap gap;
	u8 marks = 0;

	dsync_set_for_each(&change->new->set, access) {
		if (!access->marks)
			continue;
		bytes = (struct dsync_access){
			.buf = access->buf, .start = access->start, .last = access->last,
			.mode = DMA_BUF_ACCESS_R,
		};
		dsync_gap_for_each(&change->old->set, &bytes, gap)
			marks |= marks_in(access->buf, &gap);
	}
	return marks;
}

/* Both sets are DSYNC_CHANGING. Others may end the new one as soon as it is ready. */
static void replace(const struct dsync_change *change)
{
	dsync_entry_replace(change->old, change->new);
	dsync_replace_all(&change->old->set, &change->new->set);
}

/* Whoever wants to end a set that is DSYNC_CHANGING waits for the lock. */
static int with_both(const struct dsync_change *change,
		     int (*step)(const struct dsync_change *change))
{
	struct dsync_set *old = &change->old->set, *new = &change->new->set;
	int ret;

	dsync_set_get(new);
	mutex_lock(&old->run);
	mutex_lock_nested(&new->run, SINGLE_DEPTH_NESTING);
	ret = step(change);
	mutex_unlock(&new->run);
	mutex_unlock(&old->run);
	dsync_set_put(new);
	return ret;
}

static int shrink(const struct dsync_change *change)
{
	int ret = dsync_entry_claim(change->old);

	if (ret)
		return ret;
	dsync_replace_less(&change->old->set, &change->new->set);
	replace(change);
	return 0;
}

/* Nothing is acquired, so nothing is told. */
static int change_to_less(const struct dsync_change *change)
{
	return with_both(change, shrink);
}

/* The set may end while the call sleeps: then there is nothing to change. */
static int request_sleeping(const struct dsync_change *change)
{
	struct dsync_set *new = &change->new->set;
	int ret, lost;

	dsync_set_adopt(new);
	ret = dsync_entry_await(change->old, new);
	if (ret)
		return ret;
	ret = dsync_context_request(change->file, new, change->arg->deadline_ns);
	lost = dsync_entry_awake(change->old);
	return ret == -ECANCELED && lost ? lost : ret;
}

static int request(const struct dsync_change *change)
{
	if (change->arg->flags & DMABUF_SYNC_CHANGE_NONBLOCK)
		return dsync_request_nonblock(&change->new->set);
	return request_sleeping(change);
}

/* It is as it was. A search may have passed it by meanwhile. */
static void unclaim(struct dsync_set *set)
{
	dsync_release_unclaim(set);
	if (dsync_owner_waits(set->owner))
		dsync_graph_moved(set);
}

/* What was reached meanwhile is not to be done once more, with more bytes. */
static int claim_old(const struct dsync_change *change)
{
	struct dsync_set *old = &change->old->set;
	int ret = dsync_entry_claim(change->old);

	if (ret)
		return ret;
	if (old->has_points)
		ret = dsync_points_check(old);
	if (ret)
		unclaim(old);
	return ret;
}

/* Return: 0, or -EFAULT: to be repeated after answer_make(). */
static int answer_fill(const struct dsync_change *change)
{
	u32 status = dsync_entry_status_of(new_marks(change));

	return copy_to_user_nofault(change->status, &status, sizeof(status));
}

/* Somebody may take the memory away again and again. Return: 0: answer_fill() is to be repeated. */
static int answer_make(const struct dsync_change *change)
{
	if (fault_in_subpage_writeable((char __user *)change->status, sizeof(u32)))
		return -EFAULT;
	cond_resched();
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/* The new set is claimed. The answer is the last thing that can fail. */
static int exchange_old(const struct dsync_change *change)
{
	int ret = claim_old(change);

	if (ret)
		return ret;
	ret = answer_fill(change);
	if (ret)
		unclaim(&change->old->set);
	else
		replace(change);
	return ret;
}

/* Both sets are ready, and others may end either of them, as their leases may be over. */
static int exchange(const struct dsync_change *change)
{
	int ret;

	if (!dsync_release_claim(&change->new->set))
		return -EOWNERDEAD;
	ret = exchange_old(change);
	if (ret)
		unclaim(&change->new->set);
	return ret;
}

/* Whoever was passed the set does not fill the queue of the user that asked for it. */
static int may_wait(const struct dsync_change *change)
{
	if (change->arg->flags & DMABUF_SYNC_CHANGE_NONBLOCK ||
	    dsync_user_is_current(change->old->set.owner->user))
		return 0;
	return -EPERM;
}

static int change_to_more(const struct dsync_change *change)
{
	struct dsync_entry *new = change->new;
	int ret = may_wait(change) ?: request(change);

	if (ret)
		return ret;
	/* Not with the memory of the caller to wait for while both sets can end, one by one. */
	do {
		ret = with_both(change, exchange);
	} while (ret == -EFAULT && !(ret = answer_make(change)));
	/* Nobody was told of it. If its lease was over it has ended already. */
	if (ret)
		dsync_release(&new->set, DSYNC_END_UNDELIVERED);
	return ret;
}

/**
 * dsync_change_make() - change a set
 * @change: how; what is not needed any more is forgotten: the new entry if this fails, else
 *	the old one, which stays engaged
 *
 * Context: process context; sleeps, interruptibly where it waits for others.
 * Return: 0 or a negative errno, see struct dmabuf_sync_change.
 */
int dsync_change_make(struct dsync_change *change)
{
	struct dsync_set *old = &change->old->set;
	int ret = 0;

	/* Before anything is done: memory that is not there fails here, or comes. */
	if (put_user(0, change->status))
		ret = -EFAULT;
	if (!ret)
		ret = is_less(change) ? change_to_less(change) : change_to_more(change);
	if (ret) {
		dsync_entry_forget(change->new);
		return ret;
	}
	if (change->old->queued)
		dsync_request_cancel(old);
	dsync_entry_forget(change->old);
	return 0;
}
