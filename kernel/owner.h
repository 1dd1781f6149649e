/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_OWNER_H
#define _DSYNC_OWNER_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/ww_mutex.h>

struct dsync_set;
struct dsync_user;

/**
 * struct dsync_owner - who has accesses: a context, a sync object, a process
 * @id: unique since boot
 * @kind: DMABUF_SYNC_OWNER_...
 * @tgid: process that made it, number in the initial pid namespace
 * @user: who pays for it; a reference
 * @pid: the same process, a reference
 * @name: task name of that process, or what a driver calls the owner
 * @ref: one of the user, one per set, one of a search that passes
 * @nr_accesses: accesses in all its sets
 * @nr_held: accesses that are held
 * @nr_queued: accesses that wait
 * @nr_buffers: dma-bufs that its sets keep
 * @lease_ms: what a context has promised; 0: nothing. Read and written at any time
 * @verdict: held together with those of the other owners of a cycle while its victim is chosen
 */
struct dsync_owner {
	u64 id;
	u32 kind;
	u32 tgid;
	struct dsync_user *user;
	struct pid *pid;
	char name[TASK_COMM_LEN];
	struct kref ref;
	atomic_t nr_accesses;
	atomic_t nr_held;
	atomic_t nr_queued;
	atomic_t nr_buffers;
	unsigned int lease_ms;
	struct ww_mutex verdict;

	/** @lock: protects the members below. None of our locks is taken inside it. */
	spinlock_t lock;
	union {
		/** @waiting: its sets that are queued, by &dsync_set.waiting */
		struct list_head waiting;
		/** @rcu: frees it after the last one who looks at @pid (posix_owner.c) */
		struct rcu_head rcu;
	};
	/** @tickets: of calls that a signal has interrupted (ticket.c) */
	struct hlist_head tickets;
	/** @nr_blocked: those of them that a task sleeps for; read without the lock */
	unsigned int nr_blocked;
};

extern struct ww_class dsync_verdict_class;

int dsync_owner_start(void);

u64 dsync_ids_draw(unsigned int nr);

/* An id for an owner, or for one access. */
static inline u64 dsync_id_next(void)
{
	return dsync_ids_draw(1);
}

struct dsync_owner *dsync_owner_create(u32 kind, const char *name);
void dsync_owner_get(struct dsync_owner *owner);
void dsync_owner_put(struct dsync_owner *owner);

unsigned int dsync_owner_max_accesses(void);
unsigned int dsync_owner_max_queued(void);
int dsync_owner_charge(struct dsync_owner *owner, unsigned int nr);
void dsync_owner_charge_part(struct dsync_owner *owner, unsigned int nr);
void dsync_owner_uncharge(struct dsync_owner *owner, unsigned int nr);
int dsync_owner_charge_queued(struct dsync_owner *owner, unsigned int nr);
int dsync_owner_charge_buffers(struct dsync_owner *owner, unsigned int nr);
void dsync_owner_charge_buffers_part(struct dsync_owner *owner, unsigned int nr);
void dsync_owner_uncharge_buffers(struct dsync_owner *owner, unsigned int nr);

/* Does the owner hold an access? */
static inline bool dsync_owner_holds(const struct dsync_owner *owner)
{
	return atomic_read(&owner->nr_held);
}

/* Is one of its sets queued? */
static inline bool dsync_owner_waits(const struct dsync_owner *owner)
{
	return !list_empty(&owner->waiting);
}

/* Does one of its tasks wait for anything: is a set queued, and not asynchronously? */
static inline bool dsync_owner_blocks(const struct dsync_owner *owner)
{
	return READ_ONCE(owner->nr_blocked);
}

/**
 * dsync_owner_add_held() - the accesses of a set are held
 * @owner: the owner
 * @nr: accesses, in the trees already
 *
 * Context: any. A full barrier.
 */
static inline void dsync_owner_add_held(struct dsync_owner *owner, unsigned int nr)
{
	atomic_add_return(nr, &owner->nr_held);
}

/**
 * dsync_owner_sub_held() - take back dsync_owner_add_held()
 * @owner: the owner
 * @nr: accesses
 *
 * Context: any.
 */
static inline void dsync_owner_sub_held(struct dsync_owner *owner, unsigned int nr)
{
	atomic_sub(nr, &owner->nr_held);
}

void dsync_owner_add_waiting(struct dsync_owner *owner, struct dsync_set *set);
void dsync_owner_del_waiting(struct dsync_owner *owner, struct dsync_set *set);
struct dsync_set *dsync_owner_next_waiting(struct dsync_owner *owner,
					   struct dsync_set *prev);

void dsync_owner_kick(struct dsync_owner *owner, struct dsync_set *set);

#endif /* _DSYNC_OWNER_H */
