// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: an open /dev/dmabuf_sync is an owner, its sets have numbers (entry.c), and the end
 * of a queued one is an event to read (event.c). ioctl.c reads and checks what user space passes.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <linux/dmabuf_sync.h>

#include "context.h"
#include "deadline.h"
#include "entry.h"
#include "event.h"
#include "lease.h"
#include "owner.h"
#include "points.h"
#include "request.h"
#include "user.h"

/**
 * dsync_context_create() - a context of the task
 *
 * Context: process context; may sleep.
 * Return: the context, or an error pointer: -ENOMEM, or -ENOLCK: the user has as many owners as it
 * may have.
 */
struct dsync_context *dsync_context_create(void)
{
	struct dsync_context *context;
	struct dsync_owner *owner;

	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return ERR_PTR(-ENOMEM);
	owner = dsync_owner_create(DMABUF_SYNC_OWNER_CONTEXT, NULL);
	if (IS_ERR(owner)) {
		kfree(context);
		return ERR_CAST(owner);
	}
	context->owner = owner;
	dsync_entries_init(context);
	dsync_event_init(context);
	dsync_calls_init(&context->calls, &context->wait);
	return context;
}

/**
 * dsync_context_destroy() - abandon what a context has left
 * @context: the context; nobody is in a call
 *
 * Context: process context; sleeps.
 */
void dsync_context_destroy(struct dsync_context *context)
{
	dsync_entries_abandon(context);
	dsync_event_stop(context);
	dsync_owner_put(context->owner);
	kfree_rcu(context, rcu);
}

static int context_open(struct inode *inode, struct file *file)
{
	struct dsync_context *context = dsync_context_create();

	if (IS_ERR(context))
		return PTR_ERR(context);
	file->private_data = context;
	return stream_open(inode, file);
}

/**
 * dsync_context_flush() - a descriptor of a context was closed
 * @file: the context
 * @files: the table that had the descriptor
 *
 * The release comes when nobody is in a call any more: those that would wait end here.
 *
 * Context: process context, of the file's flush().
 * Return: 0.
 */
int dsync_context_flush(struct file *file, fl_owner_t files)
{
	struct dsync_context *context = file->private_data;

	dsync_calls_close(&context->calls, file, files);
	return 0;
}

static int context_release(struct inode *inode, struct file *file)
{
	dsync_context_destroy(file->private_data);
	return 0;
}

/* Of a queued set: whoever read its event may have ended it. */
static void tell_queued(struct dsync_entry *entry, s64 deadline_ns)
{
	struct dsync_context *context = entry->context;

	spin_lock_irq(&context->lock);
	if (!entry->ended) {
		dsync_entry_tell(entry);
		if (deadline_ns)
			dsync_deadline_start(entry, dsync_deadline_to_host(deadline_ns));
	}
	spin_unlock_irq(&context->lock);
}

/*
 * There can have been news of the request, and somebody has looked and read how it ended: then it
 * was queued, and that was its event. Return: 0 if so; else @error, and nobody has the entry.
 */
static int queue_failed(struct dsync_entry *entry, int error)
{
	struct dsync_context *context = entry->context;
	bool over;

	mutex_lock(&context->numbers);
	over = entry->ended;
	if (!over)
		dsync_entry_hide(entry);
	mutex_unlock(&context->numbers);
	if (over)
		return 0;
	dsync_request_cancel(&entry->set);
	return error;
}

/*
 * The event can be there before the call returns, and whoever reads it finds the set by its
 * number and may end it. Who does not know the number yet does not: the request may be in an
 * exporter.
 */
static int acquire_queued(struct dsync_entry *entry, s64 deadline_ns)
{
	struct dsync_set *set = &entry->set;
	int ret;

	entry->queued = true;
	dsync_set_get(set);
	ret = dsync_request_queue(set, dsync_event_news);
	if (!ret) {
		dsync_event_ready(entry);
	} else if (ret == -EINPROGRESS) {
		tell_queued(entry, deadline_ns);
		ret = 0;
	} else {
		ret = queue_failed(entry, ret);
	}
	dsync_set_put(set);
	return ret;
}

/**
 * dsync_context_request() - request a set, and sleep until it can be had
 * @file: the context
 * @set: new; of this context
 * @deadline_ns: when to give up, as user space has it; 0: never
 *
 * Context: process context; sleeps interruptibly.
 * Return: as dsync_request(); -ECANCELED also if the file was closed.
 */
int dsync_context_request(struct file *file, struct dsync_set *set, s64 deadline_ns)
{
	struct dsync_context *context = file->private_data;
	ktime_t deadline = 0;
	struct dsync_call call;
	int ret;

	if (deadline_ns)
		deadline = dsync_deadline_to_host(deadline_ns);
	/* A close of the file wakes the task. A set that was used before has another one. */
	dsync_set_adopt(set);
	ret = dsync_call_begin(&context->calls, &call, file, set);
	if (ret)
		return ret;
	ret = dsync_request(set, deadline_ns ? &deadline : NULL);
	dsync_call_end(&context->calls, &call);
	return ret;
}

static int acquire_now(struct file *file, struct dsync_entry *entry,
		       struct dmabuf_sync_acquire *arg)
{
	struct dsync_set *set = &entry->set;
	int ret;

