// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lockers, and their record locks by buffer: two tables of a fixed number of buckets. An entry
 * is there while it is used: a locker while it has or asks for a lock, its locks on
 * a buffer while the VFS has a record of them.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "owner.h"
#include "posix.h"
#include "set.h"

#define LOCKER_BUCKETS	256

struct locker_bucket {
	/* Protects the list and the references of its members. */
	spinlock_t lock;
	struct hlist_head head;
};

static struct locker_bucket *lockers, *files;
static bool aborting;
static atomic_t nr_files = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(drain_wait);

static struct locker_bucket *locker_bucket(fl_owner_t key)
{
	return &lockers[hash_ptr(key, ilog2(LOCKER_BUCKETS))];
}

static struct locker_bucket *file_bucket(fl_owner_t key, struct file *file)
{
	return &files[hash_64((u64)(unsigned long)key ^
			      hash_ptr(file, BITS_PER_LONG),
			      ilog2(LOCKER_BUCKETS))];
}

static struct locker_bucket *buckets_alloc(void)
{
	struct locker_bucket *buckets;
	unsigned int i;

	buckets = kvcalloc(LOCKER_BUCKETS, sizeof(*buckets), GFP_KERNEL);
	for (i = 0; buckets && i < LOCKER_BUCKETS; i++) {
		spin_lock_init(&buckets[i].lock);
		INIT_HLIST_HEAD(&buckets[i].head);
	}
	return buckets;
}

/**
 * dsync_locker_start() - make the tables
 *
 * Return: 0 or -ENOMEM.
 */
int dsync_locker_start(void)
{
	lockers = buckets_alloc();
	files = buckets_alloc();
	if (lockers && files)
		return 0;
	dsync_locker_stop();
	return -ENOMEM;
}

/**
 * dsync_locker_stop() - free the tables, which are empty by now
 */
void dsync_locker_stop(void)
{
	kvfree(files);
	kvfree(lockers);
}

static struct dsync_locker *locker_find(struct locker_bucket *bucket,
					fl_owner_t key)
{
	struct dsync_locker *locker;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(locker, &bucket->head, node) {
		if (locker->key == key) {
			locker->ref++;
			return locker;
		}
	}
	return NULL;
}

static void locker_free(struct dsync_locker *locker)
{
	if (locker->owner)
		dsync_owner_put(locker->owner);
	kfree(locker);
}

static struct dsync_locker *locker_alloc(fl_owner_t key)
{
	struct dsync_locker *locker;

	locker = kzalloc(sizeof(*locker), GFP_KERNEL_ACCOUNT);
	if (!locker)
		return NULL;
	locker->key = key;
	locker->ref = 1;
	spin_lock_init(&locker->lock);
	INIT_LIST_HEAD(&locker->requests);
	locker->owner = dsync_owner_create(DMABUF_SYNC_OWNER_FCNTL, NULL);
	if (!locker->owner) {
		locker_free(locker);
		return NULL;
	}
	return locker;
}

static struct dsync_locker *locker_get(fl_owner_t key)
{
	struct locker_bucket *bucket = locker_bucket(key);
	struct dsync_locker *locker, *other;

	spin_lock(&bucket->lock);
	locker = locker_find(bucket, key);
	spin_unlock(&bucket->lock);
	if (locker)
		return locker;

	locker = locker_alloc(key);
	if (!locker)
		return NULL;
	spin_lock(&bucket->lock);
	other = locker_find(bucket, key);
	if (!other)
		hlist_add_head(&locker->node, &bucket->head);
	spin_unlock(&bucket->lock);
	if (!other)
		return locker;
	locker_free(locker);
	return other;
}

static void locker_put(struct dsync_locker *locker)
{
	struct locker_bucket *bucket = locker_bucket(locker->key);
	bool last;

	spin_lock(&bucket->lock);
	last = !--locker->ref;
	if (last)
		hlist_del(&locker->node);
	spin_unlock(&bucket->lock);
	if (last)
		locker_free(locker);
}

/**
 * dsync_locker_is() - is an owner that of a locker
 * @key: what the VFS calls the locker
 * @owner: an owner
 *
 * Context: any but hard interrupt.
 * Return: true if so.
 */
bool dsync_locker_is(fl_owner_t key, const struct dsync_owner *owner)
{
	struct locker_bucket *bucket = locker_bucket(key);
	struct dsync_locker *locker;
	bool is = false;

	spin_lock(&bucket->lock);
	hlist_for_each_entry(locker, &bucket->head, node)
		is |= locker->key == key && locker->owner == owner;
	spin_unlock(&bucket->lock);
	return is;
}

static struct dsync_posix *file_find(struct locker_bucket *bucket,
				     fl_owner_t key, struct file *file)
{
	struct dsync_posix *posix;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(posix, &bucket->head, node) {
		if (posix->locker->key == key && posix->file == file) {
			posix->ref++;
			return posix;
		}
	}
	return NULL;
}

/**
 * dsync_locker_find() - the locks that a locker has on a buffer
 * @key: what the VFS calls the locker
 * @file: the dma-buf's file, which the caller has a reference on
 *
 * Context: process context.
 * Return: the locks with a reference for the caller, or NULL.
 */
struct dsync_posix *dsync_locker_find(fl_owner_t key, struct file *file)
{
	struct locker_bucket *bucket = file_bucket(key, file);
	struct dsync_posix *posix;

	spin_lock(&bucket->lock);
	posix = file_find(bucket, key, file);
	spin_unlock(&bucket->lock);
	return posix;
}

static void file_free(struct dsync_posix *posix)
{
	WARN_ON_ONCE(!list_empty(&posix->sets));
	locker_put(posix->locker);
	kfree(posix);
}

