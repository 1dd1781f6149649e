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
#include "event.h"
#include "lease.h"
#include "points.h"
#include "release.h"
#include "request.h"

static struct dsync_entry *entry_init(struct dsync_context *context, struct dsync_set *set)
{
	struct dsync_entry *entry = dsync_entry_of(set);

	entry->context = context;
	INIT_LIST_HEAD(&entry->link);
	dsync_deadline_init(entry);
	return entry;
}

static struct dsync_entry *entry_create(struct dsync_context *context, unsigned int nr,
					size_t head)
{
	struct dsync_entry *entry;
	struct dsync_set *set;
	int ret;

	set = dsync_set_alloc(context->owner, nr, head);
	if (IS_ERR(set))
		return ERR_CAST(set);
	entry = entry_init(context, set);
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
	entry->busy = false;
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

	if (entry->queued || entry->notify || entry->busy) {
		spin_lock_irq(&context->lock);
		entry->ended = true;
		context->nr_noticed -= dsync_entry_is_noticed(entry);
		list_del_init(&entry->link);
		if (entry->change)
			dsync_set_abort(entry->change);
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

/* A task that is about to end a change makes no other one wait for long. */
static void wait_for_change(struct dsync_set *set)
{
	mutex_lock(&set->run);
	mutex_unlock(&set->run);
	dsync_set_put(set);
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
	struct dsync_set *changing;
	struct dsync_entry *entry;

	do {
		changing = NULL;
		mutex_lock(&context->numbers);
		entry = entry_find(context, nr);
		if (entry && READ_ONCE(entry->set.state) == DSYNC_CHANGING) {
			changing = &entry->set;
			dsync_set_get(changing);
		} else if (entry) {
			dsync_entry_hide(entry);
		}
		mutex_unlock(&context->numbers);
		if (changing)
			wait_for_change(changing);
	} while (changing);
	return entry;
}

/* Why a set cannot be changed. */
static int entry_check(const struct dsync_entry *entry)
{
	if (!entry)
		return -ENOENT;
	if (!entry->delivered || entry->busy)
		return -EBUSY;
	return READ_ONCE(entry->revoked) ? -EOWNERDEAD : 0;
}

/**
 * dsync_entry_engage() - a call is about to change a set
 * @context: whose
 * @nr: its number
 *
 * Context: process context; may sleep.
 * Return: the entry, for dsync_entry_disengage(), with a reference on its set: others may end
 * it meanwhile. Or an error pointer: -ENOENT; -EBUSY: nobody was told yet that it was acquired,
 * or another call changes it; -EOWNERDEAD: its lease is over.
 */
struct dsync_entry *dsync_entry_engage(struct dsync_context *context, u32 nr)
{
	struct dsync_entry *entry;
	int ret;

	mutex_lock(&context->numbers);
	entry = entry_find(context, nr);
	ret = entry_check(entry);
	if (!ret) {
		entry->busy = true;
		dsync_set_get(&entry->set);
	}
	mutex_unlock(&context->numbers);
	return ret ? ERR_PTR(ret) : entry;
}

/**
 * dsync_entry_disengage() - take back dsync_entry_engage()
 * @entry: the entry
 *
 * Context: process context; may sleep.
 */
void dsync_entry_disengage(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;

	mutex_lock(&context->numbers);
	entry->busy = false;
	mutex_unlock(&context->numbers);
	dsync_set_put(&entry->set);
}

/**
 * dsync_entry_beside() - an entry that may come in the place of another one
 * @entry: the other one, engaged
 * @nr: number of accesses of its set, not 0
 *
 * As long as these are not more than the other set has, no limit refuses them.
 *
 * Context: process context; may sleep.
 * Return: an entry that nobody knows; for dsync_entry_replace() or dsync_entry_forget(). Or an
 * error pointer as of dsync_set_alloc().
 */
struct dsync_entry *dsync_entry_beside(struct dsync_entry *entry, unsigned int nr)
{
	struct dsync_owner *owner = entry->context->owner;
	size_t head = offsetof(struct dsync_entry, set);
	struct dsync_entry *other;
	struct dsync_set *set;

	if (nr <= entry->set.nr)
		set = dsync_set_alloc_part(owner, nr, head) ?: ERR_PTR(-ENOMEM);
	else
		set = dsync_set_alloc(owner, nr, head);
	if (IS_ERR(set))
		return ERR_CAST(set);
	/* Its buffers are those of the other set. */
	set->part = true;
	other = entry_init(entry->context, set);
	other->nr = entry->nr;
	other->user_data = entry->user_data;
	other->notify = entry->notify;
	return other;
}

/**
 * dsync_entry_forget() - drop an entry whose number is not its own, or not any more
 * @entry: the entry; its set is new or over
 *
 * Context: process context.
 */
void dsync_entry_forget(struct dsync_entry *entry)
{
	dsync_deadline_stop(entry);
	cmpxchg(&entry->context->recent, entry, NULL);
	dsync_set_put(&entry->set);
}

/* Why the task that changes the set is not to sleep. */
static int entry_is_lost(const struct dsync_entry *entry)
{
	if (READ_ONCE(entry->revoked))
		return -EOWNERDEAD;
	return entry->ended ? -ECANCELED : 0;
}

/**
 * dsync_entry_await() - a call is about to sleep for what a set is to become
 * @entry: its entry, engaged
 * @set: what it sleeps for: the current task's
 *
 * dsync_set_abort() ends the sleep when the set ends. Whoever ends it writes first, and then
 * looks:
 *
 *	dsync_entry_await()		dsync_event_revoked()
 *	writes @change			writes @revoked
 *	reads @revoked			reads @change, with &dsync_context.lock
 *
 * Context: process context.
 * Return: 0, for dsync_entry_awake(); or -EOWNERDEAD or -ECANCELED: it has ended.
 */
int dsync_entry_await(struct dsync_entry *entry, struct dsync_set *set)
{
	struct dsync_context *context = entry->context;
	int ret;

	spin_lock_irq(&context->lock);
	ret = entry_is_lost(entry);
	if (!ret)
		entry->change = set;
	spin_unlock_irq(&context->lock);
	return ret;
}

/**
 * dsync_entry_awake() - take back dsync_entry_await()
 * @entry: the entry
 *
 * Context: process context.
 * Return: 0, or -EOWNERDEAD or -ECANCELED: its set has ended.
 */
int dsync_entry_awake(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;
	int ret;

	spin_lock_irq(&context->lock);
	entry->change = NULL;
	ret = entry_is_lost(entry);
	spin_unlock_irq(&context->lock);
	return ret;
}

/**
 * dsync_entry_claim() - from here on nobody else ends a set that is changed
 * @entry: its entry, engaged; &dsync_set.run held
 *
 * Context: process context; may sleep.
 * Return: 0: the set is DSYNC_CHANGING; or -EOWNERDEAD or -ECANCELED: it has ended.
 */
int dsync_entry_claim(struct dsync_entry *entry)
{
	struct dsync_context *context = entry->context;
	int ret;

	mutex_lock(&context->numbers);
	ret = entry_is_lost(entry);
	if (!ret && !dsync_release_claim(&entry->set))
		ret = -EOWNERDEAD;
	mutex_unlock(&context->numbers);
	if (ret == -EOWNERDEAD) {
		/* The worker that was to tell so may find it over. */
		if (!READ_ONCE(entry->revoked))
			dsync_event_revoked(&entry->set);
		dsync_release(&entry->set, DSYNC_END_REVOKED);
	}
	return ret;
}

/* An entry that is the number's is there: nothing is allocated. */
static void number_pass(struct dsync_entry *entry, struct dsync_entry *to)
{
	struct dsync_context *context = entry->context;

	xa_store(&context->entries, entry->nr, to, GFP_KERNEL);
	WRITE_ONCE(context->recent, to);
}

/**
 * dsync_entry_replace() - from here on a number means another entry
 * @entry: the entry that it means, claimed
 * @by: from dsync_entry_beside(); its set is DSYNC_CHANGING
 *
 * Notices that were not read go with the entry. What the set owes, and since when others wait
 * for it, goes to the other one, before anybody can end that.
 *
 * Context: process context; may sleep.
 */
void dsync_entry_replace(struct dsync_entry *entry, struct dsync_entry *by)
{
	struct dsync_context *context = entry->context;

	dsync_points_pass(&entry->set, &by->set);
	dsync_lease_pass(&entry->set, &by->set);
	mutex_lock(&context->numbers);
	dsync_entry_hide(entry);
	/* Who polls the descriptor of a set looks without the lock: it stays delivered. */
	dsync_event_answered(by);
	number_pass(entry, by);
	mutex_unlock(&context->numbers);
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
