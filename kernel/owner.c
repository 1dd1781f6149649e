// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: who has accesses, how many, and what they wait for.
 *
 * An owner that holds something while it waits is the only kind of node that a cycle in the
 * wait-for graph can pass through. There are two ways to become one, and whoever takes the
 * second step finds what the first one made (atomic_add_return() and smp_mb() order them):
 *
 *	acquires				begins to wait
 *	  in a tree of held accesses		  in a tree of queued ones
 *	  nr_held grows				  on the list of those that wait
 *	  does it wait?				  does it hold?
 *
 * Who finds that it does searches the graph (graph.c).
 */
#include <linux/cache.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "limit.h"
#include "owner.h"
#include "set.h"
#include "ticket.h"
#include "user.h"

static unsigned int max_accesses = 16384;
module_param_cb(max_accesses, &dsync_limit_ops, &max_accesses, 0644);
MODULE_PARM_DESC(max_accesses, "accesses that one owner may have, held and requested, at least 1");

static unsigned int max_queued = 1024;
module_param_cb(max_queued, &dsync_limit_ops, &max_queued, 0644);
MODULE_PARM_DESC(max_queued, "accesses of one owner that may wait, at least 1");

DEFINE_WW_CLASS(dsync_verdict_class);

/*
 * Ids go on where the load before this one ended, although nothing of it is left: counting
 * begins at the time since boot, in units in which no CPU can draw more than one id. They
 * need 64 bits after years only, and about twelve digits in the first hours.
 */
#define ID_UNIT_SHIFT	6

static u64 first_nr __ro_after_init;
static DEFINE_PER_CPU(u64, last_nr);

/**
 * dsync_owner_start() - begin to count ids
 *
 * Return: 0.
 */
int dsync_owner_start(void)
{
	first_nr = ktime_get_ns() >> ID_UNIT_SHIFT;
	return 0;
}

/**
 * dsync_ids_draw() - draw ids for some accesses
 * @nr: how many
 *
 * Each CPU counts for itself, so that the uncontended path writes to nothing that is shared.
 *
 * Context: any.
 * Return: the first id; each of the others is nr_cpu_ids more than the one before. None was used
 * since boot, over all loads of the module, and none is 0.
 */
u64 dsync_ids_draw(unsigned int nr)
{
	unsigned int cpu = get_cpu();
	u64 last = first_nr + this_cpu_add_return(last_nr, nr);

	put_cpu();
	return (last - nr + 1) * nr_cpu_ids + cpu;
}

static int owner_attach(struct dsync_owner *owner)
{
	int ret;

	owner->user = dsync_user_get();
	if (!owner->user)
		return -ENOMEM;
	ret = dsync_user_charge(owner->user, DSYNC_QUOTA_OWNERS, 1);
	if (ret)
		dsync_user_put(owner->user);
	return ret;
}

/**
 * dsync_owner_create() - make an owner on behalf of the current task
 * @kind: DMABUF_SYNC_OWNER_...
 * @name: what to call it, or NULL for the task's name
 *
 * Context: process context; may sleep.
 * Return: the owner, or an error pointer: -ENOLCK (the user has too many) or -ENOMEM.
 */
struct dsync_owner *dsync_owner_create(u32 kind, const char *name)
{
	struct dsync_owner *owner;
	int ret;

	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return ERR_PTR(-ENOMEM);
	ret = owner_attach(owner);
	if (ret) {
		kfree(owner);
		return ERR_PTR(ret);
	}

	owner->id = dsync_id_next();
	owner->kind = kind;
	owner->tgid = task_tgid_nr(current);
	owner->pid = get_pid(task_tgid(current));
	strscpy(owner->name, name ?: current->comm, sizeof(owner->name));
	kref_init(&owner->ref);
	ww_mutex_init(&owner->verdict, &dsync_verdict_class);
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->waiting);
	INIT_HLIST_HEAD(&owner->tickets);
	return owner;
}

