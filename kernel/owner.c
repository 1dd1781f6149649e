// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: who has accesses, how many, and what they wait for.
 *
 * An owner that holds something while it waits is the only kind of node that a cycle
 * in the wait-for graph can pass through. Becoming such an owner, by either of the
 * two ways below, therefore happens with the graph locked, and nobody else needs it.
 */
#include <linux/cache.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "limit.h"
#include "owner.h"
#include "set.h"

static unsigned int max_accesses = 16384;
module_param_cb(max_accesses, &dsync_limit_ops, &max_accesses, 0644);
MODULE_PARM_DESC(max_accesses, "accesses that one owner may have, held and requested, at least 1");

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
 * dsync_id_next() - draw an id for an owner or an access
 *
 * Each CPU counts for itself, so that the uncontended path writes to nothing that is shared.
 *
 * Context: any.
 * Return: a number that was not used since boot, over all loads of the module; never 0.
 */
u64 dsync_id_next(void)
{
	unsigned int cpu = get_cpu();
	u64 nr = first_nr + this_cpu_inc_return(last_nr);

	put_cpu();
	return nr * nr_cpu_ids + cpu;
}

/**
 * dsync_owner_create() - make an owner on behalf of the current task
 * @kind: DMABUF_SYNC_OWNER_...
 * @name: what to call it, or NULL for the task's name
 *
 * Context: process context; may sleep.
 * Return: the owner, or NULL without memory.
 */
struct dsync_owner *dsync_owner_create(u32 kind, const char *name)
{
	struct dsync_owner *owner;

	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return NULL;

	owner->id = dsync_id_next();
	owner->kind = kind;
	owner->tgid = task_tgid_nr(current);
	owner->pid = get_pid(task_tgid(current));
	strscpy(owner->name, name ?: current->comm, sizeof(owner->name));
	kref_init(&owner->ref);
	mutex_init(&owner->entering);
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->waiting);
	return owner;
}

void dsync_owner_get(struct dsync_owner *owner)
{
	kref_get(&owner->ref);
}

static void owner_free(struct rcu_head *rcu)
{
	struct dsync_owner *owner = container_of(rcu, struct dsync_owner, rcu);

	put_pid(owner->pid);
	kfree(owner);
}

static void owner_release(struct kref *ref)
{
	struct dsync_owner *owner = container_of(ref, struct dsync_owner, ref);

	WARN_ON_ONCE(owner->nr_accesses || owner->nr_held ||
		     !list_empty(&owner->waiting));
	call_rcu(&owner->rcu, owner_free);
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

/**
 * dsync_owner_charge() - count new accesses against the owner's limit
 * @owner: the owner
 * @nr: accesses
 *
 * Return: 0, or -ENOLCK when that is more than max_accesses in all.
 */
int dsync_owner_charge(struct dsync_owner *owner, unsigned int nr)
{
	unsigned int max = READ_ONCE(max_accesses);
	unsigned long flags;
	int ret = -ENOLCK;

	spin_lock_irqsave(&owner->lock, flags);
	if (owner->nr_accesses <= max && nr <= max - owner->nr_accesses) {
		owner->nr_accesses += nr;
		ret = 0;
	}
	spin_unlock_irqrestore(&owner->lock, flags);
	return ret;
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
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	owner->nr_accesses -= nr;
	spin_unlock_irqrestore(&owner->lock, flags);
}

/**
 * dsync_owner_holds() - does the owner hold anything
 * @owner: the owner
 *
 * Lockless: only an answer of "no" while the owner waits is relied upon, and that
 * turns into "yes" with a kick (dsync_graph_kick_cycle()).
 *
 * Return: true if it holds an access.
 */
bool dsync_owner_holds(struct dsync_owner *owner)
{
	return READ_ONCE(owner->nr_held);
}

/**
 * dsync_owner_add_held() - count the accesses of a set as held
 * @owner: the owner
 * @set: its set, about to be held; it may be on the list of those that wait
 * @graph: the graph is locked
 *
 * Return: false if nothing was done because the graph must be locked first: the owner
 * waits for other sets, too.
 */
bool dsync_owner_add_held(struct dsync_owner *owner, struct dsync_set *set,
			  bool graph)
{
	unsigned long flags;
	bool others;

	spin_lock_irqsave(&owner->lock, flags);
	others = set->queued ? !list_is_singular(&owner->waiting) :
			       !list_empty(&owner->waiting);
	if (graph || !others)
		WRITE_ONCE(owner->nr_held, owner->nr_held + set->nr);
	spin_unlock_irqrestore(&owner->lock, flags);
	return graph || !others;
}

/**
 * dsync_owner_sub_held() - take back dsync_owner_add_held()
 * @owner: the owner
 * @nr: accesses
 *
 * Context: any.
 */
void dsync_owner_sub_held(struct dsync_owner *owner, unsigned int nr)
{
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	WRITE_ONCE(owner->nr_held, owner->nr_held - nr);
	spin_unlock_irqrestore(&owner->lock, flags);
}

/**
 * dsync_owner_swap_held() - some accesses are held instead of others
 * @owner: the owner
 * @old_nr: accesses it held
 * @new_nr: accesses it holds in their stead, none of other bytes or of a stronger mode
 *
 * Nobody is kept waiting who was not before, so the graph need not be locked.
 */
void dsync_owner_swap_held(struct dsync_owner *owner, unsigned int old_nr,
			   unsigned int new_nr)
{
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	WRITE_ONCE(owner->nr_held, owner->nr_held - old_nr + new_nr);
	spin_unlock_irqrestore(&owner->lock, flags);
}

/**
 * dsync_owner_add_waiting() - the owner waits for a set
 * @owner: the owner
 * @set: its set
 * @graph: the graph is locked
 *
 * Return: false if nothing was done because the graph must be locked first: the owner
 * holds something.
 */
bool dsync_owner_add_waiting(struct dsync_owner *owner, struct dsync_set *set,
			     bool graph)
{
	unsigned long flags;
	bool held;

	if (graph)
		mutex_lock(&owner->entering);
	spin_lock_irqsave(&owner->lock, flags);
	held = owner->nr_held;
	if (graph || !held) {
		dsync_walk_hide(set);
		list_add_tail(&set->waiting, &owner->waiting);
		set->queued = true;
	}
	spin_unlock_irqrestore(&owner->lock, flags);
	if (graph)
		mutex_unlock(&owner->entering);
	return graph || !held;
}

/**
 * dsync_owner_del_waiting() - take back dsync_owner_add_waiting()
 * @owner: the owner
 * @set: its set
 */
void dsync_owner_del_waiting(struct dsync_owner *owner, struct dsync_set *set)
{
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	list_del_init(&set->waiting);
	WRITE_ONCE(set->queued, false);
	spin_unlock_irqrestore(&owner->lock, flags);
}

/**
 * dsync_owner_kick() - let a set look again, if it waits
 * @owner: the owner
 * @set: one of its sets, which the caller has a reference on
 */
void dsync_owner_kick(struct dsync_owner *owner, struct dsync_set *set)
{
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	if (set->queued)
		dsync_set_kick(set);
	spin_unlock_irqrestore(&owner->lock, flags);
}
