// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: an open /dev/dmabuf_sync is an owner, its sets have numbers, and the end of a
 * queued one is an event to read. ioctl.c reads and checks what user space passes.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>

#include "context.h"
#include "owner.h"
#include "release.h"
#include "request.h"
#include "user.h"

static void wake_all(struct dsync_context *context)
{
	wake_up_interruptible_poll(&context->wait, EPOLLIN | EPOLLRDNORM);
}

static void wake_work(struct work_struct *work)
{
	wake_all(container_of(work, struct dsync_context, wake));
}

/* More than so many are not woken with interrupts off. */
#define MAX_WOKEN	8

/*
 * A few tasks, each for itself: who sleeps, and who polls, says who it is. Others (epoll) may have
 * any number of waiters of their own.
 */
static bool is_quickly_woken(struct wait_queue_head *wait)
{
	struct wait_queue_entry *entry;
	unsigned int nr = 0;
	unsigned long flags;
	bool quick = true;

	spin_lock_irqsave(&wait->lock, flags);
	list_for_each_entry(entry, &wait->head, entry) {
		quick = entry->private && ++nr <= MAX_WOKEN;
		if (!quick)
			break;
	}
	spin_unlock_irqrestore(&wait->lock, flags);
	return quick;
}

/* In any context, with a buffer's lock held perhaps. */
static void context_wake(struct dsync_context *context)
{
	if (is_quickly_woken(&context->wait))
		wake_all(context);
	else
		dsync_set_queue_serve(&context->wake);
}

