// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFS's records of the locks, and the accesses behind them.
 *
 * What is held is what the accesses say. The VFS has a record of each lock, for everybody to see
 * (/proc/locks, F_GETLK), against locks that are not ours, and because it is the one who drops
 * records when a descriptor is closed or a process ends:
 *
 *	lock	access -> record -> cut		an access is held before it is recorded,
 *	unlock	record -> cut			and recorded as gone before it is released
 *	close	VFS drops records -> sync
 *
 * Both are cut the same way, one access per record. Each record of ours leads to its struct
 * dsync_posix, and the VFS tells us when it drops one (fl_release_private). Apart from that
 * a record is never taken to say what is held. The kernel's own code can change records
 * beside us: a stock call that was under way when the module came, or one that comes while it goes.
 * Bytes of a record that no access covers are the kernel's alone. Bytes of an access that
 * no record covers are released as soon as we hear of it (dsync_posix_record_sync()).
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "posix_held.h"
#include "posix_owner.h"
#include "posix_record.h"
#include "release.h"
#include "replace.h"
#include "set.h"

static struct dsync_posix_range range_of(const struct file_lock *fl)
{
	return (struct dsync_posix_range){
		.start = min_t(u64, fl->fl_start, DSYNC_LAST_BYTE),
		.last = min_t(u64, fl->fl_end, DSYNC_LAST_BYTE),
	};
}

static struct dsync_access *only(struct dsync_set *set)
{
	return &set->accesses[0];
}

/**
 * dsync_posix_record_covers() - is all of a lock held already, in a mode as strong
 * @posix: the locks
 * @fl: the lock
 *
 * Context: process context; @posix's mutex is held.
 * Return: true if so: a lock again, or a downgrade.
 */
bool dsync_posix_record_covers(struct dsync_posix *posix, const struct file_lock *fl)
{
	bool same;

	return dsync_posix_held_cover(posix, range_of(fl), dsync_posix_held_mode(fl->c.flc_type),
				      &same);
}

static struct dsync_posix *record_posix(const struct file_lock *fl)
{
	return container_of(fl->fl_ops, struct dsync_posix, record_ops);
}

static bool record_is_ours(const struct file_lock *fl, const struct dsync_posix *posix)
{
	return fl->fl_ops == &posix->record_ops;
}

/* Called with the lock of the inode's records. */
static void record_copy(struct file_lock *to, struct file_lock *from)
{
	struct dsync_posix *posix = record_posix(from);

	atomic_inc(&posix->nr_records);
	/* A request is in no list; only one who has the mutex makes one that leads here. */
	if (list_empty(&from->c.flc_list))
		posix->recorded = true;
}

/**
 * struct gap - bytes of accesses that the records do not have
 * @range: the bytes
 * @mode: what the records have there, DMA_BUF_ACCESS_... bits or 0
 */
struct gap {
	struct dsync_posix_range range;
	u32 mode;
};

/* We must hear of its end: something is held for which it is the only record. */
static void record_adopt(struct file_lock *fl, struct dsync_posix *posix)
{
	if (fl->fl_ops)
		return;
	fl->fl_ops = &posix->record_ops;
	atomic_inc(&posix->nr_records);
}

/*
 * Go through the sets up to the end of a record, which begins before *@set does or within it. True:
 * one of them is stronger than the record.
 */
static bool gap_in_record(struct dsync_posix *posix, struct file_lock *fl,
			  struct dsync_set **set, struct gap *gap)
{
	u32 mode = dsync_posix_held_mode(fl->c.flc_type);
	struct dsync_posix_range range = range_of(fl);

	for (; *set && only(*set)->start <= range.last; *set = dsync_posix_held_next(*set)) {
		record_adopt(fl, posix);
		if (only(*set)->mode & ~mode) {
			gap->range.start = max(range.start, only(*set)->start);
			gap->range.last = min(range.last, only(*set)->last);
			gap->mode = mode;
			return true;
		}
		if (only(*set)->last > range.last)
			return false;
	}
	return false;
}

/* The first gap, going through records and sets side by side: both are sorted. */
static bool gap_find_locked(struct dsync_posix *posix, struct list_head *records,
			    struct gap *gap)
{
	struct dsync_set *set = dsync_posix_held_from(posix, 0);
	struct file_lock *fl;

	gap->mode = 0;
	gap->range.start = 0;
	list_for_each_entry(fl, records, c.flc_list) {
		if (fl->c.flc_owner != posix->key.owner)
			continue;
		if (!set)
			return false;
		gap->range.start = max(gap->range.start, only(set)->start);
		if (gap->range.start < range_of(fl).start) {
			gap->range.last = range_of(fl).start - 1;
			return true;
		}
		if (gap_in_record(posix, fl, &set, gap))
			return true;
		if (range_of(fl).last == DSYNC_LAST_BYTE)
			return false;
		gap->range.start = range_of(fl).last + 1;
	}
	gap->range.last = DSYNC_LAST_BYTE;
	return set;
}

