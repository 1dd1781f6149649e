// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a buffer: its accesses, held and queued.
 *
 * State lasts: whoever uses the same buffers again and again makes it once. Nobody tells when a
 * dma-buf is gone, and the state does not keep it: whoever has an access in its trees, or looks
 * it up, does. So a state that was not used for a while is freed, and sooner when memory is
 * short. Another dma-buf at the same address is another key.
 *
 * A state is used by whoever has a reference. One that only the table refers to is idle and may
 * die: its reference count goes to 0, and a look-up passes it over from then on.
 */
#include <linux/dma-buf.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "abandon.h"
#include "buf.h"
#include "cache.h"
#include "lease.h"
#include "owner.h"
#include "queue.h"
#include "set.h"
#include "trace_access.h"

/* What is looked for: a dma-buf and the number of its inode. */
struct buf_key {
	const struct dma_buf *dmabuf;
	u64 ino;
};

static u32 hash(const struct dma_buf *dmabuf, u64 ino, u32 seed)
{
	return jhash_2words(ino, (unsigned long)dmabuf >> L1_CACHE_SHIFT, seed);
}

static u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct buf_key *key = data;

	return hash(key->dmabuf, key->ino, seed);
}

static u32 buf_hash(const void *data, u32 len, u32 seed)
{
	const struct dsync_buf *buf = data;

	return hash(buf->dmabuf, buf->ino, seed);
}

static int buf_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct dsync_buf *buf = obj;
	const struct buf_key *key = arg->key;

	return buf->dmabuf != key->dmabuf || buf->ino != key->ino;
}

static const struct rhashtable_params buf_params = {
	.head_offset		= offsetof(struct dsync_buf, node),
	.key_len		= sizeof(struct buf_key),
	.hashfn			= key_hash,
	.obj_hashfn		= buf_hash,
	.obj_cmpfn		= buf_cmp,
	.automatic_shrinking	= true,
};

static struct rhashtable bufs;

static bool buf_reap(void *object, unsigned long age);

static struct dsync_cache cache = { .table = &bufs, .reap = buf_reap };

/**
 * dsync_buf_find() - the state of a dma-buf, if it has one
 * @dmabuf: the buffer
 *
 * Context: any.
 * Return: the state with a reference for the caller, or NULL.
 */
struct dsync_buf *dsync_buf_find(struct dma_buf *dmabuf)
{
	struct buf_key key = { dmabuf, dsync_buf_ino(dmabuf) };
	struct dsync_buf *buf;

	rcu_read_lock();
	buf = rhashtable_lookup(&bufs, &key, buf_params);
	if (buf && !refcount_inc_not_zero(&buf->ref))
		buf = NULL;
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
	buf->used = jiffies;
	/* The table's, and the caller's. */
	refcount_set(&buf->ref, 2);
	spin_lock_init(&buf->lock);
	buf->held.steps = &buf->steps;
	buf->queued.steps = &buf->steps;
	buf->jobs = RB_ROOT;
	dsync_queue_init(buf);
	return buf;
}

/*
 * Put a state into the table. Return: NULL, or the state that is there already, with a reference,
 * or an error pointer.
 */
static struct dsync_buf *buf_insert(struct dsync_buf *buf)
{
	struct buf_key key = { buf->dmabuf, buf->ino };
	struct dsync_buf *other;
	bool alive;

	do {
		rcu_read_lock();
		other = rhashtable_lookup_get_insert_key(&bufs, &key, &buf->node,
							 buf_params);
		alive = IS_ERR_OR_NULL(other) || refcount_inc_not_zero(&other->ref);
		/* Dead, and about to be taken out: whoever comes first does it. */
		if (!alive)
			rhashtable_remove_fast(&bufs, &other->node, buf_params);
		rcu_read_unlock();
	} while (!alive);
	return other;
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
	struct dsync_buf *buf = dsync_buf_find(dmabuf), *other;

	if (buf)
		return buf;
	buf = buf_alloc(dmabuf);
	if (!buf)
		return NULL;
	other = buf_insert(buf);
	if (!other) {
		dsync_trace(buffer, dmabuf);
		dsync_cache_grown(&cache);
		return buf;
	}
	kfree(buf);
	return IS_ERR(other) ? NULL : other;
}

