// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries: what those who have a dma-buf are told of its accesses. A list is made in pieces. The
 * caller keeps the place between two calls, so that no call takes long.
 */
#include <linux/dma-buf.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "arg.h"
#include "buf.h"
#include "entry.h"
#include "owner.h"
#include "query.h"
#include "set.h"

/* As in ioctl.c. */
#define INFO_SIZE_V0	88

static_assert(offsetofend(struct dmabuf_sync_info, fence_seqno) == INFO_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_query, reserved) == DSYNC_QUERY_SIZE_V0);

/* Entries that are listed before they are copied to user space. */
#define PIECE		32

/* How often a call takes the buffer's lock, at most. */
#define MAX_SECTIONS	512

/* To fill in an entry takes as long as looking at so many nodes. */
#define INFO_STEPS	8

/**
 * struct listing - a list that is being made
 * @arg: what is asked for
 * @cursor: in the trees of held accesses, then in those of queued ones: what was seen already
 * @queued: which of both
 * @over: all was seen
 * @now_ns: when the piece was begun, which tells ages
 * @nr: entries of @infos in use
 * @room: how many may be
 * @infos: a piece of the list
 */
struct listing {
	const struct dmabuf_sync_query *arg;
	struct dsync_cursor cursor;
	bool queued;
	bool over;
	u64 now_ns;
	u32 nr;
	u32 room;
	struct dmabuf_sync_info infos[PIECE];
};

/*
 * 0 also when no task has the number any more: it may be given to another one. As long as there is
 * a task of @pid, even a dead one, the number is its own.
 */
static u32 info_pid(struct pid *pid, enum pid_type type)
{
	return pid_has_task(pid, type) ? pid_nr_ns(pid, task_active_pid_ns(current)) : 0;
}

/* What the owner calls the set in its calls. */
static u32 info_set(struct dsync_set *set)
{
	return set->owner->kind == DMABUF_SYNC_OWNER_CONTEXT ? dsync_entry_of(set)->nr : 0;
}

/* How long it has been, at @now_ns, since a moment that may lie behind that. */
static u64 age_at(u64 now_ns, u64 since_ns)
{
	return since_ns && since_ns < now_ns ? now_ns - since_ns : 0;
}

static void info_fill(struct dmabuf_sync_info *info, struct dsync_access *access, bool queued,
		      u64 now_ns)
{
	struct dsync_set *set = access->set;
	u64 since = queued ? set->requested_ns : READ_ONCE(set->acquired_ns);

	*info = (struct dmabuf_sync_info){
		.access_id = access->id,
		.owner_id = set->owner->id,
		.set_id = set->accesses[0].id,
		.set = info_set(set),
		.owner_kind = set->owner->kind,
		.tgid = info_pid(set->owner->pid, PIDTYPE_TGID),
		.tid = info_pid(set->tid_pid, PIDTYPE_PID),
		.mode = access->mode & DMA_BUF_ACCESS_DMA_RW,
		.state = queued ? DMABUF_SYNC_STATE_QUEUED : DMABUF_SYNC_STATE_ACQUIRED,
		.offset = access->start,
		.length = dsync_access_len(access),
		.age_ns = age_at(now_ns, since),
	};
	if (queued || !dsync_set_is_committed(set))
		return;
	info->state = DMABUF_SYNC_STATE_COMMITTED;
	info->fence_context = set->commit.job.fence->context;
	info->fence_seqno = set->commit.job.fence->seqno;
}

/* Of held accesses, and of queued ones, which are to be listed. */
static int listing_ask(struct listing *list, struct dsync_buf *buf, struct dsync_ask *asks)
{
	const struct dmabuf_sync_query *arg = list->arg;
	struct dsync_access *waiter;

	asks[0] = (struct dsync_ask){ .last = ULONG_MAX, .ticket = U64_MAX };
	asks[1] = asks[0];
	if (!(arg->flags & DMABUF_SYNC_QUERY_BLOCKERS))
		return 0;
	waiter = dsync_conflict_find(&buf->queued, arg->offset, arg->access_id);
	if (!waiter)
		return -ENOENT;
	asks[0] = dsync_conflict_ask(waiter, U64_MAX);
	asks[1] = dsync_conflict_ask(waiter, waiter->set->ticket);
	return 0;
}

/* The next one; NULL when all were seen, or -EAGAIN when the lock was held for long. */
static struct dsync_access *listing_next(struct listing *list, struct dsync_buf *buf,
					 const struct dsync_ask *asks)
{
	struct dsync_access *access;

	if (!list->queued) {
		access = dsync_conflict_scan(&buf->held, &asks[0], &list->cursor,
					     DSYNC_MAX_STEPS);
		if (access)
			return access;
		list->queued = true;
		list->cursor = (struct dsync_cursor){};
	}
	return dsync_conflict_scan(&buf->queued, &asks[1], &list->cursor, DSYNC_MAX_STEPS);
}

