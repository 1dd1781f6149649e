// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks: what fcntl() locks of a dma-buf are, with the engine behind them.
 *
 * A lock is acquired as an access, with all that this means: order, deadlocks, fences, CPU
 * windows. Then it is recorded with the VFS, as the lock of a plain file is; record.c cuts the
 * accesses as the VFS cuts its records.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/limits.h>

#include "buf.h"
#include "owner.h"
#include "posix.h"
#include "record.h"
#include "release.h"
#include "request.h"

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
	ret = dsync_record_apply(posix, fl, false);
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
	dsync_record_insert(posix, set);
	ret = dsync_record_apply(posix, fl, false);
	if (ret)
		list_del_init(&set->link);
	mutex_unlock(&posix->mutex);
	return ret == -EAGAIN ? FILE_LOCK_DEFERRED : ret;
}

/* Does the locker hold all bytes of the range already, in a mode as strong? */
static bool posix_covers(struct dsync_posix *posix, struct file_lock *fl)
{
	u32 mode = dsync_record_mode(fl->c.flc_type);
	struct dsync_access *access;
	u64 next = fl->fl_start;
	struct dsync_set *set;

	list_for_each_entry(set, &posix->sets, link) {
		access = set->accesses;
		if (access->last < next)
			continue;
		if (access->start > next || mode & ~access->mode)
			return false;
		if (access->last >= min_t(u64, fl->fl_end, ULONG_MAX))
			return true;
		next = (u64)access->last + 1;
	}
	return false;
}

/* What the locker has already needs no new access: a lock again, or a downgrade. */
static bool lock_covered(struct dsync_posix *posix, struct file_lock *fl, int *ret)
{
	bool covered;

	mutex_lock(&posix->mutex);
	covered = posix_covers(posix, fl);
	if (covered)
		*ret = dsync_record_apply(posix, fl, true);
	mutex_unlock(&posix->mutex);
	return covered;
}

static int lock_once(struct dsync_posix *posix, struct file_lock *fl, bool wait)
{
	struct dsync_set *set;
	int ret;

	set = dsync_record_set(posix, dsync_record_mode(fl->c.flc_type),
			       fl->fl_start, fl->fl_end);
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
		.start = min_t(u64, fl->fl_start, ULONG_MAX),
		.last = min_t(u64, fl->fl_end, ULONG_MAX),
		.mode = dsync_record_mode(type),
	};
	struct dsync_set asker = {};
	struct dsync_access *access;
	struct dsync_ask ask;
	struct dsync_buf *buf;
	unsigned long flags;
	u32 kind = 0;

	buf = dsync_buf_find(file->private_data);
	if (!buf)
		return false;
	probe.set = &asker;
	ask = dsync_conflict_ask(&probe, U64_MAX);
	dsync_buf_lock(buf, &flags);
	for (access = dsync_conflict_first(&buf->held, &ask); access;
	     access = dsync_conflict_next(&buf->held, &ask, access)) {
		kind = access->set->owner->kind;
		if (kind != DMABUF_SYNC_OWNER_FCNTL)
			break;
	}
	if (access) {
		fl->c.flc_type = dsync_access_writes(access) ? F_WRLCK : F_RDLCK;
		fl->c.flc_pid = kind == DMABUF_SYNC_OWNER_CONTEXT ?
				access->set->owner->tgid : -1;
		fl->fl_start = access->start;
		fl->fl_end = access->last;
	}
	dsync_buf_unlock(buf, flags);
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
	dsync_locker_drain(dsync_record_forget);
	/*
	 * Who dropped the last reference may still be in record_release(), and who left
	 * dsync_posix_lock() on the last instructions on the way out.
	 */
	synchronize_rcu_tasks();
	dsync_locker_stop();
}
