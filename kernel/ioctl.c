// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls of /dev/dmabuf_sync: what user space passes, read and checked.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/dmabuf_sync_timeline.h>

#include "arg.h"
#include "change.h"
#include "context.h"
#include "deadline.h"
#include "entry.h"
#include "features.h"
#include "lease.h"
#include "owner.h"
#include "points.h"
#include "query.h"
#include "set.h"
#include "setfd.h"
#include "timeline_ioctl.h"
#include "user.h"

/* Sizes of the structures of the first release: nobody can know shorter ones. */
#define ACCESS_SIZE_V0	24
#define ACQUIRE_SIZE_V0	64
#define RELEASE_SIZE_V0	16
#define CHANGE_SIZE_V0	40
#define LEASE_SIZE_V0	16
#define CAPS_SIZE_V0	72

/* What they grow by comes behind these members. */
static_assert(offsetofend(struct dmabuf_sync_access, length) == ACCESS_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_acquire, point_size) == ACQUIRE_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_release, reserved) == RELEASE_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_change, deadline_ns) == CHANGE_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_lease, reserved) == LEASE_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_caps, max_user_points) == CAPS_SIZE_V0);

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

/* With a reference on the dma-buf, unless this fails. */
static int read_range(struct dsync_range *range, const void __user *from, u32 size)
{
	struct dmabuf_sync_access access;
	struct dma_buf *dmabuf;
	int ret;

	ret = dsync_arg_read_item(&access, sizeof(access), ACCESS_SIZE_V0, from, size);
	if (ret)
		return ret;
	if (!access.mode || access.mode & ~DMA_BUF_ACCESS_RW)
		return -EINVAL;
	dmabuf = dma_buf_get(access.fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = check_mode(dmabuf, access.mode);
	if (ret) {
		dma_buf_put(dmabuf);
		return ret;
	}
	*range = (struct dsync_range){
		.dmabuf = dmabuf,
		.mode = access.mode,
		.offset = access.offset,
		.length = access.length,
	};
	return 0;
}

/* Accesses that need no memory of their own on their way. */
#define FEW_RANGES	2

/**
 * struct ranges - what a call asks for
 * @nr: entries of @list, with a reference on each dma-buf
 * @list: the accesses: @few, or an array
 * @few: room for those of most calls
 */
struct ranges {
	unsigned int nr;
	struct dsync_range *list;
	struct dsync_range few[FEW_RANGES];
};

static void ranges_free(struct ranges *ranges)
{
	if (ranges->list != ranges->few)
		kfree(ranges->list);
}

static void ranges_drop(struct ranges *ranges)
{
	while (ranges->nr)
		dma_buf_put(ranges->list[--ranges->nr].dmabuf);
	ranges_free(ranges);
}

/* @nr accesses of @size bytes each, which user space has at @accesses. */
static int ranges_read(struct ranges *ranges, u64 accesses, u32 nr, u32 size)
{
	const void __user *from = u64_to_user_ptr(accesses);
	int ret;

	ranges->nr = 0;
	ranges->list = ranges->few;
	if (nr > FEW_RANGES)
		ranges->list = kmalloc_array(nr, sizeof(*ranges->list),
					     GFP_KERNEL_ACCOUNT);
	if (!ranges->list)
		return -ENOMEM;
	do {
		ret = read_range(&ranges->list[ranges->nr], from, size);
		if (ret) {
			ranges_drop(ranges);
			return ret;
		}
		from += size;
	} while (++ranges->nr < nr);
	return 0;
}

/* An entry for what a call asks for, which takes over the references. */
static struct dsync_entry *entry_make(struct dsync_context *context, struct ranges *ranges,
				      size_t room)
{
	struct dsync_entry *entry = dsync_entry_get(context, ranges->nr, room);
	int ret;

	if (IS_ERR(entry)) {
		ranges_drop(ranges);
		return entry;
	}
	ret = dsync_set_fill(&entry->set, ranges->list);
	if (ret) {
		dsync_entry_drop(entry);
		ranges_drop(ranges);
		return ERR_PTR(ret);
	}
	entry->set.pinned = true;
	ranges_free(ranges);
	return entry;
}

static int check_acquire(const struct dmabuf_sync_acquire *arg)
{
	const u32 ways = DMABUF_SYNC_ACQUIRE_NONBLOCK | DMABUF_SYNC_ACQUIRE_QUEUE;

	if (arg->flags & ~(ways | DMABUF_SYNC_ACQUIRE_NOTIFY | DMABUF_SYNC_ACQUIRE_FD))
		return -EINVAL;
	if ((arg->flags & ways) == ways)
		return -EINVAL;
	if (arg->flags & DMABUF_SYNC_ACQUIRE_FD && !(arg->flags & ways))
		return -EINVAL;
	if (arg->flags & DMABUF_SYNC_ACQUIRE_NONBLOCK && arg->deadline_ns)
		return -EINVAL;
	if (arg->deadline_ns < 0)
		return -EINVAL;
	if (!arg->nr_accesses || arg->nr_accesses > DMABUF_SYNC_MAX_SET)
		return -EINVAL;
	return 0;
}

/* For what a request has in front of its entry. */
static size_t room_for(const struct dmabuf_sync_acquire *arg)
{
	return arg->flags & DMABUF_SYNC_ACQUIRE_QUEUE && arg->deadline_ns ? DSYNC_DEADLINE_ROOM : 0;
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
	struct ranges ranges;
	int ret;

	ret = ranges_read(&ranges, arg->accesses, arg->nr_accesses, arg->access_size);
	if (ret)
		return ret;
	entry = entry_make(file->private_data, &ranges, room_for(arg));
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	if (arg->nr_points)
		ret = attach_points(entry, arg);
	return ret ?: dsync_context_acquire(file, entry, arg);
}

/* All other members are as the caller has them. */
static int answer(const struct dmabuf_sync_acquire *arg,
		  struct dmabuf_sync_acquire __user *user)
{
	if (!user_write_access_begin(user, ACQUIRE_SIZE_V0))
		return -EFAULT;
	unsafe_put_user(arg->set, &user->set, fault);
	unsafe_put_user(arg->status, &user->status, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

static int acquire_number(struct file *file, struct dmabuf_sync_acquire *arg,
			  struct dmabuf_sync_acquire __user *user)
{
	int ret = acquire(file, arg);

	if (ret)
		return ret;
	ret = answer(arg, user);
	if (ret)
		dsync_context_withdraw(file->private_data, arg->set);
	return ret;
}

/* The descriptor comes last: nothing fails behind it. */
static int acquire_fd(struct file *asker, struct dmabuf_sync_acquire *arg,
		      struct dmabuf_sync_acquire __user *user)
{
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = dsync_setfd_open(asker->private_data, asker->f_flags & O_NONBLOCK);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto put_fd;
	}
	ret = acquire(file, arg);
	if (ret)
		goto put_file;
	arg->set = fd;
	ret = answer(arg, user);
	if (ret)
		goto withdraw;
	fd_install(fd, file);
	return 0;

withdraw:
	dsync_setfd_withdraw(file);
put_file:
	fput(file);
put_fd:
	put_unused_fd(fd);
	return ret;
}

static int ioctl_acquire(struct file *file, struct dmabuf_sync_acquire __user *user)
{
	struct dmabuf_sync_acquire arg;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), ACQUIRE_SIZE_V0, user);
	if (!ret)
		ret = check_acquire(&arg);
	if (ret)
		return ret;
	if (arg.flags & DMABUF_SYNC_ACQUIRE_FD)
		return acquire_fd(file, &arg, user);
	return acquire_number(file, &arg, user);
}

