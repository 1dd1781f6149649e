// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tickets of calls that a signal has interrupted. The kernel makes the same call again when the
 * handler returns (SA_RESTART), or at once when there is none, as at a stop and continue; then it
 * goes on with its ticket. Any other call of the thread that may sleep for an access of the
 * same owner gives the ticket up.
 */
#include <linux/overflow.h>
#include <linux/slab.h>

#include "owner.h"
#include "set.h"
#include "ticket.h"

/* Threads of one owner that are in handlers at the same time; the oldest ticket is given up. */
#define MAX_TICKETS	16

/**
 * struct bytes - what an access of the call was for
 * @ino: of which buffer
 * @start: first byte
 * @last: last byte
 * @mode: DMA_BUF_ACCESS_... bits
 */
struct bytes {
	u64 ino;
	unsigned long start;
	unsigned long last;
	u32 mode;
};

/**
 * struct ticket - an interrupted call
 * @node: in &dsync_owner.tickets, the newest first
 * @number: the ticket
 * @tid: whose call
 * @nr: entries of @bytes
 * @bytes: what it is for
 */
struct ticket {
	struct hlist_node node;
	u64 number;
	u32 tid;
	unsigned int nr;
	struct bytes bytes[] __counted_by(nr);
};

static struct ticket *ticket_create(const struct dsync_set *set)
{
	const struct dsync_access *access;
	struct ticket *ticket;
	unsigned int i = 0;

	ticket = kzalloc(struct_size(ticket, bytes, set->nr), GFP_KERNEL_ACCOUNT);
	if (!ticket)
		return NULL;
	ticket->number = set->ticket;
	ticket->tid = dsync_set_tid(set);
	ticket->nr = set->nr;
	dsync_set_for_each(set, access)
		ticket->bytes[i++] = (struct bytes){
			.ino = access->buf->ino, .mode = access->mode,
			.start = access->start, .last = access->last,
		};
	return ticket;
}

static bool ticket_is_for(const struct ticket *ticket, const struct dsync_set *set)
{
	const struct bytes *bytes = ticket->bytes;
	const struct dsync_access *access;

	if (ticket->nr != set->nr)
		return false;
	dsync_set_for_each(set, access) {
		if (bytes->ino != access->buf->ino || bytes->mode != access->mode ||
		    bytes->start != access->start || bytes->last != access->last)
			return false;
		bytes++;
	}
	return true;
}

/* The oldest ticket if there are too many, taken off the list; or NULL. */
static struct ticket *oldest_take(struct dsync_owner *owner)
{
	struct ticket *ticket, *oldest = NULL;
	unsigned int nr = 0;

	hlist_for_each_entry(ticket, &owner->tickets, node) {
		oldest = ticket;
		nr++;
	}
	if (nr <= MAX_TICKETS)
		return NULL;
	hlist_del(&oldest->node);
	return oldest;
}

/**
 * dsync_ticket_keep() - a signal has interrupted a call that was queued
 * @set: what the current task waited for
 *
 * Without memory the call will have to queue again.
 *
 * Context: process context; may sleep.
 */
void dsync_ticket_keep(const struct dsync_set *set)
{
	struct ticket *ticket = ticket_create(set), *oldest;
	struct dsync_owner *owner = set->owner;
	unsigned long flags;

	if (!ticket)
		return;
	spin_lock_irqsave(&owner->lock, flags);
	hlist_add_head(&ticket->node, &owner->tickets);
	oldest = oldest_take(owner);
	spin_unlock_irqrestore(&owner->lock, flags);
	kfree(oldest);
}

static struct ticket *own_take(struct dsync_owner *owner, u32 tid)
{
	struct ticket *ticket, *own = NULL;
	unsigned long flags;

	spin_lock_irqsave(&owner->lock, flags);
	hlist_for_each_entry(ticket, &owner->tickets, node)
		if (ticket->tid == tid)
			own = ticket;
	if (own)
		hlist_del(&own->node);
	spin_unlock_irqrestore(&owner->lock, flags);
	return own;
}

/**
 * dsync_ticket_take_own() - take the ticket of the current task's interrupted call off the list
 * @set: what the present call asks for
 *
 * For dsync_ticket_take(), which see.
 *
 * Context: process context.
 * Return: the ticket if it is the same call, else 0.
 */
u64 dsync_ticket_take_own(const struct dsync_set *set)
{
	struct dsync_owner *owner = set->owner;
	struct ticket *ticket;
	u64 number = 0;

	ticket = own_take(owner, dsync_set_tid(set));
	if (ticket && ticket_is_for(ticket, set))
		number = ticket->number;
	kfree(ticket);
	return number;
}

/**
 * dsync_ticket_drop() - give all tickets up
 * @owner: an owner that nobody uses any more
 *
 * Context: any.
 */
void dsync_ticket_drop(struct dsync_owner *owner)
{
	struct hlist_node *next;
	struct ticket *ticket;

	hlist_for_each_entry_safe(ticket, next, &owner->tickets, node)
		kfree(ticket);
	INIT_HLIST_HEAD(&owner->tickets);
}
