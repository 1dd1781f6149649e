// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets: one request for one or more accesses, from the request to the release. The
 * accesses never change, so whoever has a reference may read them.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "buf.h"
#include "owner.h"
#include "set.h"

static struct workqueue_struct *set_wq;

/* Work that never sleeps, and so is never kept waiting by what users can block. */
static struct workqueue_struct *serve_wq;

/**
 * dsync_set_start() - make the workqueue of asynchronous requests
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_set_start(void)
{
	set_wq = alloc_workqueue("dmabuf_sync", WQ_UNBOUND | WQ_HIGHPRI, 0);
	serve_wq = alloc_workqueue("dmabuf_sync_serve", WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (set_wq && serve_wq)
		return 0;
	if (serve_wq)
		destroy_workqueue(serve_wq);
	if (set_wq)
		destroy_workqueue(set_wq);
	return -ENOMEM;
}

/**
 * dsync_set_stop() - finish what is left of sets whose users are gone
 */
void dsync_set_stop(void)
{
	/* Each may queue work on the other: a set's works end before its buffers' do. */
	drain_workqueue(set_wq);
	destroy_workqueue(serve_wq);
	destroy_workqueue(set_wq);
	rcu_barrier();
}

static bool want_last(const struct dsync_want *want, u64 *last)
{
	u64 size = want->beyond ? (u64)OFFSET_MAX + 1 : want->dmabuf->size;
	u64 room = size - want->offset;
	u64 length = want->length;

	if (length == DMABUF_SYNC_TO_END)
		length = room;
	if (want->offset >= size || !length || length > room)
		return false;
	*last = want->offset + length - 1;
	return true;
}

/**
 * dsync_want_check() - is it an access that the buffer can have
 * @want: what is asked for
 *
 * Return: 0, or -EINVAL for unknown or missing mode bits and for a range that is
 * empty or leaves the buffer.
 */
int dsync_want_check(const struct dsync_want *want)
{
	u64 last;

	if (want->mode & ~(DMA_BUF_ACCESS_RW | DMA_BUF_ACCESS_DMA))
		return -EINVAL;
	if (!(want->mode & DMA_BUF_ACCESS_RW))
		return -EINVAL;
	return want_last(want, &last) ? 0 : -EINVAL;
}

static int access_cmp(const void *pa, const void *pb)
{
	const struct dsync_access *a = pa, *b = pb;
	struct dma_resv *a_resv = a->buf->dmabuf->resv;
	struct dma_resv *b_resv = b->buf->dmabuf->resv;

	if (a_resv != b_resv)
		return a_resv < b_resv ? -1 : 1;
	if (a->buf != b->buf)
		return a->buf < b->buf ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return 0;
}

/**
 * dsync_set_same_resv() - does the access before this one share its resv
 * @access: an access of a set
 *
 * Return: true if the resv was visited already by a walk over the set.
 */
bool dsync_set_same_resv(const struct dsync_access *access)
{
	return access > access->set->accesses &&
	       access[-1].buf->dmabuf->resv == access->buf->dmabuf->resv;
}

/**
 * dsync_set_same_buf() - is the access before this one in the same buffer
 * @access: an access of a set
 *
 * Return: true if the buffer was visited already by a walk over the set.
 */
bool dsync_set_same_buf(const struct dsync_access *access)
{
	return access > access->set->accesses && access[-1].buf == access->buf;
}

/**
 * dsync_set_part_end() - the end of what is entered in one critical section
 * @access: an access of a set, the first of such a part
 *
 * Return: behind the last access of the part: all are of one buffer.
 */
struct dsync_access *dsync_set_part_end(struct dsync_access *access)
{
	struct dsync_access *end = access->set->accesses + access->set->nr;
	struct dsync_access *first = access;

	do {
		access++;
	} while (access < end && access->buf == first->buf &&
		 access - first < DSYNC_MAX_LOCAL);
	return access;
}

static bool set_is_local(const struct dsync_set *set)
{
	return set->nr <= DSYNC_MAX_LOCAL &&
	       set->accesses[0].buf == set->accesses[set->nr - 1].buf;
}