static struct dsync_posix *file_alloc(fl_owner_t key, struct file *file)
{
	struct dsync_posix *posix;

	posix = kzalloc(sizeof(*posix), GFP_KERNEL_ACCOUNT);
	if (!posix)
		return NULL;
	posix->locker = locker_get(key);
	if (!posix->locker) {
		kfree(posix);
		return NULL;
	}
	posix->file = file;
	posix->ref = 1;
	mutex_init(&posix->mutex);
	INIT_LIST_HEAD(&posix->sets);
	return posix;
}

/**
 * dsync_locker_get() - the locks that a locker has on a buffer, made if need be
 * @key: what the VFS calls the locker
 * @file: the dma-buf's file, which the caller has a reference on
 *
 * Context: process context; may sleep.
 * Return: the locks with a reference for the caller, or NULL without memory.
 */
struct dsync_posix *dsync_locker_get(fl_owner_t key, struct file *file)
{
	struct locker_bucket *bucket = file_bucket(key, file);
	struct dsync_posix *posix, *other;

	posix = dsync_locker_find(key, file);
	if (posix)
		return posix;
	posix = file_alloc(key, file);
	if (!posix)
		return NULL;

	spin_lock(&bucket->lock);
	other = file_find(bucket, key, file);
	if (!other) {
		hlist_add_head(&posix->node, &bucket->head);
		atomic_inc(&nr_files);
	}
	spin_unlock(&bucket->lock);
	if (!other)
		return posix;
	file_free(posix);
	return other;
}

/**
 * dsync_locker_ref() - take one more reference
 * @posix: the locks
 *
 * Context: any but hard interrupt.
 */
void dsync_locker_ref(struct dsync_posix *posix)
{
	struct locker_bucket *bucket = file_bucket(posix->locker->key, posix->file);

	spin_lock(&bucket->lock);
	posix->ref++;
	spin_unlock(&bucket->lock);
}

/**
 * dsync_locker_put() - drop a reference
 * @posix: the locks; they go with the last one
 *
 * Context: process context.
 */
void dsync_locker_put(struct dsync_posix *posix)
{
	struct locker_bucket *bucket = file_bucket(posix->locker->key, posix->file);
	bool last;

	spin_lock(&bucket->lock);
	last = !--posix->ref;
	if (last)
		hlist_del(&posix->node);
	spin_unlock(&bucket->lock);
	if (!last)
		return;
	file_free(posix);
	if (atomic_dec_and_test(&nr_files))
		wake_up(&drain_wait);
}

/**
 * dsync_locker_sleep() - the task is going to sleep for a lock
 * @locker: who locks
 * @sleeper: what for
 *
 * Return: false if nobody may sleep any more; else dsync_locker_awake() must follow.
 */
bool dsync_locker_sleep(struct dsync_locker *locker, struct dsync_sleeper *sleeper)
{
	bool may;

	spin_lock(&locker->lock);
	may = !READ_ONCE(aborting);
	if (may)
		list_add_tail(&sleeper->link, &locker->requests);
	spin_unlock(&locker->lock);
	return may;
}

/**
 * dsync_locker_awake() - the task does not sleep any more
 * @locker: who locks
 * @sleeper: of dsync_locker_sleep()
 */
void dsync_locker_awake(struct dsync_locker *locker, struct dsync_sleeper *sleeper)
{
	spin_lock(&locker->lock);
	list_del(&sleeper->link);
	spin_unlock(&locker->lock);
}

/**
 * dsync_locker_aborting() - must those who sleep give up
 *
 * Return: true after dsync_locker_abort().
 */
bool dsync_locker_aborting(void)
{
	return READ_ONCE(aborting);
}

static void locker_abort(struct dsync_locker *locker)
{
	struct dsync_sleeper *sleeper;

	spin_lock(&locker->lock);
	list_for_each_entry(sleeper, &locker->requests, link) {
		if (sleeper->set)
			dsync_set_abort(sleeper->set);
		else
			wake_up(&sleeper->fl->c.flc_wait);
	}
	spin_unlock(&locker->lock);
}

/**
 * dsync_locker_abort() - make all who sleep for a lock give up, now and from now on
 *
 * Context: process context.
 */
void dsync_locker_abort(void)
{
	struct dsync_locker *locker;
	unsigned int i;

	/* Seen by whoever takes a locker's lock after locker_abort() did. */
	WRITE_ONCE(aborting, true);
	for (i = 0; i < LOCKER_BUCKETS; i++) {
		spin_lock(&lockers[i].lock);
		hlist_for_each_entry(locker, &lockers[i].head, node)
			locker_abort(locker);
		spin_unlock(&lockers[i].lock);
	}
}

static struct dsync_posix *bucket_first(struct locker_bucket *bucket)
{
	struct dsync_posix *posix;

	spin_lock(&bucket->lock);
	posix = hlist_entry_safe(bucket->head.first, struct dsync_posix, node);
	if (posix)
		posix->ref++;
	spin_unlock(&bucket->lock);
	return posix;
}

/**
 * dsync_locker_drain() - empty the tables
 * @fn: called for locks that are there, perhaps more than once; it makes the VFS forget them
 *
 * Context: process context; sleeps until those who are giving up locks are done.
 */
void dsync_locker_drain(void (*fn)(struct dsync_posix *posix))
{
	struct dsync_posix *posix;
	unsigned int i;

	for (i = 0; i < LOCKER_BUCKETS; i++) {
		while ((posix = bucket_first(&files[i]))) {
			fn(posix);
			dsync_locker_put(posix);
			cond_resched();
		}
	}
	wait_event(drain_wait, !atomic_read(&nr_files));
}