static int context_open(struct inode *inode, struct file *file)
{
	struct dsync_context *context;
	int ret;

	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return -ENOMEM;
	context->owner = dsync_owner_create(DMABUF_SYNC_OWNER_CONTEXT, NULL);
	if (IS_ERR(context->owner)) {
		ret = PTR_ERR(context->owner);
		kfree(context);
		return ret;
	}
	xa_init_flags(&context->entries, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	mutex_init(&context->numbers);
	spin_lock_init(&context->lock);
	INIT_LIST_HEAD(&context->news);
	INIT_LIST_HEAD(&context->events);
	INIT_WORK(&context->wake, wake_work);
	init_waitqueue_head(&context->wait);
	dsync_calls_init(&context->calls, &context->wait);
	file->private_data = context;
	return stream_open(inode, file);
}

static struct dsync_entry *entry_of(struct dsync_set *set)
{
	return container_of(set, struct dsync_entry, set);
}

static struct dsync_entry *entry_create(struct dsync_context *context, unsigned int nr)
{
	struct dsync_entry *entry;
	struct dsync_set *set;
	int ret;

	set = dsync_set_alloc(context->owner, nr, offsetof(struct dsync_entry, set));
	if (IS_ERR(set))
		return ERR_CAST(set);
	entry = entry_of(set);
	entry->context = context;
	INIT_LIST_HEAD(&entry->link);
	ret = xa_alloc(&context->entries, &entry->event.set, entry, xa_limit_31b,
		       GFP_KERNEL);
	if (!ret)
		return entry;
	dsync_set_put(set);
	return ERR_PTR(ret);
}

static void entry_discard(struct dsync_entry *entry)
{
	cmpxchg(&entry->context->recent, entry, NULL);
	xa_erase(&entry->context->entries, entry->event.set);
	dsync_set_put(&entry->set);
}

static bool entry_renew(struct dsync_entry *entry)
{
	if (!dsync_set_renew(&entry->set))
		return false;
	dsync_set_unpin(&entry->set);
	entry->queued = false;
	entry->claimed = false;
	entry->told = false;
	entry->ended = false;
	return true;
}

/* Only the memory of a few accesses is kept. */
static void entry_drop(struct dsync_entry *entry)
{
	if (entry->set.nr <= DSYNC_MAX_LOCAL)
		entry = xchg(&entry->context->spare, entry);
	if (entry)
		entry_discard(entry);
}

/* The entry's set is over. */
static void entry_over(struct dsync_entry *entry)
{
	if (entry_renew(entry))
		entry_drop(entry);
	else
		entry_discard(entry);
}

/**
 * dsync_context_entry() - an entry for a request
 * @context: whose
 * @nr: number of accesses, not 0
 *
 * Context: process context; may sleep.
 * Return: an entry with a number, whose set is new and is to be filled; for dsync_context_acquire()
 * or dsync_context_entry_drop(). Or an error pointer as of dsync_set_alloc().
 */
struct dsync_entry *dsync_context_entry(struct dsync_context *context, unsigned int nr)
{
	struct dsync_entry *entry = xchg(&context->spare, NULL);

	if (entry && entry->set.nr == nr)
		return entry;
	if (entry)
		entry_discard(entry);
	return entry_create(context, nr);
}

/**
 * dsync_context_entry_drop() - give up an entry that was not requested
 * @entry: from dsync_context_entry()
 *
 * Context: process context.
 */
void dsync_context_entry_drop(struct dsync_entry *entry)
{
	entry_drop(entry);
}

static u32 set_status(const struct dsync_set *set)
{
	return dsync_set_was_abandoned(set) ? DMABUF_SYNC_ABANDONED : 0;
}

/* From now on the number means the entry. */
static void entry_tell(struct dsync_entry *entry)
{
	/* Pairs with entry_is_known(): the request has got as far as it gets by itself. */
	smp_store_release(&entry->known, true);
}

/* The same for a queued set: whoever read its event may have ended it. */
static void entry_tell_queued(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	spin_lock_irq(&context->lock);
	if (!entry->ended)
		entry_tell(entry);
	spin_unlock_irq(&context->lock);
}

static bool entry_is_known(const struct dsync_entry *entry)
{
	/* Pairs with entry_tell(). */
	return smp_load_acquire(&entry->known);
}

/* Something happened to a queued set: whoever reads or polls looks at it. */
static void entry_news(struct dsync_set *set, int error)
{
	struct dsync_entry *entry = entry_of(set);
	struct dsync_context *context = entry->context;
	unsigned long flags;

	spin_lock_irqsave(&context->lock, flags);
	if (!entry->ended && !entry->claimed && list_empty(&entry->link))
		list_add_tail(&entry->link, &context->news);
	spin_unlock_irqrestore(&context->lock, flags);
	context_wake(context);
}

/* A queued set is held, but for its windows perhaps, or has failed: its event can be read. */
static void entry_ready(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	spin_lock_irq(&context->lock);
	if (!entry->ended && !entry->claimed) {
		entry_tell(entry);
		list_move_tail(&entry->link, &context->events);
	}
	spin_unlock_irq(&context->lock);
	context_wake(context);
}

/* Nobody finds @entry any more, neither by its number nor by its event. */
static void entry_hide(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	if (entry->queued) {
		spin_lock_irq(&context->lock);
		entry->ended = true;
		list_del_init(&entry->link);
		spin_unlock_irq(&context->lock);
	}
	entry->known = false;
}

/* A hidden entry ends. An event that was not read told nobody anything, nor did a lost answer. */
static void entry_end(struct dsync_entry *entry, bool abandoned)
{
	struct dsync_set *set = &entry->set;

	if (entry->queued)
		dsync_request_cancel(set);
	if (set->state == DSYNC_READY) {
		if (abandoned)
			dsync_release_abandoned(set);
		else if (!entry->told)
			dsync_release_untold(set);
		else
			dsync_release(set);
	}
	entry_over(entry);
}

/* The release comes when nobody is in a call any more: those that would wait end here. */
static int context_flush(struct file *file, fl_owner_t files)
{
	struct dsync_context *context = file->private_data;

	dsync_calls_close(&context->calls, file, files);
	return 0;
}

static int context_release(struct inode *inode, struct file *file)
{
	struct dsync_context *context = file->private_data;
	struct dsync_entry *entry;
	unsigned long nr;

	xa_for_each(&context->entries, nr, entry) {
		if (!entry->known)
			continue;
		entry_hide(entry);
		entry_end(entry, true);
	}
	cancel_work_sync(&context->wake);
	if (context->spare)
		entry_discard(context->spare);
	xa_destroy(&context->entries);
	dsync_owner_put(context->owner);
	kfree(context);
	return 0;
}

/*
 * The event can be there before the call returns, and whoever reads it finds the set by its
 * number and may end it. Who does not know the number yet does not: the request may be in an
 * exporter.
 */
static int acquire_queued(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;
	struct dsync_set *set = &entry->set;
	int ret;

	entry->queued = true;
	dsync_set_get(set);
	ret = dsync_request_queue(set, entry_news);
	if (!ret) {
		entry_ready(entry);
	} else if (ret == -EINPROGRESS) {
		entry_tell_queued(entry);
		ret = 0;
	} else {
		mutex_lock(&context->numbers);
		entry_hide(entry);
		mutex_unlock(&context->numbers);
		dsync_request_cancel(set);
	}
	dsync_set_put(set);
	return ret;
}

/*
 * A time of the caller's CLOCK_MONOTONIC, as one of the kernel's. timens_ktime_to_host() does
 * that, but modules cannot call it. A time before the boot has passed as that of the boot has,
 * and one that no clock reaches stays the latest.
 */
static ktime_t deadline_to_host(ktime_t deadline)
{
	struct timespec64 offset = {};
	s64 host;

	timens_add_monotonic(&offset);
	if (check_sub_overflow(deadline, timespec64_to_ktime(offset), &host))
		return KTIME_MAX;
	return max(host, 0);
}

static int acquire_blocking(struct file *file, struct dsync_set *set, s64 deadline_ns)
{
	struct dsync_context *context = file->private_data;
	ktime_t deadline = 0;
	struct dsync_call call;
	int ret;

	if (deadline_ns)
		deadline = deadline_to_host(deadline_ns);
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

	if (arg->flags & DMABUF_SYNC_NONBLOCK)
		ret = dsync_request_nonblock(set);
	else
		ret = acquire_blocking(file, set, arg->deadline_ns);
	if (ret)
		return ret;
	arg->status = set_status(set);
	entry->told = true;
	WRITE_ONCE(entry->context->recent, entry);
	entry_tell(entry);
	return 0;
}

/**
 * dsync_context_acquire() - request a set on behalf of a context
 * @file: the context
 * @entry: from dsync_context_entry(), its set filled and pinned; it is given up when this fails
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
	arg->set = entry->event.set;
	entry->event.user_data = arg->user_data;
	if (arg->flags & DMABUF_SYNC_QUEUE)
		ret = acquire_queued(entry);
	else
		ret = acquire_now(file, entry, arg);
	if (ret)
		entry_over(entry);
	return ret;
}

/* Known entries stay so while the numbers are locked. */
static struct dsync_entry *entry_find(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry;

	lockdep_assert_held(&context->numbers);
	rcu_read_lock();
	entry = READ_ONCE(context->recent);
	if (!entry || entry->event.set != nr)
		entry = xa_load(&context->entries, nr);
	if (entry && !entry_is_known(entry))
		entry = NULL;
	rcu_read_unlock();
	return entry;
}

/* Take an entry away from its number, and from its event. */
static struct dsync_entry *entry_remove(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry;

	mutex_lock(&context->numbers);
	entry = entry_find(context, nr);
	if (entry)
		entry_hide(entry);
	mutex_unlock(&context->numbers);
	return entry;
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
	struct dsync_entry *entry = entry_remove(context, nr);

	if (!entry)
		return -ENOENT;
	entry_end(entry, false);
	return 0;
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
	struct dsync_entry *entry = entry_remove(context, nr);

	if (!entry)
		return;
	entry->told = false;
	entry_end(entry, false);
}

static struct dsync_entry *news_take(struct dsync_context *context)
{
	struct dsync_entry *entry;

	spin_lock_irq(&context->lock);
	entry = list_first_entry_or_null(&context->news, struct dsync_entry, link);
	if (entry)
		list_del_init(&entry->link);
	spin_unlock_irq(&context->lock);
	return entry;
}

/* Look at what has news until there is an event. */
static bool context_look(struct dsync_context *context)
{
	struct dsync_entry *entry;

	lockdep_assert_held(&context->numbers);
	while (list_empty(&context->events) && (entry = news_take(context))) {
		if (dsync_request_look(&entry->set) != -EINPROGRESS)
			entry_ready(entry);
		cond_resched();
	}
	return !list_empty(&context->events);
}

/* Take the first event, with a reference: nobody else reads it, but the set can be released. */
static struct dsync_entry *event_claim(struct dsync_context *context)
{
	struct dsync_entry *entry = NULL;

	mutex_lock(&context->numbers);
	if (context_look(context)) {
		spin_lock_irq(&context->lock);
		entry = list_first_entry(&context->events, struct dsync_entry, link);
		list_del_init(&entry->link);
		entry->claimed = true;
		spin_unlock_irq(&context->lock);
		dsync_set_get(&entry->set);
	}
	mutex_unlock(&context->numbers);
	return entry;
}

/* It is the first one again. */
static void event_give_back(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	spin_lock_irq(&context->lock);
	entry->claimed = false;
	list_add(&entry->link, &context->events);
	spin_unlock_irq(&context->lock);
	context_wake(context);
}

/*
 * Copy first, so that a bad pointer loses no event. Meanwhile nobody ends the entry, as that
 * begins with the numbers locked.
 */
static int event_copy(struct dsync_entry *entry, int result, char __user *to)
{
	lockdep_assert_held(&entry->context->numbers);
	entry->event.result = result;
	entry->event.status = result ? 0 : set_status(&entry->set);
	if (copy_to_user(to, &entry->event, sizeof(entry->event)))
		return -EFAULT;
	entry->told = true;
	if (result)
		entry_hide(entry);
	return 0;
}

/* -ESTALE: the set was released meanwhile. */
static int event_deliver(struct dsync_entry *entry, int result, char __user *to)
{
	struct dsync_context *context = entry->context;
	int ret = -ESTALE;

	mutex_lock(&context->numbers);
	if (!entry->ended) {
		ret = result;
		if (!dsync_request_goes_on(&entry->set))
			ret = event_copy(entry, result, to);
		if (ret)
			event_give_back(entry);
	}
	mutex_unlock(&context->numbers);
	return ret;
}

/*
 * 1: an event was read. The reader opens the windows of its set: that is nobody else's affair. A
 * failed request goes with its event.
 */
static int event_read(struct dsync_context *context, char __user *to)
{
	struct dsync_entry *entry;
	int result, ret;

	do {
		entry = event_claim(context);
		if (!entry)
			return 0;
		result = dsync_request_open(&entry->set);
		ret = event_deliver(entry, result, to);
		dsync_set_put(&entry->set);
	} while (ret == -ESTALE);
	if (ret)
		return ret;
	if (result)
		entry_end(entry, false);
	return 1;
}

static bool context_has_news(struct dsync_context *context)
{
	return !list_empty_careful(&context->events) || !list_empty_careful(&context->news);
}

/* Sleep until there is an event. */
static int context_wait(struct file *file)
{
	struct dsync_context *context = file->private_data;
	struct dsync_call call;
	int ret;

	ret = dsync_call_begin(&context->calls, &call, file, NULL);
	if (ret)
		return ret;
	ret = wait_event_interruptible(context->wait,
				       context_has_news(context) ||
				       dsync_call_is_cancelled(&call));
	if (!ret && dsync_call_is_cancelled(&call))
		ret = -ECANCELED;
	dsync_call_end(&context->calls, &call);
	return ret;
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
		ret = context_wait(file);
		if (ret)
			return ret;
	}
}