static bool set_overlaps_itself(const struct dsync_set *set)
{
	const struct dsync_access *access;

	dsync_set_for_each(set, access)
		if (dsync_set_same_buf(access) &&
		    access->start <= access[-1].last)
			return true;
	return false;
}

/*
 * What a process holds by fcntl() ends before the file does, by the VFS's own doing; and what
 * belongs to the file (F_OFD_SETLK) ends with it, so that nothing may keep it alive.
 */
static bool set_is_weak(const struct dsync_set *set)
{
	return set->owner->kind == DMABUF_SYNC_OWNER_FCNTL;
}

static void access_aim(struct dsync_access *access, u32 mode, u64 start, u64 last)
{
	access->mode = mode;
	access->start = min_t(u64, start, DSYNC_LAST_BYTE);
	access->last = min_t(u64, last, DSYNC_LAST_BYTE);
}

/* The array is sorted by value, so addresses into it are stored afterwards. */
static int set_fill(struct dsync_set *set, const struct dsync_want *wants)
{
	struct dsync_access *access;
	u64 last = 0;

	dsync_set_for_each(set, access) {
		if (dsync_want_check(wants) || !want_last(wants, &last))
			return -EINVAL;
		access->buf = dsync_buf_get(wants->dmabuf);
		if (!access->buf)
			return -ENOMEM;
		if (!set_is_weak(set))
			get_dma_buf(wants->dmabuf);
		access_aim(access, wants->mode, wants->offset, last);
		wants++;
	}
	sort(set->accesses, set->nr, sizeof(*set->accesses), access_cmp, NULL);
	dsync_set_for_each(set, access) {
		access->set = set;
		access->id = dsync_id_next();
		INIT_LIST_HEAD(&access->job);
		RB_CLEAR_NODE(&access->rb);
	}
	set->local = set_is_local(set);
	return set_overlaps_itself(set) ? -EINVAL : 0;
}

/**
 * dsync_set_create() - make a set, without requesting it
 * @owner: who asks
 * @wants: the accesses
 * @nr: number of @wants, not 0
 *
 * Context: process context; may sleep.
 * Return: the set with a reference for the caller, or an error pointer: -EINVAL (an
 * access that the buffer cannot have, or two that overlap), -E2BIG (more than
 * DMABUF_SYNC_MAX_SET), -ENOLCK (the owner's limit) or -ENOMEM.
 */
struct dsync_set *dsync_set_create(struct dsync_owner *owner,
				   const struct dsync_want *wants,
				   unsigned int nr)
{
	struct dsync_set *set;
	int ret;

	if (nr > DMABUF_SYNC_MAX_SET)
		return ERR_PTR(-E2BIG);
	ret = dsync_owner_charge(owner, nr);
	if (ret)
		return ERR_PTR(ret);

	set = kzalloc(struct_size(set, accesses, nr), GFP_KERNEL_ACCOUNT);
	if (!set) {
		dsync_owner_uncharge(owner, nr);
		return ERR_PTR(-ENOMEM);
	}
	dsync_owner_get(owner);
	set->owner = owner;
	set->nr = nr;
	set->tid = task_pid_nr(current);
	set->tid_pid = get_pid(task_pid(current));
	set->result = -EINPROGRESS;
	kref_init(&set->ref);
	set->task = current;
	mutex_init(&set->run);
	INIT_LIST_HEAD(&set->waiting);
	INIT_HLIST_NODE(&set->watch);
	INIT_LIST_HEAD(&set->link);

	ret = set_fill(set, wants);
	if (ret) {
		dsync_set_put(set);
		return ERR_PTR(ret);
	}
	return set;
}

void dsync_set_get(struct dsync_set *set)
{
	kref_get(&set->ref);
}

static void set_free(struct rcu_head *rcu)
{
	struct dsync_set *set = container_of(rcu, struct dsync_set, rcu);

	put_pid(set->tid_pid);
	kfree(set);
}