void dsync_owner_get(struct dsync_owner *owner)
{
	kref_get(&owner->ref);
}

static void owner_release(struct kref *ref)
{
	struct dsync_owner *owner = container_of(ref, struct dsync_owner, ref);

	WARN_ON_ONCE(atomic_read(&owner->nr_accesses) || atomic_read(&owner->nr_held) ||
		     atomic_read(&owner->nr_queued) || atomic_read(&owner->nr_buffers) ||
		     !list_empty(&owner->waiting));
	dsync_ticket_drop(owner);
	ww_mutex_destroy(&owner->verdict);
	put_pid(owner->pid);
	dsync_user_uncharge(owner->user, DSYNC_QUOTA_OWNERS, 1);
	dsync_user_put(owner->user);
	kfree_rcu(owner, rcu);
}

/**
 * dsync_owner_put() - drop a reference
 * @owner: the owner; it goes with the last one
 *
 * Context: any.
 */
void dsync_owner_put(struct dsync_owner *owner)
{
	kref_put(&owner->ref, owner_release);
}

/* Count something of an owner's, and of its user's, unless one has enough of it. */
static int charge(struct dsync_owner *owner, atomic_t *count, unsigned int max,
		  enum dsync_quota quota, unsigned int nr)
{
	int ret = dsync_limit_charge(count, max, nr);

	if (ret)
		return ret;
	ret = dsync_user_charge(owner->user, quota, nr);
	if (ret)
		atomic_sub(nr, count);
	return ret;
}

static void uncharge(struct dsync_owner *owner, atomic_t *count, enum dsync_quota quota,
		     unsigned int nr)
{
	atomic_sub(nr, count);
	dsync_user_uncharge(owner->user, quota, nr);
}

/**
 * dsync_owner_max_accesses() - limit of dsync_owner_charge()
 *
 * Return: accesses of one owner.
 */
unsigned int dsync_owner_max_accesses(void)
{
	return READ_ONCE(max_accesses);
}

/**
 * dsync_owner_max_queued() - limit of dsync_owner_charge_queued()
 *
 * Return: accesses of one owner.
 */
unsigned int dsync_owner_max_queued(void)
{
	return READ_ONCE(max_queued);
}

/**
 * dsync_owner_charge() - count new accesses against the limits of the owner and of its user
 * @owner: the owner
 * @nr: accesses
 *
 * Return: 0, or -ENOLCK when that is more than max_accesses, or max_user_accesses, in all.
 */
int dsync_owner_charge(struct dsync_owner *owner, unsigned int nr)
{
	return charge(owner, &owner->nr_accesses, dsync_owner_max_accesses(),
		      DSYNC_QUOTA_ACCESSES, nr);
}

/**
 * dsync_owner_charge_part() - count more accesses, whatever the limits are
 * @owner: the owner, which splits what it has
 * @nr: accesses
 */
void dsync_owner_charge_part(struct dsync_owner *owner, unsigned int nr)
{
	atomic_add(nr, &owner->nr_accesses);
	dsync_user_charge_over(owner->user, DSYNC_QUOTA_ACCESSES, nr);
}

/**
 * dsync_owner_uncharge() - take back dsync_owner_charge()
 * @owner: the owner
 * @nr: accesses
 *
 * Context: any.
 */
void dsync_owner_uncharge(struct dsync_owner *owner, unsigned int nr)
{
	uncharge(owner, &owner->nr_accesses, DSYNC_QUOTA_ACCESSES, nr);
}

/**
 * dsync_owner_charge_queued() - count accesses that are going to wait
 * @owner: the owner
 * @nr: accesses; dsync_owner_del_waiting() takes it back
 *
 * Context: any.
 * Return: 0, or -ENOLCK when that is more than max_queued, or max_user_queued, in all.
 */
int dsync_owner_charge_queued(struct dsync_owner *owner, unsigned int nr)
{
	return charge(owner, &owner->nr_queued, dsync_owner_max_queued(), DSYNC_QUOTA_QUEUED, nr);
}

