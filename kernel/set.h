/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_SET_H
#define _DSYNC_SET_H

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "access.h"
#include "buf.h"
#include "line.h"

struct dma_buf;
struct dsync_points;
struct task_struct;

/**
 * enum dsync_state - the life of a set, in one direction
 * @DSYNC_NEW: not requested, or not queued any more
 * @DSYNC_QUEUED: in the buffers' trees of queued accesses, holds nothing
 * @DSYNC_HELD: all accesses are in the buffers' trees of held ones
 * @DSYNC_READY: held, the fences of stock drivers signaled, the CPU windows open
 * @DSYNC_CHANGING: ready, and about to be replaced: its owner has it, and nobody else ends it
 * @DSYNC_CLOSING: being released: its windows close, or a worker will close them
 * @DSYNC_COMMITTED: held by a job whose fence is published; the fence releases it
 * @DSYNC_OVER: released, or failed
 */
enum dsync_state {
	DSYNC_NEW,
	DSYNC_QUEUED,
	DSYNC_HELD,
	DSYNC_READY,
	DSYNC_CHANGING,
	DSYNC_CLOSING,
	DSYNC_COMMITTED,
	DSYNC_OVER,
};

/**
 * struct dsync_range - what a caller asks for: the raw material of an access
 * @dmabuf: the buffer; the caller has a reference
 * @mode: DMA_BUF_ACCESS_... bits, DMABUF_SYNC_EXPLICIT and DSYNC_ACCESS_BOUNCED
 * @offset: first byte
 * @length: number of bytes, or DMABUF_SYNC_TO_END
 * @beyond: the range may leave the buffer, up to OFFSET_MAX
 */
struct dsync_range {
	struct dma_buf *dmabuf;
	u32 mode;
	u64 offset;
	u64 length;
	bool beyond;
};

/**
 * struct dsync_fence_wait - wait of a held set for the fences of stock drivers
 * @access: index of the access whose buffer is looked at
 * @fences: snapshot of that buffer's fences, a reference on each
 * @nr: entries in @fences
 * @next: first entry that was not waited for
 * @cb: hooked to @fences[@next] while @armed
 * @armed: @cb must be removed
 * @fired: @cb was called
 */
struct dsync_fence_wait {
	unsigned int access;
	struct dma_fence **fences;
	unsigned int nr;
	unsigned int next;
	struct dma_fence_cb cb;
	bool armed;
	bool fired;
};

/* Bits of &dsync_set.kicked. */
#define DSYNC_SET_KICKED	0
#define DSYNC_SET_ABORTED	1
#define DSYNC_SET_DOOMED	2
#define DSYNC_SET_UNSURE	3
#define DSYNC_SET_REPEATS	4
#define DSYNC_SET_EXPIRED	5
#define DSYNC_SET_LATE		6

/*
 * Accesses that are checked and entered in one critical section: a set of more of them, or
 * of several buffers, is not local.
 */
#define DSYNC_MAX_LOCAL		16

typedef void (*dsync_done_fn)(struct dsync_set *set, int error);

/**
 * struct dsync_commit - what a set was committed for
 * @cb: releases the set
 * @job: the job, in the first buffer; a reference on its fence
 * @began_ns: CLOCK_MONOTONIC, when its engine began it, or 0
 */
struct dsync_commit {
	struct dma_fence_cb cb;
	struct dsync_job job;
	u64 began_ns;
};

/**
 * struct dsync_set - one request: accesses that are acquired together or not at all
 *
 * A user that makes one request after the other keeps the set (dsync_set_renew()), and with it
 * its memory, what it counts against the owner's limit, and the states of its buffers.
 *
 * @ref: of the user, of an asynchronous request, of a published fence, of the graph
 * @nr: number of @accesses
 * @nr_buffers: dma-bufs that it was counted to keep
 * @head: bytes in front of the set in the same object, which are its user's
 * @stage: which stage of a request it is in (request.c); behind the last one it is ready
 * @has_cpu: some access is the CPU's
 * @local: one buffer and at most DSYNC_MAX_LOCAL accesses: its state changes under
 *	&dsync_buf.lock, by hand-over, too
 * @behind: only earlier requests were in the way when it was looked at
 * @windows: the CPU windows of its accesses are open
 * @by_task: of a queued request: fences and windows are for a task of its user
 * @pinned: each access has a reference on its dma-buf
 * @part: it is to hold what another set of the owner has: no limit of buffers is in its way
 * @marks: &dsync_access.marks of all its accesses
 * @owner: who asks; a reference
 * @tid_pid: thread that asked, a reference
 * @state: enum dsync_state, how far it is; changed by whoever runs the request, or hands over,
 *	later by whoever releases
 * @search_order: logarithm of the steps that the next search needs; of its task, or worker
 * @has_points: it has points, and no jobs: a context's until it ends
 * @follows: its job waits for other jobs, and for fences, by itself: committed accesses are not in
 *	its way
 * @result: -EINPROGRESS until the asynchronous request has ended
 * @waiting: in &dsync_owner.waiting, under &dsync_owner.lock
 * @watch: in &dsync_access.watchers of an access that is in the way, or in &dsync_buf.pending;
 *	under &dsync_buf.lock of @watched
 * @watched: the buffer of that access
 * @line: whether earlier requests are in the way; of whoever looks
 * @ticket: place in the order of all requests that wait; 0: it never had to
 * @searched: steps that it has searched the wait-for graph (effort.c); of its task, or worker
 * @requested_ns: CLOCK_MONOTONIC, when it was requested
 * @acquired_ns: CLOCK_MONOTONIC, when it was acquired
 * @wanted: jiffies when somebody was first seen to wait for it; 0: nobody was (lease.c)
 * @kicked: DSYNC_SET_KICKED: look again; DSYNC_SET_ABORTED: a task is to give up;
 *	DSYNC_SET_DOOMED: the victim of a deadlock; DSYNC_SET_UNSURE: a search for deadlocks
 *	was not finished; DSYNC_SET_REPEATS: it will be kicked to go on with it (effort.c);
 *	DSYNC_SET_EXPIRED: its lease is over, it is being revoked; DSYNC_SET_LATE: a queued
 *	request is to give up
 * @task: who sleeps for it, while it is queued or a fence callback is armed
 * @work: runs an asynchronous request
 * @release_work: ends the CPU windows of a release that must not sleep, or revokes the set
 * @done: told the end of an asynchronous request, or that a queued one has news; NULL for a
 *	task's own
 * @wait: until it is ready, the wait for fences of stock drivers
 * @commit: once it is committed
 * @rcu: frees it
 * @jobs: by index, the job in other buffers than the first; or NULL
 * @points: with @has_points: points of timelines that it has to do with (points.c)
 * @accesses: sorted by resv, buffer and start; fixed once the set exists
 */
