// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of timelines. One that was opened for writing can signal, the others only wait:
 * the timeline knows how many can. Each open file has a point of its own to poll for.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "timeline_file.h"
#include "timeline_ioctl.h"
#include "user.h"
#include "wake.h"
#include "work.h"

#define ENDED	(EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP)

static void wake_work(struct work_struct *work)
{
	struct dsync_timeline_file *tf = container_of(work, struct dsync_timeline_file, wake);

	wake_up_interruptible_poll(&tf->wait, ENDED);
}

static void wake_all(struct dsync_timeline_file *tf)
{
	if (dsync_wake_is_quick(&tf->wait))
		wake_up_interruptible_poll(&tf->wait, ENDED);
	else
		dsync_work_wake(&tf->wake);
}

static void file_wake(struct dsync_timeline_waiter *waiter)
{
	wake_all(container_of(waiter, struct dsync_timeline_file, waiter));
}

/* Whoever polls for a point that is reached hears of the end of the timeline, too. */
static int file_arm(struct dsync_timeline_file *tf)
{
	int ret;

	lockdep_assert_held(&tf->lock);
	ret = dsync_timeline_arm(tf->timeline, &tf->waiter, tf->point);
	if (!ret)
		dsync_timeline_arm(tf->timeline, &tf->waiter, U64_MAX);
	return ret;
}

/**
 * dsync_timeline_file_poll_for() - poll for another point
 * @tf: the file
 * @point: the point
 *
 * Context: process context; may sleep.
 */
void dsync_timeline_file_poll_for(struct dsync_timeline_file *tf, u64 point)
{
	mutex_lock(&tf->lock);
	tf->point = point;
	file_arm(tf);
	mutex_unlock(&tf->lock);
	/* Pollers that wait for the one before look again. */
	wake_all(tf);
}

static __poll_t timeline_poll(struct file *file, poll_table *wait)
{
	struct dsync_timeline_file *tf = file->private_data;
	struct dsync_timeline_status status;
	__poll_t mask = 0;
	int ret;

	poll_wait(file, &tf->wait, wait);
	mutex_lock(&tf->lock);
	ret = file_arm(tf);
	mutex_unlock(&tf->lock);
	status = dsync_timeline_status(tf->timeline);
	if (!ret)
		mask = EPOLLIN | EPOLLRDNORM;
	if (!status.nr_signallers)
		mask |= EPOLLHUP;
	else if (ret == -EPIPE)
		mask |= EPOLLERR;
	return mask;
}

/* The release comes when nobody is in a call any more: those that would wait end here. */
static int timeline_flush(struct file *file, fl_owner_t files)
{
	struct dsync_timeline_file *tf = file->private_data;

	dsync_calls_close(&tf->calls, file, files);
	return 0;
}

static void file_free(struct dsync_timeline_file *tf)
{
	dsync_timeline_put(tf->timeline);
	dsync_user_uncharge(tf->user, DSYNC_QUOTA_TIMELINES, 1);
	dsync_user_put(tf->user);
	kfree(tf);
}

static int timeline_release(struct inode *inode, struct file *file)
{
	struct dsync_timeline_file *tf = file->private_data;

	dsync_timeline_disarm(tf->timeline, &tf->waiter);
	cancel_work_sync(&tf->wake);
	if (file->f_mode & FMODE_WRITE)
		dsync_timeline_leave(tf->timeline);
	file_free(tf);
	return 0;
}

/* The keys are an interface (docs/user-guide.rst). */
static void timeline_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct dsync_timeline_file *tf = file->private_data;
	struct dsync_timeline_status status = dsync_timeline_status(tf->timeline);

	seq_printf(m, "timeline:\t%llu\n", dsync_timeline_id(tf->timeline));
	seq_printf(m, "value:\t%llu\n", status.value);
	seq_printf(m, "failed:\t%llu\n", status.failed);
	seq_printf(m, "signallers:\t%u\n", status.nr_signallers);
	seq_printf(m, "waiters:\t%u\n", status.nr_waiters);
	mutex_lock(&tf->lock);
	seq_printf(m, "point:\t%llu\n", tf->point);
	mutex_unlock(&tf->lock);
	seq_printf(m, "can:\t%s\n", file->f_mode & FMODE_WRITE ? "signal" : "wait");
}

static const struct file_operations timeline_fops = {
	.owner		= THIS_MODULE,
	.flush		= timeline_flush,
	.release	= timeline_release,
	.poll		= timeline_poll,
	.show_fdinfo	= timeline_show_fdinfo,
	.unlocked_ioctl	= dsync_timeline_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/* What a file has before it is one. It takes a reference on the timeline. */
static struct dsync_timeline_file *file_alloc(struct dsync_timeline *timeline, u64 point)
{
	struct dsync_timeline_file *tf = kzalloc(sizeof(*tf), GFP_KERNEL_ACCOUNT);
	int ret = -ENOMEM;

	if (!tf)
		return ERR_PTR(-ENOMEM);
	tf->user = dsync_user_get();
	if (!tf->user)
		goto free;
	ret = dsync_user_charge(tf->user, DSYNC_QUOTA_TIMELINES, 1);
	if (ret)
		goto put_user;
	dsync_timeline_get(timeline);
	tf->timeline = timeline;
	tf->point = point;
	dsync_timeline_waiter_init(&tf->waiter, file_wake);
	init_waitqueue_head(&tf->wait);
	INIT_WORK(&tf->wake, wake_work);
	dsync_calls_init(&tf->calls, &tf->wait);
	mutex_init(&tf->lock);
	return tf;
put_user:
	dsync_user_put(tf->user);
free:
	kfree(tf);
	return ERR_PTR(ret);
}

/**
 * dsync_timeline_file_open() - open a file of a timeline
 * @timeline: the timeline
 * @point: which point poll() is about
 * @mode: O_RDWR: it can signal; O_RDONLY: it can only wait
 *
 * Context: process context; may sleep.
 * Return: the file, or an error pointer: -ENOLCK (the user has too many), -ENOMEM, -ENFILE.
 */
struct file *dsync_timeline_file_open(struct dsync_timeline *timeline, u64 point, int mode)
{
	struct dsync_timeline_file *tf = file_alloc(timeline, point);
	struct file *file;

	if (IS_ERR(tf))
		return ERR_CAST(tf);
	file = anon_inode_getfile("[dmabuf_sync_timeline]", &timeline_fops, tf, mode);
	if (IS_ERR(file))
		file_free(tf);
	else if (file->f_mode & FMODE_WRITE)
		dsync_timeline_join(timeline);
	return file;
}

/**
 * dsync_timeline_file_get() - the timeline's file behind a descriptor
 * @fd: the descriptor
 *
 * Return: the file with a reference for the caller, whose private data is a struct
 * dsync_timeline_file; or an error pointer: -EBADF (it is not open) or -EINVAL (it is no
 * timeline).
 */
struct file *dsync_timeline_file_get(int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op == &timeline_fops)
		return file;
	fput(file);
	return ERR_PTR(-EINVAL);
}
