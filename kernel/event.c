// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: the ends of a context's queued requests, to be polled for and read. What happens to such
 * a request is noted as news, in any context; the tasks that poll or read look at the news and do
 * what is left to do (fences, windows): it is work for their user.
 */
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "context.h"
#include "entry.h"
#include "event.h"
#include "request.h"

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

/**
 * dsync_event_news() - something happened to a queued set: whoever reads or polls looks at it
 * @set: the set, of an entry
 * @error: 0
 *
 * Context: any, with a lock of a buffer, an owner or a fence held perhaps.
 */
void dsync_event_news(struct dsync_set *set, int error)
{
	struct dsync_entry *entry = dsync_entry_of(set);
	struct dsync_context *context = entry->context;
	unsigned long flags;

	spin_lock_irqsave(&context->lock, flags);
	if (!entry->ended && !entry->claimed && list_empty(&entry->link))
		list_add_tail(&entry->link, &context->news);
	spin_unlock_irqrestore(&context->lock, flags);
	context_wake(context);
}

/**
 * dsync_event_ready() - the event of a queued set can be read
 * @entry: its entry; the set is held, but for its windows perhaps, or has failed
 *
 * Context: process context.
 */
void dsync_event_ready(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	spin_lock_irq(&context->lock);
	if (!entry->ended && !entry->claimed) {
		dsync_entry_tell(entry);
		list_move_tail(&entry->link, &context->events);
	}
	spin_unlock_irq(&context->lock);
	context_wake(context);
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
			dsync_event_ready(entry);
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
	entry->event.status = result ? 0 : dsync_entry_status(entry);
	if (copy_to_user(to, &entry->event, sizeof(entry->event)))
		return -EFAULT;
	entry->told = true;
	if (result)
		dsync_entry_hide(entry);
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

/**
 * dsync_event_read() - read the first event
 * @context: of which context
 * @to: where to, in user space
 *
 * The reader opens the windows of its set: that is nobody else's affair. A failed request goes with
 * its event.
 *
 * Context: process context; sleeps as exporters do.
 * Return: 1 if an event was read, 0 if there is none, -EFAULT, or -ERESTARTSYS or -EINTR: the
 * event is left to the next reader then.
 */
int dsync_event_read(struct dsync_context *context, char __user *to)
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
		dsync_entry_end(entry);
	return 1;
}

/**
 * dsync_event_look() - is there an event to read
 * @context: in which context
 *
 * Context: process context; may sleep for memory, and for the resv of buffers.
 * Return: true if so.
 */
bool dsync_event_look(struct dsync_context *context)
{
	bool event;

	mutex_lock(&context->numbers);
	event = context_look(context);
	mutex_unlock(&context->numbers);
	return event;
}

/**
 * dsync_event_any() - may there be an event to read
 * @context: in which context
 *
 * Context: any.
 * Return: true if it is time for dsync_event_look() or dsync_event_read().
 */
bool dsync_event_any(struct dsync_context *context)
{
	return !list_empty_careful(&context->events) || !list_empty_careful(&context->news);
}

/**
 * dsync_event_init() - begin with no events
 * @context: whose; zeroed
 */
void dsync_event_init(struct dsync_context *context)
{
	spin_lock_init(&context->lock);
	INIT_LIST_HEAD(&context->news);
	INIT_LIST_HEAD(&context->events);
	INIT_WORK(&context->wake, wake_work);
	init_waitqueue_head(&context->wait);
}

/**
 * dsync_event_stop() - nobody is woken any more
 * @context: whose; it has no queued set, and nobody waits
 *
 * Context: process context; sleeps.
 */
void dsync_event_stop(struct dsync_context *context)
{
	cancel_work_sync(&context->wake);
}
