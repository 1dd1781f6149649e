// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users: what the owners of one user have in all, and how much that may be. So it does not help
 * to open one context more, or to start one process more. Each user has counters of its own, and
 * finds them when an owner is made.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "limit.h"
#include "user.h"

static unsigned int max_user_owners = 8192;
module_param_cb(max_user_owners, &dsync_limit_ops, &max_user_owners, 0644);
MODULE_PARM_DESC(max_user_owners, "contexts, sync objects and locking processes of one user, at least 1");

static unsigned int max_user_accesses = 65536;
module_param_cb(max_user_accesses, &dsync_limit_ops, &max_user_accesses, 0644);
MODULE_PARM_DESC(max_user_accesses, "accesses that one user may have, held and requested, at least 1");

static unsigned int max_user_queued = 8192;
module_param_cb(max_user_queued, &dsync_limit_ops, &max_user_queued, 0644);
MODULE_PARM_DESC(max_user_queued, "accesses of one user that may wait, at least 1");

static unsigned int max_user_buffers = 8192;
module_param_cb(max_user_buffers, &dsync_limit_ops, &max_user_buffers, 0644);
MODULE_PARM_DESC(max_user_buffers, "dma-bufs that the sets of one user may keep, at least 1");

static unsigned int max_user_timelines = 8192;
module_param_cb(max_user_timelines, &dsync_limit_ops, &max_user_timelines, 0644);
MODULE_PARM_DESC(max_user_timelines, "descriptors of timelines that one user may have opened, at least 1");

static unsigned int max_user_points = 16384;
module_param_cb(max_user_points, &dsync_limit_ops, &max_user_points, 0644);
MODULE_PARM_DESC(max_user_points, "points that one user may wait for or owe, at least 1");

static unsigned int max_user_marks = 1024;
module_param_cb(max_user_marks, &dsync_limit_ops, &max_user_marks, 0644);
MODULE_PARM_DESC(max_user_marks, "abandoned and revoked ranges of one user that are remembered, at least 1");

static const struct rhashtable_params user_params = {
	.head_offset		= offsetof(struct dsync_user, node),
	.key_offset		= offsetof(struct dsync_user, key),
	.key_len		= sizeof(struct dsync_user_key),
	.automatic_shrinking	= true,
};

static struct rhashtable users;

/**
 * dsync_user_start() - make the table
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_user_start(void)
{
	return rhashtable_init(&users, &user_params);
}

/**
 * dsync_user_stop() - free the table, which is empty by now
 */
void dsync_user_stop(void)
{
	WARN_ON(atomic_read(&users.nelems));
	rhashtable_destroy(&users);
}

/*
 * Who made a user namespace has all its users: who may map many of them does not have the quota of
 * many. What root made, a container, is not root's.
 */
static kuid_t current_payer(void)
{
	struct user_namespace *ns;
	kuid_t uid = current_uid();

	for (ns = current_user_ns(); ns->parent; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			uid = ns->owner;
	return uid;
}

static struct dsync_user *user_find(const struct dsync_user_key *key)
{
	struct dsync_user *user;

	rcu_read_lock();
	user = rhashtable_lookup(&users, key, user_params);
	if (user && !refcount_inc_not_zero(&user->ref))
		user = NULL;
	rcu_read_unlock();
	return user;
}

static struct dsync_user *user_alloc(const struct dsync_user_key *key)
{
	struct dsync_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (!user)
		return NULL;
	user->key = *key;
	refcount_set(&user->ref, 1);
	spin_lock_init(&user->lock);
	INIT_LIST_HEAD(&user->marks);
	return user;
}

/*
 * Put a user into the table. Return: NULL, or the one that is there already, with a reference, or
 * an error pointer.
 */
static struct dsync_user *user_insert(struct dsync_user *user)
{
	struct dsync_user *other;
	bool alive;

	do {
		rcu_read_lock();
		other = rhashtable_lookup_get_insert_fast(&users, &user->node, user_params);
		alive = IS_ERR_OR_NULL(other) || refcount_inc_not_zero(&other->ref);
		/* Dead, and about to be taken out: whoever comes first does it. */
		if (!alive)
			rhashtable_remove_fast(&users, &other->node, user_params);
		rcu_read_unlock();
	} while (!alive);
	return other;
}

static struct dsync_user_key current_key(void)
{
	return (struct dsync_user_key){
		.uid = current_payer(),
		.privileged = ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE),
	};
}

