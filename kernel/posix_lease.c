// SPDX-License-Identifier: GPL-2.0-only
/*
 * Record locks whose lease is over: a worker unlocks them, as the process would. The next call of
 * the process on the buffer, lock or unlock, says so.
 */
#include <linux/compiler.h>
#include <linux/dma-buf.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/refcount.h>

#include "buf.h"
#include "lease.h"
#include "owner.h"
#include "posix_held.h"
#include "posix_lease.h"
#include "posix_owner.h"
#include "posix_record.h"
#include "set.h"

/* False: the file is being closed. */
static bool lock_expire(struct dsync_set *set)
{
	struct dsync_posix *posix = dsync_posix_held_by(set);

	if (!get_file_active(&posix->key.file))
		return false;
	/* Something is held, so it is not dead. */
	refcount_inc(&posix->ref);
	return true;
}

static void note_revoked(struct dsync_posix *posix, const struct dsync_owner *owner)
{
	WRITE_ONCE(posix->revoked_ino, dsync_buf_ino(posix->key.file->private_data));
	/* Pairs with xchg() in dsync_posix_lease_tell(). */
	smp_store_release(&posix->revoked, owner->id);
}

/* What is held by one lock. The process is to be told before anybody else has the bytes. */
static int revoke_held(struct dsync_posix *posix, struct dsync_set *held)
{
	struct dsync_posix_range range = {
		held->accesses[0].start, held->accesses[0].last,
	};
	struct dsync_posix_spares spares = {};
	int ret;

	ret = dsync_posix_record_drop(posix, range);
	if (ret)
		return ret;
	note_revoked(posix, held->owner);
	dsync_posix_held_change(posix, range, NULL, &spares, DSYNC_END_REVOKED);
	return 0;
}

/*
 * By its bytes: other sets that have inherited the lease may hold them by now, because locks were
 * cut or merged. What is not recorded yet is not there.
 */
static void revoke_bytes(struct dsync_posix *posix, const struct dsync_access *access)
{
	struct dsync_set *held = dsync_posix_held_from(posix, access->start), *next;

	for (; held && held->accesses[0].start <= access->last; held = next) {
		next = dsync_posix_held_next(held);
		if (!dsync_lease_is_over(held->owner, READ_ONCE(held->wanted)))
			continue;
		if (revoke_held(posix, held))
			break;
	}
}

/* Unlock the bytes of a lock. */
static bool lock_revoke(struct dsync_set *set)
{
	struct dsync_posix *posix = dsync_posix_held_by(set);
	struct file *file = posix->key.file;
	bool over;

	mutex_lock(&posix->mutex);
	revoke_bytes(posix, &set->accesses[0]);
	over = set->state != DSYNC_READY;
	mutex_unlock(&posix->mutex);
	dsync_posix_owner_put(posix);
	fput(file);
	return over;
}

static const struct dsync_lease_ops lock_ops = {
	.expire = lock_expire,
	.revoke = lock_revoke,
};

/**
 * dsync_posix_lease_start() - record locks have leases
 */
void dsync_posix_lease_start(void)
{
	dsync_lease_register(DMABUF_SYNC_OWNER_FCNTL, &lock_ops);
}

/* Not of another process, or buffer, that was at the same address before. */
static bool is_concerned(struct dsync_posix *posix, u64 revoked)
{
	struct dsync_owner *owner;
	bool concerned;

	/* Whoever replaces the owner puts the old one, which is freed through RCU. */
	rcu_read_lock();
	owner = READ_ONCE(posix->owner->owner);
	concerned = owner->id == revoked && dsync_posix_owner_lives(owner->pid);
	rcu_read_unlock();
	return concerned &&
	       READ_ONCE(posix->revoked_ino) == dsync_buf_ino(posix->key.file->private_data);
}

/**
 * dsync_posix_lease_tell() - has a process lost locks that it was not told of
 * @posix: its locks on a buffer
 *
 * Context: process context.
 * Return: 0 or -EOWNERDEAD, once.
 */
int dsync_posix_lease_tell(struct dsync_posix *posix)
{
	u64 revoked;

	if (likely(!READ_ONCE(posix->revoked)))
		return 0;
	revoked = xchg(&posix->revoked, 0);
	return revoked && is_concerned(posix, revoked) ? -EOWNERDEAD : 0;
}
