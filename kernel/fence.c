// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences, in both directions: a held set waits for those that stock drivers have in the
 * resv, and a job of the framework publishes its own.
 *
 * Fences of the framework's jobs are passed over when a set waits: a job that conflicts
 * was released before the set could be acquired, and one on other bytes concerns nobody.
 * What is waited for is what was in the resv when the buffer was looked at, so a
 * driver that keeps adding fences cannot keep the set from ever being ready.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "buf.h"
#include "fence.h"
#include "follow.h"
#include "owner.h"
#include "queue.h"
#include "release.h"
#include "set.h"
#include "trace_access.h"
#include "txn.h"
#include "work.h"

/**
 * dsync_fence_usage() - which fences are in the way of a set
 * @access: its first access of the resv
 *
 * Return: the usage to ask the resv for.
 */
enum dma_resv_usage dsync_fence_usage(const struct dsync_access *access)
{
	return dma_resv_usage_rw(access->first & DSYNC_RESV_WRITTEN);
}

/* No fence was ever added. */
static bool resv_is_unused(const struct dsync_access *access)
{
	return !rcu_access_pointer(dsync_resv_of(access)->fences);
}

/**
 * dsync_fence_is_foreign() - is a fence none of our jobs' in a buffer, and not signaled
 * @access: an access to the buffer
 * @fence: a fence out of its resv
 *
 * A job's fence is signaled before its accesses are released: a fence that was not signaled, and is
 * no job's by now, is looked at again.
 *
 * Context: any.
 * Return: true if so.
 */
bool dsync_fence_is_foreign(const struct dsync_access *access, struct dma_fence *fence)
{
	return !dma_fence_is_signaled(fence) && !dsync_buf_has_job(access->buf, fence) &&
	       !dma_fence_is_signaled(fence);
}

static noinline bool resv_busy(struct dsync_access *access)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	bool busy = false;

	dma_resv_iter_begin(&cursor, dsync_resv_of(access), dsync_fence_usage(access));
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dma_resv_iter_is_restarted(&cursor))
			busy = false;
		busy |= dsync_fence_is_foreign(access, fence);
	}
	dma_resv_iter_end(&cursor);
	return busy;
}

/**
 * dsync_fence_busy() - would the set have to wait for a fence
 * @set: the set
 *
 * Context: any; a fence that comes at the same time may be seen or not.
 * Return: true if a stock driver's fence is not signaled.
 */
bool dsync_fence_busy(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each_resv(set, access)
		if (!resv_is_unused(access) && resv_busy(access))
			return true;
	return false;
}

/* The same as dsync_fence_busy(), of resv that are locked. */
static bool locked_busy(struct dsync_set *set)
{
	struct dsync_access *access;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	bool busy = false;

	dsync_set_for_each_resv(set, access)
		dma_resv_for_each_fence(&cursor, dsync_resv_of(access),
					dsync_fence_usage(access), fence)
			busy |= dsync_fence_is_foreign(access, fence);
	return busy;
}

/**
 * dsync_fence_look() - look for fences to wait for while the resv are locked
 * @set: a set that was acquired just now
 *
 * It spares dsync_fence_wait() to look at each of many resv by itself.
 *
 * Context: all resv of the set locked.
 */
void dsync_fence_look(struct dsync_set *set)
{
	if (!locked_busy(set))
		set->wait.access = set->nr;
}

static void fence_wait_cb(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct dsync_set *set = container_of(cb, struct dsync_set, wait.cb);

	WRITE_ONCE(set->wait.fired, true);
	dsync_set_kick(set);
}

/* Hook up to the next fence; false if it needs no wait. */
static bool fence_arm(struct dsync_set *set, struct dsync_access *access)
{
	struct dsync_fence_wait *wait = &set->wait;
	struct dma_fence *fence = wait->fences[wait->next];

	if (dsync_buf_has_job(access->buf, fence))
		return false;
	dsync_trace(fence_wait_begin, access, fence);
	wait->fired = false;
	if (dma_fence_add_callback(fence, &wait->cb, fence_wait_cb))
		dsync_trace(fence_wait_end, access, fence);
	else
		wait->armed = true;
	return wait->armed;
}