static bool gap_find(struct dsync_posix *posix, struct file *file, struct gap *gap)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	bool found;

	if (RB_EMPTY_ROOT(&posix->sets))
		return false;
	/* There was a record, so there is a list. */
	if (WARN_ON_ONCE(!ctx))
		return false;
	spin_lock(&ctx->flc_lock);
	found = gap_find_locked(posix, &ctx->flc_posix, gap);
	spin_unlock(&ctx->flc_lock);
	return found;
}

/* In the gap, hold what the records have: less, or nothing. */
static void gap_close(struct dsync_posix *posix, struct gap *gap, enum dsync_end how)
{
	struct dsync_set *set = dsync_posix_held_from(posix, gap->range.start), *part = NULL;
	struct dsync_posix_spares spares = {};

	/* Without memory less is held. */
	if (gap->mode || dsync_posix_held_split(posix, gap->range))
		dsync_posix_spares_make(posix, &spares, gap->mode ? 2 : 1);
	if (gap->mode && spares.nr) {
		part = spares.sets[--spares.nr];
		dsync_replace_part(set, part, gap->mode, gap->range.start,
				   gap->range.last);
	}
	dsync_posix_held_change(posix, gap->range, part, &spares, how);
	dsync_posix_spares_free(&spares);
}

static void gaps_close(struct dsync_posix *posix, struct file *file, enum dsync_end how)
{
	struct gap gap;

	lockdep_assert_held(&posix->mutex);
	while (gap_find(posix, file, &gap))
		gap_close(posix, &gap, how);
}

/**
 * dsync_posix_record_sync() - the VFS may have changed records beside us
 * @posix: the locks
 * @file: the dma-buf's file
 *
 * Afterwards nothing is held that is not recorded, and we hear of the end of each record that
 * something is held for.
 *
 * Context: process context; @posix's mutex is held; may sleep.
 */
void dsync_posix_record_sync(struct dsync_posix *posix, struct file *file)
{
	gaps_close(posix, file, DSYNC_END_RELEASED);
}

/* How a task that closes the file ends what it had. */
static enum dsync_end closed_how(void)
{
	return current->flags & PF_EXITING || fatal_signal_pending(current) ?
	       DSYNC_END_ABANDONED : DSYNC_END_RELEASED;
}

/*
 * A record is gone. Whoever changes the records itself cuts the accesses afterwards; else
 * somebody closes the file, or it is the kernel's own code that changes records.
 */
static void record_release(struct file_lock *fl)
{
	struct dsync_posix *posix = record_posix(fl);

	if (READ_ONCE(posix->task) == current) {
		atomic_dec(&posix->nr_records);
		return;
	}
	/* The record keeps the state alive until it is not counted any more. */
	refcount_inc(&posix->ref);
	mutex_lock(&posix->mutex);
	gaps_close(posix, fl->c.flc_file, closed_how());
	atomic_dec(&posix->nr_records);
	mutex_unlock(&posix->mutex);
	dsync_posix_owner_put(posix);
}

static const struct file_lock_operations record_ops = {
	.fl_copy_lock		= record_copy,
	.fl_release_private	= record_release,
};

/**
 * dsync_posix_record_init() - records of a state lead to it
 * @posix: a new state
 */
void dsync_posix_record_init(struct dsync_posix *posix)
{
	/* Constant from here on. */
	memcpy((void *)&posix->record_ops, &record_ops, sizeof(record_ops));
}

/* Let the VFS change its records; they lead to @posix if @fl is a lock. */
static int record_change(struct dsync_posix *posix, struct file_lock *fl)
{
	int ret;

	if (fl->c.flc_type != F_UNLCK)
		fl->fl_ops = &posix->record_ops;
	posix->recorded = false;
	WRITE_ONCE(posix->task, current);
	ret = posix_lock_file(posix->key.file, fl, NULL);
	WRITE_ONCE(posix->task, NULL);
	/* The request itself is no record: the VFS has made a copy. */
	fl->fl_ops = NULL;
	return ret;
}

/* All of the range is held, but in another mode: a part for it, of its own. */
static struct dsync_set *downgrade_part(struct dsync_posix *posix, struct dsync_posix_range range,
					u32 mode, struct dsync_posix_spares *spares)
{
	struct dsync_set *part = spares->sets[--spares->nr];

	dsync_replace_part(dsync_posix_held_from(posix, range.start), part, mode, range.start,
			   range.last);
	return part;
}

