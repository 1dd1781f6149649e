// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a buffer: its accesses, held and queued. It is found by the address
 * of the dma-buf in a table of a fixed number of buckets, made by the first request
 * and freed with the last access. It does not keep the dma-buf alive: whoever has an access in
 * its trees, or looks it up, does.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/hash.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "buf.h"
#include "owner.h"
#include "queue.h"
#include "set.h"

struct dsync_bucket {
	/* Makes additions and removals exclusive; look-ups use RCU. */
	spinlock_t lock;
	struct hlist_head bufs;
};

static struct dsync_bucket *buckets;

static struct dsync_bucket *bucket_of(const struct dma_buf *dmabuf)
{
	return &buckets[hash_ptr(dmabuf, ilog2(DSYNC_BUF_BUCKETS))];
}

/**
 * dsync_buf_start() - make the table
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_buf_start(void)
{
	unsigned int i;

	buckets = kvcalloc(DSYNC_BUF_BUCKETS, sizeof(*buckets), GFP_KERNEL);
	if (!buckets)
		return -ENOMEM;
	for (i = 0; i < DSYNC_BUF_BUCKETS; i++) {
		spin_lock_init(&buckets[i].lock);
		INIT_HLIST_HEAD(&buckets[i].bufs);
	}
	return 0;
}

/**
 * dsync_buf_stop() - free the table, which is empty by now
 */
void dsync_buf_stop(void)
{
	unsigned int i;

	for (i = 0; i < DSYNC_BUF_BUCKETS; i++)
		WARN_ON(!hlist_empty(&buckets[i].bufs));
	kvfree(buckets);
}

/**
 * dsync_buf_ino() - the number that names a dma-buf in traces
 * @dmabuf: the buffer
 *
 * Return: its inode number, unique since boot.
 */
u64 dsync_buf_ino(const struct dma_buf *dmabuf)
{
	return file_inode(dmabuf->file)->i_ino;
}

static struct dsync_buf *bucket_find(struct dsync_bucket *bucket,
				     const struct dma_buf *dmabuf)
{
	struct dsync_buf *buf;

	/* The state of a dma-buf that is gone can still be there, under the same address. */
	hlist_for_each_entry_rcu(buf, &bucket->bufs, node,
				 lockdep_is_held(&bucket->lock))
		if (buf->dmabuf == dmabuf && buf->ino == dsync_buf_ino(dmabuf) &&
		    refcount_inc_not_zero(&buf->ref))
			return buf;
	return NULL;
}

/**
 * dsync_buf_find() - the state of a dma-buf, if it has one
 * @dmabuf: the buffer
 *
 * Context: any.
 * Return: the state with a reference for the caller, or NULL.
 */
struct dsync_buf *dsync_buf_find(struct dma_buf *dmabuf)
{
	struct dsync_buf *buf;

	rcu_read_lock();
	buf = bucket_find(bucket_of(dmabuf), dmabuf);
	rcu_read_unlock();
	return buf;
}

static struct dsync_buf *buf_alloc(struct dma_buf *dmabuf)
{
	struct dsync_buf *buf;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return NULL;

	buf->dmabuf = dmabuf;
	buf->ino = dsync_buf_ino(dmabuf);
	refcount_set(&buf->ref, 1);
	spin_lock_init(&buf->lock);
	buf->held.steps = &buf->steps;
	buf->queued.steps = &buf->steps;
	INIT_LIST_HEAD(&buf->jobs);
	dsync_queue_init(buf);
	return buf;
}

/**
 * dsync_buf_get() - the state of a dma-buf, made if need be
 * @dmabuf: the buffer, which the caller has a reference on
 *
 * Context: process context; may sleep.
 * Return: the state with a reference for the caller, or NULL without memory.
 */
struct dsync_buf *dsync_buf_get(struct dma_buf *dmabuf)
{
	struct dsync_bucket *bucket = bucket_of(dmabuf);
	struct dsync_buf *buf, *other;
	unsigned long flags;

	buf = dsync_buf_find(dmabuf);
	if (buf)
		return buf;

	buf = buf_alloc(dmabuf);
	if (!buf)
		return NULL;

	spin_lock_irqsave(&bucket->lock, flags);
	other = bucket_find(bucket, dmabuf);
	if (!other)
		hlist_add_head_rcu(&buf->node, &bucket->bufs);
	spin_unlock_irqrestore(&bucket->lock, flags);

	if (!other)
		return buf;
	kfree(buf);
	return other;
}

/**
 * dsync_buf_put() - drop a reference
 * @buf: the state; it goes with the last one
 *
 * Context: any, hard interrupt and &dma_fence.lock included.
 */
void dsync_buf_put(struct dsync_buf *buf)
{
	struct dsync_bucket *bucket = bucket_of(buf->dmabuf);
	unsigned long flags;
	bool last;

	if (refcount_dec_not_one(&buf->ref))
		return;
	spin_lock_irqsave(&bucket->lock, flags);
	last = refcount_dec_and_test(&buf->ref);
	if (last)
		hlist_del_rcu(&buf->node);
	spin_unlock_irqrestore(&bucket->lock, flags);
	if (!last)
		return;

	WARN_ON_ONCE(!list_empty(&buf->jobs) || !hlist_empty(&buf->pending));
	kfree_rcu(buf, rcu);
}

