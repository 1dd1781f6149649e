// SPDX-License-Identifier: GPL-2.0-only
/*
 * A set that is a descriptor: the open file has the set, whoever the file is passed to. It is a
 * context of its own, and so an owner, with one set that has no other name.
 *
 * Its end can be read again and again, since whoever gets the file wants to know. The close of the
 * last descriptor releases the set. If that was the end of its process, the set is abandoned.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/xarray.h>

#include "context.h"
#include "entry.h"
#include "event.h"
#include "owner.h"
#include "setfd.h"

/* The number that the first set of a context gets. */
#define THE_SET		1

/* Was it told that the set is acquired? Then there is one as long as the file. */
static bool setfd_is_delivered(struct dsync_context *context)
{
	struct dsync_entry *entry;
	bool delivered;

	rcu_read_lock();
	entry = xa_load(&context->entries, THE_SET);
	/* Pairs with smp_store_release() in dsync_event_answered(). */
	delivered = entry && smp_load_acquire(&entry->delivered);
	rcu_read_unlock();
	return delivered;
}

/* The request has failed, and that was read. */
static bool setfd_is_over(struct dsync_context *context)
{
	return READ_ONCE(context->spare) || !xa_load(&context->entries, THE_SET);
}

static bool setfd_has_news(struct dsync_context *context)
{
	return dsync_event_any(context) || setfd_is_delivered(context) || setfd_is_over(context);
}

/* Return: as dsync_event_read(), and how many bytes are to be read. */
static ssize_t setfd_read_one(struct dsync_context *context, char __user *to, size_t size)
{
	int ret;

	ret = dsync_event_read(context, to, size);
	/* Other readers can go on. */
	if (ret)
		wake_up_interruptible(&context->wait);
	else
		ret = dsync_event_read_again(context, THE_SET, to, size);
	return ret > 0 ? size : ret;
}

static ssize_t setfd_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct dsync_context *context = file->private_data;
	size_t size = dsync_event_size(count);
	ssize_t ret;

	if (!size)
		return -EINVAL;
	for (;;) {
		ret = setfd_read_one(context, to, size);
		if (ret || setfd_is_over(context))
			return ret;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = dsync_context_wait(file, setfd_has_news);
		if (ret)
			return ret;
	}
}

/* It is delivered. */
static int setfd_result(struct dsync_context *context)
{
	int ret;

	mutex_lock(&context->numbers);
	ret = dsync_event_result(xa_load(&context->entries, THE_SET));
	mutex_unlock(&context->numbers);
	return ret;
}

static __poll_t setfd_poll(struct file *file, poll_table *wait)
{
	struct dsync_context *context = file->private_data;
	__poll_t mask;

	poll_wait(file, &context->wait, wait);
	mask = dsync_event_look(context);
	if (setfd_is_delivered(context))
		mask |= EPOLLIN | EPOLLRDNORM | (setfd_result(context) ? EPOLLERR : 0);
	else if (setfd_is_over(context))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	return mask;
}

static int setfd_flush(struct file *file, fl_owner_t files)
{
	struct dsync_context *context = file->private_data;

	WRITE_ONCE(context->exited, !!(current->flags & PF_EXITING));
	return dsync_context_flush(file, files);
}

static int setfd_release(struct inode *inode, struct file *file)
{
	struct dsync_context *context = file->private_data;

	if (!context->exited)
		dsync_context_release(context, THE_SET);
	dsync_context_destroy(context);
	return 0;
}

static const struct file_operations setfd_fops = {
	.owner		= THIS_MODULE,
	.flush		= setfd_flush,
	.release	= setfd_release,
	.read		= setfd_read,
	.poll		= setfd_poll,
	.show_fdinfo	= dsync_context_show_fdinfo,
	.unlocked_ioctl	= dsync_ioctl_setfd,
	.compat_ioctl	= compat_ptr_ioctl,
};

/**
 * dsync_setfd_open() - an open file for a set
 * @asker: the context that asks; its lease is that of the set
 * @flags: O_NONBLOCK or 0
 *
 * Context: process context; may sleep.
 * Return: the file, a context for dsync_entry_get() and dsync_context_acquire(); or an error
 * pointer as of dsync_context_create() and anon_inode_getfile().
 */
struct file *dsync_setfd_open(const struct dsync_context *asker, unsigned int flags)
{
	struct dsync_context *context = dsync_context_create();
	struct file *file;

	if (IS_ERR(context))
		return ERR_CAST(context);
	context->owner->lease_ms = READ_ONCE(asker->owner->lease_ms);
	file = anon_inode_getfile("[dmabuf_sync_set]", &setfd_fops, context,
				  O_RDONLY | flags);
	if (IS_ERR(file))
		dsync_context_destroy(context);
	else
		stream_open(file_inode(file), file);
	return file;
}

/**
 * dsync_setfd_withdraw() - nobody learns of the set
 * @file: from dsync_setfd_open(), to be put then
 *
 * Context: process context; may sleep.
 */
void dsync_setfd_withdraw(struct file *file)
{
	dsync_context_withdraw(file->private_data, THE_SET);
}
