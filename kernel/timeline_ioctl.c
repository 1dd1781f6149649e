// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls on timelines, and points in calls on contexts: what user space passes, read and
 * checked.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/uaccess.h>

#include <uapi/linux/dmabuf_sync_timeline.h>

#include "arg.h"
#include "points.h"
#include "timeline.h"
#include "timeline_file.h"
#include "timeline_ioctl.h"
#include "timeline_wait.h"

/* Sizes of the structures of the first release: nobody can know shorter ones. */
#define ITEM_SIZE_V0		16
#define POINT_SIZE_V0		16
#define QUERY_SIZE_V0		32
#define WAIT_SIZE_V0		40

/* What they grow by comes behind these members. */
static_assert(offsetofend(struct dmabuf_sync_point, point) == ITEM_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_timeline, reserved) == DSYNC_TIMELINE_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_timeline_point, point) == POINT_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_timeline_query, reserved) == QUERY_SIZE_V0);
static_assert(offsetofend(struct dmabuf_sync_wait, reserved) == WAIT_SIZE_V0);

/* Tell the descriptor, and install it then: nothing fails behind that. */
static int install(struct file *file, struct dmabuf_sync_timeline __user *user)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		goto put_file;
	if (put_user(fd, &user->fd))
		goto put_fd;
	fd_install(fd, file);
	return 0;
put_fd:
	put_unused_fd(fd);
	fd = -EFAULT;
put_file:
	fput(file);
	return fd;
}

static int read_timeline(struct dmabuf_sync_timeline *arg, void __user *user)
{
	int ret = dsync_arg_read(arg, sizeof(*arg), DSYNC_TIMELINE_SIZE_V0, user);

	if (ret)
		return ret;
	return arg->flags || arg->reserved ? -EINVAL : 0;
}

/**
 * dsync_timeline_ioctl_create() - DMABUF_SYNC_IOC_TIMELINE
 * @user: struct dmabuf_sync_timeline
 *
 * Context: process context; may sleep.
 * Return: 0 or a negative errno, see there.
 */
int dsync_timeline_ioctl_create(void __user *user)
{
	struct dsync_timeline *timeline;
	struct dmabuf_sync_timeline arg;
	struct file *file;
	int ret;

	ret = read_timeline(&arg, user);
	if (ret)
		return ret;
	timeline = dsync_timeline_create(arg.value);
	if (!timeline)
		return -ENOMEM;
	/* The last one of all points is followed by none. */
	file = dsync_timeline_file_open(timeline, max(arg.value + 1, arg.value), O_RDWR);
	dsync_timeline_put(timeline);
	return IS_ERR(file) ? PTR_ERR(file) : install(file, user);
}

static int ioctl_waiter(struct dsync_timeline_file *tf, void __user *user)
{
	struct dmabuf_sync_timeline arg;
	struct file *file;
	int ret;

	ret = read_timeline(&arg, user);
	if (ret)
		return ret;
	file = dsync_timeline_file_open(tf->timeline, arg.value, O_RDONLY);
	return IS_ERR(file) ? PTR_ERR(file) : install(file, user);
}

static int read_point(struct dmabuf_sync_timeline_point *arg, void __user *user)
{
	int ret = dsync_arg_read(arg, sizeof(*arg), POINT_SIZE_V0, user);

	if (ret)
		return ret;
	return arg->flags ? -EINVAL : 0;
}

static int ioctl_signal(struct file *file, void __user *user)
{
	struct dsync_timeline_file *tf = file->private_data;
	struct dmabuf_sync_timeline_point arg;
	int ret;

	ret = read_point(&arg, user);
	if (ret)
		return ret;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	return dsync_timeline_signal(tf->timeline, arg.point);
}

static int ioctl_poll(struct dsync_timeline_file *tf, void __user *user)
{
	struct dmabuf_sync_timeline_point arg;
	int ret;

	ret = read_point(&arg, user);
	if (!ret)
		dsync_timeline_file_poll_for(tf, arg.point);
	return ret;
}

static int ioctl_query(struct dsync_timeline_file *tf, void __user *user)
{
	struct dmabuf_sync_timeline_query arg;
	struct dsync_timeline_status status;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), QUERY_SIZE_V0, user);
	if (ret)
		return ret;
	if (arg.flags || arg.reserved)
		return -EINVAL;
	status = dsync_timeline_status(tf->timeline);
	arg.value = status.value;
	arg.failed = status.failed;
	arg.status = status.nr_signallers ? 0 : DMABUF_SYNC_TIMELINE_DEAD;
	return dsync_arg_write(user, arg.size, &arg, sizeof(arg));
}

/**
 * struct array - points in user space
 * @from: where they are
 * @nr: how many
 * @size: of each
 * @kinds: flags that each has one of, or 0
 */
struct array {
	void __user *from;
	u32 nr;
	u32 size;
	u32 kinds;
};

