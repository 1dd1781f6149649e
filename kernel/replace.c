// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replacement: an owner keeps some of what it holds, cut another way. Record locks are split,
 * merged and downgraded, while accesses never change; so new ones take the place of old ones,
 * without a moment in between in which another owner could get in.
 */
#include <linux/ktime.h>

#include "abandon.h"
#include "buf.h"
#include "coherency.h"
#include "dmabuf_sync_trace.h"
#include "owner.h"
#include "queue.h"
#include "release.h"
#include "replace.h"
#include "set.h"
#include "txn.h"

static struct dsync_access *only(struct dsync_set *set)
{
	return &set->accesses[0];
}

/* The age of what is kept is that of the oldest part. */
static void adopt_past(struct dsync_set *set, struct list_head *olds)
{
	struct dsync_access *access = only(set);
	struct dsync_set *old;

	set->acquired_ns = ktime_get_ns();
	list_for_each_entry(old, olds, link) {
		if (!dsync_range_overlaps(access->start, access->last,
					  only(old)->start,
					  only(old)->last))
			continue;
		set->acquired_ns = min(set->acquired_ns, old->acquired_ns);
		access->abandoned |= only(old)->abandoned;
	}
	set->requested_ns = set->acquired_ns;
}

static void trace_new(struct dsync_set *set)
{
	struct dsync_access *access = only(set);
	struct dsync_owner *owner = set->owner;
	u32 mode = access->mode & DMA_BUF_ACCESS_RW;

	trace_dmabuf_sync_request(access->buf->ino, access->id, owner->id,
				  owner->kind, owner->tgid, set->tid, mode, 0,
				  access->start, dsync_access_len(access), 0);
	trace_dmabuf_sync_acquired(access->buf->ino, access->id, owner->id,
				   owner->kind, owner->tgid, set->tid, mode, 0,
				   access->start, dsync_access_len(access), 0);
}

static void trace_old(struct dsync_set *set, u64 now)
{
	struct dsync_access *access = only(set);
	struct dsync_owner *owner = set->owner;

	trace_dmabuf_sync_released(access->buf->ino, access->id, owner->id,
				   owner->kind, owner->tgid, set->tid,
				   access->mode & DMA_BUF_ACCESS_RW, 0,
				   access->start, dsync_access_len(access),
				   now - set->acquired_ns);
}

/* Old and new change places under the buffer's lock; then others may look. */
static void swap_tables(struct dsync_buf *buf, struct list_head *olds,
			struct list_head *news)
{
	u64 now = ktime_get_ns();
	struct dsync_set *set;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	list_for_each_entry(set, olds, link) {
		dsync_buf_remove_held(buf, only(set));
		dsync_queue_wake_watchers(only(set));
		trace_old(set, now);
	}
	list_for_each_entry(set, news, link) {
		dsync_buf_insert_held(buf, only(set));
		trace_new(set);
	}
	dsync_queue_unlock(buf, flags);
}

static void replace(struct list_head *olds, struct list_head *news)
{
	struct dsync_set *first = list_first_entry(news, struct dsync_set, link);
	unsigned int nr_olds = 0, nr_news = 0;
	struct dsync_txn txn;
	struct dsync_set *set;

	list_for_each_entry(set, olds, link) {
		dsync_coherency_end(set);
		nr_olds++;
	}
	/*
	 * The bytes stay the owner's even if the exporter does not open their window
	 * again: the failure is in the trace, and the window is not closed either.
	 */
	list_for_each_entry(set, news, link) {
		adopt_past(set, olds);
		dsync_coherency_begin(set);
		nr_news++;
	}

	dsync_txn_lock(&txn, first, false);
	swap_tables(only(first)->buf, olds, news);
	dsync_owner_add_held(first->owner, nr_news);
	dsync_owner_sub_held(first->owner, nr_olds);
	dsync_txn_unlock(&txn);

	list_for_each_entry(set, news, link)
		set->state = DSYNC_READY;
	list_for_each_entry(set, olds, link)
		set->state = DSYNC_OVER;
}

/**
 * dsync_replace() - hold some accesses instead of others
 * @olds: ready sets, by &dsync_set.link, each of one CPU access, all of one owner and one
 *	buffer; they are over afterwards
 * @news: new sets of the same kind, ready afterwards; every byte of each is covered by
 *	@olds or by what the owner holds besides, in a mode that is as strong. May be empty.
 * @abandoned: without @news: the owner is gone
 *
 * Context: process context; may sleep as the exporters do, and for the resv.
 */
void dsync_replace(struct list_head *olds, struct list_head *news, bool abandoned)
{
	struct dsync_set *set;

	if (!list_empty(news)) {
		replace(olds, news);
		return;
	}
	list_for_each_entry(set, olds, link) {
		if (abandoned)
			dsync_release_abandoned(set);
		else
			dsync_release(set);
	}
}
