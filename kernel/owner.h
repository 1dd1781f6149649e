/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_OWNER_H
#define _DSYNC_OWNER_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "walk.h"

struct dsync_set;

/**
 * struct dsync_owner - who has accesses: a context, a sync object, a process
 * @id: unique since boot
 * @kind: DMABUF_SYNC_OWNER_...
 * @tgid: process that made it, number in the initial pid namespace
 * @pid: the same process, a reference
 * @name: task name of that process, or what a driver calls the owner
 * @ref: one of the user, one per set, and the graph's while it looks
 * @rcu: frees it
 * @node: place in a walk of the wait-for graph
 * @nr_accesses: accesses in all its sets
 * @nr_held: accesses that are held
 * @waiting: its sets that are queued, by &dsync_set.waiting
 */
struct dsync_owner {
	u64 id;
	u32 kind;
	u32 tgid;
	struct pid *pid;
	char name[TASK_COMM_LEN];
	struct kref ref;
	struct rcu_head rcu;
	struct dsync_node node;

	/**
	 * @entering: held from when the accesses of a set that waited are counted as held
	 * until they are in the tables, unless the graph is locked. Who begins to wait while
	 * the owner holds something takes it, too, and so finds them there.
	 */
	struct mutex entering;
	/** @lock: protects the members below. None of our locks is taken inside it. */
	spinlock_t lock;
	unsigned int nr_accesses;
	unsigned int nr_held;
	struct list_head waiting;
};

int dsync_owner_start(void);

u64 dsync_id_next(void);

struct dsync_owner *dsync_owner_create(u32 kind, const char *name);
void dsync_owner_get(struct dsync_owner *owner);
void dsync_owner_put(struct dsync_owner *owner);

int dsync_owner_charge(struct dsync_owner *owner, unsigned int nr);
void dsync_owner_uncharge(struct dsync_owner *owner, unsigned int nr);

bool dsync_owner_holds(struct dsync_owner *owner);
bool dsync_owner_add_held(struct dsync_owner *owner, struct dsync_set *set,
			  bool graph);
void dsync_owner_sub_held(struct dsync_owner *owner, unsigned int nr);
void dsync_owner_swap_held(struct dsync_owner *owner, unsigned int old_nr,
			   unsigned int new_nr);
bool dsync_owner_add_waiting(struct dsync_owner *owner, struct dsync_set *set,
			     bool graph);
void dsync_owner_del_waiting(struct dsync_owner *owner, struct dsync_set *set);
void dsync_owner_kick(struct dsync_owner *owner, struct dsync_set *set);

#endif /* _DSYNC_OWNER_H */
