// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: the ends of a context's queued requests, and notices of leases, to be polled for and
 * read. What happens to a queued request is noted as news, in any context; the tasks that poll or
 * read look at the news and do what is left to do (fences, windows): it is work for their user.
 * Notices need nothing, and come once user space knows that it has the set.
 */
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "context.h"
#include "entry.h"
#include "event.h"
#include "lease.h"
#include "release.h"
#include "request.h"
#include "wake.h"
#include "work.h"

static void wake_all(struct dsync_context *context)
{
	wake_up_interruptible_poll(&context->wait,
				   EPOLLIN | EPOLLRDNORM | EPOLLPRI | EPOLLERR);
}

static void wake_work(struct work_struct *work)
{
	wake_all(container_of(work, struct dsync_context, wake));
}

/* In any context, with a buffer's lock held perhaps. */
static void context_wake(struct dsync_context *context)
{
	if (dsync_wake_is_quick(&context->wait))
		wake_all(context);
	else
		dsync_work_wake(&context->wake);
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

/* With &dsync_context.lock held. Return: true if there is something new to read. */
static bool notices_link(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	if (!entry->notices || !entry->delivered || entry->ended || !list_empty(&entry->link))
		return false;
	list_add_tail(&entry->link, &context->events);
	context->nr_noticed++;
	return true;
}

/* Return: true if there is something new to read. */
static bool notify(struct dsync_set *set, unsigned int type)
{
	struct dsync_entry *entry = dsync_entry_of(set);
	struct dsync_context *context = entry->context;
	unsigned long flags;
	bool news;

	if (!entry->notify)
		return false;
	spin_lock_irqsave(&context->lock, flags);
	entry->notices |= BIT(type);
	news = notices_link(entry);
	spin_unlock_irqrestore(&context->lock, flags);
	return news;
}

static void set_wanted(struct dsync_set *set)
{
	if (notify(set, DMABUF_SYNC_EVENT_WANTED))
		context_wake(dsync_entry_of(set)->context);
}

static void abort_change(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;
	unsigned long flags;

	spin_lock_irqsave(&context->lock, flags);
	if (entry->change)
		dsync_set_abort(entry->change);
	spin_unlock_irqrestore(&context->lock, flags);
}

/**
 * dsync_event_revoked() - the lease of a set of a context is over
 * @set: the set; one of its accesses is in a tree, or it is engaged
 *
 * Pollers of a set's own descriptor see it, too, with notices or without. A call that sleeps to
 * change the set gives up.
 *
 * Context: any, with the &dsync_buf.lock of the access held perhaps.
 */
void dsync_event_revoked(struct dsync_set *set)
{
	struct dsync_entry *entry = dsync_entry_of(set);

	/* Pairs with the lock of the wait queue: whoever is woken sees it. */
	WRITE_ONCE(entry->revoked, true);
	abort_change(entry);
	notify(set, DMABUF_SYNC_EVENT_REVOKED);
	context_wake(entry->context);
}

static bool set_expire(struct dsync_set *set)
{
	dsync_event_revoked(set);
	return true;
}

static bool set_revoke(struct dsync_set *set)
{
	dsync_release(set, DSYNC_END_REVOKED);
	return true;
}

static const struct dsync_lease_ops set_ops = {
	.wanted = set_wanted,
	.expire = set_expire,
	.revoke = set_revoke,
};

/**
 * dsync_event_start() - sets of contexts have leases
 */
void dsync_event_start(void)
{
	dsync_lease_register(DMABUF_SYNC_OWNER_CONTEXT, &set_ops);
}

static void answer(struct dsync_entry *entry)
{
	/* Pairs with smp_load_acquire() in setfd_delivered(). */
	smp_store_release(&entry->delivered, true);
	dsync_entry_tell(entry);
}

/**
 * dsync_event_answered() - user space knows that it has the set, and its number
 * @entry: its entry. Another thread may end it before this returns, unless the caller has a
 *	reference, or the numbers are locked
 *
 * Whoever reads a notice knows the number by it. So the number is known before that can be read.
 *
 * Context: process context.
 */
void dsync_event_answered(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;
	bool news;

	if (!entry->notify) {
		answer(entry);
		return;
	}
	spin_lock_irq(&context->lock);
	answer(entry);
	news = notices_link(entry);
	spin_unlock_irq(&context->lock);
	if (news)
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

/* The event as it was in the first release: nobody can know a shorter one. */
#define EVENT_SIZE_V0	32

static_assert(offsetofend(struct dmabuf_sync_event, user_data) == EVENT_SIZE_V0);

/**
 * dsync_event_size() - how large are the events of a read
 * @room: bytes that the reader has room for
 *
 * Who has no room for one as we know it gets as much of it: the beginning is what older versions
 * know.
 *
 * Return: bytes, of each event; 0: that is too little.
 */
size_t dsync_event_size(size_t room)
{
	if (room < EVENT_SIZE_V0)
		return 0;
	return min(round_down(room, 8), sizeof(struct dmabuf_sync_event));
}

/**
 * struct place - where an event is copied to
 * @to: in user space
 * @size: as much of it
 */
struct place {
	char __user *to;
	size_t size;
};

/*
 * With the numbers locked, so it does not sleep for the reader's memory: others who have the file
 * would sleep, too. Return: 0, or -EFAULT: to be repeated after place_make().
 */
static int place_fill(const struct place *place, struct dmabuf_sync_event *event)
{
	event->length = place->size;
	return copy_to_user_nofault(place->to, event, place->size);
}

/* Somebody may take the memory away again and again. Return: 0: place_fill() is to be repeated. */
static int place_make(const struct place *place)
{
	if (fault_in_subpage_writeable(place->to, place->size))
		return -EFAULT;
	cond_resched();
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

static struct dmabuf_sync_event event_of(const struct dsync_entry *entry, u32 type)
{
	return (struct dmabuf_sync_event){
		.type = type,
		.set = entry->nr,
		.user_data = entry->user_data,
	};
}

/* Nobody ends the entry, or reads, with the numbers locked. */
static int notice_copy(struct dsync_entry *entry, const struct place *place)
{
	u32 type = __ffs(READ_ONCE(entry->notices));
	struct dmabuf_sync_event event = event_of(entry, type);
	struct dsync_context *context = entry->context;

	lockdep_assert_held(&context->numbers);
	if (place_fill(place, &event))
		return -EFAULT;
	spin_lock_irq(&context->lock);
	entry->notices &= ~BIT(type);
	if (!entry->notices) {
		list_del_init(&entry->link);
		context->nr_noticed--;
	}
	spin_unlock_irq(&context->lock);
	return 1;
}

/*
 * The entry with the first event. The end of a request leaves the list; a notice does when it was
 * read. Others add events, and move them, with the numbers not locked.
 */
static struct dsync_entry *first_take(struct dsync_context *context)
{
	struct dsync_entry *entry;

	lockdep_assert_held(&context->numbers);
	spin_lock_irq(&context->lock);
	entry = list_first_entry_or_null(&context->events, struct dsync_entry, link);
	if (entry && !entry->delivered) {
		list_del_init(&entry->link);
		entry->claimed = true;
	}
	spin_unlock_irq(&context->lock);
	return entry;
}

/*
 * Take the first event. Return: 1 if that was a notice, which was read; 0 with the end of a
 * request, and a reference: nobody else reads it, but the set can be released; or with nothing;
 * -EFAULT.
 */
static int event_claim(struct dsync_context *context, const struct place *place,
		       struct dsync_entry **claimed)
{
	struct dsync_entry *entry;
	int ret = 0;

	*claimed = NULL;
	mutex_lock(&context->numbers);
	entry = context_look(context) ? first_take(context) : NULL;
	if (entry && entry->delivered) {
		ret = notice_copy(entry, place);
	} else if (entry) {
		dsync_set_get(&entry->set);
		*claimed = entry;
	}
	mutex_unlock(&context->numbers);
	return ret;
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
static int event_copy(struct dsync_entry *entry, int result, const struct place *place)
{
	struct dmabuf_sync_event event = event_of(entry, DMABUF_SYNC_EVENT_READY);

	lockdep_assert_held(&entry->context->numbers);
	event.result = result;
	event.status = result ? 0 : dsync_entry_status(entry);
	if (place_fill(place, &event))
		return -EFAULT;
	if (result)
		dsync_entry_hide(entry);
	else
		dsync_event_answered(entry);
	return 0;
}

/**
 * dsync_event_result() - how a request has ended
 * @entry: its entry
 *
 * The lease of an acquired set may be over since, or before that was told.
 *
 * Context: process context; &dsync_context.numbers held: a change may replace the entry.
 * Return: 0 or a negative errno, for an event.
 */
int dsync_event_result(const struct dsync_entry *entry)
{
	const struct dsync_set *set = &entry->set;
	enum dsync_state state = READ_ONCE(set->state);

	lockdep_assert_held(&entry->context->numbers);
	if (entry->queued && set->result)
		return set->result;
	if (READ_ONCE(entry->revoked))
		return -EOWNERDEAD;
	return state == DSYNC_READY || state == DSYNC_CHANGING ? 0 : -EOWNERDEAD;
}

/*
 * Return: 0: the set is held; 1: it is over, the caller ends the entry; -ESTALE: it was released
 * meanwhile; @opened, if the request goes on; -EFAULT.
 */
static int event_deliver(struct dsync_entry *entry, int opened, const struct place *place)
{
	struct dsync_context *context = entry->context;
	int ret = -ESTALE, result;

	mutex_lock(&context->numbers);
	if (entry->ended)
		goto unlock;
	if (dsync_request_goes_on(&entry->set)) {
		ret = opened;
	} else {
		result = dsync_event_result(entry);
		ret = event_copy(entry, result, place) ?: !!result;
	}
	if (ret < 0)
		event_give_back(entry);
unlock:
	mutex_unlock(&context->numbers);
	return ret;
}

/* The memory of the reader is there. Return: as dsync_event_read(). */
static int event_read(struct dsync_context *context, const struct place *place)
{
	struct dsync_entry *entry;
	int ret;

	do {
		ret = event_claim(context, place, &entry);
		if (!entry)
			return ret;
		ret = event_deliver(entry, dsync_request_open(&entry->set), place);
		dsync_set_put(&entry->set);
	} while (ret == -ESTALE);
	if (ret < 0)
		return ret;
	if (ret)
		dsync_entry_end(entry);
	return 1;
}

/**
 * dsync_event_read() - read the first event
 * @context: of which context
 * @to: where to, in user space
 * @size: of the event, from dsync_event_size()
 *
 * The reader opens the windows of its set: that is nobody else's affair. A failed request goes with
 * its event.
 *
 * Context: process context; sleeps as exporters do, and for the reader's memory.
 * Return: 1 if an event was read, 0 if there is none, -EFAULT, or -ERESTARTSYS or -EINTR: the
 * event is left to the next reader then.
 */
int dsync_event_read(struct dsync_context *context, char __user *to, size_t size)
{
	const struct place place = { to, size };
	int ret;

	do {
		ret = event_read(context, &place);
	} while (ret == -EFAULT && !(ret = place_make(&place)));
	return ret;
}

/* Return: as dsync_event_read_again(); -EFAULT: to be repeated after place_make(). */
static int read_again(struct dsync_context *context, u32 nr, const struct place *place)
{
	struct dmabuf_sync_event event;
	struct dsync_entry *entry;
	int ret = 0;

	mutex_lock(&context->numbers);
	entry = xa_load(&context->entries, nr);
	if (entry && entry->delivered) {
		event = event_of(entry, DMABUF_SYNC_EVENT_READY);
		event.result = dsync_event_result(entry);
		event.status = event.result ? 0 : dsync_entry_status(entry);
		ret = place_fill(place, &event) ? -EFAULT : 1;
	}
	mutex_unlock(&context->numbers);
	return ret;
}

/**
 * dsync_event_read_again() - read how a set is that was told to be acquired
 * @context: of which context, where nobody ends the set
 * @nr: its number
 * @to: where to, in user space
 * @size: of the event, from dsync_event_size()
 *
 * What it says holds when it is written, however long the reader's memory takes.
 *
 * Context: process context; sleeps for the reader's memory.
 * Return: 1 if it was read, 0 if nobody was told so, -EFAULT or -ERESTARTSYS.
 */
int dsync_event_read_again(struct dsync_context *context, u32 nr, char __user *to, size_t size)
{
	const struct place place = { to, size };
	int ret;

	do {
		ret = read_again(context, nr, &place);
	} while (ret == -EFAULT && !(ret = place_make(&place)));
	return ret;
}

/**
 * dsync_event_look() - is there an event to read
 * @context: in which context
 *
 * Context: process context; may sleep for memory, and for the resv of buffers.
 * Return: EPOLL... bits.
 */
__poll_t dsync_event_look(struct dsync_context *context)
{
	__poll_t mask = 0;

	mutex_lock(&context->numbers);
	if (context_look(context))
		mask |= EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&context->numbers);
	if (READ_ONCE(context->nr_noticed))
		mask |= EPOLLPRI;
	return mask;
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
