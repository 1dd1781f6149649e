// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFS's records of the locks, and the accesses behind them.
 *
 * The VFS knows how record locks are split, merged, upgraded and given up, when a
 * descriptor is closed and when a process ends, and shows them; what it makes of its records
 * is then done to the accesses, until both are cut the same way (sets_sync()).
 *
 *	lock	access -> record -> sync		at any time the accesses cover
 *	unlock	record -> sync				at least what is recorded
 *	close	VFS drops records -> sync
 *
 * So the VFS never finds a conflict among our records. Each of them refers to its struct
 * dsync_posix, and fl_release_private tells us when the VFS drops it.
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/sched/signal.h>

#include "posix.h"
#include "record.h"
#include "release.h"
#include "replace.h"
#include "set.h"

/* Cutting one lock out of another leaves three: left of it, itself, right of it. */
#define MAX_PIECES	3

/**
 * struct pieces - sets made in advance, so that nothing fails after the VFS has changed
 * @nr: sets left
 * @sets: new sets of one access, their range not decided
 */
struct pieces {
	unsigned int nr;
	struct dsync_set *sets[MAX_PIECES];
};

static void record_copy(struct file_lock *to, struct file_lock *from);
static void record_release(struct file_lock *fl);

static const struct file_lock_operations record_ops = {
	.fl_copy_lock		= record_copy,
	.fl_release_private	= record_release,
};

/* The union is for whoever has set fl_ops; this member of it is a single pointer. */
static struct dsync_posix *record_posix(struct file_lock *fl)
{
	return (struct dsync_posix *)fl->fl_u.nfs4_fl.owner;
}

static void record_attach(struct file_lock *fl, struct dsync_posix *posix)
{
	dsync_locker_ref(posix);
	atomic_inc(&posix->nr_records);
	fl->fl_u.nfs4_fl.owner = (struct nfs4_lock_state *)posix;
	fl->fl_ops = &record_ops;
}

/* The request itself is no record: the VFS made copies. */
static void record_detach(struct file_lock *fl, struct dsync_posix *posix)
{
	fl->fl_ops = NULL;
	atomic_dec(&posix->nr_records);
	dsync_locker_put(posix);
}

static bool record_is_ours(struct file_lock *fl, struct dsync_posix *posix)
{
	return fl->fl_ops == &record_ops && record_posix(fl) == posix;
}

static struct dsync_access *only(struct dsync_set *set)
{
	return &set->accesses[0];
}

static bool set_matches(struct dsync_set *set, struct file_lock *fl)
{
	return only(set)->start == min_t(u64, fl->fl_start, ULONG_MAX) &&
	       only(set)->last == min_t(u64, fl->fl_end, ULONG_MAX) &&
	       only(set)->mode == dsync_record_mode(fl->c.flc_type);
}

/**
 * dsync_record_set() - make a set of one access, as each record has it
 * @posix: the locks it is for
 * @mode: DMA_BUF_ACCESS_... bits
 * @start: first byte
 * @end: last byte
 *
 * Context: process context; may sleep.
 * Return: the set, or an error pointer as of dsync_set_create().
 */
struct dsync_set *dsync_record_set(struct dsync_posix *posix, u32 mode,
				   loff_t start, loff_t end)
{
	struct dsync_want want = {
		.dmabuf = posix->file->private_data,
		.mode = mode,
		.offset = start,
		.length = (u64)end - start + 1,
		.beyond = true,
	};

	return dsync_set_create(posix->locker->owner, &want, 1);
}

static void pieces_free(struct pieces *pieces)
{
	while (pieces->nr)
		dsync_set_put(pieces->sets[--pieces->nr]);
}

static int pieces_make(struct dsync_posix *posix, struct pieces *pieces,
		       unsigned int nr)
{
	struct dsync_set *set;

	while (pieces->nr < nr) {
		set = dsync_record_set(posix, DMA_BUF_ACCESS_R, 0, 0);
		if (IS_ERR(set)) {
			pieces_free(pieces);
			return PTR_ERR(set);
		}
		pieces->sets[pieces->nr++] = set;
	}
	return 0;
}