/**
 * dsync_buf_put() - drop a reference
 * @buf: the state, which stays for the next user
 *
 * Context: any, hard interrupt and &dma_fence.lock included.
 */
void dsync_buf_put(struct dsync_buf *buf)
{
	WRITE_ONCE(buf->used, jiffies);
	/* Never the last one: that is the table's. */
	refcount_dec(&buf->ref);
}

static void buf_free(struct dsync_buf *buf)
{
	WARN_ON_ONCE(buf->nr_held || buf->nr_queued || buf->marked || dsync_abandon_any(buf) ||
		     !RB_EMPTY_ROOT(&buf->jobs) || !list_empty(&buf->pending));
	kfree(buf->windows);
	kfree(buf->lease);
	kfree(buf->pollers);
	kfree_rcu(buf, rcu);
}

/* Without a reference nobody has an access there, nor makes one. */
static bool buf_reap(void *object, unsigned long age)
{
	struct dsync_buf *buf = object;

	if (time_before(jiffies, READ_ONCE(buf->used) + age) || !refcount_dec_if_one(&buf->ref))
		return false;
	/* The one who looked it up dead may have been faster. */
	rhashtable_remove_fast(&bufs, &buf->node, buf_params);
	buf_free(buf);
	return true;
}

/**
 * dsync_buf_reap() - free states that nobody uses
 * @nr: at most so many
 * @age: those that were not used for so many jiffies
 *
 * Context: process context; may sleep.
 * Return: how many were freed.
 */
unsigned long dsync_buf_reap(unsigned long nr, unsigned long age)
{
	return dsync_cache_reap(&cache, nr, age);
}

/**
 * dsync_buf_start() - make the table
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_buf_start(void)
{
	int ret = rhashtable_init(&bufs, &buf_params);

	if (ret)
		return ret;
	ret = dsync_cache_start(&cache, "dmabuf_sync_buf");
	if (ret)
		rhashtable_destroy(&bufs);
	return ret;
}

static void buf_stop(void *ptr, void *arg)
{
	struct dsync_buf *buf = ptr;

	dsync_lease_stop(buf);
	dsync_abandon_forget(buf);
	WARN_ON_ONCE(refcount_read(&buf->ref) != 1);
	buf_free(buf);
}

/**
 * dsync_buf_stop() - free the table and all states; none is used any more
 */
void dsync_buf_stop(void)
{
	dsync_cache_stop(&cache);
	rhashtable_free_and_destroy(&bufs, buf_stop, NULL);
}

/**
 * dsync_buf_walk_begin() - visit all buffers
 * @iter: the walk; dsync_buf_walk_end() must follow
 *
 * Context: process context; may sleep. Buffers that come or go meanwhile may be met or not, and
 * when the table grows or shrinks some are met twice.
 */
void dsync_buf_walk_begin(struct rhashtable_iter *iter)
{
	rhashtable_walk_enter(&bufs, iter);
}

/**
 * dsync_buf_walk_next() - go on with dsync_buf_walk_begin()
 * @iter: the walk
 *
 * Context: process context.
 * Return: the next state with a reference for the caller, or NULL.
 */
struct dsync_buf *dsync_buf_walk_next(struct rhashtable_iter *iter)
{
	struct dsync_buf *buf;

	rhashtable_walk_start(iter);
	do {
		buf = rhashtable_walk_next(iter);
	} while (buf && (IS_ERR(buf) || !refcount_inc_not_zero(&buf->ref)));
	rhashtable_walk_stop(iter);
	return buf;
}

/**
 * dsync_buf_walk_end() - end it, at any time
 * @iter: the walk
 */
void dsync_buf_walk_end(struct rhashtable_iter *iter)
{
	rhashtable_walk_exit(iter);
}

#ifdef CONFIG_DMABUF_SYNC_DEBUG
static unsigned int max_steps;
module_param(max_steps, uint, 0644);
MODULE_PARM_DESC(max_steps, "most tree nodes looked at with a buffer's lock held; write 0 to begin anew");

/**
 * dsync_buf_note_steps() - keep the largest number of steps in one section
 * @buf: the buffer, locked
 */
