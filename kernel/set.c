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
#include "work.h"

static bool range_last(const struct dsync_range *range, u64 *last)
{
	u64 size = range->beyond ? (u64)OFFSET_MAX + 1 : range->dmabuf->size;
	u64 room = size - range->offset;
	u64 length = range->length;

	if (length == DMABUF_SYNC_TO_END)
		length = room;
	if (range->offset >= size || !length || length > room)
		return false;
	*last = range->offset + length - 1;
	return true;
}

/* What is explicit is about a fence, which only DMA has. */
static bool range_is_known(const struct dsync_range *range)
{
	if (range->mode & DMABUF_SYNC_EXPLICIT && !(range->mode & DMA_BUF_ACCESS_DMA))
		return false;
	return range->mode & DMA_BUF_ACCESS_RW && !(range->mode & ~DSYNC_ACCESS_KNOWN);
}

/**
 * dsync_range_check() - is it an access that the buffer can have
 * @range: what is asked for
 *
 * Return: 0, or -EINVAL for unknown or missing mode bits, for those that do not go together, and
 * for a range that is empty or leaves the buffer.
 */
int dsync_range_check(const struct dsync_range *range)
{
	u64 last;

	return range_is_known(range) && range_last(range, &last) ? 0 : -EINVAL;
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

static bool same_resv(const struct dsync_access *a, const struct dsync_access *b)
{
	return a->buf->dmabuf->resv == b->buf->dmabuf->resv;
}

/* What walks over the set need to know of an access, by the one before and those behind. */
static void access_place(struct dsync_access *access, struct dsync_access **part,
			 struct dsync_access **resv)
{
	const struct dsync_access *prev = access - 1;

	access->part = 0;
	access->first = 0;
	if (!*resv || !same_resv(prev, access)) {
		access->first |= DSYNC_FIRST_OF_RESV;
		*resv = access;
	}
	if (!*part || prev->buf != access->buf) {
		access->first |= DSYNC_FIRST_OF_BUF;
		*part = access;
	} else if ((*part)->part == DSYNC_MAX_LOCAL) {
		*part = access;
	}
	(*part)->part++;
	if (dsync_access_writes(access))
		(*resv)->first |= DSYNC_RESV_WRITTEN;
	if (!dsync_access_is_explicit(access))
		(*resv)->first |= dsync_access_writes(access) ? DSYNC_RESV_WRITE_SEEN :
								DSYNC_RESV_READ_SEEN;
}

static bool access_overlaps_prev(const struct dsync_access *access)
{
	return !(access->first & DSYNC_FIRST_OF_BUF) && access->start <= access[-1].last;
}

static void access_set_range(struct dsync_access *access, u32 mode, u64 start, u64 last)
{
	access->mode = mode;
	access->start = min_t(u64, start, DSYNC_LAST_BYTE);
	access->last = min_t(u64, last, DSYNC_LAST_BYTE);
}

/* Another dma-buf can be at the same address by now. */
static bool buf_is_of(const struct dsync_buf *buf, const struct dma_buf *dmabuf)
{
	return buf->dmabuf == dmabuf && buf->ino == dsync_buf_ino(dmabuf);
}

/* A set that was used before has a reference on each state already. */
static int access_find(struct dsync_access *access, struct dma_buf *dmabuf)
{
	if (access->buf && buf_is_of(access->buf, dmabuf))
		return 0;
	if (access->buf)
		dsync_buf_put(access->buf);
	access->buf = dsync_buf_get(dmabuf);
	return access->buf ? 0 : -ENOMEM;
}

static void access_init(struct dsync_access *access)
{
	RB_CLEAR_NODE(&access->rb);
	INIT_LIST_HEAD(&access->watchers);
}

/* Sorted by value: what holds addresses comes afterwards. */
static void set_sort(struct dsync_set *set)
{
	struct dsync_access *access;

	sort(set->accesses, set->nr, sizeof(*set->accesses), access_cmp, NULL);
	dsync_set_for_each(set, access)
		access_init(access);
}

/* Return: how many buffers there are; -EINVAL: two accesses overlap. */
static int set_arrange(struct dsync_set *set)
{
	struct dsync_access *access, *part = NULL, *resv = NULL;
	int nr_buffers = 0;

	if (set->nr > 1)
		set_sort(set);
	set->has_cpu = false;
	dsync_set_for_each(set, access) {
		access->set = set;
		set->has_cpu |= !dsync_access_is_dma(access);
		access_place(access, &part, &resv);
		if (access_overlaps_prev(access))
			return -EINVAL;
		nr_buffers += !!(access->first & DSYNC_FIRST_OF_BUF);
	}
	set->local = nr_buffers == 1 && set->nr <= DSYNC_MAX_LOCAL;
	return nr_buffers;
}

/* What is counted stays so, for the next use. What a process holds by fcntl() keeps no dma-buf. */
static int set_charge_buffers(struct dsync_set *set, unsigned int nr)
{
	int ret;

	if (nr <= set->nr_buffers || set->owner->kind == DMABUF_SYNC_OWNER_FCNTL)
		return 0;
	if (set->part)
		dsync_owner_charge_buffers_part(set->owner, nr - set->nr_buffers);
	ret = set->part ? 0 : dsync_owner_charge_buffers(set->owner, nr - set->nr_buffers);
	if (!ret)
		set->nr_buffers = nr;
	return ret;
}

/**
 * dsync_set_fill() - say what a set is to acquire
 * @set: a new set
 * @ranges: the accesses, as many as the set has
 *
 * The set does not refer to the dma-bufs afterwards (dsync_set_pin()).
 *
 * Context: process context; may sleep.
 * Return: 0, -EINVAL (an access that the buffer cannot have, or two that overlap), -ENOLCK (the
 * user's sets keep too many dma-bufs) or -ENOMEM; then the set can be filled again, or dropped.
 */
int dsync_set_fill(struct dsync_set *set, const struct dsync_range *ranges)
{
	struct dsync_access *access;
	int nr_buffers;
	u64 last;

	dsync_set_for_each(set, access) {
		if (!range_is_known(ranges) || !range_last(ranges, &last))
			return -EINVAL;
		if (access_find(access, ranges->dmabuf))
			return -ENOMEM;
		access_set_range(access, ranges->mode, ranges->offset, last);
		ranges++;
	}
	nr_buffers = set_arrange(set);
	return nr_buffers < 0 ? nr_buffers : set_charge_buffers(set, nr_buffers);
}

/**
 * dsync_set_pin() - keep the dma-bufs of a set
 * @set: a set that was filled
 *
 * Every set but those of fcntl() needs that: what a process holds by fcntl() ends before the file
 * does, by the VFS's own doing.
 */
void dsync_set_pin(struct dsync_set *set)
{
	struct dsync_access *access;

	dsync_set_for_each(set, access)
		get_dma_buf(access->buf->dmabuf);
	set->pinned = true;
}

/**
 * dsync_set_unpin() - take back dsync_set_pin()
 * @set: a set that is new or over
 *
 * Context: any.
 */
void dsync_set_unpin(struct dsync_set *set)
{
	struct dsync_access *access;

	if (!set->pinned)
		return;
	set->pinned = false;
	/* dma_buf_put() takes a lock for its trace event: not in hard interrupt. */
	dsync_set_for_each(set, access)
		fput(access->buf->dmabuf->file);
}

static struct dsync_set *set_alloc(struct dsync_owner *owner, unsigned int nr, size_t head)
{
	struct dsync_access *access;
	struct dsync_set *set;
	void *object;

	WARN_ON_ONCE(head > U8_MAX);
	object = kzalloc(head + struct_size(set, accesses, nr), GFP_KERNEL_ACCOUNT);
	if (!object)
		return NULL;
	set = object + head;
	dsync_owner_get(owner);
	set->owner = owner;
	set->nr = nr;
	set->head = head;
	dsync_set_adopt(set);
	set->result = -EINPROGRESS;
	kref_init(&set->ref);
	mutex_init(&set->run);
	INIT_LIST_HEAD(&set->waiting);
	INIT_LIST_HEAD(&set->watch);
	dsync_set_for_each(set, access)
		access_init(access);
	return set;
}

/**
 * dsync_set_alloc() - make a set, without saying what it is to acquire
 * @owner: who asks
 * @nr: number of accesses, not 0
 * @head: bytes in front of the set that its user needs: where the set is the last member of
 *	a structure, the offset of that member
 *
 * Context: process context; may sleep.
 * Return: the set with a reference for the caller, or an error pointer: -E2BIG (more than
 * DMABUF_SYNC_MAX_SET), -ENOLCK (a limit of the owner or of its user) or -ENOMEM.
 */
struct dsync_set *dsync_set_alloc(struct dsync_owner *owner, unsigned int nr, size_t head)
{
	struct dsync_set *set;
	int ret;

	if (nr > DMABUF_SYNC_MAX_SET)
		return ERR_PTR(-E2BIG);
	ret = dsync_owner_charge(owner, nr);
	if (ret)
		return ERR_PTR(ret);
	set = set_alloc(owner, nr, head);
	if (set)
		return set;
	dsync_owner_uncharge(owner, nr);
	return ERR_PTR(-ENOMEM);
}

/**
 * dsync_set_alloc_part() - make a set for bytes that the owner has already
 * @owner: who has them
 * @nr: number of accesses, not 0
 * @head: as for dsync_set_alloc()
 *
 * It counts against the limits but is not refused for them: an owner that has all it may have
 * can still release a part. The caller sees to it that this does not become more and more.
 *
 * Context: process context; may sleep.
 * Return: the set with a reference for the caller, or NULL without memory.
 */
struct dsync_set *dsync_set_alloc_part(struct dsync_owner *owner, unsigned int nr, size_t head)
{
	struct dsync_set *set = set_alloc(owner, nr, head);

	if (!set)
		return NULL;
	set->part = true;
	dsync_owner_charge_part(owner, nr);
	return set;
}

/**
 * dsync_set_name() - the current task is what views name a set after
 * @set: a set that is named after another task, or none
 *
 * For dsync_set_adopt(), which see.
 */
void dsync_set_name(struct dsync_set *set)
{
	put_pid(set->tid_pid);
	set->tid_pid = get_pid(task_pid(current));
}

/**
 * dsync_set_renew() - make a set that is over a new one
 * @set: the set, of which the caller has a reference
 *
 * It has its accesses still, and can be requested again, or filled and then requested.
 *
 * Context: process context.
 * Return: false if the set is not over, or somebody else has a reference: it can only be dropped.
 */
bool dsync_set_renew(struct dsync_set *set)
{
	/* Pairs with the end of a release, and of kref_put() by whoever else had a reference. */
	if (smp_load_acquire(&set->state) != DSYNC_OVER || kref_read(&set->ref) != 1)
		return false;
	smp_acquire__after_ctrl_dep();

	WARN_ON_ONCE(!list_empty(&set->waiting));
	set->state = DSYNC_NEW;
	set->watched = NULL;
	set->ticket = 0;
	set->line = (struct dsync_line){};
	set->searched = 0;
	set->search_order = 0;
	set->requested_ns = 0;
	set->acquired_ns = 0;
	set->wanted = 0;
	set->kicked = 0;
	set->done = NULL;
	set->by_task = false;
	set->part = false;
	set->marks = 0;
	set->stage = 0;
	set->result = -EINPROGRESS;
	set->wait = (struct dsync_fence_wait){};
	return true;
}

void dsync_set_get(struct dsync_set *set)
{
	kref_get(&set->ref);
}

static void set_free(struct rcu_head *rcu)
{
	struct dsync_set *set = container_of(rcu, struct dsync_set, rcu);

	put_pid(set->tid_pid);
	kfree(set->jobs);
	kfree((void *)set - set->head);
}

static void set_destroy(struct kref *ref)
{
	struct dsync_set *set = container_of(ref, struct dsync_set, ref);
	struct dsync_access *access;

	WARN_ON_ONCE(!list_empty(&set->waiting));
	WARN_ON_ONCE(!list_empty(&set->watch));
	WARN_ON_ONCE(work_pending(&set->work));
	WARN_ON_ONCE(set->state != DSYNC_NEW && set->state != DSYNC_OVER);
	WARN_ON_ONCE(set->has_points);
	dsync_set_unpin(set);
	dsync_set_for_each(set, access)
		if (access->buf)
			dsync_buf_put(access->buf);
	if (set->nr_buffers)
		dsync_owner_uncharge_buffers(set->owner, set->nr_buffers);
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
	/* Held by now, it concerns nobody else any more. */
	if (set->by_task && READ_ONCE(set->state) == DSYNC_HELD) {
		set->done(set, 0);
		return;
	}
	if (set->done) {
		dsync_work_request(set);
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
