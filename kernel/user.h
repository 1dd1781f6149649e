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
 * @DSYNC_QUOTA_MARKS: write accesses that its owners abandoned and that are remembered
 * @DSYNC_QUOTA_PIECES: what its owners have cut off the marks of others
 */
enum dsync_quota {
	DSYNC_QUOTA_MARKS,
	DSYNC_QUOTA_PIECES,
	DSYNC_NR_QUOTAS,
};

/**
 * struct dsync_user - who pays for owners and for what they have
 * @node: in the table of users
 * @uid: whose; see dsync_user_get()
 * @ref: one per owner and per mark; 0: dead, not to be used
 * @rcu: frees it after the last look-up
 * @nr: what it has of each kind
 */
struct dsync_user {
	struct rhash_head node;
	kuid_t uid;
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
void dsync_user_put(struct dsync_user *user);

int dsync_user_charge(struct dsync_user *user, enum dsync_quota quota, unsigned int nr);
void dsync_user_uncharge(struct dsync_user *user, enum dsync_quota quota, unsigned int nr);
unsigned int dsync_user_limit(enum dsync_quota quota);

#endif /* _DSYNC_USER_H */
