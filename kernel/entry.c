// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries: the sets of a context, and their numbers. An entry is known by its number from the end
 * of the call that asked for it, or from its event on, until it is released. The one that was
 * released last is kept for the next request, with its number.
 */
#include <linux/rcupdate.h>
#include <linux/xarray.h>

#include "context.h"
#include "deadline.h"
#include "entry.h"
#include "release.h"
#include "request.h"

static struct dsync_entry *entry_create(struct dsync_context *context, unsigned int nr,
					size_t head)
{
	struct dsync_entry *entry;
	struct dsync_set *set;
	int ret;

	set = dsync_set_alloc(context->owner, nr, head);
	if (IS_ERR(set))
		return ERR_CAST(set);
	entry = dsync_entry_of(set);
	entry->context = context;
	INIT_LIST_HEAD(&entry->link);
	dsync_deadline_init(entry);
	ret = xa_alloc(&context->entries, &entry->nr, entry, xa_limit_31b,
		       GFP_KERNEL);
	if (!ret)
		return entry;
	dsync_set_put(set);
	return ERR_PTR(ret);
}

static void entry_discard(struct dsync_entry *entry)
{
	cmpxchg(&entry->context->recent, entry, NULL);
	xa_erase(&entry->context->entries, entry->nr);
	dsync_set_put(&entry->set);
}

static bool entry_renew(struct dsync_entry *entry)
{
	if (!dsync_set_renew(&entry->set))
		return false;
	dsync_set_unpin(&entry->set);
	entry->queued = false;
	entry->notify = false;
	entry->notices = 0;
	entry->claimed = false;
	entry->delivered = false;
	entry->ended = false;
	entry->revoked = false;
	return true;
}

/**
 * dsync_entry_drop() - give up an entry that was not requested
 * @entry: from dsync_entry_get()
 *
 * It is kept for the next request, unless it takes much memory.
 *
 * Context: process context.
 */
void dsync_entry_drop(struct dsync_entry *entry)
{
	if (entry->set.nr <= DSYNC_MAX_LOCAL)
		entry = xchg(&entry->context->spare, entry);
	if (entry)
		entry_discard(entry);
}

/**
 * dsync_entry_over() - the set of an entry is over
 * @entry: the entry, whose number nobody knows
 *
 * Context: process context.
 */
void dsync_entry_over(struct dsync_entry *entry)
{
	dsync_deadline_stop(entry);
	if (entry_renew(entry))
		dsync_entry_drop(entry);
	else
		entry_discard(entry);
}

/**
 * dsync_entry_get() - an entry for a request
 * @context: whose
 * @nr: number of accesses, not 0
 * @room: for what lies in front of the entry: 0 or DSYNC_DEADLINE_ROOM
 *
 * Context: process context; may sleep.
 * Return: an entry with a number, whose set is new and is to be filled; for dsync_context_acquire()
 * or dsync_entry_drop(). Or an error pointer as of dsync_set_alloc().
 */
struct dsync_entry *dsync_entry_get(struct dsync_context *context, unsigned int nr,
				    size_t room)
{
	struct dsync_entry *entry = xchg(&context->spare, NULL);
	size_t head = offsetof(struct dsync_entry, set) + room;

	if (entry && entry->set.nr == nr && entry->set.head == head)
		return entry;
	if (entry)
		entry_discard(entry);
	return entry_create(context, nr, head);
}

/**
 * dsync_entry_tell() - from now on the number means the entry
 * @entry: the entry; of a queued one &dsync_context.lock is held, and it has not ended
 */
void dsync_entry_tell(struct dsync_entry *entry)
{
	/* Pairs with entry_is_known(): the request has got as far as it gets by itself. */
	smp_store_release(&entry->known, true);
}

static bool entry_is_known(const struct dsync_entry *entry)
{
	/* Pairs with dsync_entry_tell(). */
	return smp_load_acquire(&entry->known);
}