static void fence_disarm(struct dsync_set *set, struct dsync_access *access)
{
	struct dsync_fence_wait *wait = &set->wait;
	struct dma_fence *fence = wait->fences[wait->next];

	dma_fence_remove_callback(fence, &wait->cb);
	wait->armed = false;
	dsync_trace(fence_wait_end, access, fence);
}

static void snapshot_drop(struct dsync_fence_wait *wait)
{
	while (wait->nr)
		dma_fence_put(wait->fences[--wait->nr]);
	kfree(wait->fences);
	wait->fences = NULL;
	wait->next = 0;
}

static int snapshot_take(struct dsync_fence_wait *wait, struct dsync_access *access)
{
	enum dma_resv_usage usage = dsync_fence_usage(access);

	if (dma_resv_test_signaled(dsync_resv_of(access), usage))
		return 0;
	return dma_resv_get_fences(dsync_resv_of(access), usage, &wait->nr, &wait->fences);
}

/* The step in one resv, which had fences once. */
static noinline int resv_wait(struct dsync_set *set, struct dsync_access *access)
{
	struct dsync_fence_wait *wait = &set->wait;
	int ret;

	if (!wait->fences) {
		ret = snapshot_take(wait, access);
		if (ret)
			return ret;
	}
	if (wait->armed) {
		if (!dma_fence_is_signaled(wait->fences[wait->next]))
			return -EINPROGRESS;
		fence_disarm(set, access);
		wait->next++;
	}
	for (; wait->next < wait->nr; wait->next++)
		if (fence_arm(set, access))
			return -EINPROGRESS;
	if (wait->fences)
		snapshot_drop(wait);
	return 0;
}

/**
 * dsync_fence_wait() - one step of a held set's wait for fences of stock drivers
 * @set: the set
 *
 * Context: process context; may sleep for memory, not for a fence. One caller at a time.
 * Return: 0 when no fence is left to wait for, -EINPROGRESS when the set will be
 * kicked, -ENOMEM.
 */