/* What comes and goes while the lock is dropped may be listed or not. */
static int listing_go_on(struct listing *list, struct dsync_buf *buf)
{
	struct dsync_access *access;
	struct dsync_ask asks[2];
	unsigned long flags;
	int ret;

	dsync_buf_lock(buf, &flags);
	ret = listing_ask(list, buf, asks);
	while (!ret && !dsync_buf_spent(buf)) {
		access = listing_next(list, buf, asks);
		list->over = !access;
		if (IS_ERR_OR_NULL(access) || list->nr == list->room)
			break;
		dsync_conflict_mark(&list->cursor, access);
		info_fill(&list->infos[list->nr++], access, list->queued, list->now_ns);
		buf->steps += INFO_STEPS;
	}
	dsync_buf_unlock(buf, flags);
	return ret;
}

/* Where the entries behind the first @nr ones go. */
static void __user *place_of(const struct dmabuf_sync_query *arg, u32 nr)
{
	return u64_to_user_ptr(arg->infos) + (size_t)nr * arg->info_size;
}

static int listing_copy(struct listing *list, u32 done)
{
	u32 size = list->arg->info_size;
	u32 i;

	for (i = 0; i < list->nr; i++)
		if (dsync_arg_write(place_of(list->arg, done + i), size, &list->infos[i],
				    sizeof(list->infos[i])))
			return -EFAULT;
	return 0;
}

/* As many entries as there is room, and time, for. Return: how many, or a negative errno. */
static int listing_run(struct listing *list, struct dsync_buf *buf)
{
	u32 max = min(list->arg->nr_infos, DMABUF_SYNC_MAX_INFOS);
	unsigned int sections = 0;
	u32 done = 0;
	int ret;

	do {
		list->nr = 0;
		list->now_ns = ktime_get_ns();
		list->room = min(max - done, PIECE);
		ret = listing_go_on(list, buf) ?: listing_copy(list, done);
		if (ret)
			return ret;
		done += list->nr;
		cond_resched();
	} while (!list->over && done < max && ++sections < MAX_SECTIONS);
	return done;
}

/* The caller's cursor is a place in the trees, whatever is written there. */
static void listing_begin(struct listing *list, const struct dmabuf_sync_query *arg)
{
	const struct dmabuf_sync_cursor *from = &arg->cursor;

	list->arg = arg;
	list->over = false;
	list->queued = from->place >= DSYNC_NR_TREES;
	list->cursor = (struct dsync_cursor){
		.tree = from->place % DSYNC_NR_TREES,
		.start = from->offset,
		.id = from->access_id,
	};
}

static void listing_end(const struct listing *list, struct dmabuf_sync_cursor *to)
{
	*to = (struct dmabuf_sync_cursor){};
	if (list->over)
		return;
	to->access_id = list->cursor.id;
	to->offset = list->cursor.start;
	to->place = list->cursor.tree + (list->queued ? DSYNC_NR_TREES : 0);
	to->more = 1;
}

static int query_buf(struct dsync_buf *buf, struct dmabuf_sync_query *arg)
{
	struct listing *list;
	int ret;

	list = kmalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	listing_begin(list, arg);
	ret = listing_run(list, buf);
	if (ret >= 0) {
		arg->nr_infos = ret;
		arg->nr_held = READ_ONCE(buf->nr_held);
		arg->nr_queued = READ_ONCE(buf->nr_queued);
		listing_end(list, &arg->cursor);
	}
	kfree(list);
	return min(ret, 0);
}

/* Of a buffer that was not used lately. */
static int query_nothing(struct dmabuf_sync_query *arg)
{
	if (arg->flags & DMABUF_SYNC_QUERY_BLOCKERS)
		return -ENOENT;
	arg->nr_infos = 0;
	arg->nr_held = 0;
	arg->nr_queued = 0;
	arg->cursor = (struct dmabuf_sync_cursor){};
	return 0;
}

static int query(struct dmabuf_sync_query *arg)
{
	struct dma_buf *dmabuf;
	struct dsync_buf *buf;
	int ret;

	dmabuf = dma_buf_get(arg->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	buf = dsync_buf_find(dmabuf);
	if (buf) {
		ret = query_buf(buf, arg);
		dsync_buf_put(buf);
	} else {
		ret = query_nothing(arg);
	}
	dma_buf_put(dmabuf);
	return ret;
}

static int query_check(const struct dmabuf_sync_query *arg)
{
	bool of_one = arg->flags & DMABUF_SYNC_QUERY_BLOCKERS;

	if (arg->flags & ~DMABUF_SYNC_QUERY_BLOCKERS || arg->reserved)
		return -EINVAL;
	if (arg->nr_infos && (arg->info_size < INFO_SIZE_V0 || arg->info_size > DSYNC_MAX_ARG))
		return -EINVAL;
	if (!of_one && (arg->access_id || arg->offset))
		return -EINVAL;
	if (arg->cursor.place >= 2 * DSYNC_NR_TREES || arg->cursor.more > 1)
		return -EINVAL;
	return 0;
}

/**
 * dsync_query() - list the accesses of a dma-buf, or those that one of them waits for
 * @user: struct dmabuf_sync_query
 *
 * Context: process context; may sleep.
 * Return: 0 or a negative errno, see there.
 */
int dsync_query(void __user *user)
{
	struct dmabuf_sync_query arg;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), DSYNC_QUERY_SIZE_V0, user);
	if (!ret)
		ret = query_check(&arg);
	if (!ret)
		ret = query(&arg);
	return ret ?: dsync_arg_write(user, arg.size, &arg, sizeof(arg));
}
