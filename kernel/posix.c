// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks: what fcntl() locks of a dma-buf are, with the engine behind them.
 *
 * A lock is acquired as an access, with all that this means: order, deadlocks, fences, CPU
 * windows. Then it is recorded with the VFS, as the lock of a plain file is. The
 * VFS knows how record locks are split, merged, upgraded and given up, when a
 * descriptor is closed and when a process ends, and shows them; what it makes of its records
 * is then done to the accesses, until both are cut the same way (posix_sync()).
 *
 *	lock	access -> record -> sync		at any time the accesses cover
 *	unlock	record -> sync				at least what is recorded
 *	close	VFS drops records -> sync
 *
 * So the VFS never finds a conflict among our records. Each of them refers to its struct
 * dsync_posix, and fl_release_private tells us when the VFS drops it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/sched/signal.h>

#include "buf.h"
#include "owner.h"
#include "posix.h"
#include "release.h"
#include "replace.h"
#include "request.h"

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

static void posix_copy(struct file_lock *to, struct file_lock *from);
static void posix_release(struct file_lock *fl);

static const struct file_lock_operations posix_ops = {
	.fl_copy_lock		= posix_copy,
	.fl_release_private	= posix_release,
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
	fl->fl_ops = &posix_ops;
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
	return fl->fl_ops == &posix_ops && record_posix(fl) == posix;
}

static u32 mode_of(int type)
{
	return type == F_WRLCK ? DMA_BUF_ACCESS_RW : DMA_BUF_ACCESS_R;
}

static struct dsync_access *only(struct dsync_set *set)
{
	return &set->accesses[0];
}

static bool set_matches(struct dsync_set *set, struct file_lock *fl)
{
	return only(set)->it.start == min_t(u64, fl->fl_start, ULONG_MAX) &&
	       only(set)->it.last == min_t(u64, fl->fl_end, ULONG_MAX) &&
	       only(set)->mode == mode_of(fl->c.flc_type);
}

static struct dsync_set *set_create(struct dsync_posix *posix, u32 mode,
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
		set = set_create(posix, DMA_BUF_ACCESS_R, 0, 0);
		if (IS_ERR(set)) {
			pieces_free(pieces);
			return PTR_ERR(set);
		}
		pieces->sets[pieces->nr++] = set;
	}
	return 0;
}

/* Does a held set reach over an edge of the range, so that it will be cut or merged? */
static bool posix_sticks_out(struct dsync_posix *posix, struct file_lock *fl)
{
	unsigned long before = fl->fl_start ? fl->fl_start - 1 : 0;
	unsigned long after = min_t(u64, (u64)fl->fl_end + 1, ULONG_MAX);
	struct dsync_access *access;
	struct dsync_set *set;

	list_for_each_entry(set, &posix->sets, link) {
		access = only(set);
		if (access->it.start > after)
			break;
		if (access->it.last >= before &&
		    (access->it.start < fl->fl_start ||
		     access->it.last > fl->fl_end))
			return true;
	}
	return false;
}

/* Is there a set that is the lock, exactly? */
static bool posix_has(struct dsync_posix *posix, struct file_lock *fl)
{
	struct dsync_set *set;

	list_for_each_entry(set, &posix->sets, link)
		if (set_matches(set, fl))
			return true;
	return false;
}

/* Does the locker hold all bytes of the range already, in a mode as strong? */
static bool posix_covers(struct dsync_posix *posix, struct file_lock *fl)
{
	u32 mode = mode_of(fl->c.flc_type);
	struct dsync_access *access;
	u64 next = fl->fl_start;
	struct dsync_set *set;

	list_for_each_entry(set, &posix->sets, link) {
		access = only(set);
		if (access->it.last < next)
			continue;
		if (access->it.start > next || mode & ~access->mode)
			return false;
		if (access->it.last >= min_t(u64, fl->fl_end, ULONG_MAX))
			return true;
		next = (u64)access->it.last + 1;
	}
	return false;
}

