// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks: what fcntl() locks of a dma-buf are, with the engine behind them.
 *
 * A lock is acquired as an access, with all that this means: order, deadlocks, fences, CPU
 * windows. Then it is recorded with the VFS, as the lock of a plain file is
 * (posix_record.c).
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/sched/signal.h>

#include "buf.h"
#include "owner.h"
#include "posix_held.h"
#include "posix_lease.h"
#include "posix_lock.h"
#include "posix_owner.h"
#include "posix_record.h"
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

/*
 * Without state there is nothing of ours to unlock, unless another thread locks for the first time
 * just now: it has state by the time it has a record.
 */
static int unlock_stateless(struct file *file, struct file_lock *fl)
{
	struct dsync_posix *posix;
	int ret;

	ret = posix_lock_file(file, fl, NULL);
	posix = dsync_posix_owner_find(fl->c.flc_owner, file);
	if (!posix)
		return ret;
	mutex_lock(&posix->mutex);
	dsync_posix_record_sync(posix, file);
	mutex_unlock(&posix->mutex);
	dsync_posix_owner_put(posix);
	return ret;
}

static int lock_unlock(struct file *file, struct file_lock *fl)
{
	struct dsync_posix *posix;
	int ret;

	posix = dsync_posix_owner_find(fl->c.flc_owner, file);
	if (!posix)
		return unlock_stateless(file, fl);
	mutex_lock(&posix->mutex);
	ret = dsync_posix_record_unlock(posix, fl);
	mutex_unlock(&posix->mutex);
	/* It is unlocked in any case. */
	if (!ret && !(fl->c.flc_flags & FL_CLOSE))
		ret = dsync_posix_lease_tell(posix);
	dsync_posix_owner_put(posix);
	return errno_of(ret, false);
}

/* Sleep for the access. */
static int request_sleeping(struct dsync_posix *posix, struct dsync_set *set)
{
	struct dsync_posix_sleeper sleeper = { .set = set };
	int ret;

	if (!dsync_posix_owner_sleep(posix->owner, &sleeper))
		return -ECANCELED;
	ret = dsync_request(set, NULL);
	dsync_posix_owner_awake(posix->owner, &sleeper);
	return ret;
}

/* The access is held: record it. FILE_LOCK_DEFERRED: a foreign record is in the way. */
static int lock_record(struct dsync_posix *posix, struct file_lock *fl,
		       struct dsync_set *set)
{
	int ret;

	mutex_lock(&posix->mutex);
	ret = dsync_posix_record_lock(posix, fl, set);
	mutex_unlock(&posix->mutex);
	return ret == -EAGAIN ? FILE_LOCK_DEFERRED : ret;
}

/* What the process has already needs no new access: a lock again, or a downgrade. */
static bool lock_covered(struct dsync_posix *posix, struct file_lock *fl, int *ret)
{
	bool covered;

	if (!dsync_posix_held_any(posix))
		return false;
	mutex_lock(&posix->mutex);
	covered = dsync_posix_record_covers(posix, fl);
	if (covered)
		*ret = dsync_posix_record_lock(posix, fl, NULL);
	mutex_unlock(&posix->mutex);
	return covered;
}

static int lock_once(struct dsync_posix *posix, struct file_lock *fl, bool wait)
{
	struct dsync_set *set;
	int ret;

	set = dsync_posix_held_set(posix, fl);
	if (IS_ERR(set))
		return PTR_ERR(set);
	ret = wait ? request_sleeping(posix, set) : dsync_request_nonblock(set);
	if (!ret) {
		ret = lock_record(posix, fl, set);
		if (!ret)
			return 0;
		WARN_ON_ONCE(dsync_release(set, DSYNC_END_UNDELIVERED));
	}
	dsync_posix_held_drop(posix, set);
	return ret;
}

/*
 * A foreign record is in the way: a lock that was taken before we were there, whose owner the
 * engine does not know. Sleep until it is gone.
 */
static int foreign_wait(struct dsync_posix *posix, struct file_lock *fl)
{
	struct dsync_posix_sleeper sleeper = { .fl = fl };
	int ret;

	if (!dsync_posix_owner_sleep(posix->owner, &sleeper))
		return -ECANCELED;
	fl->c.flc_flags |= FL_SLEEP | FL_ACCESS;
	ret = posix_lock_file(posix->key.file, fl, NULL);
	if (ret == FILE_LOCK_DEFERRED)
		ret = wait_event_interruptible(fl->c.flc_wait,
					       list_empty(&fl->c.flc_blocked_member) ||
					       dsync_posix_owner_aborting());
	locks_delete_block(fl);
	fl->c.flc_flags &= ~(FL_SLEEP | FL_ACCESS);
	dsync_posix_owner_awake(posix->owner, &sleeper);
	return ret ?: dsync_posix_owner_aborting() ? -ECANCELED : 0;
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
		ret = foreign_wait(posix, fl);
		if (ret)
			return ret;
	}
}