	if (arg->flags & DMABUF_SYNC_ACQUIRE_NONBLOCK)
		ret = dsync_request_nonblock(set);
	else
		ret = dsync_context_request(file, set, arg->deadline_ns);
	if (ret)
		return ret;
	arg->status = dsync_entry_status(entry);
	WRITE_ONCE(entry->context->recent, entry);
	dsync_event_answered(entry);
	return 0;
}

/**
 * dsync_context_acquire() - request a set on behalf of a context
 * @file: the context
 * @entry: from dsync_entry_get(), its set filled and pinned; it is given up when this fails
 * @arg: checked; its out members are filled in
 *
 * Context: process context; may sleep.
 * Return: 0 or a negative errno, see struct dmabuf_sync_acquire.
 */
int dsync_context_acquire(struct file *file, struct dsync_entry *entry,
			  struct dmabuf_sync_acquire *arg)
{
	int ret;

	/* Once it is known another thread may end it. */
	arg->set = entry->nr;
	entry->user_data = arg->user_data;
	entry->notify = arg->flags & DMABUF_SYNC_ACQUIRE_NOTIFY;
	if (arg->flags & DMABUF_SYNC_ACQUIRE_QUEUE)
		ret = acquire_queued(entry, arg->deadline_ns);
	else
		ret = acquire_now(file, entry, arg);
	if (!ret)
		return 0;
	dsync_points_drop(&entry->set);
	dsync_entry_over(entry);
	return ret;
}

/**
 * dsync_context_release() - release or cancel a set
 * @context: the context
 * @nr: its number
 *
 * Context: process context; may sleep.
 * Return: 0, -ENOENT, or -EOWNERDEAD: it was revoked.
 */
int dsync_context_release(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry = dsync_entry_remove(context, nr);

	if (!entry)
		return -ENOENT;
	return dsync_entry_end(entry);
}

/**
 * dsync_context_withdraw() - the answer to dsync_context_acquire() got lost
 * @context: the context
 * @nr: the number of the set, which ends
 *
 * Context: process context; may sleep.
 */
void dsync_context_withdraw(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry = dsync_entry_remove(context, nr);

	if (!entry)
		return;
	entry->delivered = false;
	dsync_entry_end(entry);
}

/**
 * dsync_context_wait() - sleep until there is something to read
 * @file: the context
 * @any: is there
 *
 * Context: process context; sleeps.
 * Return: 0, -ERESTARTSYS, or -ECANCELED: the file was closed.
 */
int dsync_context_wait(struct file *file, bool (*any)(struct dsync_context *context))
{
	struct dsync_context *context = file->private_data;
	struct dsync_call call;
	int ret;

	ret = dsync_call_begin(&context->calls, &call, file, NULL);
	if (ret)
		return ret;
	ret = wait_event_interruptible(context->wait,
				       any(context) || dsync_call_is_cancelled(&call));
	if (!ret && dsync_call_is_cancelled(&call))
		ret = -ECANCELED;
	dsync_call_end(&context->calls, &call);
	return ret;
}

static ssize_t context_read(struct file *file, char __user *to, size_t count,
			    loff_t *pos)
{
	struct dsync_context *context = file->private_data;
	size_t size = dsync_event_size(count);
	size_t done = 0;
	int ret;

	if (!size)
		return -EINVAL;
	for (;;) {
		while (count - done >= size) {
			ret = dsync_event_read(context, to + done, size);
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
		ret = dsync_context_wait(file, dsync_event_any);
		if (ret)
			return ret;
	}
}

static __poll_t context_poll(struct file *file, poll_table *wait)
{
	struct dsync_context *context = file->private_data;

	poll_wait(file, &context->wait, wait);
	return dsync_event_look(context);
}

/**
 * dsync_context_show_fdinfo() - what a context has
 * @m: where to; the keys are an interface (docs/user-guide.rst)
 * @file: the context
 *
 * Context: process context.
 */
void dsync_context_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct dsync_context *context = file->private_data;
	struct dsync_owner *owner = context->owner;
	struct dsync_user *user = owner->user;

	seq_printf(m, "owner:\t%llu\n", owner->id);
	seq_printf(m, "accesses:\t%d\n", atomic_read(&owner->nr_accesses));
	seq_printf(m, "held:\t%d\n", atomic_read(&owner->nr_held));
	seq_printf(m, "queued:\t%d\n", atomic_read(&owner->nr_queued));
	seq_printf(m, "buffers:\t%d\n", atomic_read(&owner->nr_buffers));
	seq_printf(m, "lease_ms:\t%u\n", dsync_lease_ms(owner));
	seq_printf(m, "user_owners:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_OWNERS));
	seq_printf(m, "user_accesses:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_ACCESSES));
	seq_printf(m, "user_queued:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_QUEUED));
	seq_printf(m, "user_buffers:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_BUFFERS));
	seq_printf(m, "user_marks:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_MARKS));
	seq_printf(m, "user_timelines:\t%u\n",
		   dsync_user_count(user, DSYNC_QUOTA_TIMELINES));
	seq_printf(m, "user_points:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_POINTS));
}

static const struct file_operations context_fops = {
	.owner		= THIS_MODULE,
	.open		= context_open,
	.flush		= dsync_context_flush,
	.release	= context_release,
	.read		= context_read,
	.poll		= context_poll,
	.show_fdinfo	= dsync_context_show_fdinfo,
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
	dsync_event_start();
	return misc_register(&context_device);
}

/**
 * dsync_context_stop() - remove it; no file is open any more
 */
void dsync_context_stop(void)
{
	misc_deregister(&context_device);
}