static void sets_insert(struct list_head *sets, struct dsync_set *new)
{
	struct dsync_set *set;

	list_for_each_entry(set, sets, link)
		if (only(set)->it.start > only(new)->it.start)
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
		if (only(set)->it.start > start)
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
		dsync_set_aim(piece, mode_of(fl->c.flc_type), fl->fl_start,
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
static void posix_sync(struct dsync_posix *posix, struct pieces *pieces,
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
		sets_insert(&posix->sets, set);
	}
}

/* Called with the lock of the inode's records. */
static void posix_copy(struct file_lock *to, struct file_lock *from)
{
	record_attach(to, record_posix(from));
}

/*
 * A record is gone. Whoever changes the records itself syncs afterwards; else somebody closes the
 * file, or unlocks after the hook is gone.
 */
static void posix_release(struct file_lock *fl)
{
	struct dsync_posix *posix = record_posix(fl);
	struct pieces none = {};

	if (READ_ONCE(posix->task) == current) {
		atomic_dec(&posix->nr_records);
	} else {
		mutex_lock(&posix->mutex);
		atomic_dec(&posix->nr_records);
		posix_sync(posix, &none, task_dies());
		mutex_unlock(&posix->mutex);
	}
	dsync_locker_put(posix);
}

/* Has the locker locked the buffer before we were there? */
static bool posix_has_strangers(struct dsync_posix *posix)
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

/* Change the records, then the accesses. @nr_pieces is what cutting may take. */
static int posix_apply(struct dsync_posix *posix, struct file_lock *fl,
		       unsigned int nr_pieces)
{
	bool lock = fl->c.flc_type != F_UNLCK;
	struct pieces pieces = {};
	int ret;

	lockdep_assert_held(&posix->mutex);
	if (lock && !atomic_read(&posix->nr_records) && posix_has_strangers(posix))
		return -ENOLCK;
	ret = pieces_make(posix, &pieces, nr_pieces);
	if (ret)
		return ret;

	if (lock)
		record_attach(fl, posix);
	WRITE_ONCE(posix->task, current);
	ret = posix_lock_file(posix->file, fl, NULL);
	if (lock)
		record_detach(fl, posix);
	if (!ret)
		posix_sync(posix, &pieces, closed_by_death(fl));
	WRITE_ONCE(posix->task, NULL);
	pieces_free(&pieces);
	return ret;
}

/* What callers of fcntl() expect, from what the engine returns. */
static int errno_of(int ret, bool wait)
{
	switch (ret) {
	case -ENOMEM:
	case -ECANCELED:
		return -ENOLCK;
	case -ERESTARTSYS:
		/* A signal came while the resv was locked: no reason for EINTR. */
		return wait ? ret : -ERESTARTNOINTR;
	default:
		return ret;
	}
}

static int posix_unlock(struct file *file, struct file_lock *fl)
{
	struct dsync_posix *posix;
	int ret;

	posix = dsync_locker_find(fl->c.flc_owner, file);
	if (!posix)
		return posix_lock_file(file, fl, NULL);
	mutex_lock(&posix->mutex);
	ret = posix_apply(posix, fl, posix_sticks_out(posix, fl) ? 2 : 0);
	mutex_unlock(&posix->mutex);
	dsync_locker_put(posix);
	return errno_of(ret, false);
}

/* Sleep for the access. */
static int request_sleeping(struct dsync_posix *posix, struct dsync_set *set)
{
	struct dsync_sleeper sleeper = { .set = set };
	int ret;

	if (!dsync_locker_sleep(posix->locker, &sleeper))
		return -ECANCELED;
	ret = dsync_request(set, NULL);
	dsync_locker_awake(posix->locker, &sleeper);
	return ret;
}

/* The access is held: record it. FILE_LOCK_DEFERRED: a record that is not ours is in the way. */
static int lock_record(struct dsync_posix *posix, struct file_lock *fl,
		       struct dsync_set *set)
{
	int ret;

	mutex_lock(&posix->mutex);
	sets_insert(&posix->sets, set);
	ret = posix_apply(posix, fl, posix_sticks_out(posix, fl) ? 2 : 0);
	if (ret)
		list_del_init(&set->link);
	mutex_unlock(&posix->mutex);
	return ret == -EAGAIN ? FILE_LOCK_DEFERRED : ret;
}

/* What the locker has already needs no new access: a lock again, or a downgrade. */
static bool lock_covered(struct dsync_posix *posix, struct file_lock *fl, int *ret)
{
	bool covered;

	mutex_lock(&posix->mutex);
	covered = posix_covers(posix, fl);
	if (covered)
		*ret = posix_apply(posix, fl, posix_has(posix, fl) ? 0 : MAX_PIECES);
	mutex_unlock(&posix->mutex);
	return covered;
}

static int lock_once(struct dsync_posix *posix, struct file_lock *fl, bool wait)
{
	struct dsync_set *set;
	int ret;

	set = set_create(posix, mode_of(fl->c.flc_type), fl->fl_start, fl->fl_end);
	if (IS_ERR(set))
		return PTR_ERR(set);
	ret = wait ? request_sleeping(posix, set) : dsync_request_nonblock(set);
	if (!ret) {
		ret = lock_record(posix, fl, set);
		if (!ret)
			return 0;
		dsync_release_untold(set);
	}
	dsync_set_put(set);
	return ret;
}

/*
 * A record that is not ours is in the way: a lock that was taken before we were there, whose
 * owner the engine does not know. Sleep until it is gone.
 */
static int strangers_wait(struct dsync_posix *posix, struct file_lock *fl)
{
	struct dsync_sleeper sleeper = { .fl = fl };
	int ret;

	if (!dsync_locker_sleep(posix->locker, &sleeper))
		return -ECANCELED;
	fl->c.flc_flags |= FL_SLEEP | FL_ACCESS;
	ret = posix_lock_file(posix->file, fl, NULL);
	if (ret == FILE_LOCK_DEFERRED)
		ret = wait_event_interruptible(fl->c.flc_wait,
					       list_empty(&fl->c.flc_blocked_member) ||
					       dsync_locker_aborting());
	locks_delete_block(fl);
	fl->c.flc_flags &= ~(FL_SLEEP | FL_ACCESS);
	dsync_locker_awake(posix->locker, &sleeper);
	return ret ?: dsync_locker_aborting() ? -ECANCELED : 0;
}

static int lock_loop(struct dsync_posix *posix, struct file_lock *fl, bool wait)
{
	int ret;

	if (lock_covered(posix, fl, &ret))
		return ret;
	for (;;) {
		ret = lock_once(posix, fl, wait);
		if (ret != FILE_LOCK_DEFERRED)
			return ret;
		if (!wait)
			return -EAGAIN;
		ret = strangers_wait(posix, fl);
		if (ret)
			return ret;
	}
}

static int posix_setlk(struct file *file, struct file_lock *fl, bool wait)
{
	struct dsync_posix *posix;
	int ret;

	if (sizeof(long) < sizeof(loff_t) && fl->fl_start > (loff_t)LONG_MAX)
		return -EOVERFLOW;
	posix = dsync_locker_get(fl->c.flc_owner, file);
	if (!posix)
		return -ENOLCK;
	fl->c.flc_flags &= ~FL_SLEEP;
	ret = errno_of(lock_loop(posix, fl, wait), wait);
	dsync_locker_put(posix);
	return ret;
}

/* The holder that is in the way and that the VFS knows nothing of: a context, or DMA. */
static bool holder_find(struct file *file, struct file_lock *fl, int type)
{
	struct dsync_access probe = {
		.it.start = min_t(u64, fl->fl_start, ULONG_MAX),
		.it.last = min_t(u64, fl->fl_end, ULONG_MAX),
		.mode = mode_of(type),
	};
	struct dsync_access *access = NULL;
	struct dsync_set asker = {};
	struct dsync_buf *buf;
	unsigned long flags;
	u32 kind;

	buf = dsync_buf_find(file->private_data);
	if (!buf)
		return false;
	probe.set = &asker;
	spin_lock_irqsave(&buf->lock, flags);
	do {
		access = dsync_buf_holder(buf, &probe, access);
		kind = access ? access->set->owner->kind : 0;
	} while (kind == DMABUF_SYNC_OWNER_FCNTL);
	if (access) {
		fl->c.flc_type = dsync_access_writes(access) ? F_WRLCK : F_RDLCK;
		fl->c.flc_pid = kind == DMABUF_SYNC_OWNER_CONTEXT ?
				access->set->owner->tgid : -1;
		fl->fl_start = access->it.start;
		fl->fl_end = access->it.last;
	}
	spin_unlock_irqrestore(&buf->lock, flags);
	dsync_buf_put(buf);
	return access;
}

/* Is a fence in the resv that is none of our jobs'? */
static bool fences_busy(struct dma_buf *dmabuf, enum dma_resv_usage usage)
{
	struct dsync_buf *buf = dsync_buf_find(dmabuf);
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	bool busy = false;

	dma_resv_iter_begin(&cursor, dmabuf->resv, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dma_resv_iter_is_restarted(&cursor))
			busy = false;
		busy |= !(buf && dsync_buf_has_job(buf, fence)) &&
			!dma_fence_is_signaled(fence);
	}
	dma_resv_iter_end(&cursor);
	if (buf)
		dsync_buf_put(buf);
	return busy;
}

