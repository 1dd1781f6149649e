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
 * @user_data: what its events hand back
 * @link: in &dsync_context.events while an event of it can be read, or in &dsync_context.news;
 *	under its lock
 * @nr: the number
 * @queued: the set was requested with DMABUF_SYNC_ACQUIRE_QUEUE: its end is an event
 * @notify: it was requested with DMABUF_SYNC_ACQUIRE_NOTIFY
 * @notices: BIT(DMABUF_SYNC_EVENT_...): what else is to be delivered; under &dsync_context.lock
 * @known: user space has its number, by the event or by the call's return
 * @claimed: the event of its end is being read, or was; under &dsync_context.lock
 * @delivered: that event was read, under &dsync_context.numbers, or the call is to return its
 *	answer; with @notify under &dsync_context.lock, too
 * @ended: the number was given up, and nobody will read an event; under &dsync_context.lock
 * @revoked: its lease is over: it was released since, or will be
 * @busy: a call changes the set; under &dsync_context.numbers
 * @change: what that call sleeps for, or NULL; under &dsync_context.lock
 * @set: the set, whose references are those of the entry: of the number while it is known, and
 *	of the call that requests the set
 */
struct dsync_entry {
	struct dsync_context *context;
	u64 user_data;
	struct list_head link;
	u32 nr;
	bool queued;
	bool notify;
	u8 notices;
	bool known;
	bool claimed;
	bool delivered;
	bool ended;
	bool revoked;
	bool busy;
	struct dsync_set *change;
	struct dsync_set set;
};

static inline struct dsync_entry *dsync_entry_of(struct dsync_set *set)
{
	return container_of(set, struct dsync_entry, set);
}

/* What marks of bytes are called in answers and events. */
static inline u32 dsync_entry_status_of(u8 marks)
{
	return (marks & BIT(DSYNC_MARK_ABANDONED) ? DMABUF_SYNC_STATUS_ABANDONED : 0) |
	       (marks & BIT(DSYNC_MARK_REVOKED) ? DMABUF_SYNC_STATUS_REVOKED : 0);
}

/* What an answer, or an event, says of an acquired set. */
static inline u32 dsync_entry_status(const struct dsync_entry *entry)
{
	return dsync_entry_status_of(entry->set.marks);
}

/* Is it among &dsync_context.nr_noticed? With &dsync_context.lock held. */
static inline bool dsync_entry_is_noticed(const struct dsync_entry *entry)
{
	return entry->notices && entry->delivered && !list_empty(&entry->link);
}

void dsync_entries_init(struct dsync_context *context);
void dsync_entries_abandon(struct dsync_context *context);

struct dsync_entry *dsync_entry_get(struct dsync_context *context, unsigned int nr,
				    size_t room);
void dsync_entry_drop(struct dsync_entry *entry);
void dsync_entry_over(struct dsync_entry *entry);
void dsync_entry_tell(struct dsync_entry *entry);
void dsync_entry_hide(struct dsync_entry *entry);
int dsync_entry_end(struct dsync_entry *entry);
struct dsync_entry *dsync_entry_remove(struct dsync_context *context, u32 nr);

struct dsync_entry *dsync_entry_engage(struct dsync_context *context, u32 nr);
void dsync_entry_disengage(struct dsync_entry *entry);
struct dsync_entry *dsync_entry_beside(struct dsync_entry *entry, unsigned int nr);
int dsync_entry_await(struct dsync_entry *entry, struct dsync_set *set);
int dsync_entry_awake(struct dsync_entry *entry);
int dsync_entry_claim(struct dsync_entry *entry);
void dsync_entry_replace(struct dsync_entry *entry, struct dsync_entry *by);
void dsync_entry_forget(struct dsync_entry *entry);

#endif /* _DSYNC_ENTRY_H */