/* Does a held set reach over an edge of the range, so that it will be cut or merged? */
static bool sets_stick_out(struct dsync_posix *posix, struct file_lock *fl)
{
	unsigned long before = fl->fl_start ? fl->fl_start - 1 : 0;
	unsigned long after = min_t(u64, (u64)fl->fl_end + 1, ULONG_MAX);
	struct dsync_access *access;
	struct dsync_set *set;

	list_for_each_entry(set, &posix->sets, link) {
		access = only(set);
		if (access->start > after)
			break;
		if (access->last >= before &&
		    (access->start < fl->fl_start ||
		     access->last > fl->fl_end))
			return true;
	}
	return false;
}

/* Is there a set that is the lock, exactly? */
static bool sets_have(struct dsync_posix *posix, struct file_lock *fl)
{
	struct dsync_set *set;

	list_for_each_entry(set, &posix->sets, link)
		if (set_matches(set, fl))
			return true;
	return false;
}

/* What cutting may take. */
static unsigned int pieces_needed(struct dsync_posix *posix, struct file_lock *fl,
				  bool covered)
{
	if (covered)
		return sets_have(posix, fl) ? 0 : MAX_PIECES;
	return sets_stick_out(posix, fl) ? 2 : 0;
}

/**
 * dsync_record_insert() - from now on a set is cut as the records are
 * @posix: the locks it is for
 * @new: the set, held
 *
 * Context: @posix's mutex is held.
 */
void dsync_record_insert(struct dsync_posix *posix, struct dsync_set *new)
{
	struct dsync_set *set;

	lockdep_assert_held(&posix->mutex);
	list_for_each_entry(set, &posix->sets, link)
		if (only(set)->start > only(new)->start)
			break;
	list_add_tail(&new->link, &set->link);
}

/* Move the sets that begin up to @start and are not as @fl to @olds. Is one as @fl? */
static bool sets_pass(struct list_head *sets, struct dsync_set **pos, u64 start,
		      struct file_lock *fl, struct list_head *olds)
{
	struct dsync_set *set = *pos, *next;
	bool found = false;

	list_for_each_entry_safe_from(set, next, sets, link) {
		if (only(set)->start > start)
			break;
		if (fl && !found && set_matches(set, fl))
			found = true;
		else
			list_move_tail(&set->link, olds);
	}
	*pos = set;
	return found;
}

/*
 * Compare the records with the sets, both sorted: sets without a record go to @olds, records
 * without a set get one of the pieces, in @news.
 */
static void sets_compare(struct dsync_posix *posix, struct pieces *pieces,
			 struct list_head *olds, struct list_head *news)
{
	struct file_lock_context *ctx;
	struct dsync_set *pos, *piece;
	struct file_lock *fl;

	pos = list_first_entry(&posix->sets, struct dsync_set, link);
	if (!atomic_read(&posix->nr_records)) {
		sets_pass(&posix->sets, &pos, ULONG_MAX, NULL, olds);
		return;
	}
	ctx = locks_inode_context(file_inode(posix->file));
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_posix, c.flc_list) {
		if (!record_is_ours(fl, posix))
			continue;
		if (sets_pass(&posix->sets, &pos, fl->fl_start, fl, olds))
			continue;
		/* Cut by the kernel after the hook is gone; we are about to be. */
		if (!pieces->nr) {
			WARN_ON_ONCE(posix->task);
			continue;
		}
		piece = pieces->sets[--pieces->nr];
		dsync_set_aim(piece, dsync_record_mode(fl->c.flc_type), fl->fl_start,
			      fl->fl_end);
		list_add_tail(&piece->link, news);
	}
	spin_unlock(&ctx->flc_lock);
	sets_pass(&posix->sets, &pos, ULONG_MAX, NULL, olds);
}

/*
 * Death is told to the next writer, a close is not: closing any descriptor of the buffer is how
 * POSIX gives locks up.
 */
static bool task_dies(void)
{
	return current->flags & PF_EXITING || fatal_signal_pending(current);
}

/* In tree, the unlock with which the VFS closes a file for a task comes here, too. */
static bool closed_by_death(struct file_lock *fl)
{
	return fl->c.flc_flags & FL_CLOSE && task_dies();
}

