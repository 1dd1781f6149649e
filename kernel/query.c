// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries: what the users of a dma-buf are told of its accesses.
 */
#include <linux/dma-buf.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "arg.h"
#include "buf.h"
#include "owner.h"
#include "query.h"
#include "set.h"

/* As in ioctl.c. */
#define INFO_SIZE_V0	64

static_assert(offsetofend(struct dmabuf_sync_info, age_ns) == INFO_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_query, reserved) == DSYNC_QUERY_SIZE_V0);

/* 0 also when no task has the number any more: it may be given to another one. */
static u32 info_pid(struct pid *pid, enum pid_type type)
{
	return pid_has_task(pid, type) ? pid_nr_ns(pid, task_active_pid_ns(current)) : 0;
}

/* To fill in an entry takes as long as looking at so many nodes. */
#define INFO_STEPS	8

static void info_fill(struct dmabuf_sync_info *info, struct dsync_access *access,
		      bool held)
{
	struct dsync_set *set = access->set;
	u64 since = held ? READ_ONCE(set->acquired_ns) : set->requested_ns;

	*info = (struct dmabuf_sync_info){
		.access_id = access->id,
		.owner_id = set->owner->id,
		.owner_kind = set->owner->kind,
		.tgid = info_pid(set->owner->pid, PIDTYPE_TGID),
		.tid = info_pid(set->tid_pid, PIDTYPE_PID),
		.access = access->mode & DMA_BUF_ACCESS_DMA_RW,
		.state = !held ? DMABUF_SYNC_STATE_QUEUED :
			 dsync_set_is_committed(set) ? DMABUF_SYNC_STATE_COMMITTED :
						       DMABUF_SYNC_STATE_ACQUIRED,
		.offset = access->start,
		.length = dsync_access_len(access),
		.age_ns = since ? ktime_get_ns() - since : 0,
	};
}

/* Fill in some entries, from the cursor on; false if all were seen. */
static bool list_some(struct dsync_buf *buf, bool held, struct dsync_cursor *cursor,
		      struct dmabuf_sync_info *infos, u32 *nr, u32 room)
{
	struct dsync_ask all = { .last = ULONG_MAX, .ticket = U64_MAX };
	struct dsync_trees *trees = held ? &buf->held : &buf->queued;
	struct dsync_access *access;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	for (access = dsync_conflict_resume(trees, &all, cursor);
	     access && *nr < room && !dsync_buf_spent(buf);
	     access = dsync_conflict_next(trees, &all, access)) {
		dsync_conflict_mark(cursor, access);
		info_fill(&infos[(*nr)++], access, held);
		buf->steps += INFO_STEPS;
	}
	dsync_buf_unlock(buf, flags);
	return access && *nr < room;
}

/* Fill in what there is room for: what comes and goes meanwhile may be there or not. */
static u32 list_buf(struct dsync_buf *buf, struct dmabuf_sync_info *infos, u32 room)
{
	struct dsync_cursor cursor = {};
	u32 nr = 0;

	while (list_some(buf, true, &cursor, infos, &nr, room))
		cond_resched();
	cursor = (struct dsync_cursor){};
	while (list_some(buf, false, &cursor, infos, &nr, room))
		cond_resched();
	return nr;
}

static u32 count_buf(struct dsync_buf *buf)
{
	return READ_ONCE(buf->nr_held) + READ_ONCE(buf->nr_queued);
}

static int copy_infos(const struct dmabuf_sync_query *arg,
		      const struct dmabuf_sync_info *infos, u32 nr)
{
	void __user *to = u64_to_user_ptr(arg->infos);
	u32 i;

	for (i = 0; i < nr; i++)
		if (dsync_arg_write(to + (size_t)i * arg->info_size, arg->info_size, &infos[i],
				    sizeof(infos[i])))
			return -EFAULT;
	return 0;
}

static int query_buf(struct dsync_buf *buf, struct dmabuf_sync_query *arg)
{
	u32 room = min3(arg->nr_infos, count_buf(buf), DMABUF_SYNC_MAX_INFOS);
	struct dmabuf_sync_info *infos;
	u32 nr;
	int ret;

	infos = kvcalloc(room, sizeof(*infos), GFP_KERNEL_ACCOUNT);
	if (room && !infos)
		return -ENOMEM;
	nr = list_buf(buf, infos, room);
	arg->nr_infos = nr < room ? nr : max(nr, count_buf(buf));
	ret = copy_infos(arg, infos, nr);
	kvfree(infos);
	return ret;
}

/**
 * dsync_query() - list the holders and waiters of a dma-buf
 * @user: struct dmabuf_sync_query
 *
 * Context: process context; may sleep.
 * Return: 0 or a negative errno, see there.
 */
int dsync_query(void __user *user)
{
	struct dmabuf_sync_query arg;
	struct dma_buf *dmabuf;
	struct dsync_buf *buf;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), DSYNC_QUERY_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	if (arg.nr_infos && (arg.info_size < INFO_SIZE_V0 || arg.info_size > DSYNC_MAX_ARG))
		return -EINVAL;

	dmabuf = dma_buf_get(arg.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	buf = dsync_buf_find(dmabuf);
	if (buf) {
		ret = query_buf(buf, &arg);
		dsync_buf_put(buf);
	} else {
		arg.nr_infos = 0;
	}
	dma_buf_put(dmabuf);
	return ret ?: dsync_arg_write(user, arg.size, &arg, sizeof(arg));
}
