/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_LEASE_H
#define _DSYNC_LEASE_H

#include <linux/types.h>

struct dsync_access;
struct dsync_buf;
struct dsync_owner;
struct dsync_set;

/**
 * struct dsync_lease_ops - what a lease is to the owners of one kind
 * @wanted: somebody begins to wait for the set. Or NULL
 * @expire: the lease of a ready set is over. Return: true if @revoke is to be called; false: it is
 *	about to be released
 * @revoke: takes the set from its owner. May sleep. Return: true if it is over; false: to be tried
 *	again
 *
 * The first two are called with the &dsync_buf.lock of an access of the set held.
 */
struct dsync_lease_ops {
	void (*wanted)(struct dsync_set *set);
	bool (*expire)(struct dsync_set *set);
	bool (*revoke)(struct dsync_set *set);
};

void dsync_lease_register(u32 kind, const struct dsync_lease_ops *ops);

int dsync_lease_begin(struct dsync_set *set);
void dsync_lease_watched(struct dsync_access *access);
void dsync_lease_ready(struct dsync_set *set);
void dsync_lease_stop(struct dsync_buf *buf);
unsigned long dsync_lease_first(unsigned long a, unsigned long b);
void dsync_lease_pass(const struct dsync_set *from, struct dsync_set *to);
bool dsync_lease_is_wanted(struct dsync_set *set);
void dsync_lease_review(struct dsync_set *set);
void dsync_lease_inherit(struct dsync_set *set, unsigned long since);
bool dsync_lease_is_over(const struct dsync_owner *owner, unsigned long since);
unsigned int dsync_lease_ms(const struct dsync_owner *owner);

#endif /* _DSYNC_LEASE_H */