static int ioctl_release(struct dsync_context *context, void __user *user)
{
	struct dmabuf_sync_release arg;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), RELEASE_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	return dsync_context_release(context, arg.set);
}

static int check_change(const struct dmabuf_sync_change *arg)
{
	if (arg->flags & ~DMABUF_SYNC_CHANGE_NONBLOCK)
		return -EINVAL;
	if (arg->flags & DMABUF_SYNC_CHANGE_NONBLOCK && arg->deadline_ns)
		return -EINVAL;
	if (arg->deadline_ns < 0)
		return -EINVAL;
	if (!arg->nr_accesses || arg->nr_accesses > DMABUF_SYNC_MAX_SET)
		return -EINVAL;
	return 0;
}

/* Before anything is charged to the set's owner, who need not be the caller. */
static int check_ranges(const struct dsync_set *set, const struct ranges *ranges)
{
	unsigned int i;

	for (i = 0; i < ranges->nr; i++)
		if (!dsync_change_has(set, ranges->list[i].dmabuf))
			return -EINVAL;
	if (ranges->nr > set->nr && !dsync_user_is_current(set->owner->user))
		return -EPERM;
	return 0;
}

/*
 * An entry for what a set is to become, which takes over the references. Whoever a set was passed
 * to does not make it more at the cost of another user.
 */
static struct dsync_entry *change_entry(struct dsync_entry *old, struct ranges *ranges)
{
	int ret = check_ranges(&old->set, ranges);
	struct dsync_entry *new;

	if (ret)
		return ERR_PTR(ret);
	new = dsync_entry_beside(old, ranges->nr);
	if (IS_ERR(new))
		return new;
	ret = dsync_set_fill(&new->set, ranges->list);
	if (ret) {
		dsync_entry_forget(new);
		return ERR_PTR(ret);
	}
	new->set.pinned = true;
	return new;
}