int dsync_fence_wait(struct dsync_set *set)
{
	struct dsync_fence_wait *wait = &set->wait;
	struct dsync_access *access;
	int ret;

	for (; wait->access < set->nr; wait->access++) {
		access = &set->accesses[wait->access];
		if (!(access->first & DSYNC_FIRST_OF_RESV) || resv_is_unused(access))
			continue;
		ret = resv_wait(set, access);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * dsync_fence_wait_stop() - the set does not wait for fences any more
 * @set: the set; no fence kicks it when this returns
 *
 * Context: process context.
 */
void dsync_fence_wait_stop(struct dsync_set *set)
{
	struct dsync_fence_wait *wait = &set->wait;

	if (wait->armed)
		fence_disarm(set, &set->accesses[wait->access]);
	snapshot_drop(wait);
}

/* The fence's last reference is that of whoever signals it. */
static void job_over(struct dsync_set *set)
{
	struct dma_fence *fence = set->commit.job.fence;

	dsync_release_job(set);
	dma_fence_put(fence);
	dsync_set_put(set);
	module_put(THIS_MODULE);
}

static void job_over_work(struct work_struct *work)
{
	job_over(container_of(work, struct dsync_set, release_work));
}

/* More accesses than this are not released inside &dma_fence.lock, but by a worker. */
#define MAX_RELEASED	(2 * DSYNC_MAX_LOCAL)

/* Marks of abandoned bytes may be many, too. */
static bool is_short(const struct dsync_set *set)
{
	return set->nr <= MAX_RELEASED && !set->marks;
}

/* The engine is done with the job: runs inside &dma_fence.lock, often in hard interrupt. */
static void job_signaled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct dsync_set *set = container_of(cb, struct dsync_set, commit.cb);
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		dsync_trace(signaled, access, fence);
	if (is_short(set)) {
		job_over(set);
	} else {
		INIT_WORK(&set->release_work, job_over_work);
		dsync_work_serve(&set->release_work);
	}
}

static int reserve_slots(struct dsync_set *set)
{
	struct dsync_access *access;
	int ret;

	dsync_set_for_each_resv(set, access) {
		ret = dma_resv_reserve_fences(dsync_resv_of(access), 1);
		if (ret)
			return ret;
	}
	return 0;
}

/* In the first buffer a job has its place in the set. With several it needs some memory, once. */
static int jobs_alloc(struct dsync_set *set)
{
	struct dsync_access *end = set->accesses + set->nr;

	if (set->jobs || dsync_set_seek(set, set->accesses + 1, DSYNC_FIRST_OF_BUF) == end)
		return 0;
	set->jobs = kcalloc(set->nr, sizeof(*set->jobs), GFP_KERNEL_ACCOUNT);
	return set->jobs ? 0 : -ENOMEM;
}

static struct dsync_job *job_init(struct dsync_set *set, struct dsync_access *access)
{
	struct dsync_job *job = &set->commit.job;

	if (access > set->accesses) {
		job = &set->jobs[access - set->accesses];
		job->fence = set->commit.job.fence;
	}
	return job;
}

/* A job has one fence in a resv, with the strongest usage: each includes those behind it. */
static enum dma_resv_usage job_usage(const struct dsync_access *access)
{
	if (access->first & DSYNC_RESV_WRITE_SEEN)
		return DMA_RESV_USAGE_WRITE;
	return access->first & DSYNC_RESV_READ_SEEN ? DMA_RESV_USAGE_READ : DMA_RESV_USAGE_BOOKKEEP;
}

/* From here on nothing fails, allocates or sleeps. */
static void publish(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_trace(timeline, set->commit.job.fence);
	dsync_set_for_each(set, access) {
		if (access->first & DSYNC_FIRST_OF_BUF)
			dsync_buf_insert_job(access, job_init(set, access));
		dsync_trace(commit, access, set->commit.job.fence);
	}
	dsync_set_for_each_resv(set, access)
		dma_resv_add_fence(dsync_resv_of(access), set->commit.job.fence,
				   job_usage(access));
}

/* A fence that has to end before the job may begin, a reference; or NULL. */
static struct dma_fence *foreign_fence(struct dsync_access *access)
{
	struct dma_fence *fence, *found = NULL;
	struct dma_resv_iter cursor;

	dma_resv_iter_begin(&cursor, dsync_resv_of(access), dsync_fence_usage(access));
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dsync_fence_is_foreign(access, fence)) {
			found = dma_fence_get(fence);
			break;
		}
	}
	dma_resv_iter_end(&cursor);
	return found;
}

/* Wait for the fences that stock drivers have in the resv now. */
static void foreign_fences_wait(struct dsync_set *set)
{
	struct dsync_access *access;
	struct dma_fence *fence;

	dsync_set_for_each_resv(set, access) {
		while ((fence = foreign_fence(access))) {
			dma_fence_wait(fence, false);
			dma_fence_put(fence);
		}
	}
}

/* The resv locked, slots reserved, and no fence there that the job must not pass (invariant 10). */
static int commit_lock(struct dsync_txn *txn, struct dsync_set *set)
{
	int ret;

	for (;;) {
		ret = dsync_txn_lock(txn, set, false);
		if (ret)
			return ret;
		ret = reserve_slots(set);
		if (ret) {
			dsync_txn_unlock(txn);
			return ret;
		}
		if (!locked_busy(set))
			return 0;
		dsync_txn_unlock(txn);
		foreign_fences_wait(set);
	}
}

/**
 * dsync_fence_began() - the engine has begun the job of a set
 * @set: a committed set, whose fence has not signaled
 *
 * Context: any, hard interrupt included.
 */