/**
 * dsync_owner_charge_buffers() - count dma-bufs that a set keeps
 * @owner: the owner
 * @nr: dma-bufs
 *
 * Return: 0, or -ENOLCK when that is more than max_user_buffers in all.
 */
int dsync_owner_charge_buffers(struct dsync_owner *owner, unsigned int nr)
{
	return charge(owner, &owner->nr_buffers, INT_MAX, DSYNC_QUOTA_BUFFERS, nr);
}

/**
 * dsync_owner_charge_buffers_part() - the same, of a set in whose place another one was counted
 * @owner: the owner
 * @nr: dma-bufs
 */
void dsync_owner_charge_buffers_part(struct dsync_owner *owner, unsigned int nr)
{
	atomic_add(nr, &owner->nr_buffers);
	dsync_user_charge_over(owner->user, DSYNC_QUOTA_BUFFERS, nr);
}

/**
 * dsync_owner_uncharge_buffers() - take back dsync_owner_charge_buffers()
 * @owner: the owner
 * @nr: dma-bufs
 *
 * Context: any.
 */
void dsync_owner_uncharge_buffers(struct dsync_owner *owner, unsigned int nr)
{
	uncharge(owner, &owner->nr_buffers, DSYNC_QUOTA_BUFFERS, nr);
}

/**
 * dsync_owner_add_waiting() - the owner waits for a set
 * @owner: the owner
 * @set: its set, counted by dsync_owner_charge_queued()
 *
 * Context: any. A full barrier.
 */
void dsync_owner_add_waiting(struct dsync_owner *owner, struct dsync_set *set)
{
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	list_add_tail(&set->waiting, &owner->waiting);
	WRITE_ONCE(owner->nr_blocked, owner->nr_blocked + !set->done);
	spin_unlock_irqrestore(&owner->lock, flags);
	/* Pairs with atomic_add_return() in dsync_owner_add_held(): see above. */
	smp_mb();
}

/**
 * dsync_owner_del_waiting() - take back dsync_owner_add_waiting()
 * @owner: the owner
 * @set: its set
 *
 * Context: any.
 */
void dsync_owner_del_waiting(struct dsync_owner *owner, struct dsync_set *set)
{
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	list_del_init(&set->waiting);
	WRITE_ONCE(owner->nr_blocked, owner->nr_blocked - !set->done);
	spin_unlock_irqrestore(&owner->lock, flags);
	uncharge(owner, &owner->nr_queued, DSYNC_QUOTA_QUEUED, set->nr);
}

/**
 * dsync_owner_next_waiting() - walk the sets that an owner waits for
 * @owner: the owner
 * @prev: the set before, with a reference, or NULL to begin
 *
 * Where @prev does not wait any more the walk begins anew.
 *
 * Context: any.
 * Return: the next set with a reference for the caller, or NULL.
 */
struct dsync_set *dsync_owner_next_waiting(struct dsync_owner *owner,
					   struct dsync_set *prev)
{
	struct list_head *pos = &owner->waiting;
	struct dsync_set *set = NULL;
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	if (prev && !list_empty(&prev->waiting))
		pos = &prev->waiting;
	if (!list_is_last(pos, &owner->waiting)) {
		set = list_entry(pos->next, struct dsync_set, waiting);
		dsync_set_get(set);
	}
	spin_unlock_irqrestore(&owner->lock, flags);
	return set;
}

/**
 * dsync_owner_kick() - let a set look again, if it waits, for what only its owner waits for
 * @owner: the owner
 * @set: one of its sets, which the caller has a reference on
 *
 * A queued request is left to its user's tasks.
 *
 * Context: any.
 */
void dsync_owner_kick(struct dsync_owner *owner, struct dsync_set *set)
{
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	if (!list_empty(&set->waiting)) {
		if (set->by_task)
			set->done(set, 0);
		else
			dsync_set_kick(set);
	}
	spin_unlock_irqrestore(&owner->lock, flags);
}