struct dsync_set {
	struct kref ref;
	u16 nr;
	u16 nr_buffers;
	u8 head;
	u8 stage;
	bool has_cpu;
	bool local;
	bool behind;
	bool windows;
	bool by_task;
	bool pinned;
	bool part;
	u8 marks;
	struct dsync_owner *owner;
	struct pid *tid_pid;
	u8 state;
	u8 search_order;
	bool has_points;
	bool follows;
	int result;

	struct list_head waiting;
	struct list_head watch;
	struct dsync_buf *watched;
	struct dsync_line line;

	u64 ticket;
	u64 searched;
	u64 requested_ns;
	u64 acquired_ns;
	unsigned long wanted;

	/**
	 * @run: serializes the steps of an asynchronous, or a queued, request; held while the set
	 * is DSYNC_CHANGING
	 */
	struct mutex run;
	unsigned long kicked;
	struct task_struct *task;
	struct work_struct work;
	struct work_struct release_work;
	dsync_done_fn done;

	union {
		struct dsync_fence_wait wait;
		struct dsync_commit commit;
		struct rcu_head rcu;
	};
	union {
		struct dsync_job *jobs;
		struct dsync_points *points;
	};

	struct dsync_access accesses[] __counted_by(nr);
};

/* Number of the thread that asked, in the initial pid namespace. */
static inline u32 dsync_set_tid(const struct dsync_set *set)
{
	return pid_nr(set->tid_pid);
}

#define dsync_set_for_each(set, access)					\
	for (access = (set)->accesses;					\
	     access < (set)->accesses + (set)->nr; access++)

/* The first access from @access on that is the first of its buffer, or resv; or the end. */
static inline struct dsync_access *dsync_set_seek(struct dsync_set *set,
						  struct dsync_access *access, u8 first)
{
	while (access < set->accesses + set->nr && !(access->first & first))
		access++;
	return access;
}

#define dsync_set_for_each_first(set, access, bit)			\
	for (access = dsync_set_seek(set, (set)->accesses, bit);	\
	     access < (set)->accesses + (set)->nr;			\
	     access = dsync_set_seek(set, (access) + 1, bit))

/* The first accesses of the set's buffers, or of its resv: one each. */
#define dsync_set_for_each_buf(set, access)				\
	dsync_set_for_each_first(set, access, DSYNC_FIRST_OF_BUF)
#define dsync_set_for_each_resv(set, access)				\
	dsync_set_for_each_first(set, access, DSYNC_FIRST_OF_RESV)

/* The accesses of one buffer, as many as can be entered in one critical section. */
#define dsync_set_for_each_part(set, access, end)			\
	for (access = (set)->accesses;					\
	     access < (set)->accesses + (set)->nr &&			\
	     ((end) = (access) + (access)->part, true);			\
	     access = (end))

/* Is its fence published? It can be read while an access of the set is in a tree. */
static inline bool dsync_set_is_committed(const struct dsync_set *set)
{
	/* Pairs with smp_store_release() in dsync_fence_commit(). */
	return smp_load_acquire(&set->state) == DSYNC_COMMITTED;
}

void dsync_set_name(struct dsync_set *set);

/**
 * dsync_set_adopt() - the current task is the one that asks
 * @set: a set that is in no table
 */
static inline void dsync_set_adopt(struct dsync_set *set)
{
	set->task = current;
	if (unlikely(set->tid_pid != task_pid(current)))
		dsync_set_name(set);
}

int dsync_range_check(const struct dsync_range *range);
struct dsync_set *dsync_set_alloc(struct dsync_owner *owner, unsigned int nr, size_t head);
struct dsync_set *dsync_set_alloc_part(struct dsync_owner *owner, unsigned int nr, size_t head);
int dsync_set_fill(struct dsync_set *set, const struct dsync_range *ranges);
void dsync_set_pin(struct dsync_set *set);
void dsync_set_unpin(struct dsync_set *set);
bool dsync_set_renew(struct dsync_set *set);
void dsync_set_get(struct dsync_set *set);
void dsync_set_put(struct dsync_set *set);
void dsync_set_kick(struct dsync_set *set);
void dsync_set_abort(struct dsync_set *set);

#endif /* _DSYNC_SET_H */
