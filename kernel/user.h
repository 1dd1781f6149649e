/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_USER_H
#define _DSYNC_USER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

/**
 * enum dsync_quota - what is counted of a user
 * @DSYNC_QUOTA_OWNERS: owners
 * @DSYNC_QUOTA_ACCESSES: accesses of its owners, held and requested
 * @DSYNC_QUOTA_QUEUED: those of them that wait
 * @DSYNC_QUOTA_BUFFERS: dma-bufs that its sets keep, each as often as it is in a set
 * @DSYNC_QUOTA_TIMELINES: descriptors of timelines that it opened
 * @DSYNC_QUOTA_POINTS: points that its requests, and its calls, wait for or owe
 * @DSYNC_QUOTA_MARKS: write accesses that its owners abandoned and that are remembered
 * @DSYNC_QUOTA_PIECES: what its owners have cut off the marks of others
 * @DSYNC_NR_QUOTAS: how many kinds there are
 */
enum dsync_quota {
	DSYNC_QUOTA_OWNERS,
	DSYNC_QUOTA_ACCESSES,
	DSYNC_QUOTA_QUEUED,
	DSYNC_QUOTA_BUFFERS,
	DSYNC_QUOTA_TIMELINES,
	DSYNC_QUOTA_POINTS,
	DSYNC_QUOTA_MARKS,
	DSYNC_QUOTA_PIECES,
	DSYNC_NR_QUOTAS,
};

/**
 * struct dsync_user_key - a user
 * @uid: whose; see dsync_user_get()
 * @privileged: with CAP_SYS_RESOURCE: all limits but that of marks are for the others
 */
struct dsync_user_key {
	kuid_t uid;
	u32 privileged;
};

/**
 * struct dsync_user - who pays for owners and for what they have
 * @node: in the table of users
 * @key: who it is
 * @ref: one per owner, mark, descriptor of a timeline and request with points; 0: dead, not to
 *	be used
 * @rcu: frees it after the last look-up
 * @nr: what it has of each kind
 */
struct dsync_user {
	struct rhash_head node;
	struct dsync_user_key key;
	refcount_t ref;
	struct rcu_head rcu;
	atomic_t nr[DSYNC_NR_QUOTAS];

	/** @lock: protects @marks; taken inside &dsync_buf.lock, and none inside it */
	spinlock_t lock;
	/** @marks: struct dsync_mark, by &dsync_mark.link, the oldest first */
	struct list_head marks;
};

int dsync_user_start(void);
void dsync_user_stop(void);

struct dsync_user *dsync_user_get(void);
bool dsync_user_is_current(const struct dsync_user *user);
void dsync_user_put(struct dsync_user *user);

int dsync_user_charge(struct dsync_user *user, enum dsync_quota quota, unsigned int nr);
void dsync_user_charge_over(struct dsync_user *user, enum dsync_quota quota, unsigned int nr);
void dsync_user_uncharge(struct dsync_user *user, enum dsync_quota quota, unsigned int nr);
/* What the user has, at this moment. */
static inline unsigned int dsync_user_count(const struct dsync_user *user, enum dsync_quota quota)
{
	return atomic_read(&user->nr[quota]);
}

unsigned int dsync_user_limit(enum dsync_quota quota);

#endif /* _DSYNC_USER_H */
