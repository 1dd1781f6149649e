// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: an open /dev/dmabuf_sync is an owner, its sets have numbers, and the end of a
 * queued one is an event to read. ioctl.c reads and checks what user space passes.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "context.h"
#include "owner.h"
#include "release.h"
#include "request.h"

static int context_open(struct inode *inode, struct file *file)
{
	struct dsync_context *context;

	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return -ENOMEM;
	context->owner = dsync_owner_create(DMABUF_SYNC_OWNER_CONTEXT, NULL);
	if (!context->owner) {
		kfree(context);
		return -ENOMEM;
	}
	xa_init_flags(&context->entries, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	mutex_init(&context->numbers);
	spin_lock_init(&context->lock);
	INIT_LIST_HEAD(&context->events);
	init_waitqueue_head(&context->wait);
	file->private_data = context;
	return stream_open(inode, file);
}

static struct dsync_entry *entry_create(struct dsync_context *context,
					struct dsync_set *set)
{
	struct dsync_entry *entry;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return NULL;
	dsync_set_get(set);
	entry->set = set;
	entry->context = context;
	INIT_LIST_HEAD(&entry->link);
	return entry;
}

static void entry_free(struct dsync_entry *entry)
{
	dsync_set_put(entry->set);
	kfree(entry);
}

static u32 set_status(const struct dsync_set *set)
{
	return dsync_set_was_abandoned(set) ? DMABUF_SYNC_ABANDONED : 0;
}

/* A queued set is acquired or has failed: make the event readable. */
static void entry_done(struct dsync_set *set, int error)
{
	struct dsync_entry *entry = set->private;
	struct dsync_context *context = entry->context;

	entry->event.result = error;
	entry->event.status = error ? 0 : set_status(set);
	spin_lock(&context->lock);
	if (!entry->ended)
		list_add_tail(&entry->link, &context->events);
	spin_unlock(&context->lock);
	wake_up_interruptible_poll(&context->wait, EPOLLIN | EPOLLRDNORM);
}

/* Nobody finds @entry any more, neither by its number nor by its event. */
static void entry_hide(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	spin_lock(&context->lock);
	entry->ended = true;
	list_del_init(&entry->link);
	spin_unlock(&context->lock);
}

/* A hidden entry ends. An event that was not read told nobody anything. */
static void entry_end(struct dsync_entry *entry, bool abandoned)
{
	struct dsync_set *set = entry->set;

	if (entry->queued)
		dsync_request_cancel(set);
	if (set->state == DSYNC_READY) {
		if (abandoned)
			dsync_release_abandoned(set);
		else if (entry->queued && !entry->told)
			dsync_release_untold(set);
		else
			dsync_release(set);
	}
	entry_free(entry);
}

static int context_release(struct inode *inode, struct file *file)
{
	struct dsync_context *context = file->private_data;
	struct dsync_entry *entry;
	unsigned long nr;

	xa_for_each(&context->entries, nr, entry) {
		entry_hide(entry);
		entry_end(entry, true);
	}
	xa_destroy(&context->entries);
	dsync_owner_put(context->owner);
	kfree(context);
	return 0;
}

/* The number is reserved, so this neither allocates nor fails. */
static void entry_publish(struct dsync_context *context,
			  struct dsync_entry *entry, u32 nr)
{
	xa_store(&context->entries, nr, entry, GFP_KERNEL);
}

/* The event can be there before the call returns: nobody acts on it before the number. */
static int acquire_queued(struct dsync_context *context,
			  struct dsync_entry *entry, u32 nr)
{
	int ret;

	entry->queued = true;
	mutex_lock(&context->numbers);
	ret = dsync_request_async(entry->set, entry_done, entry);
	if (!ret)
		entry_publish(context, entry, nr);
	mutex_unlock(&context->numbers);
	return ret;
}

static int acquire_now(struct dsync_context *context, struct dsync_entry *entry,
		       struct dmabuf_sync_acquire *arg)
{
	ktime_t deadline = arg->deadline_ns;
	struct dsync_set *set = entry->set;
	int ret;

	if (arg->flags & DMABUF_SYNC_NONBLOCK)
		ret = dsync_request_nonblock(set);
	else
		ret = dsync_request(set, arg->deadline_ns ? &deadline : NULL);
	if (ret)
		return ret;
	arg->status = set_status(set);
	entry_publish(context, entry, arg->set);
	return 0;
}

/**
 * dsync_context_acquire() - request a set on behalf of a context
 * @context: the context
 * @arg: checked; its out members are filled in
 * @set: the set; the entry takes a reference of its own
 *
 * Context: process context; may sleep.
 * Return: 0 or a negative errno, see struct dmabuf_sync_acquire.
 */
int dsync_context_acquire(struct dsync_context *context,
			  struct dmabuf_sync_acquire *arg, struct dsync_set *set)
{
	struct dsync_entry *entry;
	int ret;

	entry = entry_create(context, set);
	if (!entry)
		return -ENOMEM;
	ret = xa_alloc(&context->entries, &arg->set, NULL, xa_limit_31b,
		       GFP_KERNEL);
	if (ret)
		goto free_entry;

	entry->event.set = arg->set;
	entry->event.user_data = arg->user_data;
	if (arg->flags & DMABUF_SYNC_QUEUE)
		ret = acquire_queued(context, entry, arg->set);
	else
		ret = acquire_now(context, entry, arg);
	if (!ret)
		return 0;

	xa_erase(&context->entries, arg->set);
free_entry:
	entry_free(entry);
	return ret;
}

/**
 * dsync_context_release() - release or cancel a set
 * @context: the context
 * @nr: its number
 *
 * Context: process context; may sleep.
 * Return: 0, or -ENOENT.
 */
int dsync_context_release(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry;

	mutex_lock(&context->numbers);
	entry = xa_load(&context->entries, nr);
	if (entry) {
		xa_erase(&context->entries, nr);
		entry_hide(entry);
	}
	mutex_unlock(&context->numbers);

	if (!entry)
		return -ENOENT;
	entry_end(entry, false);
	return 0;
}

static struct dsync_entry *event_first(struct dsync_context *context)
{
	struct dsync_entry *entry;

	spin_lock(&context->lock);
	entry = list_first_entry_or_null(&context->events, struct dsync_entry,
					 link);
	spin_unlock(&context->lock);
	return entry;
}

/*
 * Copy first, so that a bad pointer loses no event. Meanwhile nobody ends the entry, as that
 * begins with the numbers locked.
 */
static int event_copy(struct dsync_context *context, struct dsync_entry *entry,
		      char __user *to)
{
	lockdep_assert_held(&context->numbers);
	if (copy_to_user(to, &entry->event, sizeof(entry->event)))
		return -EFAULT;
	spin_lock(&context->lock);
	list_del_init(&entry->link);
	spin_unlock(&context->lock);
	entry->told = true;
	if (entry->event.result)
		xa_erase(&context->entries, entry->event.set);
	return 0;
}

/* 1: an event was read. A failed request goes with its event. */
static int event_read(struct dsync_context *context, char __user *to)
{
	struct dsync_entry *entry;
	int ret = 0;

	mutex_lock(&context->numbers);
	entry = event_first(context);
	if (entry)
		ret = event_copy(context, entry, to);
	mutex_unlock(&context->numbers);

	if (!entry || ret)
		return ret;
	if (entry->event.result)
		entry_end(entry, false);
	return 1;
}

static bool context_has_event(struct dsync_context *context)
{
	return !list_empty_careful(&context->events);
}

static ssize_t context_read(struct file *file, char __user *to, size_t count,
			    loff_t *pos)
{
	struct dsync_context *context = file->private_data;
	size_t size = sizeof(struct dmabuf_sync_event);
	size_t done = 0;
	int ret;

	if (count < size)
		return -EINVAL;
	for (;;) {
		while (count - done >= size) {
			ret = event_read(context, to + done);
			if (ret < 0)
				return done ?: ret;
			if (!ret)
				break;
			done += size;
		}
		if (done)
			return done;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(context->wait,
					       context_has_event(context));
		if (ret)
			return ret;
	}
}

static __poll_t context_poll(struct file *file, poll_table *wait)
{
	struct dsync_context *context = file->private_data;

	poll_wait(file, &context->wait, wait);
	return context_has_event(context) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations context_fops = {
	.owner		= THIS_MODULE,
	.open		= context_open,
	.release	= context_release,
	.read		= context_read,
	.poll		= context_poll,
	.unlocked_ioctl	= dsync_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice context_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "dmabuf_sync",
	.fops	= &context_fops,
};

/**
 * dsync_context_start() - make /dev/dmabuf_sync
 *
 * For root, unless udev says otherwise: what an owner can do is bounded by the descriptors it has.
 *
 * Return: 0 or a negative errno.
 */
int dsync_context_start(void)
{
	return misc_register(&context_device);
}

/**
 * dsync_context_stop() - remove it; no file is open any more
 */
void dsync_context_stop(void)
{
	misc_deregister(&context_device);
}