/**
 * dsync_buf_for_each() - visit the buffers of a bucket
 * @bucket: 0 .. DSYNC_BUF_BUCKETS - 1
 * @fn: called for each, under RCU, without locks
 * @data: passed to @fn
 *
 * Context: process context.
 */
void dsync_buf_for_each(unsigned int bucket,
			void (*fn)(struct dsync_buf *buf, void *data),
			void *data)
{
	struct dsync_buf *buf;

	rcu_read_lock();
	hlist_for_each_entry_rcu(buf, &buckets[bucket].bufs, node) {
		if (!refcount_inc_not_zero(&buf->ref))
			continue;
		fn(buf, data);
		dsync_buf_put(buf);
	}
	rcu_read_unlock();
}

#ifdef DMABUF_SYNC_DEBUG
static unsigned int max_steps;
module_param(max_steps, uint, 0644);
MODULE_PARM_DESC(max_steps, "most tree nodes looked at with a buffer's lock held; write 0 to begin anew");

static void note_steps(const struct dsync_buf *buf)
{
	if (buf->steps > READ_ONCE(max_steps))
		WRITE_ONCE(max_steps, buf->steps);
}
#else
static void note_steps(const struct dsync_buf *buf)
{
}
#endif

/**
 * dsync_buf_lock() - lock a buffer's tables
 * @buf: the buffer
 * @flags: for dsync_buf_unlock()
 *
 * Context: any.
 */
void dsync_buf_lock(struct dsync_buf *buf, unsigned long *flags)
	__acquires(&buf->lock)
{
	spin_lock_irqsave(&buf->lock, *flags);
	buf->steps = 0;
}

/**
 * dsync_buf_unlock() - unlock them
 * @buf: the buffer
 * @flags: of dsync_buf_lock()
 */
void dsync_buf_unlock(struct dsync_buf *buf, unsigned long flags)
	__releases(&buf->lock)
{
	note_steps(buf);
	spin_unlock_irqrestore(&buf->lock, flags);
}

/**
 * dsync_buf_spent() - is it time to drop the lock
 * @buf: the buffer, locked
 *
 * Return: true when DSYNC_MAX_STEPS nodes were looked at.
 */
bool dsync_buf_spent(const struct dsync_buf *buf)
{
	return buf->steps >= DSYNC_MAX_STEPS;
}

/**
 * dsync_buf_insert_held() - the access is held from here on
 * @buf: its buffer
 * @access: the access, which conflicts with none that is held (invariant 1)
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_buf_insert_held(struct dsync_buf *buf, struct dsync_access *access)
{
	lockdep_assert_held(&buf->lock);
	WARN_ON_ONCE(dsync_buf_holder(buf, access));
	dsync_conflict_insert(&buf->held, access);
	buf->nr_held++;
}

/**
 * dsync_buf_remove_held() - the access is not held any more
 * @buf: its buffer
 * @access: a held access
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_buf_remove_held(struct dsync_buf *buf, struct dsync_access *access)
{
	lockdep_assert_held(&buf->lock);
	list_del_init(&access->job);
	dsync_conflict_remove(&buf->held, access);
	buf->nr_held--;
}

/**
 * dsync_buf_insert_queued() - the access waits from here on
 * @buf: its buffer
 * @access: an access of a set that has a ticket
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_buf_insert_queued(struct dsync_buf *buf, struct dsync_access *access)
{
	lockdep_assert_held(&buf->lock);
	dsync_conflict_insert(&buf->queued, access);
	buf->tail = access;
	buf->nr_queued++;
}

/**
 * dsync_buf_remove_queued() - the access does not wait any more
 * @buf: its buffer
 * @access: a queued access
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_buf_remove_queued(struct dsync_buf *buf, struct dsync_access *access)
{
	lockdep_assert_held(&buf->lock);
	dsync_conflict_remove(&buf->queued, access);
	if (buf->tail == access)
		buf->tail = NULL;
	buf->nr_queued--;
}

/**
 * dsync_buf_holder() - is a held access in the way
 * @buf: the buffer
 * @access: the access, held or not
 *
 * Context: &dsync_buf.lock held.
 * Return: a held access of another owner that conflicts, or NULL.
 */
struct dsync_access *dsync_buf_holder(struct dsync_buf *buf,
				      const struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, U64_MAX);

	lockdep_assert_held(&buf->lock);
	return dsync_conflict_first(&buf->held, &ask);
}

/**
 * dsync_buf_has_job() - does a fence belong to a job of the framework
 * @buf: the buffer
 * @fence: a fence out of its resv
 *
 * A job's fence is signaled before its accesses are released. So who asks whether a fence is
 * one to wait for asks this first, and then whether it is signaled: the other way round it
 * could be a job's that ended in between.
 *
 * Context: any.
 * Return: true while an access that was committed with @fence is held.
 */
bool dsync_buf_has_job(struct dsync_buf *buf, struct dma_fence *fence)
{
	struct dsync_access *access;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&buf->lock, flags);
	list_for_each_entry(access, &buf->jobs, job) {
		found = access->set->fence == fence;
		if (found)
			break;
	}
	spin_unlock_irqrestore(&buf->lock, flags);
	return found;
}