static void set_destroy(struct kref *ref)
{
	struct dsync_set *set = container_of(ref, struct dsync_set, ref);
	struct dsync_access *access;
	struct dma_buf *dmabuf;

	WARN_ON_ONCE(!list_empty(&set->waiting) || set->wait.armed);
	WARN_ON_ONCE(work_pending(&set->work));
	WARN_ON_ONCE(set->state != DSYNC_NEW && set->state != DSYNC_OVER);
	dsync_set_for_each(set, access) {
		if (!access->buf)
			continue;
		dmabuf = access->buf->dmabuf;
		dsync_buf_put(access->buf);
		/* dma_buf_put() takes a lock for its trace event: not in hard interrupt. */
		if (!set_is_weak(set))
			fput(dmabuf->file);
	}
	dma_fence_put(set->fence);
	dsync_owner_uncharge(set->owner, set->nr);
	dsync_owner_put(set->owner);
	call_rcu(&set->rcu, set_free);
}

/**
 * dsync_set_put() - drop a reference
 * @set: the set, new or over if it is the last one
 *
 * Context: any, hard interrupt and &dma_fence.lock included.
 */
void dsync_set_put(struct dsync_set *set)
{
	kref_put(&set->ref, set_destroy);
}

/**
 * dsync_set_queue_work() - run one of the works of a set
 * @work: the work; somebody keeps the set alive until it has run
 *
 * Context: any.
 * Return: false if it was queued already.
 */
bool dsync_set_queue_work(struct work_struct *work)
{
	return queue_work(set_wq, work);
}

/**
 * dsync_set_queue_serve() - run the work of a buffer, which does not sleep
 * @work: the work; somebody keeps the buffer's state alive until it has run
 *
 * Context: any.
 * Return: false if it was queued already.
 */
bool dsync_set_queue_serve(struct work_struct *work)
{
	return queue_work(serve_wq, work);
}

/**
 * dsync_set_kick() - let a request look again
 * @set: a set that is kept waiting by a lock of the caller: it is in a tree of a buffer
 *	(&dsync_buf.lock), on its owner's list (&dsync_owner.lock) or hooked to a
 *	fence (&dma_fence.lock)
 *
 * The bit and the task's state make up the usual pair: the sleeper sets its state, then
 * tests the bit; the waker sets the bit, then wakes the task.
 *
 * Context: any.
 */
void dsync_set_kick(struct dsync_set *set)
{
	if (set->done) {
		dsync_set_queue_work(&set->work);
		return;
	}
	set_bit(DSYNC_SET_KICKED, &set->kicked);
	wake_up_process(set->task);
}

/**
 * dsync_set_abort() - make a blocking request give up
 * @set: a set that is, or will be, requested with dsync_request(); the caller makes sure that
 *	the task is in there
 *
 * The request returns -ECANCELED instead of sleeping.
 *
 * Context: any.
 */
void dsync_set_abort(struct dsync_set *set)
{
	set_bit(DSYNC_SET_ABORTED, &set->kicked);
	wake_up_process(set->task);
}

/**
 * dsync_set_aim() - give a new set another range
 * @set: a set of one access that nobody else knows
 * @mode: DMA_BUF_ACCESS_... bits
 * @start: first byte
 * @last: last byte
 */
void dsync_set_aim(struct dsync_set *set, u32 mode, u64 start, u64 last)
{
	WARN_ON_ONCE(set->nr != 1 || set->requested_ns);
	access_aim(&set->accesses[0], mode, start, last);
}

/**
 * dsync_set_has_cpu() - does a CPU access anything here
 * @set: the set
 *
 * Return: true if not all accesses are DMA.
 */
bool dsync_set_has_cpu(const struct dsync_set *set)
{
	const struct dsync_access *access;

	dsync_set_for_each(set, access)
		if (!dsync_access_is_dma(access))
			return true;
	return false;
}

/**
 * dsync_set_was_abandoned() - did an earlier writer leave anything here undefined
 * @set: a set that was acquired
 *
 * Return: true if so, and no writer that was told came in between.
 */
bool dsync_set_was_abandoned(const struct dsync_set *set)
{
	const struct dsync_access *access;

	dsync_set_for_each(set, access)
		if (access->abandoned)
			return true;
	return false;
}