static __poll_t context_poll(struct file *file, poll_table *wait)
{
	struct dsync_context *context = file->private_data;
	bool event;

	poll_wait(file, &context->wait, wait);
	mutex_lock(&context->numbers);
	event = context_look(context);
	mutex_unlock(&context->numbers);
	return event ? EPOLLIN | EPOLLRDNORM : 0;
}

/* The keys are an interface (docs/user-guide.rst). */
static void context_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct dsync_context *context = file->private_data;
	struct dsync_owner *owner = context->owner;
	struct dsync_user *user = owner->user;

	seq_printf(m, "owner:\t%llu\n", owner->id);
	seq_printf(m, "accesses:\t%d\n", atomic_read(&owner->nr_accesses));
	seq_printf(m, "held:\t%d\n", atomic_read(&owner->nr_held));
	seq_printf(m, "queued:\t%d\n", atomic_read(&owner->nr_queued));
	seq_printf(m, "buffers:\t%d\n", atomic_read(&owner->nr_buffers));
	seq_printf(m, "user_owners:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_OWNERS));
	seq_printf(m, "user_accesses:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_ACCESSES));
	seq_printf(m, "user_queued:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_QUEUED));
	seq_printf(m, "user_buffers:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_BUFFERS));
	seq_printf(m, "user_marks:\t%u\n", dsync_user_count(user, DSYNC_QUOTA_MARKS));
}

static const struct file_operations context_fops = {
	.owner		= THIS_MODULE,
	.open		= context_open,
	.flush		= context_flush,
	.release	= context_release,
	.read		= context_read,
	.poll		= context_poll,
	.show_fdinfo	= context_show_fdinfo,
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