void dsync_fence_began(struct dsync_set *set)
{
	struct dsync_access *access;

	WRITE_ONCE(set->commit.began_ns, ktime_get_ns());
	dsync_set_for_each(set, access)
		dsync_trace(began, access, set->commit.job.fence);
}

/* What can be told without the resv; and what takes memory. */
static int commit_begin(struct dsync_set *set, struct dma_fence *fence)
{
	if (dma_fence_is_container(fence) || set->has_cpu)
		return -EINVAL;
	/* A fence that signals meanwhile ends a set that was committed before. */
	if (READ_ONCE(set->state) != DSYNC_READY)
		return -EBUSY;
	WARN_ON_ONCE(set->wait.armed);
	return jobs_alloc(set);
}

static void commit_locked(struct dsync_set *set, struct dma_fence *fence, enum dsync_begin begin)
{
	set->commit.job.fence = dma_fence_get(fence);
	set->commit.began_ns = 0;
	/* Pairs with dsync_set_is_committed(). */
	smp_store_release(&set->state, DSYNC_COMMITTED);
	publish(set);
	if (begin == DSYNC_BEGINS_AT_ONCE)
		dsync_fence_began(set);
}

/* Those that follow the job get in; with the callback the set may be over. */
static void commit_end(struct dsync_set *set)
{
	struct dma_fence *fence = set->commit.job.fence;

	dsync_queue_committed(set);
	__module_get(THIS_MODULE);
	dsync_set_get(set);
	if (dma_fence_add_callback(fence, &set->commit.cb, job_signaled))
		job_signaled(fence, &set->commit.cb);
}

/**
 * dsync_fence_commit() - publish the fence of the job that a set was acquired for
 * @set: a ready set of DMA accesses
 * @fence: the job's fence, not a container
 * @begin: when the engine begins it
 *
 * The accesses are released when @fence signals. Fences that stock drivers have added since the set
 * was acquired are waited for first.
 *
 * Context: process context; may sleep for the resv, for memory and for fences of stock
 * drivers. When it has returned 0, the caller is in the fence's critical section: nothing
 * between that and the signal may wait for anything that waits for fences.
 * Return: 0, -EINVAL (an access by the CPU, or a container), -EBUSY (not ready, or
 * committed already) or -ENOMEM; then nothing was published.
 */
int dsync_fence_commit(struct dsync_set *set, struct dma_fence *fence, enum dsync_begin begin)
{
	int ret = set->follows ? -EINVAL : commit_begin(set, fence);
	struct dsync_txn txn;

	if (!ret)
		ret = commit_lock(&txn, set);
	if (ret)
		return ret;
	commit_locked(set, fence, begin);
	dsync_txn_unlock(&txn);
	commit_end(set);
	return 0;
}

static int lock_and_collect(struct dsync_txn *txn, struct dsync_set *set,
			    struct dmabuf_sync_after **after)
{
	int ret = dsync_txn_lock(txn, set, false);

	if (ret)
		return ret;
	ret = reserve_slots(set) ?: dsync_follow_collect(set, after);
	if (ret < 0)
		dsync_txn_unlock(txn);
	return ret;
}

/**
 * dsync_fence_commit_after() - the same for a job that waits for fences by itself
 * @set: as for dsync_fence_commit()
 * @fence: likewise
 * @after: the fences that the job has to follow, for dmabuf_sync_after_put()
 *
 * Context: process context; may sleep for the resv and for memory, not for a fence. When it
 * has succeeded the caller is in the fence's critical section.
 * Return: how many fences, or a negative errno as of dsync_fence_commit().
 */
int dsync_fence_commit_after(struct dsync_set *set, struct dma_fence *fence,
			     struct dmabuf_sync_after **after)
{
	int ret = commit_begin(set, fence);
	struct dsync_txn txn;

	if (!ret)
		ret = lock_and_collect(&txn, set, after);
	if (ret < 0)
		return ret;
	commit_locked(set, fence, DSYNC_BEGINS_LATER);
	dsync_txn_unlock(&txn);
	commit_end(set);
	return ret;
}
