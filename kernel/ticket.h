/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_TICKET_H
#define _DSYNC_TICKET_H

#include <linux/list.h>
#include <linux/types.h>

#include "owner.h"
#include "set.h"

void dsync_ticket_keep(const struct dsync_set *set);
u64 dsync_ticket_take_own(const struct dsync_set *set);

/**
 * dsync_ticket_take() - the ticket of the current task's interrupted call
 * @set: what the present call asks for
 *
 * Context: process context.
 * Return: the ticket if it is the same call, else 0.
 */
static inline u64 dsync_ticket_take(const struct dsync_set *set)
{
	/* The task itself has put its ticket there. */
	return hlist_empty(&set->owner->tickets) ? 0 : dsync_ticket_take_own(set);
}

void dsync_ticket_drop(struct dsync_owner *owner);

#endif /* _DSYNC_TICKET_H */