/* The ranges are the entry's from here on, or dropped. */
static int change_engaged(struct dsync_change *change, struct ranges *ranges)
{
	change->new = change_entry(change->old, ranges);
	if (IS_ERR(change->new)) {
		ranges_drop(ranges);
		return PTR_ERR(change->new);
	}
	ranges_free(ranges);
	return dsync_change_make(change);
}

static int change(struct file *file, const struct dmabuf_sync_change *arg,
		  struct dmabuf_sync_change __user *user)
{
	struct dsync_change change = { .file = file, .arg = arg, .status = &user->status };
	struct ranges ranges;
	int ret;

	ret = ranges_read(&ranges, arg->accesses, arg->nr_accesses, arg->access_size);
	if (ret)
		return ret;
	change.old = dsync_entry_engage(file->private_data, arg->set);
	if (IS_ERR(change.old)) {
		ranges_drop(&ranges);
		return PTR_ERR(change.old);
	}
	ret = change_engaged(&change, &ranges);
	dsync_entry_disengage(change.old);
	return ret;
}

static int ioctl_change(struct file *file, struct dmabuf_sync_change __user *user)
{
	struct dmabuf_sync_change arg;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), CHANGE_SIZE_V0, user);
	if (!ret)
		ret = check_change(&arg);
	return ret ?: change(file, &arg, user);
}

static int ioctl_lease(struct dsync_owner *owner, struct dmabuf_sync_lease __user *user)
{
	struct dmabuf_sync_lease arg;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), LEASE_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	if (arg.lease_ms && arg.lease_ms < DMABUF_SYNC_MIN_LEASE_MS)
		return -EINVAL;
	WRITE_ONCE(owner->lease_ms, arg.lease_ms);
	return put_user(dsync_lease_ms(owner), &user->lease_ms);
}

static void caps_fill(struct dmabuf_sync_caps *caps, const struct dsync_owner *owner)
{
	*caps = (struct dmabuf_sync_caps){
		.size = caps->size,
		.version = DMABUF_SYNC_VERSION,
		.max_set = DMABUF_SYNC_MAX_SET,
		.features = dsync_features(),
		.max_infos = DMABUF_SYNC_MAX_INFOS,
		.min_lease_ms = DMABUF_SYNC_MIN_LEASE_MS,
		.lease_ms = dsync_lease_ms(owner),
		.max_accesses = dsync_owner_max_accesses(),
		.max_queued = dsync_owner_max_queued(),
		.max_user_owners = dsync_user_limit(DSYNC_QUOTA_OWNERS),
		.max_user_accesses = dsync_user_limit(DSYNC_QUOTA_ACCESSES),
		.max_user_queued = dsync_user_limit(DSYNC_QUOTA_QUEUED),
		.max_user_buffers = dsync_user_limit(DSYNC_QUOTA_BUFFERS),
		.max_user_marks = dsync_user_limit(DSYNC_QUOTA_MARKS),
		.max_user_timelines = dsync_user_limit(DSYNC_QUOTA_TIMELINES),
		.max_user_points = dsync_user_limit(DSYNC_QUOTA_POINTS),
	};
}

static int ioctl_caps(const struct dsync_owner *owner, void __user *user)
{
	struct dmabuf_sync_caps arg;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), CAPS_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags)
		return -EINVAL;
	caps_fill(&arg, owner);
	return dsync_arg_write(user, arg.size, &arg, sizeof(arg));
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

	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_ACQUIRE, ACQUIRE_SIZE_V0))
		return ioctl_acquire(file, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_RELEASE, RELEASE_SIZE_V0))
		return ioctl_release(context, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_CHANGE, CHANGE_SIZE_V0))
		return ioctl_change(file, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_QUERY, DSYNC_QUERY_SIZE_V0))
		return dsync_query(user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_LEASE, LEASE_SIZE_V0))
		return ioctl_lease(context->owner, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_CAPS, CAPS_SIZE_V0))
		return ioctl_caps(context->owner, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_TIMELINE, DSYNC_TIMELINE_SIZE_V0))
		return dsync_timeline_ioctl_create(user);
	return -ENOTTY;
}

/**
 * dsync_ioctl_setfd() - the ioctls of a set that is a descriptor
 * @file: the set's own context
 * @cmd: DMABUF_SYNC_IOC_CHANGE
 * @arg: pointer to the call's structure
 *
 * Context: process context; may sleep.
 * Return: as dsync_ioctl().
 */
long dsync_ioctl_setfd(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_IOC_CHANGE, CHANGE_SIZE_V0))
		return ioctl_change(file, (void __user *)arg);
	return -ENOTTY;
}
