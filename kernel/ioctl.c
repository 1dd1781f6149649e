// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls of /dev/dmabuf_sync: what user space passes, read and checked.
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "arg.h"
#include "buf.h"
#include "context.h"
#include "entry.h"
#include "lease.h"
#include "owner.h"
#include "points.h"
#include "set.h"
#include "timeline_ioctl.h"

/* Sizes of the structures of the first release: nobody can know shorter ones. */
#define ACQUIRE_SIZE_V0	48
#define RELEASE_SIZE_V0	16
#define QUERY_SIZE_V0	32
#define LEASE_SIZE_V0	16

static_assert(offsetofend(struct dmabuf_sync_acquire, status) == ACQUIRE_SIZE_V0);
static_assert(sizeof(struct dmabuf_sync_release) == RELEASE_SIZE_V0);
static_assert(sizeof(struct dmabuf_sync_query) == QUERY_SIZE_V0);
static_assert(sizeof(struct dmabuf_sync_lease) == LEASE_SIZE_V0);

/* Read a structure of another size than ours. */
static int read_other(void *to, size_t size, size_t min_size, void __user *from, u32 user_size)
{
	if (user_size < min_size)
		return -EINVAL;
	if (user_size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(to, size, from, user_size);
}

/* Read a structure that tells its own size in its first member. */
static __always_inline int read_sized(void *to, size_t size, size_t min_size, void __user *from)
{
	u32 user_size;

	if (get_user(user_size, (u32 __user *)from))
		return -EFAULT;
	if (user_size != size)
		return read_other(to, size, min_size, from, user_size);
	return copy_from_user(to, from, size) ? -EFAULT : 0;
}

/* All descriptors of a dma-buf share one file, so the mode is the buffer's. */
static int check_mode(struct dma_buf *dmabuf, u32 access)
{
	fmode_t mode = dmabuf->file->f_mode;

	if (access & DMA_BUF_ACCESS_R && !(mode & FMODE_READ))
		return -EBADF;
	if (access & DMA_BUF_ACCESS_W && !(mode & FMODE_WRITE))
		return -EBADF;
	return 0;
}

static int read_access(struct dmabuf_sync_access *access, const void __user *from, u32 size)
{
	if (size != sizeof(*access))
		return copy_struct_from_user(access, sizeof(*access), from, size);
	return copy_from_user(access, from, sizeof(*access)) ? -EFAULT : 0;
}

/* With a reference on the dma-buf, unless this fails. */
static int read_want(struct dsync_want *want, const void __user *from, u32 size)
{
	struct dmabuf_sync_access access;
	struct dma_buf *dmabuf;
	int ret;

	ret = read_access(&access, from, size);
	if (ret)
		return ret;
	if (!access.access || access.access & ~DMA_BUF_ACCESS_RW)
		return -EINVAL;
	dmabuf = dma_buf_get(access.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = check_mode(dmabuf, access.access);
	if (ret) {
		dma_buf_put(dmabuf);
		return ret;
	}
	*want = (struct dsync_want){
		.dmabuf = dmabuf,
		.mode = access.access,
		.offset = access.offset,
		.length = access.length,
	};
	return 0;
}

/* Accesses that need no memory of their own on their way. */
#define FEW_WANTS	2

/**
 * struct wants - what a call asks for
 * @nr: entries of @list, with a reference on each dma-buf
 * @list: the accesses: @few, or an array
 * @few: room for those of most calls
 */
struct wants {
	unsigned int nr;
	struct dsync_want *list;
	struct dsync_want few[FEW_WANTS];
};

static void wants_free(struct wants *wants)
{
	if (wants->list != wants->few)
		kfree(wants->list);
}

static void wants_drop(struct wants *wants)
{
	while (wants->nr)
		dma_buf_put(wants->list[--wants->nr].dmabuf);
	wants_free(wants);
}

static int wants_read(struct wants *wants, const struct dmabuf_sync_acquire *arg)
{
	const void __user *from = u64_to_user_ptr(arg->accesses);
	int ret;

	wants->nr = 0;
	wants->list = wants->few;
	if (arg->nr_accesses > FEW_WANTS)
		wants->list = kmalloc_array(arg->nr_accesses, sizeof(*wants->list),
					    GFP_KERNEL_ACCOUNT);
	if (!wants->list)
		return -ENOMEM;
	do {
		ret = read_want(&wants->list[wants->nr], from, arg->access_size);
		if (ret) {
			wants_drop(wants);
			return ret;
		}
		from += arg->access_size;
	} while (++wants->nr < arg->nr_accesses);
	return 0;
}

/* An entry for what a call asks for, which takes over the references. */
static struct dsync_entry *entry_make(struct dsync_context *context, struct wants *wants)
{
	struct dsync_entry *entry = dsync_entry_get(context, wants->nr);
	int ret;

	if (IS_ERR(entry)) {
		wants_drop(wants);
		return entry;
	}
	ret = dsync_set_fill(&entry->set, wants->list);
	if (ret) {
		dsync_entry_drop(entry);
		wants_drop(wants);
		return ERR_PTR(ret);
	}
	entry->set.pinned = true;
	wants_free(wants);
	return entry;
}

static int check_acquire(const struct dmabuf_sync_acquire *arg)
{
	const u32 ways = DMABUF_SYNC_NONBLOCK | DMABUF_SYNC_QUEUE;

	if (arg->flags & ~(ways | DMABUF_SYNC_NOTIFY) || (arg->flags & ways) == ways)
		return -EINVAL;
	if (arg->flags & ways && arg->deadline_ns)
		return -EINVAL;
	if (arg->deadline_ns < 0)
		return -EINVAL;
	if (!arg->nr_accesses || arg->access_size < sizeof(struct dmabuf_sync_access))
		return -EINVAL;
	if (arg->nr_accesses > DMABUF_SYNC_MAX_SET || arg->access_size > PAGE_SIZE)
		return -E2BIG;
	return 0;
}

/* The entry is given up when this fails. */
static int attach_points(struct dsync_entry *entry, const struct dmabuf_sync_acquire *arg)
{
	struct dsync_points *points = dsync_timeline_ioctl_points(arg);

	if (IS_ERR(points)) {
		dsync_set_unpin(&entry->set);
		dsync_entry_drop(entry);
		return PTR_ERR(points);
	}
	dsync_points_attach(points, &entry->set);
	return 0;
}

static int acquire(struct file *file, struct dmabuf_sync_acquire *arg)
{
	struct dsync_entry *entry;
	struct wants wants;
	int ret;

	ret = wants_read(&wants, arg);
	if (ret)
		return ret;
	entry = entry_make(file->private_data, &wants);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	if (arg->nr_points)
		ret = attach_points(entry, arg);
	return ret ?: dsync_context_acquire(file, entry, arg);
}

static int ioctl_acquire(struct file *file, struct dmabuf_sync_acquire __user *user)
{
	struct dmabuf_sync_acquire arg;
	int ret;

	ret = read_sized(&arg, sizeof(arg), ACQUIRE_SIZE_V0, user);
	if (!ret)
		ret = check_acquire(&arg);
	if (!ret)
		ret = acquire(file, &arg);
	if (ret)
		return ret;
	/* All other members are as the caller has them. */
	if (put_user(arg.set, &user->set) || put_user(arg.status, &user->status)) {
		dsync_context_withdraw(file->private_data, arg.set);
		return -EFAULT;
	}
	return 0;
}

static int ioctl_release(struct dsync_context *context, void __user *user)
{
	struct dmabuf_sync_release arg;
	int ret;

	ret = read_sized(&arg, sizeof(arg), RELEASE_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	return dsync_context_release(context, arg.set);
}

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
		if (copy_to_user(to + (size_t)i * arg->info_size, &infos[i],
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

static int ioctl_query(void __user *user)
{
	struct dmabuf_sync_query arg;
	struct dma_buf *dmabuf;
	struct dsync_buf *buf;
	int ret;

	ret = read_sized(&arg, sizeof(arg), QUERY_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	if (arg.nr_infos && arg.info_size < sizeof(struct dmabuf_sync_info))
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
	if (!ret && copy_to_user(user, &arg, min_t(size_t, arg.size, sizeof(arg))))
		ret = -EFAULT;
	return ret;
}

static int ioctl_lease(struct dsync_owner *owner, struct dmabuf_sync_lease __user *user)
{
	struct dmabuf_sync_lease arg;
	int ret;

	ret = read_sized(&arg, sizeof(arg), LEASE_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	if (arg.lease_ms && arg.lease_ms < DMABUF_SYNC_MIN_LEASE_MS)
		return -EINVAL;
	WRITE_ONCE(owner->lease_ms, arg.lease_ms);
	return put_user(dsync_lease_ms(owner), &user->lease_ms);
}

/* Calls of later versions differ in the size that the number carries. */
static bool is_call(unsigned int cmd, unsigned int known)
{
	return _IOC_TYPE(cmd) == _IOC_TYPE(known) && _IOC_NR(cmd) == _IOC_NR(known);
}

/**
 * dsync_ioctl() - the ioctls of a context
 * @file: the context
 * @cmd: DMABUF_SYNC_IOC_...
 * @arg: pointer to the call's structure
 *
 * Context: process context; may sleep.
 * Return: 0 or a negative errno, see the user ABI; -ENOTTY for an unknown call.
 */
long dsync_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct dsync_context *context = file->private_data;
	void __user *user = (void __user *)arg;

	if (is_call(cmd, DMABUF_SYNC_IOC_ACQUIRE))
		return ioctl_acquire(file, user);
	if (is_call(cmd, DMABUF_SYNC_IOC_RELEASE))
		return ioctl_release(context, user);
	if (is_call(cmd, DMABUF_SYNC_IOC_QUERY))
		return ioctl_query(user);
	if (is_call(cmd, DMABUF_SYNC_IOC_LEASE))
		return ioctl_lease(context->owner, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_TIMELINE, DSYNC_TIMELINE_SIZE_V0))
		return dsync_timeline_ioctl_create(user);
	return -ENOTTY;
}