/**
 * dsync_user_get() - the user that the current task is accounted to
 *
 * It is the real user of the task, and another one with CAP_SYS_RESOURCE than without. In a user
 * namespace that somebody else than root has made, it is whoever made that.
 *
 * Context: process context; may sleep.
 * Return: the user with a reference for the caller, or NULL without memory.
 */
struct dsync_user *dsync_user_get(void)
{
	struct dsync_user_key key = current_key();
	struct dsync_user *user = user_find(&key), *other;

	if (user)
		return user;
	user = user_alloc(&key);
	if (!user)
		return NULL;
	other = user_insert(user);
	if (!other)
		return user;
	kfree(user);
	return IS_ERR(other) ? NULL : other;
}

/**
 * dsync_user_is_current() - is the current task accounted to a user
 * @user: the user
 *
 * Whether it has CAP_SYS_RESOURCE does not matter.
 *
 * Context: process context.
 * Return: true if so.
 */
bool dsync_user_is_current(const struct dsync_user *user)
{
	return uid_eq(user->key.uid, current_payer());
}

/**
 * dsync_user_put() - drop a reference
 * @user: the user
 *
 * Context: any.
 */
void dsync_user_put(struct dsync_user *user)
{
	if (!refcount_dec_and_test(&user->ref))
		return;
	WARN_ON_ONCE(!list_empty(&user->marks));
	/* The one who looked it up dead may have been faster. */
	rhashtable_remove_fast(&users, &user->node, user_params);
	kfree_rcu(user, rcu);
}

static unsigned int *const limits[] = {
	[DSYNC_QUOTA_OWNERS] = &max_user_owners,
	[DSYNC_QUOTA_ACCESSES] = &max_user_accesses,
	[DSYNC_QUOTA_QUEUED] = &max_user_queued,
	[DSYNC_QUOTA_BUFFERS] = &max_user_buffers,
	[DSYNC_QUOTA_TIMELINES] = &max_user_timelines,
	[DSYNC_QUOTA_POINTS] = &max_user_points,
	[DSYNC_QUOTA_MARKS] = &max_user_marks,
	[DSYNC_QUOTA_PIECES] = &max_user_marks,
};

/**
 * dsync_user_limit() - how many one user may have
 * @quota: of what
 *
 * Return: the limit, as it is now.
 */
unsigned int dsync_user_limit(enum dsync_quota quota)
{
	return READ_ONCE(*limits[quota]);
}

/* What a privileged user abandoned stays, too: nobody tells when the dma-buf is gone. */
static unsigned int user_limit(const struct dsync_user *user, enum dsync_quota quota)
{
	if (user->key.privileged && quota < DSYNC_QUOTA_MARKS)
		return INT_MAX;
	return dsync_user_limit(quota);
}

/**
 * dsync_user_charge() - count what a user gets
 * @user: the user
 * @quota: what it is
 * @nr: how many
 *
 * Context: any.
 * Return: 0, or -ENOLCK if the user would have more than it may have.
 */
int dsync_user_charge(struct dsync_user *user, enum dsync_quota quota, unsigned int nr)
{
	return dsync_limit_charge(&user->nr[quota], user_limit(user, quota), nr);
}

/**
 * dsync_user_charge_over() - the same, whatever the limit is
 * @user: the user
 * @quota: what it is
 * @nr: how many
 *
 * Context: any.
 */
void dsync_user_charge_over(struct dsync_user *user, enum dsync_quota quota, unsigned int nr)
{
	atomic_add(nr, &user->nr[quota]);
}

/**
 * dsync_user_uncharge() - take back dsync_user_charge()
 * @user: the user
 * @quota: what it was
 * @nr: how many
 *
 * Context: any.
 */
void dsync_user_uncharge(struct dsync_user *user, enum dsync_quota quota, unsigned int nr)
{
	atomic_sub(nr, &user->nr[quota]);
}
