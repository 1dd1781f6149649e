/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DSYNC_ENTRY_H
#define _DSYNC_ENTRY_H

#include <linux/container_of.h>
#include <linux/dmabuf_sync.h>
#include <linux/list.h>

#include "set.h"

struct dsync_context;

/**
 * struct dsync_entry - one set of a context
 * @context: which
 * @event: of a queued set: the event to be read; @event.set is the number in any case
 * @link: in &dsync_context.events while @event can be read, or in &dsync_context.news; under its
 *	lock
 * @queued: the set was requested with DMABUF_SYNC_QUEUE
 * @known: user space has its number, by the event or by the call's return
 * @claimed: the event is being read, or was; under &dsync_context.lock
 * @told: the event was read, under &dsync_context.numbers, or the call is to return its answer
 * @ended: the number was given up, and nobody will read the event; under
 *	&dsync_context.lock
 * @set: the set, whose references are those of the entry: of the number while it is known, and
 *	of the call that requests the set
 */
struct dsync_entry {
	struct dsync_context *context;
	struct dmabuf_sync_event event;
	struct list_head link;
	bool queued;
	bool known;
	bool claimed;
	bool told;
	bool ended;
	struct dsync_set set;
};

static inline struct dsync_entry *dsync_entry_of(struct dsync_set *set)
{
	return container_of(set, struct dsync_entry, set);
}

/* What an answer, or an event, says of an acquired set. */
static inline u32 dsync_entry_status(const struct dsync_entry *entry)
{
	return dsync_set_was_abandoned(&entry->set) ? DMABUF_SYNC_ABANDONED : 0;
}

void dsync_entries_init(struct dsync_context *context);
void dsync_entries_abandon(struct dsync_context *context);

struct dsync_entry *dsync_entry_get(struct dsync_context *context, unsigned int nr);
void dsync_entry_drop(struct dsync_entry *entry);
void dsync_entry_over(struct dsync_entry *entry);
void dsync_entry_tell(struct dsync_entry *entry);
void dsync_entry_hide(struct dsync_entry *entry);
void dsync_entry_end(struct dsync_entry *entry);
struct dsync_entry *dsync_entry_remove(struct dsync_context *context, u32 nr);

#endif /* _DSYNC_ENTRY_H */