/* The DMA of stock drivers has no range: it is in the whole buffer. */
static void fences_find(struct file *file, struct file_lock *fl, int type)
{
	struct dma_buf *dmabuf = file->private_data;

	if (fences_busy(dmabuf, DMA_RESV_USAGE_WRITE))
		fl->c.flc_type = F_WRLCK;
	else if (type == F_WRLCK && fences_busy(dmabuf, DMA_RESV_USAGE_READ))
		fl->c.flc_type = F_RDLCK;
	else
		return;
	fl->c.flc_pid = -1;
	fl->fl_start = 0;
	fl->fl_end = OFFSET_MAX;
}

/*
 * The VFS answers for processes. A context is named by its process, DMA has the process
 * number -1, as the holder of an F_OFD_SETLK lock has.
 */
static int posix_getlk(struct file *file, struct file_lock *fl)
{
	int type = fl->c.flc_type;

	posix_test_lock(file, fl);
	if (fl->c.flc_type != F_UNLCK || type == F_UNLCK)
		return 0;
	if (!holder_find(file, fl, type))
		fences_find(file, fl, type);
	return 0;
}

/**
 * dsync_posix_lock() - the lock operation of a dma-buf's file
 * @file: the file
 * @cmd: F_SETLK, F_SETLKW or F_GETLK
 * @fl: the lock, checked; with F_GETLK the answer, too
 *
 * Context: process context; with F_SETLKW sleeps, interruptibly.
 * Return: 0; -EAGAIN, -EDEADLK, -ERESTARTSYS or -ERESTARTNOINTR; -ENOLCK without memory, at
 * the owner's limit, when unloading, or when the owner locked the buffer before the module
 * was loaded and has not unlocked it; or what an exporter's begin_cpu_access returned.
 */
int dsync_posix_lock(struct file *file, int cmd, struct file_lock *fl)
{
	if (cmd == F_GETLK)
		return posix_getlk(file, fl);
	if (fl->c.flc_type == F_UNLCK)
		return posix_unlock(file, fl);
	return posix_setlk(file, fl, cmd == F_SETLKW);
}

/**
 * dsync_posix_start() - be ready for locks
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_posix_start(void)
{
	return dsync_locker_start();
}

/* From now on the records are those of a plain file, and nothing is held by the engine. */
static void posix_forget(struct dsync_posix *posix)
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

/**
 * dsync_posix_stop() - give all locks back to the VFS
 *
 * Nobody is in dsync_posix_lock() any more, nor will be. Records stay, without us; the accesses
 * behind them are released.
 *
 * Context: process context; sleeps.
 */
void dsync_posix_stop(void)
{
	dsync_locker_drain(posix_forget);
	/*
	 * Who dropped the last reference may still be in posix_release(), and who left
	 * dsync_posix_lock() on the last instructions on the way out.
	 */
	synchronize_rcu_tasks();
	dsync_locker_stop();
}