static int check_kind(const struct array *array, u32 flags)
{
	if (flags & ~array->kinds || (array->kinds && hweight32(flags) != 1))
		return -EINVAL;
	return 0;
}

static int add_point(struct dsync_points *points, const struct dmabuf_sync_point *item)
{
	struct file *file = dsync_timeline_file_get(item->fd);
	struct dsync_timeline_file *tf;
	bool owed = item->flags & DMABUF_SYNC_POINT_SIGNAL;
	int ret = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	tf = file->private_data;
	if (owed && !(file->f_mode & FMODE_WRITE))
		ret = -EBADF;
	else
		dsync_points_add(points, tf->timeline, item->point,
				 owed ? DSYNC_POINT_OWED : DSYNC_POINT_AWAITED);
	fput(file);
	return ret;
}

static int read_items(struct dsync_points *points, const struct array *array)
{
	const void __user *from = array->from;
	struct dmabuf_sync_point item;
	int ret = 0;
	u32 i;

	for (i = 0; i < array->nr && !ret; i++) {
		ret = dsync_arg_read_item(&item, sizeof(item), ITEM_SIZE_V0, from,
					  array->size) ?:
		      check_kind(array, item.flags) ?: add_point(points, &item);
		from += array->size;
	}
	return ret;
}

static struct dsync_points *points_read(const struct array *array)
{
	struct dsync_points *points;
	int ret;

	if (!array->nr || array->nr > DMABUF_SYNC_MAX_POINTS)
		return ERR_PTR(-EINVAL);
	points = dsync_points_alloc(array->nr);
	if (IS_ERR(points))
		return points;
	ret = read_items(points, array);
	if (!ret)
		return points;
	dsync_points_free(points);
	return ERR_PTR(ret);
}

/**
 * dsync_timeline_ioctl_points() - the points of a request
 * @arg: the request, which has some
 *
 * Context: process context; may sleep.
 * Return: the points, or an error pointer.
 */
struct dsync_points *dsync_timeline_ioctl_points(const struct dmabuf_sync_acquire *arg)
{
	const struct array array = {
		.from = u64_to_user_ptr(arg->points),
		.nr = arg->nr_points,
		.size = arg->point_size,
		.kinds = DMABUF_SYNC_POINT_WAIT | DMABUF_SYNC_POINT_SIGNAL,
	};

	return points_read(&array);
}

static int check_wait(const struct dmabuf_sync_wait *arg)
{
	if (arg->flags & ~(DMABUF_SYNC_WAIT_NONBLOCK | DMABUF_SYNC_WAIT_ANY) || arg->reserved)
		return -EINVAL;
	if (arg->deadline_ns < 0)
		return -EINVAL;
	if (arg->flags & DMABUF_SYNC_WAIT_NONBLOCK && arg->deadline_ns)
		return -EINVAL;
	return 0;
}

static int wait_for(struct file *file, struct dmabuf_sync_wait *arg)
{
	const struct array array = {
		.from = u64_to_user_ptr(arg->points),
		.nr = arg->nr_points,
		.size = arg->point_size,
	};
	struct dsync_points *points = points_read(&array);

	return IS_ERR(points) ? PTR_ERR(points) : dsync_timeline_wait(file, points, arg);
}

static int ioctl_wait(struct file *file, struct dmabuf_sync_wait __user *user)
{
	struct dmabuf_sync_wait arg;
	int ret;

	ret = dsync_arg_read(&arg, sizeof(arg), WAIT_SIZE_V0, user);
	if (!ret)
		ret = check_wait(&arg);
	if (!ret)
		ret = wait_for(file, &arg);
	if ((!ret || ret == -EPIPE) && put_user(arg.index, &user->index))
		return -EFAULT;
	return ret;
}

/**
 * dsync_timeline_ioctl() - the ioctls of a timeline
 * @file: a descriptor's file
 * @cmd: DMABUF_SYNC_TIMELINE_IOC_...
 * @arg: pointer to the call's structure
 *
 * Context: process context; may sleep.
 * Return: 0 or a negative errno, see the user ABI; -ENOTTY for an unknown call.
 */
long dsync_timeline_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	if (dsync_arg_is_call(cmd, DMABUF_SYNC_TIMELINE_IOC_WAITER, DSYNC_TIMELINE_SIZE_V0))
		return ioctl_waiter(file->private_data, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_TIMELINE_IOC_SIGNAL, POINT_SIZE_V0))
		return ioctl_signal(file, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_TIMELINE_IOC_POLL, POINT_SIZE_V0))
		return ioctl_poll(file->private_data, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_TIMELINE_IOC_QUERY, QUERY_SIZE_V0))
		return ioctl_query(file->private_data, user);
	if (dsync_arg_is_call(cmd, DMABUF_SYNC_TIMELINE_IOC_WAIT, WAIT_SIZE_V0))
		return ioctl_wait(file, user);
	return -ENOTTY;
}