/* Cut the accesses as the VFS has cut its records. */
static void sets_sync(struct dsync_posix *posix, struct pieces *pieces,
		      bool abandoned)
{
	struct dsync_set *set, *next;
	LIST_HEAD(olds);
	LIST_HEAD(news);

	lockdep_assert_held(&posix->mutex);
	sets_compare(posix, pieces, &olds, &news);
	dsync_replace(&olds, &news, abandoned);
	list_for_each_entry_safe(set, next, &olds, link) {
		list_del_init(&set->link);
		dsync_set_put(set);
	}
	list_for_each_entry_safe(set, next, &news, link) {
		list_del_init(&set->link);
		dsync_record_insert(posix, set);
	}
}

/* Called with the lock of the inode's records. */
static void record_copy(struct file_lock *to, struct file_lock *from)
{
	record_attach(to, record_posix(from));
}

/*
 * A record is gone. Whoever changes the records itself syncs afterwards; else somebody closes the
 * file, or unlocks after the hook is gone.
 */
static void record_release(struct file_lock *fl)
{
	struct dsync_posix *posix = record_posix(fl);
	struct pieces none = {};

	if (READ_ONCE(posix->task) == current) {
		atomic_dec(&posix->nr_records);
	} else {
		mutex_lock(&posix->mutex);
		atomic_dec(&posix->nr_records);
		sets_sync(posix, &none, task_dies());
		mutex_unlock(&posix->mutex);
	}
	dsync_locker_put(posix);
}

/* Has the locker locked the buffer before we were there? */
static bool has_strangers(struct dsync_posix *posix)
{
	struct file_lock_context *ctx;
	struct file_lock *fl;
	bool found = false;

	ctx = locks_inode_context(file_inode(posix->file));
	if (!ctx || list_empty_careful(&ctx->flc_posix))
		return false;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_posix, c.flc_list)
		found |= fl->c.flc_owner == posix->locker->key &&
			 !record_is_ours(fl, posix);
	spin_unlock(&ctx->flc_lock);
	return found;
}

/**
 * dsync_record_apply() - change the records, then the accesses
 * @posix: the locks of the locker on the buffer
 * @fl: the lock or unlock
 * @covered: what is locked was held already: no set was inserted for it
 *
 * Context: process context; @posix's mutex is held; may sleep.
 * Return: 0; -EAGAIN: a record that is not ours is in the way; -ENOLCK: such records are the
 * locker's own; -ENOMEM, or what else dsync_set_create() and posix_lock_file() return.
 */
int dsync_record_apply(struct dsync_posix *posix, struct file_lock *fl,
		       bool covered)
{
	bool lock = fl->c.flc_type != F_UNLCK;
	struct pieces pieces = {};
	int ret;

	lockdep_assert_held(&posix->mutex);
	if (lock && !atomic_read(&posix->nr_records) && has_strangers(posix))
		return -ENOLCK;
	ret = pieces_make(posix, &pieces, pieces_needed(posix, fl, covered));
	if (ret)
		return ret;

	if (lock)
		record_attach(fl, posix);
	WRITE_ONCE(posix->task, current);
	ret = posix_lock_file(posix->file, fl, NULL);
	if (lock)
		record_detach(fl, posix);
	if (!ret)
		sets_sync(posix, &pieces, closed_by_death(fl));
	WRITE_ONCE(posix->task, NULL);
	pieces_free(&pieces);
	return ret;
}

/**
 * dsync_record_forget() - make the records those of a plain file, with nothing held behind them
 * @posix: the locks of the locker on the buffer
 *
 * Context: process context; sleeps.
 */
void dsync_record_forget(struct dsync_posix *posix)
{
	struct file_lock_context *ctx;
	struct dsync_set *set, *next;
	unsigned int nr = 0;
	struct file_lock *fl;

	mutex_lock(&posix->mutex);
	if (atomic_read(&posix->nr_records)) {
		ctx = locks_inode_context(file_inode(posix->file));
		spin_lock(&ctx->flc_lock);
		list_for_each_entry(fl, &ctx->flc_posix, c.flc_list) {
			if (record_is_ours(fl, posix)) {
				fl->fl_ops = NULL;
				nr++;
			}
		}
		spin_unlock(&ctx->flc_lock);
	}
	list_for_each_entry_safe(set, next, &posix->sets, link) {
		list_del_init(&set->link);
		dsync_release(set);
		dsync_set_put(set);
	}
	mutex_unlock(&posix->mutex);
	for (; nr; nr--) {
		atomic_dec(&posix->nr_records);
		dsync_locker_put(posix);
	}
}