/**
 * dsync_posix_record_lock() - record a lock, and cut the accesses
 * @posix: the locks
 * @fl: the lock
 * @set: the set that was acquired for it, which @posix takes over; NULL if all was held already
 *
 * Context: process context; @posix's mutex is held; may sleep.
 * Return: 0, or: -EAGAIN: a foreign record is in the way; -ENOMEM, or what else
 * posix_lock_file() returns. @set is the caller's then.
 */
int dsync_posix_record_lock(struct dsync_posix *posix, struct file_lock *fl,
			    struct dsync_set *set)
{
	u32 mode = dsync_posix_held_mode(fl->c.flc_type);
	struct dsync_posix_range range = range_of(fl);
	struct dsync_posix_spares spares = {};
	bool same = false;
	int ret;

	lockdep_assert_held(&posix->mutex);
	if (!set)
		dsync_posix_held_cover(posix, range, mode, &same);
	if (!same)
		ret = dsync_posix_spares_make(posix, &spares,
					      !set + dsync_posix_held_split(posix, range));
	else
		ret = 0;
	ret = ret ?: record_change(posix, fl);
	if (ret || same)
		goto free;
	if (!set)
		set = downgrade_part(posix, range, mode, &spares);
	dsync_posix_held_change(posix, range, set, &spares, DSYNC_END_RELEASED);
	/* Merged with a record that was there, which may be a foreign one. */
	if (!posix->recorded)
		dsync_posix_record_sync(posix, posix->key.file);
free:
	dsync_posix_spares_free(&spares);
	return ret;
}

/* In tree, the unlock with which the VFS closes a file for a task comes here, too. */
static enum dsync_end unlocked_how(const struct file_lock *fl)
{
	return fl->c.flc_flags & FL_CLOSE ? closed_how() : DSYNC_END_RELEASED;
}

/**
 * dsync_posix_record_unlock() - record that a range is unlocked, and release it
 * @posix: the locks
 * @fl: the unlock
 *
 * Context: process context; @posix's mutex is held; may sleep.
 * Return: 0, or -ENOMEM or -ENOLCK without memory.
 */
int dsync_posix_record_unlock(struct dsync_posix *posix, struct file_lock *fl)
{
	struct dsync_posix_range range = range_of(fl);
	struct dsync_posix_spares spares = {};
	int ret = 0;

	lockdep_assert_held(&posix->mutex);
	if (dsync_posix_held_split(posix, range))
		ret = dsync_posix_spares_make(posix, &spares, 1);
	ret = ret ?: record_change(posix, fl);
	if (!ret)
		dsync_posix_held_change(posix, range, NULL, &spares, unlocked_how(fl));
	dsync_posix_spares_free(&spares);
	return ret;
}

/**
 * dsync_posix_record_drop() - record that bytes are not locked any more, whatever is held by them
 * @posix: the locks
 * @range: the bytes
 *
 * Context: process context; @posix's mutex is held; may sleep. Its file is not being closed.
 * Return: 0, or -ENOMEM or -ENOLCK without memory.
 */
int dsync_posix_record_drop(struct dsync_posix *posix, struct dsync_posix_range range)
{
	struct file_lock fl;

	lockdep_assert_held(&posix->mutex);
	locks_init_lock(&fl);
	fl.c.flc_type = F_UNLCK;
	fl.c.flc_flags = FL_POSIX;
	fl.c.flc_owner = posix->key.owner;
	fl.c.flc_file = posix->key.file;
	fl.fl_start = range.start;
	fl.fl_end = range.last == DSYNC_LAST_BYTE ? OFFSET_MAX : range.last;
	return record_change(posix, &fl);
}

static void records_forget(struct dsync_posix *posix)
{
	struct file_lock_context *ctx;
	struct file_lock *fl;

	ctx = locks_inode_context(file_inode(posix->key.file));
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_posix, c.flc_list) {
		if (record_is_ours(fl, posix)) {
			fl->fl_ops = NULL;
			atomic_dec(&posix->nr_records);
		}
	}
	spin_unlock(&ctx->flc_lock);
}

/**
 * dsync_posix_record_forget() - leave the records to the kernel, with nothing held behind them
 * @posix: the locks
 *
 * Context: process context; sleeps.
 */
void dsync_posix_record_forget(struct dsync_posix *posix)
{
	struct dsync_set *set;

	mutex_lock(&posix->mutex);
	/* Whoever drops the last record sleeps for the mutex, and has the file. */
	if (atomic_read(&posix->nr_records))
		records_forget(posix);
	while ((set = dsync_posix_held_from(posix, 0)))
		dsync_posix_held_release(posix, set, DSYNC_END_RELEASED);
	WRITE_ONCE(posix->revoked, 0);
	mutex_unlock(&posix->mutex);
}