/**
 * dsync_entry_hide() - nobody finds the entry any more, neither by its number nor by its event
 * @entry: the entry
 *
 * Context: process context; &dsync_context.numbers is held, or nobody else has the context.
 */
void dsync_entry_hide(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	if (entry->queued || entry->notify) {
		spin_lock_irq(&context->lock);
		entry->ended = true;
		context->nr_noticed -= dsync_entry_is_noticed(entry);
		list_del_init(&entry->link);
		spin_unlock_irq(&context->lock);
	}
	entry->known = false;
}

static void entry_cancel(struct dsync_entry *entry)
{
	if (entry->queued)
		dsync_request_cancel(&entry->set);
}

/*
 * Its owner may know already that the lease is over, while the worker that is to revoke the set has
 * not begun: then the set ends so, too.
 */
static enum dsync_end end_of(const struct dsync_entry *entry)
{
	if (READ_ONCE(entry->revoked))
		return DSYNC_END_REVOKED;
	return entry->delivered ? DSYNC_END_RELEASED : DSYNC_END_UNDELIVERED;
}

/**
 * dsync_entry_end() - release or cancel the set of a hidden entry
 * @entry: the entry
 *
 * An event that was not read told nobody anything, nor did an answer that got lost.
 *
 * Context: process context; may sleep.
 * Return: 0, or -EOWNERDEAD: the set was revoked before.
 */
int dsync_entry_end(struct dsync_entry *entry)
{
	struct dsync_set *set = &entry->set;
	int ret = 0;

	entry_cancel(entry);
	if (dsync_request_was_ready(set))
		ret = dsync_release(set, end_of(entry));
	if (set->result == -EOWNERDEAD || READ_ONCE(entry->revoked))
		ret = -EOWNERDEAD;
	dsync_entry_over(entry);
	return ret;
}

/* The same, for an owner that is gone. */
static void entry_abandon(struct dsync_entry *entry)
{
	if (entry->queued)
		dsync_request_abandon(&entry->set);
	entry_cancel(entry);
	if (dsync_request_was_ready(&entry->set))
		dsync_release(&entry->set, DSYNC_END_ABANDONED);
	dsync_entry_over(entry);
}

/* Known entries stay so while the numbers are locked. */
static struct dsync_entry *entry_find(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry;

	lockdep_assert_held(&context->numbers);
	rcu_read_lock();
	entry = READ_ONCE(context->recent);
	if (!entry || entry->nr != nr)
		entry = xa_load(&context->entries, nr);
	if (entry && !entry_is_known(entry))
		entry = NULL;
	rcu_read_unlock();
	return entry;
}

/**
 * dsync_entry_remove() - take an entry away from its number, and from its event
 * @context: whose
 * @nr: the number
 *
 * Context: process context; may sleep.
 * Return: the entry, for dsync_entry_end(), or NULL: the number is not known.
 */
struct dsync_entry *dsync_entry_remove(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry;

	mutex_lock(&context->numbers);
	entry = entry_find(context, nr);
	if (entry)
		dsync_entry_hide(entry);
	mutex_unlock(&context->numbers);
	return entry;
}

/**
 * dsync_entries_init() - begin with no entries
 * @context: whose; zeroed
 */
void dsync_entries_init(struct dsync_context *context)
{
	xa_init_flags(&context->entries, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	mutex_init(&context->numbers);
}

/**
 * dsync_entries_abandon() - all sets of a context end with it
 * @context: the context; nobody is in a call
 *
 * Context: process context; may sleep.
 */
void dsync_entries_abandon(struct dsync_context *context)
{
	struct dsync_entry *entry;
	unsigned long nr;

	xa_for_each(&context->entries, nr, entry) {
		if (!entry->known)
			continue;
		dsync_entry_hide(entry);
		entry_abandon(entry);
	}
	if (context->spare)
		entry_discard(context->spare);
	xa_destroy(&context->entries);
}