void dsync_buf_note_steps(const struct dsync_buf *buf)
{
	if (buf->steps > READ_ONCE(max_steps))
		WRITE_ONCE(max_steps, buf->steps);
}
#endif

/* Invariant 1. A set that follows jobs is held beside theirs, of which there may be many. */
static bool is_excluded(struct dsync_buf *buf, const struct dsync_access *access)
{
	struct dsync_access *held = buf->nr_held ? dsync_buf_holder(buf, access) : NULL;

	return held && !(access->set->follows && dsync_set_is_committed(held->set));
}

/**
 * dsync_buf_insert_held() - the access is held from here on
 * @buf: its buffer
 * @access: the access, which conflicts with none that is held (invariant 1), but for those that
 *	its job follows
 *
 * Context: &dsync_buf.lock held.
 */
void dsync_buf_insert_held(struct dsync_buf *buf, struct dsync_access *access)
{
	lockdep_assert_held(&buf->lock);
	WARN_ON_ONCE(is_excluded(buf, access));
	dsync_conflict_insert(&buf->held, access);
	WRITE_ONCE(buf->nr_held, buf->nr_held + 1);
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
	if (access->job) {
		rb_erase(&access->job->rb, &buf->jobs);
		access->job = NULL;
	}
	dsync_conflict_remove(&buf->held, access);
	WRITE_ONCE(buf->nr_held, buf->nr_held - 1);
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
	WRITE_ONCE(buf->nr_queued, buf->nr_queued + 1);
	if (access->set->follows)
		WRITE_ONCE(buf->nr_followers, buf->nr_followers + 1);
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
	WRITE_ONCE(buf->nr_queued, buf->nr_queued - 1);
	if (access->set->follows)
		WRITE_ONCE(buf->nr_followers, buf->nr_followers - 1);
}

/**
 * dsync_buf_holder() - is a held access in the way
 * @buf: the buffer
 * @access: the access, held or not
 *
 * A set that follows jobs follows as many as can be looked at in one section: it waits for the next
 * one as others do.
 *
 * Context: &dsync_buf.lock held.
 * Return: a held access of another owner that conflicts, or NULL.
 */
struct dsync_access *dsync_buf_holder(struct dsync_buf *buf,
				      const struct dsync_access *access)
{
	struct dsync_ask ask = dsync_conflict_ask(access, U64_MAX);
	struct dsync_cursor cursor = {};
	struct dsync_access *held;

	lockdep_assert_held(&buf->lock);
	if (likely(!ask.uncommitted_only))
		return dsync_conflict_first(&buf->held, &ask);
	held = dsync_conflict_scan(&buf->held, &ask, &cursor, DSYNC_MAX_STEPS);
	if (!IS_ERR(held))
		return held;
	ask.uncommitted_only = false;
	return dsync_conflict_first(&buf->held, &ask);
}

static struct dsync_job *job_of(struct rb_node *rb)
{
	return rb_entry(rb, struct dsync_job, rb);
}

/**
 * dsync_buf_insert_job() - the fence of a job is about to be published
 * @access: the first access of a buffer in the job's set, held
 * @job: the job; it stays until @access is released
 *
 * Context: any.
 */
void dsync_buf_insert_job(struct dsync_access *access, struct dsync_job *job)
{
	struct dsync_buf *buf = access->buf;
	struct rb_node **link = &buf->jobs.rb_node, *parent = NULL;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	while (*link) {
		buf->steps++;
		parent = *link;
		if (job->fence < job_of(parent)->fence)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&job->rb, parent, link);
	rb_insert_color(&job->rb, &buf->jobs);
	access->job = job;
	dsync_buf_unlock(buf, flags);
}

/**
 * dsync_buf_has_job() - does a fence belong to a job of the framework
 * @buf: the buffer
 * @fence: a fence out of its resv
 *
 * Context: any.
 * Return: true while a set that was committed with @fence is held.
 */
bool dsync_buf_has_job(struct dsync_buf *buf, struct dma_fence *fence)
{
	struct rb_node *rb;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	rb = buf->jobs.rb_node;
	while (rb && job_of(rb)->fence != fence) {
		buf->steps++;
		rb = fence < job_of(rb)->fence ? rb->rb_left : rb->rb_right;
	}
	dsync_buf_unlock(buf, flags);
	return rb;
}