static int lock_set(struct file *file, struct file_lock *fl, bool wait)
{
	struct dsync_posix *posix;
	int ret;

	/* Of all who have the buffer, and it could not end while anything refers to that. */
	if (fl->c.flc_flags & FL_OFDLCK)
		return -EINVAL;
	if (sizeof(long) < sizeof(loff_t) && fl->fl_start > (loff_t)LONG_MAX)
		return -EOVERFLOW;
	posix = dsync_posix_owner_get(fl->c.flc_owner, file);
	if (!posix)
		return -ENOLCK;
	fl->c.flc_flags &= ~FL_SLEEP;
	ret = dsync_posix_lease_tell(posix);
	if (!ret)
		ret = errno_of(lock_loop(posix, fl, wait), wait);
	dsync_posix_owner_put(posix);
	return ret;
}

/* Holders of fcntl() locks that F_GETLK passes over: those on their way in or out. */
#define MAX_PASSED	64

/* The holder that is in the way and that the VFS knows nothing of: a context, or DMA. */
static struct dsync_access *holder_next(struct dsync_buf *buf,
					struct dsync_access *probe)
{
	struct dsync_ask ask = dsync_conflict_ask(probe, U64_MAX);
	struct dsync_access *access;
	unsigned int i = 0;

	for (access = dsync_conflict_first(&buf->held, &ask); access && i++ < MAX_PASSED;
	     access = dsync_conflict_next(&buf->held, &ask, access))
		if (access->set->owner->kind != DMABUF_SYNC_OWNER_FCNTL)
			return access;
	return NULL;
}

/* DMA has no owning process. A context can outlive the one that opened it. */
static pid_t holder_process(const struct dsync_owner *owner)
{
	if (owner->kind != DMABUF_SYNC_OWNER_CONTEXT || !dsync_posix_owner_lives(owner->pid))
		return -1;
	return owner->tgid;
}

static bool holder_find(struct dsync_buf *buf, struct file_lock *fl,
			struct dsync_owner *asker)
{
	struct dsync_set set = { .owner = asker };
	struct dsync_access probe = {
		.start = min_t(u64, fl->fl_start, DSYNC_LAST_BYTE),
		.last = min_t(u64, fl->fl_end, DSYNC_LAST_BYTE),
		.mode = dsync_posix_held_mode(fl->c.flc_type),
		.set = &set,
	};
	struct dsync_access *access;
	unsigned long flags;

	dsync_buf_lock(buf, &flags);
	access = holder_next(buf, &probe);
	if (access) {
		fl->c.flc_type = dsync_access_writes(access) ? F_WRLCK : F_RDLCK;
		fl->c.flc_pid = holder_process(access->set->owner);
		fl->fl_start = access->start;
		fl->fl_end = access->last;
	}
	dsync_buf_unlock(buf, flags);
	return access;
}

static bool holders_ask(struct file *file, struct file_lock *fl)
{
	struct dsync_buf *buf = dsync_buf_find(file->private_data);
	struct dsync_posix *posix;
	bool found;

	if (!buf)
		return false;
	posix = dsync_posix_owner_find(fl->c.flc_owner, file);
	/* Another task may rename an owner that has nothing. */
	found = holder_find(buf, fl, posix ? READ_ONCE(posix->owner->owner) : NULL);
	if (posix)
		dsync_posix_owner_put(posix);
	dsync_buf_put(buf);
	return found;
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
 * The VFS answers for processes. A context is named by its process if that still lives; DMA and
 * all others have the process number -1.
 */
static int lock_get(struct file *file, struct file_lock *fl)
{
	int type = fl->c.flc_type;

	posix_test_lock(file, fl);
	if (fl->c.flc_type != F_UNLCK || type == F_UNLCK)
		return 0;
	fl->c.flc_type = type;
	if (holders_ask(file, fl))
		return 0;
	fl->c.flc_type = F_UNLCK;
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
 * Return: 0; -EAGAIN, -EDEADLK, -ERESTARTSYS or -ERESTARTNOINTR; -EINVAL for a lock of the open
 * file (F_OFD_SETLK); -ENOLCK without memory, at the owner's limit or when unloading; -EOWNERDEAD,
 * once, if locks on the buffer were revoked since the last call: nothing is locked, but an unlock
 * is done; or what an exporter's begin_cpu_access returned. Else an unlock fails without memory
 * only.
 */
int dsync_posix_lock(struct file *file, int cmd, struct file_lock *fl)
{
	if (cmd == F_GETLK)
		return lock_get(file, fl);
	if (fl->c.flc_type == F_UNLCK)
		return lock_unlock(file, fl);
	return lock_set(file, fl, cmd == F_SETLKW);
}

/**
 * dsync_posix_lock_start() - be ready for locks
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_posix_lock_start(void)
{
	dsync_posix_lease_start();
	return dsync_posix_owner_start();
}

/**
 * dsync_posix_lock_stop() - give all locks back to the VFS
 *
 * Nobody is in dsync_posix_lock() any more, nor will be. Records stay, without us; the accesses
 * behind them are released.
 *
 * Context: process context; sleeps.
 */
void dsync_posix_lock_stop(void)
{
	dsync_posix_owner_stop(dsync_posix_record_forget);
	/*
	 * Whoever dropped the last record may still be in its callback, and whoever left
	 * dsync_posix_lock() on the last instructions on the way out.
	 */
	synchronize_rcu_tasks();
}
